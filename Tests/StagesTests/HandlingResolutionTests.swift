import Policy
import Schema
import Stages
import Testing

/// Handling hears of resolutions from routing alone, and knows by the sequence which of them an escalation or reopening
/// has made void.
@Suite struct HandlingResolutionTests {
    private let noon = "2026-11-03T12:00:00+08:00"
    private var harness: StageHarness

    init() throws {
        harness = try StageHarness(HandlingStage(), policy: CaseFixtures.policy())
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        _ = try harness.send(CaseFixtures.assigned(.store), at: "2026-11-02T09:00:00+08:00", sequence: 1)
    }

    private var file: CaseFile? { harness.record(CaseFile.self, "C1") }

    private mutating func resolve(
        _ sequence: Int64, at time: String = "2026-11-03T10:00:00+08:00", documents: [String] = []
    ) throws -> HarnessOutcome {
        try harness.send(CaseFixtures.resolved(at: time, documents: documents), at: time, sequence: sequence)
    }

    private mutating func assign(
        _ tier: HandlerTier, _ reason: CaseAssigned.Reason?, _ sequence: Int64,
        at time: String = "2026-11-03T12:00:00+08:00"
    ) throws -> HarnessOutcome {
        try harness.send(CaseFixtures.assigned(tier, reason), at: time, sequence: sequence)
    }

    private mutating func file(_ documents: [String] = ["D1"], at time: String = "2026-11-03T16:00:00+08:00") throws
        -> HarnessOutcome
    {
        try harness.send(DocumentsArchived(caseId: "C1", by: CaseFixtures.clerk, documents: documents), at: time)
    }

    // MARK: Void

    @Test(arguments: [CaseAssigned.Reason.escalated, .reopened])
    mutating func `escalated or reopened since, the case must be resolved anew`(reason: CaseAssigned.Reason) throws {
        _ = try resolve(2)
        #expect(try assign(.hq, reason, 3).outputs.isEmpty)
        #expect(try file().outputs.isEmpty, "a paper closes nothing")
        #expect(file?.documents == ["D1"], "what was listed stays listed")
        let out = try resolve(4, at: "2026-11-04T09:00:00+08:00")
        #expect(out.types == ["case.closed"])
        #expect(out.all(CaseClosed.self).first?.tier == .hq)
    }

    @Test mutating func `given to another person, the resolution stays`() throws {
        _ = try resolve(2)
        _ = try assign(.store, .reassigned, 3)
        #expect(try file().types == ["case.closed"])
    }

    @Test mutating func `closed meanwhile on a resolution that is void, the case is reopened where it is now`() throws {
        #expect(try resolve(2, documents: ["D1"]).types == ["case.closed"])
        let out = try assign(.hq, .escalated, 3)
        #expect(
            out.all(CaseReopened.self) == [CaseReopened(caseId: "C1", complaintId: "K1", tier: .hq, closing: 1)])
        #expect(out.outputs.first?.because.rule == "resolution-void")
        #expect(file?.documents == [], "a reopening wants them anew")
        #expect(try assign(.hq, .reopened, 5).outputs.isEmpty)
        #expect(try resolve(6, at: "2026-11-04T09:00:00+08:00").types == ["case.close-blocked"])
    }

    @Test mutating func `a resolution accepted after the escalation holds, however old it is`() throws {
        _ = try assign(.region, .escalated, 2)
        let late = try resolve(3, at: "2026-11-02T10:00:00+08:00", documents: ["D1"])
        #expect(late.types == ["case.closed"])
        #expect(late.all(CaseClosed.self).first?.resolvedAt == (try instant("2026-11-02T10:00:00+08:00")))
    }

    @Test mutating func `the sequence tells, not the order of arrival`() throws {
        _ = try assign(.hq, .escalated, 3)
        #expect(try resolve(2, documents: ["D1"]).outputs.isEmpty, "older than the escalation")
        #expect(file?.resolution == nil && file?.documents == ["D1"])
        #expect(try resolve(4, at: noon).types == ["case.closed"])
        #expect(try assign(.hq, .reassigned, 5).outputs.isEmpty)
        #expect(file?.isClosed == true)
    }

    @Test mutating func `an escalation that arrives after a newer assignment makes void all the same`() throws {
        _ = try resolve(2)
        _ = try assign(.region, .reassigned, 4)
        _ = try assign(.region, .escalated, 3)
        #expect(try file().outputs.isEmpty)
    }

    @Test(arguments: [[2, 4, 3], [2, 3, 4], [3, 2, 4]])
    mutating func `an older resolution accepted behind an escalation holds, whatever is heard of first`(
        order: [Int64]
    ) throws {
        for sequence in order {
            switch sequence {
            case 2: _ = try resolve(2, at: "2026-11-03T10:00:00+08:00")
            case 3: _ = try assign(.region, .escalated, 3)
            default: _ = try resolve(4, at: "2026-11-03T09:00:00+08:00")
            }
        }
        #expect(file?.resolution?.at == (try instant("2026-11-03T09:00:00+08:00")))
        #expect(try file().types == ["case.closed"])
    }

    @Test mutating func `the next escalation makes that one void too`() throws {
        _ = try resolve(2, at: "2026-11-03T10:00:00+08:00")
        _ = try resolve(4, at: "2026-11-03T09:00:00+08:00")
        _ = try assign(.hq, .escalated, 5)
        _ = try assign(.region, .escalated, 3)
        #expect(file?.resolution == nil && file?.laterResolution == nil)
    }

    @Test mutating func `an escalation heard of late leaves alone what a reopening has kept`() throws {
        _ = try resolve(4, at: noon, documents: ["D1"])
        var reopened = try CaseFixtures.assigned(.hq, .reopened)
        reopened.resolvedAt = try instant(noon)
        _ = try harness.send(reopened, at: "2026-11-03T11:00:00+08:00", sequence: 5)
        #expect(try assign(.hq, .escalated, 3).outputs.isEmpty)
        #expect(file?.isClosed == true)
    }

    @Test(arguments: [[2, 3], [3, 2]])
    mutating func `what waited for others when the case was resolved is refused, whatever is heard of first`(
        order: [Int64]
    ) throws {
        let request = CompensationRequested(
            requestId: "Q1", caseId: "C1", amountFen: 100, cause: .ownPost, by: CaseFixtures.clerk)
        _ = try harness.send(request, at: "2026-11-03T09:00:00+08:00")
        var types: [String] = []
        for sequence in order {
            types += try (sequence == 2 ? resolve(2) : assign(.region, .escalated, 3)).types
        }
        #expect(types.contains("compensation.refused"))
        #expect(file?.openRequests == [] && file?.isClosed == false)
    }

    @Test mutating func `a settled request closes nothing on a resolution that is void`() throws {
        _ = try harness.send(
            CompensationRequested(
                requestId: "Q1", caseId: "C1", amountFen: 50_001, cause: .outlet, by: CaseFixtures.clerk),
            at: "2026-11-03T09:00:00+08:00")
        #expect(try resolve(2, documents: ["D1"]).types == ["case.close-blocked"])
        _ = try assign(.hq, .escalated, 3)
        let decided = CompensationDecided(requestId: "Q1", approved: false, by: CaseFixtures.officer)
        #expect(try harness.send(decided, at: "2026-11-03T16:00:00+08:00").types == ["compensation.refused"])
        #expect(file?.isClosed == false)
    }

    @Test mutating func `a resolution from before the reopening does nothing to the reopened case`() throws {
        _ = try resolve(2, documents: ["D1"])
        let callback = CallbackDissatisfied(
            callbackId: "B1", about: .closing(1, caseId: "C1", complaintId: "K1"), caseId: "C1",
            customer: CaseFixtures.customer)
        _ = try harness.send(callback, at: "2026-11-04T10:00:00+08:00")
        #expect(try resolve(3, at: "2026-11-03T11:00:00+08:00", documents: ["D2"]).outputs.isEmpty)
        #expect(file?.resolution == nil && file?.documents == [])
    }

    @Test mutating func `one from after the reopening holds, though routing heard of it before the reopening`() throws {
        _ = try resolve(2, documents: ["D1"])
        let callback = CallbackDissatisfied(
            callbackId: "B1", about: .closing(1, caseId: "C1", complaintId: "K1"), caseId: "C1",
            customer: CaseFixtures.customer)
        _ = try harness.send(callback, at: "2026-11-04T10:00:00+08:00")
        let again = "2026-11-05T09:00:00+08:00"
        #expect(try resolve(3, at: again).types == ["case.close-blocked"])
        var reopened = try CaseFixtures.assigned(.region, .reopened)
        reopened.resolvedAt = try instant(again)
        #expect(try harness.send(reopened, at: "2026-11-04T10:00:00+08:00", sequence: 5).outputs.isEmpty)
        #expect(try resolve(5, at: again).outputs.isEmpty, "told of once more")
        let filed = DocumentsArchived(caseId: "C1", by: CaseFixtures.clerk, documents: ["D2"])
        let closed = try harness.send(filed, at: "2026-11-05T10:00:00+08:00")
        #expect(closed.all(CaseClosed.self).map(\.closing) == [2])
    }

    @Test mutating func `of two resolutions the second waits for the first`() throws {
        func accepted(_ number: Int, _ time: String) throws -> CaseResolutionAccepted {
            var accepted = try CaseFixtures.resolved(at: time, documents: ["D\(number)"])
            accepted.number = number
            return accepted
        }
        let second = try accepted(2, "2026-11-05T09:00:00+08:00")
        guard case .unknownReference(let key) = try harness.send(second, at: "2026-11-05T09:00:00+08:00").verdict else {
            Issue.record("the case would close on it, and not on the first")
            return
        }
        #expect(file?.resolution == nil)
        let out = try harness.send(accepted(1, "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        #expect(out.known == [key])
        #expect(out.all(CaseClosed.self).map(\.closedAt) == [try instant("2026-11-03T10:00:00+08:00")])
        #expect(try harness.send(second, at: "2026-11-05T09:00:00+08:00").outputs.isEmpty)
        #expect(file?.resolutionsTaken == 2)
    }

    // MARK: What a person reports

    @Test mutating func `what a person reports is left to routing`() throws {
        let out = try harness.send(CaseFixtures.reported(at: noon, documents: ["D1"]), at: noon)
        #expect(out.rejection == nil && out.outputs.isEmpty)
        #expect(file?.resolution == nil && file?.documents == [])
    }

    @Test func `of a case that is not assigned yet nobody knows whose matter it is`() throws {
        var harness = try StageHarness(HandlingStage(), policy: CaseFixtures.policy())
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        let out = try harness.send(CaseFixtures.reported(at: noon), at: noon)
        guard case .unknownReference(let what) = out.verdict else {
            Issue.record("expected an unknown reference, found \(out.verdict)")
            return
        }
        #expect(what == RecordKey(kind: "assignment", id: "C1"))
        let assigned = try harness.send(CaseFixtures.assigned(.store), at: noon, sequence: 1)
        #expect(assigned.known == [RecordKey(kind: "assignment", id: "C1")])
    }

    @Test func `a case that was assigned without a reason is resolved by what a person reports`() throws {
        var harness = try StageHarness(HandlingStage(), policy: CaseFixtures.policy())
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        _ = try harness.send(CaseFixtures.assigned(.store, nil), at: "2026-11-02T09:00:00+08:00", sequence: 1)
        let out = try harness.send(CaseFixtures.reported(at: noon, documents: ["D1"]), at: noon)
        let closed = try #require(out.all(CaseClosed.self).first)
        #expect(closed.by == nil && closed.liableParty == nil, "as releases before 0.2 told it")
        let again = try harness.send(CaseFixtures.reported(at: noon), at: noon)
        #expect(again.rejection == Rejection("case-closed", ["closing": 1]))
        let out2 = try harness.send(CaseFixtures.assigned(.hq, .escalated), at: noon, sequence: 2)
        #expect(out2.types == ["case.reopened"], "what nobody has judged is older than any escalation")
    }

    @Test func `heard from both, a resolution counts once`() throws {
        var harness = try StageHarness(HandlingStage(), policy: CaseFixtures.policy())
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        _ = try harness.send(CaseFixtures.assigned(.store, nil), at: "2026-11-02T09:00:00+08:00", sequence: 1)
        #expect(try harness.send(CaseFixtures.reported(at: noon), at: noon).types == ["case.close-blocked"])
        _ = try harness.send(CaseFixtures.resolved(at: noon, documents: ["D1"]), at: noon, sequence: 2)
        #expect(harness.record(CaseFile.self, "C1")?.resolution?.by == "clerk")
        #expect(harness.record(CaseFile.self, "C1")?.closings == 1)
        #expect(try harness.send(CaseFixtures.resolved(at: noon), at: noon, sequence: 2).outputs.isEmpty)
    }

    // MARK: Linked complaints

    @Test mutating func `what names the case by a linked complaint is about the open case`() throws {
        let linked = CaseDuplicateLinked(
            caseId: "C2", complaintId: "K2", openCaseId: "C1",
            complaint: try CaseFixtures.complaint(at: "2026-11-03T09:00:00+08:00", id: "K2"))
        let archived = DocumentsArchived(caseId: "C2", by: CaseFixtures.clerk, documents: ["D2"])
        guard case .unknownReference(let what) = try harness.send(archived, at: "2026-11-03T08:00:00+08:00").verdict
        else {
            Issue.record("nobody knows yet what it is about")
            return
        }
        #expect(what == CaseFile.key("C2"))
        let out = try harness.send(linked, at: "2026-11-03T09:00:00+08:00")
        #expect(out.known.contains(CaseFile.key("C2")))
        _ = try harness.send(archived, at: noon)
        #expect(file?.documents == ["D2"])
        _ = try harness.send(CaseAccepted(caseId: "C2", by: CaseFixtures.clerk), at: noon)
        #expect(file?.respondedAt == (try instant(noon)))
        let request = CompensationRequested(
            requestId: "Q1", caseId: "C2", amountFen: 50_001, cause: .outlet, by: CaseFixtures.clerk)
        let referred = try harness.send(request, at: noon)
        #expect(referred.all(CompensationReferred.self).map(\.caseId) == ["C1"])
        #expect(file?.openRequests == ["Q1"] && file?.committedFen == 50_001)
        #expect(try harness.send(request, at: noon).outputs.isEmpty, "the same once more")
        #expect(
            try harness.send(CaseFixtures.reported("C2", at: noon), at: noon).outputs.isEmpty, "routing passes it on")
    }
}
