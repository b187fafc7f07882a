import Schema

/// How an outlet's staff does in its quarterly assessments (R15, R16).
struct Training: Codable, Hashable, Sendable {
    /// When the quarter is judged.
    var judgeAt: Instant?
    /// Dispatch is stopped until a retest is passed.
    var isHeld = false
    /// By when the retest must have been passed; nil: none is owed.
    var retestDue: Instant?
}
