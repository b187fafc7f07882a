/// A step of a penalty ladder, from the mildest to the gravest (R12). The raw value is the name on the wire.
package enum Rung: String, Comparable, Codable, Hashable, Sendable, CaseIterable {
    case warning
    case rectification
    case stopDispatch = "stop-dispatch"
    case withdrawal

    package static func < (a: Rung, b: Rung) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .warning: 0
        case .rectification: 1
        case .stopDispatch: 2
        case .withdrawal: 3
        }
    }
}

/// Which rung a number of violations reaches: ranges without hole or overlap, the rungs in their order (R44).
///
///     let ladder = Ladder([(.warning, from: 2), (.withdrawal, from: 8)])
///     ladder.rung(for: 5)?.rung        // .warning
///     ladder.rung(for: 1)              // nil
package struct Ladder: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        package let rung: Rung
        /// The least count that reaches the rung.
        package let from: Int
        /// The greatest count of the rung as the file states it; nil where it is left out.
        package let to: Int?

        package init(rung: Rung, from: Int, to: Int? = nil) {
            self.rung = rung
            self.from = from
            self.to = to
        }
    }

    package let steps: [Step]

    package init(_ thresholds: [(Rung, from: Int)]) {
        self.init(steps: thresholds.map { Step(rung: $0.0, from: $0.from) })
    }

    package init(steps: [Step]) {
        self.steps = steps
    }

    /// The gravest rung whose threshold is not above `count`, with that threshold; nil below the first rung.
    package func rung(for count: Int) -> (rung: Rung, threshold: Int)? {
        var worst: Step?
        for step in steps where step.from <= count {
            if let known = worst, known.rung >= step.rung { continue }
            worst = step
        }
        return worst.map { ($0.rung, $0.from) }
    }

    /// The step whose threshold is the least above `count`; nil: there is none.
    package func next(after count: Int) -> Step? {
        steps.filter { $0.from > count }.min { $0.from < $1.from }
    }
}

/// The two ladders by which violations are judged.
package struct Ladders: Hashable, Sendable {
    /// Verified violations that occurred in the month (R12).
    package var monthly = Ladder([
        (.warning, from: 2), (.rectification, from: 3), (.stopDispatch, from: 5), (.withdrawal, from: 8),
    ])
    /// Verified violations of the calendar year (R13).
    package var cumulative = Ladder([
        (.warning, from: 4), (.rectification, from: 8), (.stopDispatch, from: 12), (.withdrawal, from: 16),
    ])

    package init() {}
}
