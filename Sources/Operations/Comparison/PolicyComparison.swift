import Policy
import Runtime
import Schema
import Stages

/// `recourse simulate --compare`: the same events and the same answers file under two policies, and what is decided
/// otherwise.
///
/// Both sides are whole simulations. Whoever answers does so by the same rules on both sides; where a side decides
/// otherwise, its answers follow.
package struct PolicyComparison: OperationReport, Codable, Hashable {
    /// One side's policy and what its run came to.
    package struct Side: Sendable, Hashable, Codable {
        /// `A`: the policy given first; `B`: the other.
        package let name: String
        package let policy: String
        package let folder: String
        package let proposals: Int
        package let notices: Int
        /// Outlets that had a proposal.
        package let outletsProposed: Int
        package let fund: FundFigures
        /// Cases that moved up, by the tier they reached; `overdue R03`, `overdue R34`.
        package let moves: [Figure]
        package let callbacks: [CallbackLine]
        package let deadLetters: Int
        package let unanswered: Int
        /// The first answers that could not be given, and why.
        package let unansweredExamples: [String]
    }

    package struct CallbackLine: Sendable, Hashable, Codable {
        package let kind: String
        package let figures: CallbackFigures
    }

    /// An event type of which one side announces more.
    package struct EventDifference: Sendable, Hashable, Codable {
        package let type: String
        package let a: Int
        package let b: Int
    }

    /// A case that moves up on one side otherwise than on the other.
    package struct CaseDifference: Sendable, Hashable, Codable {
        package let caseId: String
        package let complaintId: String
        package let a: [CaseMove]
        package let b: [CaseMove]
    }

    package let until: Instant
    package let a: Side
    package let b: Side
    /// Outlets with violations or proposals on either side.
    package let outletsSeen: Int
    /// Ascending by outlet id.
    package let outlets: [OutletDifference]
    package let events: [EventDifference]
    /// The first ones by case id, at most `caseLimit`.
    package let cases: [CaseDifference]
    package let caseCount: Int

    package static let caseLimit = 50

    /// false: both policies decide the same.
    package var differs: Bool { !outlets.isEmpty || !events.isEmpty || caseCount > 0 || a.fund != b.fund }

    /// That the sides differ is what was asked, not a fault; that an answer could not be given is one.
    package var exitCode: Int32 { a.unanswered + b.unanswered > 0 ? 1 : 0 }
}

extension PolicyComparison {
    /// A policy and the folder it is from.
    package struct Candidate: Sendable {
        package let policy: PolicyBook
        package let folder: String

        package init(policy: PolicyBook, folder: String) {
            self.policy = policy
            self.folder = folder
        }
    }

    /// Runs both sides beside each other.
    ///
    /// - Throws: what a stage throws for a record that it cannot have written (a fault of the stage).
    package static func run(
        _ a: Candidate, _ b: Candidate, stages: [any Stage], answers: AnswerBook?, input: [Simulation.InputEvent],
        until: Instant
    ) async throws -> PolicyComparison {
        @Sendable func tally(_ candidate: Candidate) throws -> DecisionTally {
            var tally = DecisionTally()
            try Simulation(stages: stages, policy: candidate.policy, answers: answers)
                .run(input, until: until) { tally.take($0) }
            return tally
        }
        // Two child tasks: each holds a processor for its whole run, so that two processors halve the time.
        async let first = tally(a)
        async let second = tally(b)
        return PolicyComparison(a, try await first, b, try await second, until: until)
    }

    init(_ a: Candidate, _ left: DecisionTally, _ b: Candidate, _ right: DecisionTally, until: Instant) {
        self.until = until
        self.a = Side("A", a, left)
        self.b = Side("B", b, right)
        let ids = Set(left.outlets.keys).union(right.outlets.keys).sorted()
        outletsSeen = ids.count
        outlets = ids.compactMap { id in
            let (one, other) = (left.outlets[id] ?? OutletCourse(), right.outlets[id] ?? OutletCourse())
            return one.isJudged(as: other) ? nil : OutletDifference(id, one, other)
        }
        events = Set(left.events.keys).union(right.events.keys).sorted().compactMap { type in
            let (one, other) = (left.events[type] ?? 0, right.events[type] ?? 0)
            return one == other ? nil : EventDifference(type: type, a: one, b: other)
        }
        let moved = Set(left.cases.keys).union(right.cases.keys).filter { left.cases[$0] != right.cases[$0] }.sorted()
        caseCount = moved.count
        cases = moved.prefix(PolicyComparison.caseLimit).map { id in
            let (one, other) = (left.cases[id], right.cases[id])
            return CaseDifference(
                caseId: id, complaintId: (one ?? other)?.complaintId ?? "", a: one?.moves ?? [], b: other?.moves ?? [])
        }
    }
}

extension PolicyComparison.Side {
    init(_ name: String, _ candidate: PolicyComparison.Candidate, _ tally: DecisionTally) {
        self.name = name
        policy = candidate.policy.version
        folder = candidate.folder
        let courses = tally.outlets.values
        proposals = courses.reduce(0) { $0 + $1.proposals.count }
        notices = courses.reduce(0) { sum, course in sum + course.proposals.count { $0.noticeAt != nil } }
        outletsProposed = courses.count { !$0.proposals.isEmpty }
        fund = tally.fund
        var reached: [String: Int] = [:]
        for course in tally.cases.values {
            for move in course.moves { reached[move.to, default: 0] += 1 }
        }
        moves = reached.sorted { $0.key < $1.key }.map { Figure($0.key, $0.value) }
        callbacks = CallbackKind.allCases.map { kind in
            PolicyComparison.CallbackLine(
                kind: kind.rawValue, figures: tally.callbacks[kind.rawValue] ?? CallbackFigures())
        }
        deadLetters = tally.deadLetters
        unanswered = tally.unanswered
        unansweredExamples = tally.unansweredExamples
    }

    func moves(to place: String) -> Int { moves.first { $0.name == place }?.value ?? 0 }
}
