import Policy
import Schema

/// The phones that complained of one brand and product category in one span of as many dates as the window of a cluster
/// has; spans are counted from 1970-01-01 (R04, R52).
///
/// Of a span the latest `IntakePolicy.clusterPhoneLimit` phones are kept, each with its last time, so that a recall of a
/// whole model costs no more for each complaint than any other. Which ones these are does not depend on the order in
/// which the complaints come. A window touches two spans.
package struct ClusterSpan: Record, Equatable {
    package static let kind = "cluster-span"

    /// By the digest of the phone: when it complained last.
    package private(set) var phones = SortedMap<Instant>()
    /// The time of the complaint upon which `batch.alerted` was said of this span (R52).
    package private(set) var alertedAt: Instant?

    package init() {}

    package var wake: Wake? { nil }

    /// The ids of the records that hold the complaints of the `days` times 24 hours up to `end`, in order of time.
    static func ids(brand: MatterKey, category: MatterKey, days: Int, upTo end: Instant) -> [String] {
        let last = number(of: end, days: days)
        return [last - 1, last].map {
            Identifiers.uuid(["cluster-span", brand.text, category.text, String(days), String($0)])
        }
    }

    /// The number of the span in which an instant lies.
    static func number(of instant: Instant, days: Int) -> Int64 {
        Instant.floorDivide(instant.date.daysSinceEpoch, Int64(days))
    }

    /// Whether this is the first alert of the span; from now on it has been said.
    mutating func alert(at instant: Instant) -> Bool {
        guard alertedAt == nil else { return false }
        alertedAt = instant
        return true
    }

    /// Notes that a phone complained. Of more phones than are kept the one that complained longest ago is forgotten; of
    /// one instant, the first by its digest.
    ///
    /// - Returns: whether that changes anything.
    @discardableResult
    package mutating func note(phone: String, at instant: Instant) -> Bool {
        if let known = phones[phone], instant <= known { return false }
        phones[phone] = instant
        guard phones.count > IntakePolicy.clusterPhoneLimit,
            let earliest = phones.entries.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })
        else { return true }
        phones[earliest.key] = nil
        return earliest.key != phone
    }

    /// How many different phones have complained last from `start` to `end`, both included, in any of the spans.
    ///
    /// - Parameter own: always counts: it may come so late that later complaints have taken its place.
    static func count(of spans: [ClusterSpan], from start: Instant, through end: Instant, besides own: String) -> Int {
        var count = 1
        for (index, span) in spans.enumerated() {
            for (phone, instant) in span.phones.entries where start <= instant && instant <= end && phone != own {
                let isCounted = spans[..<index].contains { earlier in
                    earlier.phones[phone].map { start <= $0 && $0 <= end } ?? false
                }
                if !isCounted { count += 1 }
            }
        }
        return count
    }
}
