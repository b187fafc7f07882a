import Broker
import Runtime
import Schema
import Stages
import Store

extension DeadLetterOffice {
    /// Which letters somebody means: named ones, or what matches.
    package enum Choice: Sendable {
        case ids([String])
        case search(LetterSearch)
    }

    /// How many letters of a dry run are told of one by one.
    package static let listedLimit = 50
    /// Bodies of so many letters are in memory.
    static let judgedAtOnce = 50

    /// `dead-letters replay`: what sending them again would lead to, of all of them, whatever their number. Changes nothing.
    ///
    /// - Parameter progress: gets how many were judged, and of how many.
    /// - Throws: `StoreFailure`; also `OfficeFailure` if an id is the beginning of several.
    package func rehearse(
        _ choice: Choice, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws -> ReplayRehearsal {
        var report = ReplayRehearsal()
        switch choice {
        case .ids(let ids):
            let whole = try await resolve(ids)
            for start in stride(from: 0, to: whole.count, by: Self.judgedAtOnce) {
                try await rehearse(Array(whole[start..<min(start + Self.judgedAtOnce, whole.count)]), into: &report)
            }
        case .search(let search):
            let (filter, left) = try await filter(of: search)
            report.unindexed = left
            let total = try await parts.deadLetters.count(filter)
            try await pages(of: filter) { places in
                let ids = places.map(\.id)
                for start in stride(from: 0, to: ids.count, by: Self.judgedAtOnce) {
                    try await rehearse(Array(ids[start..<min(start + Self.judgedAtOnce, ids.count)]), into: &report)
                }
                progress(report.total, total)
            }
        }
        return report
    }

    private func rehearse(_ ids: [String], into report: inout ReplayRehearsal) async throws {
        let rows = try await parts.deadLetters.letters(ids)
        var judgements = try await judge(ids.compactMap { rows[$0] }).makeIterator()
        for id in ids {
            let judgement = rows[id] == nil ? nil : judgements.next()
            report.add(id, judgement ?? Judgement(.unknown, "no such dead letter"))
        }
    }

    /// Identity from the body, which is the truth; of the old headers the number of replays, and under which key it was
    /// published first, as that must still fit it.
    static func properties(of row: ParkedLetter, _ event: Event) -> MessageProperties {
        var properties = MessageProperties.of(event)
        properties.headers += [
            HeaderField(replayOf, .string(row.letter.id)),
            HeaderField(FailureHeader.replays, .int(replayNumber(of: row))),
        ]
        if !row.letter.exchange.isEmpty {
            properties.headers += [
                HeaderField(FailureHeader.exchange, .string(row.letter.exchange)),
                HeaderField(FailureHeader.routingKey, .string(row.letter.routingKey)),
            ]
        }
        return properties
    }

    /// The how manieth replay of its event a row that is marked `sent` is; the row of its death is told from others by it.
    static func replayNumber(of row: ParkedLetter) -> Int64 {
        let before = DeadLetterDetail.json(row.letter.headers)?[FailureHeader.replays]?.int ?? 0
        let count = min(max(before, 0), FailureHistory.mostReplays) + max(row.replays, 1)
        // A number that whoever reads it would cut back would be the number of this row.
        return count > FailureHistory.mostReplays ? 1 : count
    }

    /// The header that names the dead letter.
    package static let replayOf = "x-replay-of"
}

/// What a replay would lead to.
package struct ReplayRehearsal: OperationReport, Codable, Hashable {
    package struct Count: Sendable, Hashable, Codable {
        package let verdict: ReplayVerdict
        package let why: String
        package fileprivate(set) var count: Int
    }

    package struct Letter: Sendable, Hashable, Codable {
        package let id: String
        package let verdict: ReplayVerdict
        package let detail: String
    }

    /// Of all letters, by verdict and reason.
    package private(set) var counts: [Count] = []
    /// The first of them, in the order in which they would be sent.
    package private(set) var letters: [Letter] = []
    package private(set) var total = 0
    package fileprivate(set) var unindexed = 0

    fileprivate mutating func add(_ id: String, _ judgement: DeadLetterOffice.Judgement) {
        total += 1
        if letters.count < DeadLetterOffice.listedLimit {
            letters.append(Letter(id: id, verdict: judgement.verdict, detail: judgement.detail))
        }
        if let index = counts.firstIndex(where: { $0.verdict == judgement.verdict && $0.why == judgement.why }) {
            counts[index].count += 1
        } else {
            counts.append(Count(verdict: judgement.verdict, why: judgement.why, count: 1))
            counts.sort { one, other in
                let order = ReplayVerdict.allCases
                let (a, b) = (order.firstIndex(of: one.verdict) ?? 0, order.firstIndex(of: other.verdict) ?? 0)
                return a == b ? one.why < other.why : a < b
            }
        }
    }

    package var text: String {
        guard total > 0 else { return (["Nothing to do."] + Unindexed.lines(unindexed)).joined(separator: "\n") }
        var sums = TextTable("VERDICT", "WHY", ">COUNT")
        for one in counts { sums.add(one.verdict.rawValue, one.why, String(one.count)) }
        var list = TextTable("ID", "VERDICT", "DETAIL")
        for one in letters { list.add(one.id, one.verdict.rawValue, one.detail) }
        let end = [
            "\(total) letters; the first \(letters.count) are listed.",
            "A dry run: nothing was sent. Say --execute to send what is safe.",
        ]
        return (sums.lines + [""] + list.lines + end + Unindexed.lines(unindexed)).joined(separator: "\n")
    }
}
