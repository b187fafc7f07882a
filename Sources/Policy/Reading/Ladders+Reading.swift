extension Ladders {
    /// Reads both ladders; with `checked` false (R44 switched off) the ranges need not join.
    mutating func read(_ section: MappingReader, checked: Bool) {
        let month = "R12, R44: rungs by the verified violations that occurred in the month"
        if let ladder = Ladder.read(section, "monthly", checked: checked, month) { monthly = ladder }
        let year = "R13, R44: rungs by the verified violations of the calendar year"
        if let ladder = Ladder.read(section, "cumulative", checked: checked, year) { cumulative = ladder }
        section.finish()
    }
}

extension Ladder {
    /// Enough for every year of an outlet.
    private static let countRange = 1...1_000_000
    private static let words = LadderWords(step: "rung", counted: "counts")

    /// nil if the key is absent.
    fileprivate static func read(
        _ section: MappingReader, _ key: String, checked: Bool, _ about: String
    ) -> Ladder? {
        guard let rows = section.mappings(key, atLeast: 1, about) else { return nil }
        let read = rows.compactMap { row in step(row).map { (row: row, step: $0) } }
        if rows.isEmpty {
            section.fault("has no rung", key: key, allowed: "one to four rungs; `rules` switches a ladder off")
        }
        if checked {
            for (lower, upper) in zip(read, read.dropFirst()) { check(lower.step, upper.step, upper.row) }
            checkRepeated(read)
            if let last = read.last { last.row.check(last: last.step.range, words) }
        }
        return Ladder(steps: read.map { $0.step })
    }

    private static func step(_ row: MappingReader) -> Step? {
        let rung = row.choice("rung", of: Rung.self, required: true)
        let range = row.ladderRange(
            countRange, "the least count of the rung",
            "the greatest count of the rung; left out, it reaches to the next one")
        row.finish()
        guard let rung, let range else { return nil }
        return Step(rung: rung, from: range.from, to: range.to)
    }

    /// Two neighbours: no hole, no overlap, and both in order (R44).
    private static func check(_ lower: Step, _ upper: Step, _ row: MappingReader) {
        if upper.rung < lower.rung {
            row.fault(
                "has \(upper.rung.rawValue) above \(lower.rung.rawValue)", key: "rung",
                allowed: "rungs from the mildest to the gravest")
        }
        row.check(upper.range, after: lower.range, words)
    }

    private static func checkRepeated(_ read: [(row: MappingReader, step: Step)]) {
        var seen: Set<Rung> = []
        for (row, step) in read where !seen.insert(step.rung).inserted {
            row.fault("repeats \(step.rung.rawValue)", key: "rung", allowed: "each rung once")
        }
    }
}

extension Ladder.Step {
    fileprivate var range: LadderRange { LadderRange(from: from, to: to) }
}
