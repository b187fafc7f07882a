import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Policy
@testable import Runtime

/// What comes long after its time to a stage that has been at rest since: what meets a deadline lies behind what sets it, in
/// the queue or in the waiting room.
@Suite struct LateArrivalTests {
    private let start = Instant(seconds: 1_793_592_000)
    private let officer = Person(id: "officer", tier: "hq")
    /// When everything comes: the stage's watermark has long passed all of it.
    private var clock: Instant { start.adding(days: 10) }
    private let store = MemoryStore()

    private func inbound(_ id: String, _ data: any EventData, at time: Instant) throws -> InboundEvent {
        let event = Event(id: id, source: "upstream", time: time, data: data)
        return InboundEvent(event: event, body: event.body())
    }

    private func opened(_ hazards: [String]? = nil) throws -> InboundEvent {
        let complaint = ComplaintReceived(
            complaintId: "K1", channel: "hotline", receivedAt: start, customer: Customer(name: "Li", phone: "1380"),
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), description: "It leaks.",
            remedy: "repair", hazards: hazards)
        let opened = CaseOpened(
            caseId: "C1", complaintId: "K1", openedAt: start, complaint: complaint,
            cluster: .init(phones: 1, major: false))
        return try inbound("opened", opened, at: start)
    }

    private func accepted(at time: Instant) throws -> InboundEvent {
        try inbound("accepted", CaseAccepted(caseId: "C1", by: officer), at: time)
    }

    private func spoken(at time: Instant) throws -> InboundEvent {
        try inbound("spoken", ContactRecorded(caseId: "C1", with: .customer, by: officer, at: time), at: time)
    }

    private func resolved(
        _ id: String = "resolved", of caseId: String = "C1", at time: Instant
    ) throws -> InboundEvent {
        let resolved = CaseResolved(
            caseId: caseId, by: officer, resolvedAt: time, solution: "New pump.", liability: .nobody, documents: ["d"])
        return try inbound(id, resolved, at: time)
    }

    /// - Parameter taken: how many of those that wait one transaction takes.
    private func processor(taken: Int = 256) -> BatchProcessor {
        var waiting = WaitingLimits()
        waiting.taken = taken
        return BatchProcessor(
            runner: StageRunner(
                stage: RoutingStage(),
                policy: PolicyBook(
                    version: "test", rules: RuleSwitches(off: [.r24, .r43]),
                    organisation: Organisation(hq: .init(duty: "officer", people: nil)),
                    calendar: WorkCalendar(exceptions: [start.date: .holiday]))),
            worker: "one", waiting: waiting)
    }

    private func take(_ events: [InboundEvent], by processor: BatchProcessor) throws -> BatchResult {
        let clock = clock
        return try store.writeNow {
            try processor.process(events, confirmed: [], clock: clock, clockRuns: true, in: $0)
        }
    }

    /// - Parameter watermark: up to when the stage is known to have been at rest.
    private func timers(_ watermark: Instant, _ processor: BatchProcessor) throws -> BatchResult {
        let reading = ClockReading(now: clock.adding(minutes: 1))
        return try store.writeNow {
            try processor.processTimers(
                confirmed: [], marks: Marks(own: watermark, before: watermark), reading: reading, limit: 10, in: $0)
        }
    }

    private var told: [String] {
        get throws {
            try store.readNow { try $0.journal(after: 0, limit: 100, withBodies: false) }
                .flatMap(\.outputs).filter { $0.exchange == ExchangeName.events }.map(\.type)
        }
    }

    // MARK: In the queue

    @Test func `A deadline that an event sets in the past waits until the stage has been at rest since`() throws {
        let processor = processor()
        _ = try take([opened()], by: processor)
        #expect(try timers(clock.adding(seconds: -1), processor).timers == 0)
        // What was behind it in the queue.
        _ = try take([resolved(at: start.adding(days: 1))], by: processor)
        #expect(try timers(clock.adding(minutes: 1), processor).timers == 0)
        #expect(try told == ["case.assigned", "case.resolution-accepted"])
    }

    @Test func `At rest it acts, with its own time`() throws {
        let processor = processor()
        _ = try take([opened()], by: processor)
        #expect(try timers(clock, processor).timers == 1)
        let entry = try store.readNow { try $0.journal(after: 0, limit: 9, withBodies: false) }.last
        #expect(entry?.outputs.map(\.type) == ["case.overdue"] && entry?.now == start.adding(days: 5))
    }

    @Test func `One that an event does not move stays due when it was`() throws {
        let processor = processor()
        _ = try take([opened()], by: processor)
        var record = try #require(try store.readNow { try $0.record(RoutedCase.key("C1")) })
        #expect(record.wakeAt == clock)
        let own = try #require(try RecordCoding.live(record, of: RoutingStage()).value.wake?.at)
        record.wakeAt = own
        try store.writeNow { [record] in try $0.save([record]) }
        _ = try take([spoken(at: start.adding(minutes: 9))], by: processor)
        let after = try #require(try store.readNow { try $0.record(RoutedCase.key("C1")) })
        let moved = try RecordCoding.live(after, of: RoutingStage()).value.wake?.at
        #expect(after.version > record.version && after.wakeAt == (moved == own ? own : clock))
        #expect(moved == own, "the contact is no answer to the term that ends first")
    }

    @Test func `What an event sets in the past behind a timer that is due already waits as well`() throws {
        let processor = processor()
        _ = try take([opened(["fire"])], by: processor)
        // As if the case had come long ago: its first timer is due, and held for some reason.
        var record = try #require(try store.readNow { try $0.record(RoutedCase.key("C1")) })
        record.wakeAt = try RecordCoding.live(record, of: RoutingStage()).value.wake?.at
        record.settledAt = nil
        try store.writeNow { [record] in try $0.save([record]) }
        _ = try take([spoken(at: start.adding(minutes: 9))], by: processor)
        let before = clock.adding(seconds: -1)
        #expect(try timers(before, processor).timers == 1)
        #expect(try timers(before, processor).timers == 0, "its next deadline lies in the past")
        #expect(try store.readNow { try $0.record(RoutedCase.key("C1")) }?.wakeAt == clock)
        #expect(try timers(clock, processor).timers == 1)
    }

    // MARK: Named by a complaint that is not linked yet

    @Test func `As long as an event waits for a case that intake may link, deadlines of cases wait for intake`() throws
    {
        let processor = processor()
        _ = try take([opened(), resolved(of: "L", at: start.adding(days: 1))], by: processor)
        func poll(intake: Instant) throws -> Int {
            let reading = ClockReading(now: clock.adding(minutes: 1))
            let marks = Marks(own: clock, before: .distantPast, word: intake)
            return try store.writeNow {
                try processor.processTimers(confirmed: [], marks: marks, reading: reading, limit: 10, in: $0).timers
            }
        }
        #expect(try poll(intake: start) == 0)
        let complaint = ComplaintReceived(
            complaintId: "K2", channel: "hotline", receivedAt: start, customer: Customer(name: "Li", phone: "1380"),
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), description: "Still.",
            remedy: "repair")
        let linked = CaseDuplicateLinked(caseId: "L", complaintId: "K2", openCaseId: "C1", complaint: complaint)
        _ = try take([inbound("linked", linked, at: start)], by: processor)
        #expect(try poll(intake: clock) == 0)
        #expect(try told == ["case.assigned", "case.resolution-accepted"])
    }

    @Test func `Without one they do not wait for it`() throws {
        let processor = processor()
        _ = try take([opened()], by: processor)
        let reading = ClockReading(now: clock.adding(minutes: 1))
        let result = try store.writeNow { [clock] in
            try processor.processTimers(
                confirmed: [], marks: Marks(own: clock, before: .distantPast), reading: reading, limit: 10, in: $0)
        }
        #expect(result.timers == 1)
    }

    // MARK: In the waiting room

    @Test func `Where the room is full, what a rule refuses in the end is refused, and no dead letter`() throws {
        var waiting = WaitingLimits()
        waiting.events = 0
        let full = BatchProcessor(runner: processor().runner, worker: "one", waiting: waiting)
        let closed = CaseClosed(
            caseId: "C1", complaintId: "K1", closedAt: start.adding(days: 1), closing: 1,
            customer: Customer(name: "Li", phone: "1380"),
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), liability: .nobody, tier: .hq)
        _ = try take(
            [opened(), resolved(at: start.adding(days: 1)), inbound("closed", closed, at: start.adding(days: 1))],
            by: full)
        var again = try resolved("again", at: start.adding(days: 3))
        let fates = try take([again], by: full).fates
        guard case .unknownReference(let what)? = fates.first else {
            Issue.record("\(fates)")
            return
        }
        #expect(what.hasSuffix("the waiting room is full"))
        again.isLast = true
        #expect(try take([again], by: full).fates == [.refused])
    }

    @Test func `What a full transaction has left waiting goes before the timers of its case`() throws {
        let processor = processor(taken: 1)
        _ = try take([accepted(at: start.adding(minutes: 9)), resolved(at: start.adding(days: 1))], by: processor)
        #expect(try take([opened(["fire"])], by: processor).hasMoreWaiting)
        let result = try timers(clock, processor)
        #expect(result.timers == 0)
        #expect(try told == ["case.assigned", "crisis.alerted", "case.resolution-accepted"])
    }

    @Test func `It is not taken for an event of the future, where timers act long after their time`() throws {
        let processor = processor(taken: 1)
        let late = start.adding(days: 9)
        _ = try take([accepted(at: start.adding(minutes: 9)), spoken(at: late)], by: processor)
        _ = try take([opened(["fire"])], by: processor)
        // By patience: the term of headquarters has ended, and the stage has come no further.
        var stored = try #require(try store.readNow { try $0.record(RoutedCase.key("C1")) })
        stored.wakeAt = start.adding(days: 5)
        let (marks, reading) = (Marks(own: start.adding(days: 6), before: .limit), ClockReading(now: clock))
        try store.writeNow { [stored] in
            try $0.save([stored])
            _ = try processor.processTimers(confirmed: [], marks: marks, reading: reading, limit: 10, in: $0)
        }
        #expect(!(try told).contains("business.rejected"))
        #expect(try store.readNow { try $0.waitingCount() }.events == 0)
    }

    @Test func `What waits for no record is not left behind by a full transaction`() throws {
        let processor = processor(taken: 1)
        let closed = CaseClosed(
            caseId: "C1", complaintId: "K1", closedAt: start.adding(days: 1), closing: 1,
            customer: Customer(name: "Li", phone: "1380"),
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), liability: .nobody, tier: .hq)
        let again = [try resolved("2", at: start.adding(days: 3)), try resolved("3", at: start.adding(days: 4))]
        _ = try take(
            [opened(), resolved(at: start.adding(days: 1)), inbound("closed", closed, at: start.adding(days: 1))]
                + again,
            by: processor)
        #expect(try store.readNow { try $0.waitingCount() }.events == 2)
        let reopened = CaseReopened(caseId: "C1", complaintId: "K1", tier: .hq, closing: 1)
        #expect(try take([inbound("reopened", reopened, at: start.adding(days: 2))], by: processor).hasMoreWaiting)
        #expect(try store.readNow { try $0.waitingForKnown(limit: 9) }.count == 1, "whoever looks finds it")
        try store.writeNow { [clock] in
            _ = try processor.processWaiting(
                .together, clock: clock, clockRuns: true, marks: Marks(atRest: clock), allowsEnds: true, wall: clock,
                limit: 10, in: $0)
        }
        #expect(try store.readNow { try $0.waitingCount() }.events == 0)
    }
}
