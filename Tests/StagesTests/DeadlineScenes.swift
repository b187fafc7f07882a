import Policy
import Schema
import Testing

@testable import Stages

/// A stage at the moment at which a deadline runs, and an event that comes only after it.
struct DeadlineScene: Sendable, CustomTestStringConvertible {
    let name: String
    /// The rule, or part of it, whose deadline it is.
    let rules: [String]
    /// What the timers say between the scene's beginning and the event, in order.
    let says: [String]
    /// The time of the event, a second after the last one at which it would not have been needed any more.
    let time: String
    /// How many seconds earlier it is in time: 1 where the due time is included, 2 where it is 24:00 and belongs to the
    /// next date; nil where no event can meet the deadline.
    let inTime: Int64?
    let build: @Sendable (PolicyBook) throws -> StageHarness
    let event: @Sendable (StageHarness, Instant) throws -> any EventData
    let policy: @Sendable (Set<Rule>, Set<RulePart>) throws -> PolicyBook

    var testDescription: String { name }

    static let all = routing + handling + callback + penalty

    func harness() throws -> StageHarness { try build(policy([], [])) }

    /// The last moment before the event.
    var lastMoment: String {
        get throws { Instant(microseconds: try instant(time).microseconds - 1).description }
    }
}

extension DeadlineScene {
    private static func routing(
        _ name: String, _ rules: [String], says: [String], time: String, inTime: Int64 = 1, without: Set<Rule>,
        hazards: [String]? = nil, _ event: @escaping @Sendable (Instant) throws -> any EventData,
        before: @escaping @Sendable (inout RoutingFixture) throws -> Void = { _ in }
    ) -> DeadlineScene {
        DeadlineScene(
            name: name, rules: rules, says: says, time: time, inTime: inTime,
            build: { policy in
                var fixture = try RoutingFixture(policy)
                try fixture.open(CaseFixture.complaint(hazards: hazards))
                try before(&fixture)
                return fixture.routing
            },
            event: { try event($1) },
            policy: { try CaseFixture.policy(off: without.union($0), offParts: $1) })
    }

    @Sendable private static func resolve(_ time: Instant) throws -> any EventData {
        CaseResolved(
            caseId: CaseFixture.caseId(), by: RoutingFixture.storeClerk, resolvedAt: time,
            solution: "New pump.", liability: .nobody, documents: [])
    }

    @Sendable private static func contact(_ time: Instant) throws -> any EventData {
        ContactRecorded(
            caseId: CaseFixture.caseId(), with: .customer, by: RoutingFixture.storeClerk, at: time)
    }

    private static let routing = [
        routing(
            "R03 the term of the store", ["R03", "R23"],
            says: ["case.escalated", "case.escalated", "case.assigned", "case.assigned"],
            time: "2026-11-04T10:00:01+08:00", without: [.r43], resolve),
        routing(
            "R34 acceptance", ["R34"], says: ["case.overdue"], time: "2026-11-02T11:00:01+08:00",
            without: [.r03, .r43], hazards: ["fire"],
            { _ in CaseAccepted(caseId: CaseFixture.caseId(), by: RoutingFixture.hqPerson) }),
        routing(
            "R43 reply", ["R43"], says: ["customer.reply-overdue"], time: "2026-11-05T18:00:01+08:00",
            without: [.r03], contact),
        routing(
            "R24 inform", ["R24"], says: ["customer.inform-overdue"], time: "2026-11-04T00:00:01+08:00",
            inTime: 2, without: [.r03, .r43], contact,
            before: { _ = try $0.resolve(at: "2026-11-03T15:00:00+08:00") }),
    ]

    private static func handling(
        _ name: String, _ rules: [String], says: [String] = ["obligation.overdue"], time: String,
        without others: Set<Rule> = [], _ event: @escaping @Sendable (Instant) -> any EventData,
        before: @escaping @Sendable (inout FundFixtures) throws -> Void
    ) -> DeadlineScene {
        DeadlineScene(
            name: name, rules: rules, says: says, time: time, inTime: 1,
            build: { policy in
                var fixture = try FundFixtures(policy)
                try before(&fixture)
                return fixture.harness
            },
            event: { event($1) }, policy: { try CaseFixtures.policy(off: $0.union(others), offParts: $1) })
    }

    @Sendable private static func paid(_ fixture: inout FundFixtures) throws { _ = try fixture.request(40_000) }

    private static let handling = [
        handling(
            "R08 report", ["R08", "R08-report"], time: "2026-11-05T18:00:01+08:00",
            { _ in IncidentReportSubmitted(requestId: "Q1", by: CaseFixtures.clerk, facts: "It burst.") }, before: paid),
        handling(
            "R08 opinion", ["R08", "R08-opinion"], time: "2026-11-10T18:00:01+08:00",
            { _ in
                LiabilityProposed(requestId: "Q1", by: CaseFixtures.officer, liable: .init(kind: .outlet, id: "O1"))
            },
            before: {
                try paid(&$0)
                _ = try $0.report()
            }),
        handling(
            "R08 approval", ["R08", "R08-approval"], time: "2026-11-11T18:00:01+08:00",
            { _ in LiabilityApproved(requestId: "Q1", by: CaseFixtures.director, approved: true) },
            before: {
                try paid(&$0)
                _ = try $0.report()
                _ = try $0.propose()
            }),
        handling(
            "R08 recovery", ["R08", "R08-recovery"], time: "2026-12-05T10:00:01+08:00", without: [.r49],
            { _ in RecoveryBooked(requestId: "Q1", amountFen: 40_000, by: CaseFixtures.officer) },
            before: {
                try paid(&$0)
                _ = try $0.report()
                _ = try $0.propose()
                _ = try $0.approve()
            }),
        handling(
            "R49 the ladder", ["R49"], says: ["recovery.step-due"], time: "2026-12-15T10:00:01+08:00",
            { _ in RecoveryBooked(requestId: "Q1", amountFen: 40_000, by: CaseFixtures.officer) },
            before: {
                try paid(&$0)
                _ = try $0.report()
                _ = try $0.propose()
                _ = try $0.approve()
                _ = try $0.harness.advance(to: "2026-12-06T00:00:00+08:00")
            }),
        // What waits for others is handed on at the end of its term, whatever is switched off meanwhile.
        handling(
            "R07 waiting", [], says: ["compensation.referred"], time: "2026-11-03T18:00:01+08:00",
            {
                CaseResolutionAccepted(
                    caseId: "C1", complaintId: "K1", by: CaseFixtures.clerk, resolvedAt: $0, solution: "Pipe replaced.",
                    liability: .ownPost, documents: ["D1"])
            },
            before: { _ = try $0.request(40_000, .ownPost) }),
    ]

    private static func callback(
        _ name: String, _ rules: [String], says: [String], time: String, inTime: Int64? = 2,
        _ event: @escaping @Sendable (Instant) -> any EventData,
        before: @escaping @Sendable (inout StageHarness) throws -> Void
    ) -> DeadlineScene {
        DeadlineScene(
            name: name, rules: rules, says: says, time: time, inTime: inTime,
            build: { policy in
                var harness = try CallbackFixtures.harness(policy)
                try before(&harness)
                return harness
            },
            event: { event($1) }, policy: { try CaseFixtures.policy(off: $0, offParts: $1) })
    }

    @Sendable private static func reached(_ id: String, _ attempt: Int = 1) -> @Sendable (Instant) -> any EventData {
        { at in
            CallbackCompleted(
                callbackId: id, attempt: attempt, attemptAt: at, outcome: .reached, by: CaseFixtures.officer)
        }
    }

    @Sendable private static func serve(_ harness: inout StageHarness) throws {
        _ = try harness.send(CallbackFixtures.service(), at: "2026-11-02T15:00:00+08:00")
    }

    private static let eventCall = Identifiers.callbackId(kind: "customer-event", eventId: "E1", customer: 0)

    @Sendable private static func announce(_ harness: inout StageHarness) throws {
        let announced = CustomerEventAnnounced(
            eventId: "E1", on: try #require(CivilDate("2026-11-30")), title: "Fair",
            customers: [CaseFixtures.customer])
        _ = try harness.send(announced, at: "2026-11-10T10:00:00+08:00")
    }

    private static let callback = [
        callback(
            "R22 the first call", ["R10", "R22"], says: ["callback.due", "callback.missed"],
            time: "2026-11-10T00:00:01+08:00", reached(CallbackFixtures.first), before: serve),
        callback(
            "R25 the second call", ["R10", "R25"], says: ["callback.due", "callback.missed"],
            time: "2026-11-20T00:00:01+08:00", reached(CallbackFixtures.second),
            before: {
                try serve(&$0)
                _ = try $0.send(CallbackFixtures.call(1, at: "2026-11-05T09:30:00+08:00", .reached))
            }),
        callback(
            "R10 the call about a closing", ["R10"], says: ["callback.due", "callback.missed"],
            time: "2026-11-11T00:00:01+08:00", reached(CallbackFixtures.closingId()),
            before: { _ = try $0.send(CallbackFixtures.closed(), at: "2026-11-05T16:00:00+08:00") }),
        callback(
            "R10 the right number", ["R10", "R10-wrong-number"], says: ["obligation.overdue"],
            time: "2026-11-17T18:00:01+08:00", inTime: 1,
            { _ in
                CustomerContactCorrected(
                    callbackId: CallbackFixtures.second, phone: "13900000009", by: CaseFixtures.clerk)
            },
            before: {
                try serve(&$0)
                _ = try $0.send(CallbackFixtures.call(1, at: "2026-11-05T09:30:00+08:00", .reached))
                let second = CallbackFixtures.second
                _ = try $0.send(CallbackFixtures.call(second, 1, at: "2026-11-12T09:30:00+08:00", .wrongNumber))
            }),
        callback(
            "R26 the call before an event", ["R26"], says: ["callback.due", "callback.missed"],
            time: "2026-12-01T00:00:01+08:00", reached(eventCall), before: announce),
        callback(
            "R26 the letter", ["R26"], says: ["obligation.overdue"], time: "2026-11-18T09:30:01+08:00", inTime: 1,
            { LetterSent(callbackId: eventCall, by: CaseFixtures.officer, at: $0) },
            before: {
                try announce(&$0)
                var call = try CallbackFixtures.call(eventCall, 1, at: "2026-11-16T09:30:00+08:00", .reached)
                call.letter = true
                _ = try $0.send(call)
            }),
    ]
}

extension DeadlineScene {
    private static func penalty(
        _ name: String, _ rules: [String], says: [String] = ["obligation.overdue"], time: String,
        inTime: Int64? = 1, since: String = "2026-11-01", stores: [String] = [], outlets: [String] = [],
        clock: String = "2026-11-01T00:00:00+08:00",
        _ event: @escaping @Sendable (StageHarness, Instant) throws -> any EventData,
        before: @escaping @Sendable (inout StageHarness) throws -> Void = { _ in }
    ) -> DeadlineScene {
        DeadlineScene(
            name: name, rules: rules, says: says, time: time, inTime: inTime,
            build: { policy in
                var harness = try StageHarness(PenaltyStage(), policy: policy, clock: instant(clock))
                try before(&harness)
                return harness
            },
            event: event,
            policy: { off, _ in try PenaltyFixture.policy(off: off, since: since, stores: stores, outlets: outlets) })
    }

    private static func undecided(_ harness: StageHarness) throws -> Proposal {
        try #require(harness.record(Dossier.self, "O1")?.proposals.last)
    }

    private static let penalty = [
        penalty(
            "R11 the decision", ["R11"], time: "2026-11-12T18:00:01+08:00",
            { harness, _ in
                PenaltyDecided(proposalId: try undecided(harness).id, approved: true, by: PenaltyFixture.director)
            },
            before: {
                try $0.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
                _ = try $0.advance(to: "2026-11-10T18:00:00+08:00")
            }),
        penalty(
            "R11 the week", [], says: ["penalty.proposed"], time: "2026-11-10T18:00:01+08:00", inTime: nil,
            { _, _ in ViolationVerified(violationId: "W1", upheld: true, by: PenaltyFixture.inspector) },
            before: {
                try $0.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
                try $0.report("W1", at: "2026-11-07T09:00:00+08:00", caseId: "other")
            }),
        // A rectification ends by its term whatever is switched off: nothing else would end it.
        penalty(
            "R12 the review", [], says: ["penalty.proposed"], time: "2026-11-26T09:00:01+08:00",
            { harness, _ in
                let notice = try #require(harness.record(Dossier.self, "O1")?.effects.first?.noticeId)
                return RectificationReviewed(noticeId: notice, accepted: true, by: PenaltyFixture.inspector)
            },
            before: {
                try $0.violate(3, at: "2026-11-07T09:00:00+08:00", prefix: "V")
                _ = try $0.advance(to: "2026-11-10T18:00:00+08:00")
                try $0.decide(try undecided($0).id, at: "2026-11-11T09:00:00+08:00")
                _ = try $0.advance(to: "2026-11-20T09:00:00+08:00")
            }),
        penalty(
            "R09 the weekly report", ["R09", "R35"], says: ["weekly-report.overdue"],
            time: "2026-11-09T10:00:01+08:00", stores: ["S1"],
            { _, _ in
                WeeklyReportSubmitted(storeId: "S1", week: "2026-W45", violationIds: [], by: PenaltyFixture.clerk)
            }),
        penalty(
            "R15 the quarter", ["R15"], says: ["training.failed"], time: "2026-04-08T18:00:01+08:00",
            since: "2026-01-01", outlets: ["O1"], clock: "2026-01-01T00:00:00+08:00",
            { _, _ in
                TrainingAssessed(
                    outletId: "O1", quarter: "2026-Q1", assessed: 10, passed: 9, by: PenaltyFixture.inspector)
            }),
        penalty(
            "R16 the retest", ["R16"], says: ["penalty.proposed"], time: "2026-11-12T18:00:01+08:00",
            since: "2026-01-01", outlets: ["O1"], clock: "2026-01-01T00:00:00+08:00",
            { _, _ in
                TrainingAssessed(
                    outletId: "O1", quarter: "2026-Q3", assessed: 10, passed: 9, retest: true,
                    by: PenaltyFixture.inspector)
            },
            before: { _ = try $0.advance(to: "2026-10-13T18:00:00+08:00") }),
        penalty(
            "R17 the incident", ["R17"], time: "2026-11-10T18:00:01+08:00",
            { _, _ in
                ManufacturerIncidentHandled(
                    incidentId: Identifiers.incidentId(callbackId: "CB1"), by: PenaltyFixture.inspector)
            },
            before: {
                let complaint = CallbackDissatisfied(
                    callbackId: "CB1", about: .service("SV1"), serviceId: "SV1", atFault: .manufacturer,
                    manufacturerId: "M1", customer: CaseFixtures.customer)
                _ = try $0.send(complaint, at: "2026-11-05T09:00:00+08:00", source: "recourse/callback")
            }),
        penalty(
            "R18 the decision", ["R18"], time: "2026-11-09T18:00:01+08:00",
            { _, _ in
                ReplacementDecided(
                    proposalId: ManufacturerFixture.proposalId(), approved: true, by: PenaltyFixture.director)
            },
            before: { _ = try $0.uphold("A", at: ["03", "04", "05"].map { "2026-11-\($0)T09:00:00+08:00" }) }),
        penalty(
            "R19 the site check", ["R19"], time: "2027-01-01T00:00:01+08:00", inTime: 2, since: "2026-04-01",
            outlets: ["O1"],
            { OutletSiteChecked(outletId: "O1", passed: true, by: PenaltyFixture.inspector, at: $1) },
            before: {
                let at = "2026-09-20T09:00:00+08:00"
                _ = try $0.send(
                    OutletSiteChecked(outletId: "O1", passed: true, by: PenaltyFixture.inspector, at: instant(at)),
                    at: at)
                _ = try $0.advance(to: "2026-12-01T00:00:00+08:00")
            }),
        penalty(
            "R38 the feedback form", ["R38"], says: ["settlement.blocked"], time: "2026-11-12T15:00:01+08:00",
            { FeedbackFormSubmitted(serviceId: "V1", by: PenaltyFixture.clerk, at: $1) },
            before: { _ = try $0.send(CallbackFixtures.service(), at: "2026-11-02T15:00:00+08:00") }),
    ]
}
