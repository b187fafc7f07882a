/// Section `retention` of the policy: how long what is personal is kept. No decision depends on it.
package struct RetentionPolicy: Hashable, Sendable {
    /// nil: until its erasure is ordered.
    package var personalDays: Int? { keptDays == 0 ? nil : keptDays }
    private var keptDays = 1095

    package init(personalDays: Int? = 1095) {
        keptDays = personalDays ?? 0
    }

    mutating func read(_ section: MappingReader) {
        section.read(
            &keptDays, "personalDays", Bounds.days,
            "Names, phones, addresses and texts of a customer who has not been heard of for so many days are erased; "
                + "0: never")
        section.finish()
    }
}
