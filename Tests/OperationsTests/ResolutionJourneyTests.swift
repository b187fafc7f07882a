import Foundation
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
            return Simulation.InputEvent(event: event, json: try JSON(parsing: event.body()))
        }
        return try outputs(of: input, book, until: until)
    }

    private func outputs(
        of input: [Simulation.InputEvent], _ book: PolicyBook, until: String
    ) throws -> [OutgoingEvent] {
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
    private func journey(_ between: Between, _ last: Last) throws -> [(String, any EventData)] {
        var events: [(String, any EventData)] = [
            ("2026-11-02T09:00:00+08:00", try complaint("K1", at: "2026-11-02T09:00:00+08:00"))
        ]
        let isReopened = between == .reopened
        let request = CompensationRequested(
            requestId: "Q1", caseId: caseId, amountFen: 50_001, cause: .outlet, by: clerk)
        if last == .settledRequest, !isReopened { events.append(("2026-11-02T10:00:00+08:00", request)) }
        events.append(
            (
                "2026-11-02T12:00:00+08:00",
                try resolved(
                    by: clerk, at: "2026-11-02T12:00:00+08:00",
                    documents: last == .documents && !isReopened ? [] : ["D1"])
            ))
        switch between {
        case .nothing: break
        case .linkedMajor:
            let fire = try complaint("K2", at: "2026-11-02T15:00:00+08:00", hazards: ["fire"])
            events.append(("2026-11-02T15:00:00+08:00", fire))
        case .escalatedByRequest:
            let asked = CaseEscalationRequested(caseId: caseId, by: clerk, reason: "Too hard.")
            events.append(("2026-11-02T15:00:00+08:00", asked))
        case .endOfTerm: break
        case .reopened:
            let callback = Identifiers.callbackId(kind: CallbackKind.caseClosed.rawValue, caseId: caseId, closing: 1)
            let at = "2026-11-03T10:00:00+08:00"
            events.append(
                (
                    at,
                    CallbackCompleted(
                        callbackId: callback, attempt: 1, attemptAt: try #require(Instant(rfc3339: at)),
                        outcome: .reached, by: officer, satisfied: false)
                ))
            if last == .settledRequest { events.append(("2026-11-03T11:00:00+08:00", request)) }
        }
        switch last {
        case .documents:
            events.append(
                ("2026-11-05T16:00:00+08:00", DocumentsArchived(caseId: caseId, by: officer, documents: ["D2"])))
        case .settledRequest:
            events.append(
                ("2026-11-05T16:00:00+08:00", CompensationDecided(requestId: "Q1", approved: false, by: officer)))
        }
        return events
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

    @Test func `after the end of a term the lower place may not resolve, and its word of before still counts`() throws {
        var events: [(String, any EventData)] = [
            ("2026-11-02T09:00:00+08:00", try complaint("K1", at: "2026-11-02T09:00:00+08:00"))
        ]
        let after = "2026-11-04T10:00:00+08:00"
        events.append((after, try resolved(by: clerk, at: after, documents: ["D1"])))
        // Told a day later: it was found before the term was over.
        let late = try resolved(by: clerk, at: "2026-11-04T08:00:00+08:00", documents: ["D1"])
        events.append(("2026-11-05T08:00:00+08:00", late))
        let outputs = try simulate(events, until: "2026-11-06T00:00:00+08:00")
        #expect(outputs.compactMap { $0.event.data as? BusinessRejected }.map(\.reason) == ["wrong-tier"])
        let closed = try #require(outputs.first { $0.event.data is CaseClosed })
        #expect((closed.event.data as? CaseClosed)?.tier == .region)
        let accepted = try #require(outputs.first { $0.event.data is CaseResolutionAccepted })
        #expect(accepted.isLate)
    }

    @Test func `a resolution outlives no escalation`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let lines = try String(contentsOf: root.appending(path: "Inputs/stale-resolution.ndjson"), encoding: .utf8)
        let input = try lines.split(separator: "\n").map { line in
            let json = try JSON(parsing: Array(line.utf8))
            return Simulation.InputEvent(event: try Event.read(json), json: json)
        }
        let policy = root.deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/policy")
        func text(_ name: String) throws -> String {
            try String(contentsOf: policy.appending(path: name), encoding: .utf8)
        }
        let organisation = try text("organisation.yaml").replacing(/since: [0-9-]+/, with: "since: 2026-12-28")
        let files = PolicyFiles(
            policy: try text("policy.yaml"), organisation: organisation, calendar: try text("calendar.csv"))
        let book = try PolicyBook.load(files, currentYear: nil).get()
        let outputs = try outputs(of: input, book, until: "2026-03-03T00:00:00+08:00")
        #expect(closings(outputs) == [], "a paper must not close the case of a fire")
        let assigned = outputs.compactMap { $0.event.data as? CaseAssigned }
        #expect(assigned.map { "\($0.tier) \($0.reason?.rawValue ?? "")" } == ["store opened", "hq escalated"])
    }
}
