import Policy
import Schema

/// The desk that a case goes to, its owner there, and why.
package struct Placement: Sendable {
    package let tier: HandlerTier
    /// A storeId, a regionId, or `hq`.
    package let handlerId: String
    package let owner: String
    /// The rules beside the one that moved the case: R01, and R28 if somebody was absent.
    let rules: [Rule]
    let facts: [JSON.Member]

    /// The routing key of the desk in `recourse.handlers`.
    static func deskKey(_ tier: HandlerTier, _ handlerId: String) -> String {
        switch tier {
        case .store: "store.\(handlerId)"
        case .region: "region.\(handlerId)"
        case .hq: "hq"
        }
    }
}

/// Where a case can go: by the store and region that its complaint names, and who works there at that time.
struct Places {
    let storeId: String?
    let regionId: String?
    let category: String
    let at: Instant
    let policy: PolicyBook

    init(_ record: RoutedCase, at instant: Instant, _ policy: PolicyBook) {
        self.init(
            storeId: record.storeId, regionId: record.regionId, category: record.product.category, at: instant,
            policy: policy)
    }

    init(_ complaint: ComplaintReceived, at instant: Instant, _ policy: PolicyBook) {
        self.init(
            storeId: complaint.storeId, regionId: complaint.regionId, category: complaint.product.category,
            at: instant, policy: policy)
    }

    private init(storeId: String?, regionId: String?, category: String, at: Instant, policy: PolicyBook) {
        self.storeId = storeId
        self.regionId = regionId
        self.category = category
        self.at = at
        self.policy = policy
    }

    /// The first place from `tier` upwards that exists and has an owner: a store or region that is unknown, and a store
    /// without an owner, leave the case to the next tier.
    func placement(from tier: HandlerTier) -> Placement {
        var facts: [JSON.Member] = []
        if tier == .store, let storeId {
            if policy.organisation.store(storeId) == nil {
                facts.append(JSON.Member("unknownStore", .string(storeId)))
            } else if let owner = storeOwner(storeId) {
                return placed(.store, storeId, owner, facts)
            } else {
                facts.append(JSON.Member("storeWithoutOwner", .string(storeId)))
            }
        }
        if tier != .hq, let region = storeId.flatMap({ policy.organisation.store($0)?.region }) ?? regionId {
            if let owner = policy.organisation.dutyOwner(region: region, at: at, observingAbsences: observing) {
                return placed(.region, region, owner, facts)
            }
            facts.append(JSON.Member("unknownRegion", .string(region)))
        }
        return placed(.hq, "hq", policy.organisation.dutyOwnerHQ(at: at, observingAbsences: observing), facts)
    }

    private var observing: Bool { policy.rules.isOn(.r28) }

    /// With R01 switched off nobody is chosen among a store's people: its manager is the owner, present or not.
    private func storeOwner(_ storeId: String) -> OwnerChoice? {
        if policy.rules.isOn(.r01) {
            return policy.organisation.owner(
                ofStore: storeId, category: category, at: at, observingAbsences: observing)
        }
        return policy.organisation.store(storeId)?.manager.map { OwnerChoice(person: $0, role: .manager) }
    }

    private func placed(
        _ tier: HandlerTier, _ handlerId: String, _ owner: OwnerChoice, _ facts: [JSON.Member]
    ) -> Placement {
        var facts = facts + [JSON.Member("ownerRole", .string(owner.role.rawValue))]
        if let absent = owner.standsInFor { facts.append(JSON.Member("standsInFor", .string(absent))) }
        if !owner.passedOver.isEmpty {
            facts.append(JSON.Member("passedOver", .array(owner.passedOver.map { .string($0) })))
        }
        var rules: [Rule] = policy.rules.isOn(.r01) ? [.r01] : []
        if owner.standsInFor != nil || !owner.passedOver.isEmpty { rules.append(.r28) }
        return Placement(tier: tier, handlerId: handlerId, owner: owner.person, rules: rules, facts: facts)
    }
}
