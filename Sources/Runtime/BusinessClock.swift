import Schema
import Store

/// What the business clock says, and which part of the instant is on.
///
/// Under a running clock everything may happen at any time. Under the stepped clock, an instant has phases: first the
/// events of that time with all that follows, then the answers due with all that follows, then the timers stage by stage.
package struct ClockReading: Sendable, Hashable {
    package enum Mode: Sendable, Hashable {
        /// Wall or scaled: timers run when they are due.
        case running
        case stepped(ClockPhase)
    }

    package let now: Instant
    package let mode: Mode

    package init(now: Instant, mode: Mode = .running) {
        self.now = now
        self.mode = mode
    }

    /// May this stage run timers now?
    func allowsTimers(of stage: StageName) -> Bool {
        switch mode {
        case .running: true
        case .stepped(let phase): phase == .timers(stage)
        }
    }

    /// May the answers that are due be given now?
    package var allowsAnswers: Bool { mode == .running || mode == .stepped(.answers) }

    /// Is a reference that is still unknown now final? (Under the stepped clock the instant says so.)
    var isLastCall: Bool { mode == .stepped(.lastCall) }
}

/// Tells the business time.
package protocol BusinessClock: Sendable {
    /// - Throws: `StoreFailure` where the stepped clock's store cannot be read.
    func read() throws -> ClockReading
    /// How long a worker waits between two looks at the clock.
    var pollMicroseconds: Int64 { get }
}

/// The wall clock, or one that runs `factor` times as fast from `start`, which holds at wall time `wallStart`.
package struct RunningClock: BusinessClock {
    package let start: Instant
    package let factor: Int64
    package let wallStart: Instant
    private let wall: @Sendable () -> Instant

    /// - Parameter wall: the wall clock.
    package init(start: Instant, factor: Int64, wallStart: Instant, wall: @escaping @Sendable () -> Instant) {
        self.start = start
        self.factor = factor
        self.wallStart = wallStart
        self.wall = wall
    }

    package static func wall(_ wall: @escaping @Sendable () -> Instant) -> RunningClock {
        let now = wall()
        return RunningClock(start: now, factor: 1, wallStart: now, wall: wall)
    }

    package func read() -> ClockReading {
        let elapsed = wall().microseconds - wallStart.microseconds
        let (scaled, overflow) = elapsed.multipliedReportingOverflow(by: factor)
        let now = overflow ? Instant.limit : Instant(microseconds: start.microseconds + scaled)
        return ClockReading(now: min(now, .limit))
    }

    package var pollMicroseconds: Int64 { 50_000 }
}

/// The clock that moves only by `recourse clock advance`; all programs of an installation read it from the store.
package struct SteppedClock: BusinessClock {
    private let control: any ControlStore

    package init(control: any ControlStore) {
        self.control = control
    }

    /// Before the first `advance` there is no time: every event lies ahead of it.
    package func read() throws -> ClockReading {
        guard let state = try control.clock() else {
            return ClockReading(now: .distantPast, mode: .stepped(.events))
        }
        return ClockReading(now: state.now, mode: .stepped(state.phase))
    }

    package var pollMicroseconds: Int64 { 2_000 }
}
