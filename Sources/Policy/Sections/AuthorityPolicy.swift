/// Section `authority` of the policy (R48): whose people may do what. Which of their places fits is no matter of the policy
/// (`Act.row`).
package struct AuthorityPolicy: Hashable, Sendable {
    /// Only acts of which the file says something.
    private var changed: [Act: [Tier]]

    package init(_ changed: [Act: [Tier]] = [:]) {
        self.changed = changed
    }

    /// From below upwards.
    package func tiers(of act: Act) -> [Tier] { changed[act] ?? act.row.tiers }

    mutating func read(_ section: MappingReader) {
        for act in Act.allCases {
            let before = section.faults.faults.count
            let allowed = act.row.possible.map(\.rawValue)
            let words = section.texts(
                act.rawValue, allowed: allowed.joined(separator: ", "), of: .choice(allowed),
                "R48: the tiers whose people may; by default " + act.row.tiers.map(\.rawValue).joined(separator: ", "),
                where: { allowed.contains($0) })
            guard let words else { continue }
            if words.isEmpty, section.faults.faults.count == before {
                section.fault(
                    "names no tier, so nobody could ever do it", key: act.rawValue,
                    allowed: "one or more of " + allowed.joined(separator: ", "))
            }
            let tiers = words.compactMap { Tier(rawValue: $0.text) }.sorted()
            if let needed = act.row.needed, !tiers.contains(needed), section.faults.faults.count == before {
                section.fault(
                    "leaves out \(needed.rawValue), so what lies there could never be done", key: act.rawValue,
                    allowed: "\(needed.rawValue) among them")
            }
            changed[act] = tiers
        }
        section.finish()
    }
}
