import Broker
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Synchronization
import Testing

@testable import Operations

@Suite("Giving answers", .timeLimit(.minutes(10)))
struct AnswerServiceTests {
    private static let rules = """
        {"answers": [{"on": "case.opened", "after": {"hours": 1}, "publish": "case.accepted",
          "data": {"caseId": "$caseId", "by": {"id": "s1-clerk", "tier": "store", "storeId": "S1"}}}]}
        """
    private static let opened = "2026-11-02T09:00:00+08:00"
    private static let due = "2026-11-02T10:00:00+08:00"

    private func pipeline() async throws -> MemoryPipeline {
        var pipeline = try await MemoryPipeline()
        try await pipeline.send(Scenario.complaint("C1", at: Self.opened), at: Self.opened)
        return pipeline
    }

    private func service(
        _ pipeline: MemoryPipeline, _ control: MemoryControl, _ broker: RecordingBroker
    ) throws -> AnswerService {
        let wall = try instant(Self.opened)
        return AnswerService(
            AnswerService.Parts(
                broker: broker, clock: SteppedClock(control: control), control: control, stores: pipeline.stores,
                wall: { wall }, report: { Issue.record("\($0)") }),
            book: try AnswerBook(parsing: Array(Self.rules.utf8)), calendar: pipeline.policy.calendar, input: [])
    }

    private func next(_ control: MemoryControl) throws -> Instant? {
        try #require(control.participants().first { $0.name == "answer" && !$0.isDone }).next
    }

    private func set(_ control: MemoryControl, _ time: String, _ phase: ClockPhase) throws {
        try control.setClock(ControlReading(now: instant(time), phase: phase))
    }

    @Test func `An answer is given in the answers' turn of its instant, once, and noted before`() async throws {
        let (pipeline, control) = (try await pipeline(), MemoryControl())
        let broker = RecordingBroker { _ in
            #expect(throws: Never.self) { try #expect(control.handed(after: 0, limit: 9).count == 1) }
        }
        let publisher = ConfirmedPublisher(broker) { .distantPast }
        try set(control, Self.opened, .events)
        var service = try service(pipeline, control, broker)

        try service.begin()
        #expect(try next(control) == instant(Self.opened), "the clock must wait until the journals are read")
        #expect(try control.watermarks().count == pipeline.stores.count)
        try await service.look(publisher)
        #expect(try next(control) == instant(Self.due))
        let last = try await pipeline.stores[.intake]?.read {
            try $0.journal(after: 0, limit: 99, withBodies: false).last
        }
        #expect(try control.watermarks().first { $0.stage == .intake }?.number == last?.number)

        for phase in [ClockPhase.events, .timers(.intake), .lastCall] {
            try set(control, Self.due, phase)
            try await service.look(publisher)
            #expect(broker.published.isEmpty, "\(phase)")
        }
        try set(control, Self.due, .answers)
        try await service.look(publisher)
        try await service.look(publisher)
        #expect(broker.published.map(\.routingKey) == ["case.accepted"])
        #expect(service.given == 1)
        #expect(try next(control) == nil)
        await publisher.close()
    }

    @Test func `Who takes over from a killed one gives the same answer`() async throws {
        let (pipeline, control, broker) = (try await pipeline(), MemoryControl(), RecordingBroker { _ in })
        let publisher = ConfirmedPublisher(broker) { .distantPast }
        try set(control, Self.due, .answers)
        for _ in 0..<2 {
            var service = try service(pipeline, control, broker)
            try service.begin()
            #expect(try next(control) == instant(Self.due))
            try await service.look(publisher)
        }
        #expect(broker.published.count == 2)
        #expect(Set(broker.published.map(\.body)).count == 1)
        #expect(try control.handed(after: 0, limit: 9).count == 1)
        await publisher.close()
    }
}

@Suite("Answers in a simulation")
struct SimulationAnswersTests {
    private static let start = "2026-11-02T09:00:00+08:00"
    private static let later = "2026-11-02T10:00:00+08:00"

    private func run(_ rules: String, _ input: [Event]) throws -> [Simulation.Output] {
        let events = input.map { event in
            Simulation.InputEvent(event: event, body: event.body())
        }
        let simulation = Simulation(
            stages: Pipeline.stages, policy: try MemoryPipeline.policy(),
            answers: try AnswerBook(parsing: Array("{\"answers\":[\(rules)]}".utf8)))
        var outputs: [Simulation.Output] = []
        try simulation.run(events, until: try instant(Self.later)) { outputs.append($0) }
        for case .unanswered(let cause) in outputs { Issue.record("\(cause)") }
        return outputs
    }

    private func complaint(_ id: String, phone: String, at time: String) throws -> Event {
        Event(
            id: id, source: "upstream", time: try instant(time),
            data: ComplaintReceived(
                complaintId: id, channel: "hotline", receivedAt: try instant(time),
                customer: Customer(name: "Li Na", phone: phone, address: "1 Long Street"), storeId: "S1",
                product: Scenario.product, outletId: "O1", description: "It leaks.", remedy: "repair"))
    }

    @Test func `An answer comes behind all that follows from the events of its instant`() throws {
        let outputs = try run(
            """
            {"on": "case.opened", "after": {"hours": 1}, "publish": "case.accepted",
             "data": {"caseId": "$caseId", "by": {"id": "s1-clerk", "tier": "store", "storeId": "S1"}}}
            """,
            [
                complaint("C1", phone: "13800000001", at: Self.start),
                complaint("C2", phone: "13800000002", at: Self.later),
            ])
        let answered = try #require(outputs.firstIndex { if case .answered = $0 { true } else { false } })
        let types = outputs[..<answered].compactMap { output -> String? in
            guard case .emitted(let event, _) = output, event.event.time.description == Self.later else { return nil }
            return event.event.type.rawValue
        }
        #expect(types.contains("case.opened") && types.contains("case.assigned"), "\(types)")
    }

    @Test func `A reference to what an answer of the same instant makes is no unknown one`() throws {
        let made = Identifiers.caseId(source: "recourse/answers", complaintId: "C9")
        let outputs = try run(
            """
            {"on": "case.opened", "after": {"hours": 1}, "publish": "complaint.received",
             "data": {"complaintId": "C9", "channel": "hotline", "receivedAt": "$now", "storeId": "S1",
              "customer": {"name": "Zhang Wei", "phone": "13812345679", "address": "1 Long Street"},
              "product": {"category": "washer", "brand": "Acme", "purchasedHere": true},
              "description": "$complaintId", "remedy": "repair"}}
            """,
            [
                complaint("C1", phone: "13800000001", at: Self.start),
                Event(
                    id: "2", source: "upstream", time: instant(Self.later),
                    data: CaseAccepted(caseId: made, by: Scenario.by)),
            ])
        #expect(outputs.contains { if case .answered = $0 { true } else { false } })
        for case .deadLetter(_, _, let code, let cause) in outputs { Issue.record("\(code): \(cause)") }
    }
}

/// A broker that takes everything at once.
private final class RecordingBroker: Broker {
    private struct NoConsumer: Consumer {
        func acknowledge(through tag: UInt64, channel: UInt64) {}
        func acknowledge(_ tags: [UInt64], channel: UInt64) {}
        func requeue(_ tags: [UInt64], channel: UInt64) {}
        func ask() {}
        func cancel() {}
        func consume(prefetch: Int) {}
        func close() {}
    }

    private final class Recorder: Publisher {
        private let broker: RecordingBroker
        private let sink: @Sendable (PublisherEvent) -> Void

        init(_ broker: RecordingBroker, sink: @escaping @Sendable (PublisherEvent) -> Void) {
            self.broker = broker
            self.sink = sink
            sink(.ready)
        }

        func publish(_ publications: [Publication]) {
            for publication in publications {
                broker.onPublish(publication)
                broker.taken.withLock { $0.append(publication) }
            }
            sink(.resolved(publications.map { ($0.ticket, .confirmed) }))
        }

        func close() { sink(.closed) }
    }

    private let onPublish: @Sendable (Publication) -> Void
    private let taken = Mutex<[Publication]>([])

    init(onPublish: @escaping @Sendable (Publication) -> Void) { self.onPublish = onPublish }

    var published: [Publication] { taken.withLock { $0 } }

    func consume(queue: String, prefetch: Int, sink: @escaping @Sendable (ConsumerEvent) -> Void) -> any Consumer {
        NoConsumer()
    }

    func publisher(sink: @escaping @Sendable (PublisherEvent) -> Void) -> any Publisher { Recorder(self, sink: sink) }
}
