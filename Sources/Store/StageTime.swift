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
    /// The watermark by patience: the business time before so much time in which the stage was able to work.
    package private(set) var patient = Instant.distantPast
    /// How many timers have acted that only patience allowed.
    package var actedByPatience = 0
    /// What the stage may say of itself to others: the watermark up to which everything that followed has been published.
    package private(set) var said = Instant.distantPast

    /// A watermark that is said once the outputs of all entries up to `entry` have been confirmed.
    private var saying: Saying?
    /// Microseconds of real time in which the stage was able to work: a worker was subscribed, and the store writable.
    private var able: Int64 = 0
    private var lastBeat: LastBeat?
    /// Business times at moments of `able`, ascending.
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
        let business: Instant
    }

    package init() {}

    /// Timers due by then act.
    package var watermark: Instant { max(marks.own, patient) }
    package var bounds: Marks { Marks(own: watermark, before: marks.before) }

    // MARK: Who consumes

    /// What a beat of one worker is about.
    package struct Beat: Sendable {
        package let worker: WorkerId
        package let standing: Standing
        package let wall: Instant
        package let business: Instant
        package let leaseSeconds: Int64
        package let patienceSeconds: Int64

        package init(
            worker: WorkerId, standing: Standing, wall: Instant, business: Instant, leaseSeconds: Int64,
            patienceSeconds: Int64
        ) {
            self.worker = worker
            self.standing = standing
            self.wall = wall
            self.business = business
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
        if !(former?.isLive(at: beat.wall) ?? false) || former?.standing?.since != beat.standing.since {
            changed = max(changed, beat.wall)
        }
        var live: [Lease] = []
        for lease in leases where lease.worker != beat.worker {
            if lease.isLive(at: beat.wall) { live.append(lease) } else { changed = max(changed, lease.until) }
        }
        var standing = Standing(since: beat.standing.since)
        live.append(Lease(worker: beat.worker, until: beat.wall, standing: standing))
        let consumers = live.count(where: \.isConsumer)
        for mark in [beat.standing.mark, former?.standing?.mark].compactMap(\.self)
        where standing.mark == nil && counts(mark) && mark.consumers == consumers { standing.mark = mark }
        live[live.count - 1] = Lease(worker: beat.worker, until: beat.wall, standing: standing)
        advance(live)
        growPatient(beat, isAble: live.contains { $0.standing?.since != nil })
        return standing
    }

    /// A worker has ended: what it had in hand is in the queue again.
    package mutating func left(at wall: Instant) { changed = max(changed, wall) }

    private func counts(_ mark: Mark) -> Bool { mark.asked > changed }

    private mutating func advance(_ live: [Lease]) {
        // Workers of older releases keep no marks: beside them the watermark is that of the others.
        let asked = live.compactMap(\.standing).filter { $0.since != nil }
        let found = asked.compactMap(\.mark).filter { counts($0) }.map(\.marks)
        guard !found.isEmpty, found.count == asked.count else { return }
        marks.own = max(marks.own, found.map(\.own).min() ?? .distantPast)
        marks.before = max(marks.before, found.map(\.before).min() ?? .distantPast)
    }

    // MARK: Patience

    /// No more than a lease is added at once: what happened in a longer gap is not known.
    private mutating func growPatient(_ beat: Beat, isAble: Bool) {
        if let lastBeat, lastBeat.isAble, isAble {
            let gap = beat.wall.microseconds - lastBeat.wall.microseconds
            able += max(0, min(gap, beat.leaseSeconds * 1_000_000))
        }
        lastBeat = LastBeat(wall: max(lastBeat?.wall ?? beat.wall, beat.wall), isAble: isAble)
        let patience = beat.patienceSeconds * 1_000_000
        if samples.last.map({ able >= $0.able + patience / Self.samplesKept }) ?? true {
            samples.append(Sample(able: able, business: beat.business))
        }
        while samples.count > 1, samples[1].able <= able - patience { samples.removeFirst() }
        if let first = samples.first, first.able <= able - patience {
            patient = max(patient, first.business)
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
