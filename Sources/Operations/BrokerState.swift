import Broker
import Schema

/// What a broker has, as its HTTP API lists it; only what the topology needs.
package struct BrokerState: Sendable, Hashable {
    package struct Exchange: Sendable, Hashable {
        package let name: String
        package let kind: String
        package let isDurable: Bool
        package let isAutoDelete: Bool
        package let isInternal: Bool
        /// Declared with it; nil: a policy may set one.
        package let alternate: String?
    }

    package struct Queue: Sendable, Hashable {
        package let name: String
        package let kind: String
        package let isDurable: Bool
        package let isAutoDelete: Bool
        package let isExclusive: Bool
        /// Besides `x-queue-type`, by name and without `x-`, as policies name them.
        package let arguments: [JSON.Member]
        /// The policy in effect; nil: none.
        package let policy: String?
        /// The broker tells it with its statistics, so not in the first seconds of a queue's life.
        package let tellsPolicy: Bool
        /// All that lies in it, some seconds late; nil: not told yet.
        package let messages: Int64?
    }

    package struct Binding: Sendable, Hashable {
        package let exchange: String
        package let queue: String
        package let routingKey: String

        init(exchange: String, queue: String, routingKey: String) {
            self.exchange = exchange
            self.queue = queue
            self.routingKey = routingKey
        }

        package init(_ binding: Topology.Binding) {
            self.init(exchange: binding.exchange, queue: binding.queue, routingKey: binding.routingKey)
        }
    }

    package struct Policy: Sendable, Hashable {
        package let name: String
        package let pattern: String
        package let target: String
        package let priority: Int64
        /// By name.
        package let definition: [JSON.Member]
    }

    package let exchanges: [Exchange]
    package let queues: [Queue]
    package let bindings: [Binding]
    package let policies: [Policy]

    /// From the documents that `GET /api/exchanges|queues|bindings|policies/VHOST` give. What is not understood is
    /// left out, and so shows up as missing.
    package init(exchanges: JSON, queues: JSON, bindings: JSON, policies: JSON) {
        self.exchanges = (exchanges.elements ?? []).compactMap(BrokerState.exchange)
        self.queues = (queues.elements ?? []).compactMap(BrokerState.queue)
        self.bindings = (bindings.elements ?? []).compactMap(BrokerState.binding)
        self.policies = (policies.elements ?? []).compactMap(BrokerState.policy)
    }

    private static func exchange(_ json: JSON) -> Exchange? {
        guard let name = json["name"]?.string, let kind = json["type"]?.string else { return nil }
        return Exchange(
            name: name, kind: kind, isDurable: json["durable"] == .bool(true),
            isAutoDelete: json["auto_delete"] == .bool(true), isInternal: json["internal"] == .bool(true),
            alternate: json["arguments"]?["alternate-exchange"]?.string)
    }

    private static func queue(_ json: JSON) -> Queue? {
        guard let name = json["name"]?.string else { return nil }
        let arguments = json["arguments"]?.members ?? []
        let declared = arguments.first { $0.name == "x-queue-type" }?.value.string
        return Queue(
            name: name, kind: json["type"]?.string ?? declared ?? "classic", isDurable: json["durable"] == .bool(true),
            isAutoDelete: json["auto_delete"] == .bool(true), isExclusive: json["exclusive"] == .bool(true),
            arguments: arguments.filter { $0.name != "x-queue-type" }.sorted { $0.name < $1.name }
                .map { JSON.Member($0.name.hasPrefix("x-") ? String($0.name.dropFirst(2)) : $0.name, $0.value) },
            policy: json["policy"]?.string.flatMap { $0.isEmpty ? nil : $0 }, tellsPolicy: json["policy"] != nil,
            messages: json["messages"]?.int)
    }

    private static func binding(_ json: JSON) -> Binding? {
        guard let exchange = json["source"]?.string, !exchange.isEmpty, json["destination_type"]?.string == "queue",
            let queue = json["destination"]?.string, let key = json["routing_key"]?.string
        else { return nil }
        return Binding(exchange: exchange, queue: queue, routingKey: key)
    }

    private static func policy(_ json: JSON) -> Policy? {
        guard let name = json["name"]?.string, let pattern = json["pattern"]?.string else { return nil }
        return Policy(
            name: name, pattern: pattern, target: json["apply-to"]?.string ?? "all",
            priority: json["priority"]?.int ?? 0,
            definition: (json["definition"]?.members ?? []).sorted { $0.name < $1.name })
    }
}
