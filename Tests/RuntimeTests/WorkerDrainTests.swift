import Broker
import Store
import Testing

@testable import Runtime

/// A worker that is to take nothing new, while messages may be on their way to it.
@Suite struct WorkerDrainTests {
    private let lost = BrokerFailure(.connection, operation: "use the connection", cause: "test")

    @Test func `A drain takes nothing new, settles all that was delivered, hands nothing back, and ends`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a", "b", "c", "d"])
        #expect(worker.handle(.drain) == [], "more may be on its way, which the broker would count as delivered")
        #expect(worker.handle(.drain) == [], "a second one changes nothing")
        #expect(worker.pass(milliseconds: 199) == [])
        #expect(worker.pass(milliseconds: 1) == ["cancel consumer"], "nothing has come for a while")
        #expect(worker.handle(.consumer(.cancelled)) == [], "what was delivered is settled first")
        #expect(
            worker.done([.applied, .applied, .applied], rows: [5]) == [
                "publish 1 to recourse.events/case.opened", "acknowledge through 3 on 1", "run timers, confirmed []",
            ])
        #expect(worker.done() == ["run events [\"d\"], confirmed []"])
        #expect(worker.done([.applied]) == ["acknowledge through 4 on 1"])
        #expect(worker.resolve([1]) == ["run end, confirmed [5]"])
        #expect(worker.done() == ["close consumer", "close publisher"])
    }

    @Test func `A drain acknowledges nothing until the hands are full, and cancels then`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        #expect(worker.handle(.drain) == [])
        #expect(worker.done([.applied]) == [], "an acknowledgement would bring another message")
        #expect(try worker.deliver(["b", "c"], from: 2) == ["run events [\"b\", \"c\"], confirmed []"])
        #expect(worker.done([.applied, .applied]) == [])
        #expect(
            try worker.deliver(["d", "e", "f"], from: 4) == [
                "cancel consumer", "acknowledge through 3 on 1", "run events [\"d\", \"e\", \"f\"], confirmed []",
            ])
        #expect(worker.handle(.consumer(.cancelled)) == [])
        #expect(
            worker.done([.applied, .applied, .applied]) == ["acknowledge through 6 on 1", "run end, confirmed []"])
    }

    @Test func `A drain waits for full hands no longer than its patience`() throws {
        var worker = MachineHarness.running(limits: MachineHarness.limits(batch: 60))
        #expect(worker.handle(.drain) == [])
        var said: [String] = []
        for tag in UInt64(1)...50 {
            #expect(!said.contains("cancel consumer"))
            _ = try worker.deliver(["\(tag)"], from: tag)
            said = worker.done([.applied]) + worker.pass(milliseconds: 100)
        }
        #expect(said.contains("cancel consumer"))
    }

    @Test func `A stop while a drain waits for full hands cancels at once`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.handle(.drain)
        #expect(worker.done([.applied]) == [])
        #expect(worker.handle(.stop) == ["cancel consumer", "acknowledge through 1 on 1"])
        #expect(worker.handle(.consumer(.cancelled)) == ["run end, confirmed []"])
    }

    @Test func `A subscription that is lost while a drain waits for full hands is not waited for`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.handle(.drain)
        #expect(worker.done([.applied]) == [])
        #expect(worker.handle(.consumer(.lost(lost))) == ["cancel consumer"])
        #expect(worker.handle(.consumer(.cancelled)) == ["run end, confirmed []"])
    }

    @Test func `A drained worker whose database fails hands back at the stop that follows`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a", "b", "c", "d"])
        _ = worker.handle(.drain)
        _ = worker.pass(milliseconds: 200)
        _ = worker.handle(.consumer(.cancelled))
        #expect(worker.fail() == [])
        #expect(worker.handle(.stop) == ["requeue [4] on 1"])
    }

    @Test func `A drain that meets a consumer just beginning settles what it brings, too`() throws {
        var worker = MachineHarness.running()
        _ = worker.handle(.consumer(.lost(lost)))
        #expect(worker.handle(.drain) == ["cancel consumer"])
        #expect(worker.handle(.consumer(.subscribed(channel: 2))) == [])
        #expect(try worker.deliver(["a"], channel: 2) == ["run events [\"a\"], confirmed []"])
        #expect(worker.handle(.consumer(.cancelled)) == [])
        #expect(worker.done([.applied]) == ["acknowledge through 1 on 2", "run end, confirmed []"])
    }

    @Test func `A drain without a subscription ends at once`() {
        var worker = MachineHarness.running()
        _ = worker.handle(.consumer(.lost(lost)))
        #expect(worker.handle(.drain) == ["cancel consumer"])
        #expect(worker.handle(.consumer(.cancelled)) == ["run end, confirmed []"])
    }
}
