import Operations
import Testing

@Suite struct `Messages older than their delay` {
    private func samples(_ counts: [Int64]) -> [DelayWatch.Sample] {
        counts.enumerated().map { DelayWatch.Sample(at: Int64($0.offset) * 5_000, count: $0.element) }
    }

    private func overdue(_ lying: [Int64], _ published: [Int64], seconds: Int64 = 20) -> Int64? {
        DelayWatch.overdue(lying: samples(lying).reversed(), published: samples(published).reversed(), seconds: seconds)
    }

    @Test func `are those that did not come within it`() {
        #expect(overdue([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]) == 1)
        // The first one stands before all others, and more come.
        #expect(overdue([1, 11, 21, 31, 41], [1, 11, 21, 31, 41]) == 1)
        // Nothing has come since the broker keeps count.
        #expect(overdue([7, 7, 7, 7, 7], []) == 7)
    }

    @Test func `are none while all that lies there may have come within it`() {
        #expect(overdue([10, 10, 10, 10, 10], [10, 20, 30, 40, 50]) == 0)
        #expect(overdue([0, 0, 0, 0, 5], [0, 0, 0, 0, 5]) == 0)
        // It was empty meanwhile.
        #expect(overdue([5, 0, 5, 5, 5], [5, 5, 5, 5, 5]) == 0)
    }

    @Test func `are not told from a history that is too short`() {
        #expect(overdue([9, 9, 9], [], seconds: 20) == nil)
        #expect(overdue([], []) == nil)
        #expect(overdue([9, 9, 0], [], seconds: 20) == 0, "an empty queue has none, whatever was before")
    }

    @Test func `are not said to be none where they cannot be told`() {
        func report(_ unseen: [String], overdue: [String] = []) -> TopologyReport {
            TopologyReport(action: .verify, done: [], open: [], policiesSet: nil, overdue: overdue, unseen: unseen)
        }
        #expect(report([]).exitCode == 0 && report([]).text.contains("as the pipeline needs it"))
        #expect(report(["q: not told"]).exitCode == 69 && report(["q: not told"]).text.contains("q: not told"))
        let late = report(["q: not told"], overdue: ["r: 1 messages"])
        #expect(late.exitCode == 1 && !late.text.contains("The broker is as"))
    }
}
