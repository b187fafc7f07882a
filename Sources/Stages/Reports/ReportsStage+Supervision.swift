import Policy
import Schema

/// Outlets and the fund.
extension ReportsStage {
    func countSupervision(_ event: Event, in turn: inout Turn) {
        switch event.data {
        case let data as ViolationRecorded: count(data, in: &turn)
        case let data as PenaltyProposed: count(data, in: &turn)
        case let data as NoticeIssued:
            guard data.kind == .penalty else { return }
            turn.count(atOutlet: data.addressee, on: turn.now.date) { $0.add(.notices) }
        case let data as OutletStatusChanged:
            turn.changeOutlet(data.outletId) { $0.take(data, sequence: event.sequence ?? 0) }
        case let data as FundDisbursed: book(.disbursed, data.amountFen, data.requestId, in: &turn)
        case let data as FundRecovered: book(.recovered, data.amountFen, data.requestId, in: &turn)
        case let data as FundWrittenOff: book(.writtenOff, data.amountFen, data.requestId, in: &turn)
        default: break
        }
    }

    /// The report of a violation names the store, its verification does not; they may come in either order.
    private func count(_ recorded: ViolationRecorded, in turn: inout Turn) {
        let instant = turn.now
        let policy = turn.policy
        turn.changeOutlet(recorded.outletId) { $0.take(recorded, at: instant, policy) }
        var facts = turn.get(ViolationFacts.self, recorded.violationId) ?? ViolationFacts()
        let isNew = recorded.verified ? facts.upheld == nil : facts.place == nil
        if recorded.verified {
            facts.upheld = facts.upheld ?? recorded.upheld
        } else {
            facts.place = facts.place ?? recorded.storeId ?? StoreDesk.unknown
        }
        turn.put(facts, recorded.violationId)
        guard isNew, let place = facts.place else { return }
        let date = (recorded.occurredAt ?? instant).date
        if !recorded.verified { turn.count(place, recorded.outletId, on: date) { $0.add(.violations) } }
        // A fact of its own, also where it was known first: what is late is counted by facts.
        if let upheld = facts.upheld {
            turn.count(place, recorded.outletId, on: date) { $0.add(upheld ? .upheld : .turnedDown) }
        }
    }

    private func count(_ proposed: PenaltyProposed, in turn: inout Turn) {
        turn.changeOutlet(proposed.outletId) { $0.take(proposed) }
        turn.count(atOutlet: proposed.outletId, on: turn.now.date) { $0.add(.proposals) }
        guard turn.policy.rules.isOn(.r11) else { return }
        var chain = turn.get(ChainDesk.self, ChainDesk.id) ?? ChainDesk()
        chain.take(
            ChainDesk.Proposal(
                at: turn.now, proposalId: proposed.proposalId, outletId: proposed.outletId, ladder: proposed.ladder,
                period: proposed.period, rung: proposed.rung, count: Int64(proposed.count)))
        turn.put(chain, ChainDesk.id)
    }

    private enum Movement { case disbursed, recovered, writtenOff }

    /// Money that moved, in its month; and what is open of the advance, in the month in which that was paid.
    private func book(_ movement: Movement, _ amountFen: Int64, _ requestId: String, in turn: inout Turn) {
        let old = turn.get(AdvanceFacts.self, requestId) ?? AdvanceFacts()
        var new = old
        var flow = FundBook.Flow()
        switch movement {
        case .disbursed:
            new.paidIn = new.paidIn ?? Month(of: turn.now.date)
            new.paidFen += amountFen
            (flow.disbursed, flow.payments) = (amountFen, 1)
        case .recovered:
            new.settledFen += amountFen
            flow.recovered = amountFen
        case .writtenOff:
            new.settledFen += amountFen
            flow.writtenOff = amountFen
        }
        var fund = turn.get(FundBook.self, FundBook.id) ?? FundBook()
        fund.book(flow, on: turn.now.date)
        fund.follow(from: old, to: new)
        turn.put(new, requestId)
        turn.put(fund, FundBook.id)
    }
}
