// Written by scripts/generate_events.py from CallbackTypes.contract; to change it, change that.

/// The four kinds of callback (R10, R22, R25, R26).
package enum CallbackKind: String, ContractPart, CaseIterable {
    case serviceFirst = "service-first"
    case serviceSecond = "service-second"
    case caseClosed = "case-closed"
    case customerEvent = "customer-event"
}

/// What a callback is about: a service, the closing of a case, or a customer event. The members of one of them are set.
package struct CallbackSubject: ContractPart {
    package var serviceId: String?
    package var caseId: String?
    package var complaintId: String?
    package var closing: Int?
    package var eventId: String?

    package init(
        serviceId: String? = nil, caseId: String? = nil, complaintId: String? = nil, closing: Int? = nil,
        eventId: String? = nil
    ) {
        self.serviceId = serviceId
        self.caseId = caseId
        self.complaintId = complaintId
        self.closing = closing
        self.eventId = eventId
    }

    package static let shape = Shape.object([
        .optional("serviceId", .id),
        .optional("caseId", .id),
        .optional("complaintId", .id),
        .optional("closing", .integer(min: 1, max: Shape.integerLimit)),
        .optional("eventId", .id),
    ])

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        serviceId = try members.optional("serviceId", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
        closing = try members.optional("closing", in: tape)
        eventId = try members.optional("eventId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("serviceId", serviceId)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("closing", closing)
        writer.member("eventId", eventId)
        writer.end()
    }
}

/// What a customer expected and what he got, by one criterion, each from 1 to 7.
package struct SurveyAnswer: ContractPart {
    /// `responsiveness`, `assurance` and `empathy` are of the contract's first edition, `skill`, `attitude` and
    /// `accessibility` of its second.
    package enum Criterion: String, ContractPart, CaseIterable {
        case reliability, responsiveness, assurance, empathy, recovery, reputation, skill, attitude, accessibility
    }

    /// What was asked about.
    package var criterion: Criterion
    /// What he had expected, from 1 to 7.
    package var expected: Int
    /// What he found, from 1 to 7.
    package var perceived: Int

    package init(
        criterion: Criterion, expected: Int, perceived: Int
    ) {
        self.criterion = criterion
        self.expected = expected
        self.perceived = perceived
    }

    package static let shape = Shape.object([
        .required("criterion", .names(Criterion.self), says: "What was asked about."),
        .required("expected", .integer(min: 1, max: 7), says: "What he had expected, from 1 to 7."),
        .required("perceived", .integer(min: 1, max: 7), says: "What he found, from 1 to 7."),
    ])

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        criterion = try members.required("criterion", in: tape)
        expected = try members.required("expected", in: tape)
        perceived = try members.required("perceived", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("criterion", criterion)
        writer.member("expected", expected)
        writer.member("perceived", perceived)
        writer.end()
    }
}
