import Broker
import BrokerTestKit
import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// An event has waited for a minute of real time: its sender is told, once.
@Suite struct WaitingNoticeTests {
    private static let queue = "upstream"
    private static let routingKey = "event.waiting." + Identifiers.uuid5(of: "upstream").prefix(8)
    private static let event = EventKey(source: "upstream", id: "early")

    /// One stage with its workers; a second of real time is a minute of business time.
    private final class Scene {
        let broker = MemoryBroker()
        let store = MemoryStore()
        let time: SimulatedTime
        private let stages = [ProbeStage<FirstProbe>()]

        init(_ mode: ClockReading.Mode = .running) throws {
            time = SimulatedTime(
                wall: Instant(seconds: 1_700_000_000),
                clock: ClockReading(now: Instant(seconds: 1_793_592_000), mode: mode))
            var topology = Topology.pipeline(stages)
            topology.queues.append(Topology.Queue(name: queue, kind: .quorum))
            topology.bindings.append(
                Topology.Binding(exchange: ExchangeName.events, queue: queue, routingKey: "event.waiting.#"))
            try broker.declareNow(topology)
        }

        func worker(_ name: String) -> SimulatedWorker {
            SimulatedWorker(
                runner: StageRunner(stage: ProbeStage<FirstProbe>(), policy: ProbePolicy.book), name: name,
                routes: Routes(stages), store: store, broker: broker, limits: WorkerLimits(), time: time)
        }

        func publish(_ subject: String, id: String) {
            let event = Event(
                id: id, source: "upstream", time: time.clock.now,
                data: CaseAccepted(caseId: subject, by: Person(id: "someone", tier: "hq")))
            let (publisher, endpoint) = broker.observed { broker, sink in
                broker.publisher(sink: sink)
            } to: { (_: PublisherEvent) in
            }
            publisher.publish([
                Publication(
                    ticket: 1, exchange: ExchangeName.inbox, routingKey: "case.accepted", mandatory: true,
                    properties: .of(event), body: event.body())
            ])
            while broker.ready.contains(endpoint) { broker.pump(endpoint) }
        }

        /// - Parameter isOver: asked after each commit; the worker is then killed before it hears of it.
        func pass(
            _ seconds: Int, _ worker: SimulatedWorker, until isOver: () throws -> Bool = { false }
        ) throws {
            for _ in 0..<seconds {
                time.wall = time.wall.adding(seconds: 1)
                time.clock = ClockReading(now: time.clock.now.adding(minutes: 1), mode: time.clock.mode)
                worker.tick()
                while true {
                    let ready = [worker.consumerEndpoint, worker.publisherEndpoint].filter(broker.ready.contains)
                    for endpoint in ready { broker.pump(endpoint) }
                    worker.takeMail()
                    try worker.commit()
                    if try isOver() { return }
                    worker.takeAnswer()
                    if ready.isEmpty, !worker.hasMail, worker.work == nil { break }
                }
            }
        }

        var told: [Delivery] { broker.contents(of: queue) }

        var row: WaitingEvent? {
            get throws { try store.readNow { try $0.waiting(after: nil, limit: 1) }.first }
        }

        private struct Undone: Error {
            let isDue: Bool
        }

        /// Whether a worker would tell of it then.
        func isDue(at wall: Instant) throws -> Bool {
            do {
                try store.writeNow { (transaction) throws -> Void in
                    throw Undone(isDue: try !transaction.takeNotices(now: wall, again: wall, limit: 1).isEmpty)
                }
                return false
            } catch let undone as Undone {
                return undone.isDue
            }
        }
    }

    @Test func `It is told after a minute of real time, and no more once that is confirmed`() throws {
        let scene = try Scene()
        let worker = scene.worker("one")
        scene.publish("needs-x", id: "early")
        try scene.pass(1, worker)
        let row = try #require(try scene.row)
        #expect(try !scene.isDue(at: scene.time.wall.adding(seconds: 59)))
        #expect(try scene.isDue(at: scene.time.wall.adding(seconds: 60)))
        try scene.pass(59, worker)
        #expect(scene.told.isEmpty, "an hour of business time is less than a minute")
        try scene.pass(5, worker)
        let notice = try #require(scene.told.first)
        #expect(notice.routingKey == Self.routingKey)
        let event = try Event.read(notice.body)
        #expect(event.id == Identifiers.waitingId(source: "upstream", eventId: "early"))
        #expect(event.source == StageName.intake.source && notice.properties.messageId == event.id)
        let data = try #require(event.data as? EventWaiting)
        #expect(data.source == "upstream" && data.eventId == "early" && data.queue == StageName.intake.queue)
        #expect(data.reference == row.reference.words && data.until == row.endsAt)
        #expect(try !scene.isDue(at: .limit))
        try scene.pass(200, worker)
        #expect(scene.told.count == 1)
    }

    @Test func `What comes in time is not told of`() throws {
        let scene = try Scene()
        let worker = scene.worker("one")
        scene.publish("needs-x", id: "early")
        try scene.pass(50, worker)
        scene.publish("makes-x", id: "reference")
        try scene.pass(100, worker)
        #expect(try scene.row == nil)
        #expect(scene.told.isEmpty)
    }

    @Test func `A worker that is killed before it has told anybody leaves it to the next`() throws {
        let scene = try Scene()
        let killed = scene.worker("one")
        scene.publish("needs-x", id: "early")
        try scene.pass(1, killed)
        let due = scene.time.wall.adding(seconds: 60)
        try scene.pass(70, killed) { try scene.time.wall >= due && !scene.isDue(at: scene.time.wall) }
        #expect(try !scene.isDue(at: scene.time.wall), "it is committed that it is told now")
        #expect(try scene.isDue(at: .limit))
        #expect(scene.told.isEmpty)
        try scene.pass(70, scene.worker("two"))
        #expect(scene.told.count == 1)
    }

    @Test func `One that is killed before it has noted the confirm lets it be told again, under one id`() throws {
        let scene = try Scene()
        let killed = scene.worker("one")
        scene.publish("needs-x", id: "early")
        try scene.pass(70, killed) { !scene.told.isEmpty }
        #expect(scene.told.count == 1)
        #expect(try scene.isDue(at: .limit))
        try scene.pass(200, scene.worker("two"))
        #expect(scene.told.count == 2)
        #expect(Set(scene.told.map(\.properties.messageId)).count == 1)
        #expect(try !scene.isDue(at: .limit))
    }

    @Test func `Where the clock steps, nobody is told`() throws {
        let scene = try Scene(.stepped(.events))
        let worker = scene.worker("one")
        scene.publish("needs-x", id: "early")
        try scene.pass(200, worker)
        #expect(try scene.row != nil)
        #expect(scene.told.isEmpty)
    }

    @Test func `While the broker is away it is told once, when that is back`() throws {
        var worker = MachineHarness.running()
        var batch = BatchResult()
        batch.notices = [
            WaitingEvent(
                event: Self.event, type: "case.accepted", digest: [1], reference: RecordKey(kind: "case", id: "x"),
                ruleTime: worker.clock.now, arrived: worker.clock.now, endsAt: worker.clock.now, size: 1)
        ]
        func sweep() throws -> [String] {
            for _ in 1...100 {
                if case .sweep? = worker.machine.hand.job?.work {
                    return worker.handle(.done(WorkResult(batch: batch, clock: worker.clock)))
                }
                _ = worker.machine.isAtWork ? worker.done() : worker.pass(milliseconds: 1_000)
            }
            throw StageFault(description: "it never looks after what others left")
        }
        #expect(try sweep().first == "publish 1 to recourse.events/\(Self.routingKey)")
        let failure = BrokerFailure(.connection, operation: "use the connection", cause: "test")
        _ = worker.resolve([1], .unknown(failure))
        _ = worker.handle(.publisher(.lost(failure)))
        #expect(try sweep().allSatisfy { !$0.hasPrefix("publish") }, "it is still to be sent")
        #expect(worker.handle(.publisher(.ready)).contains("publish 1 to recourse.events/\(Self.routingKey)"))
        while worker.machine.isAtWork { _ = worker.done() }
        #expect(worker.resolve([1]) == ["run release [], told [\"early\"]"])
    }
}
