import Policy
import Schema

/// What makes a complaint major (R04); nothing if the rule, or the part of it, is switched off.
struct Severity {
    /// `hazard`, `authority`, `claim`, `cluster`.
    let reasons: [String]
    let parameters: [JSON.Member]

    /// - Parameter cluster: nil for a linked complaint: that it completes a cluster does not make the open case major.
    init(_ complaint: ComplaintReceived, cluster: CaseOpened.Cluster?, _ policy: PolicyBook) {
        var reasons: [String] = []
        var parameters: [JSON.Member] = []
        if policy.rules.isOn(.majorByHazard), !(complaint.hazards ?? []).isEmpty { reasons.append("hazard") }
        if policy.rules.isOn(.majorByAuthority), complaint.channel == "authority" { reasons.append("authority") }
        let limit = policy.routing.majorClaimFen
        if policy.rules.isOn(.majorByClaim), let claim = complaint.claimFen, claim >= limit {
            reasons.append("claim")
            parameters.append(JSON.Member("majorClaimFen", .int(limit)))
        }
        if policy.rules.isOn(.majorByCluster), let cluster, cluster.major { reasons.append("cluster") }
        self.reasons = reasons
        self.parameters = parameters
    }

    var isMajor: Bool { !reasons.isEmpty }

    var fact: [JSON.Member] { isMajor ? [JSON.Member("major", .array(reasons.map { .string($0) }))] : [] }

    /// Whether a complaint is a crisis (R34). A letter of an authority makes it major, but is none.
    static func isCrisis(_ complaint: ComplaintReceived) -> Bool {
        (complaint.hazards ?? []).contains { ["injury", "fire", "media"].contains($0) }
    }
}
