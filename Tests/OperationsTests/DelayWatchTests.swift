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

@Suite struct `The oldest message of a queue` {
    private func samples(_ counts: [Int64], step: Int64 = 5_000) -> [DelayWatch.Sample] {
        counts.enumerated().map { DelayWatch.Sample(at: Int64($0.offset) * step, count: $0.element) }
    }

    private func oldest(_ lying: [Int64], _ acknowledged: [Int64]) -> MessageAge? {
        QueueWatch.oldest(lying: samples(lying).reversed(), acknowledged: samples(acknowledged).reversed())
    }

    @Test func `came after all that lay there before has gone`() {
        // Ten lay there; they have gone one by one, and two have come with the last.
        #expect(oldest([10, 8, 4, 0, 2], [0, 2, 6, 10, 10]) == MessageAge(seconds: 5))
        // Three come and three go with each step: what lies there has come within it.
        #expect(oldest([3, 3, 3, 3], [0, 3, 6, 9]) == MessageAge(seconds: 5))
        // As many come, but twelve lie in front of them.
        #expect(oldest([12, 12, 12, 12, 12, 12], [0, 3, 6, 9, 12, 15]) == MessageAge(seconds: 20))
        // Nobody takes anything, and nothing lay there at first.
        #expect(oldest([0, 0, 5, 9], []) == MessageAge(seconds: 10))
    }

    @Test func `is older than the history where that does not tell when it came`() {
        let age = oldest([7, 7, 7], [])
        #expect(age == MessageAge(seconds: 10, isAtLeast: true) && age?.words == "> 10 s")
        #expect(oldest([9, 8, 7], [0, 1, 2]) == MessageAge(seconds: 10, isAtLeast: true))
        // The broker keeps count of what is acknowledged for less long.
        let short = QueueWatch.oldest(
            lying: samples([3, 3, 3]), acknowledged: [DelayWatch.Sample(at: 10_000, count: 50)])
        #expect(short == MessageAge(seconds: 10, isAtLeast: true))
    }

    @Test func `is none where nothing lies, and not told without a history`() {
        #expect(oldest([4, 4, 0], [0, 0, 4]) == nil)
        #expect(oldest([], []) == nil)
    }
}
