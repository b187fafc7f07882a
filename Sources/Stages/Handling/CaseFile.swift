import Policy
import Schema

/// What handling knows of a case: who complained of what, who holds it, and how far it is from being closed.
package struct CaseFile: Record, Equatable, SharedCase {
    package static let kind = "case"

    /// A solution that was reported; replaced by a later one, dropped when the case is escalated or reopened.
    package struct Resolution: Codable, Sendable, Equatable {
        package let at: Instant
        package let liability: CaseResolved.Liability
        package let liableParty: String?
        /// `case.close-blocked` was said for this resolution.
        package var isBlockSaid = false
        /// Who resolved the case; nil: not judged by routing.
        package var by: String?
        /// Of the `case.resolution-accepted`; nil: not judged by routing, so older than any.
        package var sequence: Int64?
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
    /// Routing judges the resolutions of this case: it has said why it assigned the case. nil: releases before 0.2 assigned
    /// it, and `case.resolved` counts as it comes.
    package var isJudged: Bool?
    /// How many of the resolutions that routing has accepted were taken; nil: none.
    package var resolutionsTaken: Int?
    /// The highest sequence of an escalation or reopening; resolutions below it are void.
    package var voidBefore: Int64?
    /// The first acceptance or contact with the customer since the complaint was received (R40).
    package var respondedAt: Instant?
    /// The first contact with the customer (R42, R43).
    package var contactedAt: Instant?
    package var resolution: Resolution?
    /// Of an earlier time and accepted later; nil: none. It holds if an escalation makes `resolution` void and not this one.
    package var laterResolution: Resolution?
    /// Listed since `since`, each once, in the order in which they came.
    package var documents: [String] = []
    /// When the first of `documents` was listed.
    package var documentedAt: Instant?
    /// When each of `documents` was listed last; nil: not known, or there are none.
    package var listedAt: [Instant]?
    /// The first contact with the factory salesman, and with the brand representative (R06).
    package var salesmanContactAt: Instant?
    package var representativeContactAt: Instant?
    /// The requests for an advance that are pending or referred.
    package var openRequests: [String] = []
    /// The sum of all amounts disbursed, pending or referred (R05). Fen.
    package var committedFen: Int64 = 0
    /// When the last of its requests was settled.
    package var settledAt: Instant?
    /// How often it has closed.
    package var closings = 0
    /// nil while it is open.
    package var closedAt: Instant?
    /// It is ready to close, by what was known of that time before the resolution came: it closes then, unless routing says
    /// meanwhile that the resolution is void.
    package var closesAt: Instant?
    package var linkedPlaces: [LinkedPlace]?
    /// When the first complaint was received; nil: a release before 0.3 made the file.
    package var receivedAt: Instant?
    /// `case.responded` was said; nil: not yet.
    package var isResponseSaid: Bool?
    /// Of all that was said about the case, in the order of the contract; nil: none.
    package var hazards: [String]?

    /// More documents than that are refused, so that a record stays bounded.
    package static let documentLimit = 1000
    /// The same for requests that wait for a decision.
    package static let openRequestLimit = 100

    package init(_ opened: CaseOpened) {
        complaintId = opened.complaintId
        customer = opened.complaint.customer
        product = opened.complaint.product
        storeId = opened.complaint.storeId
        regionId = opened.complaint.regionId
        outletId = opened.complaint.outletId
        since = opened.openedAt
        receivedAt = opened.complaint.receivedAt
        note(hazards: opened.complaint.hazards)
    }

    /// What lies before that time may still be on its way; what comes of a later time finds it closed, as it would have been.
    package var wake: Wake? { closesAt.map { Wake(at: $0, isMetByOthers: true) } }
    package var isClosed: Bool { closedAt != nil }
}

extension CaseFile {
    /// When the first complaint was received. A file that does not say so has been opened at that time, and knows it until
    /// it is reopened.
    var firstReceivedAt: Instant? {
        receivedAt ?? (closings == 0 || (closings == 1 && isClosed) ? since : nil)
    }

    /// Notes that the case was taken on or the customer was spoken with, and tells the first time of it that counts (R40):
    /// a response comes after the complaint. Of an earlier one that arrives later only the closing tells.
    mutating func noteResponse(_ id: String, in turn: inout Turn) {
        let receivedAt = firstReceivedAt
        guard receivedAt.map({ $0 <= turn.now }) ?? true else { return }
        let first = min(respondedAt ?? turn.now, turn.now)
        respondedAt = first
        guard turn.policy.rules.isOn(.r40), isResponseSaid != true else { return }
        isResponseSaid = true
        turn.emit(
            CaseResponded(caseId: id, complaintId: complaintId, at: first), about: CaseFile.key(id), rule: "R40",
            facts: .object(receivedAt.map { [.init("receivedAt", .string($0.description))] } ?? []))
    }

    /// Notes what somebody has said of dangers.
    ///
    /// - Returns: those that are new to the case.
    @discardableResult
    mutating func note(hazards named: [String]?) -> [String] {
        let known = hazards ?? []
        let new = ComplaintReceived.hazards.filter { named?.contains($0) == true && !known.contains($0) }
        if !new.isEmpty { hazards = ComplaintReceived.hazards.filter((known + new).contains) }
        return new
    }

    /// Notes a contact; of each party the first one counts.
    mutating func noteContact(_ id: String, with party: ContactRecorded.Party, in turn: inout Turn) {
        let instant = turn.now
        switch party {
        case .customer:
            contactedAt = min(contactedAt ?? instant, instant)
            noteResponse(id, in: &turn)
        case .factorySalesman: salesmanContactAt = min(salesmanContactAt ?? instant, instant)
        case .brandRepresentative: representativeContactAt = min(representativeContactAt ?? instant, instant)
        case .supervisor: break
        }
    }

    /// Lists documents, each once.
    ///
    /// - Returns: a refusal, with nothing changed, if the file would hold more than `documentLimit`.
    mutating func list(_ names: [String], at instant: Instant) -> Rejection? {
        guard !names.isEmpty else { return nil }
        var listed = documents
        var times = listedAt ?? documents.map { _ in documentedAt ?? instant }
        for name in names {
            if let known = listed.firstIndex(of: name) {
                times[known] = max(times[known], instant)
            } else {
                listed.append(name)
                times.append(instant)
            }
        }
        guard listed.count <= CaseFile.documentLimit else {
            return Rejection(
                "too-many-documents",
                ["documents": .int(Int64(listed.count)), "limit": .int(Int64(CaseFile.documentLimit))])
        }
        (documents, listedAt) = (listed, times)
        documentedAt = min(documentedAt ?? instant, instant)
        return nil
    }

    /// Takes what routing says of who holds the case, unless something newer is known.
    ///
    /// A case only moves up: an assignment that crossed with a reopening cannot take the case back down.
    package mutating func take(_ assigned: CaseAssigned, sequence: Int64?) {
        if let sequence {
            guard sequence >= assignment else { return }
            assignment = sequence
        }
        isJudged = assigned.reason == nil ? nil : true
        tier = tier.map { HandlerTier.higher($0, assigned.tier) } ?? assigned.tier
    }
}

extension HandlerTier {
    var rank: Int { HandlerTier.allCases.firstIndex(of: self) ?? 0 }

    static func higher(_ a: HandlerTier, _ b: HandlerTier) -> HandlerTier { a.rank < b.rank ? b : a }

    /// The next tier up; headquarters stays headquarters.
    var oneUp: HandlerTier {
        switch self {
        case .store: .region
        case .region, .hq: .hq
        }
    }
}
