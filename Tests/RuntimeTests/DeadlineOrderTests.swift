import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Policy
@testable import Runtime

/// What a running clock does to deadlines: an event that is found before its timer, and a timer that waits for a stage at
/// rest.
@Suite struct DeadlineOrderTests {
    private let start = Instant(seconds: 1_793_592_000)
    private let officer = Person(id: "officer", tier: "hq")

    private func inbound(_ id: String, _ data: any EventData, at time: Instant) throws -> InboundEvent {
        let event = Event(id: id, source: "upstream", time: time, data: data)
        return InboundEvent(event: event, body: event.body())
    }

    private func opened() -> CaseOpened {
        let complaint = ComplaintReceived(
            complaintId: "K1", channel: "hotline", receivedAt: start, customer: Customer(name: "Li", phone: "1380"),
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), description: "It leaks.",
            remedy: "repair")
        return CaseOpened(
            caseId: "C1", complaintId: "K1", openedAt: start, complaint: complaint,
            cluster: .init(phones: 1, major: false))
    }

    private func processor(_ stage: any Stage) -> BatchProcessor {
        BatchProcessor(
            runner: StageRunner(
                stage: stage,
                policy: PolicyBook(
                    version: "test", rules: RuleSwitches(off: [.r43]),
                    organisation: Organisation(hq: .init(duty: "officer", people: nil)),
                    calendar: WorkCalendar(exceptions: [start.date: .holiday]))),
            worker: "one")
    }

    // MARK: Found before its timer

    private var resolvedAt: Instant { start.adding(days: 5).adding(seconds: 1) }

    private func resolved() throws -> InboundEvent {
        try inbound(
            "2",
            CaseResolved(
                caseId: "C1", by: officer, resolvedAt: resolvedAt, solution: "New pump.", liability: .nobody,
                documents: []),
            at: resolvedAt)
    }

    /// The journal of routing: the term of headquarters ends after five days, and the resolution comes a second later.
    private func journal(isPolled: Bool) throws -> [JournalEntry] {
        let processor = processor(RoutingStage())
        let store = MemoryStore()
        let (first, second) = (try inbound("1", opened(), at: start), try resolved())
        let (start, clock) = (start, resolvedAt.adding(seconds: 3))
        try store.writeNow { _ = try processor.process([first], confirmed: [], clock: start, in: $0) }
        if isPolled {
            try store.writeNow {
                _ = try processor.processTimers(
                    confirmed: [], marks: Marks(atRest: clock), wall: clock, limit: 10, in: $0)
            }
        }
        let result = try store.writeNow { try processor.process([second], confirmed: [], clock: clock, in: $0) }
        #expect(result.fates == [.applied] && result.timers == (isPolled ? 0 : 1))
        return try store.readNow { try $0.journal(after: 0, limit: 100, withBodies: true) }
    }

    /// All of an entry but the numbers of persons, which are drawn by lot.
    private func told(_ entry: JournalEntry) -> [String] {
        var told = ["\(entry.number) \(entry.fate) \(entry.now) \(entry.isLate)"]
        told.append("\(entry.policyVersion) \(entry.records)")
        switch entry.input {
        case .event(let source, let id, let type, let digest, let body):
            told += ["\(source) \(id) \(type) \(digest)", String(decoding: body, as: UTF8.self)]
        case .timer(let key, let at, let order): told.append("\(key) \(at) \(order)")
        }
        for output in entry.outputs {
            told += ["\(output.id) \(output.type) \(output.exchange) \(output.routingKey) \(output.correlation ?? "")"]
            told.append(String(decoding: output.body, as: UTF8.self))
        }
        return told.map { $0.replacing(/"~[0-9]+\./, with: "\"~person.") }
    }

    @Test func `The journal is the same whether the timers were polled or an event was found first`() throws {
        let entries = try journal(isPolled: false)
        #expect(
            entries.map { $0.outputs.map(\.type) } == [
                ["case.assigned", "case.assigned"], ["case.overdue"], ["case.resolution-accepted"],
            ])
        #expect(try entries.map(told) == journal(isPolled: true).map(told))
    }

    @Test(arguments: [(-60, ["intake: timer a 0", "intake: a"]), (0, ["intake: a", "intake: timer a 0"])])
    func `So it is in virtual time, where only what was due before the beginning is left over`(
        seconds: Int, expected: [String]
    ) throws {
        let wake = ProbeRecord.Moment(at: start.adding(seconds: Int64(seconds)), order: 0)
        var pipeline = VirtualPipeline(
            stages: [ProbeStage<FirstProbe>(records: [("a", [wake])])], policy: ProbePolicy.book, start: start)
        var notes: [String] = []
        let accepted = Event(
            id: "1", source: "upstream", time: start, data: CaseAccepted(caseId: "a", by: officer))
        try pipeline.run(instant: start, events: [.init(accepted)]) { notice in
            if case .emitted(let output, _) = notice { notes.append((output.event.data as? ProbeNote)?.text ?? "") }
        }
        #expect(notes == expected)
    }

    // MARK: At rest

    private func requested() throws -> InboundEvent {
        try inbound(
            "2",
            CompensationRequested(
                requestId: "Q1", caseId: "C1", amountFen: 100, cause: .manufacturer, by: officer),
            at: start)
    }

    /// A request without its contacts, processed a minute after its time.
    private func waiting() throws -> (BatchProcessor, MemoryStore) {
        let processor = processor(HandlingStage())
        let store = MemoryStore()
        let inputs = [try inbound("1", opened(), at: start), try requested()]
        let clock = start.adding(minutes: 1)
        let result = try store.writeNow { try processor.process(inputs, confirmed: [], clock: clock, in: $0) }
        #expect(result.fates == [.applied, .applied] && result.timers == 0)
        return (processor, store)
    }

    private func poll(_ processor: BatchProcessor, _ store: MemoryStore, _ marks: Marks) throws -> [String] {
        try store.writeNow { try processor.processTimers(confirmed: [], marks: marks, limit: 10, in: $0) }
            .rows.map(\.output.type)
    }

    @Test func `A request without contacts is looked at once the stage and those before it are at rest at its time`()
        throws
    {
        let (processor, store) = try waiting()
        let later = start.adding(minutes: 9)
        #expect(try poll(processor, store, Marks(own: start.adding(seconds: -1), before: later)) == [])
        #expect(try poll(processor, store, Marks(own: later, before: start.adding(seconds: -1))) == [])
        #expect(try poll(processor, store, Marks(own: later, before: later, word: start.adding(seconds: -1))) == [])
        // Callback is away.
        let marks = Marks(own: start, before: .distantPast, word: start)
        #expect(try poll(processor, store, marks) == ["compensation.refused"])
        let entry = try #require(try store.readNow { try $0.journal(after: 0, limit: 9, withBodies: false) }.last)
        #expect(entry.now == start, "a timer acts with its due time")
    }

    @Test func `One that an older release has stored is held all the same`() throws {
        let (processor, store) = try waiting()
        var stored = try #require(try store.readNow { try $0.record(AdvanceRequest.key("Q1")) })
        #expect(stored.isMetByOthers)
        stored.isMetByOthers = false
        try store.writeNow { [stored] in try $0.save([stored]) }
        let marks = Marks(own: start.adding(minutes: 9), before: .distantPast)
        #expect(try poll(processor, store, marks) == [])
        #expect(try store.readNow { try $0.record(AdvanceRequest.key("Q1")) }?.isMetByOthers == true)
        #expect(try store.readNow { try !$0.hasDue(now: marks.own, later: marks.withWord, wall: start) })
    }

    @Test func `Contacts that arrive meanwhile count, and no later event runs the look before them`() throws {
        let (processor, store) = try waiting()
        let contacts = try [ContactRecorded.Party.factorySalesman, .brandRepresentative].map { party in
            try inbound(
                "with-\(party)", ContactRecorded(caseId: "C1", with: party, by: officer, at: start), at: start)
        }
        let clock = start.adding(minutes: 2)
        let accepted = try inbound("3", CaseAccepted(caseId: "C1", by: officer), at: start.adding(seconds: 90))
        try store.writeNow {
            _ = try processor.process([accepted] + contacts, confirmed: [], clock: clock, in: $0)
        }
        #expect(try poll(processor, store, Marks(atRest: clock)) == ["compensation.pending"])
    }

    @Test func `A timer that an event sets in the past waits for the stage to be at rest`() throws {
        let processor = processor(RoutingStage())
        let store = MemoryStore()
        let (first, clock) = (try inbound("1", opened(), at: start), start.adding(days: 5).adding(hours: 1))
        let result = try store.writeNow { try processor.process([first], confirmed: [], clock: clock, in: $0) }
        #expect(result.timers == 0)
        // What meets its deadline was behind it in the queue.
        let inTime = try inbound(
            "2",
            CaseResolved(
                caseId: "C1", by: officer, resolvedAt: start.adding(days: 4), solution: "New pump.",
                liability: .nobody, documents: []),
            at: start.adding(days: 4))
        try store.writeNow { _ = try processor.process([inTime], confirmed: [], clock: clock, in: $0) }
        let types = try poll(processor, store, Marks(atRest: clock))
        #expect(!types.contains("case.overdue"))
    }
}
