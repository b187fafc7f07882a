import Schema

/// What is known of an outlet's site checks (R19).
struct SiteSupervision: Codable, Hashable, Sendable {
    /// Whether the last check was passed.
    var isPassed = false
    /// Of the last check.
    var checkedAt: Instant?
    /// By when the next check must have been; nil: none is owed.
    var dueAt: Instant?

    /// Takes a check; one that is older than what is known says nothing.
    mutating func take(passed: Bool, at instant: Instant) {
        if let checkedAt, instant < checkedAt { return }
        checkedAt = instant
        isPassed = passed
    }
}
