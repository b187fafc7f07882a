/// `manufacturer-problem.reported`: a store reports a problem with a manufacturer (R17).
package struct ManufacturerProblemReported: ComparedByContent, Hashable {
    package static let type = EventType("manufacturer-problem.reported")

    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case quality
        case nonCooperation = "non-cooperation"
    }

    package var problemId: String
    package var kind: Kind
    /// As reported; else the owner of the brand in the organisation file.
    package var manufacturerId: String?
    package var brand: String?
    package var by: Person
    package var at: Instant
    package var caseId: String?
    package var description: String?

    package init(
        problemId: String, kind: Kind, manufacturerId: String? = nil, brand: String? = nil, by: Person, at: Instant,
        caseId: String? = nil, description: String? = nil
    ) {
        self.problemId = problemId
        self.kind = kind
        self.manufacturerId = manufacturerId
        self.brand = brand
        self.by = by
        self.at = at
        self.caseId = caseId
        self.description = description
    }

    package var ruleTime: Instant? { at }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("problemId", .id), .required("kind", .names(Kind.self)), .optional("manufacturerId", .id),
        .optional("brand", .text(min: 1, max: 200)), .required("by", Person.shape), .required("at", .time),
        .optional("caseId", .id), .optional("description", .text(min: 0, max: 4000), personal: true),
    ]
}

/// `manufacturer.replacement-proposed`: three incidents in a quarter; a person of the business division decides whether
/// another service provider is demanded (R18).
package struct ManufacturerReplacementProposed: EventData, Hashable {
    package static let type = EventType("manufacturer.replacement-proposed")

    package var proposalId: String
    package var manufacturerId: String
    package var quarter: String
    package var incidentIds: [String]
    /// How many incidents are not listed.
    package var more: Int?

    package init(
        proposalId: String, manufacturerId: String, quarter: String, incidentIds: [String], more: Int? = nil
    ) {
        self.proposalId = proposalId
        self.manufacturerId = manufacturerId
        self.quarter = quarter
        self.incidentIds = incidentIds
        self.more = more
    }

    package static let shape: [Shape.Field] = [
        .required("proposalId", .id), .required("manufacturerId", .id), .required("quarter", .quarter),
        .required("incidentIds", .array(.id, min: 0, max: 100)),
        .optional("more", .integer(min: 1, max: Shape.integerLimit)),
    ]
}

/// `replacement.decided`: the business division decides whether another service provider is demanded (R18).
package struct ReplacementDecided: EventData, Hashable {
    package static let type = EventType("replacement.decided")

    package var proposalId: String
    package var approved: Bool
    package var by: Person
    package var reason: String?

    package init(proposalId: String, approved: Bool, by: Person, reason: String? = nil) {
        self.proposalId = proposalId
        self.approved = approved
        self.by = by
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required("proposalId", .id), .required("approved", .boolean), .required("by", Person.shape),
        .optional("reason", .text(min: 0, max: 1000), personal: true),
    ]
}
