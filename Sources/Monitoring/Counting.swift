/// A count for each value of a label.
package struct CaseCounts<Value: LabelValue>: Sendable, Hashable {
    private var counts = [Int](repeating: 0, count: Value.allCases.count)

    package init() {}

    package subscript(value: Value) -> Int { counts[value.rawValue] }

    package var total: Int { counts.reduce(0, +) }

    package mutating func add(_ value: Value, _ count: Int = 1) { counts[value.rawValue] += count }
}

/// A histogram for each value of a label.
package struct CaseHistograms<Value: LabelValue>: Sendable, Hashable {
    private var histograms: [Histogram]

    package init(_ scale: Histogram.Scale) {
        histograms = Value.allCases.map { _ in Histogram(scale) }
    }

    package subscript(value: Value) -> Histogram {
        get { histograms[value.rawValue] }
        _modify { yield &histograms[value.rawValue] }
    }
}

/// Whole numbers by size. Times are counted in microseconds, and told in seconds.
package struct Histogram: Sendable, Hashable {
    package struct Scale: Sendable, Hashable {
        /// The upper bounds of the buckets, ascending; what is above the last is in none.
        package let bounds: [Int64]
        /// How many make one of the metric's unit.
        package let perUnit: Double

        private static func seconds(_ microseconds: [Int64]) -> Scale { Scale(bounds: microseconds, perUnit: 1e6) }

        /// Of a transaction: 1 ms to 60 s.
        package static let durations = seconds(
            [1, 2, 5, 10, 20, 50, 100, 250, 500, 1_000, 2_500, 10_000, 60_000].map { $0 * 1_000 })
        /// Of a message's way: 5 ms to four hours.
        package static let waits = seconds(
            [5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000]
                .map { $0 * 1_000 })
        /// Of a batch, in messages.
        package static let sizes = Scale(bounds: [1, 4, 16, 64, 256, 1_024, 4_096, 10_000], perUnit: 1)
    }

    package let scale: Scale
    /// One more than there are bounds.
    private var counts: [Int]
    private var total: Int64 = 0

    package init(_ scale: Scale) {
        self.scale = scale
        counts = [Int](repeating: 0, count: scale.bounds.count + 1)
    }

    package mutating func add(_ value: Int64) {
        counts[scale.bounds.firstIndex { value <= $0 } ?? scale.bounds.count] += 1
        total = total.addingReportingOverflow(value).partialValue
    }

    package var count: Int { counts.reduce(0, +) }

    /// In the metric's unit.
    package var sum: Double { Double(total) / scale.perUnit }

    /// How many are at or below each bound, in the metric's unit.
    package var buckets: [(bound: Double, count: Int)] {
        var below = 0
        return zip(scale.bounds, counts).map { bound, count in
            below += count
            return (Double(bound) / scale.perUnit, below)
        }
    }
}
