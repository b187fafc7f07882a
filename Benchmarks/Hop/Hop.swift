import Bootstrap
import Broker
import Foundation
import Glibc
import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreSQLite

/// One hop in one process: a stage's worker without a broker, over a real SQLite file. Everything that a worker does with
/// a message but the socket: decoding, deciding, the transaction, what is published, settling.
///
///     hop STAGE POLICY STORE KEYS FILE COUNT
///
/// Feeds the first COUNT events of FILE (a line of JSON each; `-`: standard input) that the stage takes, in batches of 256,
/// and prints processor time and bytes written for each; what it takes to read the file is not counted. Under `valgrind --tool=callgrind` the same run counts instructions; the
/// difference of two counts is what that many messages cost (`deploy/benchmark --instructions`).
@main
enum Hop {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst().map { String($0) }
        guard arguments.count == 6,
            let stage = Pipeline.stages.first(where: { type(of: $0).name.rawValue == arguments[0] }),
            let count = Int(arguments[5])
        else {
            print("usage: hop STAGE POLICY STORE KEYS FILE COUNT")
            exit(64)
        }
        let policy = try PolicyLoading.load(directory: arguments[1], currentYear: nil)
        let keys = try Keyring(parsing: String(contentsOfFile: arguments[3], encoding: .utf8))
        let file = arguments[4] == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: arguments[4])
        guard let file else {
            print("hop: \(arguments[4]) cannot be read")
            exit(66)
        }
        var source = Source(
            lines: LineReader(file, name: arguments[4], longest: 1 << 20), stage: type(of: stage))
        let store = try SQLiteStore(directory: arguments[2], stage: type(of: stage).name)
        var bench = Bench(stage: stage, policy: policy, keyring: keys, store: store)
        try bench.begin()
        var used = Usage(processor: 0, wall: 0, written: 0)
        var taken = 0
        // All of them are read, so that a run without messages has read the same.
        while case let deliveries = try source.next(), !deliveries.isEmpty {
            let batch = deliveries.prefix(count - taken)
            guard !batch.isEmpty else { continue }
            taken += batch.count
            let before = Usage.now
            try bench.deliver(Array(batch))
            used = used.adding(Usage.now.since(before))
        }
        try bench.end()
        let each = Double(max(1, taken))
        print(
            "\(arguments[0]): \(taken) messages, \(bench.published) published, "
                + "\(Int(used.processor / each)) µs processor, \(Int(used.wall / each)) µs, "
                + "\(Int(used.written / each)) bytes written, \(bench.other) other fates")
    }
}

/// The events of a file that a stage takes, as the broker would deliver them.
private struct Source {
    private var lines: LineReader
    private let stage: any Stage.Type
    private let takes: Set<EventType>
    private var tag: UInt64 = 0

    init(lines: LineReader, stage: any Stage.Type) {
        (self.lines, self.stage) = (lines, stage)
        takes = Set(stage.takesFromInbox + stage.takesFromEvents)
    }

    /// Up to a batch of them; none: the end.
    mutating func next() throws -> [Delivery] {
        var deliveries: [Delivery] = []
        while deliveries.count < 256, let line = try lines.next() {
            guard let body = line.bytes, case let event = try Event.read(body), takes.contains(event.type) else {
                continue
            }
            tag += 1
            let isInbox = stage.takesFromInbox.contains(event.type)
            deliveries.append(
                Delivery(
                    tag: tag, channel: 1, redelivered: false,
                    exchange: isInbox ? ExchangeName.inbox : ExchangeName.events, routingKey: event.type.rawValue,
                    properties: .of(event), body: body))
        }
        return deliveries
    }
}

/// A worker's machine with its store, driven without a shell.
private struct Bench {
    private var machine: WorkerMachine
    private let processor: BatchProcessor
    private let store: SQLiteStore
    private let limits = WorkerLimits()
    /// Goes on as if half a millisecond were needed for each message.
    private var reading = ClockReading(now: Instant(seconds: 2_000_000_000))
    private let wall = Instant(seconds: 2_000_000_000)
    private(set) var published = 0
    /// Deliveries that did not settle with their transaction.
    private(set) var other = 0
    private var open = 0

    init(stage: any Stage, policy: PolicyBook, keyring: Keyring, store: SQLiteStore) {
        let runner = StageRunner(stage: stage, policy: policy)
        processor = BatchProcessor(
            runner: runner, worker: "hop", vault: PersonalVault(stage: runner.name, keyring: keyring))
        machine = WorkerMachine(
            stage: runner.name, name: "hop", routes: Routes(Pipeline.stages), limits: limits, wall: wall, clock: reading
        )
        self.store = store
    }

    mutating func begin() throws {
        try handle(.consumer(.subscribed(channel: 1)))
        try handle(.publisher(.ready))
    }

    mutating func deliver(_ deliveries: [Delivery]) throws {
        open = deliveries.count
        reading = ClockReading(now: Instant(microseconds: reading.now.microseconds + 500 * Int64(open)))
        try handle(.consumer(.delivered(deliveries)))
        other += open
    }

    /// Leaves nothing to be taken over.
    mutating func end() throws { try handle(.stop) }

    /// Does what the machine wants, at once, until it wants nothing more.
    private mutating func handle(_ event: WorkerEvent) throws {
        var events = [event]
        while !events.isEmpty {
            for action in machine.handle(events.removeFirst()) {
                switch action {
                case .run(let work):
                    let result = try store.writeNow {
                        try processor.perform(work, reading: reading, wall: wall, limits: limits, in: $0)
                    }
                    if case .events(let inputs, _) = work {
                        open -= zip(inputs, result.batch.fates).count { $1 == .applied || $1 == .refused }
                    }
                    events.append(.done(result))
                case .publish(let publications):
                    published += publications.count
                    events.append(.publisher(.resolved(publications.map { ($0.ticket, .confirmed) })))
                case .log(let line): print(line.message, line.details)
                case .cancelConsumer: events.append(.consumer(.cancelled))
                case .closeConsumer: events.append(.consumer(.closed))
                case .closePublisher: events.append(.publisher(.closed))
                case .consume: events.append(.consumer(.subscribed(channel: 1)))
                case .acknowledgeThrough, .acknowledge, .requeue, .beginMark, .ask, .finished: break
                }
            }
        }
    }
}

/// What this process has used.
private struct Usage {
    /// In microseconds.
    let processor: Double
    let wall: Double
    /// In bytes, to the disk.
    let written: Double

    static var now: Usage {
        func microseconds(_ clock: clockid_t) -> Double {
            var time = timespec()
            clock_gettime(clock, &time)
            return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
        }
        let lines = (try? String(contentsOfFile: "/proc/self/io", encoding: .utf8))?.split(separator: "\n") ?? []
        let written = lines.first { $0.hasPrefix("write_bytes") }?.split(separator: " ").last.flatMap { Double($0) }
        return Usage(
            processor: microseconds(CLOCK_PROCESS_CPUTIME_ID), wall: microseconds(CLOCK_MONOTONIC),
            written: written ?? .nan)
    }

    func adding(_ more: Usage) -> Usage {
        Usage(processor: processor + more.processor, wall: wall + more.wall, written: written + more.written)
    }

    func since(_ before: Usage) -> Usage {
        Usage(processor: processor - before.processor, wall: wall - before.wall, written: written - before.written)
    }
}
