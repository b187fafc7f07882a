import Policy
import Schema
import Testing

@testable import Stages

/// By when a violation must have been verified (R47).
struct PenaltyVerificationTests {
    private func overdue(_ outputs: [OutgoingEvent]) -> [String] {
        outputs.all(ObligationOverdue.self).filter { $0.obligation == .verification }.map(\.subject)
    }

    @Test func `Not verified 5 working days after its report it is overdue, once`() throws {
        var harness = try PenaltyFixture.harness()
        // It occurred on Monday the 2nd and was reported on Tuesday the 3rd: the term counts from the report.
        try harness.report("V1", at: "2026-11-02T09:00:00+08:00", known: "2026-11-03T09:00:00+08:00", caseId: "C1")
        #expect(try harness.advance(to: "2026-11-10T17:59:59+08:00").isEmpty)
        let outputs = try harness.advance(to: "2026-11-10T18:00:00+08:00")
        #expect(overdue(outputs) == ["V1"] && outputs.all(ObligationOverdue.self).map(\.caseId) == ["C1"])
        #expect(outputs.first?.because.rule == "R47")
        #expect(outputs.first?.because.parameters["verificationWorkingDays"] == 5)
        #expect(try harness.advance(to: "2027-03-01T00:00:00+08:00").isEmpty)
        #expect(try harness.verify("V1", at: "2027-03-01T09:00:00+08:00").rejection == nil)
    }

    @Test(arguments: [true, false])
    func `Verified at the deadline it is not overdue, however it was judged`(upheld: Bool) throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-11-03T09:00:00+08:00")
        _ = try harness.advance(to: "2026-11-10T17:59:59+08:00")
        try harness.verify("V1", at: "2026-11-10T18:00:00+08:00", upheld: upheld)
        #expect(overdue(try harness.advance(to: "2026-12-31T00:00:00+08:00")).isEmpty)
    }

    @Test func `Holidays do not count`() throws {
        // Wednesday 30 September; 1 to 7 October are holidays, Saturday the 10th is a working day.
        var harness = try PenaltyFixture.harness(clock: "2026-09-01T00:00:00+08:00")
        try harness.report("V1", at: "2026-09-30T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-10-13T17:59:59+08:00").isEmpty)
        #expect(overdue(try harness.advance(to: "2026-10-13T18:00:00+08:00")) == ["V1"])
    }

    @Test func `Of a derived one it counts from the closing, or the call`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        _ = try harness.send(PenaltyDerivedTests.closed(), at: "2026-11-05T09:00:00+08:00")
        let call = CallbackDissatisfied(
            callbackId: "CB1", about: .service("SV1"), serviceId: "SV1", atFault: .outlet, outletId: "O1",
            customer: Customer(name: "n", phone: "1"))
        _ = try harness.send(call, at: "2026-11-06T09:00:00+08:00", source: "recourse/callback")
        #expect(overdue(try harness.advance(to: "2026-11-12T17:59:59+08:00")).isEmpty)
        #expect(overdue(try harness.advance(to: "2026-11-12T18:00:00+08:00")) == ["C1"])
        #expect(overdue(try harness.advance(to: "2026-11-13T18:00:00+08:00")) == ["CB1"])
    }

    @Test func `A violation that has left a full dossier is owed all the same`() throws {
        var harness = try PenaltyFixture.harness()
        for number in 1...210 { try harness.report("V\(number)", at: "2026-11-03T09:00:00+08:00") }
        try harness.verify("V1", at: "2026-11-04T09:00:00+08:00")
        try harness.verify("V210", at: "2026-11-04T09:00:00+08:00")
        #expect(harness.record(ViolationApart.self, "V1") != nil)
        let due = Set(overdue(try harness.advance(to: "2026-11-10T18:00:00+08:00")))
        #expect(due == Set((2...209).map { "V\($0)" }))
    }

    @Test func `A year without data keeps the term open until it is there`() throws {
        var harness = try PenaltyFixture.harness(years: [2025])
        let reported = try harness.report("V1", at: "2026-12-30T09:00:00+08:00")
        #expect(reported.all(CalendarMissing.self).contains { $0.year == 2027 })
        #expect(overdue(try harness.advance(to: "2027-01-20T00:00:00+08:00")).isEmpty)
        harness.adopt(try PenaltyFixture.policy())
        // It was due on 7 January: known at the next look, it is overdue then.
        let outputs = try harness.advance(to: "2027-01-21T00:00:00+08:00")
        #expect(overdue(outputs) == ["V1"])
        #expect(
            outputs.first { $0.event.data is ObligationOverdue }?.event.time
                == (try instant("2027-01-21T00:00:00+08:00")))
    }

    @Test func `Switched off at the report no term begins, switched off at its end it passes silently`() throws {
        var harness = try PenaltyFixture.harness(off: [.r47])
        try harness.report("V1", at: "2026-11-03T09:00:00+08:00")
        harness.adopt(try PenaltyFixture.policy())
        try harness.report("V2", at: "2026-11-04T09:00:00+08:00")
        _ = try harness.advance(to: "2026-11-11T17:00:00+08:00")
        harness.adopt(try PenaltyFixture.policy(off: [.r47]))
        #expect(overdue(try harness.advance(to: "2026-11-11T18:00:00+08:00")).isEmpty)
        harness.adopt(try PenaltyFixture.policy())
        #expect(overdue(try harness.advance(to: "2026-12-31T00:00:00+08:00")).isEmpty)
    }
}
