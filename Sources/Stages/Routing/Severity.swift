import Policy
import Schema

/// What makes a complaint, or what is learned of a case later, major (R04); nothing if the rule, or the part of it, is
/// switched off.
struct Severity {
    /// `hazard`, `authority`, `claim`, `cluster`.
    let reasons: [String]
    /// What of it a later complaint can add to: the hazards by name, `authority`, `claim`.
    let matters: [String]
    let parameters: [JSON.Member]
    /// How many phones complained of the same goods, where that made it major.
    private let phones: Int?

    /// - Parameter cluster: nil for a linked complaint: that it completes a cluster does not make the open case major.
    init(_ complaint: ComplaintReceived, cluster: CaseOpened.Cluster?, _ policy: PolicyBook) {
        self.init(
            hazards: complaint.hazards ?? [], isOfAuthority: complaint.channel == "authority",
            claimFen: complaint.claimFen, cluster: cluster, policy)
    }

    /// Of hazards that somebody has declared (R50).
    init(declared hazards: [String], _ policy: PolicyBook) {
        self.init(hazards: hazards, isOfAuthority: false, claimFen: nil, cluster: nil, policy)
    }

    private init(
        hazards: [String], isOfAuthority: Bool, claimFen: Int64?, cluster: CaseOpened.Cluster?, _ policy: PolicyBook
    ) {
        var reasons: [String] = []
        var matters: [String] = []
        var parameters: [JSON.Member] = []
        if policy.rules.isOn(.majorByHazard), !hazards.isEmpty {
            reasons.append("hazard")
            matters += hazards
        }
        if policy.rules.isOn(.majorByAuthority), isOfAuthority {
            reasons.append("authority")
            matters.append("authority")
        }
        let limit = policy.routing.majorClaimFen
        if policy.rules.isOn(.majorByClaim), let claimFen, claimFen >= limit {
            reasons.append("claim")
            matters.append("claim")
            parameters.append(JSON.Member("majorClaimFen", .int(limit)))
        }
        var phones: Int?
        if policy.rules.isOn(.majorByCluster), let cluster, cluster.major {
            reasons.append("cluster")
            phones = cluster.phones
            parameters.append(JSON.Member("clusterPhones", .int(Int64(policy.intake.clusterPhones))))
            parameters.append(JSON.Member("clusterWindowDays", .int(Int64(policy.intake.clusterWindowDays))))
        }
        self.reasons = reasons
        self.matters = matters
        self.phones = phones
        self.parameters = parameters
    }

    var isMajor: Bool { !reasons.isEmpty }

    var facts: [JSON.Member] {
        guard isMajor else { return [] }
        let major = JSON.Member("major", .array(reasons.map { .string($0) }))
        return [major] + (phones.map { [JSON.Member("phones", .int(Int64($0)))] } ?? [])
    }

    /// Whether hazards are a crisis (R34). A letter of an authority makes a case major, but is none.
    static func isCrisis(_ hazards: [String]) -> Bool {
        hazards.contains { ["injury", "fire", "media"].contains($0) }
    }
}
