import Schema

extension Organisation {
    /// What looks wrong about an installation that begins at `today`: duties that began before it, so that all that was
    /// due since then is missed at once.
    ///
    /// - Returns: one warning per date.
    package func pastDuties(today: CivilDate, file: String) -> [PolicyFault] {
        var places: [CivilDate: [String]] = [:]
        for store in stores where store.since < today { places[store.since, default: []].append(store.id) }
        for outlet in outlets where outlet.since < today { places[outlet.since, default: []].append(outlet.id) }
        return places.sorted { $0.key < $1.key }.map { since, ids in
            let more = ids.count > 5 ? " and \(ids.count - 5) more" : ""
            return PolicyFault(
                file: file, line: nil, subject: "`since` \(since) of \(ids.prefix(5).joined(separator: ", "))\(more)",
                problem:
                    "is before \(today): a new installation misses at once what was due since then (weekly reports, "
                    + "site checks, trainings; three missed quarters stop an outlet)",
                allowed: "\(today) or later, unless the installation has been at work since")
        }
    }
}
