import Broker
import BrokerTestKit
import Schema
import Stages
import Store
import Testing

@testable import Runtime

@Suite struct PipelineTopologyTests {
    private let stages: [any Stage] = [RoutingStage(), IntakeStage()]
    private var topology: Topology { .pipeline(stages) }

    private func keys(_ exchange: String, _ queue: String) -> Set<String> {
        Set(topology.bindings.filter { $0.exchange == exchange && $0.queue == queue }.map(\.routingKey))
    }

    /// What is declared with a queue; the policy that it may have says the same, for a queue of an older release.
    private func arguments(of queue: String) throws -> [String: HeaderValue] {
        let found = try #require(topology.queues.first { $0.name == queue })
        let arguments = Dictionary(uniqueKeysWithValues: found.arguments.map { ($0.name, $0.value) })
        if topology.policies.contains(where: { $0.target == .queues && matches($0.pattern, queue) }) {
            #expect(try policy(of: queue) == arguments)
        }
        return arguments
    }

    private func policy(of queue: String) throws -> [String: HeaderValue] {
        let found = topology.policies.filter { $0.target == .queues && matches($0.pattern, queue) }
        #expect(found.count == 1, "exactly one policy for \(queue)")
        return Dictionary(uniqueKeysWithValues: try #require(found.first).definition.map { ($0.name, $0.value) })
    }

    private func matches(_ pattern: String, _ name: String) -> Bool {
        do { return name.contains(try Regex(pattern)) } catch {
            Issue.record("\(pattern) is no regular expression: \(error)")
            return false
        }
    }

    @Test func `Each stage's queue is bound to what the stage takes and to erasures, and to nothing else`() {
        for stage in [IntakeStage.self, RoutingStage.self] as [any Stage.Type] {
            let taken = stage.takesFromInbox.map(\.rawValue) + ["customer.erasure-requested"]
            #expect(keys(ExchangeName.inbox, stage.name.queue) == Set(taken))
            #expect(keys(ExchangeName.events, stage.name.queue) == Set(stage.takesFromEvents.map(\.rawValue)))
        }
    }

    @Test func `Desks and dead letters have their queues`() {
        #expect(keys(ExchangeName.handlers, "recourse.handler.store") == ["store.*"])
        #expect(keys(ExchangeName.handlers, "recourse.handler.region") == ["region.*"])
        #expect(keys(ExchangeName.handlers, "recourse.handler.hq") == ["hq"])
        #expect(keys(ExchangeName.unrouted, "recourse.dead") == [""])
        #expect(keys(ExchangeName.dead, "recourse.dead") == [""])
        #expect(keys(ExchangeName.inbox, "recourse.dead") == ["customer.erasure-requested"])
        #expect(keys(ExchangeName.retry, "recourse.routing.delay.1m") == ["recourse.routing.delay.1m"])
        #expect(topology.bindings.allSatisfy { binding in topology.queues.contains { $0.name == binding.queue } })
        #expect(topology.queues.allSatisfy { $0.kind == .quorum })
        #expect(
            topology.exchanges.map { "\($0.name) \($0.kind)" } == [
                "recourse.inbox topic", "recourse.events topic", "recourse.handlers topic",
                "recourse.unrouted fanout", "recourse.retry topic", "recourse.dead fanout",
            ])
    }

    @Test func `The policy of the stages' queues is that of every stage, and of no other queue`() throws {
        let policy = try #require(Topology.pipeline(Pipeline.stages).policies.first { $0.name == "recourse-stages" })
        #expect(policy.pattern == #"^recourse\.(intake|routing|handling|callback|penalty|reports)$"#)
        for stage in StageName.allCases { #expect(matches(policy.pattern, stage.queue)) }
        #expect(!matches(policy.pattern, "recourse.intake.retry.5s") && !matches(policy.pattern, "recourse.dead"))
    }

    @Test func `A stage's queue refuses when it is full, and buries at least once what it delivers too often`() throws {
        let policy = try arguments(of: "recourse.intake")
        #expect(policy["overflow"] == .string("reject-publish"))
        #expect(policy["dead-letter-strategy"] == .string("at-least-once"))
        #expect(policy["dead-letter-exchange"] == .string(""))
        #expect(policy["dead-letter-routing-key"] == .string("recourse.dead"))
        #expect(policy["delivery-limit"] == .int(100))
        #expect(policy["max-length-bytes"] != nil)
    }

    @Test func `A delay queue gives back to its own stage after its delay`() throws {
        for (delay, milliseconds) in [("5s", 5_000), ("1m", 60_000), ("10m", 600_000)] as [(String, Int64)] {
            let arguments = try arguments(of: "recourse.routing.delay.\(delay)")
            #expect(arguments["message-ttl"] == .int(milliseconds))
            #expect(arguments["dead-letter-routing-key"] == .string("recourse.routing"))
            #expect(arguments["dead-letter-strategy"] == .string("at-least-once"))
        }
    }

    @Test func `The delay queues of releases before are known, and no worker of this one writes to them`() {
        let names = Set(topology.queues.map(\.name))
        #expect(topology.retired.count == 6)
        for retired in topology.retired {
            #expect(retired.queue.contains(".retry.") && !names.contains(retired.queue))
            #expect(matches(retired.policy.pattern, retired.queue) && names.contains(retired.reader))
            #expect(!topology.bindings.contains(retired.binding) && !topology.policies.contains(retired.policy))
        }
    }

    @Test func `Dead letters have no length limit, desks drop their oldest`() throws {
        #expect(try arguments(of: "recourse.dead") == ["delivery-limit": .int(100_000)])
        #expect(try policy(of: "recourse.handler.hq")["overflow"] == .string("drop-head"))
    }

    @Test func `What no queue takes from the inbox goes to the dead letters`() throws {
        let policy = try #require(topology.policies.first { $0.target == .exchanges })
        #expect(matches(policy.pattern, "recourse.inbox") && !matches(policy.pattern, "recourse.events"))
        #expect(policy.definition == [HeaderField("alternate-exchange", .string(ExchangeName.unrouted))])
        #expect(
            topology.exchanges.filter { $0.alternate != nil } == [
                Topology.Exchange(name: "recourse.inbox", kind: .topic, alternate: ExchangeName.unrouted)
            ])
        let broker = MemoryBroker()
        try broker.declareNow(topology)
        let publisher = broker.publisher { _ in }
        publisher.publish([
            Publication(
                ticket: 1, exchange: ExchangeName.inbox, routingKey: "no.such", mandatory: true,
                properties: MessageProperties(), body: [])
        ])
        broker.deliverAll()
        #expect(broker.queueDepth("recourse.dead")?.ready == 1)
    }
}

@Suite struct RoutesTests {
    private let routes = Routes([RoutingStage(), IntakeStage()])

    @Test func `Takers come in the order of the stages`() {
        #expect(routes.subscriptions.map(\.stage) == [.intake, .routing])
        #expect(routes.takers(fromEvents: CaseClosed.type) == [.intake, .routing])
        #expect(routes.takers(fromInbox: ComplaintReceived.type) == [.intake])
        #expect(routes.takers(fromInbox: CaseClosed.type) == [])
    }

    @Test func `Deadlines wait for those alone whose word may meet them, ends of waiting for all before`() {
        let routes = Routes(Pipeline.stages)
        let times = (1...6).map { Instant(seconds: $0 * 1_000) }
        let said: [StageName: Instant] = [.intake: times[2], .routing: times[3], .callback: times[0]]
        let marks = routes.marks(of: .handling, own: times[5], said, unsaid: times[1])
        #expect(marks == Marks(own: times[5], before: times[0], word: times[2]))
        let away = routes.marks(of: .handling, own: times[5], [.intake: times[2]], unsaid: .distantPast)
        #expect(away.word == .distantPast && away.before == .distantPast)
        #expect(routes.marks(of: .routing, own: times[5], said, unsaid: .distantPast).word == times[2])
        #expect(routes.marks(of: .callback, own: times[5], said, unsaid: .distantPast).word == .limit)
    }

    @Test func `A queue is promised between stages and at the desks, not for announcements`() {
        #expect(routes.isPromised(exchange: ExchangeName.events, type: CaseOpened.type))
        #expect(!routes.isPromised(exchange: ExchangeName.events, type: CaseAssigned.type))
        #expect(routes.isPromised(exchange: ExchangeName.handlers, type: CaseAssigned.type))
    }
}
