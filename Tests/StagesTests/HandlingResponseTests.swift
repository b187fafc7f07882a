import Policy
import Schema
import Stages
import Testing

/// R40: handling tells the first response that counts, once for a case; and the closing tells what was said about it.
@Suite struct HandlingResponseTests {
    private static let opened = "2026-11-02T09:00:00+08:00"

    private func harness(_ policy: PolicyBook? = nil, hazards: [String]? = nil) throws -> StageHarness {
        var harness = try StageHarness(HandlingStage(), policy: try policy ?? CaseFixtures.policy())
        var opened = try CaseFixtures.opened(at: Self.opened)
        opened.complaint.hazards = hazards
        _ = try harness.send(opened, at: Self.opened)
        _ = try harness.send(CaseFixtures.assigned(.store), at: Self.opened)
        return harness
    }

    private func accepted(_ caseId: String = "C1", by: Person = CaseFixtures.clerk) -> CaseAccepted {
        CaseAccepted(caseId: caseId, by: by)
    }

    private func contact(
        _ with: ContactRecorded.Party = .customer, _ at: String, by: Person = CaseFixtures.clerk
    ) throws -> ContactRecorded {
        ContactRecorded(caseId: "C1", with: with, by: by, at: try instant(at))
    }

    private func linked(_ hazards: [String]) throws -> CaseDuplicateLinked {
        var complaint = try CaseFixtures.complaint(at: "2026-11-03T09:00:00+08:00", id: "K2")
        complaint.hazards = hazards
        return CaseDuplicateLinked(caseId: "C2", complaintId: "K2", openCaseId: "C1", complaint: complaint)
    }

    @Test func `the first acceptance is told, and nothing after it`() throws {
        var harness = try harness()
        let at = "2026-11-02T11:00:00+08:00"
        let first = try harness.send(accepted(), at: at)
        #expect(
            first.all(CaseResponded.self) == [CaseResponded(caseId: "C1", complaintId: "K1", at: try instant(at))])
        #expect(first.outputs.first?.because.rule == "R40")
        #expect(first.outputs.first?.because.facts["receivedAt"] == .string(Self.opened))
        #expect(try harness.send(accepted(), at: "2026-11-02T12:00:00+08:00").outputs.isEmpty)
        let later = "2026-11-02T13:00:00+08:00"
        #expect(try harness.send(contact(.customer, later), at: later).outputs.isEmpty)
        #expect(try harness.send(contact(.customer, "2026-11-02T10:00:00+08:00"), at: later).outputs.isEmpty)
    }

    @Test func `a contact with the customer is a response, one with others is none`() throws {
        var harness = try harness()
        let at = "2026-11-02T10:00:00+08:00"
        for party in ContactRecorded.Party.allCases where party != .customer {
            #expect(try harness.send(contact(party, at), at: at).outputs.isEmpty)
        }
        #expect(try harness.send(contact(.customer, at), at: at).types == ["case.responded"])
    }

    @Test func `before the complaint was received there is no response to it, at that time there is`() throws {
        var harness = try harness()
        let before = "2026-11-02T08:59:59+08:00"
        #expect(try harness.send(contact(.customer, before), at: before).outputs.isEmpty)
        #expect(harness.record(CaseFile.self, "C1")?.respondedAt == nil)
        #expect(harness.record(CaseFile.self, "C1")?.contactedAt == (try instant(before)))
        #expect(try harness.send(accepted(), at: Self.opened).types == ["case.responded"])
    }

    @Test func `who has no share in the case does not respond, and whom nobody knows is refused`() throws {
        var harness = try harness()
        let at = "2026-11-02T10:00:00+08:00"
        let elsewhere = Person(id: "other", tier: "region", regionId: "R9")
        #expect(try harness.send(accepted(by: elsewhere), at: at).outputs.isEmpty)
        #expect(try harness.send(accepted(by: CaseFixtures.stranger), at: at).rejection?.reason == "unknown-person")
        #expect(try harness.send(accepted(), at: at).types == ["case.responded"])
    }

    @Test func `by the id of a linked complaint the open case is responded to`() throws {
        var harness = try harness()
        _ = try harness.send(linked([]), at: "2026-11-03T09:00:00+08:00")
        let told = try harness.send(accepted("C2"), at: "2026-11-03T10:00:00+08:00").all(CaseResponded.self)
        #expect(told.map(\.caseId) == ["C1"])
    }

    @Test func `of a case whose first response an earlier release has noted, that one is told at the next`() throws {
        var harness = try harness()
        var file = try #require(harness.record(CaseFile.self, "C1"))
        (file.receivedAt, file.respondedAt) = (nil, try instant("2026-11-02T09:30:00+08:00"))
        harness.put(LiveRecord(value: file, version: 3), CaseFile.key("C1"))
        let told = try harness.send(accepted(), at: "2026-11-03T10:00:00+08:00").all(CaseResponded.self)
        #expect(told.map(\.at) == [try instant("2026-11-02T09:30:00+08:00")])
        let at = "2026-11-04T10:00:00+08:00"
        let closed = try harness.send(CaseFixtures.resolved(at: at, documents: ["D1"]), at: at).all(CaseClosed.self)
        #expect(closed.map(\.receivedAt) == [try instant(Self.opened)], "the file was opened then")
    }

    @Test func `with R40 switched off nothing is told, and the closing knows it all the same`() throws {
        var harness = try harness(CaseFixtures.policy(off: [.r40]))
        let at = "2026-11-02T10:00:00+08:00"
        #expect(try harness.send(accepted(), at: at).outputs.isEmpty)
        let later = "2026-11-03T10:00:00+08:00"
        let closed = try harness.send(CaseFixtures.resolved(at: later, documents: ["D1"]), at: later)
        #expect(closed.all(CaseClosed.self).map(\.respondedAt) == [try instant(at)])
    }

    @Test func `the closing tells when the complaint was received and all hazards that were told of`() throws {
        var harness = try harness(hazards: ["media"])
        _ = try harness.send(linked(["fire", "media"]), at: "2026-11-03T09:00:00+08:00")
        let at = "2026-11-04T10:00:00+08:00"
        let closed = try #require(
            try harness.send(CaseFixtures.resolved(at: at, documents: ["D1"]), at: at).all(CaseClosed.self).first)
        #expect(closed.hazards == ["fire", "media"])
        #expect(closed.receivedAt == (try instant(Self.opened)))
        #expect(closed.liability == .outlet && closed.liableParty == "O1" && closed.outletId == "O1")
        #expect(closed.by == "clerk")
    }

    @Test func `a case without hazards says nothing of them`() throws {
        var harness = try harness()
        let at = "2026-11-04T10:00:00+08:00"
        let closed = try harness.send(CaseFixtures.resolved(at: at, documents: ["D1"]), at: at).all(CaseClosed.self)
        #expect(closed.map(\.hazards) == [nil])
    }
}
