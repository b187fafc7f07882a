import Policy
import Schema

/// What handling knows of a case: who complained of what, who holds it, and how far it is from being closed.
package struct CaseFile: Record, Equatable {
    package static let kind = "case"

    /// A solution that was reported; replaced by a later one, dropped when the case is reopened.
    package struct Resolution: Codable, Sendable, Equatable {
        package let at: Instant
        package let liability: CaseResolved.Liability
        package let liableParty: String?
        /// `case.close-blocked` was said for this resolution.
        package var isBlockSaid = false
    }

    package let complaintId: String
    package let customer: Customer
    package let product: Product
    package let storeId: String?
    package let regionId: String?
    package let outletId: String?
    /// When it was opened, or reopened last.
    package var since: Instant
    /// Who holds it; nil until routing has assigned it.
    package var tier: HandlerTier?
    /// The sequence of the newest `case.assigned`.
    package var assignment: Int64 = 0
    /// The first acceptance or contact with the customer (R40).
    package var respondedAt: Instant?
    /// The first contact with the customer (R42, R43).
    package var contactedAt: Instant?
    package var resolution: Resolution?
    /// Listed since `since`, each once, in the order in which they came.
    package var documents: [String] = []
    /// When the first of `documents` was listed.
    package var documentedAt: Instant?
    /// How often it has closed.
    package var closings = 0
    /// nil while it is open.
    package var closedAt: Instant?

    /// More documents than that are refused, so that a record stays bounded.
    package static let documentLimit = 1000

    package init(_ opened: CaseOpened) {
        complaintId = opened.complaintId
        customer = opened.complaint.customer
        product = opened.complaint.product
        storeId = opened.complaint.storeId
        regionId = opened.complaint.regionId
        outletId = opened.complaint.outletId
        since = opened.openedAt
    }

    /// Nothing about a case itself waits for time alone.
    package var wake: Wake? { nil }
    package var isClosed: Bool { closedAt != nil }
}

extension CaseFile {
    /// Notes that the case was taken on or the customer was spoken with.
    mutating func noteResponse(at instant: Instant) {
        respondedAt = min(respondedAt ?? instant, instant)
    }

    mutating func noteContact(at instant: Instant) {
        contactedAt = min(contactedAt ?? instant, instant)
        noteResponse(at: instant)
    }

    /// Lists documents, each once.
    ///
    /// - Returns: a refusal, with nothing changed, if the file would hold more than `documentLimit`.
    mutating func list(_ names: [String], at instant: Instant) -> Rejection? {
        var listed = documents
        for name in names where !listed.contains(name) { listed.append(name) }
        guard listed.count <= CaseFile.documentLimit else {
            return Rejection(
                "too-many-documents",
                ["documents": .int(Int64(listed.count)), "limit": .int(Int64(CaseFile.documentLimit))])
        }
        documents = listed
        if !listed.isEmpty { documentedAt = min(documentedAt ?? instant, instant) }
        return nil
    }

    /// Takes what routing says, unless something newer is known.
    ///
    /// A case only moves up: an assignment that crossed with a reopening cannot take the case back down.
    package mutating func take(_ assigned: CaseAssigned, sequence: Int64?) {
        if let sequence {
            guard sequence >= assignment else { return }
            assignment = sequence
        }
        tier = tier.map { HandlerTier.higher($0, assigned.tier) } ?? assigned.tier
    }
}

extension HandlerTier {
    private var rank: Int { HandlerTier.allCases.firstIndex(of: self) ?? 0 }

    static func higher(_ a: HandlerTier, _ b: HandlerTier) -> HandlerTier { a.rank < b.rank ? b : a }

    /// The next tier up; headquarters stays headquarters.
    var oneUp: HandlerTier {
        switch self {
        case .store: .region
        case .region, .hq: .hq
        }
    }
}
