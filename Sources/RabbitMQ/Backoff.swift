/// How long to wait before the next attempt: exponential with jitter, from 0.2 s to 10 s.
///
/// The jitter keeps the workers of a restarted broker from all coming at the same moment.
struct Backoff {
    static let shortest = 200
    static let longest = 10_000
    /// What has been open for this long starts again from the shortest pause.
    private static let healthy = 5_000

    private var attempts = 0
    private var openedAt: Int?

    /// What was tried has succeeded. Said again while it lasts, it changes nothing.
    mutating func opened(at now: Int) { if openedAt == nil { openedAt = now } }

    /// Milliseconds to wait.
    mutating func next(at now: Int) -> Int {
        if let openedAt, now - openedAt >= Self.healthy { attempts = 0 }
        openedAt = nil
        let ceiling = min(Self.longest, (2 * Self.shortest) << min(attempts, 8))
        attempts += 1
        return Int.random(in: Self.shortest...ceiling)
    }
}
