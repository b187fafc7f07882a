import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// What no step has taken is found, and only what is to blame dies.
@Suite struct WaitingRoomTests {
    private static let noon = Instant(seconds: 1_793_592_000)
    private let store = MemoryStore()

    private func processor(taken: Int = 256, release: Int = Release.number) -> BatchProcessor {
        var limits = WaitingLimits()
        limits.taken = taken
        return BatchProcessor(
            runner: StageRunner(stage: ProbeStage<FirstProbe>(), policy: ProbePolicy.book), worker: "one",
            waiting: limits, release: release)
    }

    private func inbound(_ subject: String, after seconds: Int64 = 0, isAlone: Bool = false) throws -> InboundEvent {
        let time = Self.noon.adding(seconds: -100 + seconds)
        let event = Event(
            id: "\(subject):\(seconds)", source: "upstream", time: time,
            data: CaseAccepted(caseId: subject, by: Person(id: "someone", tier: "hq")))
        var inbound = InboundEvent(event: event, body: event.body())
        inbound.isAlone = isAlone
        return inbound
    }

    @discardableResult
    private func take(_ inputs: [InboundEvent], _ processor: BatchProcessor) throws -> BatchResult {
        try store.writeNow { try processor.process(inputs, confirmed: [], clock: Self.noon, in: $0) }
    }

    private func look(_ care: WaitingCare, _ processor: BatchProcessor, at clock: Instant = noon) throws -> BatchResult
    {
        try store.writeNow {
            try processor.processWaiting(
                care, clock: clock, clockRuns: false, marks: Marks(atRest: clock), allowsEnds: true, wall: clock,
                limit: 10, in: $0)
        }
    }

    private var applied: [String] {
        get throws {
            try store.readNow { try $0.journal(after: 0, limit: 100, withBodies: false) }.compactMap { entry in
                if case .event(_, let id, _, _, _) = entry.input { id } else { nil }
            }
        }
    }

    private var waiting: Int { get throws { try store.readNow { try $0.waitingCount().events } } }

    @Test(arguments: ["needs-x", "awaits-x"])
    func `What a lone event leaves behind is taken by the next look`(_ subject: String) throws {
        let processor = processor()
        #expect(try take([try inbound(subject)], processor).fates == [.waiting])
        let opener = subject == "needs-x" ? "makes-x" : "names-x"
        #expect(try take([try inbound(opener, isAlone: true)], processor).fates == [.applied])
        #expect(try waiting == 1)
        let looked = try look(.together, processor)
        #expect(!looked.hasMoreWaiting && looked.dying.isEmpty, "\(looked.dying.map(\.reason))")
        #expect(try waiting == 0)
        #expect(try applied == ["\(opener):0", "\(subject):0"])
    }

    @Test(arguments: ["needs-x", "awaits-x"])
    func `What a full transaction leaves behind goes before the next event about it`(_ subject: String) throws {
        let processor = processor(taken: 2)
        try take(try (1...3).map { try inbound(subject, after: $0) }, processor)
        let opener = subject == "needs-x" ? "makes-x" : "names-x"
        let next = try inbound(subject, after: 9)
        let result = try take([try inbound(opener), next], processor)
        #expect(result.fates == [.applied, .deferred] && result.hasMoreWaiting)
        #expect(try take([next], processor).fates == [.applied])
        #expect(try applied == ["\(opener):0"] + [1, 2, 3, 9].map { "\(subject):\($0)" })
        #expect(try waiting == 0)
    }

    @Test func `One that waits for a second thing goes when that comes with the first`() throws {
        let processor = processor()
        let inputs = [try inbound("both-x", after: 1), try inbound("namer-x", after: 2)]
        #expect(try take(inputs, processor).fates == [.waiting, .waiting])
        #expect(try take([try inbound("makes-x")], processor).fates == [.applied])
        #expect(try applied == ["makes-x:0", "namer-x:2", "both-x:1"])
        #expect(try waiting == 0)
    }

    @Test func `Only the event dies that has broken the transaction by itself`() throws {
        let processor = processor()
        let (first, second) = (try inbound("needs-x", after: 1), try inbound("needs-x", after: 2))
        try take([first, second], processor)
        try take([try inbound("makes-x", isAlone: true)], processor)
        #expect(try look(.singly(nil), processor).nextWaiting == first.key)
        // Another worker has decided the first meanwhile.
        #expect(try look(.singly(first.key), processor).nextWaiting == second.key)
        let late = try look(.letDie(first.key, cause: "refused"), processor)
        #expect(late.dying.isEmpty && late.nextWaiting == second.key)
        let guilty = try look(.letDie(second.key, cause: "refused"), processor)
        #expect(guilty.dying.map(\.event) == [second.key] && guilty.nextWaiting == nil)
        #expect(try applied == ["makes-x:0", "needs-x:1"])
    }

    @Test func `What an older release has made known is found beside it, though no record tells of it`() throws {
        let processor = processor()
        try take([try inbound("awaits-x"), try inbound("awaits-y"), try inbound("needs-z")], processor)
        // A worker that knows no waiting room takes what makes x and z known.
        try store.writeNow { transaction in
            for name in ["names-x", "needs-z"] {
                let record = LiveRecord(value: ProbeRecord(wakes: []), version: 1)
                try transaction.save([try RecordCoding.stored(ProbeRecord.key(name), record)])
            }
        }
        func work() throws {
            try store.writeNow { transaction in
                _ = try processor.perform(
                    .waiting(.together), reading: ClockReading(now: Self.noon), wall: Self.noon, limits: WorkerLimits(),
                    in: transaction)
            }
        }
        try work()
        #expect(try waiting == 3, "nobody looks for it without an older worker")
        try store.writeNow { transaction in
            var time = try transaction.lockStageTime()
            let beat = StageTime.Beat(
                worker: "one", standing: Standing(), wall: Self.noon, business: Self.noon, leaseSeconds: 10,
                patienceSeconds: 900)
            let older = Lease(worker: "old", until: Self.noon.adding(seconds: 9), standing: nil)
            _ = time.take(beat, leases: [older])
            try transaction.saveStageTime(time)
            #expect(
                try processor.isWanted(waitingAt: ClockReading(now: Self.noon), wall: Self.noon, in: transaction))
        }
        try work()
        #expect(try Set(applied) == ["awaits-x:0", "needs-z:0"])
        #expect(try waiting == 1)
        #expect(try store.readNow { try $0.waitingForKnown(limit: 9) }.isEmpty, "what was tried in vain is no work")
    }

    @Test func `What only a newer release can decide goes to its first worker, not to the end`() throws {
        let (old, new) = (processor(release: 1), processor(release: 2))
        try take([try inbound("needs-x")], old)
        let record = LiveRecord(value: ProbeRecord(wakes: []), version: 1)
        var stored = try RecordCoding.stored(ProbeRecord.key("needs-x"), record)
        let known = stored.body
        stored.body = Array(#"{"wakes":[],"more":1}"#.utf8)
        try store.writeNow { [stored] transaction in
            try transaction.save([stored])
            try transaction.noteKnown([stored.key])
        }
        _ = try look(.together, old)
        #expect(try waiting == 1)
        stored.body = known
        try store.writeNow { [stored] in try $0.save([stored]) }
        func isWanted(_ processor: BatchProcessor) throws -> Bool {
            try store.readNow {
                try processor.isWanted(waitingAt: ClockReading(now: Self.noon), wall: Self.noon, in: $0)
            }
        }
        #expect(try !isWanted(old) && isWanted(new))
        _ = try look(.together, new)
        #expect(try applied == ["needs-x:0"])
    }

    @Test func `That there is no room is said once, and so is the end of it`() throws {
        var worker = MachineHarness.running()
        let refused = "no room for an event that came before what it refers to; it is delayed"
        for tag in 1...3 as ClosedRange<UInt64> {
            _ = try worker.deliver(["\(tag)"], from: tag)
            while !worker.isTakingEvents { _ = worker.done() }
            _ = worker.done([.unknownReference("case 1, and the waiting room is full")])
        }
        #expect(worker.logged.count { $0 == refused } == 1)
        let over = "there is room again for events that come too early"
        for minute in 1...12 {
            for _ in 1...15 { _ = worker.pass(milliseconds: 4_000) }
            while worker.machine.isAtWork { _ = worker.done() }
            #expect(worker.logged.contains(over) == (minute >= 11), "after \(minute) minutes")
        }
        #expect(worker.logged.count { $0 == over } == 1)
    }

    @Test func `A worker goes through them one by one, and blames the one that it tried`() throws {
        var worker = MachineHarness.running()
        let event = EventKey(source: "upstream", id: "1")
        /// Other work is done until the waiting room's turn has come.
        func turn(_ lines: [String]) throws -> String {
            var lines = lines
            for _ in 1...100 {
                if let line = lines.first(where: { $0.hasPrefix("run waiting") }) { return line }
                lines = worker.machine.isAtWork ? worker.done() : worker.pass(milliseconds: 250)
            }
            throw StageFault(description: "the waiting room is never looked into")
        }
        let one = "run waiting \(WaitingCare.singly(event))"
        #expect(try turn([]) == "run waiting together")
        #expect(try turn(worker.fail(.corrupt)) == "run waiting singly(nil)")
        #expect(try turn(worker.done(waiting: event)) == one)
        #expect(try turn(worker.fail(.corrupt)).hasPrefix("run waiting letDie("))
        #expect(try turn(worker.done(waiting: event)) == one)
        #expect(try turn(worker.done()) == "run waiting together", "there are no more")
    }
}
