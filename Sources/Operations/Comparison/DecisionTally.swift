import Runtime
import Schema
import Stages

/// What one side of a comparison decides, gathered while its simulation runs.
///
/// No outgoing event is kept: memory grows with the outlets, their violations and proposals, and the cases that moved
/// up, not with the number of events.
struct DecisionTally: Sendable {
    private(set) var outlets: [String: OutletCourse] = [:]
    private(set) var fund = FundFigures()
    /// Cases that moved up or were overdue, by case id.
    private(set) var cases: [String: CaseCourse] = [:]
    private(set) var callbacks: [String: CallbackFigures] = [:]
    /// How many of each type were announced.
    private(set) var events: [String: Int] = [:]
    private(set) var deadLetters = 0
    private(set) var unanswered = 0
    /// The first ones, for the reader.
    private(set) var unansweredExamples: [String] = []
    /// Where a proposal stands in its outlet's course.
    private var proposals: [String: (outlet: String, index: Int)] = [:]
    private static let exampleLimit = 5

    mutating func take(_ output: Simulation.Output) {
        switch output {
        case .answered, .waiting: break
        case .deadLetter, .unrouted: deadLetters += 1
        case .unanswered(let why):
            unanswered += 1
            if unansweredExamples.count < DecisionTally.exampleLimit { unansweredExamples.append(why) }
        case .emitted(let outgoing, _):
            // What goes to the desks repeats what is announced.
            guard outgoing.destination == .events else { return }
            let event = outgoing.event
            events[event.type.rawValue, default: 0] += 1
            take(event)
        }
    }

    private mutating func take(_ event: Event) {
        let at = event.time
        switch event.data {
        case let data as ViolationRecorded: outlets[data.outletId, default: OutletCourse()].record(data, at: at)
        case let data as PenaltyProposed: propose(data, at: at)
        case let data as PenaltySuperseded: proposal(data.proposalId) { $0.supersededAt = at }
        case let data as NoticeIssued:
            if let id = data.proposalId { proposal(id) { $0.noticeAt = at } }
        case let data as OutletStatusChanged:
            outlets[data.outletId, default: OutletCourse()].statuses.append(
                StatusChange(at: at, to: data.to.rawValue, holds: data.holds.map(\.rawValue)))
        case let data as FundDisbursed: fund.disbursed.add(data.amountFen)
        case let data as FundRecovered: fund.recovered.add(data.amountFen)
        case let data as FundWrittenOff: fund.writtenOff.add(data.amountFen)
        case let data as CaseEscalated: move(data.caseId, data.complaintId, to: data.to.rawValue, at: at)
        case let data as CaseOverdue: move(data.caseId, data.complaintId, to: "overdue \(data.rule.rawValue)", at: at)
        case let data as CallbackScheduled: count(data.kind) { $0.scheduled += 1 }
        case let data as CallbackDue: count(data.kind) { $0.due += 1 }
        case let data as CallbackMissed: count(data.kind) { $0.missed += 1 }
        case let data as CallbackExhausted: count(data.kind) { $0.exhausted += 1 }
        default: break
        }
    }

    private mutating func propose(_ data: PenaltyProposed, at instant: Instant) {
        var course = outlets[data.outletId] ?? OutletCourse()
        proposals[data.proposalId] = (data.outletId, course.proposals.count)
        course.proposals.append(
            ProposalCourse(
                rung: data.rung, ladder: data.ladder.rawValue, period: data.period, count: data.count,
                threshold: data.threshold, violationIds: data.violationIds, proposedAt: instant))
        outlets[data.outletId] = course
    }

    private mutating func proposal(_ id: String, _ change: (inout ProposalCourse) -> Void) {
        guard let place = proposals[id], var course = outlets[place.outlet] else { return }
        change(&course.proposals[place.index])
        outlets[place.outlet] = course
    }

    private mutating func move(_ caseId: String, _ complaintId: String, to place: String, at instant: Instant) {
        cases[caseId, default: CaseCourse(complaintId: complaintId)].moves.append(CaseMove(at: instant, to: place))
    }

    private mutating func count(_ kind: CallbackKind, _ change: (inout CallbackFigures) -> Void) {
        change(&callbacks[kind.rawValue, default: CallbackFigures()])
    }
}

/// How many movements of money, and how much. Fen.
package struct MoneyFigures: Sendable, Hashable, Codable {
    package private(set) var count = 0
    package private(set) var fen: Int64 = 0

    mutating func add(_ amountFen: Int64) {
        count += 1
        // The ledger itself refuses what would not fit.
        fen = fen.addingReportingOverflow(amountFen).partialValue
    }
}

/// The after-sales fund over a run.
package struct FundFigures: Sendable, Hashable, Codable {
    package internal(set) var disbursed = MoneyFigures()
    package internal(set) var recovered = MoneyFigures()
    package internal(set) var writtenOff = MoneyFigures()

    package var balanceFen: Int64 { recovered.fen - disbursed.fen }
}

/// Callbacks of one kind over a run.
package struct CallbackFigures: Sendable, Hashable, Codable {
    package internal(set) var scheduled = 0
    package internal(set) var due = 0
    package internal(set) var missed = 0
    package internal(set) var exhausted = 0
}

/// A case that moved up or was overdue.
struct CaseCourse: Sendable, Hashable {
    let complaintId: String
    var moves: [CaseMove] = []
}

package struct CaseMove: Sendable, Hashable, Codable {
    package let at: Instant
    /// `region`, `hq`, `overdue R03`.
    package let to: String
}

/// An outlet over a run.
struct OutletCourse: Sendable, Hashable {
    private(set) var violations: [String: ViolationCourse] = [:]
    var proposals: [ProposalCourse] = []
    var statuses: [StatusChange] = []

    /// The same violations, rungs, instants and statuses. By which threshold a rung was reached makes no difference, nor what
    /// a category weighs where it leads to nothing else.
    func isJudged(as other: OutletCourse) -> Bool {
        violations.mapValues(\.withoutWeight) == other.violations.mapValues(\.withoutWeight)
            && statuses == other.statuses
            && proposals.map(\.withoutThreshold) == other.proposals.map(\.withoutThreshold)
    }

    mutating func record(_ data: ViolationRecorded, at instant: Instant) {
        var violation =
            violations[data.violationId]
            ?? ViolationCourse(
                violationId: data.violationId, category: data.category ?? "", caseId: data.caseId,
                serviceId: data.serviceId, occurredAt: data.occurredAt ?? instant, weight: data.weight ?? 1,
                isDerived: data.derived ?? false)
        if data.verified { (violation.verifiedAt, violation.upheld) = (instant, data.upheld) }
        violations[data.violationId] = violation
    }
}

/// A violation over a run.
package struct ViolationCourse: Sendable, Hashable, Codable, MatterMember {
    package let violationId: String
    package let category: String
    package let caseId: String?
    package let serviceId: String?
    package let occurredAt: Instant
    /// What its category weighs (R46).
    package internal(set) var weight: Int
    /// Nobody typed it (R45).
    package let isDerived: Bool
    package internal(set) var verifiedAt: Instant?
    /// nil: not verified.
    package internal(set) var upheld: Bool?

    fileprivate var withoutWeight: ViolationCourse {
        var course = self
        course.weight = 1
        return course
    }
}

/// A proposal over a run.
package struct ProposalCourse: Sendable, Hashable, Codable {
    package let rung: String
    package let ladder: String
    package let period: String
    package let count: Int
    package internal(set) var threshold: Int?
    package let violationIds: [String]
    package let proposedAt: Instant
    /// nil: not approved by the end of the run.
    package internal(set) var noticeAt: Instant?
    package internal(set) var supersededAt: Instant?

    fileprivate var withoutThreshold: ProposalCourse {
        var course = self
        course.threshold = nil
        return course
    }
}

package struct StatusChange: Sendable, Hashable, Codable {
    package let at: Instant
    package let to: String
    package let holds: [String]
}
