import Broker
import Runtime
import Schema
import Store

/// `recourse publish`: hands the lines of a file to `recourse.inbox`, each exactly as it stands, with confirms.
///
/// A line need not be a valid event: the pipeline says what is wrong with it. Only what the broker must know is read
/// from it: the routing key from `type`, the message id from `id`.
package struct PublishFile: Sendable {
    /// One line of the file.
    package struct Line: Sendable {
        package let body: [UInt8]
        package let identity: EventIdentity
        /// nil where the line has no readable time; such lines go with the one before.
        package let time: Instant?

        package init(_ body: [UInt8]) {
            self.body = body
            let json: JSON?
            do throws(JSONSyntaxError) {
                json = try JSON(parsing: body)
            } catch {
                // The pipeline will refuse it and say why; here it only has no name.
                json = nil
            }
            identity = EventIdentity(
                source: json?["source"]?.string, id: json?["id"]?.string, type: json?["type"]?.string)
            time = json?["time"]?.string.flatMap(Instant.init(rfc3339:))
        }

        /// The event's name: its type without the version.
        package var name: String {
            let type = identity.type ?? "unknown"
            return type.hasSuffix(".v1") ? String(type.dropLast(3)) : type
        }

        var message: ConfirmedPublisher.Message {
            var properties = MessageProperties()
            properties.contentType = "application/cloudevents+json"
            if let id = identity.id, Identifier.isValid(id) { properties.messageId = id }
            let key = name.utf8.count <= 255 ? name : "unknown"
            return ConfirmedPublisher.Message(
                exchange: ExchangeName.inbox, routingKey: key, mandatory: true, properties: properties, body: body)
        }
    }

    package struct Progress: Sendable {
        package var published = 0
        package var total = 0
        /// Not taken by any queue although the alternate exchange should have: the topology is not applied.
        package var returned = 0
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
        package var clock: any BusinessClock
        package var control: (any ControlStore)?
        package var wall: @Sendable () -> Instant
        package var sleep: @Sendable (Int64) async throws -> Void

        package init(
            broker: any Broker, clock: any BusinessClock, control: (any ControlStore)?,
            wall: @escaping @Sendable () -> Instant, sleep: @escaping @Sendable (Int64) async throws -> Void
        ) {
            self.broker = broker
            self.clock = clock
            self.control = control
            self.wall = wall
            self.sleep = sleep
        }
    }

    private static let window = 1_000
    /// How long the broker may be away.
    private static let limitSeconds: Int64 = 300
    private static let participant = "publish"
    private let parts: Parts

    package init(_ parts: Parts) {
        self.parts = parts
    }

    /// Publishes all lines.
    ///
    /// - Parameters:
    ///   - confirmed: called with each batch of lines that the broker has confirmed, for the ledger.
    ///   - progress: called after each batch.
    /// - Throws: `BrokerFailure` if the broker is away for five minutes; the lines confirmed until then are in the ledger.
    package func run(
        _ lines: [Line], pace: Pace, confirmed: ([Line]) throws -> Void, progress: (Progress) -> Void
    ) async throws -> Progress {
        let publisher = ConfirmedPublisher(parts.broker, wall: parts.wall)
        var state = Progress()
        state.total = lines.count
        do {
            let ordered = if case .paced = pace { PublishFile.byTime(lines) } else { lines }
            var position = 0
            let startedAt = parts.wall()
            while position < ordered.count {
                let end: Int
                switch pace {
                case .asFastAsPossible: end = min(position + PublishFile.window, ordered.count)
                case .rate(let perSecond):
                    end = min(position + max(1, min(PublishFile.window, perSecond / 10)), ordered.count)
                    let due = startedAt.microseconds + Int64(position) * 1_000_000 / Int64(perSecond)
                    let ahead = due - parts.wall().microseconds
                    if ahead > 0 { try await parts.sleep(ahead) }
                case .paced: end = try await nextDue(ordered, position)
                }
                let batch = Array(ordered[position..<end])
                if case .paced = pace { try announce(next: batch.first?.time, isDone: false) }
                try note(batch)
                let outcomes = try await publisher.publish(
                    batch.map(\.message), limitSeconds: PublishFile.limitSeconds)
                let taken = zip(batch, outcomes).filter { $0.1 == .confirmed }.map(\.0)
                try confirmed(taken)
                position = end
                state.published += taken.count
                state.returned += batch.count - taken.count
                progress(state)
                if case .paced = pace {
                    try announce(next: ordered[safe: position]?.time, isDone: position == ordered.count)
                }
            }
        } catch {
            await publisher.close()
            if case .paced = pace { try announce(next: nil, isDone: true) }
            throw error
        }
        await publisher.close()
        return state
    }

    /// By time, stably; a line without a time goes with the one before it.
    private static func byTime(_ lines: [Line]) -> [Line] {
        var last = Instant.distantPast
        let timed = lines.enumerated().map { offset, line in
            last = line.time ?? last
            return (last, offset, line)
        }
        return timed.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }

    /// Waits until the clock reads the time of the line at `position`; returns where the lines of that time end.
    private func nextDue(_ lines: [Line], _ position: Int) async throws -> Int {
        try announce(next: lines[position].time, isDone: false)
        var announcedAt = parts.wall()
        while true {
            let now = try parts.clock.read().now
            if lines[position].time.map({ $0 <= now }) ?? true {
                var end = position
                while end < lines.count, end - position < PublishFile.window, lines[end].time.map({ $0 <= now }) ?? true
                {
                    end += 1
                }
                return end
            }
            let wall = parts.wall()
            if wall > announcedAt.adding(seconds: 2) {
                try announce(next: lines[position].time, isDone: false)
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

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
