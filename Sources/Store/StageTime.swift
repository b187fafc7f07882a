import Schema

/// A stage's watermark and what it follows from; one value, kept in the stage's store, locked while it is worked out.
///
/// The watermark is the least mark of the workers that consume, and never goes back: what was taken stays taken. A
/// message in a worker's hands goes back to the queue when the worker or its connection goes, and another one gets it,
/// whose mark may be younger than the message. So the watermark stands after every change of who consumes, until each
/// worker has asked anew; then nothing of what was given back is left in the queue or in anybody's hands.
package struct StageTime: Codable, Sendable, Hashable {
    /// Wall time of the last change of who consumes the queue.
    package private(set) var changed = Instant.distantPast
    /// By marks alone.
    package private(set) var marks = Marks.none
    /// By patience: how it stood before so much time in which the stage was able to work, had it taken all of its queue.
    package private(set) var patient = Marks.none
    /// How many timers have acted that only patience allowed.
    package var actedByPatience = 0
    /// What the stage may say of itself to others: the watermark up to which everything that followed has been published.
    package private(set) var said = Instant.distantPast
    /// Wall time at which a worker of a release that keeps no marks was seen last.
    package private(set) var olderSeen: Instant?
    /// What the last mark found that did not count for it; nil: the last one counted.
    package private(set) var strangers: Strangers?

    /// The queue has other consumers than the stage has workers.
    package struct Strangers: Codable, Sendable, Hashable {
        package let consumers: Int
        package let workers: Int
    }

    /// A watermark that is said once the outputs of all entries up to `entry` have been confirmed.
    private var saying: Saying?
    /// Microseconds of real time in which the stage was able to work: a worker was subscribed, and the store writable.
    private var able: Int64 = 0
    private var lastBeat: LastBeat?
    /// At which `able` a beat told what other stages have said; nil: none ever did.
    private var toldAt: Int64?
    /// How it stood at moments of `able`, ascending.
    private var samples: [Sample] = []

    private struct Saying: Codable, Hashable {
        let mark: Instant
        let entry: Int64
    }

    private struct LastBeat: Codable, Hashable {
        let wall: Instant
        let isAble: Bool
    }

    private struct Sample: Codable, Hashable {
        let able: Int64
        let marks: Marks
    }

    package init() {}

    /// Timers due by then act.
    package var watermark: Instant { max(marks.own, patient.own) }
    package var bounds: Marks { .latest(marks, patient) }

    /// A worker that knows no waiting room is at work, or was so a minute ago.
    package func isBesideOlder(at wall: Instant) -> Bool { olderSeen.map { wall <= $0.adding(seconds: 60) } ?? false }

    // MARK: Who consumes

    /// What a beat of one worker is about.
    package struct Beat: Sendable {
        package let worker: WorkerId
        package let standing: Standing
        package let wall: Instant
        package let business: Instant
        /// What other stages have said by now, beside the business time; one that has never said anything – an older
        /// release, or it was never started – counts as having said that, so that by patience nobody waits for it for ever.
        /// nil: it was not asked for.
        package let told: Marks?
        package let leaseSeconds: Int64
        package let patienceSeconds: Int64

        package init(
            worker: WorkerId, standing: Standing, wall: Instant, business: Instant, told: Marks? = nil,
            leaseSeconds: Int64, patienceSeconds: Int64
        ) {
            self.worker = worker
            self.standing = standing
            self.wall = wall
            self.business = business
            self.told = told
            self.leaseSeconds = leaseSeconds
            self.patienceSeconds = patienceSeconds
        }
    }

    /// Takes in how one worker stands, and works out the watermark.
    ///
    /// - Parameters:
    ///   - leases: as they are stored, the worker's own included.
    /// - Returns: what is to be stored of the worker: a mark that does not count is left out.
    package mutating func take(_ beat: Beat, leases: [Lease]) -> Standing {
        let former = leases.first { $0.worker == beat.worker }
        // No change was noted by a clock that goes right: it was ahead, and has been set back.
        let latest = beat.wall.adding(seconds: beat.leaseSeconds)
        if changed > latest { changed = beat.wall }
        if leases.contains(where: { $0.isOfOlderRelease(at: beat.wall) }) { olderSeen = beat.wall }
        if !(former?.isLive(at: beat.wall) ?? false) || former?.standing?.since != beat.standing.since {
            changed = max(changed, beat.wall)
        }
        var live: [Lease] = []
        for lease in leases where lease.worker != beat.worker {
            // Whoever wrote it has a clock that was ahead.
            if lease.isBeyondReason(at: beat.wall) {
                changed = beat.wall
                continue
            }
            if lease.isLive(at: beat.wall) { live.append(lease) } else { changed = max(changed, lease.until) }
        }
        var standing = Standing(since: beat.standing.since)
        live.append(Lease(worker: beat.worker, until: beat.wall, standing: standing))
        let consumers = live.count(where: \.isConsumer)
        for mark in [beat.standing.mark, former?.standing?.mark].compactMap(\.self)
        where standing.mark == nil && counts(mark, until: latest) && mark.consumers == consumers {
            standing.mark = mark
        }
        if let mark = beat.standing.mark {
            strangers = mark.consumers == consumers ? nil : Strangers(consumers: mark.consumers, workers: consumers)
        }
        live[live.count - 1] = Lease(worker: beat.worker, until: beat.wall, standing: standing)
        advance(live, until: latest)
        growPatient(beat, isAble: live.contains { $0.standing?.since != nil })
        return standing
    }

    /// A worker has ended: what it had in hand is in the queue again.
    package mutating func left(at wall: Instant) { changed = max(changed, wall) }

    /// - Parameter latest: one that was asked later was so by a clock that was ahead.
    private func counts(_ mark: Mark, until latest: Instant) -> Bool { mark.asked > changed && mark.asked <= latest }

    private mutating func advance(_ live: [Lease], until latest: Instant) {
        // Workers of older releases keep no marks: beside them the watermark is that of the others.
        let asked = live.compactMap(\.standing).filter { $0.since != nil }
        let found = asked.compactMap(\.mark).filter { counts($0, until: latest) }.map(\.marks)
        guard !found.isEmpty, found.count == asked.count else { return }
        func least(_ part: (Marks) -> Instant) -> Instant { found.map(part).min() ?? .distantPast }
        marks = .latest(marks, Marks(own: least(\.own), before: least(\.before), word: least(\.word)))
    }

    // MARK: Patience

    /// No more than a lease is added at once: what happened in a longer gap is not known.
    private mutating func growPatient(_ beat: Beat, isAble: Bool) {
        if let lastBeat, lastBeat.isAble, isAble {
            let gap = beat.wall.microseconds - lastBeat.wall.microseconds
            able += max(0, min(gap, beat.leaseSeconds * 1_000_000))
        }
        // Clocks of several workers differ a little: the same time is not added once for each. One that is far ahead was set
        // back since.
        let latest = beat.wall.adding(seconds: beat.leaseSeconds)
        let last = lastBeat.map(\.wall).flatMap { $0 <= latest ? $0 : nil } ?? beat.wall
        lastBeat = LastBeat(wall: max(last, beat.wall), isAble: isAble)
        let patience = beat.patienceSeconds * 1_000_000
        if beat.told != nil { toldAt = able }
        // Not every beat tells what others have said: the next that does is waited for, and not much longer.
        let step = patience / Self.samplesKept
        let isDue = samples.last.map { able >= $0.able + (beat.told == nil ? 2 * step : step) } ?? true
        if isDue {
            // Where nobody has been able to ask for so long, nobody is waited for.
            let nobody = Marks(own: beat.business, before: beat.business)
            let isDeaf = able - (toldAt ?? 0) > patience
            let told = beat.told ?? (isDeaf ? nobody : samples.last?.marks ?? .none)
            let marks = Marks(own: beat.business, before: told.before, word: told.word)
            samples.append(Sample(able: able, marks: marks))
        }
        while samples.count > 1, samples[1].able <= able - patience { samples.removeFirst() }
        if let first = samples.first, first.able <= able - patience {
            patient = .latest(patient, first.marks)
        }
    }

    private static let samplesKept: Int64 = 30

    // MARK: What others are told

    /// - Parameters:
    ///   - oldestUnconfirmed: the first entry with an output that the broker has not confirmed; nil: there is none.
    ///   - last: the last entry.
    package mutating func say(oldestUnconfirmed: Int64?, last: Int64) {
        func isPublished(_ entry: Int64) -> Bool { oldestUnconfirmed.map { $0 > entry } ?? true }
        if let saying, isPublished(saying.entry) {
            said = max(said, saying.mark)
            self.saying = nil
        }
        guard saying == nil, watermark > said else { return }
        if isPublished(last) { said = watermark } else { saying = Saying(mark: watermark, entry: last) }
    }

    // MARK: Storing

    /// Wall times as another clock shows them that is `microseconds` ahead.
    package func shifted(by microseconds: Int64) -> StageTime {
        var time = self
        time.changed = changed.shifted(by: microseconds)
        time.olderSeen = olderSeen?.shifted(by: microseconds)
        if let lastBeat {
            time.lastBeat = LastBeat(wall: lastBeat.wall.shifted(by: microseconds), isAble: lastBeat.isAble)
        }
        return time
    }

    package func encoded() throws -> [UInt8] { try JSONEncoding.bytes(of: self) }

    /// - Throws: `StoreFailure`, corrupt.
    package init(encoded: [UInt8]) throws {
        do {
            self = try JSONDecoding.decode(StageTime.self, from: encoded)
        } catch {
            throw StoreFailure(.corrupt, operation: "reading the stage's watermark", cause: "\(error)")
        }
    }
}

extension Instant {
    /// Beyond the ends of time there is nothing to shift.
    fileprivate func shifted(by microseconds: Int64) -> Instant {
        self == .distantPast ? self : Instant(microseconds: self.microseconds &+ microseconds)
    }
}
