import Broker
import Foundation
import Logging
import RabbitMQ
import Schema
import Stages
import Store
import StoreSQLite
import Testing

@testable import Runtime

/// Real workers, a real broker and a file: calls that were made in time wait in the queue while everybody is away for days.
@Suite(
    .enabled(if: RealServer.isThere, "RECOURSE_TEST_AMQP_URL and RECOURSE_TEST_RABBITMQCTL are not set"),
    .timeLimit(.minutes(10)))
struct WorkerOutageTests {
    private static let cases = 60
    private static let observer = "observer"
    /// 2026-11-02, a Monday, 10:00.
    private static let opened = Instant(seconds: 1_793_584_800)
    private static let overdue: Set<String> = [
        CustomerReplyOverdue.type.rawValue, CaseOverdue.type.rawValue, CaseEscalated.type.rawValue,
    ]

    @Test func `Sixty customers who were called in time do not count as not called`() async throws {
        try await observed { scene in
            let numbers = 0...Self.cases
            try await publish(try numbers.map(openedCase), scene.broker)
            let first = try run("one", scene, at: Self.opened.adding(minutes: 5))
            // What was published and the assignments.
            try await scene.told.wait(for: 2 * numbers.count, "assignments")
            await first.stop()
            // All but the last are called within the hour, and served within the day.
            try await publish(try numbers.dropLast().flatMap(served), scene.broker)
            let later = Self.opened.adding(days: 6)
            let second = [try run("one", scene, at: later), try run("two", scene, at: later)]
            // The one that nobody called: escalated twice, overdue in reply.
            try await scene.missed.wait(for: 3, "the deadlines of the last case")
            for worker in second { await worker.stop() }
            #expect(Set(scene.missed.all) == ["C\(Self.cases)"])
        }
    }

    @Test func `Nor do they where all of it comes late, to workers at rest`() async throws {
        try await observed { scene in
            let later = Self.opened.adding(days: 6)
            let workers = [try run("one", scene, at: later), try run("two", scene, at: later)]
            // Deadlines act: the workers have been at rest.
            try await publish([try openedCase(0)], scene.broker)
            try await scene.missed.wait(for: 3, "the deadlines of the first case")
            let numbers = 1...Self.cases
            // In one go: between two, the workers might come to rest before upstream has handed over the second.
            try await publish(try numbers.map(openedCase) + numbers.dropLast().flatMap(served), scene.broker)
            // They act once more: whatever the queue held has been taken.
            try await scene.missed.wait(for: 6, "the deadlines of the last case")
            for worker in workers { await worker.stop() }
            #expect(Set(scene.missed.all) == ["C0", "C\(Self.cases)"])
        }
    }

    /// A broker and a folder of its own, and what the pipeline tells.
    private struct Scene: Sendable {
        let broker: RabbitMQBroker
        let folder: URL
        let told: ArrivalLog
        /// The cases of which a deadline was called missed.
        let missed: ArrivalLog
    }

    private func observed(_ body: (Scene) async throws -> Void) async throws {
        let server = try RealServer()
        let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try await server.inOwnVirtualHost { broker in
            var topology = Topology.pipeline([IntakeStage(), RoutingStage()])
            topology.queues.append(Topology.Queue(name: Self.observer, kind: .quorum))
            topology.bindings.append(
                Topology.Binding(exchange: ExchangeName.events, queue: Self.observer, routingKey: "#"))
            try await broker.declare(topology)
            let scene = Scene(broker: broker, folder: folder, told: ArrivalLog(), missed: ArrivalLog())
            let observing = broker.consume(queue: Self.observer, prefetch: 1_000) { event in
                guard case .delivered(let deliveries) = event else { return }
                scene.told.note(deliveries.map(\.routingKey))
                let late = deliveries.filter { Self.overdue.contains($0.routingKey) }
                if !late.isEmpty { scene.missed.note(late.map { $0.properties.correlationId ?? "" }) }
            }
            try await body(scene)
            observing.close()
        }
    }

    private struct Running {
        let worker: Worker
        let task: Task<Void, Never>

        func stop() async {
            worker.stop()
            await task.value
        }
    }

    private func run(_ name: String, _ scene: Scene, at time: Instant) throws -> Running {
        let wall: @Sendable () -> Instant = {
            Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        }
        var limits = WorkerLimits()
        limits.batch = 8
        limits.prefetch = 16
        let worker = Worker(
            runner: StageRunner(stage: RoutingStage(), policy: try SimulationPolicy.book()), name: name,
            routes: Routes([IntakeStage(), RoutingStage()]), limits: limits,
            parts: Worker.Parts(
                store: try SQLiteStore(directory: scene.folder.path, stage: .routing), broker: scene.broker,
                clock: RunningClock(start: time, factor: 1, wallStart: wall(), wall: wall), wall: wall,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        return Running(worker: worker, task: Task { await worker.run() })
    }

    private func openedCase(_ number: Int) throws -> Event {
        let complaint = ComplaintReceived(
            complaintId: "K\(number)", channel: "hotline", receivedAt: Self.opened,
            customer: Customer(name: "Li", phone: "1380000\(1000 + number)"), storeId: "S1",
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), description: "It leaks.",
            remedy: "repair")
        return Event(
            id: "opened-\(number)", source: StageName.intake.source, time: Self.opened,
            data: CaseOpened(
                caseId: "C\(number)", complaintId: "K\(number)", openedAt: Self.opened, complaint: complaint,
                cluster: .init(phones: 1, major: false)))
    }

    private func served(_ number: Int) throws -> [Event] {
        let (called, resolved) = (Self.opened.adding(minutes: 40), Self.opened.adding(hours: 20))
        let clerk = Person(id: "clerk", tier: "store", storeId: "S1")
        return [
            Event(
                id: "called-\(number)", source: "upstream", time: called,
                data: ContactRecorded(caseId: "C\(number)", with: .customer, by: clerk, at: called)),
            Event(
                id: "resolved-\(number)", source: "upstream", time: resolved,
                data: CaseResolved(
                    caseId: "C\(number)", by: clerk, resolvedAt: resolved, solution: "Repaired.", liability: .nobody,
                    documents: ["d"])),
            Event(
                id: "informed-\(number)", source: "upstream", time: resolved,
                data: ContactRecorded(caseId: "C\(number)", with: .customer, by: clerk, at: resolved)),
        ]
    }

    private func publish(_ events: [Event], _ broker: RabbitMQBroker) async throws {
        let messages = events.map { event in
            // What a stage emits says why.
            let isOfStage = event.source == StageName.intake.source
            let because = Because(rule: "R02", parameters: [:], facts: [:], policy: "test")
            return ConfirmedPublisher.Message(
                exchange: isOfStage ? ExchangeName.events : ExchangeName.inbox, routingKey: event.type.rawValue,
                mandatory: true,
                properties: MessageProperties.of(event), body: event.body(because: isOfStage ? because : nil))
        }
        let publisher = ConfirmedPublisher(broker) { Instant(seconds: Int64(Date().timeIntervalSince1970)) }
        let outcomes = try await publisher.publish(messages, limitSeconds: 600)
        try #require(outcomes.allSatisfy { $0 == .confirmed })
        await publisher.close()
    }
}
