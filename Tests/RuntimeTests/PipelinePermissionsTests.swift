import Broker
import Foundation
import RabbitMQ
import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// Every program has a user of its own, which may do what the program does and nothing else.
@Suite struct PipelinePermissionsTests {
    private let users = BrokerUser.users(of: [IntakeStage(), RoutingStage()])

    private func user(_ name: String) throws -> BrokerUser { try #require(users.first { $0.name == name }) }

    private func allows(_ pattern: String, _ name: String) throws -> Bool {
        name.firstMatch(of: try Regex(pattern)) != nil
    }

    @Test func `A worker reads its own queue and no other`() throws {
        let intake = try user("recourse-intake")
        #expect(try allows(intake.read, "recourse.intake"))
        for other in [
            "recourse.routing", "recourse.dead", "recourse.intake.delay.5s", "recourse.intakes", "amq.default",
        ] {
            #expect(try !allows(intake.read, other))
        }
    }

    @Test func `Only routing writes to the desks, only upstream to the inbox, no worker to the default exchange`()
        throws
    {
        for user in users where user.name != "recourse-operator" {
            #expect(try allows(user.write, ExchangeName.handlers) == (user.name == "recourse-routing"))
            #expect(try allows(user.write, ExchangeName.inbox) == (user.name == "recourse-upstream"))
            #expect(try !allows(user.write, "amq.default"))
            #expect(try !allows(user.configure, "recourse.events"))
        }
    }

    @Test func `The commands name every user, quoted for a shell`() {
        let commands = BrokerUser.commands(users, virtualHost: "it's")
        #expect(
            commands.first
                == #"rabbitmqctl set_permissions -p 'it'\''s' recourse-intake '^$'"#
                + #" '^(recourse\.events|recourse\.retry|recourse\.dead)$'"#
                + #" '^(recourse\.intake)$|^recourse\.installation(\..*)?$'"#)
        #expect(commands.count == users.count + 3)
        #expect(commands.last == "rabbitmqctl set_user_tags recourse-operator policymaker", "or it can set no policy")
    }

    @Test(
        .enabled(
            if: RealServer.isThere, "RECOURSE_TEST_AMQP_URL and RECOURSE_TEST_RABBITMQCTL are not set"))
    func `A worker does its work with its own permissions, and a real broker refuses it what is another's`()
        async throws
    {
        let server = try RealServer()
        let intake = try user("recourse-intake")
        try await server.inOwnVirtualHost { broker in
            var topology = WorkerScene.topology
            let pipeline = Topology.pipeline([IntakeStage(), RoutingStage()])
            topology.queues += pipeline.queues.filter { !topology.queues.contains($0) }
            topology.bindings += pipeline.bindings.filter { !topology.bindings.contains($0) }
            try await broker.declare(topology)
            let own = try await server.broker(broker, as: intake)
            try await WorkerScene.play(broker: broker, store: MemoryStore(), as: own)
            #expect(try await Self.refusal(toConsume: "recourse.intake", own) == nil)
            for queue in ["recourse.routing", "recourse.dead", "recourse.intake.delay.5s"] {
                #expect(try await Self.refusal(toConsume: queue, own)?.code == 403, "consume \(queue)")
            }
            #expect(try await Self.refusal(toPublish: "recourse.retry", "recourse.intake.delay.5s", own) == nil)
            for (exchange, key) in [
                ("", "recourse.routing"), ("recourse.inbox", "complaint.received"), ("recourse.handlers", "hq"),
                ("recourse.retry", "recourse.routing.delay.5s"),
            ] {
                #expect(
                    try await Self.refusal(toPublish: exchange, key, own)?.code == 403, "publish to \(exchange)/\(key)")
            }
            try await server.remove(userOf: own)
        }
    }

    /// Why the broker does not let it consume; nil if it does.
    private static func refusal(toConsume queue: String, _ broker: RabbitMQBroker) async throws -> BrokerFailure? {
        let (events, said) = AsyncStream.makeStream(of: ConsumerEvent.self)
        let consumer = broker.consume(queue: queue, prefetch: 1) { said.yield($0) }
        defer { consumer.close() }
        for await event in events {
            switch event {
            case .subscribed: return nil
            case .lost(let failure): return failure
            case .delivered, .told, .cancelled, .closed: break
            }
        }
        return nil
    }

    /// Why the broker does not take a message; nil if it does.
    private static func refusal(
        toPublish exchange: String, _ key: String, _ broker: RabbitMQBroker
    ) async throws -> BrokerFailure? {
        let (events, said) = AsyncStream.makeStream(of: PublisherEvent.self)
        let publisher = broker.publisher { said.yield($0) }
        defer { publisher.close() }
        for await event in events {
            switch event {
            case .ready:
                publisher.publish([
                    Publication(
                        ticket: 1, exchange: exchange, routingKey: key, mandatory: true,
                        properties: MessageProperties(), body: [])
                ])
            case .resolved(let outcomes):
                if case .unknown(let failure)? = outcomes.first?.outcome { return failure }
                return nil
            case .lost, .closed, .blocked, .unblocked: break
            }
        }
        return nil
    }
}
