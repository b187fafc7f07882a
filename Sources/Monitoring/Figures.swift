/// What a worker counts as it goes.
package struct Tally: Sendable, Hashable {
    package var received = 0
    package var settled = CaseCounts<Outcome>()
    package var sent = CaseCounts<SendResult>()
    package var deadLetters = CaseCounts<DeathCode>()
    package var storeFailures = CaseCounts<StoreTrouble>()
    package var losses = CaseCounts<LinkName>()
    package var timersActed = 0
    package var timersByPatience = 0
    package var timerFaults = 0
    /// Wall time, in microseconds since 1970.
    package var lastApplied: Int64?

    package init() {}
}

/// How a worker stands at one moment.
package struct Condition: Sendable, Hashable {
    package var inHand = 0
    package var inHandBytes = 0
    package var prefetch = 0
    package var unconfirmed = 0
    package var isConsuming = false
    /// Parking has a publisher only once it has something to answer: true until that fails.
    package var isPublishing = false
    package var isBlocked = false
    package var isStoreFailing = false
    /// A message has found no queue where the topology promises one, and none has been confirmed since.
    package var isPromiseBroken = false
    package var isDraining = false

    package init() {}
}

/// What a worker has read from its stage's store for others to see.
package struct StoreLook: Sendable, Hashable {
    /// `timersDue` counts no further.
    package static let mostTimers = 10_000

    /// Wall time, in microseconds since 1970.
    package let at: Int64
    package var outbox = 0
    /// In microseconds.
    package var outboxAge: Int64 = 0
    package var waiting = 0
    package var waitingBytes = 0
    package var timersDue = 0
    /// In microseconds of business time.
    package var timersLate: Int64 = 0
    package var timersAside = 0

    package init(at: Int64) {
        self.at = at
    }
}

/// A moment, on the wall clock for others and on one that only goes forward for oneself; in microseconds.
package struct Moment: Sendable, Hashable {
    package let wall: Int64
    package let uptime: Int64

    package init(wall: Int64, uptime: Int64) {
        (self.wall, self.uptime) = (wall, uptime)
    }
}

/// What the system says of a process.
package struct ProcessFigures: Sendable, Hashable {
    package var cpuSeconds = 0.0
    package var residentBytes = 0
    package var openDescriptors = 0
    /// Seconds since 1970.
    package var startedAt = 0.0

    package init() {}
}

/// All that one worker tells of itself.
package struct Figures: Sendable {
    /// Its stage, or `parking`.
    package let stage: String
    package var tally = Tally()
    package var condition = Condition()
    package var batchSeconds = CaseHistograms<WorkKind>(.durations)
    package var batchMessages = Histogram(.sizes)
    package var wait = CaseHistograms<Origin>(.waits)
    package var parked = CaseCounts<ParkedFate>()
    package var look: StoreLook?
    package var isLookFailing = false
    package var lastLoop: Moment?
    package var isClockFailing = false
    /// nil: none has been read yet.
    package var policy: String?
    /// The policy folder was to be taken into use and was not.
    package var isPolicyRefused = false
    /// The process is about to end; one that is paused is not.
    package var isEnding = false
    package var calendarMissing = 0

    package init(stage: String) {
        self.stage = stage
    }

    package static let parking = "parking"
    package var isParking: Bool { stage == Figures.parking }

    /// - Parameters:
    ///   - process: nil: the system does not tell.
    ///   - release: the program's version.
    package func exposition(process: ProcessFigures?, release: String) -> String {
        var text = Exposition(stage: stage)
        text.add(.received, tally.received)
        if !isParking { addMessages(to: &text) }
        text.add(.deadLetters, tally.deadLetters)
        if isParking { text.add(.parked, parked) } else { addTransactions(to: &text) }
        text.add(.storeFailures, tally.storeFailures)
        text.add(.storeUp, !condition.isStoreFailing && !isLookFailing)
        if !isParking { addBacklog(to: &text) }
        text.add(.lastLoop, instant: lastLoop?.wall)
        text.add(.linkUp, [LinkName.consumer: condition.isConsuming, .publisher: condition.isPublishing])
        text.add(.linkLosses, tally.losses)
        if !isParking { text.add(.blocked, condition.isBlocked) }
        text.add(.ready, isReady)
        text.add(.draining, condition.isDraining)
        if let policy { text.add(.policy, version: policy) }
        if !isParking { text.add(.calendarMissing, calendarMissing) }
        text.add(.build, version: release)
        if let process {
            text.add(.cpu, process.cpuSeconds)
            text.add(.resident, process.residentBytes)
            text.add(.descriptors, process.openDescriptors)
            text.add(.started, process.startedAt)
        }
        return text.text
    }

    private func addMessages(to text: inout Exposition) {
        text.add(.settled, tally.settled)
        text.add(.wait, wait)
        text.add(.sent, tally.sent)
        text.add(.inHand, condition.inHand)
        text.add(.inHandBytes, condition.inHandBytes)
        text.add(.prefetch, condition.prefetch)
    }

    private func addTransactions(to text: inout Exposition) {
        text.add(.batchSeconds, batchSeconds)
        text.add(.batchMessages, batchMessages)
    }

    private func addBacklog(to text: inout Exposition) {
        if let look {
            text.add(.outbox, look.outbox)
            text.add(.outboxAge, Double(look.outboxAge) / 1e6)
            text.add(.waiting, look.waiting)
            text.add(.waitingBytes, look.waitingBytes)
            text.add(.timersDue, look.timersDue)
            text.add(.timersLate, Double(look.timersLate) / 1e6)
            text.add(.timersAside, look.timersAside)
            text.add(.lookedAt, instant: look.at)
        }
        text.add(.unconfirmed, condition.unconfirmed)
        text.add(.timersActed, tally.timersActed)
        text.add(.timersByPatience, tally.timersByPatience)
        text.add(.timerFaults, tally.timerFaults)
        text.add(.lastApplied, instant: tally.lastApplied)
    }
}
