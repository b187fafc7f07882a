import Foundation
import Logging
import Monitoring
import Runtime
import Schema
import Store
import StoreTestKit
import Synchronization
import Testing

@testable import Bootstrap

/// A worker's turns over a control store in memory. Steering says and hears every two seconds.
@Suite(.timeLimit(.minutes(2))) struct `A worker's shift` {
    private let control = MemoryControl()
    private let vitals = Vitals(stage: "intake")
    private let sign = StopSign()

    /// Turns that end when they are told to, and tell when they begin.
    private final class Turns: Sendable {
        let begun = AsyncStream.makeStream(of: Int.self)
        private let state = Mutex((count: 0, end: (@Sendable () -> Void)?.none))
        let isFinished: Bool

        init(isFinished: Bool = true) { self.isFinished = isFinished }

        func next() -> WorkerShift.Turn {
            let (stream, end) = AsyncStream.makeStream(of: Void.self)
            let number = state.withLock { state in
                state.count += 1
                return state.count
            }
            let stop: @Sendable () -> Void = { end.finish() }
            return WorkerShift.Turn(drain: stop, stop: stop) { [begun, isFinished] in
                begun.continuation.yield(number)
                for await _ in stream {}
                return isFinished
            }
        }
    }

    /// Each shift closes it at its end; what it has said is looked at behind that.
    private struct KeptOpen: WorkforceStore {
        let store: MemoryControl

        func say(_ sign: WorkerSign, forgetting: Instant) throws { try store.say(sign, forgetting: forgetting) }
        func signs() throws -> [WorkerSign] { try store.signs() }
        func give(_ order: SteeringOrder) throws { try store.give(order) }
        func orders() throws -> [SteeringOrder] { try store.orders() }
        func withdrawOrder(for target: SteeringTarget) throws -> Bool { try store.withdrawOrder(for: target) }
        func close() {}
    }

    private func shift(_ name: String = "intake-1") -> WorkerShift {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let steering = WorkerSteering(
            .init(name: name, role: "intake", host: "h", pid: 1), wall: Wall.now, logger: logger,
            open: { [control] in KeptOpen(store: control) })
        return WorkerShift(steering: steering, sign: sign, logger: logger, vitals: vitals)
    }

    private func ask(_ wish: SteeringOrder.Wish) throws {
        try control.give(SteeringOrder(.worker("intake-1", role: "intake"), wish, by: "ann", at: Wall.now()))
    }

    private var state: WorkerSign.State? { get throws { try control.signs().first?.state } }

    @Test func `pauses, goes on with a turn of its own, and ends drained`() async throws {
        let (turns, shift) = (Turns(), shift())
        let running = Task { try await shift.run({}, begin: { turns.next() }) }
        var begun = turns.begun.stream.makeAsyncIterator()
        #expect(await begun.next() == 1)
        try ask(.pause)
        while try state != .paused { await Task.yield() }
        #expect(!vitals.figures.isEnding, "a service manager would end the process")
        #expect(try control.withdrawOrder(for: .worker("intake-1", role: "intake")))
        #expect(await begun.next() == 2)
        try ask(.drain)
        try await running.value
        #expect(try state == .drained)
        #expect(vitals.figures.isEnding)
    }

    @Test func `ends where the drain limit has left something under way, and does not pause beside it`() async throws {
        let (turns, shift) = (Turns(isFinished: false), shift())
        let running = Task { try await shift.run({}, begin: { turns.next() }) }
        var begun = turns.begun.stream.makeAsyncIterator()
        _ = await begun.next()
        try ask(.pause)
        await #expect(throws: UnfinishedTurn.self) { try await running.value }
        #expect(try state == .ended)
    }

    @Test func `says its last word where it cannot begin, and is not lost for a day`() async throws {
        let refused = ConfigurationFaults(faults: ["no"])
        await #expect(throws: ConfigurationFaults.self) {
            try await shift().run({}, begin: { throw refused })
        }
        #expect(try state == .ended)
    }
}
