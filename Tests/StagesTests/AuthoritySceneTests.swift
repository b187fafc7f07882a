import Policy
import Schema
import Testing

@testable import Stages

/// That every stage asks who may (R48): of each act somebody who may not, refused with nothing changed, then somebody who may.
@Suite struct AuthoritySceneTests {
    struct Scene: Sendable, CustomTestStringConvertible {
        let act: Act
        let unfit: Person
        let reason: String
        let fit: Person
        let time: String
        /// A stage in which it would be applied, and the event by whoever.
        let prepare: @Sendable () throws -> (StageHarness, @Sendable (Person) throws -> any EventData)

        var testDescription: String { act.rawValue }
    }

    private static let otherStore = Person(id: "x", tier: "store", storeId: "S2")
    private static let otherRegion = Person(id: "x", tier: "region", regionId: "R2")
    private static let ownRegion = Person(id: "x", tier: "region", regionId: "R1")
    private static let treasurer = Person(id: "treasurer", tier: "business")

    // MARK: The fund

    private static func fund(
        _ act: Act, _ unfit: Person, _ reason: String, _ fit: Person,
        _ prepare: @escaping @Sendable (inout FundFixtures) throws -> Void,
        _ event: @escaping @Sendable (Person) throws -> any EventData
    ) -> Scene {
        Scene(act: act, unfit: unfit, reason: reason, fit: fit, time: FundFixtures.november(8)) {
            var fixture = try FundFixtures()
            try prepare(&fixture)
            return (fixture.harness, event)
        }
    }

    @Sendable private static func pay(_ fixture: inout FundFixtures) throws { _ = try fixture.request(40_000) }

    @Sendable private static func owe(_ fixture: inout FundFixtures) throws {
        try pay(&fixture)
        _ = try fixture.report()
        _ = try fixture.propose()
        _ = try fixture.approve()
    }

    private static let fund = [
        fund(.listDocuments, otherStore, "wrong-place", CaseFixtures.clerk, { _ in }) {
            DocumentsArchived(caseId: "C1", by: $0, documents: ["D1"])
        },
        fund(.requestAdvance, otherRegion, "wrong-place", CaseFixtures.regional, { _ in }) {
            CompensationRequested(requestId: "Q9", caseId: "C1", amountFen: 1, cause: .outlet, by: $0)
        },
        fund(.decideAdvance, otherRegion, "wrong-place", CaseFixtures.regional, { _ = try $0.request(60_000) }) {
            CompensationDecided(requestId: "Q1", approved: true, by: $0)
        },
        fund(.reportIncident, otherStore, "wrong-place", CaseFixtures.clerk, pay) {
            IncidentReportSubmitted(requestId: "Q1", by: $0, facts: "It burst.")
        },
        fund(
            .proposeLiability, CaseFixtures.regional, "wrong-tier", CaseFixtures.officer,
            {
                try pay(&$0)
                _ = try $0.report()
            }
        ) { LiabilityProposed(requestId: "Q1", by: $0, liable: .init(kind: .outlet, id: "O1")) },
        fund(
            .approveLiability, CaseFixtures.clerk, "wrong-tier", treasurer,
            {
                try pay(&$0)
                _ = try $0.report()
                _ = try $0.propose()
            }
        ) { LiabilityApproved(requestId: "Q1", by: $0, approved: true) },
        fund(.bookRecovery, CaseFixtures.clerk, "wrong-tier", CaseFixtures.officer, pay) {
            RecoveryBooked(requestId: "Q1", amountFen: 1, by: $0)
        },
        fund(.proposeWriteOff, treasurer, "wrong-tier", CaseFixtures.officer, owe) {
            WriteOffProposed(requestId: "Q1", amountFen: 1, by: $0, reason: "r")
        },
        fund(
            .approveWriteOff, CaseFixtures.director, "wrong-tier", treasurer,
            {
                try owe(&$0)
                _ = try $0.send(
                    WriteOffProposed(requestId: "Q1", amountFen: 1, by: CaseFixtures.officer, reason: "r"), 7)
            }
        ) { WriteOffApproved(requestId: "Q1", by: $0, approved: true) },
    ]

    // MARK: Cases

    private static let cases = [
        Scene(
            act: .askForEscalation, unfit: Person(id: "x", tier: "store", storeId: "S9"), reason: "wrong-place",
            fit: RoutingFixture.storeClerk, time: "2026-11-03T10:00:00+08:00"
        ) {
            var fixture = try RoutingFixture()
            try fixture.open(CaseFixture.complaint())
            return (
                fixture.routing,
                { CaseEscalationRequested(caseId: CaseFixture.caseId(), by: $0, reason: "too hard") }
            )
        },
        Scene(
            act: .resolve, unfit: Person(id: "x", tier: "store", storeId: "S9"), reason: "wrong-place",
            fit: RoutingFixture.storeClerk, time: "2026-11-03T10:00:00+08:00"
        ) {
            var fixture = try RoutingFixture()
            try fixture.open(CaseFixture.complaint())
            return (
                fixture.routing,
                {
                    CaseResolved(
                        caseId: CaseFixture.caseId(), by: $0, resolvedAt: try instant("2026-11-03T10:00:00+08:00"),
                        solution: "New pump.", liability: .nobody, documents: [])
                }
            )
        },
        Scene(
            act: .reassignCase, unfit: Person(id: "r2-duty", tier: "region", regionId: "R2"), reason: "wrong-place",
            fit: RoutingFixture.regionPerson, time: "2026-11-03T10:00:00+08:00"
        ) {
            var fixture = try RoutingFixture()
            try fixture.open(CaseFixture.complaint())
            return (
                fixture.routing,
                { CaseReassigned(caseId: CaseFixture.caseId(), to: "s1-clerk", by: $0, reason: "r") }
            )
        },
        Scene(
            act: .correctContact, unfit: otherStore, reason: "wrong-place", fit: CaseFixtures.regional,
            time: "2026-11-05T11:00:00+08:00"
        ) {
            var harness = try CallbackFixtures.served(now: "2026-11-05T09:00:00+08:00")
            _ = try harness.send(CallbackFixtures.call(1, at: "2026-11-05T10:00:00+08:00", .wrongNumber))
            return (
                harness,
                { CustomerContactCorrected(callbackId: CallbackFixtures.first, phone: "13900000009", by: $0) }
            )
        },
    ]

    // MARK: Outlets and manufacturers

    private static func penalty(
        _ act: Act, _ unfit: Person, _ reason: String, _ fit: Person, at time: String = "2026-11-12T09:00:00+08:00",
        outlets: [String] = ["O1"], _ prepare: @escaping @Sendable (inout StageHarness) throws -> Void,
        _ event: @escaping @Sendable (Person) throws -> any EventData
    ) -> Scene {
        Scene(act: act, unfit: unfit, reason: reason, fit: fit, time: time) {
            var harness = try PenaltyFixture.harness(stores: ["S1"], outlets: outlets)
            try prepare(&harness)
            return (harness, event)
        }
    }

    private static func proposalId(_ rung: String, _ count: Int) -> String {
        Identifiers.proposalId(outletId: "O1", ladder: "monthly", period: "2026-11", rung: rung, count: count)
    }

    /// Violations of that number, proposed on 10 November.
    private static func propose(_ count: Int) -> @Sendable (inout StageHarness) throws -> Void {
        { harness in
            try harness.violate(count, at: "2026-11-07T09:00:00+08:00", prefix: "V")
            _ = try harness.advance(to: "2026-11-10T18:00:00+08:00")
        }
    }

    /// And decided on the next day.
    private static func rectify(_ harness: inout StageHarness) throws {
        try propose(3)(&harness)
        try harness.decide(proposalId("rectification", 3), at: "2026-11-11T09:00:00+08:00")
    }

    private static let notice = Identifiers.noticeId(proposalId: proposalId("rectification", 3))

    private static let outlets = [
        penalty(
            .verifyViolation, PenaltyFixture.director, "wrong-tier", PenaltyFixture.inspector,
            { try $0.report("V1", at: "2026-11-07T09:00:00+08:00") }
        ) { ViolationVerified(violationId: "V1", upheld: true, by: $0) },
        penalty(.reportWeek, otherStore, "wrong-place", PenaltyFixture.clerk, { _ in }) {
            WeeklyReportSubmitted(storeId: "S1", week: "2026-W45", violationIds: [], by: $0)
        },
        penalty(.decidePenalty, PenaltyFixture.inspector, "wrong-tier", PenaltyFixture.director, propose(2)) {
            PenaltyDecided(proposalId: proposalId("warning", 2), approved: true, by: $0)
        },
        penalty(.reviewRectification, otherRegion, "wrong-place", ownRegion, { try rectify(&$0) }) {
            RectificationReviewed(noticeId: notice, accepted: true, by: $0)
        },
        penalty(
            .decideAppeal, PenaltyFixture.inspector, "wrong-tier", PenaltyFixture.director,
            {
                try rectify(&$0)
                _ = try $0.send(
                    AppealLodged(noticeId: notice, by: PenaltyFixture.clerk, grounds: "g"),
                    at: "2026-11-11T10:00:00+08:00")
            }
        ) { AppealDecided(noticeId: notice, penaltyStands: true, by: $0) },
        penalty(
            .reinstateOutlet, PenaltyFixture.inspector, "wrong-tier", PenaltyFixture.director,
            {
                try propose(5)(&$0)
                try $0.decide(proposalId("stop-dispatch", 5), at: "2026-11-11T09:00:00+08:00")
            }
        ) { OutletReinstated(outletId: "O1", by: $0, reason: "r") },
        penalty(.assessTraining, PenaltyFixture.clerk, "wrong-tier", PenaltyFixture.inspector, { _ in }) {
            TrainingAssessed(outletId: "O1", quarter: "2027-Q1", assessed: 5, passed: 5, by: $0)
        },
        penalty(.checkSite, otherRegion, "wrong-place", ownRegion, { _ in }) {
            OutletSiteChecked(
                outletId: "O1", passed: true, by: $0, at: try instant("2026-11-12T09:00:00+08:00"))
        },
        penalty(.evaluateOutlet, otherRegion, "wrong-place", ownRegion, { _ in }) {
            OutletEvaluated(outletId: "O1", quarter: "2026-Q3", score: 70, by: $0)
        },
        penalty(.recommendWithdrawal, otherRegion, "wrong-place", ownRegion, { _ in }) {
            WithdrawalRecommended(outletId: "O1", by: $0, reason: "r")
        },
        penalty(
            .handleIncident, PenaltyFixture.director, "wrong-tier", PenaltyFixture.inspector,
            {
                let answer = CallbackDissatisfied(
                    callbackId: "CB1", about: .service("SV1"), serviceId: "SV1", atFault: .manufacturer,
                    manufacturerId: "M1", customer: Customer(name: "张三", phone: "13800000000"), comments: "c")
                _ = try $0.send(answer, at: "2026-11-05T09:00:00+08:00", source: "recourse/callback")
            }
        ) { ManufacturerIncidentHandled(incidentId: Identifiers.incidentId(callbackId: "CB1"), by: $0, amountFen: 1) },
        penalty(
            .decideReplacement, PenaltyFixture.inspector, "wrong-tier", PenaltyFixture.director,
            { _ = try $0.uphold("A", at: ["03", "04", "05"].map { "2026-11-\($0)T09:00:00+08:00" }) }
        ) { ReplacementDecided(proposalId: ManufacturerFixture.proposalId(), approved: true, by: $0) },
    ]

    @Test(arguments: fund + cases + outlets)
    func `who may not is refused, and who may is not`(scene: Scene) throws {
        var (harness, event) = try scene.prepare()
        let refused = try harness.send(event(scene.unfit), at: scene.time)
        #expect(refused.types == ["business.rejected"])
        #expect(refused.rejection?.reason == scene.reason)
        let applied = try harness.send(event(scene.fit), at: scene.time)
        #expect(applied.rejection == nil && applied.verdict.reference == nil, "\(applied.verdict)")
    }

    /// What the table gives to anybody, and those that wait for a link (below) or are tested with erasure.
    @Test func `no act is left out`() {
        let shown = Set((Self.fund + Self.cases + Self.outlets).map(\.act))
        #expect(shown.union(Self.kept).union([.accept, .recordContact, .eraseCustomer]) == Set(Act.allCases))
    }

    // MARK: What the policy takes from everybody

    private static let kept: [Act] = [
        .reportCall, .reportLetter, .reportViolation, .reportProblem, .submitForm, .lodgeAppeal, .declareCrisis,
    ]

    @Test func `what is anybody's by default can be kept to some`() throws {
        let policy = PolicyBook(
            version: "test",
            authority: AuthorityPolicy(Self.kept.reduce(into: [:]) { $0[$1] = [.hq] }),
            organisation: try CaseFixtures.organisation(), calendar: try CaseFixtures.calendar())
        var callback = try CallbackFixtures.served(policy, now: "2026-11-05T10:00:00+08:00")
        let call = try CallbackFixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached, by: CaseFixtures.clerk)
        #expect(try callback.send(call).rejection?.reason == "wrong-tier")
        let letter = LetterSent(
            callbackId: CallbackFixtures.first, by: CaseFixtures.clerk, at: try instant("2026-11-05T10:00:00+08:00"))
        #expect(try callback.send(letter, at: "2026-11-05T10:00:00+08:00").rejection?.reason == "wrong-tier")
        for stage in [RoutingStage() as any Stage, HandlingStage()] {
            var harness = try StageHarness(stage, policy: policy)
            let complaint = try CaseFixture.complaint()
            _ = try harness.send(CaseFixture.opened(complaint), at: complaint.receivedAt)
            let declared = CrisisDeclared(
                caseId: CaseFixture.caseId(), hazards: ["fire"], by: CaseFixtures.clerk, at: complaint.receivedAt)
            #expect(try harness.send(declared, at: complaint.receivedAt).rejection?.reason == "wrong-tier")
        }
        var penalty = try StageHarness(PenaltyStage(), policy: policy)
        let report = try penalty.report("V1", at: "2026-11-07T09:00:00+08:00", by: CaseFixtures.clerk)
        #expect(report.rejection?.reason == "wrong-tier")
        let problem = try ManufacturerFixture.problem("P1", at: "2026-11-07T09:00:00+08:00", by: CaseFixtures.clerk)
        #expect(try penalty.send(problem, at: "2026-11-07T09:00:00+08:00").rejection?.reason == "wrong-tier")
        let form = FeedbackFormSubmitted(
            serviceId: "V1", by: CaseFixtures.clerk, at: try instant("2026-11-07T09:00:00+08:00"))
        _ = try penalty.send(CallbackFixtures.service(), at: "2026-11-07T09:00:00+08:00")
        #expect(try penalty.send(form, at: "2026-11-07T09:00:00+08:00").rejection?.reason == "wrong-tier")
        var (appealed, _) = try #require(Self.outlets.first { $0.act == .decideAppeal }).prepare()
        appealed.adopt(policy)
        let again = AppealLodged(noticeId: Self.notice, by: PenaltyFixture.clerk, grounds: "g")
        #expect(try appealed.send(again, at: "2026-11-12T09:00:00+08:00").rejection?.reason == "wrong-tier")
    }

    @Test func `an assessment that nobody answers for does not count`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        let assessed = TrainingAssessed(outletId: "O1", quarter: "2026-Q4", assessed: 5, passed: 5)
        #expect(try harness.send(assessed, at: "2026-11-12T09:00:00+08:00").rejection?.reason == "by-missing")
    }

    // MARK: The order of judging

    @Test func `the person comes first, then the reference, the tier, the place, the own decision, the state`() throws {
        var fixture = try FundFixtures()
        _ = try fixture.request(60_000)
        func decide(_ id: String, _ by: Person) throws -> HarnessOutcome {
            try fixture.send(CompensationDecided(requestId: id, approved: true, by: by), 3)
        }
        let unknown = Person(id: "nobody", tier: "region", regionId: "R1")
        #expect(try decide("Q0", unknown).rejection?.reason == "unknown-person")
        #expect(try decide("Q0", Self.otherRegion).verdict.reference == AdvanceRequest.key("Q0"))
        #expect(try decide("Q1", CaseFixtures.clerk).rejection?.reason == "wrong-tier")
        #expect(try decide("Q1", Self.otherRegion).rejection?.reason == "wrong-place")
        #expect(try decide("Q1", CaseFixtures.regional).rejection == nil)
        #expect(try decide("Q1", CaseFixtures.regional).rejection?.reason == "not-referred")
    }

    // MARK: Linked complaints

    @Test(arguments: [true, false])
    func `the store of a linked complaint has a share in the case, and waits for the link`(isContact: Bool) throws {
        let by = Person(id: "s2-manager", tier: "store", storeId: "S2")
        let time = "2026-11-03T09:00:00+08:00"
        let event: any EventData =
            isContact
            ? ContactRecorded(caseId: CaseFixture.caseId(), with: .customer, by: by, at: try instant(time))
            : CaseAccepted(caseId: CaseFixture.caseId(), by: by)
        for stage in [RoutingStage() as any Stage, HandlingStage()] {
            var harness = try StageHarness(stage, policy: CaseFixture.policy())
            let complaint = try CaseFixture.complaint()
            _ = try harness.send(CaseFixture.opened(complaint), at: complaint.receivedAt)
            let early = try harness.send(event, at: time)
            let share = CaseShare.key(CaseFixture.caseId(), "S2")
            #expect(early.verdict.reference == share && early.outputs.isEmpty)
            let second = try CaseFixture.complaint("C2", at: "2026-11-03T08:00:00+08:00", store: "S2")
            let link = try harness.send(CaseFixture.linked(second), at: second.receivedAt)
            #expect(link.known.contains(share))
            let now = try harness.send(event, at: time)
            #expect(now.rejection == nil && now.verdict.reference == nil)
            // Its documents and its money stay the first store's.
            guard stage is HandlingStage else { continue }
            let documents = DocumentsArchived(caseId: CaseFixture.caseId(), by: by, documents: ["D1"])
            #expect(try harness.send(documents, at: time).rejection?.reason == "wrong-place")
        }
    }

    @Test func `who names the case by a link that an older release has taken has a share`() throws {
        let by = Person(id: "s2-manager", tier: "store", storeId: "S2")
        for stage in [RoutingStage() as any Stage, HandlingStage()] {
            var harness = try StageHarness(stage, policy: CaseFixture.policy())
            let complaint = try CaseFixture.complaint()
            _ = try harness.send(CaseFixture.opened(complaint), at: complaint.receivedAt)
            let linked = CaseFixture.caseId("C2")
            harness.put(
                LiveRecord(value: CaseLink(openCaseId: CaseFixture.caseId()), version: 1), CaseLink.key(linked))
            let out = try harness.send(CaseAccepted(caseId: linked, by: by), at: "2026-11-03T09:00:00+08:00")
            #expect(out.rejection == nil && out.verdict.reference == nil)
        }
    }

    @Test func `a place that no link names is refused when it has waited in vain`() throws {
        var fixture = try RoutingFixture()
        try fixture.open(CaseFixture.complaint())
        let by = Person(id: "s2-manager", tier: "store", storeId: "S2")
        guard case .waits(_, let rejection) = try fixture.accept(by: by, at: "2026-11-03T09:00:00+08:00").verdict else {
            Issue.record("it does not wait")
            return
        }
        #expect(rejection.reason == "wrong-place")
        let nameless = Person(id: "s1-clerk", tier: "store")
        #expect(
            try fixture.accept(by: nameless, at: "2026-11-03T09:00:00+08:00").rejection?.reason != nil,
            "who names no place waits for none")
    }
}
