import Policy
import Schema

/// Who may do what (R48): for each act the tiers whose people may, and which of their places fits.
///
/// Which place fits is fixed; the tiers are defaults. Whether the person belongs to the place that he names is asked
/// before, by `Turn.rejection(of:)`.
package struct Authority: Sendable {
    /// What a person does, by the event that tells of it.
    package enum Act: String, Sendable, CaseIterable {
        case resolve = "case.resolved"
    }

    /// Which place of a tier fits.
    package enum Fit: Sendable {
        /// The place that holds the case, or one above it: its region, headquarters.
        case holderOrAbove
    }

    /// One line of the table.
    package struct Row: Sendable {
        package let tiers: [Tier]
        package let fit: Fit
    }

    package static let standard = Authority()

    private init() {}

    /// A line for every act: what had none, everybody could do.
    package func row(of act: Act) -> Row {
        switch act {
        case .resolve: Row(tiers: [.store, .region, .hq], fit: .holderOrAbove)
        }
    }

    /// Why a person may not act on what `holder` holds, or nil if he may: `wrong-tier`, or `wrong-place` if his tier fits
    /// and his place does not or is not named. The figures tell what is needed and what was given.
    package func rejection(of by: Person, _ act: Act, at holder: Place) -> Rejection? {
        let row = row(of: act)
        let tiers: [Tier]
        switch row.fit {
        case .holderOrAbove: tiers = row.tiers.filter { $0 != .business && $0 >= Tier(holder.tier) }
        }
        guard let tier = Tier(rawValue: by.tier), tiers.contains(tier) else {
            return Rejection(
                "wrong-tier",
                [
                    "act": .string(act.rawValue), "tier": .string(by.tier),
                    "needed": .array(tiers.map { .string($0.rawValue) }),
                ])
        }
        let (member, given, needed): (String, String?, String?)
        switch tier {
        case .store: (member, given, needed) = ("storeId", by.storeId, holder.storeId)
        case .region: (member, given, needed) = ("regionId", by.regionId, holder.regionId)
        case .hq, .business: return nil
        }
        if let given, given == needed { return nil }
        var figures: JSON = ["act": .string(act.rawValue), "tier": .string(by.tier)]
        if let given { figures = figures.setting(member, to: .string(given)) }
        return Rejection("wrong-place", figures.setting("needed", to: .string(needed ?? "none")))
    }
}

/// A place that holds a case: a store with its region, a region, or headquarters.
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
