import Broker
import Schema

/// What was found of, or done with, a queue that only older releases write to.
package struct RetiredQueue: Sendable, Hashable, Codable {
    package let queue: String
    package let isRemoved: Bool
    package let detail: String
}

/// Removes what the topology names as retired, once nobody can write to it and nothing lies in it.
///
/// A quorum queue cannot be deleted on the condition that it is empty. So its binding goes first, when no worker of an older
/// release is left; then what the broker tells of its content must be younger than that, and say that there is none.
struct Retirement: Sendable {
    private let topology: Topology
    private let api: ManagementAPI
    /// RabbitMQ collects statistics every five seconds.
    private static let secondsUntilTold = 8
    private static let furtherLooks = 12

    init(_ topology: Topology, _ api: ManagementAPI) {
        self.topology = topology
        self.api = api
    }

    private func present(in state: BrokerState) -> [(retired: Topology.Retired, queue: BrokerState.Queue)] {
        topology.retired.compactMap { retired in
            state.queues.first { $0.name == retired.queue }.map { (retired, $0) }
        }
    }

    func found(in state: BrokerState) -> [RetiredQueue] {
        present(in: state).map { retired, queue in
            RetiredQueue(
                queue: retired.queue, isRemoved: false,
                detail: "\(queue.messages.map(String.init) ?? "?") messages; topology apply removes it when it is "
                    + "empty and workers of that release have ended")
        }
    }

    /// - Parameter state: from before, with which the binding may still be there.
    func carryOut(_ state: BrokerState) async throws -> [RetiredQueue] {
        var kept: [RetiredQueue] = []
        var free: [Topology.Retired] = []
        var isRead: [String: Bool] = [:]
        for (retired, _) in present(in: state) {
            let isInUse: Bool
            if let known = isRead[retired.reader] {
                isInUse = known
            } else {
                isInUse = try await hasOlderConsumer(retired.reader)
                isRead[retired.reader] = isInUse
            }
            guard !isInUse else {
                let detail = "kept: a worker of an older release consumes \(retired.reader)"
                kept.append(RetiredQueue(queue: retired.queue, isRemoved: false, detail: detail))
                continue
            }
            if state.bindings.contains(BrokerState.Binding(retired.binding)) { try await api.unbind(retired.binding) }
            free.append(retired)
        }
        guard !free.isEmpty else { return kept }
        try await Task.sleep(for: .seconds(Self.secondsUntilTold))
        var after = try await api.brokerState()
        var left = Self.furtherLooks
        while left > 0, present(in: after).contains(where: { $0.queue.messages == nil }) {
            try await Task.sleep(for: .seconds(1))
            after = try await api.brokerState()
            left -= 1
        }
        for retired in free {
            let messages = after.queues.first { $0.name == retired.queue }?.messages
            guard messages == 0 else {
                let count = messages.map(String.init) ?? "?"
                let detail = "kept: \(count) messages lie in it; apply again when they have gone"
                kept.append(RetiredQueue(queue: retired.queue, isRemoved: false, detail: detail))
                continue
            }
            try await api.delete("queues", retired.queue)
            if after.policies.contains(where: { $0.name == retired.policy.name }) {
                try await api.delete("policies", retired.policy.name)
            }
            kept.append(RetiredQueue(queue: retired.queue, isRemoved: true, detail: "removed, it was empty"))
        }
        return kept
    }

    /// True also where the broker does not tell who all consume it.
    private func hasOlderConsumer(_ queue: String) async throws(ManagementFailure) -> Bool {
        guard let answer = try await api.find("queues", queue) else { return false }
        let tags = (answer["consumer_details"]?.elements ?? []).compactMap { $0["consumer_tag"]?.string }
        return tags.contains(where: ConsumerGeneration.isOlder) || Int64(tags.count) < answer["consumers"]?.int ?? 0
    }
}
