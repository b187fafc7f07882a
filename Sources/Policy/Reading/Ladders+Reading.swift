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
            if let last = read.last, let to = last.step.to {
                last.row.fault(
                    "leaves counts above \(to) without a rung", key: "to", allowed: "no `to` on the last rung")
            }
        }
        return Ladder(steps: read.map { $0.step })
    }

    private static func step(_ row: MappingReader) -> Step? {
        let rung = row.choice("rung", of: Rung.self, required: true)
        var from = 0
        row.read(&from, "from", countRange, required: true, "the least count of the rung")
        var to = 0
        row.read(&to, "to", countRange, "the greatest count of the rung; left out, it reaches to the next one")
        row.finish()
        guard let rung, from > 0 else { return nil }
        if to > 0, to < from {
            row.fault("is \(to), less than `from` \(from)", key: "to", allowed: "\(from) or more")
            to = 0
        }
        return Step(rung: rung, from: from, to: to > 0 ? to : nil)
    }

    /// Two neighbours: no hole, no overlap, and both in order (R44).
    private static func check(_ lower: Step, _ upper: Step, _ row: MappingReader) {
        if upper.rung < lower.rung {
            row.fault(
                "has \(upper.rung.rawValue) above \(lower.rung.rawValue)", key: "rung",
                allowed: "rungs from the mildest to the gravest")
        }
        if upper.from <= lower.from {
            row.fault(
                "is \(upper.from), not above the \(lower.from) of the rung before", key: "from",
                allowed: "ranges in ascending order")
            return
        }
        guard let to = lower.to else { return }
        if upper.from <= to {
            row.fault(
                "is \(upper.from), but the rung before ends at \(to): they overlap", key: "from",
                allowed: "\(to + 1)")
        } else if upper.from > to + 1 {
            row.fault(
                "is \(upper.from), but the rung before ends at \(to): \(to + 1) to \(upper.from - 1) have no rung",
                key: "from", allowed: "\(to + 1)")
        }
    }

    private static func checkRepeated(_ read: [(row: MappingReader, step: Step)]) {
        var seen: Set<Rung> = []
        for (row, step) in read where !seen.insert(step.rung).inserted {
            row.fault("repeats \(step.rung.rawValue)", key: "rung", allowed: "each rung once")
        }
    }
}
