import Broker
import BrokerTestKit
import Foundation
import Operations
import RabbitMQ
import Runtime
import Schema
import Stages
import Testing

@Suite struct `The topology plan` {
    private static let topology = Topology(
        exchanges: [.init(name: "recourse.inbox", kind: .topic)],
        queues: [.init(name: "recourse.intake", kind: .quorum)],
        bindings: [.init(exchange: "recourse.inbox", queue: "recourse.intake", routingKey: "complaint.received")],
        policies: [
            .init(
                name: "recourse-stages", pattern: "^recourse\\.intake$", target: .queues, priority: 10,
                definition: [
                    HeaderField("overflow", .string("reject-publish")), HeaderField("delivery-limit", .int(100)),
                    HeaderField("dead-letter-exchange", .string("")),
                ])
        ])

    // What RabbitMQ 3.10 answers, shortened by statistics.
    private static let exchanges = """
        [{"arguments":{},"auto_delete":false,"durable":true,"internal":false,"name":"","type":"direct","vhost":"/"},
         {"arguments":{},"auto_delete":false,"durable":true,"internal":false,"name":"amq.topic","type":"topic",
          "vhost":"/"},
         {"arguments":{},"auto_delete":false,"durable":true,"internal":false,"name":"recourse.inbox",
          "policy":"recourse-inbox","type":"topic","user_who_performed_action":"guest","vhost":"/"}]
        """
    private static let queues = """
        [{"arguments":{"x-queue-type":"quorum"},"auto_delete":false,"consumers":0,"durable":true,
          "effective_policy_definition":{"delivery-limit":100},"exclusive":false,"leader":"rabbit@host","messages":0,
          "name":"recourse.intake","node":"rabbit@host","operator_policy":null,"policy":"recourse-stages",
          "state":"running","type":"quorum","vhost":"/"},
         {"arguments":{},"auto_delete":false,"durable":true,"exclusive":false,"name":"foreign","policy":null,
          "type":"classic","vhost":"/"}]
        """
    private static let bindings = """
        [{"arguments":{},"destination":"recourse.intake","destination_type":"queue","properties_key":"recourse.intake",
          "routing_key":"recourse.intake","source":"","vhost":"/"},
         {"arguments":{},"destination":"recourse.intake","destination_type":"queue",
          "properties_key":"complaint.received","routing_key":"complaint.received",
          "source":"recourse.inbox","vhost":"/"},
         {"arguments":{},"destination":"foreign","destination_type":"queue","properties_key":"%23","routing_key":"#",
          "source":"recourse.inbox","vhost":"/"}]
        """
    private static let policies = """
        [{"apply-to":"queues","definition":{"dead-letter-exchange":"","delivery-limit":100,"overflow":"reject-publish"},
          "name":"recourse-stages","pattern":"^recourse\\\\.intake$","priority":10,"vhost":"/"},
         {"apply-to":"all","definition":{"expires":1},"name":"theirs","pattern":".*","priority":0,"vhost":"/"}]
        """

    private func differences(
        exchanges: String = Self.exchanges, queues: String = Self.queues, bindings: String = Self.bindings,
        policies: String = Self.policies
    ) throws -> [String] {
        func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }
        let state = BrokerState(
            exchanges: try parse(exchanges), queues: try parse(queues), bindings: try parse(bindings),
            policies: try parse(policies))
        return TopologyPlan.differences(Self.topology, state).map {
            "\($0.kind.rawValue) \($0.name) \($0.state.rawValue)" + ($0.detail.isEmpty ? "" : ": " + $0.detail)
        }
    }

    @Test func `is empty where the broker has what is needed, whatever others have`() throws {
        #expect(try differences() == [])
    }

    @Test func `lists everything for an empty broker, policies first`() throws {
        #expect(
            try differences(exchanges: "[]", queues: "[]", bindings: "[]", policies: "[]") == [
                "policy recourse-stages missing", "exchange recourse.inbox missing", "queue recourse.intake missing",
                "binding recourse.inbox -> recourse.intake (complaint.received) missing",
            ])
    }

    @Test func `tells each setting of a policy that differs`() throws {
        let changed = Self.policies
            .replacing(#""delivery-limit":100"#, with: #""delivery-limit":20,"max-length":5"#)
            .replacing(#""overflow":"reject-publish""#, with: #""x":1"#)
            .replacing(#""priority":10"#, with: #""priority":1"#)
        #expect(
            try differences(policies: changed) == [
                "policy recourse-stages different: priority 1, needs 10; delivery-limit 20, needs 100; "
                    + "overflow absent, needs reject-publish; max-length 5, needs none; x 1, needs none"
            ])
    }

    @Test func `tells a wrong type, an argument, and a foreign policy in effect`() throws {
        #expect(
            try differences(
                exchanges: Self.exchanges.replacing(#""type":"topic","user"#, with: #""type":"fanout","user"#),
                queues: Self.queues
                    .replacing(#"{"x-queue-type":"quorum"}"#, with: #"{"x-max-length":3}"#)
                    .replacing(#""type":"quorum""#, with: #""type":"classic""#)
                    .replacing(#""policy":"recourse-stages""#, with: #""policy":"theirs""#)) == [
                    "exchange recourse.inbox different: type fanout, needs topic",
                    "queue recourse.intake different: type classic, needs quorum; argument max-length 3, needs none; "
                        + "policy theirs in effect, needs recourse-stages",
                ])
    }

    @Test func `tells what is ours and superfluous`() throws {
        #expect(
            try differences(
                queues: Self.queues.replacing(#""name":"foreign""#, with: #""name":"recourse.old""#),
                bindings: Self.bindings
                    .replacing(#""destination":"foreign""#, with: #""destination":"recourse.intake""#),
                policies: Self.policies.replacing(#""name":"theirs""#, with: #""name":"recourse-old""#)) == [
                    "policy recourse-old superfluous", "queue recourse.old superfluous",
                    "binding recourse.inbox -> recourse.intake (#) superfluous",
                ])
    }

    @Test func `does not take a policy for absent before the broker tells it`() throws {
        #expect(try differences(queues: Self.queues.replacing(#""policy":"recourse-stages","#, with: "")) == [])
        #expect(
            try differences(
                queues: Self.queues.replacing(#""policy":"recourse-stages""#, with: #""policy":null"#)) == [
                    "queue recourse.intake different: policy none in effect, needs recourse-stages"
                ])
    }

    private static let old = Topology.Binding(
        exchange: "recourse.inbox", queue: "recourse.intake", routingKey: "case.resolved")

    @Test func `names bindings that are withdrawn apart from superfluous ones, where they are still there`() throws {
        var topology = Self.topology
        topology.withdrawn = [Self.old]
        func found(_ bindings: String) throws -> [String] {
            let state = BrokerState(
                exchanges: try JSON(parsing: Array(Self.exchanges.utf8)),
                queues: try JSON(parsing: Array(Self.queues.utf8)), bindings: try JSON(parsing: Array(bindings.utf8)),
                policies: try JSON(parsing: Array(Self.policies.utf8)))
            return TopologyPlan.differences(topology, state).map { "\($0.state.rawValue) \($0.name)" }
        }
        #expect(try found(Self.bindings) == [])
        let present = Self.bindings.replacing(#""destination":"foreign""#, with: #""destination":"recourse.intake""#)
            .replacing(##""routing_key":"#""##, with: #""routing_key":"case.resolved""#)
        #expect(try found(present) == ["withdrawn recourse.inbox -> recourse.intake (case.resolved)"])
    }

    @Test func `finds one policy for every queue of the pipeline, and none for what delays`() throws {
        let topology = Topology.pipeline(Pipeline.stages)
        for queue in topology.queues {
            let fitting = try topology.policies.filter { policy in
                try policy.target == .queues && Regex(policy.pattern).firstMatch(in: queue.name) != nil
            }
            let isDelay = queue.name.contains(".delay.")
            #expect(fitting.count == (isDelay ? 0 : 1), "\(queue.name): \(fitting.map(\.name))")
        }
    }

    @Test func `cannot be made without a management URL`() async {
        let operations = TopologyOperations(Self.topology, declarer: nil, api: nil)
        await #expect(throws: ManagementFailure.self) { try await operations.plan() }
        await #expect(throws: ManagementFailure.self) { try await operations.verify() }
    }

    @Test func `is declared without policies where there is no management URL, and says so`() async throws {
        let broker = MemoryBroker()
        let report = try await TopologyOperations(Self.topology, declarer: broker, api: nil).apply()
        #expect(report.exitCode == 69)
        #expect(report.text.contains("RECOURSE_MANAGEMENT_URL"))
    }

    @Test(arguments: ["", "localhost:15672", "amqp://localhost", "http://"])
    func `refuses a URL that is none`(_ url: String) {
        #expect(throws: ManagementFailure.self) { try ManagementAPI(url: url, virtualHost: "/") }
    }

    @Test func `shows no password when nobody answers`() async throws {
        // Port 9 (discard) of this machine: nobody listens.
        let api = try ManagementAPI(url: "http://user:hush@127.0.0.1:9/", virtualHost: "/")
        let failure = await #expect(throws: ManagementFailure.self) { try await api.list("queues") }
        let text = try #require(failure).description
        #expect(text.hasPrefix("list the broker's queues: "))
        #expect(!text.contains("hush"))
    }
}

@Suite struct `The topology as definitions` {
    @Test func `names everything that apply declares, with its arguments`() throws {
        let topology = Topology.pipeline(Pipeline.stages)
        let definitions = topology.definitions(virtualHost: "after-sales")
        func names(_ kind: String) -> [String?] { (definitions[kind]?.elements ?? []).map { $0["name"]?.string } }
        #expect(names("vhosts") == ["after-sales"])
        #expect(names("exchanges") == topology.exchanges.map(\.name))
        #expect(names("queues") == topology.queues.map(\.name))
        #expect(names("policies") == topology.policies.map(\.name))
        #expect(definitions["bindings"]?.elements?.count == topology.bindings.count)
        let inbox = definitions["exchanges"]?.elements?.first { $0["name"] == "recourse.inbox" }
        #expect(inbox?["arguments"] == ["alternate-exchange": "recourse.unrouted"])
        let intake = definitions["queues"]?.elements?.first { $0["name"] == "recourse.intake" }
        #expect(intake?["arguments"]?["x-dead-letter-strategy"] == "at-least-once")
        #expect(intake?["arguments"]?["x-queue-type"] == "quorum")
        for kind in ["exchanges", "queues", "bindings", "policies"] {
            #expect(definitions[kind]?.elements?.allSatisfy { $0["vhost"] == "after-sales" } == true, "\(kind)")
        }
    }

    @Test(.enabled(if: OwnBroker.isGiven, OwnBroker.missing))
    func `is all that a broker needs: once it is imported, verify finds nothing to do`() async throws {
        try await OwnBroker.with { own in
            let topology = Topology.pipeline(Pipeline.stages)
            let file = FileManager.default.temporaryDirectory.appending(path: own.virtualHost + ".json")
            // The broker may run as a user of its own.
            try Data(topology.definitions(virtualHost: own.virtualHost).indented.utf8).write(to: file)
            defer { LedgerFile.remove(file.path) }
            try await own.importDefinitions(file.path)
            let report = try await TopologyOperations(topology, declarer: nil, api: own.api).plan()
            #expect(report.open.filter { !$0.isPolicyOnly } == [], "\(report.text)")
            let administration = own.broker.administration()
            defer { administration.close() }
            let applied = try await TopologyOperations(topology, declarer: administration, api: own.api).apply()
            #expect(applied.exitCode == 0 && applied.open == [], "\(applied.text)")
            #expect(try await TopologyOperations(topology, declarer: nil, api: own.api).verify().open == [])
        }
    }
}

extension TopologyDifference {
    /// The broker tells some seconds late which policy is in effect at a queue.
    fileprivate var isPolicyOnly: Bool { kind == .queue && state == .different && detail.hasPrefix("policy ") }
}

/// Against the broker that the environment names; without it these tests do not run.
@Suite(
    .enabled(
        if: RealBroker.isGiven, "needs RECOURSE_TEST_AMQP_URL and RECOURSE_TEST_MANAGEMENT_URL"), .serialized)
struct `The topology of a real broker` {
    @Test func `is applied, verified, and its drift found`() async throws {
        let real = try RealBroker()
        defer { real.administration.close() }
        let operations = TopologyOperations(
            Topology.pipeline(Pipeline.stages), declarer: real.administration, api: real.api)
        let applied = try await operations.apply()
        #expect(applied.open.isEmpty, "\(applied.text)")
        #expect(applied.exitCode == 0)
        #expect(try await operations.verify().exitCode == 0)
        let again = try await operations.apply()
        #expect(again.done.isEmpty)
        #expect(again.text == "Nothing to do.")

        try await real.api.put(
            "policies", "recourse-dead",
            ["pattern": "^recourse\\.dead$", "apply-to": "queues", "priority": 10, "definition": ["delivery-limit": 5]])
        let drift = try await operations.verify()
        #expect(drift.exitCode == 1)
        #expect(
            drift.open == [
                TopologyDifference(.policy, .different, "recourse-dead", "delivery-limit 5, needs 100000")
            ])
        #expect(try await operations.plan().exitCode == 0)
        #expect(try await operations.apply().done == drift.open)
        #expect(try await operations.verify().exitCode == 0)
    }

    @Test func `loses the bindings that a release withdraws`() async throws {
        let real = try RealBroker()
        defer { real.administration.close() }
        let old = Topology.Binding(exchange: "recourse.inbox", queue: "recourse.reports", routingKey: "case.withdrawn")
        var topology = Topology.pipeline(Pipeline.stages)
        topology.bindings.append(old)
        _ = try await TopologyOperations(topology, declarer: real.administration, api: real.api).apply()
        topology = Topology.pipeline(Pipeline.stages)
        topology.withdrawn = [old]
        let operations = TopologyOperations(topology, declarer: real.administration, api: real.api)
        let name = "recourse.inbox -> recourse.reports (case.withdrawn)"
        #expect(try await operations.verify().open == [TopologyDifference(.binding, .withdrawn, name)])
        #expect(try await operations.apply().done == [TopologyDifference(.binding, .withdrawn, name)])
        #expect(try await operations.apply().text == "Nothing to do.")
    }
}

private struct RealBroker {
    let administration: RabbitMQAdministration
    let api: ManagementAPI

    private static let amqp = ProcessInfo.processInfo.environment["RECOURSE_TEST_AMQP_URL"]
    private static let management = ProcessInfo.processInfo.environment["RECOURSE_TEST_MANAGEMENT_URL"]
    static let isGiven = amqp != nil && management != nil

    init() throws {
        let configuration = try RabbitMQConfiguration(url: #require(Self.amqp), connectionName: "recourse-test")
        administration = RabbitMQBroker(configuration).administration()
        api = try ManagementAPI(url: #require(Self.management), virtualHost: configuration.virtualHost)
    }
}
