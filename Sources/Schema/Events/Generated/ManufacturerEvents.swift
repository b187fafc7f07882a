// Written by scripts/generate_events.py from ManufacturerEvents.contract; to change it, change that.

/// `manufacturer.incident-recorded`: A dissatisfied customer, or a store, lays the fault on a manufacturer (R17).
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
    /// Absent in what releases before 0.2 wrote, whose incidents all came from calls.
    package var kind: Kind?
    /// The report of a store that it comes from.
    package var problemId: String?
    /// The advance that it comes from.
    package var requestId: String?

    package init(
        incidentId: String, manufacturerId: String, callbackId: String? = nil, caseId: String? = nil,
        serviceId: String? = nil, kind: Kind? = nil, problemId: String? = nil, requestId: String? = nil
    ) {
        self.incidentId = incidentId
        self.manufacturerId = manufacturerId
        self.callbackId = callbackId
        self.caseId = caseId
        self.serviceId = serviceId
        self.kind = kind
        self.problemId = problemId
        self.requestId = requestId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("incidentId", .id),
        .required("manufacturerId", .id),
        .optional("callbackId", .id),
        .optional("caseId", .id),
        .optional("serviceId", .id),
        .optional("kind", .names(Kind.self)),
        .optional("problemId", .id),
        .optional("requestId", .id),
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
        writer.end()
    }
}

/// `manufacturer-incident.handled`: HQ has handled an incident; the penalty letter follows (R17).
/// Who may (R48): headquarters.
package struct ManufacturerIncidentHandled: EventData {
    package static let type = EventType("manufacturer-incident.handled")

    package var incidentId: String
    package var by: Person
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
        .required("incidentId", .id),
        .required("by", Person.shape),
        .optional("amountFen", .fen),
        .optional("upheld", .boolean),
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

/// `manufacturer.replacement-demanded`: Three incidents in a quarter: another service provider is demanded (R18).
package struct ManufacturerReplacementDemanded: EventData {
    package static let type = EventType("manufacturer.replacement-demanded")

    package var manufacturerId: String
    package var quarter: String

    package init(
        manufacturerId: String, quarter: String
    ) {
        self.manufacturerId = manufacturerId
        self.quarter = quarter
    }

    package static let shape: [Shape.Field] = [
        .required("manufacturerId", .id),
        .required("quarter", .quarter),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        manufacturerId = try members.required("manufacturerId", in: tape)
        quarter = try members.required("quarter", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("manufacturerId", manufacturerId)
        writer.member("quarter", quarter)
        writer.end()
    }
}
