import Schema
import Store
import Testing

@Suite("What waits for what it refers to", .timeLimit(.minutes(10)))
struct WaitingStoreTests {
    private func waiting(
        _ id: String, source: String = "crm", for reference: String = "c1", kind: String = "case",
        at minutes: Int64 = 0,
        endsIn hours: Int64 = 24, size: Int = 3
    ) -> WaitingEvent {
        WaitingEvent(
            event: EventKey(source: source, id: id), type: "case.accepted", digest: Identifiers.digest(Array(id.utf8)),
            reference: key(reference, kind: kind), ruleTime: start.adding(minutes: minutes), arrived: start,
            endsAt: start.adding(hours: hours), size: size)
    }

    private func message(_ bytes: [UInt8] = [0, 255, 7], key: String = "k1") -> WaitingMessage {
        WaitingMessage(key: key, sealed: bytes)
    }

    private func hold(_ events: [WaitingEvent], in store: any Store, traces: Set<PersonalTrace> = []) async throws {
        let message = message()
        try await store.write { transaction in
            _ = try transaction.load(Set(events.map(\.reference)).sorted())
            for event in events { try transaction.hold(event, message, traces: traces) }
        }
    }

    private func waiting(for ids: [String], in store: any Store) async throws -> [String] {
        let references = ids.map { key($0) }
        return try await store.write { transaction in
            _ = try transaction.load(references)
            return try transaction.waiting(for: references)
        }.map(\.event.id)
    }

    @Test(arguments: Adapter.allCases)
    func `an event is held whole, once, and found until it is released`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let (one, two) = (waiting("1", size: 5), waiting("2", source: "a", for: "c2", size: 7))
            let unknown = EventKey(source: "crm", id: "2")
            try await hold([one, two], in: store)
            #expect(try await other.read { try $0.waiting(after: nil, limit: 9) } == [two, one])
            #expect(try await other.read { try $0.waiting(after: two.event, limit: 9) } == [one])
            #expect(try await other.read { try $0.waiting(after: nil, limit: 1) } == [two])
            #expect(try await other.read { try $0.waitingCount() } == WaitingCount(events: 2, bytes: 12))
            #expect(try await other.read { try $0.waitingMessage(of: one.event) } == message())
            #expect(try await other.read { try $0.waitingMessage(of: unknown) } == nil)
            let known = try await other.read { try $0.waiting(among: [one.event, unknown]) }
            #expect(known == [one.event: one.digest])
            let again = await failureKind { try await hold([one], in: other) }
            #expect(again == .transient, "another worker was faster")
            try await other.write { try $0.releaseWaiting([one.event, unknown]) }
            #expect(try await store.read { try $0.waiting(after: nil, limit: 9) } == [two])
            #expect(try await store.read { try $0.waitingCount() } == WaitingCount(events: 1, bytes: 7))
            try await hold([one], in: other)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `what waits for a record comes by rule time, then source, then id`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await hold(
                [
                    waiting("b", at: 2), waiting("c", source: "a", at: 2), waiting("a", at: 2), waiting("d", at: 1),
                    waiting("e", for: "c2", at: 0), waiting("f", kind: "request", at: 0),
                ], in: store)
            #expect(try await waiting(for: ["c1"], in: other) == ["d", "c", "a", "b"])
            #expect(try await waiting(for: ["c2", "c1"], in: other).first == "e")
            #expect(try await waiting(for: ["c3"], in: other) == [])
            let moved = EventKey(source: "crm", id: "d")
            let next = key("c3")
            try await other.write { try $0.hold(moved, until: next) }
            #expect(try await waiting(for: ["c1"], in: store) == ["c", "a", "b"])
            #expect(try await waiting(for: ["c3"], in: store) == ["d"])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `what is held in a transaction is seen in it, and gone with it`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let (first, second, message) = (waiting("1"), waiting("2"), message())
            await #expect(throws: Interruption.self) {
                try await store.write { (transaction) throws in
                    _ = try transaction.load([first.reference])
                    #expect(try transaction.waiting(for: [first.reference]) == [])
                    try transaction.hold(first, message, traces: [PersonalTrace(number: 7)])
                    try transaction.hold(second, message, traces: [])
                    try transaction.releaseWaiting([second.event])
                    #expect(try transaction.waiting(for: [first.reference]) == [first])
                    #expect(Set(try transaction.waiting(among: [first.event, second.event]).keys) == [first.event])
                    throw Interruption()
                }
            }
            let left = try await store.read { try $0.waitingCount() }
            #expect(left == WaitingCount())
            #expect(try await store.read { try $0.waiting(tracedBy: [PersonalTrace(number: 7)]) } == [])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a record that is there is told of, whoever made it`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await hold([waiting("1", at: 1), waiting("2", at: 0), waiting("3", for: "c2")], in: store)
            #expect(try await store.read { try $0.waitingForKnown(limit: 9) } == [])
            let made = record("c1")
            try await other.write { transaction in
                _ = try transaction.load([made.key])
                try transaction.save([made])
            }
            #expect(try await store.read { try $0.waitingForKnown(limit: 9) }.map(\.event.id) == ["2", "1"])
            #expect(try await store.read { try $0.waitingForKnown(limit: 1) }.map(\.event.id) == ["2"])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `who comes to its end dies once, and another takes it over when its worker is gone`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, other in
            let (first, second) = (waiting("1", endsIn: 1), waiting("2", endsIn: 2))
            try await hold([first, second], in: store)
            #expect(try await store.read { try $0.nextWaitingEnd() } == first.endsAt)
            let ended = try await store.write { try $0.waitingEnded(now: first.endsAt, limit: 9) }
            #expect(ended == [first])
            #expect(try await store.write { try $0.waitingEnded(now: second.endsAt, limit: 1) } == [first])
            let death = DyingEvent(event: first, code: "unknown-reference", cause: "refers to case c1")
            try await store.write { try $0.renewLease(of: "one", until: start.adding(seconds: 10)) }
            #expect(try await store.write { try $0.letDie(death, owner: "one") })
            #expect(try await !other.write { try $0.letDie(death, owner: "two") })
            // It holds its id until its dead letter is confirmed, and nothing else finds it any more.
            #expect(try await other.read { try $0.waiting(among: [first.event]).count } == 1)
            #expect(try await other.read { try $0.nextWaitingEnd() } == second.endsAt)
            #expect(try await waiting(for: ["c1"], in: other) == ["2"])
            #expect(try await other.write { try $0.waitingEnded(now: second.endsAt, limit: 9) } == [second])
            let living = try await other.write { try $0.takeOverDying(by: "two", now: start, limit: 9) }
            #expect(living == [])
            let gone = start.adding(seconds: 11)
            #expect(try await other.write { try $0.takeOverDying(by: "two", now: gone, limit: 9) } == [death])
            try await other.write { try $0.releaseWaiting([first.event]) }
            #expect(try await other.write { try $0.takeOverDying(by: "one", now: gone, limit: 9) } == [])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a message is found by its traces until its person is taken out of it`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let (one, two) = (waiting("1"), waiting("2", for: "c2"))
            let (shared, own) = (PersonalTrace(number: .max), PersonalTrace(number: 5))
            try await hold([one], in: store, traces: [shared, own])
            try await hold([two], in: other, traces: [shared])
            #expect(try await store.read { try $0.waiting(tracedBy: []) } == [])
            #expect(try await store.read { try $0.waiting(tracedBy: [own, shared]) } == [one, two])
            #expect(try await other.read { try $0.waiting(tracedBy: [own]) } == [one])
            let (resealed, redacted) = (message([1], key: "k2"), message([2, 3], key: ""))
            try await store.write { try $0.resealWaiting(one.event, resealed) }
            #expect(try await other.read { try $0.waitingMessage(of: one.event) } == resealed)
            #expect(try await other.read { try $0.waiting(tracedBy: [own]) } == [one])
            try await other.write { try $0.redactWaiting(one.event, redacted) }
            #expect(try await store.read { try $0.waitingMessage(of: one.event) } == redacted)
            #expect(try await store.read { try $0.waiting(tracedBy: [own, shared]) } == [two])
            // It waits as before, under its id and digest.
            #expect(try await store.read { try $0.waiting(among: [one.event]) } == [one.event: one.digest])
            #expect(try await waiting(for: ["c1"], in: store) == ["1"])
            #expect(try await store.read { try $0.waitingCount() } == WaitingCount(events: 2, bytes: 5))
            try await store.write { try $0.releaseWaiting([two.event]) }
            try await hold([two], in: store)
            #expect(try await store.read { try $0.waiting(tracedBy: [shared]) } == [], "traces go with what was held")
            try await store.scrub()
        }
    }
}
