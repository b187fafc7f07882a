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
        let found = TopologyPlan.differences(topology, try await state("compare the topology"))
        return TopologyReport(action: .plan, done: [], open: found, policiesSet: nil)
    }

    /// `topology verify`: exit 1 if the broker differs.
    ///
    /// - Throws: as `plan`.
    package func verify() async throws(ManagementFailure) -> TopologyReport {
        let found = TopologyPlan.differences(topology, try await state("verify the topology"))
        return TopologyReport(action: .verify, done: [], open: found, policiesSet: nil)
    }

    /// `topology apply`: policies first, so that no queue lives a moment without its limits; then exchanges, queues and
    /// bindings. Doing it again changes nothing. Nothing is ever removed but bindings that this release names as withdrawn.
    ///
    /// Without a management URL it declares by AMQP and reports that policies could not be set (exit 69).
    /// - Throws: `ManagementFailure`, `BrokerFailure`; what was done until then stays, and the call may be repeated.
    package func apply() async throws -> TopologyReport {
        guard let api else {
            try await declare()
            return TopologyReport(action: .apply, done: [], open: [], policiesSet: false)
        }
        let before = TopologyPlan.differences(topology, try await api.brokerState())
        let wrong = Set(before.filter { $0.kind == .policy && $0.state != .superfluous }.map(\.name))
        for policy in topology.policies where wrong.contains(policy.name) {
            try await api.put("policies", policy.name, policy.wireValue)
        }
        // What differs in what AMQP fixes at declaration would be refused with 406; it is reported instead.
        if !before.contains(where: { $0.isFixed }) { try await declare() }
        let after = try await settled(api)
        return TopologyReport(
            action: .apply, done: before.filter { !after.contains($0) }, open: after, policiesSet: true)
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

    private func declare() async throws {
        guard let declarer else {
            throw BrokerFailure(.connection, operation: "apply the topology", cause: "no broker is configured")
        }
        try await declarer.declare(topology)
    }

    private func state(_ operation: String) async throws(ManagementFailure) -> BrokerState {
        guard let api else {
            throw ManagementFailure(
                operation: operation,
                cause: "RECOURSE_MANAGEMENT_URL is not given: exchanges, queues, bindings and policies cannot be seen")
        }
        return try await api.brokerState()
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

    package var exitCode: Int32 {
        if policiesSet == false { return 69 }
        return action != .plan && !open.isEmpty ? 1 : 0
    }
}

extension TopologyReport {
    package var text: String {
        var lines: [String] = []
        if policiesSet == false {
            return "Exchanges, queues and bindings are declared.\n"
                + "Policies could not be set: RECOURSE_MANAGEMENT_URL is not given. Without them there are no limits, "
                + "no dead-lettering and no delayed retry."
        }
        if !done.isEmpty { lines += ["Set right:"] + TopologyReport.table(done) }
        if open.isEmpty {
            let isIdle = action == .apply && done.isEmpty
            lines.append(isIdle ? "Nothing to do." : "The broker is as the pipeline needs it.")
        } else {
            lines += [action == .plan ? "To be done:" : "The broker differs:"] + TopologyReport.table(open)
            if open.contains(where: \.isFixed) {
                lines.append("What differs by declaration must be deleted by hand once it is empty; then apply again.")
            }
            if open.contains(where: { $0.state == .superfluous }) {
                lines.append("What is superfluous is never removed by this program: messages may lie in it.")
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func table(_ differences: [TopologyDifference]) -> [String] {
        var table = TextTable("", "", "", "")
        for one in differences { table.add("  " + one.state.rawValue, one.kind.rawValue, one.name, one.detail) }
        return table.lines
    }
}
