import Policy
import Schema

extension Turn {
    /// Why the person of an event may not act, or nil if he may: he must belong to the place for which he acts.
    ///
    /// Who is missing from the organisation file's people of that place is refused (`unknown-person`); a place without
    /// any list accepts everyone.
    package func rejection(of by: Person) -> Rejection? {
        guard !policy.organisation.knows(by) else { return nil }
        var figures: JSON = ["person": .string(by.id), "tier": .string(by.tier)]
        if let storeId = by.storeId { figures = figures.setting("storeId", to: .string(storeId)) }
        if let regionId = by.regionId { figures = figures.setting("regionId", to: .string(regionId)) }
        return Rejection("unknown-person", figures)
    }
}
