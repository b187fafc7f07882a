/// The four kinds of callback (R10, R22, R25, R26).
package enum CallbackKind: String, Codable, Hashable, Sendable, CaseIterable {
    case serviceFirst = "service-first"
    case serviceSecond = "service-second"
    case caseClosed = "case-closed"
    case customerEvent = "customer-event"
}

/// What a callback is about: a service, the closing of a case, or a customer event. The members of one of them are set.
package struct CallbackSubject: Codable, Hashable, Sendable {
    package var serviceId: String?
    package var caseId: String?
    package var complaintId: String?
    package var closing: Int?
    package var eventId: String?

    package static func service(_ serviceId: String) -> CallbackSubject { CallbackSubject(serviceId: serviceId) }

    package static func closing(_ number: Int, caseId: String, complaintId: String) -> CallbackSubject {
        CallbackSubject(caseId: caseId, complaintId: complaintId, closing: number)
    }

    package static func event(_ eventId: String) -> CallbackSubject { CallbackSubject(eventId: eventId) }

    package static let shape = Shape.object([
        .optional("serviceId", .id), .optional("caseId", .id), .optional("complaintId", .id),
        .optional("closing", .integer(min: 1, max: Shape.integerLimit)), .optional("eventId", .id),
    ])
}

/// What a customer expected and what he got, by one criterion, each from 1 to 7.
package struct SurveyAnswer: Codable, Hashable, Sendable {
    /// `responsiveness`, `assurance` and `empathy` are of the contract's first edition, `skill`, `attitude` and
    /// `accessibility` of its second.
    package enum Criterion: String, Codable, Hashable, Sendable, CaseIterable {
        case reliability, responsiveness, assurance, empathy, recovery, reputation, skill, attitude, accessibility
    }

    package var criterion: Criterion
    package var expected: Int
    package var perceived: Int

    package init(criterion: Criterion, expected: Int, perceived: Int) {
        self.criterion = criterion
        self.expected = expected
        self.perceived = perceived
    }

    package static let shape = Shape.object([
        .required("criterion", .names(Criterion.self)), .required("expected", .integer(min: 1, max: 7)),
        .required("perceived", .integer(min: 1, max: 7)),
    ])
}
