import Broker
import Store
import Testing

@testable import Runtime

@Suite struct TagTrackerTests {
    private func tracker(_ tags: ClosedRange<UInt64>) -> TagTracker {
        var tracker = TagTracker(channel: 1)
        for tag in tags { tracker.received(tag) }
        return tracker
    }

    @Test func `A run from the lowest tag is settled with one frame`() {
        var tags = tracker(1...4)
        #expect(tags.settle([1, 2]) == .through(2))
        #expect(tags.settle([4, 3]) == .through(4))
    }

    @Test func `Above an open tag each is settled by itself, and a later run takes them all along`() {
        var tags = tracker(1...4)
        #expect(tags.settle([2, 4]) == .single([2, 4]))
        #expect(tags.settle([1]) == .through(1))
        #expect(tags.settle([3]) == .through(3))
    }

    @Test func `A tag is settled once`() {
        var tags = tracker(1...2)
        #expect(tags.settle([1]) == .through(1))
        #expect(tags.settle([1]) == .none)
        #expect(tags.settle([]) == .none)
        #expect(tags.settle([9]) == .none)
    }

    @Test func `What was handed back is not waited for`() {
        var tags = tracker(1...3)
        tags.forget([1, 2])
        #expect(tags.settle([3]) == .through(3))
    }

    @Test func `A range never covers a tag that is open`() {
        var tags = tracker(1...5)
        #expect(tags.settle([1, 2, 4]) == .single([1, 2, 4]))
        #expect(tags.settle([3, 5]) == .through(5))
    }
}

@Suite struct OutgoingWindowTests {
    private func publication(_ ticket: UInt64) -> Publication {
        Publication(
            ticket: ticket, exchange: "", routingKey: "q", mandatory: false, properties: MessageProperties(), body: [])
    }

    private func window(_ entries: ClosedRange<Int64>) -> OutgoingWindow {
        var window = OutgoingWindow()
        for entry in entries { window.add(publication(window.nextTicket()), OutboxKey(entry: entry, index: 0)) }
        return window
    }

    @Test func `What is added is sent once, in order`() {
        var window = window(1...3)
        #expect(window.takeUnsent().map(\.ticket) == [1, 2, 3])
        #expect(window.takeUnsent().isEmpty)
        #expect(window.count == 3)
    }

    @Test func `Nothing leaves but by a confirm`() {
        var window = window(1...2)
        _ = window.takeUnsent()
        window.hold(1)
        #expect(!window.isEmpty && !window.hasUnsent)
        guard case .output(OutboxKey(entry: 2, index: 0)) = window.confirm(2), case .nothing = window.confirm(2) else {
            Issue.record("a confirm names its row once")
            return
        }
        window.resendHeld()
        #expect(window.takeUnsent().map(\.ticket) == [1])
        _ = window.confirm(1)
        #expect(window.isEmpty)
    }

    @Test func `What was held goes before what is new, in the order of its first publication`() {
        var window = window(1...3)
        _ = window.takeUnsent()
        window.hold(3)
        window.hold(1)
        window.add(publication(window.nextTicket()), OutboxKey(entry: 9, index: 0))
        window.resendHeld()
        #expect(window.takeUnsent().map(\.ticket) == [1, 3, 4])
    }

    @Test func `A delivery is settled by the last of its confirms`() {
        var window = OutgoingWindow()
        let delivery = DeliveryReference(tag: 5, channel: 1)
        window.add([publication(window.nextTicket()), publication(window.nextTicket())], settling: delivery)
        guard case .nothing = window.confirm(1), case .settles(delivery) = window.confirm(2) else {
            Issue.record("the second confirm settles")
            return
        }
    }

    @Test func `Rows that are on their way or confirmed are known`() {
        let window = window(1...2)
        let rows = [1, 2, 3, 4].map { MachineHarness.row($0) }
        #expect(window.unknown(rows, besides: [OutboxKey(entry: 3, index: 0)]).map(\.key.entry) == [4])
    }
}

@Suite struct RetryDelayTests {
    @Test func `Three times five seconds, ten times a minute, then ten minutes`() {
        #expect((1...3).allSatisfy { RetryDelay.after(attempts: $0) == .fiveSeconds })
        #expect((4...13).allSatisfy { RetryDelay.after(attempts: $0) == .oneMinute })
        #expect([14, 15, 1_000_000].allSatisfy { RetryDelay.after(attempts: $0) == .tenMinutes })
        #expect(RetryDelay.allCases.map(\.milliseconds) == [5_000, 60_000, 600_000])
    }
}
