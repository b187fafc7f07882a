import Policy
import Schema
import Testing

@testable import Stages

/// Incidents of manufacturers: where they come from, by when they are handled, and what follows (R17).
struct PenaltyManufacturerTests {
    private typealias Fixture = ManufacturerFixture

    // MARK: Calls

    @Test func `A dissatisfied call at fault of a manufacturer is an incident, once`() throws {
        var harness = try Fixture.harness()
        let outcome = try harness.complain("CB1", at: "2026-11-03T09:00:00+08:00")
        let incident = try #require(outcome.all(ManufacturerIncidentRecorded.self).first)
        #expect(incident.incidentId == Identifiers.uuid(["incident", "CB1"]) && incident.manufacturerId == "M1")
        #expect(incident.kind == .dissatisfied && incident.callbackId == "CB1")
        #expect(incident.handled == false && incident.upheld == nil)
        #expect(incident.occurredAt == (try instant("2026-11-03T09:00:00+08:00")))
        #expect(try harness.complain("CB1", at: "2026-11-03T10:00:00+08:00").outputs.isEmpty)
        #expect(try harness.complain("CB2", at: "2026-11-03T10:00:00+08:00", manufacturer: nil).outputs.isEmpty)
    }

    @Test func `A call about a service is one matter with the case that intake makes of it`() throws {
        var harness = try Fixture.harness()
        let outcome = try harness.complain("CB1", at: "2026-11-03T09:00:00+08:00")
        let incident = try #require(outcome.all(ManufacturerIncidentRecorded.self).first)
        #expect(incident.caseId == Identifiers.caseId(source: "recourse/callback", complaintId: "CB1"))
        #expect(incident.serviceId == "SV-CB1")
        let about = CallbackDissatisfied(
            callbackId: "CB2", about: .closing(1, caseId: "K1", complaintId: "TS-1"), caseId: "K1",
            atFault: .manufacturer, manufacturerId: "M1", customer: Customer(name: "n", phone: "1"))
        let closing = try harness.send(about, at: "2026-11-03T09:00:00+08:00", source: "recourse/callback")
        #expect(closing.all(ManufacturerIncidentRecorded.self).map(\.caseId) == ["K1"])
    }

    // MARK: Problems that stores report

    @Test(arguments: [
        (ManufacturerProblemReported.Kind.quality, ManufacturerIncidentRecorded.Kind.quality),
        (.nonCooperation, .nonCooperation),
    ])
    func `A problem that a store reports is an incident of its kind`(
        kind: ManufacturerProblemReported.Kind, told: ManufacturerIncidentRecorded.Kind
    ) throws {
        var harness = try Fixture.harness()
        let outcome = try harness.reportProblem("P1", kind, at: "2026-11-03T09:00:00+08:00", caseId: "K1")
        #expect(
            outcome.all(ManufacturerIncidentRecorded.self) == [
                ManufacturerIncidentRecorded(
                    incidentId: Identifiers.uuid(["incident", "P1"]), manufacturerId: "M1", caseId: "K1", kind: told,
                    problemId: "P1", occurredAt: try instant("2026-11-03T09:00:00+08:00"), handled: false)
            ])
    }

    @Test func `The manufacturer is the one named, else the owner of the brand, however it is written`() throws {
        var harness = try Fixture.harness()
        let at = "2026-11-03T09:00:00+08:00"
        func owner(_ id: String, _ manufacturer: String?, _ brand: String?) throws -> ([String], JSON?) {
            let problem = try Fixture.problem(id, manufacturer: manufacturer, brand: brand, at: at)
            let out = try harness.send(problem, at: at)
            #expect(out.rejection == nil)
            return (
                out.all(ManufacturerIncidentRecorded.self).map(\.manufacturerId),
                out.outputs.first?.because.facts["manufacturerBy"]
            )
        }
        #expect(try owner("P1", nil, "  ＮＯＲＴＨＷＩＮＤ ") == (["M1"], "brand"))
        #expect(try owner("P2", "M9", "Northwind") == (["M9"], "named"))
        #expect(try owner("P3", nil, "Nobody's") == ([], nil))
        #expect(try owner("P4", nil, nil) == ([], nil))
    }

    @Test func `A report whose manufacturer nobody knows may come again with him`() throws {
        var harness = try Fixture.harness()
        let at = "2026-11-03T09:00:00+08:00"
        _ = try harness.send(Fixture.problem("P1", manufacturer: nil, brand: "Nobody's", at: at), at: at)
        #expect(try harness.reportProblem("P1", at: at).types == ["manufacturer.incident-recorded"])
    }

    @Test func `Another report under a known id is refused, the same one is not`() throws {
        var harness = try Fixture.harness()
        let at = "2026-11-03T09:00:00+08:00"
        try harness.reportProblem("P1", at: at)
        #expect(try harness.reportProblem("P1", at: at).types.isEmpty)
        #expect(try harness.reportProblem("P1", .nonCooperation, at: at).rejection == PenaltyStage.taken("P1"))
        // The ids of all sources make incidents.
        try harness.complain("CB1", at: at)
        #expect(try harness.reportProblem("CB1", at: at).rejection == PenaltyStage.taken("CB1"))
        #expect(try harness.complain("P1", at: at).rejection == PenaltyStage.taken("P1"))
    }

    @Test func `Anybody may report a problem, but nobody whom his place does not know`() throws {
        var harness = try Fixture.harness()
        let at = "2026-11-03T09:00:00+08:00"
        let stranger = try Fixture.problem("P1", at: at, by: PenaltyFixture.stranger)
        #expect(try harness.send(stranger, at: at).rejection?.reason == "unknown-person")
        let director = try Fixture.problem("P1", at: at, by: PenaltyFixture.director)
        #expect(try harness.send(director, at: at).rejection == nil)
    }

    @Test func `The reporter of a problem may handle it: the rule names the call alone`() throws {
        var harness = try Fixture.harness()
        let at = "2026-11-03T09:00:00+08:00"
        _ = try harness.send(Fixture.problem("P1", at: at, by: PenaltyFixture.inspector), at: at)
        #expect(try harness.handleIncident("P1", at: "2026-11-04T09:00:00+08:00").rejection == nil)
    }

    // MARK: Advances

    private func authorised(
        _ id: String = "Q1", cause: CompensationCause? = .manufacturer, brand: String? = "Northwind",
        severity: Int? = 2
    ) -> CompensationAuthorised {
        CompensationAuthorised(
            requestId: id, amountFen: 40_000, caseId: "K1", complaintId: "TS-1", cause: cause, brand: brand,
            severity: severity)
    }

    private func pay(_ data: CompensationAuthorised, off: Set<Rule> = []) throws -> HarnessOutcome {
        var harness = try Fixture.harness(off: off)
        return try harness.send(data, at: "2026-11-03T09:00:00+08:00", source: "recourse/handling")
    }

    @Test func `An advance that HQ approves for a manufacturer who had not settled it is an incident`() throws {
        #expect(
            try pay(authorised()).all(ManufacturerIncidentRecorded.self) == [
                ManufacturerIncidentRecorded(
                    incidentId: Identifiers.uuid(["incident", "Q1"]), manufacturerId: "M1", caseId: "K1",
                    kind: .nonCooperation, requestId: "Q1", occurredAt: try instant("2026-11-03T09:00:00+08:00"),
                    handled: false)
            ])
    }

    @Test func `Any other advance is none`() throws {
        #expect(try pay(authorised(cause: .product)).outputs.isEmpty)
        #expect(try pay(authorised(cause: nil)).outputs.isEmpty, "an earlier release says no cause")
        #expect(try pay(authorised(severity: nil)).outputs.isEmpty, "HQ has not decided it")
        #expect(try pay(authorised(brand: "Nobody's")).outputs.isEmpty)
        #expect(try pay(authorised(brand: nil)).outputs.isEmpty)
        #expect(try pay(authorised(), off: [.r06]).outputs.isEmpty, "R05 has let it pass")
    }

    @Test func `An advance counts once`() throws {
        var harness = try Fixture.harness()
        let at = "2026-11-03T09:00:00+08:00"
        _ = try harness.send(authorised(), at: at, source: "recourse/handling")
        #expect(try harness.send(authorised(), at: at, source: "recourse/handling").outputs.isEmpty)
    }

    // MARK: Handling

    @Test func `Headquarters owes its handling in 3 working days`() throws {
        var harness = try Fixture.harness()
        try harness.complain("CB1", at: "2026-11-05T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-11-10T17:59:59+08:00").isEmpty)
        let overdue = ObligationOverdue(
            obligation: .manufacturerIncident, subject: Identifiers.incidentId(callbackId: "CB1"),
            caseId: Identifiers.caseId(source: "recourse/callback", complaintId: "CB1"))
        #expect(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(ObligationOverdue.self) == [overdue])
        #expect(try harness.advance(to: "2027-01-01T00:00:00+08:00").isEmpty)
    }

    @Test func `The term of a problem runs from its own time, over the holidays`() throws {
        var harness = try Fixture.harness()
        try harness.reportProblem("P1", at: "2026-09-29T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-10-09T17:59:59+08:00").isEmpty)
        #expect(try harness.advance(to: "2026-10-09T18:00:00+08:00").types == ["obligation.overdue"])
    }

    @Test func `Upon the handling the penalty letter goes out, without the customer`() throws {
        var harness = try Fixture.harness()
        try harness.complain("CB1", at: "2026-11-05T09:00:00+08:00")
        let outcome = try harness.send(Fixture.handled("CB1", amountFen: 123_405), at: "2026-11-10T18:00:00+08:00")
        #expect(outcome.types == ["manufacturer.incident-recorded", "notice.issued"])
        let told = try #require(outcome.all(ManufacturerIncidentRecorded.self).first)
        #expect(told.handled == true && told.upheld == true && told.kind == .dissatisfied && told.callbackId == "CB1")
        #expect(told.occurredAt == (try instant("2026-11-05T09:00:00+08:00")))
        let notice = try #require(outcome.all(NoticeIssued.self).first)
        #expect(notice.kind == .manufacturerPenalty && notice.addressee == "M1")
        #expect(notice.letter.zh.contains("罚款人民币 1234.05 元") && notice.letter.en.contains("CNY 1234.05"))
        #expect(!notice.letter.zh.contains("张三") && notice.letter.zh.contains("编号：M1-2026-1"))
        #expect(notice.letter.zh.contains("，回访不满意，服务单 SV-CB1，事件 "))
        #expect(try harness.advance(to: "2026-12-01T00:00:00+08:00").isEmpty, "handled at the deadline is in time")
        #expect(
            try harness.handleIncident("CB1", at: "2026-12-01T09:00:00+08:00").rejection?.reason == "already-handled")
    }

    @Test func `The letter says what the manufacturer has failed in`() throws {
        var harness = try Fixture.harness()
        let at = "2026-11-05T09:00:00+08:00"
        try harness.reportProblem("P1", at: at)
        try harness.reportProblem("P2", .nonCooperation, at: at, caseId: "K2")
        _ = try harness.send(authorised(), at: at, source: "recourse/handling")
        for (id, zh, en) in [
            ("P1", "，售后服务质量问题，问题报告 P1，", ", problem with the quality of service, report P1, "),
            ("P2", "，售后不配合，案件 K2，", ", no cooperation in after-sales service, case K2, "),
            (
                "Q1", "，未及时配合解决，已由售后基金垫付，案件 K1，",
                ", not settled in time, paid from the after-sales fund, case K1, "
            ),
        ] {
            let handled = try harness.handleIncident(id, at: "2026-11-06T09:00:00+08:00")
            let letter = try #require(handled.all(NoticeIssued.self).first).letter
            #expect(letter.zh.contains(zh), "\(letter.zh)")
            #expect(letter.en.contains(en), "\(letter.en)")
            #expect(!letter.en.contains("Nobody comes"))
        }
    }

    @Test func `A dismissed incident counts nowhere and brings no letter`() throws {
        var harness = try Fixture.harness()
        try harness.reportProblem("P1", at: "2026-11-05T09:00:00+08:00")
        let outcome = try harness.send(
            Fixture.handled("P1", upheld: false, amountFen: 100), at: "2026-11-06T09:00:00+08:00")
        #expect(outcome.types == ["manufacturer.incident-recorded"])
        #expect(outcome.all(ManufacturerIncidentRecorded.self).map(\.upheld) == [false])
        #expect(try harness.advance(to: "2026-12-01T00:00:00+08:00").isEmpty, "it is handled")
        let again = try harness.handleIncident("P1", at: "2026-12-01T09:00:00+08:00", upheld: true)
        #expect(again.rejection?.reason == "already-handled")
        let days = ["03", "04"].map { "2026-12-\($0)T09:00:00+08:00" }
        #expect(!(try harness.uphold("X", at: days).types.contains("manufacturer.replacement-proposed")))
        let third = try harness.uphold("Y", at: ["2026-12-05T09:00:00+08:00"])
        #expect(third.types.contains("manufacturer.replacement-proposed"))
    }

    @Test func `Nobody handles what came of his own call`() throws {
        var harness = try Fixture.harness()
        try harness.complain("CB1", at: "2026-11-05T09:00:00+08:00", by: PenaltyFixture.inspector.id)
        let own = try harness.handleIncident("CB1", at: "2026-11-06T09:00:00+08:00")
        #expect(
            own.rejection
                == Rejection("own-decision", ["of": "call", "by": .string(PenaltyFixture.inspector.id)]))
        #expect(own.types == ["business.rejected"])
        let other = try harness.handleIncident("CB1", at: "2026-11-06T09:00:00+08:00", by: PenaltyFixture.auditor)
        #expect(other.rejection == nil)
    }

    @Test func `Only headquarters handles it; an unknown incident waits`() throws {
        var harness = try Fixture.harness()
        try harness.complain("CB1", at: "2026-11-05T09:00:00+08:00")
        let store = try harness.handleIncident("CB1", at: "2026-11-06T09:00:00+08:00", by: PenaltyFixture.clerk)
        #expect(store.rejection?.reason == "wrong-tier")
        let early = try harness.handleIncident("P9", at: "2026-11-06T09:00:00+08:00")
        #expect(early.verdict.reference == Incident.key(Identifiers.incidentId(of: "P9")))
        let problem = try harness.reportProblem("P9", at: "2026-11-06T09:00:00+08:00")
        #expect(problem.known.contains(Incident.key(Identifiers.incidentId(of: "P9"))))
    }

    @Test func `Without R17 nothing is owed and no letter follows, but what is upheld counts`() throws {
        var harness = try Fixture.harness(off: [.r17])
        let days = ["03", "04", "05"].map { "2026-11-\($0)T09:00:00+08:00" }
        let outputs = try harness.uphold("A", at: days)
        #expect(outputs.types.count { $0 == "manufacturer.replacement-proposed" } == 1)
        #expect(!outputs.types.contains("notice.issued"))
        try harness.reportProblem("B", at: "2026-11-06T09:00:00+08:00")
        #expect(
            try harness.advance(to: "2026-12-31T00:00:00+08:00").all(ObligationOverdue.self).map(\.obligation) == [
                .replacementDecision
            ])
    }

    @Test func `A deadline in a year without data is kept open and said once`() throws {
        var harness = try Fixture.harness(years: [])
        let outcome = try harness.complain("A1", at: "2026-12-30T09:00:00+08:00")
        #expect(outcome.all(CalendarMissing.self) == [CalendarMissing(year: 2027)])
        #expect(try harness.advance(to: "2027-01-20T00:00:00+08:00").isEmpty)
    }

    @Test func `No appeal lies against a letter to a manufacturer`() throws {
        var harness = try Fixture.harness()
        try harness.complain("CB1", at: "2026-11-05T09:00:00+08:00")
        let notice = try #require(
            try harness.handleIncident("CB1", at: "2026-11-06T09:00:00+08:00").all(NoticeIssued.self).first)
        let appeal = AppealLodged(noticeId: notice.noticeId, by: PenaltyFixture.clerk, grounds: "g")
        #expect(try harness.send(appeal, at: "2026-11-07T09:00:00+08:00").rejection?.reason == "not-a-penalty")
    }

    @Test func `No appeal lies against a demand of handling, and whoever lodges one before it arrives waits for it`() throws {
        var harness = try Fixture.harness()
        let appeal = AppealLodged(noticeId: "N-demand", by: PenaltyFixture.clerk, grounds: "g")
        let early = try harness.send(appeal, at: "2026-11-07T09:00:00+08:00")
        #expect(early.waitsFor == NoticeIndex.key("N-demand"))
        let demand = NoticeIssued(
            noticeId: "N-demand", kind: .recoveryDemand, addressee: "M1", requestId: "R1",
            letter: .init(zh: "函", en: "letter"))
        #expect(try harness.send(demand, at: "2026-11-07T09:30:00+08:00").outputs.isEmpty)
        #expect(try harness.send(appeal, at: "2026-11-07T10:00:00+08:00").rejection?.reason == "not-a-penalty")
    }

    @Test func `An incident that an earlier release has recorded is handled like any other`() throws {
        var harness = try Fixture.harness()
        let body = """
            {"manufacturerId":"M1","serviceId":"SV1","occurredAt":"2026-11-05T09:00:00+08:00","caller":"caller",\
            "dueAt":"2026-11-10T18:00:00+08:00","isHandled":false,"isOverdue":false,"missingYears":[]}
            """
        let id = Identifiers.incidentId(callbackId: "CB1")
        let incident = try JSONDecoding.decodeWhole(Incident.self, from: Array(body.utf8), retired: [])
        harness.put(LiveRecord(value: incident, version: 1), Incident.key(id))
        #expect(try harness.complain("CB1", at: "2026-11-05T09:00:00+08:00").outputs.isEmpty, "the task counts once")
        let outcome = try harness.handleIncident("CB1", at: "2026-11-06T09:00:00+08:00")
        #expect(outcome.all(ManufacturerIncidentRecorded.self).map(\.kind) == [.dissatisfied])
        #expect(outcome.types == ["manufacturer.incident-recorded", "notice.issued"])
    }
}
