import Policy
import Schema
import Testing

@testable import Stages

/// Incidents of manufacturers (R17, R18) and the settlement of services (R38).
struct PenaltyManufacturerTests {
    private func dissatisfied(_ id: String, manufacturer: String? = "M1") -> CallbackDissatisfied {
        CallbackDissatisfied(
            callbackId: id, about: .service("SV1"), serviceId: "SV1", atFault: .manufacturer,
            manufacturerId: manufacturer, customer: Customer(name: "张三", phone: "13800000000"), comments: "c")
    }

    @discardableResult
    private func complain(
        _ harness: inout StageHarness, _ id: String, at time: String, manufacturer: String? = "M1"
    ) throws -> HarnessOutcome {
        try harness.send(dissatisfied(id, manufacturer: manufacturer), at: time, source: "recourse/callback")
    }

    private func handled(_ callbackId: String, by: Person = PenaltyFixture.inspector) -> ManufacturerIncidentHandled {
        ManufacturerIncidentHandled(
            incidentId: Identifiers.incidentId(callbackId: callbackId), by: by, amountFen: 123_405)
    }

    @Test func `A dissatisfied callback at fault of a manufacturer is an incident, once`() throws {
        var harness = try PenaltyFixture.harness()
        let outcome = try complain(&harness, "CB1", at: "2026-11-03T09:00:00+08:00")
        let incident = try #require(outcome.all(ManufacturerIncidentRecorded.self).first)
        #expect(incident.incidentId == Identifiers.uuid(["incident", "CB1"]) && incident.manufacturerId == "M1")
        #expect(try complain(&harness, "CB1", at: "2026-11-03T10:00:00+08:00").outputs.isEmpty)
        #expect(try complain(&harness, "CB2", at: "2026-11-03T10:00:00+08:00", manufacturer: nil).outputs.isEmpty)
    }

    @Test func `Headquarters owes its handling in 3 working days`() throws {
        var harness = try PenaltyFixture.harness()
        try complain(&harness, "CB1", at: "2026-11-05T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-11-10T17:59:59+08:00").isEmpty)
        #expect(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(ObligationOverdue.self)
                == [
                    ObligationOverdue(
                        obligation: .manufacturerIncident, subject: Identifiers.incidentId(callbackId: "CB1"))
                ])
        #expect(try harness.advance(to: "2027-01-01T00:00:00+08:00").isEmpty)
    }

    @Test func `Upon the handling the penalty letter goes out, without the customer`() throws {
        var harness = try PenaltyFixture.harness()
        try complain(&harness, "CB1", at: "2026-11-05T09:00:00+08:00")
        let outcome = try harness.send(handled("CB1"), at: "2026-11-10T18:00:00+08:00")
        let notice = try #require(outcome.all(NoticeIssued.self).first)
        #expect(notice.kind == .manufacturerPenalty && notice.addressee == "M1")
        #expect(notice.letter.zh.contains("罚款人民币 1234.05 元") && notice.letter.en.contains("CNY 1234.05"))
        #expect(!notice.letter.zh.contains("张三") && notice.letter.zh.contains("编号：M1-2026-1"))
        #expect(try harness.advance(to: "2026-12-01T00:00:00+08:00").isEmpty, "handled at the deadline is in time")
        #expect(
            try harness.send(handled("CB1"), at: "2026-12-01T09:00:00+08:00").rejection?.reason
                == "already-handled")
    }

    @Test func `Nobody handles what came of his own call`() throws {
        var harness = try PenaltyFixture.harness()
        var complaint = dissatisfied("CB1")
        complaint.by = PenaltyFixture.inspector.id
        _ = try harness.send(complaint, at: "2026-11-05T09:00:00+08:00", source: "recourse/callback")
        let own = try harness.send(handled("CB1"), at: "2026-11-06T09:00:00+08:00")
        #expect(
            own.rejection
                == Rejection("own-decision", ["of": "call", "by": .string(PenaltyFixture.inspector.id)]))
        #expect(own.types == ["business.rejected"])
    }

    @Test func `Only headquarters handles it; an unknown incident waits`() throws {
        var harness = try PenaltyFixture.harness()
        try complain(&harness, "CB1", at: "2026-11-05T09:00:00+08:00")
        let store = try harness.send(handled("CB1", by: PenaltyFixture.clerk), at: "2026-11-06T09:00:00+08:00")
        #expect(store.rejection?.reason == "wrong-tier")
        guard case .unknownReference = try harness.send(handled("CB9"), at: "2026-11-06T09:00:00+08:00").verdict else {
            Issue.record("expected an unknown reference")
            return
        }
    }

    @Test func `The third incident of a quarter demands another provider, once`() throws {
        var harness = try PenaltyFixture.harness()
        #expect(try complain(&harness, "A1", at: "2026-11-03T09:00:00+08:00").types.count == 1)
        #expect(try complain(&harness, "A2", at: "2026-11-04T09:00:00+08:00").types.count == 1)
        try complain(&harness, "B1", at: "2026-11-04T09:00:00+08:00", manufacturer: "M2")
        let third = try complain(&harness, "A3", at: "2026-11-05T09:00:00+08:00")
        #expect(
            third.types
                == ["manufacturer.incident-recorded", "manufacturer.replacement-demanded", "notice.issued"])
        #expect(third.all(ManufacturerReplacementDemanded.self).map(\.quarter) == ["2026-Q4"])
        let notice = try #require(third.all(NoticeIssued.self).first)
        #expect(
            notice.noticeId
                == Identifiers.noticeId(kind: "manufacturer-replacement", addressee: "M1", period: "2026-Q4"))
        #expect(try complain(&harness, "A4", at: "2026-11-06T09:00:00+08:00").types.count == 1)
    }

    @Test func `Incidents of two quarters are not added up`() throws {
        var harness = try PenaltyFixture.harness()
        try complain(&harness, "A1", at: "2026-12-30T09:00:00+08:00")
        try complain(&harness, "A2", at: "2026-12-31T23:59:59+08:00")
        #expect(try complain(&harness, "A3", at: "2027-01-01T00:00:00+08:00").types.count == 1)
        try complain(&harness, "A4", at: "2027-01-02T09:00:00+08:00")
        #expect(
            try complain(&harness, "A5", at: "2027-01-03T09:00:00+08:00").all(ManufacturerReplacementDemanded.self)
                .map(\.quarter) == ["2027-Q1"])
    }

    @Test(arguments: [(true, 0), (false, 1)])
    func `A satisfied customer in between starts the count again only where the policy is strict`(
        isStrict: Bool, demands: Int
    ) throws {
        var penalty = PenaltyPolicy()
        penalty.strictConsecutive = isStrict
        var harness = try PenaltyFixture.harness(penalty: penalty)
        try complain(&harness, "A1", at: "2026-11-03T09:00:00+08:00")
        try complain(&harness, "A2", at: "2026-11-04T09:00:00+08:00")
        let satisfied = CallbackSatisfied(
            callbackId: "S1", about: .service("SV2"), serviceId: "SV2", manufacturerId: "M1",
            customer: Customer(name: "n", phone: "1"))
        _ = try harness.send(satisfied, at: "2026-11-05T09:00:00+08:00")
        let third = try complain(&harness, "A3", at: "2026-11-06T09:00:00+08:00")
        #expect(third.all(ManufacturerReplacementDemanded.self).count == demands)
    }

    @Test func `Without R17 nothing is owed and no letter follows, without R18 nothing is demanded`() throws {
        var harness = try PenaltyFixture.harness(off: [.r17, .r18])
        for id in ["A1", "A2", "A3"] {
            #expect(
                try complain(&harness, id, at: "2026-11-03T09:00:00+08:00").types
                    == ["manufacturer.incident-recorded"])
        }
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        #expect(try harness.send(handled("A1"), at: "2026-12-31T09:00:00+08:00").outputs.isEmpty)
    }

    @Test func `A deadline in a year without data is kept open and said once`() throws {
        var harness = try PenaltyFixture.harness(years: [])
        let outcome = try complain(&harness, "A1", at: "2026-12-30T09:00:00+08:00")
        #expect(outcome.all(CalendarMissing.self) == [CalendarMissing(year: 2027)])
        #expect(try harness.advance(to: "2027-01-20T00:00:00+08:00").isEmpty)
    }

    @Test func `No appeal lies against a letter to a manufacturer`() throws {
        var harness = try PenaltyFixture.harness()
        try complain(&harness, "CB1", at: "2026-11-05T09:00:00+08:00")
        let notice = try #require(
            try harness.send(handled("CB1"), at: "2026-11-06T09:00:00+08:00").all(NoticeIssued.self).first)
        let appeal = AppealLodged(noticeId: notice.noticeId, by: PenaltyFixture.clerk, grounds: "g")
        #expect(try harness.send(appeal, at: "2026-11-07T09:00:00+08:00").rejection?.reason == "not-a-penalty")
    }
}

struct PenaltySettlementTests {
    private func service(_ id: String, outlet: String? = "O1", at time: String) throws -> ServiceCompleted {
        ServiceCompleted(
            serviceId: id, kind: .repair, completedAt: try instant(time), customer: Customer(name: "n", phone: "1"),
            storeId: "S1", outletId: outlet, product: Product(category: "tv", brand: "b", purchasedHere: true),
            inWarranty: true)
    }

    private func form(_ id: String, at time: String) throws -> FeedbackFormSubmitted {
        FeedbackFormSubmitted(serviceId: id, by: PenaltyFixture.clerk, at: try instant(time))
    }

    @Test func `Without its form a service is blocked after 10 days, and released when it comes`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(try service("SV1", at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-11-13T08:59:59+08:00").isEmpty)
        #expect(
            try harness.advance(to: "2026-11-13T09:00:00+08:00").all(SettlementBlocked.self)
                == [SettlementBlocked(serviceId: "SV1", outletId: "O1")])
        let released = try harness.send(
            try form("SV1", at: "2026-11-20T09:00:00+08:00"), at: "2026-11-20T09:00:00+08:00")
        #expect(released.types == ["settlement.released"])
        #expect(
            try harness.send(try form("SV1", at: "2026-11-21T09:00:00+08:00"), at: "2026-11-21T09:00:00+08:00")
                .outputs.isEmpty)
    }

    @Test func `A form at the last moment is in time`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(try service("SV1", at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        _ = try harness.advance(to: "2026-11-13T08:59:59+08:00")
        let outcome = try harness.send(
            try form("SV1", at: "2026-11-13T09:00:00+08:00"), at: "2026-11-13T09:00:00+08:00")
        #expect(outcome.outputs.isEmpty)
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `A form taken before the timer that it is too late for blocks and releases`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(try service("SV1", at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        let outcome = try harness.send(
            try form("SV1", at: "2026-11-13T09:00:01+08:00"), at: "2026-11-13T09:00:01+08:00")
        #expect(outcome.before.types == ["settlement.blocked"] && outcome.types == ["settlement.released"])
        #expect(outcome.before.first?.event.time == (try instant("2026-11-13T09:00:00+08:00")))
    }

    @Test func `A service without an outlet owes no form; a form of an unknown service waits`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(
            try service("SV1", outlet: nil, at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        let outcome = try harness.send(
            try form("SV2", at: "2026-12-31T00:00:00+08:00"), at: "2026-12-31T00:00:00+08:00")
        guard case .unknownReference = outcome.verdict else {
            Issue.record("expected an unknown reference, found \(outcome.verdict)")
            return
        }
    }

    @Test func `Another service under a known id is refused, the same one is not`() throws {
        var harness = try PenaltyFixture.harness()
        let first = try service("SV1", at: "2026-11-03T09:00:00+08:00")
        _ = try harness.send(first, at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.send(first, at: "2026-11-03T10:00:00+08:00").rejection == nil)
        let other = try service("SV1", outlet: "O2", at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.send(other, at: "2026-11-03T09:00:00+08:00").rejection?.reason == "id-taken")
    }

    @Test func `Without R38 nothing is blocked`() throws {
        var harness = try PenaltyFixture.harness(off: [.r38])
        _ = try harness.send(try service("SV1", at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }
}
