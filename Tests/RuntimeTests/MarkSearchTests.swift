import Broker
import Schema
import Store
import Testing

@testable import Runtime

/// How a worker finds out how far it has taken what its queue held.
@Suite struct MarkSearchTests {
    private let asked = Instant(seconds: 1_700_000_000)
    private let marks = Marks(own: Instant(seconds: 1_800_000_000), before: Instant(seconds: 1_799_999_990))
    private let empty = QueueState(ready: 0, consumers: 2)

    private func begun() -> MarkSearch {
        var search = MarkSearch()
        search.begin()
        search.begun(asked: asked, marks: marks)
        return search
    }

    private func tags(_ received: [UInt64], settled: [UInt64] = []) -> TagTracker {
        var tags = TagTracker(channel: 1)
        for tag in received { tags.received(tag) }
        _ = tags.settle(settled)
        return tags
    }

    @Test func `It asks twice, and then waits for what it had received by the second answer`() {
        var search = begun()
        var tags = tags([1, 2, 3], settled: [1])
        #expect(search.told(empty, last: 2) == true)
        #expect(search.found(&tags) == nil)
        #expect(search.told(empty, last: 3) == false)
        _ = tags.settle([2])
        tags.received(4)
        #expect(search.found(&tags) == nil)
        _ = tags.settle([3])
        #expect(search.found(&tags) == Mark(asked: asked, marks: marks, consumers: 2))
        #expect(search.isResting)
        #expect(search.found(&tags) == nil, "once")
    }

    @Test(arguments: [
        [QueueState(ready: 1, consumers: 2)], [QueueState(ready: 0, consumers: 2), QueueState(ready: 1, consumers: 2)],
        [QueueState(ready: 0, consumers: 2), QueueState(ready: 0, consumers: 1)],
    ])
    func `Nothing is found where an answer names messages, or the answers differ`(answers: [QueueState]) {
        var search = begun()
        var tags = tags([])
        for answer in answers { _ = search.told(answer, last: 0) }
        #expect(search.found(&tags) == nil)
        #expect(search.isResting)
    }

    @Test func `Nothing is found if the hands were full meanwhile`() {
        for moment in 0...2 {
            var search = MarkSearch()
            var tags = tags([])
            search.begin()
            if moment == 0 { search.handsFull() }
            search.begun(asked: asked, marks: marks)
            if moment == 1 { search.handsFull() }
            _ = search.told(empty, last: 0)
            if moment == 2 { search.handsFull() }
            _ = search.told(empty, last: 0)
            #expect(search.found(&tags) == nil)
        }
        var search = begun()
        var tags = tags([])
        _ = search.told(empty, last: 0)
        _ = search.told(empty, last: 0)
        search.handsFull()
        #expect(search.found(&tags) != nil, "what came after the second answer does not count")
    }

    @Test func `An answer that nobody waits for changes nothing`() {
        var search = MarkSearch()
        var tags = tags([])
        search.begun(asked: asked, marks: marks)
        #expect(search.told(empty, last: 0) == false)
        search.begin()
        #expect(search.told(empty, last: 0) == false, "asked on an earlier channel")
        search.forget()
        #expect(search.found(&tags) == nil)
        #expect(search.isResting)
    }
}

/// The same in the worker's state machine.
@Suite struct WorkerMarkTests {
    private let marks = Marks(own: Instant(seconds: 1_800_000_000), before: .distantPast)

    private func told(_ worker: inout MachineHarness, ready: Int = 0, channel: UInt64 = 1) -> [String] {
        worker.handle(.consumer(.told(QueueState(ready: ready, consumers: 1), channel: channel)))
    }

    private func begun(_ worker: inout MachineHarness) -> [String] {
        worker.handle(.markBegun(asked: worker.wall, marks: marks))
    }

    /// Timers were looked for and are held.
    private func held() -> MachineHarness {
        var worker = MachineHarness.running()
        worker.tellsOfMarks = true
        // The first renewal of the lease has begun a search of its own.
        _ = begun(&worker)
        _ = told(&worker, ready: 9)
        #expect(worker.pass(milliseconds: 200) == ["run timers, confirmed []"])
        return worker
    }

    @Test func `Where timers are held, a mark is looked for, and they are run with it at once`() {
        var worker = held()
        #expect(worker.held() == ["begin mark"])
        #expect(begun(&worker) == [])
        #expect(told(&worker) == ["ask"])
        #expect(told(&worker) == ["run timers, confirmed [], with a mark"])
        #expect(worker.held() == [], "it has done its part; others\u{2019} marks are awaited")
        #expect(worker.pass(milliseconds: 999) == [])
        #expect(worker.pass(milliseconds: 1) == ["run timers, confirmed []"])
    }

    @Test func `Events that were on their way are decided and acknowledged before the timers run`() throws {
        var worker = held()
        _ = worker.held()
        _ = begun(&worker)
        #expect(told(&worker) == ["ask"])
        #expect(try worker.deliver(["a"]) == ["run events [\"a\"], confirmed []"])
        #expect(told(&worker) == [])
        #expect(
            worker.done([.applied]) == ["acknowledge through 1 on 1", "run timers, confirmed [], with a mark"])
    }

    @Test func `A dead letter's delivery is waited for until it is confirmed`() throws {
        var worker = held()
        _ = worker.held()
        _ = begun(&worker)
        _ = told(&worker)
        _ = try worker.deliver(["a"])
        _ = told(&worker)
        let published = worker.done([.failed("test")])
        #expect(published.count == 1 && published[0].hasPrefix("publish 1"))
        #expect(worker.resolve([1]) == ["acknowledge through 1 on 1", "run timers, confirmed [], with a mark"])
    }

    @Test func `A lost subscription ends the search, and what was found on it`() {
        var worker = held()
        _ = worker.held()
        _ = begun(&worker)
        _ = told(&worker)
        let failure = BrokerFailure(.connection, operation: "use the connection", cause: "test")
        _ = worker.handle(.consumer(.lost(failure)))
        _ = worker.handle(.consumer(.subscribed(channel: 2)))
        #expect(told(&worker) == [], "of the earlier channel")
        #expect(told(&worker, channel: 2) == [], "of a question that was asked for the earlier one")
        #expect(
            worker.pass(milliseconds: 200).first?.hasPrefix("run sweep") == true, "the others are to hear of it soon")
    }

    @Test func `A worker that drains looks for no mark`() {
        var worker = held()
        #expect(worker.handle(.stop) == ["cancel consumer"])
        #expect(worker.held() == [])
    }

    @Test func `Under the stepped clock no mark is looked for`() {
        var worker = MachineHarness.running()
        worker.tellsOfMarks = true
        worker.clock = ClockReading(now: Instant(seconds: 1_800_000_000), mode: .stepped(.events))
        #expect(worker.pass(milliseconds: 4_000).first?.hasPrefix("run sweep") == true)
        #expect(worker.done() == ["run waiting together"])
        #expect(worker.done() == [])
    }

    // MARK: Timers that do not act

    @Test func `Timers that are held for longer than the patience are told of once, with the reason`() {
        var worker = MachineHarness.running()
        let told = "timers are due and may not act; those that are waited for do not come on"
        func held(seconds: Int, _ worker: inout MachineHarness) {
            for _ in 0..<seconds * 5 {
                var lines = worker.pass(milliseconds: 200)
                while worker.machine.isAtWork {
                    lines = lines.contains { $0.hasPrefix("run timers") } ? worker.held() : worker.done()
                }
            }
        }
        held(seconds: 890, &worker)
        #expect(!worker.logged.contains(told))
        held(seconds: 300, &worker)
        #expect(worker.logged.count { $0 == told } == 1)
        for _ in 0..<10 {
            _ = worker.pass(milliseconds: 200)
            while worker.machine.isAtWork { _ = worker.done() }
        }
        #expect(worker.logged.last == "timers act again")
    }

    @Test func `While other stages are away it asks with each renewal of its lease, and not more often`() {
        var worker = held()
        var searches = 0
        for round in 0..<300 {
            var lines = worker.pass(milliseconds: 200)
            while true {
                if lines.contains("begin mark") {
                    if round >= 60 { searches += 1 }
                    // Something is on its way, so it finds no mark.
                    lines = lines.filter { $0 != "begin mark" } + begun(&worker) + told(&worker, ready: 9)
                    continue
                }
                guard worker.machine.isAtWork else { break }
                let isTimers = lines.contains { $0.hasPrefix("run timers") }
                lines = isTimers ? worker.held(.others(.distantPast)) : worker.done()
            }
        }
        // Of 48 seconds.
        #expect((10...16).contains(searches), "\(searches)")
    }
}
