import Schema

/// A case as routing sees it: who holds it, until when, and what is still owed to the customer and to headquarters.
package struct RoutedCase: Record, Equatable, SharedCase {
    package static let kind = "case"
    package static let retiredMembers = ["resolvedAfterClosing"]
    /// No case keeps more contacts, nor more acceptances, than this; the earliest are forgotten first.
    static let factLimit = 100
    /// Nor more of what is owed: the duties of further linked complaints have records of their own (`LinkedDuties`).
    static let dutyLimit = 100

    package enum State: String, Codable, Sendable {
        /// Somebody has to resolve it.
        case open
        /// Resolved, and not yet closed by handling.
        case resolved
        case closed
    }

    package let complaintId: String
    /// Customer, product and description go to the desk that gets the case.
    package let customer: Customer
    package let product: Product
    package let description: String
    package let storeId: String?
    package let regionId: String?
    /// When its first complaint was received; nil: a release before 0.3 has opened it.
    package private(set) var receivedAt: Instant?

    package var state = State.open
    package var tier: HandlerTier
    package var handlerId: String
    package var owner: String
    package var isMajor: Bool
    package var assignedAt: Instant
    /// When the term of this assignment ends (R03); nil: stopped, over, or not running as the rule is off.
    package var termEnds: Instant?
    package var duties: [Duty] = []
    /// When somebody spoke with the customer, ascending.
    package private(set) var contacts: [Instant] = []
    /// When a person of headquarters accepted the case, ascending.
    package private(set) var acceptances: [Instant] = []
    package var closedAt: Instant?
    /// When the case was reopened last; a resolution of an earlier time does not count any more.
    package var reopenedAt: Instant?
    /// Who has held the case, from the first assignment that was announced with its reason; nil: no such yet, so handling
    /// still judges its resolutions as releases before 0.2 did.
    package private(set) var holdings: [Holding]?
    /// What has made the case major, ascending: hazards, `authority`, `claim`; nil: nothing, or not known.
    package private(set) var majorBy: [String]?
    /// The hazards of all that was said about the case, ascending, whether they make it major or not; nil: none, or it is
    /// from before they were kept, and `majorBy` has them.
    package private(set) var hazards: [String]?
    /// The `sequence` of the last closing or reopening that handling told of.
    package var handlingSequence: Int64?
    /// How many `case.resolution-accepted` there were about it; nil: none.
    package var resolutionsPassed: Int?
    package var linkedPlaces: [LinkedPlace]?

    package init(opened: CaseOpened, placement: Placement, isMajor: Bool, at instant: Instant) {
        complaintId = opened.complaintId
        customer = opened.complaint.customer
        product = opened.complaint.product
        description = opened.complaint.description
        storeId = opened.complaint.storeId
        regionId = opened.complaint.regionId
        receivedAt = opened.complaint.receivedAt
        tier = placement.tier
        handlerId = placement.handlerId
        owner = placement.owner
        self.isMajor = isMajor
        assignedAt = instant
    }

    package var wake: Wake? {
        (duties.compactMap { $0.term.wake } + (termEnds.map { [$0] } ?? [])).min().map {
            Wake(at: $0, isMetByOthers: true)
        }
    }

    mutating func addContact(_ instant: Instant) { Self.add(instant, to: &contacts) }

    mutating func addAcceptance(_ instant: Instant) { Self.add(instant, to: &acceptances) }

    private static func add(_ instant: Instant, to facts: inout [Instant]) {
        guard !facts.contains(instant) else { return }
        facts.insert(instant, at: facts.firstIndex { $0 > instant } ?? facts.endIndex)
        if facts.count > factLimit { facts.removeFirst() }
    }

    /// The place of now.
    var holding: Holding { Holding(from: assignedAt, tier: tier, handlerId: handlerId) }

    /// From when something counts that is told of `instant`: nobody could act before there was a complaint.
    func sinceReceipt(_ instant: Instant) -> Instant { max(instant, receivedAt ?? instant) }

    /// Notes that the place of now holds the case from `instant` on.
    mutating func noteHolding(from instant: Instant) {
        let holding = Holding(from: instant, tier: tier, handlerId: handlerId)
        var known = holdings ?? []
        if let last = known.last, (last.tier, last.handlerId) == (tier, handlerId) { return }
        known.append(holding)
        if known.count > Self.factLimit { known.removeFirst() }
        holdings = known
    }

    /// The present holder as the one from ever, of a case that an earlier release has assigned.
    mutating func beginHoldings() {
        if holdings == nil { holdings = [holding] }
    }

    /// Who held the case at `instant`; the first one from ever. At the instant at which it moves whoever had it still holds it:
    /// an event comes before the timer of its time.
    func holder(at instant: Instant) -> Holding {
        let known = holdings ?? []
        return known.last { $0.from < instant } ?? known.first ?? holding
    }

    /// Notes what makes the case major; true if some of it is new to the case.
    mutating func note(majorBy reasons: [String]) -> Bool {
        let known = majorBy ?? []
        let new = Set(reasons).subtracting(known)
        if !new.isEmpty { majorBy = (known + new).sorted() }
        return !new.isEmpty
    }

    /// Notes hazards.
    ///
    /// - Returns: those that are new to the case, each once.
    mutating func note(hazards named: [String]) -> [String] {
        let known = (hazards ?? []) + (majorBy ?? [])
        let new = named.enumerated().filter { !known.contains($1) && !named[..<$0].contains($1) }.map(\.element)
        if !new.isEmpty { hazards = ((hazards ?? []) + new).sorted() }
        return new
    }

    /// Whether an event of handling is older than what is known of it.
    func knowsNewer(than sequence: Int64?) -> Bool {
        guard let known = handlingSequence, let sequence else { return false }
        return sequence < known
    }
}

/// A place that holds a case from an instant on, until the next one does.
package struct Holding: Codable, Hashable, Sendable {
    package let from: Instant
    package let tier: HandlerTier
    /// A storeId, a regionId, or `hq`.
    package let handlerId: String
}

/// Something that is due at an instant and is overdue if it has not happened by then.
package struct Duty: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// A contact with the customer within some working days of the complaint (R43).
        case reply
        /// The acceptance of a crisis by a person of headquarters (R34).
        case acceptance
        /// A contact with the customer on the date of the resolution (R24).
        case inform
    }

    package let kind: Kind
    /// The complaint whose customer, or whose hazard, waits.
    package let complaintId: String
    /// When the complaint was received, or the case resolved.
    package let from: Instant
    /// When it is overdue; open while it falls into a year for which the calendar has no data.
    package var term: Term

    package init(kind: Kind, complaintId: String, from: Instant, term: Term) {
        self.kind = kind
        self.complaintId = complaintId
        self.from = from
        self.term = term
    }

    /// Whether what is due has happened in time; not as long as that time is not known.
    func isMet(by record: RoutedCase) -> Bool {
        guard let dueAt = term.at else { return false }
        return switch kind {
        case .reply: record.contacts.contains { from <= $0 && $0 <= dueAt }
        case .acceptance: record.acceptances.contains { from < $0 && $0 <= dueAt }
        // Due at 24:00, which belongs to the next date already.
        case .inform: record.contacts.contains { from.date <= $0.date && $0 < dueAt }
        }
    }
}
