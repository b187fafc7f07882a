import Broker
import Policy
import Schema
import Stages
import Store

@testable import Runtime

/// Drives one state machine: an event goes in, and what it wants done comes out as short lines, logs left out.
struct MachineHarness {
    private(set) var machine: WorkerMachine
    private(set) var wall = Instant(seconds: 1_700_000_000)
    private(set) var logged: [String] = []
    private(set) var published: [Publication] = []
    /// Whether the beginning of a search for a mark is told, too.
    var tellsOfMarks = false
    var clock = ClockReading(now: Instant(seconds: 1_800_000_000))

    init(limits: WorkerLimits = MachineHarness.limits()) {
        machine = WorkerMachine(
            stage: .intake, name: "one", routes: Routes([IntakeStage(), RoutingStage()]), limits: limits,
            wall: Instant(seconds: 1_700_000_000), clock: clock)
    }

    /// A worker that has started, subscribed on channel 1 and connected its publisher.
    static func running(limits: WorkerLimits = limits()) -> MachineHarness {
        var harness = MachineHarness(limits: limits)
        _ = harness.handle(.consumer(.subscribed(channel: 1)))
        _ = harness.handle(.publisher(.ready))
        _ = harness.done()
        while harness.machine.isAtWork { _ = harness.done() }
        return harness
    }

    static func limits(batch: Int = 3, unconfirmed: Int = 8) -> WorkerLimits {
        var limits = WorkerLimits()
        limits.batch = batch
        limits.prefetch = 2 * batch
        limits.unconfirmed = unconfirmed
        return limits
    }

    var isTakingEvents: Bool { if case .events? = machine.hand.job?.work { true } else { false } }

    mutating func handle(_ event: WorkerEvent) -> [String] {
        var lines: [String] = []
        for action in machine.handle(event) {
            switch action {
            case .run(let work): lines.append("run " + Self.describe(work))
            case .acknowledgeThrough(let tag, let channel): lines.append("acknowledge through \(tag) on \(channel)")
            case .acknowledge(let tags, let channel): lines.append("acknowledge \(tags) on \(channel)")
            case .requeue(let tags, let channel): lines.append("requeue \(tags) on \(channel)")
            case .publish(let publications):
                published += publications
                lines += publications.map { "publish \($0.ticket) to \($0.exchange)/\($0.routingKey)" }
            case .beginMark: if tellsOfMarks { lines.append("begin mark") }
            case .ask: lines.append("ask")
            case .cancelConsumer: lines.append("cancel consumer")
            case .consume(let prefetch): lines.append("consume at most \(prefetch)")
            case .closeConsumer: lines.append("close consumer")
            case .closePublisher: lines.append("close publisher")
            case .log(let line): logged.append(line.message)
            case .finished: lines.append("finished")
            }
        }
        return lines
    }

    private static func describe(_ work: Work) -> String {
        switch work {
        case .start(let limit): "start, at most \(limit)"
        case .events(let inputs, let confirmed): "events \(inputs.map(\.event.id)), confirmed \(confirmed.map(\.entry))"
        case .timers(let confirmed, _, let standing):
            "timers, confirmed \(confirmed.map(\.entry))" + (standing.mark == nil ? "" : ", with a mark")
        case .oneTimer(.look, _): "look for one timer"
        case .oneTimer(.run(let key), _): "timer \(key) alone"
        case .oneTimer(.putAside(let key, _), _): "put aside \(key)"
        case .flush(let confirmed): "flush \(confirmed.map(\.entry))"
        case .sweep(let confirmed, let limit, let own, _):
            "sweep at most \(limit), confirmed \(confirmed.map(\.entry))" + (own ? ", own too" : "")
        case .waiting(let care): "waiting \(care)"
        case .release(let dead, let told):
            "release \(dead.map(\.id))" + (told.isEmpty ? "" : ", told \(told.map(\.id))")
        case .end(let confirmed): "end, confirmed \(confirmed.map(\.entry))"
        }
    }

    // MARK: What happens

    mutating func deliver(_ ids: [String], from tag: UInt64 = 1, channel: UInt64 = 1) throws -> [String] {
        let deliveries = try ids.enumerated().map { offset, id in
            try Self.delivery(id, tag: tag + UInt64(offset), channel: channel)
        }
        return handle(.consumer(.delivered(deliveries)))
    }

    static let eventTime = Instant(seconds: 1_799_999_000)

    static func delivery(
        _ id: String, tag: UInt64, channel: UInt64 = 1, source: String = "upstream", headers: [HeaderField] = [],
        body: [UInt8]? = nil, padding: Int = 0, exchange: String = ExchangeName.inbox
    ) throws -> Delivery {
        let event = Event(
            id: id, source: source, time: eventTime,
            data: CaseAccepted(caseId: "case-1", by: Person(id: "someone", tier: "hq")))
        var properties = MessageProperties.of(event)
        properties.headers = headers
        return Delivery(
            tag: tag, channel: channel, redelivered: false, exchange: exchange, routingKey: "case.accepted",
            properties: properties,
            body: (body ?? event.body()) + [UInt8](repeating: UInt8(ascii: " "), count: padding))
    }

    mutating func done(
        _ fates: [InputFate] = [], rows: [Int64] = [], timers: Int = 0, more: Bool = false, next: RecordKey? = nil,
        waiting: EventKey? = nil
    ) -> [String] {
        var batch = BatchResult()
        batch.fates = fates
        batch.rows = rows.map(Self.row)
        batch.timers = timers
        batch.hasMoreTimers = more
        batch.nextTimer = next
        batch.nextWaiting = waiting
        return handle(.done(WorkResult(batch: batch, clock: clock)))
    }

    /// Timers are due, and none may act yet.
    mutating func held(_ why: HeldTimers.Why = .own(.distantPast)) -> [String] {
        var result = WorkResult(clock: clock)
        result.held = HeldTimers(due: clock.now, why: why, patienceSeconds: 900)
        return handle(.done(result))
    }

    static func row(_ entry: Int64) -> OutboxRow {
        OutboxRow(
            key: OutboxKey(entry: entry, index: 0),
            output: JournalOutput(
                id: "out-\(entry)", type: "case.opened", exchange: ExchangeName.events, routingKey: "case.opened",
                correlation: nil, body: Array("{}".utf8)))
    }

    mutating func fail(_ kind: StoreFailure.Kind = .transient) -> [String] {
        handle(.failed(StoreFailure(kind, operation: "commit", cause: "test")))
    }

    mutating func resolve(_ tickets: [UInt64], _ outcome: PublishOutcome = .confirmed) -> [String] {
        handle(.publisher(.resolved(tickets.map { ($0, outcome) })))
    }

    mutating func pass(milliseconds: Int64) -> [String] {
        wall = Instant(microseconds: wall.microseconds + milliseconds * 1000)
        return handle(.tick(wall: wall, clock: clock))
    }
}
