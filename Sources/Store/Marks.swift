import Schema

/// Up to which business times a stage has taken what its queue held.
package struct Marks: Codable, Sendable, Hashable {
    /// The stage's watermark: everything that its queue held up to then has been taken. Timers due by then act.
    package var own: Instant
    /// The least of what the stages have said of themselves that lie before this one by the routes (their watermarks, once
    /// what followed had been published), of which all has been taken here too.
    package var before: Instant
    /// The same of those stages alone whose word meets deadlines here (`Stage.metBy`).
    package var word: Instant

    /// - Parameter word: nil: as `before`.
    package init(own: Instant, before: Instant, word: Instant? = nil) {
        self.own = own
        self.before = before
        self.word = word ?? before
    }

    /// Where a stage at rest has the instant as its watermark: in `simulate` and under the stepped clock.
    package init(atRest instant: Instant) { self.init(own: instant, before: instant) }

    package static let none = Marks(own: .distantPast, before: .distantPast)

    /// Up to when waiting ends.
    package var withAll: Instant { min(own, before) }
    /// Up to when deadlines act that another stage's word meets.
    package var withWord: Instant { min(own, word) }

    /// The later of both, each by itself.
    package static func latest(_ a: Marks, _ b: Marks) -> Marks {
        Marks(own: max(a.own, b.own), before: max(a.before, b.before), word: max(a.word, b.word))
    }
}

/// What a worker has found when it asked for the state of its queue twice, and had settled everything that it had
/// received before the second answer. Both answers said that no message waits.
package struct Mark: Sendable, Hashable {
    /// Wall time before the first question.
    package let asked: Instant
    /// The business time then, and what the stages before had said by then.
    package let marks: Marks
    /// How many consumers the queue has, by both answers.
    package let consumers: Int

    package init(asked: Instant, marks: Marks, consumers: Int) {
        self.asked = asked
        self.marks = marks
        self.consumers = consumers
    }
}

/// How a worker stands to its queue.
package struct Standing: Sendable, Hashable {
    /// Wall time at which its present subscription began; nil: it has none.
    package var since: Instant?
    /// Its last mark that counts.
    package var mark: Mark?

    package init(since: Instant? = nil, mark: Mark? = nil) {
        self.since = since
        self.mark = mark
    }
}

/// Says that a worker is alive.
package struct Lease: Sendable, Hashable {
    package let worker: WorkerId
    /// Wall time.
    package let until: Instant
    /// nil: of a release that keeps no marks. It is taken for a consumer.
    package let standing: Standing?

    package init(worker: WorkerId, until: Instant, standing: Standing?) {
        self.worker = worker
        self.until = until
        self.standing = standing
    }

    /// Alive, and of a release that keeps no marks.
    package func isOfOlderRelease(at wall: Instant) -> Bool { standing == nil && isLive(at: wall) }

    package func isLive(at wall: Instant) -> Bool { wall < until }
    /// It ends later than any lease that was renewed by then: a clock was ahead, and has been set back.
    package func isBeyondReason(at wall: Instant) -> Bool { until > wall.adding(hours: 2) }
    var isConsumer: Bool { standing.map { $0.since != nil } ?? true }
}
