import Policy
import Schema
import Testing

@testable import Stages

/// Incidents in a row (R18, `strictConsecutive`): a satisfied customer in between starts the count again.
struct QuarterCountTests {
    private typealias Fixture = ManufacturerFixture

    private func harness(isStrict: Bool = true) throws -> StageHarness {
        var penalty = PenaltyPolicy()
        penalty.strictConsecutive = isStrict
        return try Fixture.harness(penalty: penalty)
    }

    private static func day(_ day: Int, _ hour: Int = 9) -> String {
        "2026-11-\(day < 10 ? "0" : "")\(day)T\(hour < 10 ? "0" : "")\(hour):00:00+08:00"
    }

    private func satisfy(
        _ harness: inout StageHarness, _ id: String = "S1", at time: String, manufacturer: String? = "M1"
    ) throws {
        let satisfied = CallbackSatisfied(
            callbackId: id, about: .service("SV2"), serviceId: "SV2", manufacturerId: manufacturer,
            customer: Customer(name: "n", phone: "1"))
        _ = try harness.send(satisfied, at: time, source: "recourse/callback")
    }

    private func proposals(_ outputs: [OutgoingEvent]) -> Int {
        outputs.all(ManufacturerReplacementProposed.self).count
    }

    @Test(arguments: [(true, 0), (false, 1)])
    func `A satisfied customer in between starts the count again only where the policy is strict`(
        isStrict: Bool, expected: Int
    ) throws {
        var harness = try harness(isStrict: isStrict)
        _ = try harness.uphold("A", at: [Self.day(3), Self.day(4)])
        try satisfy(&harness, at: Self.day(5))
        #expect(proposals(try harness.uphold("B", at: [Self.day(6)])) == expected)
    }

    @Test func `Who is satisfied with another manufacturer, or with nobody's, is in between of nothing`() throws {
        var harness = try harness()
        _ = try harness.uphold("A", at: [Self.day(3), Self.day(4)])
        try satisfy(&harness, "S1", at: Self.day(5), manufacturer: "M2")
        try satisfy(&harness, "S2", at: Self.day(5), manufacturer: nil)
        #expect(proposals(try harness.uphold("B", at: [Self.day(6)])) == 1)
    }

    @Test func `Three in a row after it are proposed, and the letter says so`() throws {
        var harness = try harness()
        _ = try harness.uphold("A", at: [Self.day(3), Self.day(4)])
        try satisfy(&harness, at: Self.day(5))
        let outputs = try harness.uphold("B", at: [Self.day(6), Self.day(9), Self.day(10)])
        #expect(
            outputs.all(ManufacturerReplacementProposed.self).map(\.incidentIds)
                == [["B0", "B1", "B2"].map { Identifiers.incidentId(of: $0) }])
        let decided = try harness.decideReplacement(at: Self.day(11))
        let letter = try #require(decided.all(NoticeIssued.self).first).letter
        #expect(letter.zh.contains("一季度内连续出现 3 次或以上") && letter.en.contains("counted in a row"))
    }

    @Test func `In between is meant by time, not by arrival`() throws {
        // Satisfied before and after all three, told before any of them is handled.
        var harness = try harness()
        try satisfy(&harness, "S1", at: Self.day(2))
        for (id, day) in [("A0", 3), ("A1", 4), ("A2", 5)] { try harness.reportProblem(id, at: Self.day(day)) }
        try satisfy(&harness, "S2", at: Self.day(6))
        var outputs: [OutgoingEvent] = []
        for id in ["A2", "A0", "A1"] { outputs += try harness.handleIncident(id, at: Self.day(9)).outputs }
        #expect(proposals(outputs) == 1)
    }

    @Test func `A satisfied customer of before, known only after, is in between all the same`() throws {
        var harness = try harness()
        for (id, day) in [("A0", 3), ("A1", 4), ("A2", 6)] { try harness.reportProblem(id, at: Self.day(day)) }
        try satisfy(&harness, at: Self.day(5))
        var outputs: [OutgoingEvent] = []
        for id in ["A0", "A1", "A2"] { outputs += try harness.handleIncident(id, at: Self.day(9)).outputs }
        #expect(proposals(outputs) == 0)
    }

    @Test func `At the very instant of an incident it comes behind it`() throws {
        for (mark, expected) in [(Self.day(3), 0), (Self.day(4), 0), (Self.day(6), 1)] {
            var harness = try harness()
            _ = try harness.uphold("A", at: [Self.day(3), Self.day(4)])
            try satisfy(&harness, at: mark)
            #expect(proposals(try harness.uphold("B", at: [Self.day(6)])) == expected, "\(mark)")
        }
    }

    // MARK: What is kept

    private func hour(_ number: Int) throws -> Instant {
        try instant("2026-10-01T00:00:00+08:00").adding(hours: Int64(number))
    }

    private func size(_ count: QuarterCount) throws -> Int { try JSONEncoding.bytes(of: count).count }

    @Test func `A thousand satisfied customers cost no more than two`() throws {
        var count = QuarterCount(quarter: try #require(Quarter("2026-Q4")))
        for number in [0, 1, 500, 2000] {
            count.note(incidentAt: try hour(number))
            count.uphold(.init(incidentId: "i\(number)", caseId: nil, at: try hour(number)))
        }
        let before = count
        count.restart(at: try hour(2))
        count.restart(at: try hour(499))
        let two = try size(count)
        for number in 3..<499 { count.restart(at: try hour(number)) }
        #expect(try size(count) == two)
        #expect(before.counted(with: try hour(0), isStrict: true).ids.count == 4)
        #expect(count.counted(with: try hour(0), isStrict: true).ids == ["i0", "i1"])
        #expect(count.counted(with: try hour(500), isStrict: true).ids == ["i500", "i2000"])
        #expect(count.counted(with: try hour(500), isStrict: false).ids.count == 4)
    }

    @Test func `Of hundreds of incidents the latest are kept, and what came before counts no more`() throws {
        var count = QuarterCount(quarter: try #require(Quarter("2026-Q4")))
        for number in 0..<100 { count.note(incidentAt: try hour(number)) }
        count.uphold(.init(incidentId: "first", caseId: nil, at: try hour(0)))
        count.uphold(.init(incidentId: "second", caseId: nil, at: try hour(1)))
        let full = try size(count)
        count.note(incidentAt: try hour(100))
        count.uphold(.init(incidentId: "again", caseId: nil, at: try hour(0)))
        #expect(count.counted(with: try hour(1), isStrict: true).ids == ["second"])
        for number in 101..<300 { count.note(incidentAt: try hour(number)) }
        #expect(try size(count) <= full + 100)
        #expect(count.counted(with: try hour(250), isStrict: true).ids.isEmpty)
    }
}
