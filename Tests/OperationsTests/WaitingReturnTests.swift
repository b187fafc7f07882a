import Operations
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Synchronization
import Testing

@Suite struct `Returning what waits` {
    private let store = MemoryStore()
    private static let clock = Instant(seconds: 1_793_584_800)
    private static let count = 250

    private func processor() throws -> BatchProcessor {
        BatchProcessor(runner: StageRunner(stage: RoutingStage(), policy: try MemoryPipeline.policy()), worker: "test")
    }

    private func accepted(_ number: Int) throws -> InboundEvent {
        let event = Event(
            id: "A\(number)", source: "upstream", time: Self.clock,
            data: CaseAccepted(caseId: "unknown-\(number)", by: Scenario.by))
        return InboundEvent(event: event, body: event.body())
    }

    private func take(_ inputs: [InboundEvent]) async throws -> [InputFate] {
        let processor = try processor()
        return try await store.write {
            try processor.process(inputs, confirmed: [], clock: Self.clock, in: $0)
        }.fates
    }

    private func giveBack(_ publish: WaitingReturn.Publish?) async throws -> WaitingReturnReport {
        try await WaitingReturn(stores: [.routing: store], keyring: .none, wall: { Self.clock }).run(publish)
    }

    private func waiting() async throws -> Int { try await store.read { try $0.waitingCount().events } }

    @Test func `leaves nothing behind, and each message can be taken again as it came`() async throws {
        let inputs = try (0..<Self.count).map(accepted)
        #expect(try await take(inputs).allSatisfy { $0 == .waiting })
        let dry = try await giveBack(nil)
        #expect(dry.stages.map(\.waiting) == [Self.count] && dry.exitCode == 0)
        #expect(try await waiting() == Self.count)
        let sent = Mutex<[[UInt8]]>([])
        let report = try await giveBack { messages in
            #expect(messages.allSatisfy { $0.exchange.isEmpty && $0.routingKey == "recourse.routing" && $0.mandatory })
            sent.withLock { $0 += messages.map(\.body) }
            return messages.map { _ in .confirmed }
        }
        #expect(report.stages.map(\.returned) == [Self.count] && report.exitCode == 0)
        #expect(try await waiting() == 0)
        let bodies = sent.withLock(\.self)
        #expect(Set(bodies) == Set(inputs.map(\.body)) && bodies.count == Self.count)
        let again = try bodies.map { InboundEvent(event: try Event.read($0), body: $0) }
        #expect(try await take(again).allSatisfy { $0 == .waiting }, "none counts as known")
    }

    @Test func `waits for the end of all workers`() async throws {
        _ = try await take([try accepted(1)])
        try await store.write { try $0.renewLease(of: "routing-7", until: Self.clock.adding(minutes: 1)) }
        let report = try await giveBack { _ in
            Issue.record("nothing may be sent beside a worker")
            return []
        }
        #expect(report.exitCode == 1 && report.text.contains("routing-7"))
        #expect(try await waiting() == 1)
    }

    @Test func `takes nothing away if a worker comes meanwhile, which may have taken the copy for a known one`()
        async throws
    {
        _ = try await take([try accepted(1)])
        let report = try await giveBack { messages in
            try await store.write { try $0.renewLease(of: "routing-7", until: Self.clock.adding(minutes: 1)) }
            return messages.map { _ in .confirmed }
        }
        #expect(report.exitCode == 1 && report.stages.map(\.returned) == [0])
        #expect(try await waiting() == 1)
    }

    @Test func `is not done while an event is dying, whose dead letter an older release would never publish`()
        async throws
    {
        let inputs = [try accepted(1), try accepted(2)]
        _ = try await take(inputs)
        try await store.write { transaction in
            let waiting = try #require(try transaction.waiting(after: nil, limit: 10).first)
            let end = DyingEvent(event: waiting, code: "unknown-reference", cause: "it never came")
            _ = try transaction.letDie(end, owner: "routing-7")
        }
        let report = try await giveBack { $0.map { _ in .confirmed } }
        #expect(report.stages.map(\.returned) == [1] && report.stages.map(\.dying) == [1])
        #expect(report.exitCode == 1 && report.text.contains("start one"))
    }

    @Test func `keeps what no queue takes`() async throws {
        _ = try await take([try accepted(1), try accepted(2)])
        let report = try await giveBack { messages in
            messages.enumerated().map { $0.offset == 0 ? .confirmed : .returned("NO_ROUTE") }
        }
        #expect(report.stages.map(\.returned) == [1] && report.stages.map(\.faults) == [1] && report.exitCode == 1)
        #expect(report.text.contains("topology apply"))
        #expect(try await waiting() == 1)
    }
}
