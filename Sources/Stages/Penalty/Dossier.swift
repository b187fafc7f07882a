import Policy
import Schema

/// What the decisions about an outlet need of its dossier. The whole of it, every letter included, is the journal of
/// this record, which nothing removes (R14).
struct Dossier: Record {
    static let kind = "outlet"

    let outletId: String
    /// Its duties begin here; nil as long as the organisation file does not list it.
    var listedSince: CivilDate?
    var status: OutletStatusChanged.Status = .active
    var holds: [OutletStatusChanged.Hold] = []
    var running: OutletStatusChanged.Running = .finish
    /// What has not been pruned, in the order of arrival.
    var violations: [Violation] = []
    /// Groups that have left `violations` for want of room; nil: none has.
    var counted: CountedGroups?
    /// Upheld violations with injury or fire for which something stands in the way of a proposal, the longest first;
    /// nil: none (R46).
    var waitingGraves: [String]?
    /// How often those of them have been proposed whose proposal was superseded; nil: none has.
    var graveAttempts: SortedMap<Int>?
    /// What stood in their way has ended then; nil: it has not.
    var gravesDueAt: Instant?
    var proposals: [Proposal] = []
    var effects: [Effect] = []
    /// The letters to this outlet so far; the next one bears the next number.
    var lettersIssued = 0
    /// A withdrawal can no longer be appealed: nothing is proposed and nothing is owed any more.
    var isClosed = false
    var site = SiteSupervision()
    var training: Training?

    /// Since when, and until when at the latest, something has happened that the next evaluation must see.
    var unseenFrom: Instant?
    var unseenTo: Instant?
    var lastEvaluation: Moment?
    var nextEvaluation: PlannedEvaluation?
    /// The month whose standing is told next, at its close; nil: there is nothing to tell of this outlet.
    var standingMonth: Month?
    /// When; nil: not known for want of calendar data.
    var standingAt: Instant?
    /// What people have said of the outlet, and of parting with it (R55); nil: nothing.
    var judgement: OutletJudgement?
    /// A month has closed here; what is known of it later is an adjustment.
    var lastMonthClose: Instant?

    /// Some deadline falls into a year without calendar data: look again then.
    var lookAgainAt: Instant?
    /// The years of which that has been said.
    var missingYears: [Int] = []

    init(outletId: String) {
        self.outletId = outletId
    }

    var key: RecordKey { Dossier.key(outletId) }

    /// A wake as it is kept.
    struct Moment: Codable, Hashable, Sendable {
        let at: Instant
        let order: Int

        init(_ wake: Wake) {
            at = wake.at
            order = wake.order
        }

        var wake: Wake { Wake(at: at, order: order) }
    }

    /// An evaluation, and when it runs: at its own instant, unless that became known only afterwards, because the
    /// calendar had no data for its year.
    struct PlannedEvaluation: Codable, Hashable, Sendable {
        let evaluation: Moment
        let runs: Moment
    }

    var wake: Wake? {
        var first: Wake?
        func consider(_ at: Instant?, _ order: Int) {
            guard let at else { return }
            let wake = Wake(at: at, order: order)
            first = min(wake, first ?? wake)
        }
        consider(lookAgainAt, PenaltyOrder.lookAgain)
        consider(standingAt, PenaltyOrder.monthClose)
        if isClosed { return first }
        for proposal in proposals where proposal.owesDecision {
            consider(proposal.decisionDue, PenaltyOrder.obligation)
        }
        consider(site.dueAt, PenaltyOrder.obligation)
        for effect in effects { consider(effect.termEnd, PenaltyOrder.endOfTerm) }
        consider(training?.retestDue, PenaltyOrder.endOfTerm)
        consider(gravesDueAt, PenaltyOrder.endOfTerm)
        consider(training?.judgeAt, PenaltyOrder.training)
        if let runs = nextEvaluation?.runs.wake { first = min(runs, first ?? runs) }
        return first
    }

    /// Notes that something has changed which an evaluation must see.
    mutating func noteUnseen(at instant: Instant) {
        unseenFrom = min(unseenFrom ?? instant, instant)
        unseenTo = max(unseenTo ?? instant, instant)
    }

    /// The time from which something known at `instant` counts: what comes after a close that has acted is an
    /// adjustment, even if it carries an earlier time.
    func effectiveTime(_ instant: Instant) -> Instant {
        guard let lastMonthClose, instant <= lastMonthClose else { return instant }
        return Instant(microseconds: lastMonthClose.microseconds + 1)
    }
}

/// Leads from a proposal's id to its outlet.
struct ProposalIndex: Record {
    static let kind = "proposal"
    let outletId: String
    var wake: Wake? { nil }
}

/// Leads from a notice's id to its outlet.
struct NoticeIndex: Record {
    static let kind = "notice"
    /// nil: a letter to a manufacturer, or a demand of handling.
    let outletId: String?
    /// How often the rectification that it demands has failed: names the next proposal.
    var failures = 0
    var wake: Wake? { nil }
}
