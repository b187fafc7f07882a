/// `manufacturer.incident-recorded`: a dissatisfied customer, or a store, lays the fault on a manufacturer (R17).
package struct ManufacturerIncidentRecorded: EventData, Hashable {
    package static let type = EventType("manufacturer.incident-recorded")

    /// A dissatisfied call, a report of a store, or an advance that the manufacturer had not settled.
    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case dissatisfied, quality
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
        .required("incidentId", .id), .required("manufacturerId", .id), .optional("callbackId", .id),
        .optional("caseId", .id), .optional("serviceId", .id), .optional("kind", .names(Kind.self)),
        .optional("problemId", .id),
        .optional("requestId", .id),
    ]
}

/// `manufacturer-incident.handled`: HQ has handled an incident; the penalty letter follows (R17).
package struct ManufacturerIncidentHandled: EventData, Hashable {
    package static let type = EventType("manufacturer-incident.handled")

    package var incidentId: String
    package var by: Person
    package var amountFen: Int64?
    /// False: the incident is dismissed and counts nowhere.
    package var upheld: Bool?

    package init(incidentId: String, by: Person, amountFen: Int64? = nil, upheld: Bool? = nil) {
        self.incidentId = incidentId
        self.by = by
        self.amountFen = amountFen
        self.upheld = upheld
    }

    package static let shape: [Shape.Field] = [
        .required("incidentId", .id), .required("by", Person.shape), .optional("amountFen", .fen),
        .optional("upheld", .boolean),
    ]
}

/// `manufacturer.replacement-demanded`: three incidents in a quarter: another service provider is demanded (R18).
package struct ManufacturerReplacementDemanded: EventData, Hashable {
    package static let type = EventType("manufacturer.replacement-demanded")

    package var manufacturerId: String
    package var quarter: String

    package init(manufacturerId: String, quarter: String) {
        self.manufacturerId = manufacturerId
        self.quarter = quarter
    }

    package static let shape: [Shape.Field] = [.required("manufacturerId", .id), .required("quarter", .quarter)]
}
