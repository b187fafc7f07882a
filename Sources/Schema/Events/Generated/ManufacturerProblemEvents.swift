// Written by scripts/generate_events.py from ManufacturerProblemEvents.contract; to change it, change that.

/// `manufacturer-problem.reported`: A store reports a problem with a manufacturer (R17).
package struct ManufacturerProblemReported: ComparedByContent {
    package static let type = EventType("manufacturer-problem.reported")

    package enum Kind: String, ContractPart, CaseIterable {
        case quality
        case nonCooperation = "non-cooperation"
    }

    /// The name that the reporter gives this problem; no other has it.
    package var problemId: String
    /// Whether its goods or service lack quality, or it does not cooperate.
    package var kind: Kind
    /// As reported; else the owner of the brand in the organisation file.
    package var manufacturerId: String?
    package var brand: String?
    package var by: Person
    package var at: Instant
    /// The case in which it showed; incidents of one case count once.
    package var caseId: String?
    package var description: String?

    package init(
        problemId: String, kind: Kind, manufacturerId: String? = nil, brand: String? = nil, by: Person,
        at: Instant, caseId: String? = nil, description: String? = nil
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
        .required("problemId", .id, says: "The name that the reporter gives this problem; no other has it."),
        .required(
            "kind", .names(Kind.self),
            says: "Whether its goods or service lack quality, or it does not cooperate."),
        .optional(
            "manufacturerId", .id,
            says: "As reported; else the owner of the brand in the organisation file."),
        .optional(
            "brand", .text(min: 1, max: 200),
            says: "The brand, compared without width, case and doubled blanks."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("at", .time, says: "When it happened; at most 5 minutes ahead of the business clock."),
        .optional("caseId", .id, says: "The case in which it showed; incidents of one case count once."),
        .optional(
            "description", .text(min: 0, max: 4000), personal: true,
            says: "What has happened, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        problemId = try members.required("problemId", in: tape)
        kind = try members.required("kind", in: tape)
        manufacturerId = try members.optional("manufacturerId", in: tape)
        brand = try members.optional("brand", in: tape)
        by = try members.required("by", in: tape)
        at = try members.required("at", in: tape)
        caseId = try members.optional("caseId", in: tape)
        description = try members.optional("description", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("problemId", problemId)
        writer.member("kind", kind)
        writer.member("manufacturerId", manufacturerId)
        writer.member("brand", brand)
        writer.member("by", by)
        writer.member("at", at)
        writer.member("caseId", caseId)
        writer.member("description", description)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        description = description.replaced(replacement)
    }
}

/// `manufacturer.replacement-proposed`: Three upheld incidents in a quarter; the business division decides whether
/// another service provider is demanded (R18).
package struct ManufacturerReplacementProposed: EventData {
    package static let type = EventType("manufacturer.replacement-proposed")

    package var proposalId: String
    package var manufacturerId: String
    package var quarter: String
    /// Those counted, of one case one; by their time.
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
        .required("proposalId", .id),
        .required("manufacturerId", .id),
        .required("quarter", .quarter),
        .required(
            "incidentIds", .array(.id, min: 0, max: 100),
            says: "Those counted, of one case one; by their time."),
        .optional(
            "more", .integer(min: 1, max: Shape.integerLimit),
            says: "How many incidents are not listed."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        proposalId = try members.required("proposalId", in: tape)
        manufacturerId = try members.required("manufacturerId", in: tape)
        quarter = try members.required("quarter", in: tape)
        incidentIds = try members.required("incidentIds", in: tape)
        more = try members.optional("more", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("proposalId", proposalId)
        writer.member("manufacturerId", manufacturerId)
        writer.member("quarter", quarter)
        writer.member("incidentIds", incidentIds)
        writer.member("more", more)
        writer.end()
    }
}

/// `replacement.decided`: The business division decides whether another service provider is demanded (R18).
/// Who may (R48): the business division.
package struct ReplacementDecided: EventData {
    package static let type = EventType("replacement.decided")

    /// The proposal, as `manufacturer.replacement-proposed` names it (`ids.json`).
    package var proposalId: String
    package var approved: Bool
    package var by: Person
    package var reason: String?

    package init(
        proposalId: String, approved: Bool, by: Person, reason: String? = nil
    ) {
        self.proposalId = proposalId
        self.approved = approved
        self.by = by
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required(
            "proposalId", .id,
            says: "The proposal, as `manufacturer.replacement-proposed` names it (`ids.json`)."),
        .required("approved", .boolean, says: "Whether it is approved; if not, it is rejected."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .optional("reason", .text(min: 0, max: 1000), personal: true, says: "Why, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        proposalId = try members.required("proposalId", in: tape)
        approved = try members.required("approved", in: tape)
        by = try members.required("by", in: tape)
        reason = try members.optional("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("proposalId", proposalId)
        writer.member("approved", approved)
        writer.member("by", by)
        writer.member("reason", reason)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}
