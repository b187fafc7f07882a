import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Synchronization
import Testing

@testable import Operations

@Suite("Moving the stepped clock", .timeLimit(.minutes(10)))
struct ClockAdvanceTests {
    private static let start = Instant(seconds: 1_780_000_000)
    private static let next = start.adding(seconds: 3_600)
    private static let upstream = EventKey(source: "upstream", id: "1")
    private static let answer = EventKey(source: "recourse/answers", id: "1")

    private let intake = MemoryStore()

    private func participant(_ name: String, next: Instant?) -> Participant {
        Participant(name: name, next: next, isDone: next == nil, aliveUntil: .limit)
    }

    /// Moves the clock to `target`; returns all phases that it was ever set to.
    ///
    /// - Parameter isSlow: five seconds pass at each look at the wall's clock: whoever waits for long has waited long enough.
    private func advance(
        _ control: ScriptedControl, to target: Instant = next, isSlow: Bool = false,
        readyCount: @escaping @Sendable () throws -> Int? = { 0 }
    ) async throws -> [ClockPhase] {
        let wall = Mutex(Self.start)
        let stage = try #require(Pipeline.stages.first { type(of: $0).name == .intake })
        var advance = ClockAdvance(
            ClockAdvance.Parts(
                control: control, stores: [.intake: intake], deadLetters: MemoryDeadLetterStore(),
                routes: Routes([stage]), readyCount: { _ in try? readyCount() },
                wall: {
                    wall.withLock { wall in
                        if isSlow { wall = wall.adding(seconds: 5) }
                        return wall
                    }
                }, report: { _ in }))
        try await advance.advance(to: target, participants: 0)
        return control.readings.map(\.phase)
    }

    private func control(at phase: ClockPhase = .events) throws -> ScriptedControl {
        let control = ScriptedControl()
        try control.setClock(ControlReading(now: Self.start, phase: phase))
        return control
    }

    private func hand(_ event: EventKey, _ control: any ControlStore) throws {
        try control.appendHanded([HandedEvent(key: event, type: ComplaintReceived.type.rawValue)])
    }

    /// Intake takes it.
    private func take(_ event: EventKey) throws {
        let entry = JournalEntry(
            input: .event(source: event.source, id: event.id, type: "complaint.received", digest: [], body: []),
            fate: .applied, now: Self.next, isLate: false, policyVersion: "1", records: [], outputs: [])
        try intake.writeNow { _ = try $0.append([entry], owner: "test") }
    }

    @Test func `answers have their turn once all that upstream hands over is taken, and observers have seen it`()
        async throws
    {
        let control = try control()
        try control.upsertParticipant(participant("publish", next: Self.next))
        try control.upsertParticipant(participant("answer", next: Self.next))
        try control.setWatermark(participant: "answer", stage: .intake, number: 0)
        control.onPoll = { control, polls in
            guard control.readings.last?.now == Self.next else { return }
            if polls < 15 { #expect(control.readings.last?.phase == .events) }
            switch polls {
            case 5:
                try hand(Self.upstream, control)
                try control.upsertParticipant(participant("publish", next: nil))
            case 10: try take(Self.upstream)
            case 15: try control.setWatermark(participant: "answer", stage: .intake, number: 1)
            default: return
            }
        }
        control.onClock = { control, reading in
            guard reading.phase == .answers else { return }
            try control.upsertParticipant(participant("answer", next: nil))
        }
        #expect(try await advance(control) == [.events, .events, .answers, .events])
        #expect(control.readings.map(\.now) == [Self.start, Self.next, Self.next, Self.next])
    }

    @Test func `what an answer leads to is waited for before the clock moves on`() async throws {
        let control = try control()
        try control.upsertParticipant(participant("answer", next: Self.start))
        control.onPoll = { control, polls in
            guard control.readings.last?.phase == .answers else { return }
            #expect(control.readings.count == 2)
            switch polls {
            case 10:
                try hand(Self.answer, control)
                try control.upsertParticipant(participant("answer", next: nil))
            case 20: try take(Self.answer)
            default: return
            }
        }
        #expect(try await advance(control) == [.events, .answers, .events, .events])
    }

    @Test func `an instant without answers has no turn for them`() async throws {
        let control = try control()
        try control.upsertParticipant(participant("answer", next: Self.next.adding(seconds: 1)))
        #expect(try await advance(control) == [.events, .events])
    }

    @Test func `an answer that was noted and never sent is given once more`() async throws {
        let control = try control()
        try hand(Self.answer, control)
        try control.upsertParticipant(participant("answer", next: Self.start))
        control.onClock = { control, reading in
            guard reading.phase == .answers else { return }
            try take(Self.answer)
            try control.upsertParticipant(participant("answer", next: nil))
        }
        #expect(try await advance(control, to: Self.start) == [.events, .answers, .events])
    }

    @Test func `a reference is called last when no answer can make what it refers to`() async throws {
        let control = try control()
        try hand(Self.upstream, control)
        try control.upsertParticipant(participant("answer", next: Self.start))
        control.onClock = { control, reading in
            switch reading.phase {
            case .answers: try control.upsertParticipant(participant("answer", next: nil))
            case .lastCall: try take(Self.upstream)
            case .events, .timers: return
            }
        }
        #expect(try await advance(control, to: Self.start, isSlow: true) == [.events, .answers, .lastCall, .events])
    }

    @Test func `an answer that is given while the queues are counted puts the last call off`() async throws {
        let control = try control()
        try hand(Self.upstream, control)
        try control.upsertParticipant(participant("answer", next: Self.next))
        let counts = Mutex(0)
        control.onClock = { control, reading in
            guard reading.phase == .lastCall else { return }
            #expect(counts.withLock { $0 } == 4, "something happened during the second and the third")
            try take(Self.upstream)
        }
        let phases = try await advance(control, to: Self.start, isSlow: true) {
            // The first count is at the start. Handed over at the second, taken at the third.
            let count = counts.withLock { count in
                count += 1
                return count
            }
            if count == 2 { try hand(Self.answer, control) } else if count == 3 { try take(Self.answer) }
            return 0
        }
        #expect(phases == [.events, .lastCall, .events])
    }

    @Test func `nothing is called last before observers have seen all`() async throws {
        let control = try control()
        try take(EventKey(source: "upstream", id: "0"))
        try hand(Self.upstream, control)
        try control.upsertParticipant(participant("answer", next: Self.next))
        try control.setWatermark(participant: "answer", stage: .intake, number: 0)
        control.onPoll = { control, polls in
            if polls == 100 { try control.setWatermark(participant: "answer", stage: .intake, number: 1) }
        }
        control.onClock = { control, reading in
            guard reading.phase == .lastCall else { return }
            #expect(control.polls >= 100)
            try take(Self.upstream)
            try control.setWatermark(participant: "answer", stage: .intake, number: 2)
        }
        #expect(try await advance(control, to: Self.start, isSlow: true) == [.events, .lastCall, .events])
    }

    @Test func `an answer that becomes due at the last call has its turn`() async throws {
        let control = try control()
        try hand(Self.upstream, control)
        control.onClock = { control, reading in
            switch reading.phase {
            case .lastCall:
                try take(Self.upstream)
                try control.upsertParticipant(participant("answer", next: Self.start))
            case .answers: try control.upsertParticipant(participant("answer", next: nil))
            case .events, .timers: return
            }
        }
        #expect(try await advance(control, to: Self.start, isSlow: true) == [.events, .lastCall, .answers, .events])
    }

    @Test func `who waits in vain says what for, and ends`() async throws {
        let control = try control()
        try hand(Self.upstream, control)
        let stalled = await #expect(throws: ClockAdvance.Stalled.self) {
            try await advance(control, to: Self.start, isSlow: true)
        }
        #expect(stalled?.description.contains("open: intake 1 (1)") == true, "\(stalled?.description ?? "")")
    }

    @Test(arguments: [ClockPhase.answers, .lastCall, .timers(.callback)])
    func `what a killed one left is begun again with the events, before anything is waited for`(phase: ClockPhase)
        async throws
    {
        let control = try control(at: phase)
        control.onPoll = { control, _ in #expect(control.readings.last?.phase == .events) }
        #expect(try await advance(control, to: Self.start) == [phase, .events])
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
    func setMark(_ mark: Instant, of stage: StageName) throws { try inner.setMark(mark, of: stage) }
    func marks() throws -> [StageName: Instant] { try inner.marks() }
    func close() { inner.close() }
}
