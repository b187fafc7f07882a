import Schema
import Store

/// Decides what a replay does next: canary, rate, when to halt and why. Pure: it is told what has happened and what time it
/// is.
struct ReplayPlan: Sendable {
    struct Limits: Sendable {
        /// How long a letter on its way may have no outcome, and no other either.
        var answerSeconds: Int64 = 60
        /// How long what another process has left on its way is looked for before it is sent again.
        var recoverySeconds: Int64 = 10
        /// How long the outcomes of what is on its way are waited for once it is decided to halt.
        var haltSeconds: Int64 = 10
        /// Letters on their way at once.
        var underWay = 500
        /// Letters claimed at once.
        var batch = 50
        /// Of so many outcomes, how many may be failures.
        var window = 200
        var failures = 10
    }

    enum Next: Sendable, Hashable {
        /// Send up to so many.
        case claim(Int)
        /// Look whether there is news, then ask again.
        case wait
        /// What another process has claimed is nowhere: it goes out once more.
        case sendAgain
        case end(LetterOperation.State, cause: String)
    }

    /// What has become of a letter that was on its way.
    enum Outcome: Sendable, Hashable {
        case applied
        case diedAgain(fingerprint: String, isSame: Bool)
        /// The broker did not take it.
        case failed
        /// Somebody has changed it meanwhile.
        case lost
    }

    private struct Halt: Sendable, Hashable {
        let state: LetterOperation.State
        let cause: String
        let at: Instant
    }

    /// 1, then 10; 0: the rest.
    private(set) var step: Int64
    /// Of which nothing is known yet, this process's or another's.
    private(set) var underWay: Int
    /// Of these, those that another process has left.
    private(set) var inherited: Int
    private var waiting: Int
    private var sentInStep: Int64 = 0
    /// Whether they were failures, the last of them.
    private var recent: [Bool] = []
    private var newsAt: Instant
    /// When their stages last took anything.
    private var movedAt = Instant.distantPast
    private var claimAt: Instant
    private var halt: Halt?
    private let rate: Int64
    private let limits: Limits

    /// - Parameters:
    ///   - waiting: whose turn has not come.
    ///   - inherited: which another process has claimed or sent, and not settled.
    init(
        step: Int64, rate: Int64, waiting: Int, inherited: Int, at now: Instant, limits: Limits = Limits()
    ) {
        self.step = step
        self.rate = max(rate, 1)
        self.waiting = waiting
        underWay = inherited
        self.inherited = inherited
        (newsAt, claimAt) = (now, now)
        self.limits = limits
    }

    // MARK: - What has happened

    /// Letters were looked at: so many were sent, the others of them were not to be.
    mutating func claimed(_ count: Int, sent: Int, at now: Instant) {
        waiting = count == 0 ? 0 : max(0, waiting - count)
        guard sent > 0 else { return }
        // Whoever waits for an answer begins to with the first.
        if underWay == 0 { newsAt = now }
        underWay += sent
        sentInStep += Int64(sent)
        claimAt = Instant(microseconds: now.microseconds + Int64(sent) * 1_000_000 / rate)
    }

    /// What another process had claimed went out once more.
    mutating func sentAgain(at now: Instant) {
        inherited = 0
        newsAt = now
    }

    mutating func settled(_ outcome: Outcome, wasInherited: Bool, at now: Instant) {
        underWay -= 1
        if wasInherited { inherited = max(0, inherited - 1) }
        newsAt = now
        switch outcome {
        case .lost: return
        case .applied: note(failure: false)
        case .failed: fail("the broker did not take a letter", at: now)
        case .diedAgain(let fingerprint, isSame: true):
            note(failure: true)
            stop("a letter has died again of the same (fingerprint \(fingerprint)): its cause is not mended", at: now)
        case .diedAgain(let fingerprint, isSame: false):
            fail("a letter has died again, of something else (fingerprint \(fingerprint))", at: now)
        }
    }

    /// Something outside forbids to go on.
    mutating func halt(_ state: LetterOperation.State, _ cause: String, at now: Instant) {
        if halt == nil { halt = Halt(state: state, cause: cause, at: now) }
    }

    private mutating func fail(_ what: String, at now: Instant) {
        note(failure: true)
        if step != 0 { return stop(what + " of the canary", at: now) }
        let count = recent.count { $0 }
        if count >= limits.failures {
            stop("\(count) of the last \(recent.count) letters have failed; the last: \(what)", at: now)
        }
    }

    private mutating func note(failure: Bool) {
        recent.append(failure)
        if recent.count > limits.window { recent.removeFirst() }
    }

    /// Whoever goes on begins with one letter again.
    private mutating func stop(_ cause: String, at now: Instant) {
        halt(.stopped, cause, at: now)
        step = 1
    }

    /// What it has been decided to end as, while what is on its way is waited for.
    var halted: (LetterOperation.State, String)? { halt.map { ($0.state, $0.cause) } }

    /// The stages that letters are on their way to have taken something.
    mutating func stagesMoved(at now: Instant) { movedAt = now }

    // MARK: - What is next

    /// Nothing was heard for so long that somebody else may have had a hand in it.
    func isSilent(at now: Instant) -> Bool {
        underWay > 0 && now >= newsAt.adding(seconds: inherited > 0 ? 0 : limits.haltSeconds)
    }

    mutating func next(at now: Instant) -> Next {
        if let halt {
            let isPatient = now < max(halt.at, newsAt).adding(seconds: limits.haltSeconds)
            return underWay > 0 && isPatient ? .wait : .end(halt.state, cause: halt.cause)
        }
        if inherited > 0 {
            return now < newsAt.adding(seconds: limits.recoverySeconds) ? .wait : .sendAgain
        }
        if underWay > 0, now >= max(newsAt, movedAt).adding(seconds: limits.answerSeconds) {
            // What is on its way has had its time.
            return .end(.paused, cause: "no answer from the stage's workers within \(limits.answerSeconds) s")
        }
        if step != 0, sentInStep >= step {
            guard underWay == 0 else { return .wait }
            (step, sentInStep) = (step == 1 ? 10 : 0, 0)
        }
        if waiting == 0 { return underWay == 0 ? .end(.done, cause: "") : .wait }
        let room = min(limits.batch, Int(clamping: rate), limits.underWay - underWay)
        let size = step == 0 ? room : min(room, Int(step - sentInStep))
        return size <= 0 || now < claimAt ? .wait : .claim(size)
    }
}
