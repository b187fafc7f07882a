import Policy
import Schema
import Testing

@testable import Stages

/// Over random histories of two manufacturers: no demand without an approval by the business division, no proposal without
/// as many upheld incidents of different cases in its quarter, one for each quarter (R17, R18).
struct ReplacementPropertyTests {
    private struct Known {
        let manufacturerId: String
        let caseId: String?
        let at: Instant
        var upheld: Bool?
    }

    private struct History {
        var random: SeededRandom
        var harness: StageHarness
        var now: Instant
        let isStrict: Bool
        var incidents: [String: Known] = [:]
        /// In the order in which they came, not handled.
        var open: [String] = []
        var satisfied: [(manufacturerId: String, at: Instant)] = []
        var proposed: [String: ManufacturerReplacementProposed] = [:]
        var decided: Set<String> = []
        var notices: Set<String> = []

        init(seed: Int) throws {
            random = SeededRandom(seed)
            isStrict = random.oneIn(3)
            var penalty = PenaltyPolicy()
            penalty.strictConsecutive = isStrict
            harness = try ManufacturerFixture.harness(penalty: penalty)
            now = try instant("2026-03-01T09:00:00+08:00")
        }

        mutating func step(_ number: Int, _ label: String) throws {
            now = now.adding(hours: Int64(random.below(60)))
            // What happened up to two days ago becomes known only now.
            let at = now.adding(hours: -Int64(random.below(3) * random.below(24)))
            let manufacturerId = random.oneIn(4) ? "M2" : "M1"
            switch random.below(10) {
            case 0..<4:
                let id = "P\(number)"
                let caseId = random.oneIn(2) ? "K\(random.below(12))" : nil
                incidents[Identifiers.incidentId(of: id)] = Known(
                    manufacturerId: manufacturerId, caseId: caseId, at: at)
                open.append(id)
                let problem = try ManufacturerFixture.problem(
                    id, random.oneIn(2) ? .quality : .nonCooperation, manufacturer: manufacturerId,
                    at: at.description, caseId: caseId)
                try take(harness.send(problem, at: at), label)
            case 4..<8:
                guard let id = random.pick(open) else { return }
                open.removeAll { $0 == id }
                let isUpheld = !random.oneIn(4)
                incidents[Identifiers.incidentId(of: id)]?.upheld = isUpheld
                try take(harness.send(ManufacturerFixture.handled(id, upheld: isUpheld), at: now), label)
            case 8:
                satisfied.append((manufacturerId, at))
                let call = CallbackSatisfied(
                    callbackId: "S\(number)", about: .service("SV"), serviceId: "SV", manufacturerId: manufacturerId,
                    customer: Customer(name: "n", phone: "1"))
                try take(harness.send(call, at: at, source: "recourse/callback"), label)
            default: try decide(label)
            }
        }

        private mutating func decide(_ label: String) throws {
            guard let id = random.pick(proposed.keys.sorted()) else { return }
            let by = random.oneIn(4) ? PenaltyFixture.inspector : PenaltyFixture.director
            let decision = ReplacementDecided(proposalId: id, approved: random.oneIn(2), by: by)
            let outcome = try harness.send(decision, at: now)
            let counts = by.id == PenaltyFixture.director.id && decided.insert(id).inserted
            try take(outcome, approval: counts && decision.approved ? id : nil, label)
            #expect((outcome.rejection == nil) == counts, "\(label): \(outcome.verdict)")
        }

        mutating func take(_ outcome: HarnessOutcome, approval: String? = nil, _ label: String) throws {
            for output in outcome.before + outcome.outputs {
                _ = try Event.read(output.body())
                switch output.event.data {
                case let data as ManufacturerReplacementProposed: test(data, label)
                case let data as ManufacturerReplacementDemanded:
                    #expect(data.proposalId == approval && approval != nil, "\(label): a demand nobody approved")
                case let notice as NoticeIssued:
                    #expect(notices.insert(notice.noticeId).inserted, "\(label): a letter twice")
                    if notice.kind == .manufacturerReplacement {
                        #expect(notice.proposalId == approval && approval != nil, "\(label): a letter nobody approved")
                    }
                default: break
                }
            }
        }

        private mutating func test(_ proposal: ManufacturerReplacementProposed, _ label: String) {
            #expect(proposed[proposal.proposalId] == nil, "\(label): proposed twice")
            proposed[proposal.proposalId] = proposal
            let counted = proposal.incidentIds.compactMap { incidents[$0] }
            #expect(counted.count == proposal.incidentIds.count && counted.count >= 3, "\(label): too few")
            #expect(
                counted.allSatisfy { $0.upheld == true && $0.manufacturerId == proposal.manufacturerId }, "\(label)")
            #expect(counted.allSatisfy { Quarter(of: $0.at.date).description == proposal.quarter }, "\(label)")
            #expect(counted.map(\.at) == counted.map(\.at).sorted(), "\(label): not by time")
            let cases = counted.compactMap(\.caseId)
            #expect(Set(cases).count == cases.count, "\(label): a case twice")
            guard isStrict, let first = counted.first?.at, let last = counted.last?.at else { return }
            let between = satisfied.filter {
                $0.manufacturerId == proposal.manufacturerId && first <= $0.at && $0.at < last
            }
            #expect(between.isEmpty, "\(label): not in a row")
        }
    }

    @Test(arguments: 1...60)
    func `no demand without approval, no proposal without its incidents`(seed: Int) throws {
        var history = try History(seed: seed)
        for number in 0..<150 { try history.step(number, "seed \(seed), step \(number)") }
        if !history.isStrict {
            #expect(!history.proposed.isEmpty, "seed \(seed) proposes nothing: the test tests nothing")
        }
    }
}
