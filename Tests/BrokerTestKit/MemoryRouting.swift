import Broker

/// Exchanges, bindings and policies of a topology, as the memory broker reads them.
struct MemoryRouting {
    /// What a policy says about a queue.
    struct QueuePolicy: Equatable {
        var messageTTL: Int?
        var deadLetterExchange: String?
        var deadLetterRoutingKey: String?
        var maximumLength: Int?
        var maximumBytes: Int?
        var refusesWhenFull = false
        var deliveryLimit: Int?
    }

    private(set) var exchanges: [String: Topology.Exchange] = [:]
    private var bindings: [Topology.Binding] = []
    private var policies: [(policy: Topology.Policy, regex: Regex<AnyRegexOutput>)] = []

    /// Adds what is not there yet; the same name with another kind is refused like a broker's 406.
    ///
    /// - Returns: the exchanges that exist without an alternate, though they are to have one.
    mutating func declare(_ topology: Topology) throws(BrokerFailure) -> [String] {
        var bare: [String] = []
        for exchange in topology.exchanges {
            guard let known = exchanges[exchange.name], known != exchange else {
                exchanges[exchange.name] = exchange
                continue
            }
            guard known.kind == exchange.kind, known.alternate == nil else {
                throw BrokerFailure(
                    .channel, operation: "declare exchange \(exchange.name)",
                    cause: "PRECONDITION_FAILED - inequivalent arguments", code: 406)
            }
            bare.append(exchange.name)
        }
        for binding in topology.bindings where !bindings.contains(binding) {
            guard exchanges[binding.exchange] != nil else {
                throw BrokerFailure(
                    .channel, operation: "bind queue \(binding.queue) to exchange \(binding.exchange)",
                    cause: "NOT_FOUND - no exchange", code: 404)
            }
            bindings.append(binding)
        }
        bindings.removeAll { topology.withdrawn.contains($0) }
        for policy in topology.policies {
            do {
                let regex = try Regex(policy.pattern)
                policies.removeAll { $0.policy.name == policy.name }
                policies.append((policy, regex))
            } catch {
                throw BrokerFailure(
                    .protocol, operation: "set policy \(policy.name)", cause: "the pattern is no regular expression")
            }
        }
        return bare
    }

    mutating func removeQueue(_ name: String) { bindings.removeAll { $0.queue == name } }

    /// The queues that take a message, each once, in the order of the bindings; nil if there is no such exchange.
    func queues(exchange start: String, routingKey: String, existing: (String) -> Bool) -> [String]? {
        if start.isEmpty { return existing(routingKey) ? [routingKey] : [] }
        var current = start
        // Alternate exchanges may form a circle; a broker stops there, too.
        var visited: Set<String> = []
        while visited.insert(current).inserted {
            guard let exchange = exchanges[current] else { return current == start ? nil : [] }
            var found: [String] = []
            for binding in bindings where binding.exchange == current && !found.contains(binding.queue) {
                if Self.matches(exchange.kind, pattern: binding.routingKey, key: routingKey) {
                    found.append(binding.queue)
                }
            }
            if !found.isEmpty { return found }
            var next = exchange.alternate
            if next == nil, case .string(let name)? = definition(.exchanges, current, "alternate-exchange") {
                next = name
            }
            guard let next else { break }
            current = next
        }
        return []
    }

    static func matches(_ kind: Topology.Exchange.Kind, pattern: String, key: String) -> Bool {
        switch kind {
        case .fanout: true
        case .direct: pattern == key
        case .topic:
            topicMatches(
                pattern.split(separator: ".", omittingEmptySubsequences: false)[...],
                key.split(separator: ".", omittingEmptySubsequences: false)[...])
        }
    }

    /// `*` stands for one word, `#` for any number of words, also none.
    private static func topicMatches(_ pattern: ArraySlice<Substring>, _ words: ArraySlice<Substring>) -> Bool {
        guard let first = pattern.first else { return words.isEmpty }
        let rest = pattern.dropFirst()
        if first == "#" {
            return (words.startIndex...words.endIndex).contains { topicMatches(rest, words[$0...]) }
        }
        guard let word = words.first, first == "*" || first == word else { return false }
        return topicMatches(rest, words.dropFirst())
    }

    /// One policy wins per name: the one with the highest priority.
    private func definition(_ target: Topology.Policy.Target, _ name: String, _ key: String) -> HeaderValue? {
        policy(target, name)?.definition.first { $0.name == key }?.value
    }

    private func policy(_ target: Topology.Policy.Target, _ name: String) -> Topology.Policy? {
        policies.filter { $0.policy.target == target && name.contains($0.regex) }
            .map(\.policy).max { $0.priority < $1.priority }
    }

    /// What was declared with the queue counts before its policy.
    func queuePolicy(_ name: String, _ arguments: [HeaderField]) -> QueuePolicy {
        var result = QueuePolicy()
        for field in (policy(.queues, name)?.definition ?? []) + arguments {
            switch (field.name, field.value) {
            case ("message-ttl", .int(let value)): result.messageTTL = Int(value)
            case ("dead-letter-exchange", .string(let value)): result.deadLetterExchange = value
            case ("dead-letter-routing-key", .string(let value)): result.deadLetterRoutingKey = value
            case ("max-length", .int(let value)): result.maximumLength = Int(value)
            case ("max-length-bytes", .int(let value)): result.maximumBytes = Int(value)
            case ("overflow", .string(let value)): result.refusesWhenFull = value != "drop-head"
            case ("delivery-limit", .int(let value)): result.deliveryLimit = Int(value)
            default: break
            }
        }
        return result
    }
}
