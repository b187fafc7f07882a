import Operations
import Policy
import Schema
import Stages
import Store
import Testing

/// Resolutions through all stages, on virtual time: what happens to a resolved case before it closes, and what completes
/// it then.
@Suite struct ResolutionJourneyTests {
    /// What comes between a resolution and what completes it.
    enum Between: String, CaseIterable, Sendable {
        case nothing, linkedMajor, escalatedByRequest, endOfTerm, reopened
    }

    /// What a resolved case still lacks.
    enum Last: String, CaseIterable, Sendable {
        case documents, settledRequest
    }

    private static let policy = """
        version: journey
        """
    private static let organisation = """
        since: 2027-01-01
        hq: {duty: boss, people: [boss, officer]}
        regions: [{id: R1, duty: regional, people: [regional]}]
        stores: [{id: S1, region: R1, serviceSupervisor: clerk, people: [clerk]}]
        """
    private static let calendar = "date,kind\n2026-01-01,holiday_weekday\n"

    private let clerk = Person(id: "clerk", tier: "store", storeId: "S1")
    private let regional = Person(id: "regional", tier: "region", regionId: "R1")
    private let officer = Person(id: "officer", tier: "hq")
    private let caseId = Identifiers.caseId(source: "upstream", complaintId: "K1")

    private func simulate(_ events: [(String, any EventData)], until: String) throws -> [OutgoingEvent] {
        let files = PolicyFiles(policy: Self.policy, organisation: Self.organisation, calendar: Self.calendar)
        let book = try PolicyBook.load(files, currentYear: nil).get()
        let input = try events.enumerated().map { index, item in
            let event = Event(
                id: "e\(index)", source: "upstream", time: try #require(Instant(rfc3339: item.0)), data: item.1)
            return Simulation.InputEvent(event: event, body: event.body())
        }
        var found: [OutgoingEvent] = []
        try Simulation(stages: Pipeline.stages, policy: book, answers: nil).run(
            input, until: #require(Instant(rfc3339: until))
        ) { output in
            switch output {
            case .emitted(let event, _): if event.destination == .events { found.append(event) }
            case .deadLetter(let stage, let event, let code, let cause):
                Issue.record("\(stage): \(event.type) \(event.id) is dead, \(code): \(cause)")
            case .waiting(let stage, let event):
                Issue.record("\(stage): \(event.event.id) waits for \(event.reference)")
            case .unrouted(let event): Issue.record("no stage takes \(event.type) \(event.id)")
            case .answered, .unanswered: break
            }
        }
        return found
    }

    private func complaint(_ id: String, at time: String, hazards: [String]? = nil) throws -> ComplaintReceived {
        ComplaintReceived(
            complaintId: id, channel: "hotline", receivedAt: try #require(Instant(rfc3339: time)),
            customer: Customer(name: "Li", phone: "13800000001"), storeId: "S1",
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), description: "It leaks.",
            remedy: "repair", hazards: hazards)
    }

    private func resolved(by: Person, at time: String, documents: [String]) throws -> CaseResolved {
        CaseResolved(
            caseId: caseId, by: by, resolvedAt: try #require(Instant(rfc3339: time)), solution: "New pump.",
            liability: .nobody, documents: documents)
    }

    /// What happens until the case lacks `last` alone, what comes then, and what it lacked.
    ///
    /// - Parameter isToldLate: the resolution is told only after what comes between; then another one is reopened.
    private func journey(
        _ between: Between, _ last: Last, isToldLate: Bool = false
    ) throws -> [(String, any EventData)] {
        let (morning, noon, fire) = (
            "2026-11-02T09:00:00+08:00", "2026-11-02T12:00:00+08:00", "2026-11-02T15:00:00+08:00"
        )
        var events: [(String, any EventData)] = [(morning, try complaint("K1", at: morning))]
        let isReopened = between == .reopened
        let request = CompensationRequested(
            requestId: "Q1", caseId: caseId, amountFen: 50_001, cause: .outlet, by: clerk)
        if last == .settledRequest, !isReopened { events.append(("2026-11-02T10:00:00+08:00", request)) }
        let documents = last == .documents ? [] : ["D1"]
        if !isToldLate || isReopened {
            events.append((noon, try resolved(by: clerk, at: noon, documents: isReopened ? ["D1"] : documents)))
        }
        switch between {
        case .nothing, .endOfTerm: break
        case .linkedMajor: events.append((fire, try complaint("K2", at: fire, hazards: ["fire"])))
        case .escalatedByRequest:
            events.append((fire, CaseEscalationRequested(caseId: caseId, by: clerk, reason: "Too hard.")))
        case .reopened: events += try dissatisfaction(last == .settledRequest ? request : nil)
        }
        if isToldLate {
            // The store's term has ended at 09:00.
            let told = between == .nothing ? fire : "2026-11-04T16:00:00+08:00"
            let found = "2026-11-02T12:30:00+08:00"
            events.append((told, try resolved(by: clerk, at: found, documents: documents)))
        }
        events.append(completion(last))
        return events
    }

    /// A call that reopens the closed case, and what is requested behind it.
    private func dissatisfaction(_ request: CompensationRequested?) throws -> [(String, any EventData)] {
        let callback = Identifiers.callbackId(kind: CallbackKind.caseClosed.rawValue, caseId: caseId, closing: 1)
        let at = "2026-11-03T10:00:00+08:00"
        let call = CallbackCompleted(
            callbackId: callback, attempt: 1, attemptAt: try #require(Instant(rfc3339: at)), outcome: .reached,
            by: officer, satisfied: false)
        return [(at, call)] + (request.map { [("2026-11-03T11:00:00+08:00", $0)] } ?? [])
    }

    private func completion(_ last: Last) -> (String, any EventData) {
        let time = "2026-11-05T16:00:00+08:00"
        switch last {
        case .documents: return (time, DocumentsArchived(caseId: caseId, by: officer, documents: ["D2"]))
        case .settledRequest: return (time, CompensationDecided(requestId: "Q1", approved: false, by: officer))
        }
    }

    private func closings(_ outputs: [OutgoingEvent]) -> [String] {
        outputs.compactMap { $0.event.data as? CaseClosed }.map { "\($0.closing) \($0.closedAt)" }
    }

    @Test(arguments: Between.allCases, Last.allCases)
    func `what completes a resolved case closes it, unless it must be resolved anew`(
        between: Between, last: Last
    ) throws {
        let outputs = try simulate(journey(between, last), until: "2026-11-06T00:00:00+08:00")
        switch between {
        case .nothing, .escalatedByRequest, .endOfTerm:
            // Resolved, no term ends, and nobody takes the case up by asking.
            #expect(closings(outputs) == ["1 2026-11-05T16:00:00+08:00"])
            let rejected = outputs.compactMap { $0.event.data as? BusinessRejected }.map(\.reason)
            #expect(rejected == (between == .escalatedByRequest ? ["case-resolved"] : []))
        case .linkedMajor: #expect(closings(outputs) == [])
        case .reopened: #expect(closings(outputs) == ["1 2026-11-02T12:00:00+08:00"])
        }
    }

    @Test(arguments: [Between.linkedMajor, .reopened], Last.allCases)
    func `resolved anew, it closes, with the documents that stayed listed`(between: Between, last: Last) throws {
        var events = try journey(between, last)
        let time = "2026-11-06T10:00:00+08:00"
        // A reopening has cleared them, where they were not listed again since.
        let documents = between == .reopened && last == .settledRequest ? ["D3"] : []
        events.append((time, try resolved(by: officer, at: time, documents: documents)))
        let outputs = try simulate(events, until: "2026-11-06T12:00:00+08:00")
        #expect(closings(outputs).last == (between == .reopened ? "2 " : "1 ") + time)
        #expect(outputs.compactMap { $0.event.data as? CaseClosed }.last?.by == "officer")
    }

    @Test(arguments: Between.allCases, Last.allCases)
    func `told late, it is judged by the place of its time, and what completes it closes the case`(
        between: Between, last: Last
    ) throws {
        let outputs = try simulate(journey(between, last, isToldLate: true), until: "2026-11-06T00:00:00+08:00")
        let accepted = outputs.filter { $0.event.data is CaseResolutionAccepted }
        let reasons = outputs.compactMap { $0.event.data as? BusinessRejected }.map(\.reason)
        guard between != .reopened else {
            // Older than the reopening, it has no case to resolve.
            #expect(reasons == ["case-closed"] && accepted.count == 1)
            #expect(closings(outputs) == ["1 2026-11-02T12:00:00+08:00"])
            return
        }
        #expect(reasons == [] && accepted.count == 1)
        if between == .endOfTerm { #expect(accepted.allSatisfy { $0.isLate }) }
        #expect(closings(outputs) == ["1 2026-11-05T16:00:00+08:00"])
        let tiers: [Between: HandlerTier] = [.nothing: .store, .linkedMajor: .hq]
        #expect(outputs.compactMap { $0.event.data as? CaseClosed }.map(\.tier) == [tiers[between] ?? .region])
    }

    @Test func `after the end of a term the lower place may not resolve`() throws {
        var events: [(String, any EventData)] = [
            ("2026-11-02T09:00:00+08:00", try complaint("K1", at: "2026-11-02T09:00:00+08:00"))
        ]
        let after = "2026-11-04T10:00:00+08:00"
        events.append((after, try resolved(by: clerk, at: after, documents: ["D1"])))
        let outputs = try simulate(events, until: "2026-11-06T00:00:00+08:00")
        #expect(outputs.compactMap { $0.event.data as? BusinessRejected }.map(\.reason) == ["wrong-tier"])
        #expect(closings(outputs) == [])
    }
}
