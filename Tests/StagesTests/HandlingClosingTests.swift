import Policy
import Schema
import Stages
import Testing

/// R36: a case closes when it is resolved and its documents are listed.
@Suite struct HandlingClosingTests {
    /// A case that was opened and assigned to a tier on Monday, 2 November 2026.
    private func harness(_ policy: PolicyBook? = nil, tier: HandlerTier? = .store) throws -> StageHarness {
        var harness = try StageHarness(HandlingStage(), policy: try policy ?? CaseFixtures.policy())
        _ = try harness.send(CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00"), at: "2026-11-02T09:00:00+08:00")
        if let tier {
            _ = try harness.send(CaseFixtures.assigned(tier), at: "2026-11-02T09:00:00+08:00")
        }
        return harness
    }

    private func archived(_ documents: [String] = ["D1"], by: Person = CaseFixtures.clerk) -> DocumentsArchived {
        DocumentsArchived(caseId: "C1", by: by, documents: documents)
    }

    @Test func `resolved with its documents, a case closes at once`() throws {
        var harness = try harness()
        let out = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00", documents: ["D1", "D2", "D1"]),
            at: "2026-11-03T10:00:00+08:00")
        #expect(out.types == ["case.closed"])
        let closed = try #require(out.all(CaseClosed.self).first)
        #expect(closed.closedAt == (try instant("2026-11-03T10:00:00+08:00")))
        #expect(closed.closing == 1)
        #expect(closed.tier == .store)
        #expect(closed.liability == .outlet)
        #expect(closed.customer == CaseFixtures.customer)
        #expect(closed.storeId == "S1")
        #expect(closed.outletId == "O1")
        #expect(closed.documents == 2)
        #expect(closed.by == "clerk" && closed.liableParty == "O1")
        #expect(out.outputs.first?.because.rule == "R36")
        #expect(out.outputs.first?.because.facts["outletLiable"] == "O1", "whose violation it is (R45)")
        #expect(out.outputs.first?.event.time == closed.closedAt)
        #expect(harness.record(CaseFile.self, "C1")?.resolution?.liableParty == "O1")
    }

    @Test func `without documents it is blocked, once, and closes when they are listed`() throws {
        var harness = try harness()
        let blocked = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        #expect(blocked.types == ["case.close-blocked"])
        #expect(blocked.all(CaseCloseBlocked.self).first?.missing == [.documents])
        #expect(try harness.send(archived([]), at: "2026-11-03T11:00:00+08:00").outputs.isEmpty)
        let closed = try harness.send(archived(), at: "2026-11-04T09:00:00+08:00")
        #expect(closed.types == ["case.closed"])
        #expect(closed.all(CaseClosed.self).first?.closedAt == (try instant("2026-11-04T09:00:00+08:00")))
        #expect(closed.all(CaseClosed.self).first?.resolvedAt == (try instant("2026-11-03T10:00:00+08:00")))
    }

    @Test func `documents listed before the resolution count`() throws {
        var harness = try harness()
        #expect(try harness.send(archived(), at: "2026-11-03T09:00:00+08:00").outputs.isEmpty)
        let out = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        #expect(out.types == ["case.closed"])
    }

    @Test func `a new resolution is told once more that documents are missing`() throws {
        var harness = try harness()
        _ = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        let again = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T12:00:00+08:00"), at: "2026-11-03T12:00:00+08:00")
        #expect(again.types == ["case.close-blocked"])
        let older = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T11:00:00+08:00"), at: "2026-11-03T13:00:00+08:00")
        #expect(older.outputs.isEmpty, "an older resolution that comes late replaces nothing")
    }

    @Test func `the closing is as late as the last of its conditions, whatever arrives first`() throws {
        var harness = try harness()
        _ = try harness.send(
            CaseFixtures.resolved(at: "2026-11-05T10:00:00+08:00"), at: "2026-11-05T10:00:00+08:00")
        let out = try harness.send(archived(), at: "2026-11-04T10:00:00+08:00")
        #expect(out.all(CaseClosed.self).first?.closedAt == (try instant("2026-11-05T10:00:00+08:00")))
    }

    @Test func `completed later than its resolution, which comes last, it closes at that time and not before`() throws {
        var harness = try harness()
        #expect(try harness.send(archived(), at: "2026-11-05T10:00:00+08:00").outputs.isEmpty)
        // It lists nothing itself, and so does not move the time of what is listed.
        let resolved = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        #expect(resolved.outputs.isEmpty)
        let outputs = try harness.advance(to: "2026-11-05T10:00:00+08:00")
        #expect(outputs.map(\.event.type.rawValue) == ["case.closed"])
        let closed = try #require(outputs.first?.event)
        let archivedAt = try instant("2026-11-05T10:00:00+08:00")
        #expect(closed.time == archivedAt && (closed.data as? CaseClosed)?.closedAt == archivedAt)
        #expect(try harness.advance(to: "2026-11-09T10:00:00+08:00").isEmpty)
    }

    @Test func `escalated before what had completed it, it does not close, and keeps its documents`() throws {
        var harness = try harness()
        _ = try harness.send(archived(), at: "2026-11-03T16:00:00+08:00")
        _ = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T12:00:00+08:00"), at: "2026-11-03T12:00:00+08:00", sequence: 2)
        _ = try harness.send(
            CaseFixtures.assigned(.hq, .escalated), at: "2026-11-03T15:00:00+08:00", sequence: 3)
        #expect(try harness.advance(to: "2026-11-05T00:00:00+08:00").isEmpty)
        let anew = try harness.send(
            CaseFixtures.resolved(at: "2026-11-05T09:00:00+08:00"), at: "2026-11-05T09:00:00+08:00", sequence: 4)
        #expect(anew.all(CaseClosed.self).map(\.closing) == [1])
    }

    @Test func `a case that is not assigned yet closes when it is`() throws {
        var harness = try harness(tier: nil)
        let resolved = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00", documents: ["D1"]),
            at: "2026-11-03T10:00:00+08:00")
        #expect(resolved.outputs.isEmpty)
        let out = try harness.send(CaseFixtures.assigned(.region), at: "2026-11-03T10:00:00+08:00")
        #expect(out.all(CaseClosed.self).first?.tier == .region)
    }

    @Test func `a closed case takes documents and contacts, but no further resolution`() throws {
        var harness = try harness()
        _ = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00", documents: ["D1"]),
            at: "2026-11-03T10:00:00+08:00")
        #expect(try harness.send(archived(["D2"]), at: "2026-11-04T10:00:00+08:00").outputs.isEmpty)
        let again = try harness.send(
            CaseFixtures.resolved(at: "2026-11-05T10:00:00+08:00"), at: "2026-11-05T10:00:00+08:00")
        #expect(
            again.rejection == nil && again.outputs.isEmpty, "routing has heard of the closing later than it judged")
    }

    @Test func `with R36 switched off a case closes with its resolution`() throws {
        var harness = try harness(CaseFixtures.policy(off: [.r36]))
        let out = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        #expect(out.types == ["case.closed"])
    }

    @Test func `closing tells of the first response and the first contact with the customer`() throws {
        var harness = try harness()
        func contact(_ with: ContactRecorded.Party, _ at: String) throws -> ContactRecorded {
            ContactRecorded(caseId: "C1", with: with, by: CaseFixtures.clerk, at: try instant(at))
        }
        _ = try harness.send(contact(.supervisor, "2026-11-02T09:10:00+08:00"), at: "2026-11-02T09:10:00+08:00")
        _ = try harness.send(
            CaseAccepted(caseId: "C1", by: CaseFixtures.clerk), at: "2026-11-02T11:00:00+08:00")
        _ = try harness.send(contact(.customer, "2026-11-02T15:00:00+08:00"), at: "2026-11-02T15:00:00+08:00")
        _ = try harness.send(contact(.customer, "2026-11-02T14:00:00+08:00"), at: "2026-11-02T15:30:00+08:00")
        let out = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00", documents: ["D1"]),
            at: "2026-11-03T10:00:00+08:00")
        let closed = try #require(out.all(CaseClosed.self).first)
        #expect(closed.respondedAt == (try instant("2026-11-02T11:00:00+08:00")))
        #expect(closed.contactedAt == (try instant("2026-11-02T14:00:00+08:00")))
    }

    @Test func `who does not belong to his place is refused`() throws {
        var harness = try harness()
        let stranger = CaseFixtures.stranger
        let time = "2026-11-03T10:00:00+08:00"
        let attempts: [any EventData] = [
            try CaseFixtures.reported(at: time, by: stranger, documents: ["D1"]), archived(by: stranger),
            CaseAccepted(caseId: "C1", by: stranger),
            ContactRecorded(caseId: "C1", with: .customer, by: stranger, at: try instant(time)),
        ]
        for attempt in attempts {
            #expect(try harness.send(attempt, at: time).rejection?.reason == "unknown-person")
        }
        #expect(harness.record(CaseFile.self, "C1")?.respondedAt == nil)
    }

    @Test func `a case that is not known yet is waited for`() throws {
        var harness = try StageHarness(HandlingStage(), policy: try CaseFixtures.policy())
        let out = try harness.send(
            CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        guard case .unknownReference(let what) = out.verdict else {
            Issue.record("expected an unknown reference")
            return
        }
        #expect(what == CaseFile.key("C1"))
        #expect(out.outputs.isEmpty)
    }

    @Test func `a file takes no more than a thousand documents`() throws {
        var harness = try harness()
        for part in 0..<5 {
            let names = (0..<200).map { "D\(part * 200 + $0)" }
            #expect(try harness.send(archived(names), at: "2026-11-03T10:00:00+08:00").rejection == nil)
        }
        #expect(try harness.send(archived(["D7"]), at: "2026-11-03T10:00:00+08:00").rejection == nil)
        #expect(
            try harness.send(archived(["one more"]), at: "2026-11-03T10:00:00+08:00").rejection
                == Rejection("too-many-documents", ["documents": 1001, "limit": 1000]))
    }
}
