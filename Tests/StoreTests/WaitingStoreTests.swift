import Schema
import Store
import Testing

private func of(_ id: String) -> EventKey { EventKey(source: "crm", id: id) }

@Suite("The waiting room", .timeLimit(.minutes(10)))
struct WaitingStoreTests {
    private func waiting(_ id: String, for reference: RecordKey, rule seconds: Int64 = 0, ends: Int64 = 60)
        -> WaitingEvent
    {
        WaitingEvent(
            event: of(id), type: "case.accepted", digest: Array(id.utf8), reference: reference,
            ruleTime: start.adding(seconds: seconds), arrived: start, endsAt: start.adding(seconds: ends), size: 3)
    }

    private let message = WaitingMessage(key: "", sealed: [1, 2, 3])
    private let a = RecordKey(kind: "case", id: "a")
    private let b = RecordKey(kind: "case", id: "b")

    private func hold(
        _ events: [WaitingEvent], in store: any Store, traces: Set<PersonalTrace> = [], noticeAt: Instant? = nil
    ) async throws {
        try await store.write { transaction in
            for event in events { try transaction.hold(event, message, traces: traces, noticeAt: noticeAt) }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `gives those that wait for a thing in the order of the rules`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await hold(
                [waiting("late", for: a, rule: 9), waiting("early", for: a, rule: 1), waiting("else", for: b)],
                in: store)
            let found = try await other.write { try $0.waiting(for: [a]) }
            #expect(found.map(\.event.id) == ["early", "late"])
            #expect(try await other.read { try $0.waitingCount() } == WaitingCount(events: 3, bytes: 9))
            #expect(try await other.read { try $0.waiting(among: [of("late")]) } == [of("late"): Array("late".utf8)])
            #expect(try await other.read { try $0.waiting(after: of("early"), limit: 1) }.map(\.event.id) == ["else"])
            #expect(try await other.read { try $0.waitingMessage(of: of("else")) } == message)
            try await other.write { transaction in
                try transaction.hold(of("early"), until: b)
                try transaction.releaseWaiting([of("late")])
            }
            #expect(try await store.write { try $0.waiting(for: [a]) }.isEmpty)
            #expect(try await store.write { try $0.waiting(for: [b]) }.map(\.event.id) == ["else", "early"])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `forgets with the transaction what was held in it`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let (first, second) = (waiting("1", for: a), waiting("2", for: a))
            let trace = PersonalTrace(number: 7)
            await #expect(throws: Interruption.self) {
                try await store.write { (transaction) throws in
                    _ = try transaction.load([a])
                    #expect(try transaction.waiting(for: [a]) == [])
                    try transaction.hold(first, message, traces: [trace], noticeAt: nil)
                    try transaction.hold(second, message, traces: [], noticeAt: nil)
                    try transaction.releaseWaiting([second.event])
                    #expect(try transaction.waiting(for: [a]) == [first])
                    #expect(Set(try transaction.waiting(among: [first.event, second.event]).keys) == [first.event])
                    throw Interruption()
                }
            }
            let left = try await store.read { try $0.waitingCount() }
            #expect(left == WaitingCount())
            #expect(try await store.read { try $0.waiting(tracedBy: [trace]) } == [])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `finds a message by its traces until its person is taken out of it`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let (one, two) = (waiting("1", for: a), waiting("2", for: b))
            let (shared, own) = (PersonalTrace(number: .max), PersonalTrace(number: 5))
            try await hold([one], in: store, traces: [shared, own])
            try await hold([two], in: other, traces: [shared])
            func traced(_ traces: PersonalTrace...) async throws -> [WaitingEvent] {
                try await other.read { try $0.waiting(tracedBy: Set(traces)) }
            }
            #expect(try await traced() == [])
            #expect(try await traced(own, shared) == [one, two])
            #expect(try await traced(own) == [one])
            let resealed = WaitingMessage(key: "k2", sealed: [0, 255])
            try await store.write { try $0.resealWaiting(one.event, resealed) }
            #expect(try await other.read { try $0.waitingMessage(of: one.event) } == resealed)
            #expect(try await traced(own) == [one])
            let redacted = WaitingMessage(key: "", sealed: [2])
            try await store.write { try $0.redactWaiting(one.event, redacted) }
            #expect(try await other.read { try $0.waitingMessage(of: one.event) } == redacted)
            #expect(try await traced(own, shared) == [two])
            // It waits as before, under its id and digest.
            #expect(try await store.read { try $0.waiting(among: [one.event]) } == [one.event: one.digest])
            #expect(try await store.write { try $0.waiting(for: [a]) }.map(\.event.id) == ["1"])
            #expect(try await store.read { try $0.waitingCount() } == WaitingCount(events: 2, bytes: 4))
            // Traces go with what was held, in whatever way that goes.
            try await store.write { try $0.releaseWaiting([two.event]) }
            try await hold([two], in: store)
            #expect(try await traced(shared) == [])
            try await store.write { try $0.releaseWaiting([two.event]) }
            try await hold([two], in: store, traces: [shared])
            let dying = DyingEvent(event: two, code: "unknown-reference", cause: "it never came")
            try await store.write { transaction in
                _ = try transaction.letDie(dying, owner: "w")
                try transaction.releaseDead([two.event], owner: "w")
            }
            try await hold([two], in: store)
            #expect(try await traced(shared) == [])
            try await store.scrub()
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an event waits once`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await hold([waiting("x", for: a)], in: store)
            await #expect { try await hold([waiting("x", for: b)], in: other) } throws: { error in
                (error as? StoreFailure)?.kind == .transient
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `finds what waits for a record that is there, and nothing else`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await hold([waiting("x", for: a), waiting("y", for: b)], in: store)
            try await store.write { try $0.findKnown(besides: ["case"], limit: 9) }
            #expect(try await other.read { try $0.waitingForKnown(limit: 9) }.isEmpty)
            try await store.write { transaction in
                try transaction.save([record("a")])
                try transaction.findKnown(besides: ["case"], limit: 9)
            }
            #expect(try await other.read { try $0.waitingForKnown(limit: 9) }.map(\.event.id) == ["x"])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `finds what was noted to wait for something known, until it waits for something else`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, other in
            func known() async throws -> [String] {
                try await other.read { try $0.waitingForKnown(limit: 9) }.map(\.event.id)
            }
            try await hold(
                [waiting("x", for: a, rule: 2), waiting("y", for: a, rule: 1), waiting("z", for: b)], in: store)
            try await store.write { try $0.noteKnown([a]) }
            #expect(try await known() == ["y", "x"])
            #expect(try await other.read { try $0.waitingForKnown(limit: 1) }.map(\.event.id) == ["y"])
            try await store.write { try $0.hold(of("y"), until: a) }
            #expect(try await known() == ["x"])
            let dying = DyingEvent(event: waiting("x", for: a, rule: 2), code: "stage-fault", cause: "damaged")
            #expect(try await store.write { try $0.letDie(dying, owner: "w") })
            #expect(try await known() == [])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `tries again what waits for no record, as many as it may, and what a lesser name stands for`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, other in
            let names = (1...3).map { waiting("n\($0)", for: RecordKey(kind: "name", id: "\($0)")) }
            try await hold(names + [waiting("x", for: a)], in: store)
            try await store.write { try $0.findKnown(besides: ["case"], limit: 2) }
            #expect(try await other.read { try $0.waitingForKnown(limit: 9) }.count == 2)
            let lesser = try await other.read { try $0.waiting(below: RecordKey(kind: "name", id: "3"), limit: 9) }
            #expect(Set(lesser.map(\.event.id)) == ["n1", "n2"])
            for (kind, isAny) in [("case", true), ("name", true), ("link", false)] {
                #expect(try await other.read { try $0.isAnyWaiting(forKind: kind) } == isAny)
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `ends in order of time, and nothing that dies is decided`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await hold([waiting("x", for: a, ends: 20), waiting("y", for: a, ends: 10)], in: store)
            #expect(try await other.read { try $0.nextWaitingEnd() } == start.adding(seconds: 10))
            let ended = try await other.write { try $0.waitingEnded(now: start.adding(seconds: 20), limit: 9) }
            #expect(ended.map(\.event.id) == ["y", "x"])
            let dying = DyingEvent(event: ended[0], code: "unknown-reference", cause: "it never came")
            #expect(try await store.write { try $0.letDie(dying, owner: "w") })
            #expect(try await other.write { try !$0.letDie(dying, owner: "v") }, "it dies once")
            #expect(try await other.read { try $0.nextWaitingEnd() } == start.adding(seconds: 20))
            #expect(try await other.write { try $0.waiting(for: [a]) }.map(\.event.id) == ["x"])
            #expect(try await other.write { try $0.waitingMessage(toDecide: of("y")) } == nil)
            #expect(try await other.write { try $0.waitingMessage(toDecide: of("x")) } == message)
            #expect(try await other.read { try $0.waiting(among: [of("y")]) }.count == 1, "it holds its id")
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a dying event goes with its owner's confirm alone, and to another owner when that one is gone`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, other in
            let x = waiting("x", for: a)
            try await hold([x], in: store)
            let end = start.adding(seconds: 30)
            let dying = DyingEvent(event: x, code: "unknown-reference", cause: "it never came")
            try await store.write { (transaction) throws in
                try transaction.renewLease(of: "w", until: end)
                _ = try transaction.letDie(dying, owner: "w")
            }
            func taken(at now: Instant) async throws -> [DyingEvent] {
                try await other.write { try $0.takeOverDying(by: "v", now: now, limit: 9) }
            }
            #expect(try await taken(at: end.adding(seconds: -1)).isEmpty)
            #expect(try await taken(at: end) == [dying])
            // Who was taken for gone comes back, and its confirm is late.
            try await store.write { try $0.releaseDead([of("x")], owner: "w") }
            #expect(try await store.read { try $0.waitingCount().events } == 1)
            try await other.write { try $0.releaseDead([of("x")], owner: "v") }
            #expect(try await store.read { try $0.waitingCount().events } == 0)
            // The dead letter was sent again, and waits anew: no confirm of before takes it away.
            try await hold([x], in: other)
            try await store.write { try $0.releaseDead([of("x")], owner: "w") }
            #expect(try await store.read { try $0.waitingCount().events } == 1)
        }
    }

    @Test(arguments: Adapter.allCases)
    func
        `tells of one that its sender is to be told at its time, then not before it is due again, and never once it is`(
            _ adapter: Adapter
        ) async throws
    {
        try await withStores(adapter) { store, other in
            func hold(_ id: String, at seconds: Int64?) async throws {
                let at = seconds.map { start.adding(seconds: $0) }
                try await self.hold([waiting(id, for: a)], in: store, noticeAt: at)
            }
            func taken(_ store: any Store, at seconds: Int64, limit: Int = 9) async throws -> [String] {
                let now = start.adding(seconds: seconds)
                return try await store.write {
                    try $0.takeNotices(now: now, again: now.adding(seconds: 60), limit: limit)
                }.map(\.event.id)
            }
            try await hold("first", at: 60)
            for id in ["third", "second"] { try await hold(id, at: 61) }
            try await hold("never", at: nil)
            #expect(try await taken(store, at: 59) == [])
            #expect(try await taken(store, at: 61, limit: 0) == [])
            #expect(try await taken(store, at: 61, limit: 2) == ["first", "second"])
            #expect(try await taken(other, at: 62) == ["third"])
            #expect(try await taken(store, at: 120) == [])
            try await other.write { try $0.endNotices([of("first"), of("gone")]) }
            let dying = DyingEvent(event: waiting("third", for: a), code: "unknown-reference", cause: "it never came")
            _ = try await store.write { try $0.letDie(dying, owner: "w") }
            #expect(try await taken(other, at: 300) == ["second"])
            // A program that tells nobody has held it: its minute is counted from now on.
            try await hold("old", at: -start.microseconds / 1_000_000)
            #expect(try await taken(store, at: 301) == [])
            #expect(try await taken(store, at: 361) == ["second", "old"])
        }
    }
}

@Suite("The waiting room of competing workers", .enabled(if: TestPostgres.isThere), .timeLimit(.minutes(10)))
struct WaitingRoomOfTwoTests {
    @Test func `who decides an event keeps the other from it until the end`() async throws {
        try await withStores(.postgres) { store, other in
            let x = WaitingEvent(
                event: of("x"), type: "case.accepted", digest: [1], reference: RecordKey(kind: "case", id: "a"),
                ruleTime: start, arrived: start, endsAt: start, size: 1)
            let message = WaitingMessage(key: "", sealed: [1])
            try await store.write { try $0.hold(x, message, traces: [], noticeAt: nil) }
            let dying = DyingEvent(event: x, code: "unknown-reference", cause: "it never came")
            async let second: Bool = {
                // Begins while the first has it in hand or after it; either way it finds nothing.
                try await other.write {
                    try $0.waitingMessage(toDecide: of("x")) == nil || !$0.letDie(dying, owner: "v")
                }
            }()
            let first = try await store.write { transaction in
                guard try transaction.waitingMessage(toDecide: of("x")) != nil else { return false }
                try transaction.releaseWaiting([of("x")])
                return true
            }
            let isSecondWithout = try await second
            #expect(first == isSecondWithout, "one of them has it")
        }
    }
}
