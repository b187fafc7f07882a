import Policy
import Schema
import Stages
import Testing

/// A closed case goes on when its customer is not satisfied, or complains of the same matter again.
@Suite struct HandlingReopeningTests {
    /// A case that closed on 3 November 2026 at that tier.
    private func harness(closedAt tier: HandlerTier) throws -> StageHarness {
        var harness = try StageHarness(HandlingStage(), policy: try CaseFixtures.policy())
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        _ = try harness.send(CaseFixtures.assigned(tier), at: "2026-11-02T09:00:00+08:00")
        let out = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00", documents: ["D1"]),
            at: "2026-11-03T10:00:00+08:00")
        try #require(out.types == ["case.closed"])
        return harness
    }

    private func dissatisfied(caseId: String? = "C1", closing: Int = 1) -> CallbackDissatisfied {
        CallbackDissatisfied(
            callbackId: "B1",
            about: caseId.map { .closing(closing, caseId: $0, complaintId: "K1") } ?? .service("V1"),
            caseId: caseId, serviceId: caseId == nil ? "V1" : nil, customer: CaseFixtures.customer,
            product: CaseFixtures.product)
    }

    private func linked() throws -> CaseDuplicateLinked {
        CaseDuplicateLinked(
            caseId: "C2", complaintId: "K2", openCaseId: "C1",
            complaint: try CaseFixtures.complaint(at: "2026-11-03T09:59:00+08:00", id: "K2"))
    }

    @Test(arguments: [(HandlerTier.store, HandlerTier.region), (.region, .hq), (.hq, .hq)])
    func `a dissatisfied customer reopens a closed case one tier above its last`(
        last: HandlerTier, next: HandlerTier
    ) throws {
        var harness = try harness(closedAt: last)
        let out = try harness.send(dissatisfied(), at: "2026-11-04T09:30:00+08:00")
        #expect(out.types == ["case.reopened"])
        #expect(
            out.all(CaseReopened.self) == [
                CaseReopened(caseId: "C1", complaintId: "K1", tier: next, closing: 1)
            ])
        #expect(out.outputs.first?.because.rule == "R10")
    }

    @Test func `about a case that is open again nothing happens`() throws {
        var harness = try harness(closedAt: .store)
        _ = try harness.send(dissatisfied(), at: "2026-11-04T09:30:00+08:00")
        #expect(try harness.send(dissatisfied(), at: "2026-11-04T09:31:00+08:00").outputs.isEmpty)
        #expect(harness.record(CaseFile.self, "C1")?.tier == .region)
    }

    @Test func `about a service nothing happens`() throws {
        var harness = try harness(closedAt: .store)
        #expect(try harness.send(dissatisfied(caseId: nil), at: "2026-11-04T09:30:00+08:00").outputs.isEmpty)
    }

    @Test func `a linked complaint reopens a closed case at its last tier`() throws {
        var harness = try harness(closedAt: .region)
        let out = try harness.send(linked(), at: "2026-11-03T10:00:01+08:00")
        #expect(out.all(CaseReopened.self).map(\.tier) == [.region])
        #expect(out.outputs.first?.because.rule == "same-matter")
    }

    @Test func `a linked complaint leaves an open case as it is`() throws {
        var harness = try StageHarness(HandlingStage(), policy: try CaseFixtures.policy())
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        #expect(try harness.send(linked(), at: "2026-11-03T10:00:01+08:00").outputs.isEmpty)
    }

    // MARK: Crises (R50)

    private func declared(
        _ hazards: [String], _ caseId: String = "C1", by: Person = CaseFixtures.clerk,
        at time: String = "2026-11-04T09:30:00+08:00"
    ) throws -> CrisisDeclared {
        CrisisDeclared(caseId: caseId, hazards: hazards, by: by, at: try instant(time))
    }

    @Test func `a hazard that somebody declares reopens a closed case as a linked complaint does, once`() throws {
        var harness = try harness(closedAt: .region)
        let out = try harness.send(declared(["fire"]), at: "2026-11-04T09:30:00+08:00")
        #expect(
            out.all(CaseReopened.self) == [
                CaseReopened(caseId: "C1", complaintId: "K1", tier: .region, closing: 1)
            ])
        #expect(out.outputs.first?.because.rule == "R50")
        #expect(out.outputs.first?.because.facts == ["declared": ["fire"], "closing": 1])
        let again = try harness.send(
            CaseFixtures.resolved(at: "2026-11-05T10:00:00+08:00", documents: ["D1"]), at: "2026-11-05T10:00:00+08:00")
        #expect(again.all(CaseClosed.self).map(\.hazards) == [["fire"]])
        #expect(
            try harness.send(
                declared(["fire"], at: "2026-11-05T11:00:00+08:00"), at: "2026-11-05T11:00:00+08:00"
            ).outputs.isEmpty, "no news")
    }

    @Test func `of a case that closes all hazards are told, of complaints and declared ones`() throws {
        var harness = try StageHarness(HandlingStage(), policy: try CaseFixtures.policy())
        var opened = try CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00")
        opened.complaint.hazards = ["media"]
        _ = try harness.send(opened, at: "2026-11-02T09:00:00+08:00")
        let declared = try harness.send(
            declared(["fire"], at: "2026-11-02T09:20:00+08:00"), at: "2026-11-02T09:20:00+08:00")
        #expect(declared.rejection == nil && declared.outputs.isEmpty)
        var linked = try linked()
        linked.complaint.hazards = ["injury", "media"]
        #expect(try harness.send(linked, at: linked.complaint.receivedAt).rejection == nil)
        _ = try harness.send(CaseFixtures.assigned(.store), at: "2026-11-02T09:30:00+08:00")
        let out = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00", documents: ["D1"]), at: "2026-11-03T10:00:00+08:00")
        #expect(out.all(CaseClosed.self).map(\.hazards) == [["injury", "fire", "media"]])
    }

    @Test func `by a linked complaint a crisis is about the open case, for which it waits`() throws {
        var harness = try harness(closedAt: .store)
        let early = try harness.send(declared(["fire"], "C2"), at: "2026-11-04T09:30:00+08:00")
        #expect(early.waitsFor == CaseFile.key("C2"))
        let unknown = try harness.send(declared(["fire"], "C9"), at: "2026-11-04T09:30:00+08:00")
        #expect(unknown.waitsFor == CaseFile.key("C9"))
        let link = try harness.send(linked(), at: "2026-11-04T09:30:00+08:00")
        #expect(link.known.contains(CaseFile.key("C2")))
        _ = try harness.send(
            CaseFixtures.resolved(at: "2026-11-05T10:00:00+08:00", documents: ["D1"]), at: "2026-11-05T10:00:00+08:00")
        let out = try harness.send(
            declared(["fire"], "C2", at: "2026-11-05T11:00:00+08:00"), at: "2026-11-05T11:00:00+08:00")
        #expect(out.all(CaseReopened.self).map(\.caseId) == ["C1"])
    }

    @Test func `who is unknown declares nothing, and with R50 switched off nobody does`() throws {
        var known = try harness(closedAt: .store)
        let out = try known.send(declared(["fire"], by: CaseFixtures.stranger), at: "2026-11-04T09:30:00+08:00")
        #expect(out.rejection?.reason == "unknown-person")
        known.adopt(try CaseFixtures.policy(off: [.r50]))
        let off = try known.send(declared(["fire"]), at: "2026-11-04T09:30:00+08:00")
        #expect(off.rejection == nil && off.outputs.isEmpty)
        #expect(known.record(CaseFile.self, "C1")?.hazards == nil)
    }

    @Test func `a reopened case needs its documents listed anew, and its next closing is the second`() throws {
        var harness = try harness(closedAt: .store)
        _ = try harness.send(dissatisfied(), at: "2026-11-04T09:30:00+08:00")
        let blocked = try harness.send(
            CaseFixtures.resolved(at: "2026-11-05T10:00:00+08:00"), at: "2026-11-05T10:00:00+08:00")
        #expect(blocked.types == ["case.close-blocked"])
        let out = try harness.send(
            DocumentsArchived(caseId: "C1", by: CaseFixtures.clerk, documents: ["D1"]),
            at: "2026-11-05T11:00:00+08:00")
        let closed = try #require(out.all(CaseClosed.self).first)
        #expect(closed.closing == 2)
        #expect(closed.tier == .region)
        #expect(closed.documents == 1)
    }

    @Test func `what was done after the reopening, and known before the closing, closes it again`() throws {
        var harness = try StageHarness(HandlingStage(), policy: try CaseFixtures.policy())
        func listed(_ time: String) throws {
            _ = try harness.send(
                DocumentsArchived(caseId: "C1", by: CaseFixtures.clerk, documents: ["D1"]), at: time)
        }
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        _ = try harness.send(CaseFixtures.assigned(.store), at: "2026-11-02T09:00:00+08:00")
        // All of the desks' is there before routing has said a word.
        try listed("2026-11-03T11:00:00+08:00")
        try listed("2026-11-05T11:00:00+08:00")
        func resolve(_ time: String) throws -> [CaseClosed] {
            try harness.send(CaseFixtures.resolved(at: time), at: time).all(CaseClosed.self)
        }
        #expect(try resolve("2026-11-03T10:00:00+08:00").map(\.closedAt) == [instant("2026-11-03T11:00:00+08:00")])
        #expect(try resolve("2026-11-05T10:00:00+08:00").isEmpty, "closed, as far as is known")
        _ = try harness.send(dissatisfied(), at: "2026-11-04T09:30:00+08:00")
        _ = try harness.send(CaseFixtures.assigned(.region, .reopened), at: "2026-11-04T09:30:00+08:00")
        #expect(try resolve("2026-11-05T10:00:00+08:00").isEmpty)
        let closed = try harness.advance(to: "2026-11-06T00:00:00+08:00").all(CaseClosed.self)
        #expect(closed.map(\.closedAt) == [try instant("2026-11-05T11:00:00+08:00")])
        #expect(closed.map(\.closing) == [2])
    }

    @Test func `of assignments the newest counts, and a case never moves down`() throws {
        var harness = try StageHarness(HandlingStage(), policy: try CaseFixtures.policy())
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        var file = try #require(harness.record(CaseFile.self, "C1"))
        file.take(try CaseFixtures.assigned(.region), sequence: 4)
        file.take(try CaseFixtures.assigned(.store), sequence: 2)
        #expect(file.tier == .region)
        file.take(try CaseFixtures.assigned(.hq), sequence: 3)
        #expect(file.tier == .region, "older than what is known")
        file.take(try CaseFixtures.assigned(.store), sequence: 5)
        #expect(file.tier == .region, "an assignment that crossed with a reopening")
        file.take(try CaseFixtures.assigned(.hq), sequence: 6)
        #expect(file.tier == .hq)
    }
}
