import Policy
import Schema

/// A place of the chain: a store with its region, a region, or headquarters.
package struct Place: Sendable, Hashable {
    package let tier: HandlerTier
    /// Of a store.
    package let storeId: String?
    /// Of a region, or the region of a store; nil where that is not known.
    package let regionId: String?

    package static func store(_ storeId: String, region: String?) -> Place {
        Place(tier: .store, storeId: storeId, regionId: region)
    }

    package static func region(_ regionId: String) -> Place {
        Place(tier: .region, storeId: nil, regionId: regionId)
    }

    package static let hq = Place(tier: .hq, storeId: nil, regionId: nil)
}

extension PolicyBook {
    /// The lowest place that is known of what has a store and a region: the store, the region, headquarters.
    package func place(storeId: String?, regionId: String?) -> Place {
        if let storeId { return .store(storeId, region: organisation.store(storeId)?.region ?? regionId) }
        return regionId.map { .region($0) } ?? .hq
    }

    /// The region of an outlet; of one that is not listed nobody knows it.
    package func places(ofOutlet outletId: String) -> [Place] {
        organisation.outlet(outletId).map { [.region($0.region)] } ?? []
    }

    /// Why a person may not do something, or nil if he may (R48): `wrong-tier`, or `wrong-place` if his tier fits and his
    /// place does not or is not named. The figures tell what is needed and what was given. That he belongs to the place
    /// that he names is asked before (`rejection(of:)`).
    ///
    /// - Parameter places: which it is about, as the act asks for (`Act.Fit`).
    package func rejection(of by: Person, _ act: Act, at places: [Place] = []) -> Rejection? {
        let row = act.row
        guard rules.isOn(.r48) || row.isAskedAlways else { return nil }
        let fit = row.fit
        var tiers = authority.tiers(of: act)
        let holders = places.map { Tier($0.tier) }
        switch fit {
        case .any, .shared: break
        case .place: tiers = tiers.filter { holders.contains($0) }
        case .placeOrAbove: tiers = tiers.filter { tier in holders.contains { tier >= $0 } }
        }
        guard let tier = Tier(rawValue: by.tier), tiers.contains(tier) else {
            return Rejection(wrongTierOf: by, act, needed: tiers)
        }
        if fit == .any { return nil }
        let (stores, regions) = (places.compactMap(\.storeId), places.compactMap(\.regionId))
        let (member, given, fitting): (String, String?, [String])
        switch tier {
        case .store: (member, given, fitting) = ("storeId", by.storeId, stores)
        case .region: (member, given, fitting) = ("regionId", by.regionId, regions)
        case .hq, .business: return nil
        }
        if let given, fitting.contains(given) { return nil }
        var figures = [JSON.Member("act", .string(act.rawValue)), JSON.Member("tier", .string(by.tier))]
        if let given { figures.append(JSON.Member(member, .string(given))) }
        // All that would fit, from below upwards.
        var needed: [String] = []
        for fit in tiers {
            switch fit {
            case .store: needed += stores
            case .region: needed += regions
            case .hq, .business: needed.append(fit.rawValue)
            }
        }
        let each = needed.enumerated().filter { !needed[..<$0].contains($1) }.map(\.element)
        return Rejection("wrong-place", .object(figures + NamedIds(each, of: each.count).members("needed")))
    }
}

extension PolicyBook {
    /// Why an assessment does not count. Releases before 0.3 took it from nobody; R48 wants to know who says so.
    package func rejection(of assessed: TrainingAssessed) -> Rejection? {
        guard let by = assessed.by else {
            guard rules.isOn(.r48) else { return nil }
            let needed = authority.tiers(of: .assessTraining).map { JSON.string($0.rawValue) }
            return Rejection("by-missing", ["outletId": .string(assessed.outletId), "needed": .array(needed)])
        }
        return rejection(of: by) ?? rejection(of: by, .assessTraining)
    }
}

extension Rejection {
    /// `wrong-tier`: what was given, and the tiers of which one is needed.
    init(wrongTierOf by: Person, _ act: Act, needed: [Tier]) {
        self.init(
            "wrong-tier",
            [
                "act": .string(act.rawValue), "tier": .string(by.tier),
                "needed": .array(needed.map { .string($0.rawValue) }),
            ])
    }
}
