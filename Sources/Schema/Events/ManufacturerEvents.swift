/// `manufacturer.incident-recorded`: a dissatisfied customer lays the fault on a manufacturer (R17).
package struct ManufacturerIncidentRecorded: EventData, Hashable {
    package static let type = EventType("manufacturer.incident-recorded")

    package var incidentId: String
    package var manufacturerId: String
    package var callbackId: String?
    package var caseId: String?
    package var serviceId: String?

    package init(
        incidentId: String, manufacturerId: String, callbackId: String? = nil, caseId: String? = nil,
        serviceId: String? = nil
    ) {
        self.incidentId = incidentId
        self.manufacturerId = manufacturerId
        self.callbackId = callbackId
        self.caseId = caseId
        self.serviceId = serviceId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("incidentId", .id), .required("manufacturerId", .id), .optional("callbackId", .id),
        .optional("caseId", .id), .optional("serviceId", .id),
    ]
}

/// `manufacturer-incident.handled`: HQ has handled an incident; the penalty letter follows (R17).
package struct ManufacturerIncidentHandled: EventData, Hashable {
    package static let type = EventType("manufacturer-incident.handled")

    package var incidentId: String
    package var by: Person
    package var amountFen: Int64?

    package init(incidentId: String, by: Person, amountFen: Int64? = nil) {
        self.incidentId = incidentId
        self.by = by
        self.amountFen = amountFen
    }

    package static let shape: [Shape.Field] = [
        .required("incidentId", .id), .required("by", Person.shape), .optional("amountFen", .fen),
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
