/// From where to where a step of a ladder reaches, as the file states it.
struct LadderRange: Hashable, Sendable {
    let from: Int
    /// nil: it is left out.
    let to: Int?
}

/// How the messages about a ladder call what it consists of.
struct LadderWords: Sendable {
    /// `rung`
    let step: String
    /// What its ranges count: `counts`
    let counted: String
}

extension MappingReader {
    /// `from` and `to` of a step; nil if `from` is absent or faulty.
    func ladderRange(_ limits: ClosedRange<Int>, _ aboutFrom: String, _ aboutTo: String) -> LadderRange? {
        var from = 0
        read(&from, "from", limits, required: true, aboutFrom)
        var to = 0
        read(&to, "to", limits, aboutTo)
        guard from > 0 else { return nil }
        if to > 0, to < from {
            fault("is \(to), less than `from` \(from)", key: "to", allowed: "\(from) or more")
            to = 0
        }
        return LadderRange(from: from, to: to > 0 ? to : nil)
    }

    /// Its range follows that of the step before without hole or overlap (R44).
    func check(_ upper: LadderRange, after lower: LadderRange, _ words: LadderWords) {
        if upper.from <= lower.from {
            fault(
                "is \(upper.from), not above the \(lower.from) of the \(words.step) before", key: "from",
                allowed: "ranges in ascending order")
            return
        }
        guard let to = lower.to else { return }
        if upper.from <= to {
            fault(
                "is \(upper.from), but the \(words.step) before ends at \(to): they overlap", key: "from",
                allowed: "\(to + 1)")
        } else if upper.from > to + 1 {
            fault(
                "is \(upper.from), but the \(words.step) before ends at \(to): \(to + 1) to \(upper.from - 1) have no "
                    + words.step,
                key: "from", allowed: "\(to + 1)")
        }
    }

    /// The last range of a ladder has no end (R44).
    func check(last range: LadderRange, _ words: LadderWords) {
        guard let to = range.to else { return }
        fault(
            "leaves \(words.counted) above \(to) without a \(words.step)", key: "to",
            allowed: "no `to` on the last \(words.step)")
    }
}
