import Policy
import Schema

/// What the decisions about a manufacturer need: what counts in its last quarters (R18), and its letters.
struct ManufacturerDossier: Record {
    static let kind = "manufacturer"

    let manufacturerId: String
    /// Ascending.
    var quarters: [QuarterCount] = []
    var lettersIssued = 0

    var wake: Wake? { nil }
    var key: RecordKey { ManufacturerDossier.key(manufacturerId) }

    /// Of an earlier quarter nobody knows any more whether it has led to a proposal, so nothing counts in it.
    private static let kept = 8

    init(manufacturerId: String) {
        self.manufacturerId = manufacturerId
    }

    /// Changes the count of a quarter.
    ///
    /// - Returns: the count after it; nil: the quarter is not kept any more.
    @discardableResult
    mutating func revise(_ quarter: Quarter, _ change: (inout QuarterCount) -> Void) -> QuarterCount? {
        if !quarters.contains(where: { $0.quarter == quarter }) {
            quarters.append(QuarterCount(quarter: quarter))
            quarters.sort { $0.quarter < $1.quarter }
            if quarters.count > Self.kept { quarters.removeFirst(quarters.count - Self.kept) }
        }
        guard let index = quarters.firstIndex(where: { $0.quarter == quarter }) else { return nil }
        change(&quarters[index])
        return quarters[index]
    }

    /// Gives out the number of the next letter.
    mutating func nextNumber(_ now: Instant) -> String {
        lettersIssued += 1
        return "\(manufacturerId)-\(Period.text(year: now.date.year))-\(lettersIssued)"
    }
}
