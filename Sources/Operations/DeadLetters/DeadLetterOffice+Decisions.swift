import Runtime
import Schema
import Stages
import Store

/// What is decided about letters by hand.
extension DeadLetterOffice {
    /// `dead-letters discard ID… --reason TEXT`: only rows that are open or sent.
    package func discard(_ ids: [String], reason: String) async throws -> DeadLetterActions {
        try await act(ids, .discard, reason: reason)
    }

    /// `dead-letters restore ID… --reason TEXT`: discarded rows are open again, and those that were sent and never came.
    package func restore(_ ids: [String], reason: String) async throws -> DeadLetterActions {
        try await act(ids, .restore, reason: reason)
    }

    /// What a whole selection can be given to.
    package enum Decision: String, Sendable {
        case discard, restore

        fileprivate var state: DeadLetterState { self == .discard ? .discarded : .open }
        fileprivate var word: String { self == .discard ? "discarded" : "restored" }

        fileprivate func fits(_ state: DeadLetterState, isErased: Bool, isSucceeded: Bool) -> Bool {
            switch self {
            case .discard: state.next.contains(.discarded)
            // In the place of one that was edited stands another.
            case .restore: (state == .discarded && !isErased && !isSucceeded) || state == .sent
            }
        }
    }

    /// The same for all that match now, however many: a dry run unless `execute`, which counts them.
    ///
    /// - Throws: `StoreFailure`: what was done until then is done, and stands in the audit log.
    package func decide(
        _ decision: Decision, _ search: LetterSearch, reason: String, execute: Bool
    ) async throws -> LetterDecision {
        let (filter, left) = try await filter(of: search)
        var result = LetterDecision(decision: decision.rawValue, isExecuted: execute, unindexed: left)
        try await pages(of: filter) { places in
            var fit: [LetterPlace] = []
            for place in places {
                if decision.fits(place.state, isErased: place.isErased, isSucceeded: place.isSucceeded) {
                    fit.append(place)
                } else {
                    result.leave(place)
                }
            }
            guard execute else { return result.add(fit.count, of: fit.count) }
            let marks = fit.map {
                DeadLetterMark(id: $0.id, version: $0.version, state: decision.state, note: reason)
            }
            let states = Dictionary(fit.map { ($0.id, $0.state.rawValue) }) { $1 }
            let done = try await mark(marks, before: states, decision.rawValue, reason: reason)
            result.add(done.count, of: fit.count)
        }
        return result
    }

    private func act(_ ids: [String], _ decision: Decision, reason: String) async throws -> DeadLetterActions {
        var actions: [DeadLetterAction] = []
        for id in try await resolve(ids) {
            guard let row = try await parts.deadLetters.get(id) else {
                actions.append(DeadLetterAction(id: id, done: false, detail: "no such dead letter"))
                continue
            }
            guard decision.fits(row.state, isErased: row.isErased, isSucceeded: row.successor != nil) else {
                let detail = "left alone: it is \(row.isErased ? "erased" : row.standing.rawValue)"
                actions.append(DeadLetterAction(id: id, done: false, detail: detail))
                continue
            }
            let mark = DeadLetterMark(id: id, version: row.version, state: decision.state, note: reason)
            let moved = try await !self.mark([mark], [row], decision.rawValue, reason: reason).isEmpty
            let detail = moved ? decision.word : "left alone: somebody else has changed it"
            actions.append(DeadLetterAction(id: id, done: moved, detail: detail))
        }
        return DeadLetterActions(actions: actions)
    }

    /// `dead-letters note ID TEXT`: kept in the letter's history, whatever state it is in.
    ///
    /// - Throws: also `OfficeFailure` if there is none. If somebody else has just changed it, it is left alone.
    package func note(_ id: String, _ text: String) async throws -> DeadLetterActions {
        let row = try await existing(id, "note")
        // The text lies sealed in the log, not in a column.
        let mark = DeadLetterMark(id: row.letter.id, version: row.version, state: nil)
        let changed = try await self.mark([mark], [row], "note", reason: text)
        return DeadLetterActions(
            actions: [Self.action(changed, row, "noted")])
    }

    /// `dead-letters assign ID OPERATOR`: who sees to it; an empty name: nobody.
    ///
    /// - Throws: also `OfficeFailure` if there is none. If somebody else has just changed it, it is left alone.
    package func assign(_ id: String, to name: String) async throws -> DeadLetterActions {
        let row = try await existing(id, "assign")
        let mark = DeadLetterMark(id: row.letter.id, version: row.version, state: nil, assignee: name)
        let act = OperatorAct("dead-letters assign")
        let before = row.assignee ?? "nobody"
        let changed = try await parts.log.mark([mark], as: act) { after in
            .init(AuditLogObject.letter(after.letter.id), before: before, after: after.assignee ?? "nobody")
        }
        return DeadLetterActions(
            actions: [Self.action(changed, row, name.isEmpty ? "assigned to nobody" : "assigned to \(name)")])
    }

    private func existing(_ id: String, _ verb: String) async throws -> ParkedLetter {
        guard let row = try await row(id) else {
            throw OfficeFailure("dead-letters \(verb) \(id): no such dead letter")
        }
        return row
    }

    private static func action(
        _ changed: [ParkedLetter], _ row: ParkedLetter, _ word: String
    ) -> DeadLetterAction {
        let detail = changed.isEmpty ? "left alone: somebody else has changed it; look at it again" : word
        return DeadLetterAction(id: row.letter.id, done: !changed.isEmpty, detail: detail)
    }

    /// Marks, and writes that into the audit log.
    func mark(
        _ marks: [DeadLetterMark], _ before: [ParkedLetter], _ verb: String, reason: String?
    ) async throws -> [ParkedLetter] {
        let states = Dictionary(before.map { ($0.letter.id, $0.state.rawValue) }) { $1 }
        return try await mark(marks, before: states, verb, reason: reason)
    }

    private func mark(
        _ marks: [DeadLetterMark], before states: [String: String], _ verb: String, reason: String?
    ) async throws -> [ParkedLetter] {
        let act = OperatorAct("dead-letters \(verb)", reason: reason)
        return try await parts.log.mark(marks, as: act) { after in
            let id = after.letter.id
            return .init(AuditLogObject.letter(id), before: states[id], after: after.state.rawValue)
        }
    }

    /// `dead-letters refresh`: what was sent and has been taken since is resolved; what has died again says so.
    package func refresh() async throws -> DeadLetterActions {
        var filter = DeadLetterFilter()
        filter.state = .sent
        var actions: [DeadLetterAction] = []
        try await pages(of: filter) { places in
            let rows = try await parts.deadLetters.letters(places.map(\.id))
            let sent = places.compactMap { rows[$0.id] }.filter { $0.state == .sent }
            let fates = try await fates(
                of: sent.map { LetterOnItsWay($0, to: takers(of: $0.letter)) })
            for row in sent {
                guard let fate = fates[row.letter.id] else { continue }
                let mark = DeadLetterMark(
                    id: row.letter.id, version: row.version, state: .resolved, note: fate.note,
                    successor: fate.successor)
                let moved = try await !self.mark([mark], [row], "refresh", reason: nil).isEmpty
                actions.append(DeadLetterAction(id: row.letter.id, done: moved, detail: fate.note))
            }
        }
        return DeadLetterActions(actions: actions)
    }
}
