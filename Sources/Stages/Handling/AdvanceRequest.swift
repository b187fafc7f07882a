import Policy
import Schema

/// A request to pay a customer in advance from the after-sales fund, and what is owed once it is paid (R05–R08, R41).
package struct AdvanceRequest: Record, Equatable {
    package static let kind = "request"

    package enum State: String, Codable, Sendable {
        /// The manufacturer's people have not both been spoken with; looked at once more, then refused (R06).
        case awaitingContacts = "awaiting-contacts"
        /// Others have until `until` to settle the matter (R06, R07).
        case pending
        /// A person of `referredTo` or a higher tier decides.
        case referred
        case refused
        /// Paid; what follows is in `owed`.
        case disbursed
    }

    /// The steps that follow a payment, in their order (R08).
    package enum Step: String, Codable, Sendable, CaseIterable {
        case report, opinion, approval, recovery
    }

    /// The step that is owed next.
    package struct Owed: Codable, Sendable, Equatable {
        package let step: Step
        package var term: Term
        /// `obligation.overdue` was said for this term.
        package var isOverdue = false
    }

    package struct Opinion: Codable, Sendable, Equatable {
        package let liable: LiabilityProposed.Liable
        package let by: String
        /// The id that it names; where it names none, that of the party of its kind to which the case leads. nil: neither,
        /// or a release before 0.3 took the opinion.
        package var partyId: String?
        /// Why another party than that of the cause bears it (R41).
        package var reason: String?

        /// Who bears it by this opinion; nil: nobody knows his id.
        package var bearerId: String? { partyId ?? liable.id }
    }

    package struct WriteOff: Codable, Sendable, Equatable {
        package let amountFen: Int64
        package let by: String
    }

    package let caseId: String
    package let complaintId: String
    /// To tell the same request once more from another one under its id.
    package let fingerprint: String
    package let requestedFen: Int64
    package let cause: CompensationCause
    package let requestedBy: String
    package let requestedAt: Instant
    package var state: State
    /// The real seconds after which workers of older releases look again at a request that awaits contacts.
    package var lookDelaySeconds: Int?
    package var referredTo: HandlerTier?
    package var until: Term?
    /// `compensation.pending` was said; it waits until the calendar knows `until`.
    package var isPendingSaid = false
    /// 1 to 4, recorded by HQ for a manufacturer's cause (R06).
    package var severity: Int?
    package var disbursedFen: Int64 = 0
    package var recoveredFen: Int64 = 0
    package var writtenOffFen: Int64 = 0
    package var owed: Owed?
    package var opinion: Opinion?
    package var isLiabilityApproved = false
    /// The proposal that waits for approval; one at a time.
    package var writeOff: WriteOff?
    /// What follows its approval (R49); nil: it was not approved, R49 was off then, or its party is not asked.
    package var recovery: Recovery?

    /// - Parameter caseId: of the case that the request is about, which may name a complaint linked to it.
    init(
        _ request: CompensationRequested, caseId: String, complaintId: String, fingerprint: String, at instant: Instant
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.fingerprint = fingerprint
        requestedFen = request.amountFen
        cause = request.cause
        requestedBy = request.by.id
        requestedAt = instant
        state = .awaitingContacts
    }

    package var wake: Wake? {
        switch state {
        // A resolution refuses both. What follows a payment (R08) is people's matter alone.
        case .awaitingContacts: Wake(at: requestedAt, waitsForRest: true, isMetByOthers: true)
        case .pending: until?.wake.map { Wake(at: $0, isMetByOthers: true) }
        case .disbursed: [termWake, recovery?.nextAt].compactMap { $0 }.min().map { Wake(at: $0) }
        case .referred, .refused: nil
        }
    }

    private var termWake: Instant? { owed.flatMap { $0.isOverdue ? nil : $0.term.wake } }

    /// What was paid has come back or was given up.
    package var isBalanced: Bool { recoveredFen + writtenOffFen == disbursedFen }

    /// The rule that the request follows; R06 and R07 switched off leave their causes to R05.
    func path(_ policy: PolicyBook) -> Rule {
        switch cause {
        case .manufacturer where policy.rules.isOn(.r06): .r06
        case .ownPost where policy.rules.isOn(.r07): .r07
        case .manufacturer, .ownPost, .outlet, .product, .goodwill: .r05
        }
    }
}
