import Policy
import Schema
import Testing

@testable import Stages

/// Over random histories of two outlets: no notice without an approval by the business division and verified violations (or
/// failed quarters, or a recommendation), one rung for an evaluation, none that makes things better, nothing decided that was
/// superseded, and a grave violation proposed once, beside nothing that is as bad (R11–R13, R16, R20, R46, R55).
struct PenaltyPropertyTests {
    private struct History {
        var random: SeededRandom
        var harness: StageHarness
        var now: Instant
        var unverified: [String] = []
        var upheld: Set<String> = []
        var proposed: [String: PenaltyProposed] = [:]
        var superseded: Set<String> = []
        var decided: Set<String> = []
        var notices: [NoticeIssued] = []
        var evaluations: Set<String> = []
        /// Of a violation: the matter that it is about.
        var matters: [String: String] = [:]
        var graveMatters: Set<String> = []
        var failedQuarters: [String: Int] = [:]
        /// In the present quarter.
        var recommended: [String: Int] = [:]
        var quarters: Set<String> = []
        var reported = 0

        init(seed: Int) throws {
            random = SeededRandom(seed)
            harness = try PenaltyFixture.harness(
                off: [.r19], since: "2026-03-01", outlets: ["O1", "O2"], clock: "2026-03-01T00:00:00+08:00")
            now = try instant("2026-03-02T09:00:00+08:00")
        }

        /// - Parameter approval: the approved decision whose outputs these are.
        mutating func take(_ outputs: [OutgoingEvent], approval: PenaltyDecided? = nil, _ label: String) throws {
            for output in outputs {
                _ = try Event.read(output.body())
                switch output.event.data {
                case let proposal as PenaltyProposed: test(proposal, output.because, label)
                case let gone as PenaltySuperseded:
                    #expect(!decided.contains(gone.proposalId), "\(label): superseded after its decision")
                    superseded.insert(gone.proposalId)
                case let failed as TrainingFailed: failedQuarters[failed.outletId, default: 0] += 1
                case let notice as NoticeIssued:
                    test(notice, approval, label)
                    notices.append(notice)
                default: break
                }
            }
        }

        private func rank(_ rung: String) -> Int { Rung.allCases.firstIndex { $0.rawValue == rung } ?? -1 }

        /// Undecided ones that stand in the way of others, of these ladders.
        private func standing(_ outletId: String, outside: Bool) -> [PenaltyProposed] {
            proposed.values.filter { one in
                let isByCount = one.ladder == .monthly || one.ladder == .cumulative
                return one.outletId == outletId && one.ladder != .recommendation && !(outside && isByCount)
                    && !superseded.contains(one.proposalId) && !decided.contains(one.proposalId)
            }
        }

        private mutating func test(_ proposal: PenaltyProposed, _ because: Because, _ label: String) {
            defer { proposed[proposal.proposalId] = proposal }
            #expect(proposal.violationIds.allSatisfy(upheld.contains), "\(label): proposed without verification")
            let outlet = proposal.outletId
            switch proposal.ladder {
            case .training: #expect(failedQuarters[outlet] ?? 0 >= 3, "\(label): proposed without failed quarters")
            case .recommendation: #expect(recommended[outlet] == proposal.count, "\(label): nobody recommended it")
            default: #expect(!proposal.violationIds.isEmpty, "\(label): proposed without violations")
            }
            if proposal.ladder == .grave {
                let matter = outlet + (matters[proposal.period] ?? "?")
                let before = Identifiers.proposalId(
                    outletId: outlet, ladder: "grave", period: proposal.period, rung: proposal.rung,
                    count: proposal.count - 1)
                let isAgain = proposal.count > 1 && superseded.contains(before)
                #expect(
                    isAgain != graveMatters.insert(matter).inserted, "\(label): \(matter) is proposed twice")
                let beside = standing(outlet, outside: false).filter { rank($0.rung) >= rank(proposal.rung) }
                #expect(beside.isEmpty, "\(label): beside \(beside.map(\.proposalId))")
            }
            guard proposal.ladder == .monthly || proposal.ladder == .cumulative else { return }
            let blocking = standing(outlet, outside: true).filter { rank($0.rung) >= rank(proposal.rung) }
            #expect(blocking.isEmpty, "\(label): \(blocking.map(\.proposalId)) blocks it")
            #expect(proposal.count == proposal.violationIds.count, "\(label): the count is not that of its violations")
            #expect(proposal.count >= proposal.threshold ?? .max, "\(label): below the threshold")
            let evaluation = [because.facts["evaluatedAt"]?.string, because.facts["at"]?.string, proposal.outletId]
            let name = evaluation.map { $0 ?? "?" }.joined(separator: " ")
            #expect(evaluations.insert(name).inserted, "\(label): two rungs for the evaluation \(name)")
        }

        private func test(_ notice: NoticeIssued, _ approval: PenaltyDecided?, _ label: String) {
            guard let id = notice.proposalId, let proposal = proposed[id] else {
                Issue.record("\(label): a notice without a proposal")
                return
            }
            #expect(approval?.proposalId == id && approval?.approved == true, "\(label): a notice nobody approved")
            #expect(approval?.by.tier == Tier.business.rawValue, "\(label): approved by \(approval?.by.tier ?? "")")
            #expect(!superseded.contains(id), "\(label): a notice upon a superseded proposal")
            #expect(proposal.violationIds.allSatisfy(upheld.contains), "\(label): a notice without violations")
            #expect(
                !proposal.violationIds.isEmpty || proposal.ladder == .training || proposal.ladder == .recommendation,
                "\(label): a notice upon nothing")
            #expect(!notices.contains { $0.noticeId == notice.noticeId }, "\(label): a notice twice")
        }

        private func gravity(_ outletId: String) -> Int {
            let order: [OutletStatusChanged.Status] = [.active, .warned, .rectifying, .suspended, .withdrawn]
            return order.firstIndex(of: harness.record(Dossier.self, outletId)?.status ?? .active) ?? 0
        }

        mutating func send(_ data: any EventData, _ label: String) throws -> HarnessOutcome {
            let outcome = try harness.send(data, at: now)
            try take(outcome.before, label)
            return outcome
        }

        mutating func decide(_ label: String) throws {
            guard let id = random.pick(Array(proposed.keys.sorted().suffix(8))), let proposal = proposed[id] else {
                return
            }
            let people = [PenaltyFixture.director, PenaltyFixture.director, PenaltyFixture.inspector]
            let by = random.pick(people) ?? PenaltyFixture.director
            let decision = PenaltyDecided(proposalId: id, approved: !random.oneIn(3), by: by)
            // What is over at that time is over before the decision.
            try take(harness.advance(to: now.description), label)
            let before = gravity(proposal.outletId)
            let outcome = try send(decision, label)
            if superseded.contains(id) || decided.contains(id) || by.tier != Tier.business.rawValue {
                #expect(outcome.rejection != nil, "\(label): decided, though superseded, decided or not his")
            }
            if outcome.rejection == nil { decided.insert(id) }
            try take(outcome.outputs, approval: outcome.rejection == nil ? decision : nil, label)
            if outcome.rejection == nil, decision.approved {
                // The status is the worst of what holds, so at least what the rung itself brings.
                let own = (Rung.allCases.firstIndex { $0.rawValue == proposal.rung } ?? 0) + 1
                #expect(
                    gravity(proposal.outletId) >= max(before, own), "\(label): \(proposal.rung) improves the status")
            }
        }

        mutating func act(_ label: String) throws {
            let outlet = random.oneIn(3) ? "O2" : "O1"
            switch random.below(15) {
            case 0...4:
                reported += 1
                let back = Int64(random.below(30) * random.below(2) * 86_400)
                let matter = "C\(random.below(60))"
                matters["V\(reported)"] = matter
                let violation = ViolationReported(
                    violationId: "V\(reported)", outletId: outlet, occurredAt: now.adding(seconds: -back),
                    category: "late-visit", recordedBy: .store, by: PenaltyFixture.clerk,
                    caseId: matter,
                    hazards: random.oneIn(9) ? ["fire"] : nil)
                try take(send(violation, label).outputs, label)
                unverified.append("V\(reported)")
            case 5...8:
                guard let id = unverified.popLast() else { return }
                let isUpheld = !random.oneIn(5)
                let verified = ViolationVerified(violationId: id, upheld: isUpheld, by: PenaltyFixture.inspector)
                let outcome = try send(verified, label)
                if isUpheld, outcome.rejection == nil { upheld.insert(id) }
                try take(outcome.outputs, label)
            case 9...10: try decide(label)
            case 11:
                guard let id = random.pick(notices.suffix(4))?.noticeId else { return }
                let appeal = AppealLodged(noticeId: id, by: PenaltyFixture.clerk, grounds: "g")
                try take(send(appeal, label).outputs, label)
            case 12 where random.oneIn(4):
                let recommendation = WithdrawalRecommended(
                    outletId: outlet, by: PenaltyFixture.inspector, reason: "r")
                let quarter = "\(outlet) \(Quarter(of: now.date))"
                if quarters.insert(quarter).inserted { recommended[outlet] = 0 }
                recommended[outlet, default: 0] += 1
                let outcome = try send(recommendation, label)
                if outcome.rejection != nil { recommended[outlet, default: 0] -= 1 }
                try take(outcome.outputs, label)
            case 12, 13:
                guard let id = random.pick(notices.suffix(4))?.noticeId else { return }
                let answer = AppealDecided(
                    noticeId: id, penaltyStands: !random.oneIn(3), by: PenaltyFixture.director)
                try take(send(answer, label).outputs, label)
            default:
                guard let id = random.pick(notices.suffix(4))?.noticeId, !random.oneIn(4) else {
                    let reinstated = OutletReinstated(outletId: outlet, by: PenaltyFixture.director, reason: "r")
                    return try take(send(reinstated, label).outputs, label)
                }
                let review = RectificationReviewed(
                    noticeId: id, accepted: random.oneIn(2), by: PenaltyFixture.inspector)
                try take(send(review, label).outputs, label)
            }
        }

        mutating func pass(_ label: String) throws {
            now = now.adding(minutes: Int64(random.oneIn(12) ? 20_000 : random.below(1_200)))
            if random.oneIn(2) { try take(harness.advance(to: now.description), label) }
        }

        func testGate(_ label: String) {
            for outletId in ["O1", "O2"] {
                guard let dossier = harness.record(Dossier.self, outletId) else { continue }
                let blocks =
                    dossier.training?.isHeld ?? false
                    || dossier.effects.contains { $0.isInForce && $0.rung >= .stopDispatch }
                #expect(dossier.holds.isEmpty != blocks, "\(label): \(outletId) holds \(dossier.holds)")
                let withdrawals = dossier.effects.filter { !$0.isOver && $0.rung == .withdrawal }.map(\.ladder)
                #expect(withdrawals.count == Set(withdrawals).count, "\(label): \(outletId)")
                let rungs = dossier.proposals.filter { $0.isUndecided && $0.ladder != .recommendation }.map(\.rung)
                #expect(rungs == rungs.sorted(by: >), "\(label): \(outletId), a worse one supersedes the undecided")
            }
        }
    }

    @Test(arguments: 1...6)
    func `no notice without approval and verified violations, one rung at a time, none that improves`(
        seed: Int
    ) throws {
        var history = try History(seed: seed)
        for step in 0..<500 {
            let label = "seed \(seed), step \(step)"
            try history.act(label)
            try history.pass(label)
            history.testGate(label)
        }
        #expect(history.notices.count > 1 && !history.superseded.isEmpty, "a history without notices shows nothing")
    }
}
