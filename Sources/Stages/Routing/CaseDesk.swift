import Policy
import Schema

/// One case in hand for one input: what each event does to it.
///
/// The functions return why the event is refused, or nil; `record` is then to be written.
struct CaseDesk {
    let caseId: String
    var record: RoutedCase

    var key: RecordKey { RoutedCase.key(caseId) }

    // MARK: What people report

    /// Only the acceptance of a crisis by headquarters counts here (R34).
    mutating func accept(_ accepted: CaseAccepted, at instant: Instant) -> Rejection? {
        if accepted.by.tier == Tier.hq.rawValue {
            record.addAcceptance(instant)
            dropMetDuties()
        }
        return nil
    }

    /// Only contacts with the customer count here (R24, R43).
    mutating func note(_ contact: ContactRecorded) -> Rejection? {
        if contact.with == .customer {
            record.addContact(contact.at)
            dropMetDuties()
        }
        return nil
    }

    /// A handler of the tier that holds the case gives it up before its term is over (R03).
    mutating func escalate(_ requested: CaseEscalationRequested, in turn: inout Turn) -> Rejection? {
        let figures: JSON = ["tier": .string(requested.by.tier), "heldBy": .string(record.tier.rawValue)]
        switch record.state {
        case .closed: return Rejection("case-closed", figures)
        case .resolved: return Rejection("case-resolved", figures)
        case .open: break
        }
        guard requested.by.tier == record.tier.rawValue else { return Rejection("wrong-tier", figures) }
        guard let next = Tier(record.tier).next?.handler else { return Rejection("highest-tier", figures) }
        moveUp(to: next, rule: "R03", facts: [JSON.Member("requested", true)], in: &turn)
        return nil
    }

    /// Stops the term (R03) and begins the day within which the customer has to know (R24).
    mutating func resolve(_ resolved: CaseResolved, _ policy: PolicyBook) -> Rejection? {
        if let closedAt = record.closedAt, resolved.resolvedAt > closedAt {
            // Handling refuses it, unless it has reopened the case before: then that is still to come.
            record.resolvedAfterClosing = max(resolved.resolvedAt, record.resolvedAfterClosing ?? .distantPast)
            return nil
        }
        if record.state == .open { record.state = .resolved }
        record.termEnds = nil
        addInformDuty(resolvedAt: resolved.resolvedAt, policy)
        return nil
    }

    // MARK: What handling tells

    mutating func close(_ closed: CaseClosed, _ sequence: Int64?) -> Rejection? {
        if record.knowsNewer(than: sequence) { return nil }
        record.handlingSequence = sequence ?? record.handlingSequence
        record.state = .closed
        record.closedAt = closed.closedAt
        record.termEnds = nil
        return nil
    }

    /// The case goes on at the tier that handling names, or the one that it has reached meanwhile: it only moves up.
    mutating func reopen(_ reopened: CaseReopened, _ sequence: Int64?, in turn: inout Turn) -> Rejection? {
        if record.knowsNewer(than: sequence) { return nil }
        record.handlingSequence = sequence ?? record.handlingSequence
        record.state = .open
        record.closedAt = nil
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
        assign(placement, termFrom: turn.now, rule: leaps ? "R04" : "R03", in: &turn)
        if let resolvedAt = record.resolvedAfterClosing, resolvedAt >= turn.now {
            record.state = .resolved
            record.termEnds = nil
            addInformDuty(resolvedAt: resolvedAt, turn.policy)
        }
        record.resolvedAfterClosing = nil
        return nil
    }
}
