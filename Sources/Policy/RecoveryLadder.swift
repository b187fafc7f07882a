/// What is done about money that is not back, and from which day on: ranges of days without hole or overlap (R49, R44).
///
///     RecoveryLadder().step(on: 12)?.name       // visit
package struct RecoveryLadder: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        package let name: String
        /// The day with which it begins: the first day begins when the money is due.
        package let from: Int
        /// Its last day as the file states it; nil where it is left out.
        package let to: Int?

        package init(_ name: String, from: Int, to: Int? = nil) {
            self.name = name
            self.from = from
            self.to = to
        }
    }

    package let steps: [Step]

    /// The source's ladder, and a letter where that has a hole.
    package init() {
        self.init([
            Step("call", from: 1, to: 10), Step("visit", from: 11, to: 30), Step("letter", from: 31, to: 60),
            Step("legal", from: 61),
        ])
    }

    package init(_ steps: [Step]) {
        self.steps = steps
    }

    /// The step of that day; nil: none has begun.
    package func step(on day: Int) -> Step? {
        steps.filter { $0.from <= day }.max { $0.from < $1.from }
    }

    /// The step that begins next after that day; nil: none is left.
    package func next(after day: Int) -> Step? {
        steps.filter { $0.from > day }.min { $0.from < $1.from }
    }
}

// MARK: Reading

extension RecoveryLadder {
    /// So many are enough for any dunning.
    private static let stepLimit = 20
    private static let words = LadderWords(step: "step", counted: "days")

    /// With `checked` false (R44 switched off) the ranges need not join.
    ///
    /// - Returns: nil if the key is absent.
    static func read(_ section: MappingReader, _ key: String, checked: Bool) -> RecoveryLadder? {
        let about = "R49, R44: what is done about money that is not back, by the days since it was due"
        guard let rows = section.mappings(key, atLeast: 1, about) else { return nil }
        let read = rows.compactMap { row in step(row).map { (row: row, step: $0) } }
        if rows.isEmpty || rows.count > stepLimit {
            section.fault(
                "has \(rows.isEmpty ? "no step" : "\(rows.count) steps")", key: key,
                allowed: "one to \(stepLimit) steps; `rules: {R49: off}` switches it off")
        }
        var names: Set<String> = []
        for (row, step) in read where !names.insert(step.name).inserted {
            row.fault("repeats \(step.name)", key: "step", allowed: "each step once")
        }
        if checked {
            for (lower, upper) in zip(read, read.dropFirst()) {
                upper.row.check(upper.step.range, after: lower.step.range, words)
            }
            if let last = read.last { last.row.check(last: last.step.range, words) }
        }
        return RecoveryLadder(read.map { $0.step })
    }

    private static func step(_ row: MappingReader) -> Step? {
        let name = row.identifier("step", required: true, "What is done")
        let range = row.ladderRange(
            Bounds.positiveDays, "the day with which it begins; day 1 begins when the money is due",
            "its last day; left out, it reaches to the next one")
        row.finish()
        guard let name, let range else { return nil }
        return Step(name, from: range.from, to: range.to)
    }
}

extension RecoveryLadder.Step {
    fileprivate var range: LadderRange { LadderRange(from: from, to: to) }
}
