import Runtime
import Schema
import Store
import Synchronization
import Testing

@testable import Operations

@Suite("Moving the stepped clock")
struct ClockAdvanceTests {
    private static let start = Instant(seconds: 1_780_000_000)
    private static let next = start.adding(seconds: 3_600)

    private func participant(_ name: String, next: Instant?) -> Participant {
        Participant(name: name, next: next, isDone: next == nil, aliveUntil: .limit)
    }

    /// Moves the clock to `target`; returns all that it was ever set to.
    private func advance(_ control: ScriptedControl, to target: Instant = next) async throws -> [ControlReading] {
        var advance = ClockAdvance(
            ClockAdvance.Parts(
                control: control, stores: [:], deadLetters: MemoryDeadLetterStore(), routes: Routes([]),
                readyCount: { _ in 0 }, wall: { Self.start }, report: { _ in }))
        try await advance.advance(to: target, participants: 0)
        return control.readings
    }

    private func control(at phase: ClockPhase = .events) throws -> ScriptedControl {
        let control = ScriptedControl()
        try control.setClock(ControlReading(now: Self.start, phase: phase))
        return control
    }

    @Test func `answers have their turn once upstream has handed over its events of the instant`() async throws {
        let control = try control()
        try control.upsertParticipant(participant("publish", next: Self.next))
        try control.upsertParticipant(participant("answer", next: Self.next))
        control.onPoll = { control, polls in
            guard control.readings.last?.now == Self.next, polls == 5 else { return }
            #expect(control.readings.last?.phase == .events)
            try control.upsertParticipant(participant("publish", next: nil))
        }
        control.onClock = { control, reading in
            guard reading.phase == .answers else { return }
            #expect(control.polls >= 5)
            try control.upsertParticipant(participant("answer", next: nil))
        }
        let readings = try await advance(control)
        #expect(readings.map(\.phase) == [.events, .events, .answers, .events])
        #expect(readings.map(\.now) == [Self.start, Self.next, Self.next, Self.next])
    }

    @Test func `an instant without answers has no turn for them`() async throws {
        let control = try control()
        try control.upsertParticipant(participant("answer", next: Self.next.adding(seconds: 1)))
        #expect(try await advance(control).map(\.phase) == [.events, .events])
    }

    @Test(arguments: [ClockPhase.answers, .lastCall, .timers(.callback)])
    func `what a killed one left is begun again with the events`(phase: ClockPhase) async throws {
        #expect(try await advance(control(at: phase), to: Self.start).map(\.phase) == [phase, .events])
    }
}

/// A control store that writes down what the clock was set to, and lets a test act at that moment or at a poll.
private final class ScriptedControl: ControlStore {
    private struct Script {
        var readings: [ControlReading] = []
        var polls = 0
        var onClock: (@Sendable (ScriptedControl, ControlReading) throws -> Void)?
        var onPoll: (@Sendable (ScriptedControl, Int) throws -> Void)?
    }

    private let inner = MemoryControl()
    private let script = Mutex(Script())

    var readings: [ControlReading] { script.withLock { $0.readings } }
    /// Looks at the participants since the last time that the instant changed.
    var polls: Int { script.withLock { $0.polls } }
    var onClock: (@Sendable (ScriptedControl, ControlReading) throws -> Void)? {
        get { script.withLock { $0.onClock } }
        set { script.withLock { $0.onClock = newValue } }
    }
    var onPoll: (@Sendable (ScriptedControl, Int) throws -> Void)? {
        get { script.withLock { $0.onPoll } }
        set { script.withLock { $0.onPoll = newValue } }
    }

    func clock() throws -> ControlReading? { try inner.clock() }

    func setClock(_ reading: ControlReading) throws {
        try inner.setClock(reading)
        let act = script.withLock { script in
            if script.readings.last?.now != reading.now { script.polls = 0 }
            script.readings.append(reading)
            return script.onClock
        }
        try act?(self, reading)
    }

    func participants() throws -> [Participant] {
        let (act, polls) = script.withLock { script in
            script.polls += 1
            return (script.onPoll, script.polls)
        }
        try act?(self, polls)
        return try inner.participants()
    }

    func upsertParticipant(_ participant: Participant) throws { try inner.upsertParticipant(participant) }
    func removeParticipant(_ name: String) throws { try inner.removeParticipant(name) }
    func appendHanded(_ events: [HandedEvent]) throws { try inner.appendHanded(events) }
    func handed(after: Int64, limit: Int) throws -> [NumberedHandedEvent] {
        try inner.handed(after: after, limit: limit)
    }
    func setWatermark(participant: String, stage: StageName, number: Int64) throws {
        try inner.setWatermark(participant: participant, stage: stage, number: number)
    }
    func watermarks() throws -> [Watermark] { try inner.watermarks() }
    func close() { inner.close() }
}
