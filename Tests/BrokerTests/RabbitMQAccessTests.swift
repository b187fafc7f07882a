import Broker
import Foundation
import RabbitMQ
import Testing

extension ServerTests {
    /// Connecting: TLS, users, permissions, and servers that do not answer.
    @Suite(.enabled(if: TestServer.isThere, "RECOURSE_TEST_AMQP_URL is not set")) struct Access {
        let server: TestServer

        init() throws { server = try #require(TestServer.shared) }

        /// Asks for the depth of a queue that does not exist: nil when connecting worked.
        private func failure(_ configuration: RabbitMQConfiguration) async -> BrokerFailure? {
            let administration = RabbitMQBroker(configuration).administration()
            defer { administration.close() }
            do throws(BrokerFailure) {
                _ = try await administration.queueDepth("test-there-is-no-such-queue")
                return nil
            } catch {
                return error
            }
        }

        private func encrypted(_ query: String) throws -> RabbitMQConfiguration {
            try RabbitMQConfiguration(url: try #require(server.encryptedURL) + query, connectionName: "recourse-tests")
        }

        private static let needsEncryption: ConditionTrait = .enabled(
            if: TestServer.isEncrypted, "RECOURSE_TEST_AMQPS_URL and RECOURSE_TEST_TLS_CA are not set")

        @Test(needsEncryption) func `TLS carries large messages both ways`() async throws {
            let authority = try #require(server.authority)
            let bench = try Bench(.rabbitmq)
            try await bench.declare(queues: ["q"])
            let broker = RabbitMQBroker(try encrypted("?cacertfile=\(authority)&heartbeat=2"))
            let outcomes = EventLog<PublisherEvent>()
            let publisher = broker.publisher { outcomes.record($0) }
            try await outcomes.ready()
            let sizes = [0, 5, 16_384, 131_064, 262_128, 1_000_001]
            publisher.publish(
                sizes.enumerated().map { bench.message(UInt64($0), to: "q", body: Traps.pattern($1)) }
                    + [bench.message(100, exchange: "", key: "test-there-is-no-such-queue")])
            let found = try await outcomes.outcomes(sizes.count + 1)
            #expect(found[100] == .returned(code: 312, text: "NO_ROUTE"))
            #expect(found.values.count { $0 == .confirmed } == sizes.count)
            let events = EventLog<ConsumerEvent>()
            let consumer = broker.consume(queue: bench.name("q"), prefetch: 10) { events.record($0) }
            let channel = try await events.subscribed()
            let deliveries = try await events.deliveries(sizes.count)
            #expect(deliveries.map(\.body) == sizes.map(Traps.pattern))
            consumer.acknowledge(through: UInt64(sizes.count), channel: channel)
            #expect(await events.isSilent(for: .seconds(5)), "heartbeats must keep the connection")
            consumer.close()
            publisher.close()
            try await events.closed()
            try await outcomes.closed()
            #expect(try await bench.ready("q", becoming: 0) == 0)
            try await bench.clear(queues: ["q"])
        }

        @Test(needsEncryption) func `TLS fails with another authority and works unverified`() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-tls-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let other = folder.appending(path: "other.pem").path
            try await run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "1", "-subj", "/CN=Another authority", "-keyout", folder.appending(path: "other.key").path,
                "-out", other,
            ])
            let wrong = try #require(await failure(try encrypted("?cacertfile=\(other)")))
            #expect(wrong.kind == .connection)
            #expect(wrong.cause.contains("cacertfile"))
            #expect(await failure(try encrypted("?cacertfile=\(other)&verify=verify_none")) == nil)
            let missing = try #require(await failure(try encrypted("?cacertfile=/nowhere.pem")))
            #expect(missing.cause.contains("/nowhere.pem"))
        }

        @Test(needsEncryption) func `TLS to an address instead of a name says what to do`() async throws {
            let authority = try #require(server.authority)
            var configuration = try encrypted("?cacertfile=\(authority)")
            configuration.host = "127.0.0.1"
            let failure = try #require(await failure(configuration))
            #expect(failure.cause.contains("name the host instead of its address"))
        }

        @Test func `a wrong password and a missing virtual host are faults of the login`() async throws {
            let wrong = try #require(await failure(try server.configuration { $0.password = "not-the-secret" }))
            #expect(wrong.kind == .login)
            #expect(wrong.code == 403)
            #expect(!wrong.isRetriable)
            #expect(!wrong.description.contains("not-the-secret"))
            let missing = try #require(await failure(try server.configuration { $0.virtualHost = "missing" }))
            #expect(missing.kind == .login)
            #expect(missing.cause.contains("missing"))
        }

        @Test(.enabled(if: TestServer.isControllable, "RECOURSE_TEST_RABBITMQCTL is not set"))
        func `a worker without the right to configure consumes and publishes`() async throws {
            let bench = try Bench(.rabbitmq)
            try await bench.declare(exchanges: [("x", .topic)], queues: ["q"], bindings: [("x", "q", "#")])
            let user = bench.name("worker")
            try await server.control("add_user", user, "secret")
            try await server.control("set_permissions", "-p", "/", user, "^$", ".*", ".*")
            let configuration = try server.configuration {
                $0.user = user
                $0.password = "secret"
                $0.virtualHost = "/"
                $0.connectionName = "recourse-intake"
            }
            let broker = RabbitMQBroker(configuration)
            let events = EventLog<ConsumerEvent>()
            let consumer = broker.consume(queue: bench.name("q"), prefetch: 10) { events.record($0) }
            _ = try await events.subscribed()
            let outcomes = EventLog<PublisherEvent>()
            let publisher = broker.publisher { outcomes.record($0) }
            try await outcomes.ready()
            publisher.publish([bench.message(1, exchange: bench.name("x"), key: "a")])
            #expect(try await outcomes.outcomes(1) == [1: .confirmed])
            #expect(try await events.deliveries(1).count == 1)
            let names = try await server.control("list_connections", "client_properties")
            #expect(names.contains("recourse-intake consumer"))
            #expect(names.contains("recourse-intake publisher"))
            let refused = await #expect(throws: BrokerFailure.self) {
                try await broker.declare(
                    Topology(
                        exchanges: [], queues: [.init(name: bench.name("own"), kind: .quorum)], bindings: [],
                        policies: []))
            }
            #expect(refused?.kind == .access)
            #expect(refused?.operation == "declare queue \(bench.name("own"))")
            consumer.close()
            publisher.close()
            try await events.closed()
            try await outcomes.closed()
            try await server.control("delete_user", user)
            try await bench.clear(queues: ["q"], exchanges: ["x"])
        }

        @Test func `a server that accepts and says nothing is given up within the limit`() async throws {
            let silent = try CuttableProxy(to: 1)
            defer { silent.close() }
            let began = ContinuousClock.now
            let failure = try #require(
                await failure(
                    try server.configuration {
                        $0.port = silent.port
                        $0.connectMilliseconds = 500
                    }))
            #expect(failure.kind == .timeout)
            #expect(ContinuousClock.now - began < .seconds(5))
        }

        @Test func `a refused connection names the place and is said once`() async throws {
            let unused = try CuttableProxy(to: 1)
            unused.close()
            let configuration = try server.configuration {
                $0.host = "127.0.0.1"
                $0.port = unused.port
            }
            let events = EventLog<ConsumerEvent>()
            let consumer = RabbitMQBroker(configuration).consume(queue: "q", prefetch: 1) { events.record($0) }
            let failure = try await events.lost()
            #expect(failure.operation == "connect to 127.0.0.1:\(unused.port)")
            #expect(failure.isRetriable)
            #expect(await events.isSilent(for: .seconds(1)))
            consumer.cancel()
            try await events.cancelled()
            consumer.close()
            try await events.closed()
        }

        @Test func `dropping the last reference closes the connection`() async throws {
            let outcomes = EventLog<PublisherEvent>()
            var publisher: (any Publisher)? = RabbitMQBroker(try server.configuration()).publisher {
                outcomes.record($0)
            }
            try await outcomes.ready()
            #expect(publisher != nil)
            publisher = nil
            try await outcomes.closed()
        }

        @Test func `an administration connection answers in a tight loop and after a refusal`() async throws {
            let bench = try Bench(.rabbitmq)
            try await bench.declare(queues: ["q"])
            let administration = RabbitMQBroker(try server.configuration()).administration()
            for _ in 0..<100 {
                let depth = try await administration.queueDepth(bench.name("q"))
                #expect(depth?.ready == 0)
                #expect(depth?.consumers == 0)
                #expect(try await administration.queueDepth(bench.name("missing")) == nil)
            }
            administration.close()
            await #expect(throws: BrokerFailure.self) { try await administration.queueDepth(bench.name("q")) }
            try await bench.clear(queues: ["q"])
        }
    }
}
