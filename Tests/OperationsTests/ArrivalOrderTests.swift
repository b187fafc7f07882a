import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import Testing

/// Places and people of a chain whose duties have not begun.
private enum Chain {
    static let clerk = Person(id: "clerk", tier: "store", storeId: "S1")
    static let officer = Person(id: "officer", tier: "hq")
    static let colleague = Person(id: "colleague", tier: "hq")
    static let judge = Person(id: "judge", tier: "business")
    /// 2026-11-02, a Monday, 09:00.
    static let morning = Instant(seconds: 1_793_581_200)
    static let caseId = Identifiers.caseId(source: "upstream", complaintId: "K1")

    static func policy() throws -> PolicyBook {
        let places = """
            since: 2027-01-01
            hq: {duty: boss, people: [officer, colleague]}
            business: {people: [judge, senior]}
            regions: [{id: R1, duty: regional, people: [regional]}]
            stores: [{id: S1, region: R1, serviceSupervisor: clerk, people: [clerk]}]
            """
        let files = PolicyFiles(
            policy: "version: order", organisation: places, calendar: "date,kind\n2026-01-01,holiday_weekday\n")
        return try PolicyBook.load(files, currentYear: nil).get()
    }

    static func complaint() -> ComplaintReceived {
        ComplaintReceived(
            complaintId: "K1", channel: "hotline", receivedAt: morning, customer: customer, storeId: "S1",
            product: product, outletId: "O1", description: "It leaks.", remedy: "repair")
    }

    static func service() -> ServiceCompleted {
        ServiceCompleted(
            serviceId: "V1", kind: .repair, completedAt: morning, customer: customer, storeId: "S1", outletId: "O1",
            product: product, inWarranty: true)
    }

    private static let customer = Customer(name: "Li", phone: "13800000001")
    private static let product = Product(category: "washer", brand: "Acme", purchasedHere: true)

    static func requested(_ amountFen: Int64) -> CompensationRequested {
        CompensationRequested(requestId: "Q1", caseId: caseId, amountFen: amountFen, cause: .outlet, by: clerk)
    }

    static func resolved(at time: Instant, documents: [String]) -> CaseResolved {
        CaseResolved(
            caseId: caseId, by: clerk, resolvedAt: time, solution: "New pump.", liability: .nobody,
            documents: documents)
    }
}

/// What people tell of one case, in every order in which it can arrive: what is told at last is the same.
@Suite struct `The life of a case in any order` {
    private func life() -> [Event] {
        func at(_ minutes: Int64) -> Instant { Chain.morning.adding(minutes: minutes) }
        let told: [(Int64, any EventData)] = [
            (0, Chain.complaint()), (10, CaseAccepted(caseId: Chain.caseId, by: Chain.clerk)),
            (20, ContactRecorded(caseId: Chain.caseId, with: .customer, by: Chain.clerk, at: at(20))),
            (30, Chain.requested(30_000)),
            (60, Chain.resolved(at: at(60), documents: [])),
            (70, DocumentsArchived(caseId: Chain.caseId, by: Chain.clerk, documents: ["D1"])),
        ]
        return told.map { minutes, data in
            Event(id: type(of: data).type.rawValue, source: "upstream", time: at(minutes), data: data)
        }
    }

    private func orders<Element>(of all: [Element]) -> [[Element]] {
        guard all.count > 1 else { return [all] }
        return all.indices.flatMap { index in
            var rest = all
            let first = rest.remove(at: index)
            return orders(of: rest).map { [first] + $0 }
        }
    }

    /// What is told of the case in two days, each event handed over a minute after the one before it.
    private func told(_ events: [Event], _ policy: PolicyBook) throws -> [String] {
        let begin = Chain.morning.adding(hours: 2)
        var pipeline = VirtualPipeline(
            stages: [IntakeStage(), RoutingStage(), HandlingStage()], policy: policy, start: begin)
        var told: [String] = []
        func note(_ notice: VirtualPipeline.Notice) throws {
            switch notice {
            case .emitted(let output, _):
                guard output.destination == .events else { return }
                // Why, and what a closing knows of other things, is told as far as it has arrived; and a response that
                // arrives behind the closing is late.
                let data = try JSON(parsing: output.body())["data"]?.members ?? []
                let apart = ["because", "respondedAt", "contactedAt"]
                let isResponse = output.event.data is CaseResponded
                let kept = data.filter { !apart.contains($0.name) && !(isResponse && $0.name == "late") }
                let text = String(decoding: JSON.object(kept).serialized, as: UTF8.self)
                told.append("\(output.event.type.rawValue) \(output.event.time) \(text)")
            case .deadLetter(_, let event, let code, _): told.append("\(event.id) is dead, \(code)")
            }
        }
        for (index, event) in events.enumerated() {
            try pipeline.run(instant: begin.adding(minutes: Int64(index)), events: [.init(event)], notice: note)
        }
        while let wake = pipeline.nextWake, wake <= begin.adding(days: 2) {
            try pipeline.run(instant: wake, events: [], notice: note)
        }
        return told.sorted()
    }

    @Test func `is told like that in the right order, but for what has come after the closing`() throws {
        let (policy, life) = (try Chain.policy(), life())
        let right = try told(life, policy)
        #expect(
            right.map { $0.prefix { $0 != " " } } == [
                "case.assigned", "case.close-blocked", "case.closed", "case.opened", "case.resolution-accepted",
                "case.responded",
                "compensation.authorised",
                "fund.disbursed",
            ])
        var outcomes: [[String]: Int] = [:]
        for order in orders(of: life) {
            let found = try told(order, policy)
            outcomes[found, default: 0] += 1
            func place(_ type: EventType) -> Int { order.firstIndex { $0.type == type } ?? 0 }
            // The first response to arrive is told; of those that wait for the complaint, the earlier one.
            let isContactFirst =
                place(ContactRecorded.type) < place(CaseAccepted.type)
                && place(ComplaintReceived.type) < place(CaseAccepted.type)
            let resolved = max(place(ComplaintReceived.type), place(CaseResolved.type))
            let archived = place(DocumentsArchived.type)
            let isRefused = place(CompensationRequested.type) > max(resolved, archived)
            // Nothing is paid on a closed case, and what misses its documents says so.
            let expected = right.filter { line in
                line.hasPrefix("case.close-blocked")
                    ? archived > resolved : !isRefused || !line.contains(#""requestId""#)
            }
            let isResponse = { (line: String) in line.hasPrefix("case.responded") }
            #expect(
                found.filter { !$0.hasPrefix("compensation.refused") && !isResponse($0) }
                    == expected.filter { !isResponse($0) }, "\(order.map(\.id))")
            #expect((found.filter(isResponse) == right.filter(isResponse)) != isContactFirst, "\(order.map(\.id))")
            #expect(found.count(where: isResponse) == 1, "\(order.map(\.id))")
            #expect(found.contains { $0.hasPrefix("compensation.refused") } == isRefused, "\(order.map(\.id))")
        }
        #expect(outcomes.count == 8, "paid or refused, blocked for a while or not, accepted or spoken with first")
    }
}

/// An event of every kind that refers to something, half a minute before that something.
@Suite struct `An event before what it refers to` {
    struct Scene: Sendable, CustomTestStringConvertible {
        let name: String
        /// What happens before, and what makes the reference known at `at`; nothing: a timer does.
        var before: [(Instant, any EventData)] = []
        var maker: (any EventData)?
        var at = Chain.morning
        /// What comes too early, in the order of its time.
        let early: @Sendable (Instant) -> [any EventData]
        /// By which its effect shows, and for how long it is waited for.
        var after: [(Instant, any EventData)] = []
        var days: Int64 = 11
        var testDescription: String { name }
    }

    private static let callback = Identifiers.callbackId(kind: CallbackKind.serviceFirst.rawValue, serviceId: "V1")
    private static let invitation = Identifiers.callbackId(
        kind: CallbackKind.customerEvent.rawValue, eventId: "E1", customer: 0)

    private static func proposal(_ rung: String, _ count: Int) -> String {
        Identifiers.proposalId(outletId: "O1", ladder: "monthly", period: "2026-11", rung: rung, count: count)
    }

    private static func call(at time: Instant, fault: CallbackCompleted.AtFault? = nil) -> CallbackCompleted {
        CallbackCompleted(
            callbackId: callback, attempt: 1, attemptAt: time, outcome: .reached, by: Chain.officer,
            satisfied: fault == nil, atFault: fault, manufacturerId: fault == .manufacturer ? "M1" : nil)
    }

    private static func problem(_ number: Int) -> ManufacturerProblemReported {
        ManufacturerProblemReported(
            problemId: "P\(number)", kind: .quality, manufacturerId: "M1", by: Chain.clerk, at: Chain.morning)
    }

    private static func handled(_ number: Int) -> ManufacturerIncidentHandled {
        ManufacturerIncidentHandled(incidentId: Identifiers.incidentId(of: "P\(number)"), by: Chain.officer)
    }

    private static func violation(_ number: Int, at time: Instant) -> ViolationReported {
        ViolationReported(
            violationId: "W\(number)", outletId: "O1", occurredAt: time, category: "manners", recordedBy: .hotline,
            by: Chain.officer)
    }

    /// So many are reported and upheld on Monday; they are weighed on Tuesday of the week after at 18:00.
    private static func violations(_ count: Int) -> [(Instant, any EventData)] {
        let monday = Chain.morning
        return (1...count).flatMap { number -> [(Instant, any EventData)] in
            [
                (monday, violation(number, at: monday)),
                (
                    monday.adding(hours: 1),
                    ViolationVerified(violationId: "W\(number)", upheld: true, by: Chain.colleague)
                ),
            ]
        }
    }

    private static let weighed = Chain.morning.adding(days: 8).adding(hours: 9)

    static let scenes = [
        Scene(name: "case.accepted", maker: Chain.complaint()) { _ in
            [CaseAccepted(caseId: Chain.caseId, by: Chain.clerk)]
        },
        Scene(
            name: "case.escalation-requested", maker: Chain.complaint(),
            early: { _ in [CaseEscalationRequested(caseId: Chain.caseId, by: Chain.clerk, reason: "Too hard.")] },
            days: 1),
        Scene(
            name: "contact.recorded", maker: Chain.complaint(),
            early: { at in
                [ContactRecorded.Party.factorySalesman, .brandRepresentative].map {
                    ContactRecorded(caseId: Chain.caseId, with: $0, by: Chain.clerk, at: at)
                }
            },
            after: [
                (
                    Chain.morning.adding(hours: 1),
                    CompensationRequested(
                        requestId: "Q1", caseId: Chain.caseId, amountFen: 100, cause: .manufacturer, by: Chain.clerk)
                )
            ]),
        Scene(name: "case.resolved", maker: Chain.complaint()) { [Chain.resolved(at: $0, documents: ["D1"])] },
        Scene(name: "documents.archived", maker: Chain.complaint()) {
            [
                DocumentsArchived(caseId: Chain.caseId, by: Chain.clerk, documents: ["D1"]),
                Chain.resolved(at: $0, documents: []),
            ]
        },
        Scene(name: "compensation.requested", maker: Chain.complaint()) { _ in [Chain.requested(30_000)] },
        Scene(
            name: "compensation.decided", before: [(Chain.morning, Chain.complaint())], maker: Chain.requested(50_001),
            at: Chain.morning.adding(hours: 1)
        ) { _ in [CompensationDecided(requestId: "Q1", approved: true, by: Chain.officer)] },
        Scene(
            name: "all of a payment", before: [(Chain.morning, Chain.complaint())], maker: Chain.requested(30_000),
            at: Chain.morning.adding(hours: 1)
        ) { _ in
            [
                IncidentReportSubmitted(requestId: "Q1", by: Chain.clerk, facts: "It burst."),
                LiabilityProposed(requestId: "Q1", by: Chain.officer, liable: .init(kind: .outlet, id: "O1")),
                LiabilityApproved(requestId: "Q1", by: Chain.colleague, approved: true),
                RecoveryBooked(requestId: "Q1", amountFen: 10_000, by: Chain.officer),
                WriteOffProposed(requestId: "Q1", amountFen: 20_000, by: Chain.officer, reason: "Insolvent."),
                WriteOffApproved(requestId: "Q1", by: Chain.judge, approved: true),
            ]
        },
        Scene(name: "callback.completed", maker: Chain.service()) { [call(at: $0, fault: .outlet)] },
        Scene(name: "feedback-form.submitted", maker: Chain.service()) {
            [FeedbackFormSubmitted(serviceId: "V1", by: Chain.clerk, at: $0)]
        },
        Scene(
            name: "letter.sent",
            maker: CustomerEventAnnounced(
                eventId: "E1", on: Chain.morning.date.adding(days: 20), title: "Open day",
                customers: [Customer(name: "Li", phone: "13800000001")]),
            early: { [LetterSent(callbackId: invitation, by: Chain.clerk, at: $0)] },
            after: [
                (
                    Chain.morning.adding(days: 7),
                    CallbackCompleted(
                        callbackId: invitation, attempt: 1, attemptAt: Chain.morning.adding(days: 7),
                        outcome: .reached, by: Chain.officer, letter: true)
                )
            ]),
        Scene(name: "violation.verified", maker: violation(1, at: Chain.morning)) { _ in
            [ViolationVerified(violationId: "W1", upheld: true, by: Chain.colleague)]
        },
        Scene(name: "penalty.decided", before: violations(2), at: weighed) { _ in
            [PenaltyDecided(proposalId: proposal("warning", 2), approved: true, by: Chain.judge)]
        },
        Scene(
            name: "rectification.reviewed", before: violations(3),
            maker: PenaltyDecided(proposalId: proposal("rectification", 3), approved: true, by: Chain.judge),
            at: weighed.adding(hours: 15)
        ) { _ in
            let notice = Identifiers.noticeId(proposalId: proposal("rectification", 3))
            return [RectificationReviewed(noticeId: notice, accepted: true, by: Chain.officer)]
        },
        Scene(
            name: "an appeal", before: violations(2),
            maker: PenaltyDecided(proposalId: proposal("warning", 2), approved: true, by: Chain.judge),
            at: weighed.adding(hours: 15)
        ) { _ in
            let notice = Identifiers.noticeId(proposalId: proposal("warning", 2))
            let lodger = Person(id: "senior", tier: "business")
            return [
                AppealLodged(noticeId: notice, by: lodger, grounds: "Not us."),
                AppealDecided(noticeId: notice, penaltyStands: false, by: Chain.judge),
            ]
        },
        Scene(
            name: "manufacturer-incident.handled", before: [(Chain.morning, Chain.service())],
            maker: call(at: Chain.morning.adding(days: 3), fault: .manufacturer), at: Chain.morning.adding(days: 3)
        ) { _ in
            [ManufacturerIncidentHandled(incidentId: Identifiers.incidentId(callbackId: callback), by: Chain.colleague)]
        },
        Scene(
            name: "replacement.decided",
            before: (1...3).map { (Chain.morning, problem($0)) } + (1...2).map { (Chain.morning, handled($0)) },
            maker: handled(3), at: Chain.morning.adding(hours: 1)
        ) { _ in
            let proposal = Identifiers.proposalId(replacementOf: "M1", quarter: "2026-Q4")
            return [ReplacementDecided(proposalId: proposal, approved: true, by: Chain.judge)]
        },
    ]

    private struct Run {
        /// The types of what the stages have told, sorted.
        var told: [String] = []
        var dead: [String] = []
        var waiting: [String] = []
    }

    private func run(_ events: [(Instant, any EventData)], until: Instant) throws -> Run {
        let input = events.enumerated().map { index, item in
            let event = Event(id: "e\(index)", source: "upstream", time: item.0, data: item.1)
            return Simulation.InputEvent(event: event, body: event.body())
        }
        var run = Run()
        try Simulation(stages: Pipeline.stages, policy: Chain.policy(), answers: nil).run(input, until: until) {
            switch $0 {
            case .emitted(let output, _):
                // Periods are reported all the same.
                let isTold = output.destination == .events && output.event.source != StageName.reports.source
                if isTold, !(output.event.data is CalendarMissing) { run.told.append(output.event.type.rawValue) }
            case .deadLetter(let stage, let event, let code, _): run.dead.append("\(stage) \(event.type) \(code)")
            case .waiting(let stage, let event): run.waiting.append("\(stage) \(event.type)")
            case .unrouted(let event): run.dead.append("\(event.type) unroutable")
            case .answered, .unanswered: break
            }
        }
        run.told.sort()
        return run
    }

    /// Half a minute before, or behind what they refer to; a second lies between each two of them.
    private func early(_ scene: Scene, from seconds: Int64) -> [(Instant, any EventData)] {
        let count = scene.early(scene.at).count
        return (0..<count).map { index in
            let time = scene.at.adding(seconds: seconds + Int64(index))
            return (time, scene.early(time)[index])
        }
    }

    @Test(arguments: scenes)
    func `waits for it, and then has the same effect`(scene: Scene) throws {
        let maker = scene.maker.map { [(scene.at, $0)] } ?? []
        let until = scene.at.adding(days: scene.days)
        let right = try run(scene.before + maker + early(scene, from: 1) + scene.after, until: until)
        let found = try run(early(scene, from: -30) + scene.before + maker + scene.after, until: until)
        // Nobody responds to a complaint before it was received (R40).
        let isResponse = scene.name == "case.accepted"
        #expect(found.told == right.told.filter { !isResponse || $0 != CaseResponded.type.rawValue })
        #expect(found.dead == [] && found.waiting == [])
        #expect(!found.told.contains(BusinessRejected.type.rawValue), "\(found.told)")
        let without = try run(scene.before + maker + scene.after, until: until)
        #expect(without.told != right.told, "the event has an effect to be seen")
    }

    @Test(arguments: scenes)
    func `that never comes is dead after 24 hours, at every stage that takes it`(scene: Scene) throws {
        let routes = Routes(Pipeline.stages)
        let events = early(scene, from: -30)
        let types = events.map { _, data in type(of: data).type }
        // To reports they are figures of their own.
        let takers = types.flatMap { type in
            routes.takers(fromInbox: type).filter { $0 != .reports }.map { "\($0) \(type)" }
        }.sorted()
        let last = try #require(events.last).0.adding(hours: 24)
        let before = try run(events, until: events[0].0.adding(hours: 24).adding(seconds: -1))
        #expect(before.told == [] && before.dead == [] && before.waiting.sorted() == takers)
        let after = try run(events, until: last)
        #expect(after.told == [] && after.waiting == [])
        #expect(after.dead.sorted() == takers.map { $0 + " unknown-reference" })
    }
}
