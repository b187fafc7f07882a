import Schema
import Store

/// A dead letter in a list: what is known of it, without body and headers.
package struct DeadLetterItem: Sendable, Hashable, Codable {
    package let id: String
    package let state: LetterStanding
    package let queue: String
    package let failureClass: String
    package let code: String
    package let message: String
    package let fingerprint: String
    /// Where the first fault is, and the rule that it breaks; nil: it is about no place.
    package let fault: String?
    package let type: String?
    package let source: String?
    package let eventId: String?
    package let caseId: String?
    package let attempts: Int64
    package let replays: Int64
    package let firstAt: Instant
    package let lastAt: Instant
    package let parkedAt: Instant
    package let note: String?
    package let assignee: String?
    /// The letter that has taken its place.
    package let successor: String?

    package init(_ row: ParkedLetter) {
        let letter = row.letter
        id = letter.id
        state = row.standing
        queue = letter.queue
        failureClass = letter.failureClass
        code = letter.code
        message = letter.message
        fingerprint = letter.fingerprint
        fault = letter.rule.isEmpty ? nil : "\(letter.pointer.isEmpty ? "/" : letter.pointer) \(letter.rule)"
        type = letter.type
        source = letter.source
        eventId = letter.eventId
        caseId = letter.caseId
        attempts = letter.attempts
        replays = row.replays
        firstAt = letter.firstAt
        lastAt = letter.lastAt
        parkedAt = row.parkedAt
        note = row.note
        assignee = row.assignee
        successor = row.successor
    }
}

package struct DeadLetterList: OperationReport, Codable, Hashable {
    package let letters: [DeadLetterItem]
    /// How many match in all.
    package let total: Int
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: Int64?
    /// Letters that cannot be found by what they name, as they are not indexed yet.
    package let unindexed: Int

    package var text: String {
        guard !letters.isEmpty else {
            return (["No dead letters match."] + Unindexed.lines(unindexed)).joined(separator: "\n")
        }
        var table = TextTable(
            "ID", "STATE", "QUEUE", "CLASS", "CODE", "FAULT", "TYPE", "SOURCE", "EVENT", "CASE", "WHO", ">ATTEMPTS",
            "LAST FAILURE")
        for one in letters {
            table.add(
                one.id, one.state.rawValue, one.queue, one.failureClass, one.code, one.fault ?? "-", one.type ?? "-",
                one.source ?? "-", one.eventId ?? "-", one.caseId ?? "-", one.assignee ?? "-", String(one.attempts),
                one.lastAt.description)
        }
        var lines = table.lines + ["\(letters.count) of \(total) that match."]
        if let next { lines.append("More: --after \(next)") }
        return (lines + Unindexed.lines(unindexed)).joined(separator: "\n")
    }
}

/// What was done about one dead letter.
package struct DeadLetterAction: Sendable, Hashable, Codable {
    package let id: String
    package let done: Bool
    package let detail: String
}

package struct DeadLetterActions: OperationReport, Codable, Hashable {
    package let actions: [DeadLetterAction]

    package init(actions: [DeadLetterAction]) {
        self.actions = actions
    }

    /// 1 if something that was to be done was not.
    package var exitCode: Int32 { actions.contains { !$0.done } ? 1 : 0 }

    package var text: String {
        guard !actions.isEmpty else { return "Nothing to do." }
        var table = TextTable("ID", "DONE", "DETAIL")
        for one in actions { table.add(one.id, one.done ? "yes" : "no", one.detail) }
        return table.lines.joined(separator: "\n")
    }
}

/// What was, or would be, decided about a whole selection.
package struct LetterDecision: OperationReport, Codable, Hashable {
    /// discard, restore
    package let decision: String
    /// false: a dry run.
    package let isExecuted: Bool
    /// For how many it was done; in a dry run for how many it would be.
    package private(set) var done = 0
    /// Those that somebody else changed meanwhile.
    package private(set) var changed = 0
    /// Those that it cannot be done with, by state.
    package private(set) var left: [Figure] = []
    package let unindexed: Int

    init(decision: String, isExecuted: Bool, unindexed: Int) {
        (self.decision, self.isExecuted, self.unindexed) = (decision, isExecuted, unindexed)
    }

    mutating func add(_ done: Int, of wanted: Int) {
        self.done += done
        changed += wanted - done
    }

    mutating func leave(_ place: LetterPlace) {
        let standing = LetterStanding(place.state, isSucceeded: place.isSucceeded).rawValue
        let state = place.isErased ? "erased" : standing
        let count = (left.first { $0.name == state }?.value ?? 0) + 1
        left = (left.filter { $0.name != state } + [Figure(state, Int(count))]).sorted { $0.name < $1.name }
    }

    package var exitCode: Int32 { changed > 0 ? 1 : 0 }

    package var text: String {
        var lines = ["\(decision): \(done) letters" + (isExecuted ? " done." : " would be.")]
        if !left.isEmpty {
            lines.append("Left alone: " + left.map { "\($0.value) \($0.name)" }.joined(separator: ", ") + ".")
        }
        if changed > 0 { lines.append("\(changed) were changed by somebody else meanwhile; look at them again.") }
        if !isExecuted { lines.append("A dry run: nothing was changed. Say --execute to do it.") }
        return (lines + Unindexed.lines(unindexed)).joined(separator: "\n")
    }
}
