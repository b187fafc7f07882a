import Schema
import Testing

@testable import Policy
@testable import Stages

/// A penalty stage that knows who owns which brand: M1 has `Northwind`, M2 has `Riverstone`.
enum ManufacturerFixture {
    static func policy(
        off: Set<Rule> = [], penalty: PenaltyPolicy = PenaltyPolicy(), years: [Int] = [2025, 2027, 2028],
        letters: LetterBook = LetterBook()
    ) throws -> PolicyBook {
        let since = try #require(CivilDate("2026-11-01"))
        return PolicyBook(
            version: "test-1", rules: RuleSwitches(off: off), penalty: penalty,
            organisation: Organisation(
                since: since,
                hq: .init(duty: "inspector", people: ["inspector", "auditor"]),
                business: .init(people: ["director", "deputy"]),
                manufacturers: [
                    .init(id: "M1", brands: ["Northwind"], name: "北方电器"),
                    .init(id: "M2", brands: ["Riverstone"], name: nil),
                ]),
            calendar: try PenaltyFixture.calendar(years: years), letters: letters)
    }

    static func harness(
        off: Set<Rule> = [], penalty: PenaltyPolicy = PenaltyPolicy(), years: [Int] = [2025, 2027, 2028]
    ) throws -> StageHarness {
        try StageHarness(
            PenaltyStage(), policy: policy(off: off, penalty: penalty, years: years),
            clock: instant("2026-01-01T00:00:00+08:00"))
    }

    static func dissatisfied(
        _ id: String, manufacturer: String? = "M1", by: String? = nil
    ) -> CallbackDissatisfied {
        CallbackDissatisfied(
            callbackId: id, about: .service("SV-\(id)"), serviceId: "SV-\(id)", atFault: .manufacturer,
            manufacturerId: manufacturer, customer: Customer(name: "张三", phone: "13800000000"), comments: "c", by: by)
    }

    static func problem(
        _ id: String, _ kind: ManufacturerProblemReported.Kind = .quality, manufacturer: String? = "M1",
        brand: String? = nil, at time: String, caseId: String? = nil, by: Person = PenaltyFixture.clerk
    ) throws -> ManufacturerProblemReported {
        ManufacturerProblemReported(
            problemId: id, kind: kind, manufacturerId: manufacturer, brand: brand, by: by, at: try instant(time),
            caseId: caseId, description: "Nobody comes.")
    }

    /// - Parameter sourceId: the callbackId, problemId or requestId.
    static func handled(
        _ sourceId: String, upheld: Bool? = nil, amountFen: Int64? = nil, by: Person = PenaltyFixture.inspector
    ) -> ManufacturerIncidentHandled {
        ManufacturerIncidentHandled(
            incidentId: Identifiers.incidentId(of: sourceId), by: by, amountFen: amountFen, upheld: upheld)
    }

    static func proposalId(_ quarter: String = "2026-Q4", of manufacturerId: String = "M1") -> String {
        Identifiers.proposalId(replacementOf: manufacturerId, quarter: quarter)
    }
}

extension StageHarness {
    /// A dissatisfied call at fault of a manufacturer.
    @discardableResult
    mutating func complain(
        _ id: String, at time: String, manufacturer: String? = "M1", by: String? = nil
    ) throws -> HarnessOutcome {
        try send(
            ManufacturerFixture.dissatisfied(id, manufacturer: manufacturer, by: by), at: time,
            source: "recourse/callback")
    }

    /// A store reports a problem.
    @discardableResult
    mutating func reportProblem(
        _ id: String, _ kind: ManufacturerProblemReported.Kind = .quality, manufacturer: String? = "M1",
        at time: String, caseId: String? = nil
    ) throws -> HarnessOutcome {
        try send(
            ManufacturerFixture.problem(id, kind, manufacturer: manufacturer, at: time, caseId: caseId), at: time)
    }

    @discardableResult
    mutating func handleIncident(
        _ sourceId: String, at time: String, upheld: Bool? = nil, by: Person = PenaltyFixture.inspector
    ) throws -> HarnessOutcome {
        try send(ManufacturerFixture.handled(sourceId, upheld: upheld, by: by), at: time)
    }

    /// Problems that stores report at these times, each handled an hour later.
    mutating func uphold(_ prefix: String, at times: [String], manufacturer: String = "M1") throws -> [OutgoingEvent] {
        var outputs: [OutgoingEvent] = []
        for (index, time) in times.enumerated() {
            try reportProblem("\(prefix)\(index)", manufacturer: manufacturer, at: time)
            outputs += try handleIncident("\(prefix)\(index)", at: instant(time).adding(hours: 1).description).outputs
        }
        return outputs
    }

    @discardableResult
    mutating func decideReplacement(
        _ quarter: String = "2026-Q4", approved: Bool = true, at time: String,
        by: Person = PenaltyFixture.director
    ) throws -> HarnessOutcome {
        try send(
            ReplacementDecided(
                proposalId: ManufacturerFixture.proposalId(quarter), approved: approved, by: by, reason: "r"),
            at: time)
    }
}
