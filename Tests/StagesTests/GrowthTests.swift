import Foundation
import Schema
import Testing

@testable import Policy
@testable import Stages

/// An event costs the same however many there were about the same brand, outlet, store, phone, case or fund.
struct GrowthTests {
    /// Earlier events: few, and many. Every record is full after 300; `RECOURSE_GROWTH_EVENTS=100000` compares 1,000 with
    /// 100,000, for which the continuous integration has no time.
    private static let asked = ProcessInfo.processInfo.environment["RECOURSE_GROWTH_EVENTS"].flatMap(Int.init)
    private static let few = asked == nil ? 300 : 1_000
    private static let many = asked ?? 1_000
    /// So many events are counted, as what leaves a full record leaves it in lots.
    private static let counted = 40

    private let start: Instant
    private let day = "2026-11-02"

    init() throws {
        start = try instant("2026-11-02T00:00:00+08:00")
    }

    /// All on one date.
    private func time(_ number: Int) -> Instant { Instant(microseconds: start.microseconds + Int64(number) * 800_000) }

    /// Sends events 0… and counts `counted` of them after the few and after the many.
    ///
    /// - Parameter events: the nth event, and those that follow upon it.
    private func expectSteady(
        _ meter: GrowthMeter, _ events: (Int) throws -> [any EventData], _ place: SourceLocation = #_sourceLocation
    ) throws {
        var meter = meter
        var costs: [GrowthMeter.Cost] = []
        for number in 0..<Self.many + Self.counted {
            let isFew = (Self.few..<Self.few + Self.counted).contains(number)
            for event in try events(number) {
                if isFew || number >= Self.many {
                    costs.append(try meter.cost(of: event, at: time(number)))
                } else {
                    try meter.send(event, at: time(number))
                }
            }
        }
        expectSteady(costs, place)
    }

    /// The first half of the costs against the second.
    private func expectSteady(_ costs: [GrowthMeter.Cost], _ place: SourceLocation) {
        let before = costs.prefix(costs.count / 2).reduce(GrowthMeter.Cost(), +)
        let after = costs.suffix(costs.count / 2).reduce(GrowthMeter.Cost(), +)
        #expect(after.isWithin(before), "\(before) became \(after)", sourceLocation: place)
    }

    private func meter(_ stage: any Stage, _ policy: PolicyBook) -> GrowthMeter {
        GrowthMeter(stage, policy: policy, clock: start)
    }

    private func complaint(
        _ number: Int, phone: String, brand: String = "Acme", hazards: [String]? = nil
    ) throws -> ComplaintReceived {
        try CaseFixture.complaint(
            "C\(number)", at: time(number).description, phone: phone, brand: brand, hazards: hazards)
    }

    @Test func `complaints of one brand`() throws {
        try expectSteady(meter(IntakeStage(), CaseFixture.policy())) { number in
            [try complaint(number, phone: "139\(10_000_000 + number)")]
        }
    }

    @Test func `complaints of one phone`() throws {
        try expectSteady(meter(IntakeStage(), CaseFixture.policy())) { number in
            [try complaint(number, phone: "13900000001", brand: "brand-\(number)")]
        }
    }

    @Test func `complaints linked to one case, with a hazard each`() throws {
        try expectSteady(meter(RoutingStage(), CaseFixture.policy())) { number in
            let complaint = try complaint(number, phone: "13900000001", hazards: ["fire"])
            return [number == 0 ? CaseFixture.opened(complaint) : CaseFixture.linked(complaint, to: "C0")]
        }
    }

    @Test func `payments from the fund, and what comes back, of one case`() throws {
        let first = try complaint(0, phone: "13900000001")
        try expectSteady(meter(HandlingStage(), CaseFixtures.policy())) { number in
            guard number > 0 else {
                return [
                    CaseOpened(
                        caseId: "C1", complaintId: "C0", openedAt: first.receivedAt, complaint: first,
                        cluster: .init(phones: 1, major: false)), try CaseFixtures.assigned(.store),
                ]
            }
            let id = "Q\(number)"
            return [
                CompensationRequested(
                    requestId: id, caseId: "C1", amountFen: 100, cause: .outlet, by: CaseFixtures.officer),
                CompensationDecided(requestId: id, approved: true, by: CaseFixtures.director),
            ]
        }
    }

    @Test(arguments: [true, false])
    func `violations of one outlet, verified and not`(areTwins: Bool) throws {
        try expectSteady(meter(PenaltyStage(), PenaltyFixture.policy(outlets: ["O1"]))) { number in
            let reported = ViolationReported(
                violationId: "V\(number)", outletId: "O1", occurredAt: time(number), category: "late-visit",
                recordedBy: .store, by: PenaltyFixture.clerk, caseId: areTwins ? "case" : "case-\(number)")
            guard number % 2 == 0 else { return [reported] }
            let verified = ViolationVerified(
                violationId: "V\(number)", upheld: number % 4 == 0, by: PenaltyFixture.inspector)
            return [reported, verified]
        }
    }

    @Test func `violations, proposals and services of one outlet in the reports`() throws {
        let policy = try PenaltyFixture.policy(since: "2026-01-01", stores: ["S1"], outlets: ["O1"])
        try expectSteady(meter(ReportsStage(), policy)) { number in
            let at = time(number).description
            return [
                try ReportsFixture.service("F\(number)", at: at),
                try ReportsFixture.recorded("V\(number)", at: at, caseId: "case-\(number)"),
                try ReportsFixture.recorded("V\(number)", at: at, upheld: true, caseId: "case-\(number)"),
                PenaltyProposed(
                    proposalId: "P\(number)", outletId: "O1", rung: "warning", ladder: .monthly, period: "2026-11",
                    count: number, violationIds: ["V\(number)"]),
            ]
        }
    }

    @Test func `weekly reports of one store, of any week`() throws {
        let policy = try PenaltyFixture.policy(since: "2026-01-01", stores: ["S1"])
        for stage in [PenaltyStage() as any Stage, ReportsStage()] {
            try expectSteady(meter(stage, policy)) { number in
                let week = ReportWeek(of: start.date.adding(days: -7 * (number % 50)))
                return [ReportsFixture.weekly(week.description)]
            }
        }
    }

    @Test func `stores that hand their figures on to the chain`() throws {
        let policy = try PenaltyFixture.policy(since: "2026-01-01")
        let last = Self.many + Self.counted
        var meter = meter(ReportsStage(), policy)
        for number in 0..<last {
            try meter.send(
                ReportsFixture.service("F\(number)", at: time(number).description, store: "S\(number)"),
                at: time(number))
        }
        var costs: [GrowthMeter.Cost] = []
        for number in 0..<last {
            let key = StoreDesk.key("S\(number)")
            // The week is over, its form is due, it is summed up.
            try meter.fire(key)
            try meter.fire(key)
            if (Self.few..<Self.few + Self.counted).contains(number) || number >= Self.many {
                costs.append(try meter.cost(ofTimer: key))
            } else {
                try meter.fire(key)
            }
        }
        #expect(meter.record(ChainDesk.self, ChainDesk.id)?.weeks.values.first?.stores.count == 100)
        expectSteady(costs, #_sourceLocation)
    }
}
