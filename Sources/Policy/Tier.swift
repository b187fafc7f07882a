import Schema

/// Who acts: the three tiers that handle a case, and the business division, which approves penalties.
///
/// Ordered from the shop floor upwards. The raw value is the name on the wire and in the files.
package enum Tier: String, Comparable, Codable, Hashable, Sendable, CaseIterable {
    case store
    case region
    case hq
    case business

    package static func < (a: Tier, b: Tier) -> Bool { a.rank < b.rank }

    /// The tier to which a case moves up from this one (R03); nil above headquarters.
    package var next: Tier? {
        switch self {
        case .store: .region
        case .region: .hq
        case .hq, .business: nil
        }
    }

    package init(_ handler: HandlerTier) {
        self =
            switch handler {
            case .store: .store
            case .region: .region
            case .hq: .hq
            }
    }

    /// The tier as one that can hold a case; nil for the business division.
    package var handler: HandlerTier? { HandlerTier(rawValue: rawValue) }

    private var rank: Int {
        switch self {
        case .store: 0
        case .region: 1
        case .hq: 2
        case .business: 3
        }
    }
}
