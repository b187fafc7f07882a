import Broker
import Schema

/// How the broker differs from what the pipeline needs.
package struct TopologyDifference: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable { case policy, exchange, queue, binding }
    package enum State: String, Sendable, Hashable, Codable {
        case missing, different
        /// A `recourse…` thing that the topology does not know. Never removed by `apply`: messages may lie in it.
        case superfluous
        /// A binding that no release in use needs any more: `apply` removes it.
        case withdrawn
    }

    package let kind: Kind
    package let state: State
    package let name: String
    /// What differs; empty where the state says it all.
    package let detail: String

    package init(_ kind: Kind, _ state: State, _ name: String, _ detail: String = "") {
        self.kind = kind
        self.state = state
        self.name = name
        self.detail = detail
    }
}

/// Compares the topology as a value with what a broker has. Pure.
package enum TopologyPlan {
    /// Policies first, then exchanges, queues and bindings; within a kind in the topology's order, superfluous last.
    package static func differences(_ topology: Topology, _ state: BrokerState) -> [TopologyDifference] {
        policies(topology, state) + exchanges(topology, state) + queues(topology, state) + bindings(topology, state)
    }

    /// What exists without any argument, as older releases have declared it: only policies keep and return messages there.
    package static func leftToPolicies(_ topology: Topology, _ state: BrokerState) -> [String] {
        let exchanges = topology.exchanges.filter { needed in
            needed.alternate != nil && state.exchanges.contains { $0.name == needed.name && $0.alternate == nil }
        }
        let queues = topology.queues.filter { needed in
            !needed.arguments.isEmpty && state.queues.contains { $0.name == needed.name && $0.arguments.isEmpty }
        }
        return exchanges.map(\.name) + queues.map(\.name)
    }

    private static func isOurs(_ name: String) -> Bool {
        name == "recourse" || name.hasPrefix("recourse.") || name.hasPrefix("recourse-")
    }

    private static func policies(_ topology: Topology, _ state: BrokerState) -> [TopologyDifference] {
        var found: [TopologyDifference] = []
        let retired = topology.retired.filter { one in state.queues.contains { $0.name == one.queue } }
        for policy in topology.policies + retired.map(\.policy) {
            guard let present = state.policies.first(where: { $0.name == policy.name }) else {
                found.append(.init(.policy, .missing, policy.name))
                continue
            }
            var details: [String] = []
            if present.pattern != policy.pattern {
                details.append("pattern \(present.pattern), needs \(policy.pattern)")
            }
            if present.target != policy.target.rawValue {
                details.append("applies to \(present.target), needs \(policy.target.rawValue)")
            }
            if present.priority != Int64(policy.priority) {
                details.append("priority \(present.priority), needs \(policy.priority)")
            }
            details += settings(present.definition, policy.wireDefinition)
            if !details.isEmpty {
                found.append(.init(.policy, .different, policy.name, details.joined(separator: "; ")))
            }
        }
        let known = Set((topology.policies + topology.retired.map(\.policy)).map(\.name))
        return found + superfluous(.policy, state.policies.map(\.name), known)
    }

    private static func settings(_ present: [JSON.Member], _ needed: [JSON.Member]) -> [String] {
        var details: [String] = []
        for member in needed {
            let other = present.first { $0.name == member.name }?.value
            if other != member.value {
                details.append("\(member.name) \(other.map(show) ?? "absent"), needs \(show(member.value))")
            }
        }
        for member in present where !needed.contains(where: { $0.name == member.name }) {
            details.append("\(member.name) \(show(member.value)), needs none")
        }
        return details
    }

    private static func show(_ value: JSON) -> String {
        value.string.map { $0.isEmpty ? "\"\"" : $0 } ?? String(decoding: value.serialized, as: UTF8.self)
    }

    private static func exchanges(_ topology: Topology, _ state: BrokerState) -> [TopologyDifference] {
        var found: [TopologyDifference] = []
        for exchange in topology.exchanges {
            guard let present = state.exchanges.first(where: { $0.name == exchange.name }) else {
                found.append(.init(.exchange, .missing, exchange.name))
                continue
            }
            var details: [String] = []
            if present.kind != exchange.kind.rawValue {
                details.append("type \(present.kind), needs \(exchange.kind.rawValue)")
            }
            if !present.isDurable { details.append("not durable") }
            if present.isAutoDelete { details.append("auto-delete") }
            if present.isInternal { details.append("internal") }
            if let alternate = present.alternate, alternate != exchange.alternate {
                details.append("alternate \(alternate), needs \(exchange.alternate ?? "none")")
            }
            if !details.isEmpty {
                found.append(.init(.exchange, .different, exchange.name, details.joined(separator: "; ")))
            }
        }
        let known = Set(topology.exchanges.map(\.name))
        let others = state.exchanges.map(\.name).filter { !InstallationExchange.isOne($0) }
        return found + superfluous(.exchange, others, known)
    }

    private static func queues(_ topology: Topology, _ state: BrokerState) -> [TopologyDifference] {
        var found: [TopologyDifference] = []
        for queue in topology.queues {
            guard let present = state.queues.first(where: { $0.name == queue.name }) else {
                found.append(.init(.queue, .missing, queue.name))
                continue
            }
            var details: [String] = []
            if present.kind != queue.kind.rawValue {
                details.append("type \(present.kind), needs \(queue.kind.rawValue)")
            }
            if !present.isDurable { details.append("not durable") }
            if present.isAutoDelete { details.append("auto-delete") }
            if present.isExclusive { details.append("exclusive") }
            // Without any, it was declared by an older release, and its policy says the same.
            if !present.arguments.isEmpty {
                details += settings(present.arguments, queue.arguments.wire).map { "argument " + $0 }
            }
            let policy = topology.policy(ofQueue: queue.name)?.name
            let isSet = policy.map { name in state.policies.contains { $0.name == name } } ?? true
            if present.tellsPolicy, isSet, present.policy != policy {
                details.append("policy \(present.policy ?? "none") in effect, needs \(policy ?? "none")")
            }
            if !details.isEmpty {
                found.append(.init(.queue, .different, queue.name, details.joined(separator: "; ")))
            }
        }
        let known = Set(topology.queues.map(\.name) + topology.retired.map(\.queue))
        return found + superfluous(.queue, state.queues.map(\.name), known)
    }

    /// Queues of others may be bound to our exchanges; bindings to our own queues are ours.
    private static func bindings(_ topology: Topology, _ state: BrokerState) -> [TopologyDifference] {
        let needed = topology.bindings.map(BrokerState.Binding.init)
        let withdrawn = topology.withdrawn.map(BrokerState.Binding.init)
        let present = Set(state.bindings)
        let missing = needed.filter { !present.contains($0) }.map {
            TopologyDifference(.binding, .missing, show($0))
        }
        let retired = topology.retired.map { BrokerState.Binding($0.binding) }
        let known = Set(needed + withdrawn + retired)
        let surplus = state.bindings.filter { isOurs($0.queue) && !known.contains($0) }
        let gone = withdrawn.filter { present.contains($0) }.map { TopologyDifference(.binding, .withdrawn, show($0)) }
        return missing + gone + surplus.map(show).sorted().map { TopologyDifference(.binding, .superfluous, $0) }
    }

    private static func show(_ binding: BrokerState.Binding) -> String {
        "\(binding.exchange) -> \(binding.queue)" + (binding.routingKey.isEmpty ? "" : " (\(binding.routingKey))")
    }

    private static func superfluous(
        _ kind: TopologyDifference.Kind, _ names: [String], _ known: Set<String>
    ) -> [TopologyDifference] {
        names.filter { isOurs($0) && !known.contains($0) }.sorted().map { .init(kind, .superfluous, $0) }
    }
}

extension Topology {
    /// The policy of this topology that wins at a queue.
    func policy(ofQueue name: String) -> Policy? {
        policies.filter { $0.target == .queues && $0.matches(name) }.max { $0.priority < $1.priority }
    }
}

extension Topology.Policy {
    fileprivate func matches(_ name: String) -> Bool {
        do {
            return try Regex(pattern).firstMatch(in: name) != nil
        } catch {
            // A pattern of our own that is no regular expression matches nothing here and is refused by the broker.
            return false
        }
    }

    var wireDefinition: [JSON.Member] { definition.wire }

    /// The body of `PUT /api/policies/VHOST/NAME`.
    var wireValue: JSON {
        [
            "pattern": .string(pattern), "apply-to": .string(target.rawValue), "priority": .int(Int64(priority)),
            "definition": .object(wireDefinition),
        ]
    }
}

extension [HeaderField] {
    /// By name, as the HTTP API has it.
    var wire: [JSON.Member] {
        compactMap { field in
            switch field.value {
            case .int(let value): JSON.Member(field.name, .int(value))
            case .string(let text): JSON.Member(field.name, .string(text))
            case .bool(let flag): JSON.Member(field.name, .bool(flag))
            default: nil
            }
        }.sorted { $0.name < $1.name }
    }
}
