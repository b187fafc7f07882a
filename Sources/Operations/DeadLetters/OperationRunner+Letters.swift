import Broker
import Runtime
import Schema
import Store

extension OperationRunner {
    /// A letter that is to be published, marked already.
    private struct Outgoing {
        let item: OperationItem
        let row: ParkedLetter
        let judgement: DeadLetterOffice.Judgement
    }

    private func act(_ detail: String? = nil) -> OperatorAct {
        var act = OperatorAct(Self.verb)
        act.detail = "operation \(operation.id)" + (detail.map { ": \($0)" } ?? "")
        return act
    }

    private static func changed(from before: DeadLetterState) -> @Sendable (ParkedLetter) -> OperatorAct.Object {
        { .init(AuditLogObject.letter($0.letter.id), before: before.rawValue, after: $0.standing.rawValue) }
    }

    // MARK: - Sending

    /// Looks at the next letters, and sends those that are safe.
    mutating func claim(_ count: Int) async throws {
        let letters = office.parts.deadLetters
        // Bodies are in memory: no more than are judged at once. What is not to be sent is passed over on the way.
        let items = try await letters.operationItems(
            operation.id, in: [.waiting], after: 0, limit: DeadLetterOffice.judgedAtOnce)
        guard !items.isEmpty else { return plan.claimed(0, sent: 0, at: ports.wall()) }
        let rows = try await letters.letters(items.map(\.letter))
        let all = items.compactMap { item in rows[item.letter].map { (item, $0) } }
        let verdicts = try await office.judge(all.map(\.1))
        let sendable = zip(all, verdicts).filter { $1.verdict == .safe }.map(\.0.0.position)
        let end = sendable.count > count ? sendable[count] : .max
        let some = items.filter { $0.position < end }
        let (found, judgements) = (
            all.filter { $0.0.position < end }, zip(all, verdicts).filter { $0.0.0.position < end }.map(\.1)
        )
        let safe = Set(judgements.filter { $0.verdict == .safe }.flatMap(\.stages))
        if try await isBlocked(safe) { return }
        var next: [OperationItem] = []
        var marks: [DeadLetterMark] = []
        for ((item, row), judgement) in zip(found, judgements) {
            var item = item
            (item.verdict, item.detail) = (judgement.verdict.rawValue, judgement.why)
            item.state = judgement.verdict == .safe ? .claimed : .skipped
            item.fingerprint = row.letter.fingerprint
            next.append(item)
            switch judgement.verdict {
            case .safe:
                marks.append(DeadLetterMark(id: item.letter, version: row.version, state: .sent, note: row.note))
            case .alreadyDone where row.state == .open:
                marks.append(
                    DeadLetterMark(
                        id: item.letter, version: row.version, state: .resolved, note: judgement.detail))
            case .alreadyDone, .stillRefused, .unknown: break
            }
        }
        // A letter that is nowhere any more.
        for item in some where rows[item.letter] == nil {
            var item = item
            (item.state, item.detail) = (.skipped, "there is no such dead letter any more")
            next.append(item)
        }
        let words = AuditLog.Words(letters: act(), object: Self.changed(from: .open))
        guard let kept = try await keep(OperationChange(renewed, items: next, marks: marks), saying: words) else {
            return
        }
        let before = Dictionary(some.map { ($0.position, $0) }) { first, _ in first }
        for item in kept.items { if let was = before[item.position] { counts.move(was, to: item) } }
        let marked = Dictionary(kept.letters.map { ($0.letter.id, $0) }) { $1 }
        let judged = Dictionary(zip(found.map(\.0.letter), judgements)) { first, _ in first }
        let outgoing = kept.items.compactMap { item -> Outgoing? in
            guard item.state == .claimed, let row = marked[item.letter], let judgement = judged[item.letter] else {
                return nil
            }
            return Outgoing(item: item, row: row, judgement: judgement)
        }
        plan.claimed(some.count, sent: outgoing.count, at: ports.wall())
        for one in outgoing {
            underWay[one.item.letter] = UnderWay(
                item: one.item, letter: LetterOnItsWay(one.row, to: one.judgement.stages),
                isInherited: false)
        }
        try await publish(outgoing)
    }

    /// Publishes letters that are claimed; what the broker does not take is open again.
    private mutating func publish(_ outgoing: [Outgoing]) async throws {
        guard !outgoing.isEmpty else { return }
        let messages = outgoing.compactMap { one -> ConfirmedPublisher.Message? in
            guard let event = one.judgement.event else { return nil }
            return ConfirmedPublisher.Message(
                exchange: one.judgement.exchange, routingKey: one.judgement.routingKey, mandatory: true,
                properties: DeadLetterOffice.properties(of: one.row, event), body: one.row.letter.body)
        }
        let outcomes: [ConfirmedPublisher.Outcome]
        do {
            guard let publish = office.parts.publish else {
                throw BrokerFailure(.timeout, operation: "publish", cause: "there is no broker")
            }
            outcomes = try await publish(messages)
        } catch let failure as BrokerFailure {
            // They may have arrived all the same: they stay claimed, and are looked for.
            return meet(failure)
        }
        var items: [OperationItem] = []
        var marks: [DeadLetterMark] = []
        for (one, outcome) in zip(outgoing, outcomes) {
            var item = one.item
            switch outcome {
            case .confirmed: item.state = .sent
            case .returned(let text):
                (item.state, item.detail) = (.failed, "no queue took it")
                marks.append(
                    DeadLetterMark(
                        id: item.letter, version: one.row.version, state: .open,
                        note: "sending it again failed: no queue took it: \(text)"))
            }
            items.append(item)
        }
        let words = AuditLog.Words(letters: act("no queue took it"), object: Self.changed(from: .sent))
        guard try await keep(OperationChange(renewed, items: items, marks: marks), saying: words) != nil else { return }
        for item in items {
            guard let was = underWay[item.letter] else { continue }
            counts.move(was.item, to: item)
            underWay[item.letter]?.item = item
            if item.state == .failed { end(item.letter, .failed) }
        }
    }

    /// What another process had claimed, and is nowhere, goes out once more; what the broker has confirmed lies in the stage's
    /// queue. What must not go any more is open again.
    mutating func sendAgain() async throws {
        let left = underWay.values.filter { $0.isInherited && $0.item.state == .claimed }
            .sorted { $0.item.position < $1.item.position }
        for start in stride(from: 0, to: left.count, by: DeadLetterOffice.judgedAtOnce) {
            let some = Array(left[start..<min(start + DeadLetterOffice.judgedAtOnce, left.count)])
            let rows = try await office.parts.deadLetters.letters(some.map(\.item.letter))
            let sent = some.filter { rows[$0.item.letter]?.state == .sent }
            let judgements = try await office.judge(
                sent.compactMap { rows[$0.item.letter] }.map { row in
                    var open = row
                    open.state = .open
                    return open
                })
            let safe = Set(judgements.filter { $0.verdict == .safe }.flatMap(\.stages))
            if try await isBlocked(safe) { return }
            var outgoing: [Outgoing] = []
            var back: [OperationItem] = []
            var marks: [DeadLetterMark] = []
            for (one, judgement) in zip(sent, judgements) {
                guard let row = rows[one.item.letter] else { continue }
                if judgement.verdict == .safe {
                    outgoing.append(Outgoing(item: one.item, row: row, judgement: judgement))
                } else if judgement.verdict != .alreadyDone {
                    var item = one.item
                    (item.state, item.verdict, item.detail) = (.skipped, judgement.verdict.rawValue, judgement.why)
                    back.append(item)
                    let note = "not sent again: \(judgement.detail)"
                    marks.append(DeadLetterMark(id: item.letter, version: row.version, state: .open, note: note))
                }
            }
            if !back.isEmpty {
                let words = AuditLog.Words(letters: act(), object: Self.changed(from: .sent))
                guard try await keep(OperationChange(renewed, items: back, marks: marks), saying: words) != nil else {
                    return
                }
                for item in back {
                    if let was = underWay[item.letter] { counts.move(was.item, to: item) }
                    end(item.letter, .lost)
                }
            }
            try await publish(outgoing)
            if brokerFailure != nil { return }
        }
        plan.sentAgain(at: ports.wall())
        for (id, one) in underWay where one.isInherited {
            underWay[id] = UnderWay(item: one.item, letter: one.letter, isInherited: false)
        }
    }

    // MARK: - Settling

    private mutating func end(_ letter: String, _ outcome: ReplayPlan.Outcome) {
        guard let one = underWay.removeValue(forKey: letter) else { return }
        plan.settled(outcome, wasInherited: one.isInherited, at: ports.wall())
    }

    /// Looks for what has become of the letters under way.
    mutating func settle() async throws {
        guard !underWay.isEmpty else { return }
        let all = underWay.values.sorted { $0.item.position < $1.item.position }
        // What somebody else has done to a letter tells too; that is looked at where nothing else is heard for long.
        let silent = plan.isSilent(at: ports.wall())
        let hasDeaths = try await hasNewDeaths()
        try await noteStages()
        let fates = try await office.fates(of: all.map(\.letter), deaths: hasDeaths || silent)
        let asked = all.filter { silent || fates[$0.item.letter] != nil }
        for start in stride(from: 0, to: asked.count, by: DeadLetterOffice.judgedAtOnce) {
            let some = Array(asked[start..<min(start + DeadLetterOffice.judgedAtOnce, asked.count)])
            guard try await settle(some, fates) else { return }
        }
    }

    /// - Returns: whether the operation is still this process's.
    private mutating func settle(_ some: [UnderWay], _ fates: [String: LetterFate]) async throws -> Bool {
        let rows = try await office.parts.deadLetters.letters(some.map(\.item.letter))
        var items: [OperationItem] = []
        var outcomes: [ReplayPlan.Outcome] = []
        var marks: [DeadLetterMark] = []
        for one in some {
            let row = rows[one.item.letter]
            guard let (item, outcome) = Self.outcome(of: one, row, fates[one.item.letter]) else { continue }
            items.append(item)
            outcomes.append(outcome)
            if let row, row.state == .sent, let fate = fates[item.letter] {
                marks.append(
                    DeadLetterMark(
                        id: item.letter, version: row.version, state: .resolved, note: fate.note,
                        successor: fate.successor))
            }
        }
        if items.isEmpty { return true }
        let words = AuditLog.Words(letters: act(), object: Self.changed(from: .sent))
        guard try await keep(OperationChange(renewed, items: items, marks: marks), saying: words) != nil else {
            return false
        }
        for (item, outcome) in zip(items, outcomes) {
            if let was = underWay[item.letter] { counts.move(was.item, to: item) }
            end(item.letter, outcome)
        }
        return true
    }

    /// Pure; nil: nothing is known yet.
    private static func outcome(
        of one: UnderWay, _ row: ParkedLetter?, _ fate: LetterFate?
    ) -> (OperationItem, ReplayPlan.Outcome)? {
        var item = one.item
        switch fate {
        case .taken?:
            (item.state, item.detail) = (.applied, "")
            return (item, .applied)
        case .died(let fingerprint, _)?:
            let isSame = fingerprint == item.fingerprint
            (item.state, item.detail) = (.diedAgain, isSame ? "of the same" : "of something else: \(fingerprint)")
            return (item, .diedAgain(fingerprint: fingerprint, isSame: isSame))
        case nil: break
        }
        switch row?.standing {
        case .sent: return nil
        case .resolved:
            (item.state, item.detail) = (.applied, "")
            return (item, .applied)
        case .open, .discarded, .superseded, .diedAgain, nil:
            item.state = .skipped
            item.detail = OperationChange.takenByAnother
            return (item, .lost)
        }
    }
}
