import Runtime
import Schema
import Store

/// How many letters of an operation stand how.
package struct OperationCounts: Sendable, Hashable {
    private var counts: [Key: Int] = [:]

    private struct Key: Sendable, Hashable {
        let state: OperationItem.State
        let verdict: String
        let detail: String
    }

    init(_ kept: [OperationCount]) {
        for one in kept { counts[Key(state: one.state, verdict: one.verdict, detail: one.detail)] = one.count }
    }

    subscript(state: OperationItem.State) -> Int {
        counts.reduce(0) { $0 + ($1.key.state == state ? $1.value : 0) }
    }

    /// Ascending by state in the order of their course, then verdict and detail.
    var all: [OperationCount] {
        let order = OperationItem.State.allCases
        return counts.filter { $0.value > 0 }.map {
            OperationCount(state: $0.key.state, verdict: $0.key.verdict, detail: $0.key.detail, count: $0.value)
        }.sorted { one, other in
            let (a, b) = (order.firstIndex(of: one.state) ?? 0, order.firstIndex(of: other.state) ?? 0)
            return a == b ? (one.verdict, one.detail) < (other.verdict, other.detail) : a < b
        }
    }

    mutating func move(_ item: OperationItem, to next: OperationItem) {
        counts[Key(state: item.state, verdict: item.verdict, detail: item.detail), default: 0] -= 1
        counts[Key(state: next.state, verdict: next.verdict, detail: next.detail), default: 0] += 1
    }
}

/// An operation as people see it.
package struct OperationView: OperationReport, Codable, Hashable {
    /// Letters of the operation that came to the same.
    package struct Count: Sendable, Hashable, Codable {
        package let state: OperationItem.State
        package let verdict: String
        package let why: String
        package let count: Int
    }

    package let id: String
    package let verb: String
    package let state: LetterOperation.State
    /// Why it is paused or stopped; nil: it is not.
    package let cause: String?
    /// Who began it.
    package let operatorName: String
    package let begunAt: Instant
    /// Letters a second, at most.
    package let rate: Int64
    /// How many letters are sent before all of them must have their outcome; 0: the rest.
    package let step: Int64
    package let total: Int64
    /// The process that runs it; nil: none does.
    package let runner: String?
    package let counts: [Count]
    /// Of what it still has to do: whose turn has not come, and what is under way.
    package let left: Int
    private let isBrokerAway: Bool

    private enum CodingKeys: String, CodingKey {
        case id, verb, state, cause, operatorName = "operator", begunAt, rate, step, total, runner, counts, left
        case isBrokerAway
    }

    init(
        _ operation: LetterOperation, _ counts: OperationCounts, wall: Instant, isBrokerAway: Bool = false
    ) {
        (id, verb, state) = (operation.id, operation.verb, operation.state)
        cause = operation.cause.isEmpty ? nil : operation.cause
        (operatorName, begunAt) = (operation.operatorName, operation.at)
        (rate, step, total) = (operation.rate, operation.step, operation.total)
        runner = operation.isRun(at: wall) ? operation.runner : nil
        self.counts = counts.all.map {
            Count(state: $0.state, verdict: $0.verdict, why: $0.detail, count: $0.count)
        }
        left = counts[.waiting] + counts[.claimed] + counts[.sent]
        self.isBrokerAway = isBrokerAway
    }

    package subscript(state: OperationItem.State) -> Int {
        counts.reduce(0) { $0 + ($1.state == state ? $1.count : 0) }
    }

    /// 0: it is done, and every letter has arrived or had already; 69: the broker is away; else 1.
    package var exitCode: Int32 {
        if isBrokerAway { return 69 }
        let isGood = counts.allSatisfy { count in
            count.state == .applied || count.verdict == ReplayVerdict.alreadyDone.rawValue
        }
        return state == .done && isGood ? 0 : 1
    }

    /// Of a running one that no process runs.
    var stateWords: String {
        state == .running && runner == nil ? "running, and nobody runs it: resume" : state.rawValue
    }

    /// `12 applied, 30 skipped`
    package var summary: String {
        let parts = OperationItem.State.allCases.compactMap { state in
            self[state] == 0 ? nil : "\(self[state]) \(state.rawValue)"
        }
        return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }

    /// For people: how far the canary is.
    private var stepWords: String {
        switch step {
        case 0: "the rest"
        case 1: "canary: one letter"
        default: "canary: \(step) letters"
        }
    }

    package var text: String {
        var table = TextTable("", "")
        for (name, value) in [
            ("operation", id), ("verb", verb), ("state", stateWords), ("why", cause ?? "-"), ("who", operatorName),
            ("begun", begunAt.description), ("rate", "\(rate)/s"), ("step", stepWords),
            ("letters", "\(total): \(summary)"),
        ] {
            table.add(name, value)
        }
        if let runner { table.add("run by", runner) }
        var lines = table.lines
        if !counts.isEmpty {
            var list = TextTable("STATE", "VERDICT", "WHY", ">COUNT")
            for one in counts {
                list.add(
                    one.state.rawValue, one.verdict.isEmpty ? "-" : one.verdict, one.why.isEmpty ? "-" : one.why,
                    String(one.count))
            }
            lines += [""] + list.lines
        }
        if !state.hasEnded, runner == nil { lines += ["", "To go on: recourse operations resume \(id)"] }
        return lines.joined(separator: "\n")
    }
}

/// `operations show`
package struct OperationDetail: OperationReport, Encodable, Hashable {
    package struct Item: Sendable, Hashable, Codable {
        package let position: Int64
        package let letter: String
        package let state: OperationItem.State
        package let verdict: String?
        package let why: String?

        init(_ item: OperationItem) {
            (position, letter, state) = (item.position, item.letter, item.state)
            verdict = item.verdict.isEmpty ? nil : item.verdict
            why = item.detail.isEmpty ? nil : item.detail
        }
    }

    package let operation: OperationView
    package let items: [Item]
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: Int64?
    /// What was done about the operation, the oldest first.
    package let history: [AuditLogItem]

    package var text: String {
        var lines = [operation.text]
        if !items.isEmpty {
            var table = TextTable(">#", "LETTER", "STATE", "VERDICT", "WHY")
            for one in items {
                table.add(
                    String(one.position), one.letter, one.state.rawValue, one.verdict ?? "-", one.why ?? "-")
            }
            lines += [""] + table.lines
            if let next { lines.append("More: --after \(next)") }
        }
        if !history.isEmpty { lines += [""] + AuditLogItem.table(history, withObjects: false) }
        return lines.joined(separator: "\n")
    }
}

/// `operations list`
package struct OperationList: OperationReport, Codable, Hashable {
    /// The newest first.
    package let operations: [OperationView]
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: Int64?

    package var text: String {
        guard !operations.isEmpty else { return "No operations." }
        var table = TextTable("ID", "STATE", "VERB", "WHO", "BEGUN", ">TOTAL", ">LEFT", "WHY")
        for one in operations {
            table.add(
                one.id, one.stateWords, one.verb, one.operatorName, one.begunAt.description, String(one.total),
                String(one.left), one.cause ?? "-")
        }
        return (table.lines + (next.map { ["More: --after \($0)"] } ?? [])).joined(separator: "\n")
    }
}
