import Policy
import Schema

/// One case in hand for one input: what each event does to it.
///
/// The functions return what becomes of the event; if it is applied, `record` is to be written.
struct CaseDesk {
    let caseId: String
    var record: RoutedCase
    /// Duties of a linked complaint for which the record has no room.
    var spilled: [Duty] = []

    init(caseId: String, record: RoutedCase) {
        self.caseId = caseId
        self.record = record
    }

    var key: RecordKey { RoutedCase.key(caseId) }

    // MARK: What people report

    /// Only the acceptance of a crisis by headquarters counts here (R34).
    mutating func accept(_ accepted: CaseAccepted, in turn: Turn) -> Verdict {
        if let verdict = record.verdict(on: accepted.by, .accept, named: accepted.caseId, in: turn) { return verdict }
        if accepted.by.tier == Tier.hq.rawValue {
            record.addAcceptance(turn.now)
            dropMetDuties()
        }
        return .applied
    }

    /// Only contacts with the customer count here (R24, R43).
    mutating func note(_ contact: ContactRecorded, in turn: Turn) -> Verdict {
        if let verdict = record.verdict(on: contact.by, .recordContact, named: contact.caseId, in: turn) {
            return verdict
        }
        if contact.with == .customer {
            record.addContact(contact.at)
            dropMetDuties()
        }
        return .applied
    }

    /// A handler of the place that holds the case gives it up before its term is over (R03).
    mutating func escalate(_ requested: CaseEscalationRequested, in turn: inout Turn) -> Verdict {
        // Of now, however late it comes: who has lost the case meanwhile has nothing to give up.
        let holder = place(of: record.holding, turn.policy)
        if let rejection = turn.policy.rejection(of: requested.by, .askForEscalation, at: [holder]) {
            return .refused(rejection)
        }
        let figures: JSON = ["tier": .string(requested.by.tier), "heldBy": .string(record.tier.rawValue)]
        switch record.state {
        case .closed: return .refused(Rejection("case-closed", figures))
        case .resolved: return .refused(Rejection("case-resolved", figures))
        case .open: break
        }
        guard let next = Tier(record.tier).next?.handler else {
            return .refused(Rejection("highest-tier", figures))
        }
        moveUp(to: next, rule: "R03", facts: [JSON.Member("requested", true)], in: &turn)
        return .applied
    }

    // MARK: What handling tells

    mutating func close(_ closed: CaseClosed, _ sequence: Int64?) -> Verdict {
        if record.knowsNewer(than: sequence) { return .applied }
        record.handlingSequence = sequence ?? record.handlingSequence
        record.state = .closed
        record.closedAt = closed.closedAt
        record.termEnds = nil
        return .applied
    }

    /// The case goes on at the tier that handling names, or the one that it has reached meanwhile: it only moves up.
    mutating func reopen(_ reopened: CaseReopened, _ sequence: Int64?, in turn: inout Turn) -> Verdict {
        if record.knowsNewer(than: sequence) { return .applied }
        record.handlingSequence = sequence ?? record.handlingSequence
        // A crisis that is declared of a time before the complaint reopens as of that (R50).
        let since = record.sinceReceipt(turn.now)
        record.state = .open
        record.closedAt = nil
        record.reopenedAt = since
        let last = max(Tier(record.tier), Tier(reopened.tier)).handler ?? .hq
        // A complaint that was linked while the case was closed has made it major.
        let leaps = record.isMajor && last != .hq
        let placement = Places(record, at: turn.now, turn.policy).placement(from: leaps ? .hq : last)
        let term = Self.term(of: placement.tier, turn.policy)
        turn.emit(
            CaseReopened(
                caseId: caseId, complaintId: record.complaintId, tier: placement.tier, closing: reopened.closing,
                customer: record.customer, product: record.product, description: record.description),
            about: key, to: .handlers(Placement.deskKey(placement.tier, placement.handlerId)), rule: "R03",
            parameters: .object([JSON.Member(term.name, .int(term.days))]),
            facts: .object(
                [
                    JSON.Member("lastTier", .string(record.tier.rawValue)), JSON.Member("major", .bool(record.isMajor)),
                ] + placement.facts))
        if leaps { announceEscalation(from: last, to: placement, rule: "R04", in: &turn) }
        let again = resolutions(since: since, heldBy: placement, in: &turn)
        assign(
            placement, .reopened, resolvedAt: again.first?.resolvedAt, termFrom: since, rule: leaps ? "R04" : "R03",
            in: &turn)
        for resolved in again { pass(resolved, heldBy: placement.tier, in: &turn) }
        turn.makeKnown(Self.reopening(of: caseId))
        return .applied
    }
}
