import Schema

/// Which part of an instant is on under the stepped clock.
package enum ClockPhase: Hashable, Sendable {
    /// The events of the instant, with all that follows.
    case events
    /// The answers that are due at the instant, with all that follows.
    case answers
    /// The timers of one stage that are due at the instant, with all that follows.
    case timers(StageName)
    /// Everything else is quiet: a reference that is unknown now stays unknown and its event is dead-lettered.
    case lastCall

    /// Is it the turn of some stage's timers?
    package var isTimers: Bool { if case .timers = self { true } else { false } }
}
