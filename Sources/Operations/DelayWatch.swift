import Broker
import Runtime
import Schema

/// Messages that lie in a delay queue for longer than its delay: something keeps them from going back.
///
/// A quorum queue does not tell how old its messages are, so it is told from the history that the HTTP API keeps: whatever
/// lies in a queue and did not come within the last delay came before it.
package struct DelayWatch: Sendable {
    package struct Sample: Sendable, Hashable {
        /// Milliseconds since 1970.
        package let at: Int64
        package let count: Int64

        package init(at: Int64, count: Int64) {
            self.at = at
            self.count = count
        }
    }

    /// What a delay may take longer, with statistics that are up to ten seconds old.
    private static let graceSeconds: Int64 = 30

    private let topology: Topology
    private let api: ManagementAPI

    init(_ topology: Topology, _ api: ManagementAPI) {
        self.topology = topology
        self.api = api
    }

    package struct Found: Sendable, Hashable {
        /// One line for each delay queue with messages that should have gone back.
        package var overdue: [String] = []
        /// One line for each with messages of which the broker does not tell for how long they have lain there.
        package var unseen: [String] = []
    }

    /// Looks at all delay queues; those of older releases too.
    func look(in state: BrokerState) async throws(ManagementFailure) -> Found {
        let present = topology.queues.map { ($0.name, $0.arguments) }
        let retired = topology.retired.map { ($0.queue, $0.policy.definition) }
        var found = Found()
        for (name, settings) in present + retired {
            guard case .int(let milliseconds)? = settings.first(where: { $0.name == "message-ttl" })?.value,
                state.queues.contains(where: { $0.name == name && $0.messages ?? 0 > 0 })
            else { continue }
            let seconds = milliseconds / 1_000 + Self.graceSeconds
            // What the broker keeps of each queue: ten minutes in steps of 5 s, an hour in steps of a minute.
            let step: Int64 = seconds < 300 ? 5 : 60
            let span = (seconds / step + 2) * step
            let query = ["lengths", "msg_rates"].map { "\($0)_age=\(span)&\($0)_incr=\(step)" }.joined(separator: "&")
            guard let answer = try await api.find("queues", name, query: query) else { continue }
            let count = Self.overdue(
                lying: Self.samples(answer["messages_details"]),
                published: Self.samples(answer["message_stats"]?["publish_details"]), seconds: seconds)
            switch count {
            case 0?: break
            case let count?: found.overdue.append("\(name): \(count) messages are older than \(seconds) s")
            case nil:
                found.unseen.append(
                    "\(name): for how long its messages have lain there; the broker does not tell so much of the past yet"
                )
            }
        }
        return found
    }

    static func samples(_ details: JSON?) -> [Sample] {
        (details?["samples"]?.elements ?? []).compactMap { one in
            guard let at = one["timestamp"]?.int, let count = one["sample"]?.int else { return nil }
            return Sample(at: at, count: count)
        }
    }

    /// How many messages have been in a queue for the last `seconds`. Pure; nil where the history does not reach so far.
    ///
    /// - Parameters:
    ///   - lying: how many there were, in any order.
    ///   - published: how many had come in all; empty: none since the broker keeps count.
    package static func overdue(lying: [Sample], published: [Sample], seconds: Int64) -> Int64? {
        let lying = lying.sorted { $0.at < $1.at }
        guard let last = lying.last else { return nil }
        if last.count == 0 { return 0 }
        guard let start = lying.last(where: { $0.at <= last.at - seconds * 1_000 }) else { return nil }
        guard lying.allSatisfy({ $0.at < start.at || $0.count > 0 }) else { return 0 }
        let published = published.sorted { $0.at < $1.at }
        let before = published.last { $0.at <= start.at }?.count ?? 0
        return max(0, last.count - max(0, (published.last?.count ?? 0) - before))
    }
}
