import Broker
import Foundation
import Operations
import RabbitMQ
import Runtime
import Schema
import Stages
import Testing

/// Nothing that keeps or returns messages depends on what somebody may take away.
@Suite(.enabled(if: OwnBroker.isGiven, OwnBroker.missing), .timeLimit(.minutes(10)))
struct `A broker that was tampered with` {
    private static let topology = Topology.pipeline(Pipeline.stages)
    private static let delay = QueueName.delay(.intake, .fiveSeconds)

    private func operations(_ own: OwnBroker) -> TopologyOperations {
        TopologyOperations(Self.topology, declarer: own.broker, api: own.api)
    }

    /// As releases before 0.2.0 have declared it: policies alone keep and return messages.
    private static var older: Topology {
        Topology(
            exchanges: topology.exchanges.map { Topology.Exchange(name: $0.name, kind: $0.kind) },
            queues: topology.queues.filter { !$0.name.contains(".delay.") }
                .map { Topology.Queue(name: $0.name, kind: $0.kind) }
                + topology.retired.map { Topology.Queue(name: $0.queue, kind: .quorum) },
            bindings: topology.bindings.filter { !$0.queue.contains(".delay.") } + topology.retired.map(\.binding),
            policies: topology.policies + topology.retired.map(\.policy))
    }

    private func publish(_ ids: [Int], key: String, _ own: OwnBroker) async throws -> [ConfirmedPublisher.Outcome] {
        let publisher = ConfirmedPublisher(own.broker) { Instant(seconds: Int64(Date().timeIntervalSince1970)) }
        let outcomes = try await publisher.publish(
            ids.map { id in
                var properties = MessageProperties()
                properties.messageId = "m\(id)"
                return ConfirmedPublisher.Message(
                    exchange: ExchangeName.retry, routingKey: key, mandatory: true, properties: properties,
                    body: Array("{}".utf8))
            }, limitSeconds: 60)
        await publisher.close()
        return outcomes
    }

    /// The ids of the first `count` messages of the intake's queue, and how long they took.
    private func come(back count: Int, _ own: OwnBroker) async -> (ids: Set<String>, seconds: Double) {
        let (events, said) = AsyncStream.makeStream(of: ConsumerEvent.self)
        let began = ContinuousClock.now
        let consumer = own.broker.consume(queue: StageName.intake.queue, prefetch: 500) { said.yield($0) }
        var ids: Set<String> = []
        for await event in events {
            guard case .delivered(let deliveries) = event else { continue }
            ids.formUnion(deliveries.compactMap(\.properties.messageId))
            consumer.acknowledge(deliveries.map(\.tag), channel: deliveries[0].channel)
            if ids.count >= count { break }
        }
        consumer.close()
        return (ids, (ContinuousClock.now - began) / .seconds(1))
    }

    @Test func `gives back what it delays within the delay, though policies and bindings are gone`() async throws {
        try await OwnBroker.with { own in
            #expect(try await operations(own).apply().exitCode == 0)
            let first = Array(1...200)
            #expect(try await publish(first, key: Self.delay, own).allSatisfy { $0 == .confirmed })
            for policy in Self.topology.policies { try await own.api.delete("policies", policy.name) }
            let second = Array(201...400)
            #expect(try await publish(second, key: Self.delay, own).allSatisfy { $0 == .confirmed })
            let binding = try #require(Self.topology.bindings.first { $0.queue == Self.delay })
            try await own.api.unbind(binding)
            // Refused to the publisher, who keeps it: not lost.
            let refused = try await publish([401], key: Self.delay, own)
            #expect(refused.count == 1 && refused != [.confirmed])
            let drift = try await operations(own).verify()
            #expect(drift.exitCode == 1)
            #expect(drift.open.contains { $0.kind == .binding && $0.state == .missing && $0.name.contains(Self.delay) })
            #expect(drift.open.count { $0.kind == .policy } == Self.topology.policies.count)
            let back = await come(back: 400, own)
            #expect(back.ids.count == 400 && back.seconds < 15, "\(back.seconds) s")
            #expect(try await operations(own).apply().exitCode == 0)
            #expect(try await publish([401], key: Self.delay, own) == [.confirmed])
            #expect(await come(back: 1, own).ids == ["m401"])
        }
    }

    @Test func `is taken over from an older release: what it declared stays, its delay queues drain and go`()
        async throws
    {
        try await OwnBroker.with { own in
            try await own.broker.declare(Self.older)
            let old = QueueName.retired(.intake, .fiveSeconds)
            for policy in Self.older.policies {
                let definition = policy.definition.map { field -> JSON.Member in
                    // So that a message is still there when the topology is applied.
                    if policy.name == old, field.name == "message-ttl" { return JSON.Member(field.name, 20_000) }
                    return switch field.value {
                    case .int(let number): JSON.Member(field.name, .int(number))
                    case .string(let text): JSON.Member(field.name, .string(text))
                    default: JSON.Member(field.name, .null)
                    }
                }
                try await own.api.put(
                    "policies", policy.name,
                    [
                        "pattern": .string(policy.pattern), "apply-to": .string(policy.target.rawValue),
                        "priority": .int(Int64(policy.priority)), "definition": .object(definition),
                    ])
            }
            #expect(try await publish([1], key: old, own) == [.confirmed])
            let first = try await operations(own).apply()
            #expect(first.exitCode == 0, "\(first.text)")
            let stages = Pipeline.stages.map { type(of: $0).name.queue }
            #expect(Set(first.leftToPolicies) == Set(["recourse.inbox", "recourse.dead"] + stages))
            #expect(first.retired.count == Self.topology.retired.count)
            #expect(first.retired.filter { !$0.isRemoved }.map(\.queue) == [old])
            #expect(try await operations(own).verify().exitCode == 0)
            #expect(await come(back: 1, own).ids == ["m1"])
            // The broker tells some seconds late who consumes and what lies where.
            var second = try await operations(own).apply()
            let limit = ContinuousClock.now + .seconds(120)
            while second.retired.map(\.isRemoved) != [true], ContinuousClock.now < limit {
                second = try await operations(own).apply()
            }
            #expect(second.exitCode == 0 && second.retired.map(\.isRemoved) == [true], "\(second.text)")
            let third = try await operations(own).apply()
            #expect(third.retired.isEmpty && third.done.isEmpty)
            let left = try await own.api.brokerState()
            #expect(!left.queues.contains { $0.name.contains(".retry.") })
            #expect(!left.policies.contains { $0.name.contains(".retry.") })
        }
    }

    @Test func `without the HTTP API, says what an older release has declared`() async throws {
        try await OwnBroker.with { own in
            try await own.broker.declare(Self.older)
            let report = try await TopologyOperations(Self.topology, declarer: own.broker, api: nil).apply()
            #expect(report.exitCode == 69)
            #expect(report.leftToPolicies.contains("recourse.intake") && report.text.contains("recourse.intake"))
        }
    }

    @Test func `names a wrong password of the HTTP API at once`() async throws {
        try await OwnBroker.with { own in
            var parts = try #require(URLComponents(string: own.managementURL))
            parts.password = "wrong"
            let api = try ManagementAPI(url: try #require(parts.string), virtualHost: "/")
            let began = ContinuousClock.now
            let failure = await #expect(throws: ManagementFailure.self) { try await api.list("queues") }
            #expect(ContinuousClock.now - began < .seconds(5))
            #expect(try #require(failure).description.contains("HTTP 401"))
        }
    }
}
