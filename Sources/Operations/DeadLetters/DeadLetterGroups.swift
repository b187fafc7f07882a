import Runtime
import Schema
import Store

/// Dead letters of one kind: the same fault, of the same class, at the same place of the document, at one stage.
package struct DeadLetterGroup: Sendable, Hashable, Codable {
    package let fingerprint: String
    package let queue: String
    package let failureClass: String
    package let code: String
    /// The place and the rule of the first fault; nil: it is about no place.
    package let fault: String?
    package let cause: String
    package let cure: String
    /// The first of the sources in the order of their letters, and how many there are; so too the types.
    package let source: String?
    package let sources: Int
    package let type: String?
    package let types: Int
    package let count: Int
    package let open: Int
    package let firstAt: Instant
    package let lastAt: Instant
    /// The newest of them.
    package let example: String
    /// What sending again would lead to, of the newest open ones.
    package let verdicts: [Figure]
    /// How many of the open ones were judged.
    package let judged: Int

    init(_ group: LetterGroup, example: String, verdicts: [ReplayVerdict]) {
        fingerprint = group.fingerprint
        queue = group.queue
        failureClass = group.failureClass
        code = group.code
        fault = group.rule.isEmpty ? nil : "\(group.pointer.isEmpty ? "/" : group.pointer) \(group.rule)"
        let explanation = LetterCause(code: group.code, fault: fault)
        (cause, cure) = (explanation.cause, explanation.cure)
        (source, sources, type, types) = (group.source, group.sources, group.type, group.types)
        (count, open, firstAt, lastAt) = (group.count, group.open, group.firstAt, group.lastAt)
        self.example = example
        judged = verdicts.count
        self.verdicts = ReplayVerdict.allCases.compactMap { verdict in
            let count = verdicts.count { $0 == verdict }
            return count == 0 ? nil : Figure(verdict.rawValue, count)
        }
    }

    fileprivate static func several(_ first: String?, _ count: Int) -> String {
        guard let first else { return "-" }
        return count > 1 ? "\(first) and \(count - 1) more" : first
    }

    fileprivate var verdictWords: String {
        if judged == 0 { return open == 0 ? "-" : "not judged" }
        let counts = verdicts.map { "\($0.value) \($0.name)" }.joined(separator: ", ")
        return judged < open ? "\(counts) (of the newest \(judged))" : counts
    }
}

package struct DeadLetterGroups: OperationReport, Codable, Hashable {
    /// The largest first.
    package let groups: [DeadLetterGroup]
    /// How many there are in all.
    package let total: Int
    /// How many letters match, in all groups.
    package let letters: Int
    package let unindexed: Int

    package var text: String {
        guard !groups.isEmpty else {
            return (["No dead letters match."] + Unindexed.lines(unindexed)).joined(separator: "\n")
        }
        var table = TextTable(
            "FINGERPRINT", "QUEUE", "CLASS", "CODE", "FAULT", "TYPE", "SOURCE", ">COUNT", ">OPEN", "FIRST", "LAST",
            "IF SENT AGAIN", "EXAMPLE")
        for one in groups {
            table.add(
                one.fingerprint, one.queue, one.failureClass, one.code, one.fault ?? "-",
                DeadLetterGroup.several(one.type, one.types), DeadLetterGroup.several(one.source, one.sources),
                String(one.count), String(one.open), one.firstAt.description, one.lastAt.description,
                one.verdictWords, one.example)
        }
        var lines = table.lines
        for one in groups {
            lines += ["", "\(one.fingerprint)  " + TextTable.printable(one.cause), "          " + one.cure]
        }
        lines += ["", "\(groups.count) of \(total) groups, \(letters) letters."]
        return (lines + Unindexed.lines(unindexed)).joined(separator: "\n")
    }
}

extension DeadLetterOffice {
    /// How many groups are shown, and of how many of them a sample is judged.
    package static let groupLimit = 200
    private static let judgedGroups = 50
    /// Open letters of one group.
    package static let sampleLimit = 100

    /// `dead-letters groups`: by kind of failure, the largest first.
    ///
    /// - Parameter sample: how many of the open letters of a group are judged, the newest; 0: none.
    package func groups(_ search: LetterSearch, sample: Int = 10) async throws -> DeadLetterGroups {
        let (filter, left) = try await filter(of: search)
        let found = try await parts.deadLetters.groups(filter, limit: Self.groupLimit)
        var groups: [DeadLetterGroup] = []
        for (index, group) in found.enumerated() {
            let size = index < Self.judgedGroups ? min(max(sample, 0), Self.sampleLimit) : 0
            groups.append(
                DeadLetterGroup(
                    group, example: try await example(of: group),
                    verdicts: try await verdicts(of: group, in: filter, size)))
        }
        return DeadLetterGroups(
            groups: groups, total: try await parts.deadLetters.groupCount(filter),
            letters: try await parts.deadLetters.count(filter), unindexed: left)
    }

    private func example(of group: LetterGroup) async throws -> String {
        let filter = DeadLetterFilter()
        return try await parts.deadLetters.places(filter, after: group.newest - 1, limit: 1).first?.id ?? ""
    }

    private func verdicts(
        of group: LetterGroup, in filter: DeadLetterFilter, _ size: Int
    ) async throws -> [ReplayVerdict] {
        guard size > 0, group.open > 0 else { return [] }
        var filter = filter
        (filter.fingerprint, filter.queue, filter.failureClass) = (group.fingerprint, group.queue, group.failureClass)
        filter.state = .open
        var verdicts: [ReplayVerdict] = []
        for row in try await parts.deadLetters.list(filter, after: nil, limit: size) {
            verdicts.append(try await verdict(row).0)
        }
        return verdicts
    }
}
