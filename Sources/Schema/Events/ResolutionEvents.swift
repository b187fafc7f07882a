/// `case.resolution-accepted`: routing has judged a resolution: its maker may resolve the case (R48). Handling and reports
/// hear of resolutions from this event alone.
package struct CaseResolutionAccepted: EventData, Hashable {
    package static let type = EventType("case.resolution-accepted")

    package var caseId: String
    package var complaintId: String
    package var by: Person
    package var resolvedAt: Instant
    package var solution: String
    package var liability: CaseResolved.Liability
    package var liableParty: String?
    package var documents: [String]
    /// Which of those about this case it is, from 1: who decides upon them takes them in that order.
    package var number: Int?

    package init(
        caseId: String, complaintId: String, by: Person, resolvedAt: Instant, solution: String,
        liability: CaseResolved.Liability, liableParty: String? = nil, documents: [String], number: Int? = nil
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.by = by
        self.resolvedAt = resolvedAt
        self.solution = solution
        self.liability = liability
        self.liableParty = liableParty
        self.documents = documents
        self.number = number
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id), .required("by", Person.shape),
        .required("resolvedAt", .time), .required("solution", .text(min: 1, max: 4000), personal: true),
        .required("liability", .names(CaseResolved.Liability.self)),
        .optional("liableParty", .text(min: 1, max: 200), personal: true),
        .required("documents", .array(.text(min: 1, max: 200), min: 0, max: 200)),
        .optional("number", .integer(min: 1, max: Shape.integerLimit)),
    ]
}

/// `case.responded`: the first acceptance of the case, or contact with its customer, that counts (R40); once.
package struct CaseResponded: EventData, Hashable {
    package static let type = EventType("case.responded")

    package var caseId: String
    package var complaintId: String
    package var at: Instant

    package init(caseId: String, complaintId: String, at: Instant) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.at = at
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id), .required("at", .time),
    ]
}
