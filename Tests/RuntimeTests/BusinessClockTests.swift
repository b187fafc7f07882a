import Schema
import Store
import StoreTestKit
import Testing

@testable import Runtime

@Suite struct BusinessClockTests {
    private let start = Instant(seconds: 1_790_000_000)
    private let wallStart = Instant(seconds: 1_700_000_000)

    private func now(factor: Int64, after seconds: Int64) -> Instant {
        let wall = wallStart.adding(seconds: seconds)
        return RunningClock(start: start, factor: factor, wallStart: wallStart) { wall }.read().now
    }

    @Test func `A scaled clock runs by its factor from its start`() {
        #expect(now(factor: 1, after: 0) == start)
        #expect(now(factor: 3_600, after: 10) == start.adding(hours: 10))
        #expect(now(factor: 60, after: -1) == start.adding(minutes: -1))
    }

    @Test func `No clock goes beyond its limit, whatever the factor`() {
        #expect(now(factor: .max, after: 10) == .limit)
        #expect(now(factor: 1_000_000, after: 1_000_000) == .limit)
    }

    @Test func `The wall clock is a running clock that tells the wall time`() {
        let wall = wallStart
        let reading = RunningClock.wall { wall }.read()
        #expect(reading.now == wall && reading.mode == .running)
        #expect(reading.allowsTimers(of: .penalty) && reading.allowsAnswers && !reading.isLastCall)
    }

    @Test func `The stepped clock has no time before it is first set, then what the store says`() throws {
        let control = MemoryControl()
        let clock = SteppedClock(control: control)
        #expect(try clock.read() == ClockReading(now: .distantPast, mode: .stepped(.events)))
        try control.setClock(ControlReading(now: start, phase: .timers(.callback)))
        let reading = try clock.read()
        #expect(reading.now == start)
        #expect(reading.allowsTimers(of: .callback) && !reading.allowsTimers(of: .intake) && !reading.allowsAnswers)
        try control.setClock(ControlReading(now: start, phase: .answers))
        #expect(try clock.read().allowsAnswers)
        try control.setClock(ControlReading(now: start, phase: .lastCall))
        #expect(try clock.read().isLastCall)
    }

    @Test func `A clock whose store is gone says so`() {
        let control = MemoryControl()
        control.close()
        #expect(throws: StoreFailure.self) { try SteppedClock(control: control).read() }
    }
}
