import Policy
import Schema
import Stages
import Testing

/// Over random histories of requests: no fen leaves the fund unrecorded, nothing comes back that was not paid, every
/// payment is owed until it is balanced, nobody pays beyond his authority (R05–R08), and of whom an approved opinion names
/// the money is demanded, and an outlet's settlement held back, for as long as it is out (R49).
struct FundPropertyTests {
    /// What the published events alone say of the fund: kept apart from the stage's records.
    private struct Ledger {
        struct Entry {
            let caseId: String
            /// Disbursed, pending or referred.
            var committedFen: Int64
            var disbursedFen: Int64 = 0
            var recoveredFen: Int64 = 0
            var writtenOffFen: Int64 = 0
            /// Approved opinions, demands, blocks less releases.
            var decisions = 0, demands = 0, blocks = 0
            var steps: [String] = []

            var owedFen: Int64 { disbursedFen - recoveredFen - writtenOffFen }
        }

        var entries: [String: Entry] = [:]
        var balanceFen: Int64 = 0
        var payments = 0
        var blockings = 0

        func committedFen(_ caseId: String) -> Int64 {
            entries.values.filter { $0.caseId == caseId }.reduce(0) { $0 + $1.committedFen }
        }

        /// - Parameters:
        ///   - payer: who made the decision that the outputs tell; nil: a timer.
        ///   - cause: the event that they follow; nil: a timer.
        mutating func take(
            _ outputs: [OutgoingEvent], by payer: Person?, after cause: (any EventData)? = nil, _ label: String
        ) {
            for output in outputs {
                follow(output, cause, label)
                switch output.event.data {
                case let paid as FundDisbursed:
                    payments += 1
                    #expect(entries[paid.requestId]?.disbursedFen == 0, "\(label): paid twice")
                    entries[paid.requestId]?.committedFen = paid.amountFen
                    entries[paid.requestId]?.disbursedFen = paid.amountFen
                    balanceFen -= paid.amountFen
                    #expect(paid.balanceFen == balanceFen, "\(label): balance after a payment")
                    testAuthority(paid, payer, label)
                case let back as FundRecovered:
                    entries[back.requestId]?.recoveredFen += back.amountFen
                    balanceFen += back.amountFen
                    #expect(back.balanceFen == balanceFen, "\(label): balance after a recovery")
                case let given as FundWrittenOff:
                    #expect(payer?.tier == "business" && cause is WriteOffApproved, "\(label): written off by nobody")
                    entries[given.requestId]?.writtenOffFen += given.amountFen
                    #expect(given.balanceFen == balanceFen, "\(label): balance after a write-off")
                case let refused as CompensationRefused:
                    entries[refused.requestId]?.committedFen = 0
                default: break
                }
            }
        }

        /// What R49 says.
        private mutating func follow(_ output: OutgoingEvent, _ cause: (any EventData)?, _ label: String) {
            switch output.event.data {
            case let decided as LiabilityDecided:
                let approval = cause as? LiabilityApproved
                #expect(approval?.approved == true && approval?.requestId == decided.requestId, "\(label): told")
                entries[decided.requestId]?.decisions += 1
            case let notice as NoticeIssued:
                let id = notice.requestId ?? ""
                #expect(entries[id]?.decisions == 1 && entries[id]?.demands == 0, "\(label): a demand for nothing")
                #expect(entries[id].map { $0.owedFen > 0 } ?? false, "\(label): a demand of nothing")
                entries[id]?.demands += 1
            case let step as RecoveryStepDue:
                #expect(entries[step.requestId]?.owedFen == step.owedFen, "\(label): a step about another sum")
                #expect(entries[step.requestId]?.steps.contains(step.step) == false, "\(label): a step twice")
                #expect(entries[step.requestId]?.decisions == 1, "\(label): a step before the decision")
                entries[step.requestId]?.steps.append(step.step)
            case let blocked as SettlementBlocked:
                entries[blocked.requestId ?? ""]?.blocks += 1
                blockings += 1
            case let released as SettlementReleased:
                entries[released.requestId ?? ""]?.blocks -= 1
            default: break
            }
        }

        /// A block stands for as long as something is owed, and once.
        func testBlocks(_ label: String) {
            for (id, entry) in entries {
                #expect(entry.blocks == 0 || (entry.blocks == 1 && entry.owedFen > 0), "\(label): \(id) is blocked")
            }
        }

        private func testAuthority(_ paid: FundDisbursed, _ payer: Person?, _ label: String) {
            let sum = entries[paid.requestId].map { committedFen($0.caseId) } ?? 0
            switch payer?.tier {
            case "store": #expect(sum <= 50_000, "\(label): a store pays \(sum)")
            case "region": #expect(sum <= 200_000, "\(label): a region pays \(sum)")
            case "hq": break
            default: Issue.record("\(label): paid by nobody")
            }
        }
    }

    private struct History {
        var random: SeededRandom
        var harness: StageHarness
        var ledger = Ledger()
        var requests: [String] = []
        var now: Instant
        private let people = [
            CaseFixtures.clerk, CaseFixtures.regional, CaseFixtures.officer, CaseFixtures.director,
            CaseFixtures.treasurer,
        ]
        private let amounts: [Int64] = [1, 20_000, 49_999, 50_000, 50_001, 100_000, 150_000, 200_000, 200_001]

        init(seed: Int) throws {
            random = SeededRandom(seed)
            harness = try StageHarness(HandlingStage(), policy: CaseFixtures.policy())
            now = try instant("2026-03-02T09:00:00+08:00")
        }

        mutating func send(_ data: any EventData, by person: Person?, _ label: String) throws {
            let outcome = try harness.send(data, at: now)
            ledger.take(outcome.before, by: nil, label)
            if let requested = data as? CompensationRequested, case .applied = outcome.verdict {
                if ledger.entries[requested.requestId] == nil { requests.append(requested.requestId) }
                ledger.entries[requested.requestId] =
                    ledger.entries[requested.requestId]
                    ?? Ledger.Entry(caseId: requested.caseId, committedFen: requested.amountFen)
            }
            ledger.take(outcome.outputs, by: person, after: data, label)
        }

        static let stepsPerCase = 30

        /// What the request waits for, so that some get to their end.
        private mutating func sensible(_ id: String) -> any EventData {
            let request = harness.record(AdvanceRequest.self, id)
            switch request?.owed?.step {
            case .report: return IncidentReportSubmitted(requestId: id, by: CaseFixtures.clerk, facts: "It burst.")
            case .opinion:
                return LiabilityProposed(
                    requestId: id, by: CaseFixtures.officer, liable: .init(kind: .outlet, id: "O1"), reason: "r")
            case .approval: return LiabilityApproved(requestId: id, by: CaseFixtures.director, approved: true)
            case .recovery where request?.writeOff != nil:
                let asked = (request?.recoveredFen ?? 0) + (request?.writeOff?.amountFen ?? 0)
                return WriteOffApproved(
                    requestId: id, by: CaseFixtures.treasurer, approved: asked <= request?.disbursedFen ?? 0)
            case .recovery where random.oneIn(2):
                return RecoveryBooked(
                    requestId: id, amountFen: (request?.disbursedFen ?? 2) / 2 + 1, by: CaseFixtures.officer)
            case .recovery:
                let left = (request?.disbursedFen ?? 0) - (request?.recoveredFen ?? 0)
                return WriteOffProposed(
                    requestId: id, amountFen: max(1, left), by: CaseFixtures.officer, reason: "r")
            case nil: return CompensationDecided(requestId: id, approved: true, by: CaseFixtures.director, severity: 2)
            }
        }

        /// One thing that somebody does, sensible or not.
        mutating func act(_ step: Int, _ label: String) throws {
            let by = random.pick(people) ?? CaseFixtures.clerk
            let newest = step / Self.stepsPerCase
            let caseId = "C\(max(0, newest - random.below(3)))"
            if step % Self.stepsPerCase == 0 {
                let caseId = "C\(newest)"
                let text = now.description
                try send(CaseFixtures.opened(caseId, at: text), by: nil, label)
                return try send(CaseFixtures.assigned(.store, .opened, caseId), by: nil, label)
            }
            guard let id = random.pick(requests.suffix(12)), !random.oneIn(4) else {
                return try actOnCase(caseId, by: by, step, label)
            }
            if random.oneIn(2) {
                let data = sensible(id)
                let payer: Person =
                    switch data {
                    case is CompensationDecided: CaseFixtures.director
                    case is WriteOffApproved: CaseFixtures.treasurer
                    default: by
                    }
                return try send(data, by: payer, label)
            }
            let amount = random.pick(amounts) ?? 1
            let data: any EventData =
                switch random.below(9) {
                case 0...1:
                    CompensationDecided(
                        requestId: id, approved: !random.oneIn(4), by: by,
                        amountFen: random.oneIn(2) ? nil : amount, severity: random.oneIn(3) ? nil : 2)
                case 2: IncidentReportSubmitted(requestId: id, by: by, facts: "It burst.")
                case 3: LiabilityProposed(requestId: id, by: by, liable: .init(kind: .outlet, id: "O1"))
                case 4: LiabilityApproved(requestId: id, by: by, approved: !random.oneIn(3))
                case 5...6: RecoveryBooked(requestId: id, amountFen: amount, by: by)
                case 7: WriteOffProposed(requestId: id, amountFen: amount, by: by, reason: "r")
                default: WriteOffApproved(requestId: id, by: by, approved: !random.oneIn(4))
                }
            try send(data, by: by, label)
        }

        private mutating func actOnCase(_ caseId: String, by: Person, _ step: Int, _ label: String) throws {
            switch random.below(10) {
            case 0...5:
                let cause = random.pick(CompensationCause.allCases) ?? .outlet
                try send(
                    CompensationRequested(
                        requestId: "Q\(step)", caseId: caseId, amountFen: random.pick(amounts) ?? 1, cause: cause,
                        by: by),
                    by: by, label)
            case 6:
                try send(
                    CaseFixtures.resolved(
                        caseId, at: now.description, by: by, documents: random.oneIn(2) ? ["D1"] : []), by: nil, label)
            case 7:
                let party = random.pick(ContactRecorded.Party.allCases) ?? .customer
                try send(ContactRecorded(caseId: caseId, with: party, by: by, at: now), by: by, label)
            case 8: try send(DocumentsArchived(caseId: caseId, by: by, documents: ["D2"]), by: by, label)
            default:
                try send(
                    CallbackDissatisfied(
                        callbackId: "B\(step)", about: .closing(1, caseId: caseId, complaintId: "K1"), caseId: caseId,
                        customer: CaseFixtures.customer), by: nil, label)
            }
        }

        mutating func pass(_ label: String) throws {
            // Half of the time the timers are not polled before the next event.
            now = now.adding(minutes: Int64(random.oneIn(8) ? 4_000 : random.below(300)))
            if random.oneIn(2) { ledger.take(try harness.advance(to: now.description), by: nil, label) }
        }

        func testRecords(_ label: String) {
            var sums: (paid: Int64, back: Int64, given: Int64) = (0, 0, 0)
            for (id, entry) in ledger.entries {
                guard let request = harness.record(AdvanceRequest.self, id) else {
                    Issue.record("\(label): \(id) is not kept")
                    continue
                }
                #expect(request.disbursedFen == entry.disbursedFen, "\(label): \(id)")
                #expect(request.recoveredFen == entry.recoveredFen, "\(label): \(id)")
                #expect(request.writtenOffFen == entry.writtenOffFen, "\(label): \(id)")
                #expect(entry.recoveredFen + entry.writtenOffFen <= entry.disbursedFen, "\(label): \(id)")
                #expect((request.owed != nil) == (entry.disbursedFen > 0 && !request.isBalanced), "\(label): \(id)")
                sums.paid += entry.disbursedFen
                sums.back += entry.recoveredFen
                sums.given += entry.writtenOffFen
            }
            ledger.testBlocks(label)
            let fund = harness.record(FundLedger.self, FundLedger.id) ?? FundLedger()
            #expect(fund.disbursedFen == sums.paid && fund.recoveredFen == sums.back, "\(label): fund")
            #expect(fund.writtenOffFen == sums.given, "\(label): fund")
            #expect(fund.balanceFen == sums.back - sums.paid && fund.balanceFen == ledger.balanceFen, "\(label): fund")
            for number in 0...600 / Self.stepsPerCase {
                guard let file = harness.record(CaseFile.self, "C\(number)") else { continue }
                #expect(file.committedFen == ledger.committedFen("C\(number)"), "\(label): committed on C\(number)")
            }
        }
    }

    @Test(arguments: 1...6)
    func `no fen is lost, every payment is owed until it is balanced, and caps hold`(seed: Int) throws {
        var history = try History(seed: seed)
        for step in 0..<600 {
            let label = "seed \(seed), step \(step)"
            try history.act(step, label)
            try history.pass(label)
            history.testRecords(label)
        }
        let ledger = history.ledger
        #expect(ledger.payments > 20 && ledger.entries.values.contains { $0.writtenOffFen > 0 })
        #expect(ledger.blockings > 0, "a history in which every outlet pays in time shows nothing of blocks")
        #expect(ledger.entries.values.contains { $0.demands > 0 && $0.owedFen == 0 }, "none was demanded and came back")
        #expect(ledger.entries.values.contains { $0.recoveredFen > 0 }, "a history without recoveries shows nothing")
    }
}
