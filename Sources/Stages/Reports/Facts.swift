import Policy
import Schema

/// A service that has been counted: its id counts once.
struct CountedService: Record {
    static let kind = "service"
    var wake: Wake? { nil }
}

/// What the measures need of a case. Its facts may come in any order.
struct CaseFacts: Record {
    static let kind = "case"

    /// A complaint that was linked to the case, or whose reply is overdue, known before the case itself.
    struct Waiting: Codable, Sendable {
        let isOverdue: Bool
        let receivedAt: Instant
        /// Whose reply is overdue; nil: it is a linked one.
        var complaintId: String?
    }

    /// What comes of a case that is not known and has so many already waits for it.
    static let waitingLimit = 100

    /// Of the complaint that opened it; the id is nil too where an older release has counted it.
    var receivedAt: Instant?
    var complaintId: String?
    /// The reply to that complaint is overdue; nil: it is not.
    var isReplyOverdue: Bool?
    var storeId: String?
    var outletId: String?
    /// The first acceptance or contact with the customer (R40).
    var respondedAt: Instant?
    var isPrompt = false
    var waiting: [Waiting] = []

    var wake: Wake? { nil }

    /// Whether a reply that is overdue counts: that to a complaint does, once. The reply that is owed for a crisis that
    /// was declared later (R50) bears the id of the case's own complaint, and is the reply to no other one.
    mutating func takesOverdue(_ overdue: Waiting) -> Bool {
        guard let complaintId, overdue.complaintId == complaintId else { return true }
        guard overdue.receivedAt == receivedAt, isReplyOverdue != true else { return false }
        isReplyOverdue = true
        return true
    }
}

/// The repairs of one appliance, by time; the last ones (R39).
struct SerialHistory: Record {
    static let kind = "serial"
    /// An appliance that is repaired more often has been looked at long since.
    static let limit = 50

    struct Repair: Codable, Sendable {
        let serviceId: String
        let at: Instant
        let storeId: String
        let outletId: String?
        /// Another repair lies within the days before it.
        var isRepeat = false

        static func precedes(_ a: Repair, _ b: Repair) -> Bool { (a.at, a.serviceId) < (b.at, b.serviceId) }
    }

    private(set) var repairs: [Repair] = []

    var wake: Wake? { nil }

    /// Brand and serial number name an appliance; nil: it has no serial number.
    static func id(of product: Product) -> String? {
        guard let serial = product.serial, !serial.isEmpty else { return nil }
        return Identifiers.uuid(["serial", product.brand, serial])
    }

    /// The first repair after that one; it may become a repeat by it.
    func next(after repair: Repair) -> Repair? { repairs.first { Repair.precedes(repair, $0) } }

    /// Adds a repair.
    ///
    /// - Returns: the repairs that are now known to be repeats: this one, the next one, or both.
    mutating func add(_ repair: Repair, days: Int) -> [Repair] {
        var found: [Repair] = []
        var repair = repair
        let index = repairs.firstIndex { Repair.precedes(repair, $0) } ?? repairs.endIndex
        if index > 0, repair.at <= repairs[index - 1].at.adding(days: Int64(days)) {
            repair.isRepeat = true
            found.append(repair)
        }
        if index < repairs.endIndex, !repairs[index].isRepeat,
            repairs[index].at <= repair.at.adding(days: Int64(days))
        {
            repairs[index].isRepeat = true
            found.append(repairs[index])
        }
        repairs.insert(repair, at: index)
        if repairs.count > Self.limit { repairs.removeFirst() }
        return found
    }
}

/// A violation: leads from its verification to the store that reported it.
struct ViolationFacts: Record {
    static let kind = "violation"

    /// nil: not reported yet; the store's place otherwise.
    var place: String?
    var upheld: Bool?

    var wake: Wake? { nil }
}

/// An advance from the fund: when it was paid, what has come back of it, and who bears it.
struct AdvanceFacts: Record {
    static let kind = "advance"

    var paidIn: Month?
    var paidFen: Int64 = 0
    /// Recovered and written off.
    var settledFen: Int64 = 0
    /// Of what has settled it; nil: nothing, or only before 0.3.
    var recoveredFen: Int64?
    var writtenOffFen: Int64?
    /// Of the approved opinion; nil: nobody knows of one yet.
    var liableKind: LiabilityProposed.Liable.Kind?

    mutating func add(_ moved: FundBook.Flow, on date: CivilDate) {
        if moved.payments > 0 { paidIn = paidIn ?? Month(of: date) }
        paidFen += moved.disbursed
        settledFen += moved.recovered + moved.writtenOff
        if moved.recovered > 0 { recoveredFen = (recoveredFen ?? 0) + moved.recovered }
        if moved.writtenOff > 0 { writtenOffFen = (writtenOffFen ?? 0) + moved.writtenOff }
    }

    /// All that has moved of it.
    var moved: FundBook.Flow {
        FundBook.Flow(
            disbursed: paidFen, payments: paidIn == nil ? 0 : 1, recovered: recoveredFen ?? 0,
            writtenOff: writtenOffFen ?? 0)
    }

    var openFen: Int64 { paidFen - settledFen }
    var wake: Wake? { nil }
}

/// An assessment of training. Whether it came in time for its quarter, or for a retest, penalty alone knows: what that refuses
/// does not count, whether its word comes before or after the assessment.
struct AssessmentFacts: Record {
    static let kind = "assessment"

    struct Counted: Codable, Sendable {
        let outletId: String
        let date: CivilDate
        let isRetest: Bool
        let assessed: Int
        let passed: Int
    }

    /// nil: it has not come yet.
    var counted: Counted?
    var isRefused = false

    var wake: Wake? { nil }

    static func id(source: String, eventId: String) -> String { Identifiers.uuid([kind, source, eventId]) }
}

/// A report that was published: its id names kind, period and subject; its text is in the journal of this record.
package struct PublishedReport: Record {
    package static let kind = "report"

    package let publishedAt: Instant
    package var wake: Wake? { nil }

    package static func id(_ kind: ReportKind, _ period: String, _ subject: String?) -> String {
        kind.rawValue + "/" + period + (subject.map { "/" + $0 } ?? "")
    }
}
