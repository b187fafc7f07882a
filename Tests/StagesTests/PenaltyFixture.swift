import Schema
import Testing

@testable import Policy
@testable import Stages

/// A penalty stage over the real holidays of 2026, with one store and two listed outlets.
enum PenaltyFixture {
    static let clerk = Person(id: "clerk", tier: "store", storeId: "S1")
    static let inspector = Person(id: "inspector", tier: "hq")
    static let auditor = Person(id: "auditor", tier: "hq")
    static let director = Person(id: "director", tier: "business")
    static let stranger = Person(id: "stranger", tier: "business")

    private static let exceptions2026: [(String, CalendarException)] =
        [
            "2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20",
            "2026-02-23", "2026-04-06", "2026-05-01", "2026-05-04", "2026-05-05", "2026-06-19", "2026-09-25",
            "2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07",
        ].map { ($0, .holiday) }
        + ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"].map { ($0, .makeup) }

    /// `years` beyond 2026 get one holiday, 1 January.
    static func calendar(years: [Int] = [2025, 2027, 2028]) throws -> WorkCalendar {
        var exceptions: [CivilDate: CalendarException] = [:]
        for (text, kind) in exceptions2026 { exceptions[try #require(CivilDate(text))] = kind }
        for year in years { exceptions[try #require(CivilDate(year: year, month: 1, day: 1))] = .holiday }
        return WorkCalendar(exceptions: exceptions)
    }

    static func policy(
        off: Set<Rule> = [], years: [Int] = [2025, 2027, 2028], since: String = "2026-11-01", stores: [String] = [],
        outlets: [String] = [], penalty: PenaltyPolicy = PenaltyPolicy(), version: String = "test-1",
        letters: LetterBook = LetterBook(), names: [String: String] = [:]
    ) throws -> PolicyBook {
        let start = try #require(CivilDate(since))
        return PolicyBook(
            version: version, rules: RuleSwitches(off: off), penalty: penalty,
            organisation: Organisation(
                since: start, hq: .init(duty: "inspector", people: ["inspector", "auditor"]),
                business: .init(people: ["director", "deputy"]),
                stores: stores.map {
                    .init(
                        id: $0, region: "R1", since: start, serviceSupervisor: nil, categorySupervisors: [:],
                        manager: "clerk", people: nil)
                },
                outlets: outlets.map { .init(id: $0, region: "R1", since: start, name: names[$0]) }),
            calendar: try calendar(years: years), letters: letters)
    }

    static func harness(
        off: Set<Rule> = [], years: [Int] = [2025, 2027, 2028], since: String = "2026-11-01", stores: [String] = [],
        outlets: [String] = [], penalty: PenaltyPolicy = PenaltyPolicy(), clock: String = "2026-11-01T00:00:00+08:00"
    ) throws -> StageHarness {
        try StageHarness(
            PenaltyStage(),
            policy: policy(off: off, years: years, since: since, stores: stores, outlets: outlets, penalty: penalty),
            clock: instant(clock))
    }
}

extension StageHarness {
    /// Reports a violation an hour after it occurred, unless `known` says when.
    @discardableResult
    mutating func report(
        _ id: String, outlet: String = "O1", at time: String, known: String? = nil, category: String = "late-visit",
        caseId: String? = nil, serviceId: String? = nil, hazards: [String]? = nil,
        by: Person = PenaltyFixture.clerk
    ) throws -> HarnessOutcome {
        let occurredAt = try instant(time)
        return try send(
            ViolationReported(
                violationId: id, outletId: outlet, occurredAt: occurredAt, category: category, recordedBy: .store,
                by: by, caseId: caseId, serviceId: serviceId, hazards: hazards),
            at: known.map { try instant($0) } ?? occurredAt)
    }

    @discardableResult
    mutating func verify(
        _ id: String, at time: String, upheld: Bool = true, by: Person = PenaltyFixture.inspector
    ) throws -> HarnessOutcome {
        try send(ViolationVerified(violationId: id, upheld: upheld, by: by), at: time)
    }

    /// Reports and upholds `count` violations that concern different cases.
    mutating func violate(
        _ count: Int, outlet: String = "O1", at time: String, prefix: String, hazards: [String]? = nil
    ) throws {
        for index in 1...count {
            try report(
                "\(prefix)\(index)", outlet: outlet, at: time, caseId: "\(prefix)-case-\(index)", hazards: hazards)
            try verify("\(prefix)\(index)", at: time)
        }
    }

    @discardableResult
    mutating func decide(
        _ proposalId: String, approved: Bool = true, at time: String, by: Person = PenaltyFixture.director
    ) throws -> HarnessOutcome {
        try send(PenaltyDecided(proposalId: proposalId, approved: approved, by: by), at: time)
    }
}

extension [OutgoingEvent] {
    func all<D: EventData>(_ type: D.Type) -> [D] { compactMap { $0.event.data as? D } }
    var types: [String] { map(\.event.type.rawValue) }
}
