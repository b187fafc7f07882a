import Policy
import Schema
import Testing

@testable import Stages

/// Twins, months, years and adjustments.
struct PenaltyTallyTests {
    private func violation(
        _ id: String, _ date: String, known: String? = nil, verified: String? = nil, upheld: Bool = true,
        category: String = "a", caseId: String? = nil, serviceId: String? = nil
    ) throws -> Violation {
        let occurredAt = try instant(date + "T09:00:00+08:00")
        return Violation(
            id: id, category: category, caseId: caseId, serviceId: serviceId, occurredAt: occurredAt,
            knownAt: try known.map { try instant($0 + "T09:00:00+08:00") } ?? occurredAt, reporter: nil, hazards: nil,
            verifiedAt: try verified.map { try instant($0.contains("T") ? $0 : $0 + "T12:00:00+08:00") },
            upheld: verified == nil ? nil : upheld)
    }

    private func tally(_ violations: [Violation], at time: String = "2026-11-30T18:00:00+08:00") throws -> Tally {
        Tally(violations, at: try instant(time), EvaluationCalendar(try PenaltyFixture.policy()))
    }

    private func ids(_ groups: [Tally.Group]) -> [String] { groups.map(\.violation.id) }

    @Test func `Only what was upheld by then counts`() throws {
        let violations = [
            try violation("a", "2026-11-02", verified: "2026-11-03"), try violation("b", "2026-11-02"),
            try violation("c", "2026-11-02", verified: "2026-11-03", upheld: false),
            try violation("d", "2026-11-02", verified: "2026-11-10T18:00:00+08:00"),
            try violation("e", "2026-11-02", verified: "2026-11-10T18:00:01+08:00"),
        ]
        #expect(ids(try tally(violations, at: "2026-11-10T18:00:00+08:00").groups) == ["a", "d"])
    }

    @Test func `The named violations stand by occurrence, then id`() throws {
        let violations = [
            try violation("b", "2026-11-03", verified: "2026-11-04"),
            try violation("a", "2026-11-03", verified: "2026-11-04"),
            try violation("z", "2026-11-02", verified: "2026-11-04"),
        ]
        #expect(ids(try tally(violations).groups) == ["z", "a", "b"])
    }

    @Test func `Twins by case or by service count once; another category or matter does not join them`() throws {
        func count(_ a: Violation, _ b: Violation) throws -> Int { try tally([a, b]).groups.count }
        let base = try violation("a", "2026-11-02", verified: "2026-11-03", caseId: "C", serviceId: "S")
        let sameCase = try violation("b", "2026-11-02", verified: "2026-11-03", caseId: "C")
        let sameService = try violation("c", "2026-11-02", verified: "2026-11-03", serviceId: "S")
        let otherCategory = try violation("d", "2026-11-02", verified: "2026-11-03", category: "b", caseId: "C")
        let otherCase = try violation("e", "2026-11-02", verified: "2026-11-03", caseId: "D")
        let neither = try violation("f", "2026-11-02", verified: "2026-11-03")
        let neitherToo = try violation("g", "2026-11-02", verified: "2026-11-03")
        #expect(try count(base, sameCase) == 1)
        #expect(try count(base, sameService) == 1)
        #expect(try count(sameCase, sameService) == 2)
        #expect(try count(base, otherCategory) == 2)
        #expect(try count(base, otherCase) == 2)
        #expect(try count(neither, neitherToo) == 2)
        #expect(try tally([sameCase, sameService, base]).groups.count == 1, "twins of twins are one group")
    }

    @Test func `A group counts if one of it is upheld, from the earliest occurrence of all`() throws {
        let violations = [
            try violation("a", "2026-10-31", verified: "2026-11-01", upheld: false, caseId: "C"),
            try violation("b", "2026-11-02", verified: "2026-11-03", caseId: "C"),
        ]
        let group = try #require(try tally(violations).groups.first)
        #expect(group.violation.id == "b")
        #expect(group.month == Month(year: 2026, month: 10))
        #expect(try tally([violations[0]]).groups.isEmpty)
    }

    @Test(arguments: [
        ("2026-11-06T18:00:00+08:00", 10, false), ("2026-11-06T18:00:00.000001+08:00", 11, true),
        ("2026-12-02T09:00:00+08:00", 12, true),
    ])
    func `Verified after its month closed it counts in the month of verification`(
        verified: String, month: Int, isAdjustment: Bool
    ) throws {
        let one = try violation("a", "2026-10-31", verified: verified)
        let group = try #require(try tally([one], at: "2026-12-31T18:00:00+08:00").groups.first)
        #expect(group.month == Month(year: 2026, month: month))
        #expect(group.isAdjustment == isAdjustment)
        #expect(group.year == 2026)
    }

    @Test(arguments: [
        ("2026-12-20", "2027-01-08T18:00:00+08:00", "2026-12", 2026),
        ("2026-12-20", "2027-01-08T18:00:01+08:00", "2027-01", 2027),
        ("2026-11-20", "2027-01-02T12:00:00+08:00", "2027-01", 2026),
        ("2026-11-20", "2027-02-02T12:00:00+08:00", "2027-02", 2027),
    ])
    func `Only if its year has closed too it counts in the year of verification`(
        occurred: String, verified: String, month: String, year: Int
    ) throws {
        let one = try violation("a", occurred, verified: verified)
        let group = try #require(try tally([one], at: "2027-06-30T18:00:00+08:00").groups.first)
        #expect(group.month.description == month)
        #expect(group.year == year)
    }

    @Test func `An earlier twin that turns up after its month has closed does not take the group out of the count`()
        throws
    {
        let later = try violation("b", "2026-11-02", verified: "2026-11-03", caseId: "C")
        let inTime = try violation("a", "2026-10-30", known: "2026-11-05", caseId: "C")
        let tooLate = try violation("a", "2026-10-30", known: "2026-11-09", caseId: "C")
        #expect(try tally([later, inTime]).groups.first?.month.month == 10)
        #expect(try tally([later, tooLate]).groups.first?.month.month == 11)
    }

    @Test func `What has counted in a proposal stays where it counted, under the name it had`() throws {
        var counted = try violation("b", "2026-11-02", verified: "2026-11-03", caseId: "C")
        counted.countedMonth = Month(year: 2026, month: 11)
        let earlier = try violation("a", "2026-10-30", known: "2026-11-05", verified: "2026-11-05", caseId: "C")
        let groups = try tally([counted, earlier]).groups
        #expect(ids(groups) == ["b"])
        #expect(groups.first?.month.month == 11)
    }
}
