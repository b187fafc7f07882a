import Broker
import Schema
import Store
import Testing

@testable import Runtime

/// What a worker holds at once, in bytes.
@Suite struct PrefetchWidthTests {
    /// 10 messages of the largest size fit.
    private static var limits: WorkerLimits {
        var limits = MachineHarness.limits(batch: 3)
        limits.prefetch = 100
        limits.document.bodyBytes = 10_000
        limits.memoryBytes = 100_000
        return limits
    }

    private func deliver(_ tags: ClosedRange<UInt64>, bytes: Int, to worker: inout MachineHarness) throws -> [String] {
        worker.handle(
            .consumer(.delivered(try tags.map { try MachineHarness.delivery("\($0)", tag: $0, padding: bytes) })))
    }

    @Test func `It begins with what is within the limit however large the messages are`() {
        #expect(PrefetchWidth(Self.limits).current == 10)
        var few = Self.limits
        few.prefetch = 4
        #expect(PrefetchWidth(few).current == 4)
    }

    @Test func `It widens when it has been full with little in it, up to what is configured`() {
        var width = PrefetchWidth(Self.limits)
        for _ in 1...40 { width.received(bytes: 100, inHand: (10, 1_000)) }
        #expect(width.better == 20)
        width.use(20)
        #expect(width.better == nil)
        for _ in 1...200 { width.received(bytes: 100, inHand: (20, 2_000)) }
        #expect(width.better == 40)
        width.use(80)
        for _ in 1...400 { width.received(bytes: 100, inHand: (80, 8_000)) }
        #expect(width.better == 100)
        width.use(100)
        for _ in 1...400 { width.received(bytes: 100, inHand: (100, 10_000)) }
        #expect(width.better == nil)
    }

    @Test func `Beyond the limit the consumer is cancelled, settles what it has, and consumes anew with fewer`() throws
    {
        var worker = MachineHarness.running(limits: Self.limits)
        #expect(try deliver(1...9, bytes: 9_000, to: &worker) == ["run events [\"1\", \"2\", \"3\"], confirmed []"])
        // What was on its way comes too.
        #expect(try deliver(10...12, bytes: 9_000, to: &worker) == ["cancel consumer"])
        #expect(worker.handle(.consumer(.cancelled)) == [])
        for first in [1, 4, 7] {
            let lines = worker.done([.applied, .applied, .applied])
            #expect(lines.first == "acknowledge through \(first + 2) on 1" && lines.count == 2)
        }
        #expect(
            worker.done([.applied, .applied, .applied]) == ["acknowledge through 12 on 1", "consume at most 5"])
        #expect(worker.handle(.consumer(.subscribed(channel: 1))) == [])
        #expect(worker.logged.contains("large messages: fewer of them are held at once"))
    }

    @Test func `A wider prefetch count is taken when the hands are full, so that nothing is on its way`() throws {
        var limits = MachineHarness.limits(batch: 1)
        limits.prefetch = 8
        limits.memoryBytes = 2 * limits.document.bodyBytes
        var worker = MachineHarness.running(limits: limits)
        var said: [String] = []
        for tag in stride(from: UInt64(1), through: 7, by: 2) {
            #expect(said == [])
            said = try worker.deliver(["\(tag)", "\(tag + 1)"], from: tag).filter { $0.contains("consume") }
            while tag < 7, worker.isTakingEvents { _ = worker.done([.applied]) }
        }
        #expect(said == ["cancel consumer"])
    }

    @Test func `A stop while the rest is settled hands back what was not begun`() throws {
        var worker = MachineHarness.running(limits: Self.limits)
        _ = try deliver(1...12, bytes: 9_000, to: &worker)
        #expect(worker.handle(.consumer(.cancelled)) == [])
        #expect(worker.handle(.stop) == ["requeue [4, 5, 6, 7, 8, 9, 10, 11, 12] on 1"])
        #expect(
            worker.done([.applied, .applied, .applied]) == ["acknowledge through 3 on 1", "run end, confirmed []"])
    }

    @Test func `A stop before the cancellation has come needs no second one`() throws {
        var worker = MachineHarness.running(limits: Self.limits)
        #expect(try deliver(1...12, bytes: 9_000, to: &worker).first == "cancel consumer")
        #expect(worker.handle(.stop) == [])
        #expect(worker.handle(.consumer(.cancelled)) == ["requeue [4, 5, 6, 7, 8, 9, 10, 11, 12] on 1"])
    }

    @Test func `A channel that is lost meanwhile leaves nothing to settle`() throws {
        var worker = MachineHarness.running(limits: Self.limits)
        _ = try deliver(1...12, bytes: 9_000, to: &worker)
        let failure = BrokerFailure(.connection, operation: "use the connection", cause: "test")
        #expect(worker.handle(.consumer(.lost(failure))) == [])
        #expect(worker.handle(.consumer(.cancelled)) == ["consume at most 5"])
    }

    @Test func `A batch takes no more bytes than its share, and one message in any case`() throws {
        var limits = Self.limits
        limits.batchBytes = 12_000
        var worker = MachineHarness.running(limits: limits)
        #expect(try deliver(1...3, bytes: 9_000, to: &worker) == ["run events [\"1\"], confirmed []"])
        #expect(worker.done([.applied]).last == "run events [\"2\"], confirmed []")
    }

    @Test func `Nothing is begun while too many bytes are unconfirmed`() throws {
        var limits = Self.limits
        limits.memoryBytes = 10_000
        var worker = MachineHarness.running(limits: limits)
        let broken = try MachineHarness.delivery("a", tag: 1, body: [UInt8](repeating: UInt8(ascii: "{"), count: 9_900))
        #expect(worker.handle(.consumer(.delivered([broken]))).count == 2)
        #expect(try worker.deliver(["b"], from: 2) == [])
        #expect(worker.resolve([1]) == ["run events [\"b\"], confirmed []"])
        #expect(worker.resolve([2]) == ["acknowledge through 1 on 1"])
    }
}
