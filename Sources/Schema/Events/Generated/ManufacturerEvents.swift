// Written by scripts/generate_events.py from ManufacturerEvents.contract; to change it, change that.

/// `manufacturer.incident-recorded`: A dissatisfied customer, a store or an advance lays the fault on a manufacturer:
/// said when that is told, and again when headquarters has handled it (R17).
///
/// The rule's time is the event's own, that of the telling or of the handling; `occurredAt` is that of the incident.
package struct ManufacturerIncidentRecorded: EventData {
    package static let type = EventType("manufacturer.incident-recorded")

    /// A dissatisfied call, a report of a store, or an advance that the manufacturer had not settled.
    package enum Kind: String, ContractPart, CaseIterable {
        case dissatisfied
        case quality
        case nonCooperation = "non-cooperation"
    }

    package var incidentId: String
    package var manufacturerId: String
    package var callbackId: String?
    package var caseId: String?
    package var serviceId: String?
    /// Absent in what releases before 0.3 wrote, whose incidents all came from calls.
    package var kind: Kind?
    /// The report of a store that it comes from.
    package var problemId: String?
    /// The advance that it comes from.
    package var requestId: String?
    /// Its quarter is the one in which it counts (R18).
    package var occurredAt: Instant?
    /// False when it is told, true when headquarters has handled it. Absent in what releases before 0.3 wrote, which told it
    /// once.
    package var handled: Bool?
    /// Set once it is handled. False: it is dismissed and counts nowhere.
    package var upheld: Bool?

    package init(
        incidentId: String, manufacturerId: String, callbackId: String? = nil, caseId: String? = nil,
        serviceId: String? = nil, kind: Kind? = nil, problemId: String? = nil, requestId: String? = nil,
        occurredAt: Instant? = nil, handled: Bool? = nil, upheld: Bool? = nil
    ) {
        self.incidentId = incidentId
        self.manufacturerId = manufacturerId
        self.callbackId = callbackId
        self.caseId = caseId
        self.serviceId = serviceId
        self.kind = kind
        self.problemId = problemId
        self.requestId = requestId
        self.occurredAt = occurredAt
        self.handled = handled
        self.upheld = upheld
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("incidentId", .id),
        .required("manufacturerId", .id),
        .optional("callbackId", .id),
        .optional("caseId", .id),
        .optional("serviceId", .id),
        .optional(
            "kind", .names(Kind.self),
            says: "Absent in what releases before 0.3 wrote, whose incidents all came from calls."),
        .optional("problemId", .id, says: "The report of a store that it comes from."),
        .optional("requestId", .id, says: "The advance that it comes from."),
        .optional("occurredAt", .time, says: "Its quarter is the one in which it counts (R18)."),
        .optional(
            "handled", .boolean,
            says: """
                False when it is told, true when headquarters has handled it. Absent in what releases before 0.3 \
                wrote, which told it once.
                """),
        .optional(
            "upheld", .boolean,
            says: "Set once it is handled. False: it is dismissed and counts nowhere."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        incidentId = try members.required("incidentId", in: tape)
        manufacturerId = try members.required("manufacturerId", in: tape)
        callbackId = try members.optional("callbackId", in: tape)
        caseId = try members.optional("caseId", in: tape)
        serviceId = try members.optional("serviceId", in: tape)
        kind = try members.optional("kind", in: tape)
        problemId = try members.optional("problemId", in: tape)
        requestId = try members.optional("requestId", in: tape)
        occurredAt = try members.optional("occurredAt", in: tape)
        handled = try members.optional("handled", in: tape)
        upheld = try members.optional("upheld", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("incidentId", incidentId)
        writer.member("manufacturerId", manufacturerId)
        writer.member("callbackId", callbackId)
        writer.member("caseId", caseId)
        writer.member("serviceId", serviceId)
        writer.member("kind", kind)
        writer.member("problemId", problemId)
        writer.member("requestId", requestId)
        writer.member("occurredAt", occurredAt)
        writer.member("handled", handled)
        writer.member("upheld", upheld)
        writer.end()
    }
}

/// `manufacturer-incident.handled`: HQ has handled an incident; unless it is dismissed, the penalty letter follows
/// (R17). Who may (R48): headquarters.
package struct ManufacturerIncidentHandled: EventData {
    package static let type = EventType("manufacturer-incident.handled")

    package var incidentId: String
    package var by: Person
    /// What the letter demands as a penalty, in fen (CNY 0.01).
    package var amountFen: Int64?
    /// False: the incident is dismissed and counts nowhere.
    package var upheld: Bool?

    package init(
        incidentId: String, by: Person, amountFen: Int64? = nil, upheld: Bool? = nil
    ) {
        self.incidentId = incidentId
        self.by = by
        self.amountFen = amountFen
        self.upheld = upheld
    }

    package static let shape: [Shape.Field] = [
        .required(
            "incidentId", .id,
            says: "The incident, as `manufacturer.incident-recorded` names it (`ids.json`)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .optional("amountFen", .fen, says: "What the letter demands as a penalty, in fen (CNY 0.01)."),
        .optional("upheld", .boolean, says: "False: the incident is dismissed and counts nowhere."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        incidentId = try members.required("incidentId", in: tape)
        by = try members.required("by", in: tape)
        amountFen = try members.optional("amountFen", in: tape)
        upheld = try members.optional("upheld", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("incidentId", incidentId)
        writer.member("by", by)
        writer.member("amountFen", amountFen)
        writer.member("upheld", upheld)
        writer.end()
    }
}

/// `manufacturer.replacement-demanded`: The business division has approved that another service provider is demanded;
/// the letter follows (R18).
package struct ManufacturerReplacementDemanded: EventData {
    package static let type = EventType("manufacturer.replacement-demanded")

    package var manufacturerId: String
    package var quarter: String
    /// Absent in what releases before 0.3 wrote, which asked nobody.
    package var proposalId: String?

    package init(
        manufacturerId: String, quarter: String, proposalId: String? = nil
    ) {
        self.manufacturerId = manufacturerId
        self.quarter = quarter
        self.proposalId = proposalId
    }

    package static let shape: [Shape.Field] = [
        .required("manufacturerId", .id),
        .required("quarter", .quarter),
        .optional("proposalId", .id, says: "Absent in what releases before 0.3 wrote, which asked nobody."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        manufacturerId = try members.required("manufacturerId", in: tape)
        quarter = try members.required("quarter", in: tape)
        proposalId = try members.optional("proposalId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("manufacturerId", manufacturerId)
        writer.member("quarter", quarter)
        writer.member("proposalId", proposalId)
        writer.end()
    }
}
