import Runtime
import Schema
import Store

/// Letters are edited by two: one proposes, somebody else decides.
extension DeadLetterOffice {
    /// Letters that are edited at once.
    package static let editLimit = 1_000

    /// Edits that somebody means: named ones, or all of a batch.
    package enum EditChoice: Sendable {
        case ids([String])
        case batch(String)
    }

    /// `dead-letters edit`: keeps what letters are to be, where the contract takes it, for somebody else to decide. The letters
    /// stay as they are.
    ///
    /// - Throws: `OfficeFailure` if there are more than `editLimit`, or an id is the beginning of several; `StoreFailure`.
    package func propose(_ choice: Choice, _ order: EditOrder) async throws -> EditProposals {
        let ids = try await edited(choice)
        let batch = ShortId.make()
        var report = EditProposals(batch: batch)
        for start in stride(from: 0, to: ids.count, by: Self.judgedAtOnce) {
            let some = Array(ids[start..<min(start + Self.judgedAtOnce, ids.count)])
            try await propose(some, order, batch, &report)
        }
        return report
    }

    private func edited(_ choice: Choice) async throws -> [String] {
        let (ids, count): ([String], Int)
        switch choice {
        case .ids(let named): (ids, count) = (try await resolve(named), named.count)
        case .search(let search):
            let filter = try await filter(of: search).filter
            count = try await parts.deadLetters.count(filter)
            ids = try await parts.deadLetters.places(filter, after: 0, limit: Self.editLimit).map(\.id)
        }
        guard count <= Self.editLimit else {
            throw OfficeFailure(
                "dead-letters edit: \(count) letters are meant, and at most \(Self.editLimit) are edited at once; choose "
                    + "fewer, e.g. by --from and --until")
        }
        return ids
    }

    private func propose(
        _ ids: [String], _ order: EditOrder, _ batch: String, _ report: inout EditProposals
    ) async throws {
        let rows = try await parts.deadLetters.letters(ids)
        let now = parts.log.wall()
        var edits: [(edit: LetterEdit, row: ParkedLetter)] = []
        for id in ids {
            guard let row = rows[id] else {
                report.add(.init(edit: nil, letter: id, verdict: nil, detail: "no such dead letter"))
                continue
            }
            let editId = ShortId.make()
            do throws(EditedLetter.Refusal) {
                let edited = try EditedLetter(row, order, wall: now, limits: parts.limits)
                guard !SealedDeadLetters.isOverfull(edited.content) else {
                    throw EditedLetter.Refusal(text: "it names more persons than an erasure could find")
                }
                let edit = LetterEdit(
                    id: editId, batch: batch, letter: id, author: parts.log.who.name, at: now, content: edited.content)
                var open = row
                open.letter = edited.letter
                edits.append((edit, open))
            } catch {
                report.add(.init(edit: nil, letter: id, verdict: nil, detail: error.text))
            }
        }
        guard !edits.isEmpty else { return }
        let judgements = try await judge(edits.map(\.row))
        let act = OperatorAct("dead-letters edit", reason: order.reason)
        try await parts.log.propose(edits.map(\.edit), as: act)
        for (one, judgement) in zip(edits, judgements) {
            report.add(
                .init(
                    edit: one.edit.id, letter: one.edit.letter, verdict: judgement.verdict, detail: judgement.detail))
        }
    }

    // MARK: - Looking

    /// `dead-letters edits`: the oldest first.
    ///
    /// - Parameter after: the `next` of the page before.
    package func edits(_ filter: EditFilter, after: Int64, limit: Int) async throws -> EditList {
        let size = min(max(limit, 1), Self.pageLimit)
        let edits = try await parts.deadLetters.edits(filter, after: after, limit: size)
        return EditList(
            edits: edits.map(EditItem.init), total: try await parts.deadLetters.editCount(filter),
            next: edits.count == size ? edits.last?.number : nil)
    }

    /// `dead-letters edits ID`: with what changes, masked. The look is logged.
    ///
    /// - Throws: `OfficeFailure` if there is none; `StoreFailure`.
    package func show(edit id: String) async throws -> EditDetail {
        guard let edit = try await parts.deadLetters.edit(id) else {
            throw OfficeFailure("dead-letters edits \(id): no such edit")
        }
        let act = OperatorAct("dead-letters edits", [.init(AuditLogObject.letter(edit.letter))])
        try await parts.log.write(act)
        guard let content = edit.content, let row = try await parts.deadLetters.get(edit.letter) else {
            return EditDetail(EditItem(edit), row: nil, edited: nil, verdict: nil)
        }
        do throws(EditedLetter.Refusal) {
            let edited = try EditedLetter(row, content: content, wall: edit.at, limits: parts.limits)
            var open = row
            open.letter = edited.letter
            return EditDetail(EditItem(edit), row: row, edited: edited, verdict: try await rejudge(open))
        } catch {
            return EditDetail(EditItem(edit), row: nil, edited: nil, verdict: "it cannot be approved: \(error.text)")
        }
    }

    private func rejudge(_ row: ParkedLetter) async throws(EditedLetter.Refusal) -> String {
        do {
            let (verdict, detail) = try await verdict(row)
            return "\(verdict.rawValue): \(detail)"
        } catch {
            throw EditedLetter.Refusal(text: "\(error)")
        }
    }

    // MARK: - Deciding

    /// `dead-letters approve`: in one transaction the old letter is closed and the edited one stands in its place, open.
    /// Nobody approves what is their own.
    package func approve(_ choice: EditChoice) async throws -> EditDecisions {
        try await decide(choice, "approve", reason: nil) { edit, row, now throws(EditedLetter.Refusal) in
            // However they write it.
            guard MatterKey(edit.author) != MatterKey(parts.log.who.name) else {
                throw EditedLetter.Refusal(text: "its author cannot approve it; somebody else has to")
            }
            guard row.state == .open else { throw EditedLetter.Refusal(text: "its letter is \(row.standing.rawValue)") }
            guard let content = edit.content else { throw EditedLetter.Refusal(text: "what was proposed is damaged") }
            let edited = try EditedLetter(row, content: content, wall: now, limits: parts.limits)
            let id = edited.letter.id
            let mark = DeadLetterMark(
                id: edit.letter, version: row.version, state: .discarded, note: "superseded by \(id)", successor: id)
            return EditDecision(
                id: edit.id, state: .approved, operatorName: parts.log.who.name, at: now, mark: mark,
                replacement: edited.letter)
        }
    }

    /// `dead-letters reject`, also by the author.
    package func reject(_ choice: EditChoice, reason: String) async throws -> EditDecisions {
        try await decide(choice, "reject", reason: reason) { edit, _, now in
            EditDecision(id: edit.id, state: .rejected, operatorName: parts.log.who.name, at: now)
        }
    }

    private func decide(
        _ choice: EditChoice, _ verb: String, reason: String?,
        _ decision: (LetterEdit, ParkedLetter, Instant) throws(EditedLetter.Refusal) -> EditDecision
    ) async throws -> EditDecisions {
        var report = EditDecisions(verb: verb)
        switch choice {
        case .ids(let ids):
            for id in ids {
                guard let edit = try await parts.deadLetters.edit(id) else {
                    report.add(.init(edit: id, letter: "-", done: false, detail: "no such edit"))
                    continue
                }
                try await decide([edit], verb, reason: reason, decision, &report)
            }
        case .batch(let batch):
            var position: Int64 = 0
            while true {
                let page = try await parts.deadLetters.edits(
                    EditFilter(state: .proposed, batch: batch), after: position, limit: Self.judgedAtOnce)
                guard let last = page.last else { break }
                position = last.number
                try await decide(page, verb, reason: reason, decision, &report)
            }
            if report.edits.isEmpty { throw OfficeFailure("dead-letters \(verb): nothing of batch \(batch) waits") }
        }
        return report
    }

    private func decide(
        _ edits: [LetterEdit], _ verb: String, reason: String?,
        _ decision: (LetterEdit, ParkedLetter, Instant) throws(EditedLetter.Refusal) -> EditDecision,
        _ report: inout EditDecisions
    ) async throws {
        let rows = try await parts.deadLetters.letters(edits.map(\.letter))
        let now = parts.log.wall()
        let corrected = verb == "approve" ? try await corrected(Array(rows.values)) : [:]
        var decisions: [EditDecision] = []
        var refused: [OperatorAct.Object] = []
        for edit in edits {
            guard edit.state == .proposed, let row = rows[edit.letter] else {
                let detail = "it is \(edit.state.rawValue)" + (edit.decidedBy.map { " by \($0)" } ?? "")
                report.add(.init(edit: edit.id, letter: edit.letter, done: false, detail: detail))
                continue
            }
            do throws(EditedLetter.Refusal) {
                if let stage = corrected[edit.letter] {
                    throw EditedLetter.Refusal(text: Self.correction(taken: stage))
                }
                decisions.append(try decision(edit, row, now))
            } catch {
                report.add(.init(edit: edit.id, letter: edit.letter, done: false, detail: error.text))
                refused.append(.init(AuditLogObject.letter(edit.letter), before: "edit \(edit.id) by \(edit.author)"))
            }
        }
        if !refused.isEmpty {
            var act = OperatorAct("dead-letters \(verb)", refused, reason: reason)
            act.outcome = .refused
            try await parts.log.write(act)
        }
        guard !decisions.isEmpty else { return }
        let act = OperatorAct("dead-letters \(verb)", reason: reason)
        let done = try await parts.log.decide(decisions, as: act)
        let ids = Set(done.map(\.id))
        for decision in decisions where ids.contains(decision.id) {
            guard let edit = edits.first(where: { $0.id == decision.id }) else { continue }
            let detail = decision.replacement.map { "superseded by \($0.id)" } ?? "as it was"
            report.add(.init(edit: edit.id, letter: edit.letter, done: true, detail: detail))
            if let fingerprint = decision.replacement?.fingerprint { report.note(fingerprint) }
        }
        for edit in edits where decisions.contains(where: { $0.id == edit.id }) && !ids.contains(edit.id) {
            report.add(
                .init(
                    edit: edit.id, letter: edit.letter, done: false,
                    detail: "left alone: somebody else has changed it or its letter; look at it again"))
        }
    }
}
