import Broker
import Runtime
import Schema

/// How old the oldest message of a queue is.
package struct MessageAge: Sendable, Hashable, Codable {
    package let seconds: Int64
    /// The broker's history reaches no further: it is older.
    package let isAtLeast: Bool

    package init(seconds: Int64, isAtLeast: Bool = false) {
        (self.seconds, self.isAtLeast) = (seconds, isAtLeast)
    }

    package var words: String { (isAtLeast ? "> " : "") + "\(seconds) s" }
}

/// For how long messages lie in the queues of the stages, and whether delay queues give theirs back.
///
/// No protocol tells the age of a message that nobody takes. So it is told from the history that the HTTP API keeps of each
/// queue: if as many were acknowledged since a moment as lay there then, all of those have gone, for a queue is in order. Messages
/// that were handed out and not acknowledged count as lying there. It is known to the step of that history: 5 s in the last ten
/// minutes, a minute in the last hour.
package struct QueueWatch: Sendable {
    package struct Found: Sendable, Hashable {
        /// By queue; only of those that hold something and of which it is told.
        package var oldest: [String: MessageAge] = [:]
        /// One line for each delay queue with messages that should have gone back.
        package var overdue: [String] = []

        package init(oldest: [String: MessageAge] = [:], overdue: [String] = []) {
            (self.oldest, self.overdue) = (oldest, overdue)
        }
    }

    /// What the broker keeps of each queue.
    private static let histories: [(age: Int, step: Int)] = [(600, 5), (3_600, 60)]

    private let topology: Topology
    private let api: ManagementAPI

    package init(_ topology: Topology, _ api: ManagementAPI) {
        self.topology = topology
        self.api = api
    }

    package func look() async throws(ManagementFailure) -> Found {
        let nothing = JSON.array([])
        let state = BrokerState(
            exchanges: nothing, queues: try await api.list("queues"), bindings: nothing, policies: nothing)
        var found = Found(overdue: try await DelayWatch(topology, api).look(in: state).overdue)
        let names = Set(StageName.allCases.map(\.queue) + [QueueName.dead])
        for queue in state.queues where names.contains(queue.name) && queue.messages ?? 0 > 0 {
            found.oldest[queue.name] = try await oldest(in: queue.name)
        }
        return found
    }

    private func oldest(in queue: String) async throws(ManagementFailure) -> MessageAge? {
        var found: MessageAge?
        for (age, step) in Self.histories where found?.isAtLeast ?? true {
            let query = ["lengths", "msg_rates"].map { "\($0)_age=\(age)&\($0)_incr=\(step)" }.joined(separator: "&")
            guard let answer = try await api.find("queues", queue, query: query) else { return nil }
            found =
                Self.oldest(
                    lying: DelayWatch.samples(answer["messages_details"]),
                    acknowledged: DelayWatch.samples(answer["message_stats"]?["ack_details"])) ?? found
        }
        return found
    }

    /// Pure; nil where nothing lies there, or nothing is told.
    ///
    /// - Parameters:
    ///   - lying: how many there were, in any order.
    ///   - acknowledged: how many had been in all; empty: none since the broker keeps count.
    package static func oldest(lying: [DelayWatch.Sample], acknowledged: [DelayWatch.Sample]) -> MessageAge? {
        let lying = lying.sorted { $0.at < $1.at }
        let acknowledged = acknowledged.sorted { $0.at < $1.at }
        guard let last = lying.last, let first = lying.first, last.count > 0 else { return nil }
        let all = acknowledged.last?.count ?? 0
        let gone = lying.last { sample in
            let before = acknowledged.last { $0.at <= sample.at } ?? acknowledged.first
            return all - (before?.count ?? 0) >= sample.count
        }
        guard let gone else { return MessageAge(seconds: (last.at - first.at) / 1_000, isAtLeast: true) }
        return MessageAge(seconds: (last.at - gone.at) / 1_000)
    }
}
