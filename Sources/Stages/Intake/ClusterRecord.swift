import Schema

/// The phones that complained of one brand and product category in one span of seven dates (R04).
///
/// A window of any length is a few such records, so none grows without end, none has to be pruned, and a complaint that
/// comes late is judged by the window of its own time.
package struct ClusterRecord: Record {
    package static let kind = "cluster"
    /// Dates in one record.
    static let span: Int64 = 7

    /// By the digest of the phone: when it complained, ascending. Of the complaints of one date only the first and the
    /// last are kept: a window is at least 24 hours long, so it contains one of these whenever it contains any.
    private var phones = SortedMap<[Instant]>()

    package init() {}

    package var wake: Wake? { nil }

    /// The ids of the records that hold the complaints from `start` to `end`, both included, in order of time.
    static func ids(brand: String, category: String, from start: Instant, through end: Instant) -> [String] {
        let first = Instant.floorDivide(start.date.daysSinceEpoch, span)
        let last = Instant.floorDivide(end.date.daysSinceEpoch, span)
        guard first <= last else { return [] }
        return (first...last).map { Identifiers.uuid(["cluster", brand, category, String($0)]) }
    }

    package mutating func note(phone: String, at instant: Instant) {
        var times = phones[phone] ?? []
        guard !times.contains(instant) else { return }
        times.insert(instant, at: times.firstIndex { $0 > instant } ?? times.endIndex)
        let sameDate = times.indices.filter { times[$0].date == instant.date }
        for index in sameDate.dropFirst().dropLast().reversed() { times.remove(at: index) }
        phones[phone] = times
    }

    /// The phones that complained from `start` to `end`, both included.
    package func phones(from start: Instant, through end: Instant) -> [String] {
        phones.entries.filter { $0.value.contains { start <= $0 && $0 <= end } }.map { $0.key }
    }

    /// How many times are kept of a phone.
    package func timesKept(of phone: String) -> Int { phones[phone]?.count ?? 0 }
}
