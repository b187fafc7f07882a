import Broker
import Schema

/// `recourse topology apply | plan | verify`: the pipeline's topology, and the broker's.
///
/// Exchanges, queues and bindings are declared by AMQP; policies, and seeing what exists, need RabbitMQ's HTTP API.
package struct TopologyOperations: Sendable {
    private let topology: Topology
    private let declarer: (any TopologyDeclarer)?
    private let api: ManagementAPI?

    /// - Parameters:
    ///   - topology: `Topology.pipeline(Pipeline.stages)`.
    ///   - declarer: needed by `apply` only.
    ///   - api: nil where no management URL is configured.
    package init(_ topology: Topology, declarer: (any TopologyDeclarer)?, api: ManagementAPI?) {
        self.topology = topology
        self.declarer = declarer
        self.api = api
    }

    /// `topology plan`: what `apply` would have to do. Exit 0 whatever it finds.
    ///
    /// - Throws: `ManagementFailure`, also without a management URL (exit 69).
    package func plan() async throws(ManagementFailure) -> TopologyReport {
        try await look("compare the topology", .plan)
    }

    /// `topology verify`: exit 1 if the broker differs.
    ///
    /// - Throws: as `plan`.
    package func verify() async throws(ManagementFailure) -> TopologyReport {
        try await look("verify the topology", .verify)
    }

    /// `topology apply`: policies first, so that no queue lives a moment without its limits; then exchanges, queues and
    /// bindings. Doing it again changes nothing. Only what the topology names as withdrawn or retired is ever removed.
    ///
    /// Without a management URL it declares by AMQP and reports that policies could not be set (exit 69).
    /// - Throws: `ManagementFailure`, `BrokerFailure`; what was done until then stays, and the call may be repeated.
    package func apply() async throws -> TopologyReport {
        guard let api else {
            let bare = try await declare()
            return TopologyReport(action: .apply, done: [], open: [], policiesSet: false, leftToPolicies: bare)
        }
        let state = try await api.brokerState()
        let before = TopologyPlan.differences(topology, state)
        let wrong = Set(before.filter { $0.kind == .policy && $0.state != .superfluous }.map(\.name))
        for policy in topology.policies + topology.retired.map(\.policy) where wrong.contains(policy.name) {
            try await api.put("policies", policy.name, policy.wireValue)
        }
        // What differs in what AMQP fixes at declaration would be refused with 406; it is reported instead.
        if !before.contains(where: { $0.isFixed }) { try await declare() }
        let retired = try await Retirement(topology, api).carryOut(state)
        let after = try await settled(api)
        return TopologyReport(
            action: .apply, done: before.filter { !after.contains($0) }, open: after, policiesSet: true,
            leftToPolicies: TopologyPlan.leftToPolicies(topology, try await api.brokerState()), retired: retired)
    }

    /// What still differs. Which policy is in effect at a queue is told some seconds late: that is waited for.
    private func settled(_ api: ManagementAPI) async throws -> [TopologyDifference] {
        var after = TopologyPlan.differences(topology, try await api.brokerState())
        var left = TopologyOperations.looks
        while left > 0, after.contains(where: \.isPolicyInEffect) {
            try await Task.sleep(for: .seconds(1))
            after = TopologyPlan.differences(topology, try await api.brokerState())
            left -= 1
        }
        return after
    }

    /// RabbitMQ collects statistics every five seconds.
    private static let looks = 12

    @discardableResult private func declare() async throws -> [String] {
        guard let declarer else {
            throw BrokerFailure(.connection, operation: "apply the topology", cause: "no broker is configured")
        }
        return try await declarer.declare(topology)
    }

    private func look(
        _ operation: String, _ action: TopologyReport.Action
    ) async throws(ManagementFailure) -> TopologyReport {
        guard let api else {
            throw ManagementFailure(
                operation: operation,
                cause: "RECOURSE_MANAGEMENT_URL is not given: exchanges, queues, bindings and policies cannot be seen")
        }
        let state = try await api.brokerState()
        let delays = try await DelayWatch(topology, api).look(in: state)
        return TopologyReport(
            action: action, done: [], open: TopologyPlan.differences(topology, state), policiesSet: nil,
            leftToPolicies: TopologyPlan.leftToPolicies(topology, state),
            retired: Retirement(topology, api).found(in: state), overdue: delays.overdue, unseen: delays.unseen)
    }
}

extension TopologyDifference {
    /// Cannot be changed once it is declared: the thing must be deleted by a person, when it is empty.
    var isFixed: Bool { state == .different && (kind == .exchange || kind == .queue) && !isPolicyInEffect }

    /// Nothing else differs at this queue than which policy is in effect.
    var isPolicyInEffect: Bool { state == .different && kind == .queue && detail.hasPrefix("policy ") }
}

/// The result of a `topology` verb.
package struct TopologyReport: OperationReport, Codable, Hashable {
    package enum Action: String, Sendable, Hashable, Codable { case plan, apply, verify }

    package let action: Action
    /// What `apply` has set right.
    package let done: [TopologyDifference]
    /// What differs (still).
    package let open: [TopologyDifference]
    /// false: exchanges, queues and bindings were declared, but policies could not be set or looked at.
    package let policiesSet: Bool?
    /// Exchanges and queues that an older release has declared: there only policies keep and return messages. No fault.
    package let leftToPolicies: [String]
    /// Queues of older releases.
    package let retired: [RetiredQueue]
    /// Delay queues with messages that should have gone back.
    package let overdue: [String]
    /// Delay queues of which that cannot be told yet.
    package let unseen: [String]

    package init(
        action: Action, done: [TopologyDifference], open: [TopologyDifference], policiesSet: Bool?,
        leftToPolicies: [String] = [], retired: [RetiredQueue] = [],
        overdue: [String] = [], unseen: [String] = []
    ) {
        self.action = action
        self.done = done
        self.open = open
        self.policiesSet = policiesSet
        self.leftToPolicies = leftToPolicies
        self.retired = retired
        self.overdue = overdue
        self.unseen = unseen
    }

    package var exitCode: Int32 {
        if policiesSet == false { return 69 }
        guard action != .plan else { return 0 }
        return !(open.isEmpty && overdue.isEmpty) ? 1 : unseen.isEmpty ? 0 : 69
    }
}

extension TopologyReport {
    package var text: String {
        var lines: [String] = []
        if policiesSet == false {
            let done =
                "Exchanges, queues and bindings are declared.\n"
                + "Policies could not be set: RECOURSE_MANAGEMENT_URL is not given. Without them desks that are not read "
                + "fill the broker, and what an older release has declared neither keeps nor returns messages."
            return ([done] + older).joined(separator: "\n")
        }
        if !done.isEmpty { lines += ["Set right:"] + TopologyReport.table(done) }
        if open.isEmpty {
            let isIdle = action == .apply && done.isEmpty
            if isIdle {
                lines.append("Nothing to do.")
            } else {
                let isAll = overdue.isEmpty && unseen.isEmpty
                lines.append(
                    isAll ? "The broker is as the pipeline needs it." : "What is declared is as the pipeline needs it.")
            }
        } else {
            lines += [action == .plan ? "To be done:" : "The broker differs:"] + TopologyReport.table(open)
            if open.contains(where: \.isFixed) {
                lines.append("What differs by declaration must be deleted by hand once it is empty; then apply again.")
            }
            if open.contains(where: { $0.state == .superfluous }) {
                lines.append("What is superfluous is never removed by this program: messages may lie in it.")
            }
        }
        return (lines + older).joined(separator: "\n")
    }

    /// What older releases have left.
    private var older: [String] {
        var lines: [String] = []
        if !leftToPolicies.isEmpty {
            lines.append(
                "Declared by an older release, so only policies keep and return messages there (docs/OPERATING.md, "
                    + "Queue arguments): " + leftToPolicies.joined(separator: ", "))
        }
        if !overdue.isEmpty {
            lines.append("Messages that do not go back to their stage (docs/OPERATING.md, Queue arguments):")
            lines += overdue.map { "  " + $0 }
        }
        if !unseen.isEmpty { lines += ["Could not be seen:"] + unseen.map { "  " + $0 } }
        return lines + retired.map { "\($0.queue), of an older release: \($0.detail)" }
    }

    private static func table(_ differences: [TopologyDifference]) -> [String] {
        var table = TextTable("", "", "", "")
        for one in differences { table.add("  " + one.state.rawValue, one.kind.rawValue, one.name, one.detail) }
        return table.lines
    }
}
