import Broker
import BrokerTestKit
import Logging
import Monitoring
import Schema
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// What the shells of the workers tell of themselves, over a whole life.
@Suite struct `The vitals of a worker` {
    @Test func `add up: what was received was settled, and what was sent was confirmed`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        let vitals = Vitals(stage: "intake")
        #expect(vitals.figures.stall(at: vitals.uptime) == nil && !vitals.figures.isReady)
        try await WorkerScene.play(broker: broker, store: MemoryStore(), vitals: vitals)
        let figures = vitals.figures
        let tally = figures.tally
        #expect(tally.received > WorkerScene.complaints && tally.settled.total == tally.received)
        #expect(tally.settled[.applied] == WorkerScene.complaints && tally.deadLetters[.contract] == 1)
        #expect(tally.sent.total == tally.sent[.confirmed] && tally.sent.total >= WorkerScene.complaints + 2)
        #expect(figures.wait[.upstream].count >= WorkerScene.complaints, "publishers of ours say when they send")
        #expect(figures.batchMessages.sum >= Double(WorkerScene.complaints))
        #expect(figures.batchSeconds[.events].count == figures.batchMessages.count)
        #expect(figures.look != nil && figures.policy != nil && figures.lastLoop != nil && figures.condition.isDraining)
        broker.end()
    }

    @Test func `of parking count letters by code, and those that were there before`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        broker.publisher { _ in }.publish(
            ["a", "b", "a"].enumerated().map { offset, body in
                Publication(
                    ticket: UInt64(offset), exchange: "", routingKey: QueueName.dead, mandatory: true,
                    properties: MessageProperties(), body: Array(body.utf8))
            })
        let letters = WatchedLetters()
        let vitals = Vitals(stage: Figures.parking)
        let parking = ParkingWorker(
            deadLetters: SealedDeadLetters(letters, keyring: .none), broker: broker, prefetch: 10,
            wall: { WorkerScene.noon }, isAllowed: { _ in true },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, vitals: vitals)
        async let run: Void = parking.run()
        try await letters.log.wait(for: 3, "three letters")
        parking.stop()
        await run
        let figures = vitals.figures
        #expect(figures.tally.received == 3 && figures.parked[.fresh] == 2 && figures.parked[.known] == 1)
        #expect(figures.tally.deadLetters.total == 2 && figures.lastLoop != nil && figures.condition.isDraining)
        broker.end()
    }

    @Test func `tell that the database does not answer while a look into it hangs`() async throws {
        let vitals = Vitals(stage: "intake")
        struct Away: Error {}
        #expect(await vitals.look { throw Away() } is Away)
        #expect(vitals.figures.isLookFailing)
        #expect(await vitals.look { StoreLook(at: 1) } == nil)
        #expect(!vitals.figures.isLookFailing && vitals.figures.look == StoreLook(at: 1))
    }
}

@Suite struct `A look into the store` {
    @Test func `finds what is not done yet, and how old it is`() async throws {
        let store = MemoryStore()
        let now = Instant(seconds: 1_800_000_000)
        let empty = try await store.read { try StoreLook($0, clock: now, wall: now) }
        #expect(empty == StoreLook(at: now.microseconds))
        try await store.write { transaction in
            try transaction.renewLease(of: "w", until: now)
            var entry = JournalEntry(
                input: .timer(RecordKey(kind: "case", id: "1"), at: now, order: 0), fate: .applied, now: now,
                isLate: false,
                policyVersion: "1", records: [],
                outputs: [
                    JournalOutput(
                        id: "o", type: "case.opened", exchange: "e", routingKey: "k", correlation: nil, body: [])
                ])
            entry.writtenAt = now.adding(seconds: -90)
            _ = try transaction.append([entry], owner: "w")
            try transaction.save(
                (1...3).map { number in
                    StoredRecord(
                        key: RecordKey(kind: "case", id: "\(number)"), version: 1,
                        wakeAt: now.adding(minutes: 10 * (Int64(number) - 2)), wakeOrder: 0, firedAt: nil,
                        firedOutputs: 0,
                        body: Array("{}".utf8))
                })
        }
        let look = try await store.read { try StoreLook($0, clock: now, wall: now) }
        #expect(look.outbox == 1 && look.outboxAge == 90_000_000)
        #expect(look.timersDue == 2 && look.timersLate == 600_000_000)
        #expect(look.waiting == 0 && look.timersAside == 0)
    }
}
