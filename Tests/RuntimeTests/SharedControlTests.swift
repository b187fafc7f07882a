import Broker
import BrokerTestKit
import Dispatch
import Foundation
import Schema
import Store
import StoreTestKit
import Synchronization
import Testing

@testable import Runtime

/// The control store of a worker is away, or does not answer.
@Suite("A control store that fails", .timeLimit(.minutes(10)))
struct SharedControlTests {
    /// Tells when it is asked; its answers may be held back.
    private final class WatchedControl: ControlStore {
        let asked = ArrivalLog()
        private let isSilent: Bool
        private let answer = DispatchSemaphore(value: 0)
        private let isGivenUp = Mutex(false)

        init(isSilent: Bool = false) {
            self.isSilent = isSilent
        }

        var hasGivenUp: Bool { isGivenUp.withLock { $0 } }
        func release() { answer.signal() }

        func setMark(_ mark: Instant, of stage: StageName) throws {
            asked.note(["mark"])
            // So that a test fails, and does not hang, where this holds up everything.
            if isSilent, answer.wait(timeout: .now() + 60) == .timedOut { isGivenUp.withLock { $0 = true } }
        }

        func marks() throws -> [StageName: Instant] { [:] }
        func clock() throws -> ControlReading? { nil }
        func setClock(_ reading: ControlReading) throws {}
        func upsertParticipant(_ participant: Participant) throws {}
        func participants() throws -> [Participant] { [] }
        func removeParticipant(_ name: String) throws {}
        func appendHanded(_ events: [HandedEvent]) throws {}
        func handed(after: Int64, limit: Int) throws -> [NumberedHandedEvent] { [] }
        func setWatermark(participant: String, stage: StageName, number: Int64) throws {}
        func watermarks() throws -> [Watermark] { [] }
        func close() {}
    }

    @Test func `at the start is tried again, by the same worker`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        let control = WatchedControl()
        let tries = Atomic(0)
        let worker = WorkerScene.worker(
            broker, MemoryStore(),
            control: {
                if tries.add(1, ordering: .relaxed).newValue < 3 {
                    throw StoreFailure(.unavailable, operation: "open", cause: "no connection is left")
                }
                return control
            })
        async let run: Void = worker.run()
        try await control.asked.wait(for: 1, "the worker to say how far its stage is")
        worker.stop()
        await run
        #expect(tries.load(ordering: .relaxed) == 3)
        broker.end()
    }

    @Test func `to answer does not keep workers from ending within their drain limit`() async throws {
        let count = ProcessInfo.processInfo.activeProcessorCount + 1
        let controls = (0..<count).map { _ in WatchedControl(isSilent: true) }
        try await withThrowingTaskGroup { group in
            for control in controls {
                group.addTask {
                    let broker = PumpedBroker()
                    try await broker.memory.declare(WorkerScene.topology)
                    let worker = WorkerScene.worker(broker, MemoryStore(), drainSeconds: 1, control: { control })
                    async let run: Void = worker.run()
                    try await control.asked.wait(for: 1, "the worker to say how far its stage is")
                    worker.stop()
                    await run
                    broker.end()
                }
            }
            try await group.waitForAll()
        }
        #expect(controls.allSatisfy { !$0.hasGivenUp }, "they ended while nobody had answered")
        for control in controls { control.release() }
    }
}
