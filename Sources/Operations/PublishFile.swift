import Broker
import Runtime
import Schema
import Store

/// `recourse publish`: hands the lines of a file to `recourse.inbox`, each exactly as it stands, with confirms.
///
/// Whether a line is a valid event has been asked before (`PublishCheck`), and the pipeline asks again: here only what the
/// broker must know is read from it, the routing key from `type`, the message id from `id`.
package struct PublishFile: Sendable {
    /// One line of the file.
    package struct Line: Sendable {
        package let body: [UInt8]
        package let identity: EventIdentity
        /// nil where the line has no readable time; such lines go with the one before.
        package let time: Instant?

        package init(_ body: [UInt8], limits: DocumentLimits = .widest) {
            self.body = body
            let json: JSON?
            do throws(JSONSyntaxError) {
                json = try JSON(parsing: body)
            } catch {
                // The pipeline will refuse it and say why; here it only has no name.
                json = nil
            }
            // Of one that is too large the pipeline keeps no body, so it never learns the source.
            let isKept = body.count <= limits.bodyBytes
            identity = EventIdentity(
                source: isKept ? json?["source"]?.string : nil, id: json?["id"]?.string, type: json?["type"]?.string)
            time = json?["time"]?.string.flatMap(Instant.init(rfc3339:))
        }

        /// The event's name: its type without the version.
        package var name: String {
            let type = identity.type ?? "unknown"
            return type.hasSuffix(".v1") ? String(type.dropLast(3)) : type
        }

        func isTaken(by routes: Routes) -> Bool { !routes.takers(fromInbox: EventType(name)).isEmpty }

        var message: ConfirmedPublisher.Message {
            var properties = MessageProperties()
            properties.contentType = "application/cloudevents+json"
            if let id = identity.id, Identifier.isValid(id) { properties.messageId = id }
            let key = name.utf8.count <= 255 ? name : "unknown"
            return ConfirmedPublisher.Message(
                exchange: ExchangeName.inbox, routingKey: key, mandatory: true, properties: properties, body: body)
        }
    }

    package enum Pace: Sendable {
        case asFastAsPossible
        /// Events per second.
        case rate(Int)
        /// By the events' `time` against the stepped or running business clock.
        case paced
    }

    package struct Parts: Sendable {
        package var broker: any Broker
        package var routes: Routes
        package var clock: any BusinessClock
        package var control: (any ControlStore)?
        package var wall: @Sendable () -> Instant
        package var sleep: @Sendable (Int64) async throws -> Void
        /// Told why the broker cannot be reached.
        package var lost: @Sendable (BrokerFailure) -> Void = { _ in }

        package init(
            broker: any Broker, routes: Routes, clock: any BusinessClock, control: (any ControlStore)?,
            wall: @escaping @Sendable () -> Instant, sleep: @escaping @Sendable (Int64) async throws -> Void
        ) {
            self.broker = broker
            self.routes = routes
            self.clock = clock
            self.control = control
            self.wall = wall
            self.sleep = sleep
        }
    }

    private static let window = 1_000
    /// In bytes, of the lines that are on their way at once.
    private static let windowBytes = 16 << 20
    /// How long the broker may be away.
    private static let limitSeconds: Int64 = 300
    private static let participant = "publish"
    private let parts: Parts

    package init(_ parts: Parts) {
        self.parts = parts
    }

    /// Publishes all lines that can be sent.
    ///
    /// - Parameters:
    ///   - check: has read the file; for `.paced` by time.
    ///   - confirmed: called with each batch of lines that the broker has confirmed, for the ledger.
    ///   - progress: called after each batch.
    /// - Throws: `BrokerFailure` if the broker is away for five minutes, `FileFault`; the lines confirmed until then are in
    ///   the ledger. A run that fails has not handed over everything and does not say so: the stepped clock waits for the
    ///   next one as long as for any program that was heard of lately.
    package func run(
        _ file: RereadableFile, _ check: PublishCheck, pace: Pace, confirmed: ([Line]) throws -> Void,
        progress: (PublishReport) -> Void
    ) async throws -> PublishReport {
        let publisher = ConfirmedPublisher(parts.broker, wall: parts.wall, lost: parts.lost)
        var report = PublishReport(check)
        do {
            var supply = try Supply(file, check)
            let startedAt = parts.wall()
            if case .paced = pace { try announce(next: supply.nextTime, isDone: !supply.hasMore) }
            while supply.hasMore {
                var limit = PublishFile.window
                var until: Instant?
                switch pace {
                case .asFastAsPossible: break
                case .rate(let perSecond):
                    limit = max(1, min(limit, perSecond / 10))
                    let due = startedAt.microseconds + Int64(supply.taken) * 1_000_000 / Int64(perSecond)
                    let ahead = due - parts.wall().microseconds
                    if ahead > 0 { try await parts.sleep(ahead) }
                case .paced: until = try await nextDue(supply.nextTime)
                }
                let batch = try supply.take(limit, bytes: PublishFile.windowBytes, until: until)
                if case .paced = pace { try announce(next: batch.first?.time, isDone: false) }
                try note(batch)
                let outcomes = try await publisher.publish(
                    batch.map(\.message), limitSeconds: PublishFile.limitSeconds)
                let taken = zip(batch, outcomes).filter { $0.1 == .confirmed }.map(\.0)
                try confirmed(taken)
                report.published += taken.count
                report.unrouted += taken.count { !$0.isTaken(by: parts.routes) }
                report.returned += batch.count - taken.count
                progress(report)
                if case .paced = pace { try announce(next: supply.nextTime, isDone: !supply.hasMore) }
            }
        } catch {
            await publisher.close()
            throw error
        }
        await publisher.close()
        return report
    }

    /// Waits until the clock reads `time`; returns what it reads then.
    ///
    /// - Parameter time: nil: there is nothing to wait for.
    private func nextDue(_ time: Instant?) async throws -> Instant {
        try announce(next: time, isDone: false)
        var announcedAt = parts.wall()
        while true {
            let now = try parts.clock.read().now
            if time.map({ $0 <= now }) ?? true { return now }
            let wall = parts.wall()
            if wall > announcedAt.adding(seconds: 2) {
                try announce(next: time, isDone: false)
                announcedAt = wall
            }
            try await parts.sleep(parts.clock.pollMicroseconds / 2)
        }
    }

    /// Notes what is about to be handed over, so that the clock waits for it.
    private func note(_ batch: [Line]) throws {
        guard let control = parts.control else { return }
        try control.appendHanded(
            batch.compactMap { line in
                guard let source = line.identity.source, let id = line.identity.id else { return nil }
                return HandedEvent(key: EventKey(source: source, id: id), type: line.name)
            })
    }

    private func announce(next: Instant?, isDone: Bool) throws {
        try parts.control?.upsertParticipant(
            Participant(
                name: PublishFile.participant, next: next, isDone: isDone,
                aliveUntil: parts.wall().adding(seconds: PublishFile.limitSeconds + 60))
        )
    }
}

/// The lines of a file for the second time, in the order in which they are sent.
private struct Supply {
    private let file: RereadableFile
    private var reader: LineReader
    /// nil: in the order of the file.
    private let places: [PublishCheck.Place]?
    private let total: Int
    private let limits: DocumentLimits
    /// How many have been taken, those that cannot be sent too.
    private(set) var taken = 0

    init(_ file: RereadableFile, _ check: PublishCheck) throws {
        self.file = file
        reader = try file.lines(longest: PublishCheck.longest)
        places = check.places
        total = check.places?.count ?? check.lines
        limits = check.limits
    }

    var hasMore: Bool { taken < total }

    /// nil: at the end, or the line has no time.
    var nextTime: Instant? {
        guard let places, taken < places.count, places[taken].time > .distantPast else { return nil }
        return places[taken].time
    }

    /// - Parameters:
    ///   - bytes: a batch ends when it has so many.
    ///   - until: the time of the last line; nil: whatever their time is.
    mutating func take(_ limit: Int, bytes: Int, until: Instant?) throws -> [PublishFile.Line] {
        var batch: [PublishFile.Line] = []
        var size = 0
        while batch.count < limit, size < bytes, hasMore {
            if let places {
                let place = places[taken]
                if let until, place.time > until { break }
                batch.append(PublishFile.Line(try file.bytes(at: place.offset, count: place.length), limits: limits))
                size += place.length
            } else {
                guard let line = try reader.next() else {
                    throw FileFault("read \(file.name): it has become shorter since it was checked")
                }
                if let body = line.bytes { batch.append(PublishFile.Line(body, limits: limits)) }
                size += line.length
            }
            taken += 1
        }
        return batch
    }
}
