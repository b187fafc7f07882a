import Policy
import Schema
import Testing

@testable import Stages

/// Over random histories: no evaluation that the plan leaves out would have proposed anything, and every record is read
/// back as it was written.
struct EvaluationPlanPropertyTests {
    /// What people do at random between two evaluations.
    struct History {
        var random: SeededRandom
        var harness: StageHarness
        var unverified: [String] = []
        var undecided: [String] = []
        var notices: [String] = []
        var appeals: [String] = []
        var reported = 0

        mutating func take(_ outputs: [OutgoingEvent]) throws {
            // Whatever is published is what the contract accepts.
            for output in outputs { _ = try Event.read(output.body()) }
            undecided += outputs.all(PenaltyProposed.self).map(\.proposalId)
            notices += outputs.all(NoticeIssued.self).map(\.noticeId)
        }

        mutating func pick(_ list: WritableKeyPath<History, [String]>) -> String? {
            let count = self[keyPath: list].count
            return count == 0 ? nil : self[keyPath: list].remove(at: random.below(count))
        }

        mutating func act(at time: Instant) throws {
            let text = time.description
            switch random.below(12) {
            case 0...3:
                reported += 1
                let id = "V\(reported)"
                let back = Int64(random.below(40) * random.below(2) * 86_400)
                try take(
                    harness.report(
                        id, at: time.adding(seconds: -back).description, known: text, caseId: "C\(random.below(40))"
                    ).outputs)
                unverified.append(id)
            case 4...7:
                guard let id = pick(\.unverified) else { return }
                try harness.verify(id, at: text, upheld: random.below(5) > 0)
            case 8:
                guard let id = pick(\.undecided) else { return }
                try take(try harness.decide(id, approved: random.below(3) > 0, at: text).outputs)
            case 9:
                guard let id = pick(\.notices) else { return }
                let appeal = AppealLodged(noticeId: id, by: PenaltyFixture.clerk, grounds: "g")
                if try harness.send(appeal, at: time).rejection == nil { appeals.append(id) }
            case 10:
                guard let id = pick(\.appeals) else { return }
                let answer = AppealDecided(
                    noticeId: id, penaltyStands: random.below(2) == 0, by: PenaltyFixture.director)
                try take(try harness.send(answer, at: time).outputs)
            default:
                guard let id = notices.last else { return }
                let review = RectificationReviewed(
                    noticeId: id, accepted: random.below(2) == 0, by: PenaltyFixture.inspector)
                try take(try harness.send(review, at: time).outputs)
            }
        }
    }

    @Test(arguments: 1...8)
    func `An evaluation that is left out would have proposed nothing`(seed: Int) throws {
        let policy = try PenaltyFixture.policy()
        let calendar = EvaluationCalendar(policy)
        var history = History(
            random: SeededRandom(seed),
            harness: try PenaltyFixture.harness(clock: "2026-06-01T00:00:00+08:00"))
        var now = try instant("2026-06-01T09:00:00+08:00")
        let end = try instant("2027-03-01T00:00:00+08:00")
        var last: Wake?
        var made = 0
        var compared = 0
        while now < end {
            let wake = try calendar.next(from: now, after: last)
            // People act in between.
            while now < wake.at {
                try history.take(try history.harness.advance(to: now.adding(seconds: -1).description))
                try history.act(at: now)
                // Busy days and idle weeks: a plan errs where nothing happens.
                now = now.adding(hours: Int64(history.random.below(10) == 0 ? 900 : 1 + history.random.below(30)))
            }
            let before = Instant(microseconds: wake.at.microseconds - 1)
            try history.take(try history.harness.advance(to: before.description))
            let dossier = history.harness.record(Dossier.self, "O1")
            let expected = dossier?.candidate(in: wake, policy)
            let outputs = try history.harness.advance(to: wake.at.description)
            try history.take(outputs)
            let proposed = outputs.all(PenaltyProposed.self).first { $0.ladder == .monthly || $0.ladder == .cumulative }
            // Not where another timer of the very instant comes first, nor where a close and a week coincide.
            let isAlone = try calendar.next(from: wake.at, after: wake).at > wake.at
            if isAlone, dossier?.wake.map({ $0 >= wake }) ?? true {
                #expect(proposed?.proposalId == expected?.id(outletId: "O1"), "seed \(seed), \(wake.at)")
                compared += 1
            }
            made += proposed == nil ? 0 : 1
            last = Wake(at: wake.at, order: PenaltyOrder.weekly)
            now = wake.at.adding(seconds: 1)
            try expectReadBack(history.harness)
        }
        #expect(compared > 20)
        #expect(made > 0, "a history in which nothing was proposed shows nothing")
    }

    private func expectReadBack(_ harness: StageHarness) throws {
        guard let dossier = harness.record(Dossier.self, "O1") else { return }
        let bytes = try JSONEncoding.bytes(of: dossier)
        let read = try JSONDecoding.decode(Dossier.self, from: try JSON(parsing: bytes))
        #expect(try JSONEncoding.bytes(of: read) == bytes)
        #expect(read.wake == dossier.wake)
    }
}
