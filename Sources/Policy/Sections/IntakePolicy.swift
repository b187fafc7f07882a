/// Section `intake` of the policy: what counts as the same matter, and what as a cluster.
package struct IntakePolicy: Hashable, Sendable {
    package var duplicateWindowDays = 7
    package var clusterPhones = 3
    package var clusterWindowDays = 7

    /// So many phones are kept of a brand and category, and `phones` of a cluster says no more (R52).
    package static let clusterPhoneLimit = 100

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(
            &duplicateWindowDays, "duplicateWindowDays", Bounds.days, or: "duplicateWindow",
            "Same phone, category and brand, and a case opened at most this many days (of 24 h) before and "
                + "still open: the complaint is linked, no second case is opened")
        section.read(
            &clusterPhones, "clusterPhones", 2...Self.clusterPhoneLimit,
            "R04: the complaint of at least this many distinct phones about one brand and category is a cluster")
        section.read(
            &clusterWindowDays, "clusterWindowDays", Bounds.positiveDays,
            "R04: days (of 24 h) up to the complaint within which the phones of a cluster are counted")
        section.finish()
    }
}
