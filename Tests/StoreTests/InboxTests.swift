import Schema
import Store
import Testing

@Suite("Inbox and journal", .timeLimit(.minutes(10)))
struct InboxTests {
    @Test(arguments: Adapter.allCases)
    func `an event is claimed once it is appended, with digest and fate`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let keys = ["a", "b", "c"].map { EventKey(source: "crm", id: $0) }
            _ = try await store.write { (store) throws in
                #expect(try store.claims(keys).isEmpty)
                _ = try store.append([entry(event("a")), entry(event("b"), fate: .refused)], owner: "w")
                #expect(try store.claims(keys).count == 2)
            }
            let claims = try await other.write { try $0.claims(keys) }
            let digest = Identifiers.digest(Array("xxx".utf8))
            #expect(claims[keys[0]] == Claim(digest: digest, fate: .applied))
            #expect(claims[keys[1]] == Claim(digest: digest, fate: .refused))
            #expect(claims.count == 2)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the same id from another source is another event`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            try await store.write { (store) throws in
                _ = try store.append([entry(event("1", source: "crm")), entry(event("1", source: "shop"))], owner: "w")
            }
            let found = try await store.read { (store) throws in
                try ["crm", "shop", "desk"].map { try store.entry(taking: EventKey(source: $0, id: "1"))?.number }
            }
            #expect(found == [1, 2, nil])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an event that is claimed already rolls everything back and counts as transient`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, other in
            _ = try await store.write { try $0.append([entry(event("a"))], owner: "w") }
            for batch in [["a"], ["b", "a"], ["c", "c"]] {
                let kind = await failureKind {
                    _ = try await other.write { try $0.append(batch.map { entry(event($0)) }, owner: "w") }
                }
                #expect(kind == .transient, "batch \(batch)")
            }
            let entries = try await store.read { try $0.journal(after: 0, limit: 10, withBodies: true) }
            #expect(entries.flatMap(\.ids) == ["a"])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a journal entry comes back as it was written`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let written = [
                entry(
                    event("a"), now: start.adding(seconds: -1), isLate: true,
                    records: [key("2"), key("1", kind: "task")],
                    outputs: [output("o1", correlation: "case-1"), output("o2")]),
                entry(.timer(key("2"), at: Instant(microseconds: -7), order: 3), records: [key("2")]),
                entry(.timer(key("9"), at: start, order: 0)),
                entry(event("b"), fate: .refused, outputs: [output("o3", bytes: 0)]),
            ]
            let numbers = try await store.write { (store) throws in
                try store.save([record("2")])
                return try store.append(written, owner: "w")
            }
            let read = try await store.read { try $0.journal(after: 0, limit: 10, withBodies: true) }
            #expect(numbers == [1, 2, 3, 4])
            #expect(read == zip(written, numbers).map { $0.numbered($1) })
        }
    }

    @Test(arguments: Adapter.allCases)
    func `numbers go up across transactions and stores`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let first = try await store.write { try $0.append([entry(event("a")), entry(event("b"))], owner: "w") }
            let second = try await other.write { try $0.append([entry(event("c"))], owner: "v") }
            let third = try await store.write { (store) throws in
                try store.append([entry(event("d"))], owner: "w") + store.append([entry(event("e"))], owner: "w")
            }
            let numbers = first + second + third
            #expect(numbers == numbers.sorted() && Set(numbers).count == 5)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the journal is read in pages, and without bodies where only the rest counts`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, _ in
            _ = try await store.write { (store) throws in
                try store.append((1...7).map { entry(event("e\($0)"), outputs: [output("o\($0)")]) }, owner: "w")
            }
            let pages = try await store.read { (store) throws in
                var pages: [[JournalEntry]] = []
                var after: Int64 = 0
                for _ in 1...4 {
                    let page = try store.journal(after: after, limit: 3, withBodies: false)
                    after = page.last?.number ?? after
                    pages.append(page)
                }
                #expect(try store.journal(after: 0, limit: 0, withBodies: true).isEmpty)
                #expect(try store.journal(after: 0, limit: -1, withBodies: true).isEmpty)
                #expect(try store.journal(after: -5, limit: 1, withBodies: true).count == 1)
                #expect(try store.journal(after: .max, limit: 1, withBodies: true).isEmpty)
                return pages
            }
            #expect(pages.map(\.count) == [3, 3, 1, 0])
            #expect(pages.joined().flatMap(\.ids) == (1...7).map { "e\($0)" })
            #expect(pages.joined().allSatisfy { $0.outputs.count == 1 && $0.outputs[0].body.isEmpty })
            #expect(pages.joined().allSatisfy { $0.input == event("e\($0.number)").withoutBody })
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a record's history is what changed it, in order`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let entries = [
                entry(event("a"), records: [key("1"), key("2")]), entry(event("b"), records: [key("2")]),
                entry(.timer(key("1"), at: start, order: 0), records: [key("1")]),
                entry(event("c"), records: [key("2"), key("1")]), entry(event("d")),
            ]
            _ = try await store.write { try $0.append(entries, owner: "w") }
            try await store.read { (store) throws in
                #expect(try store.journal(of: key("1"), limit: 10).map(\.number) == [1, 3, 4])
                #expect(try store.journal(of: key("2"), limit: 2).map(\.number) == [1, 2])
                #expect(try store.journal(of: key("1", kind: "task"), limit: 10).isEmpty)
                #expect(try store.journal(of: key("1"), limit: 1).first?.records == [key("1"), key("2")])
                #expect(try store.record(key("1")) == nil, "named by the journal, but never written")
                #expect(try store.records(kind: "case", after: "", limit: 10).isEmpty)
                #expect(try store.counts().records == 0)
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an event is found by what emitted it, else by what took it`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            _ = try await store.write { (store) throws in
                try store.append(
                    [
                        entry(event("x")), entry(event("b"), outputs: [output("o1"), output("x"), output("o2")]),
                        entry(event("in")), entry(event("in", source: "shop")),
                    ], owner: "w")
            }
            let found = try await store.read { (store) throws in
                try ["o2", "x", "b", "in", "none", ""].map { try store.entry(emitting: $0)?.number }
            }
            #expect(found == [2, 2, 2, 3, nil, nil])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `bodies of a mebibyte and empty ones are kept`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let size = 1 << 20
            let large = entry(
                event("large", bytes: size), outputs: [output("o", bytes: size), output("p", bytes: 0)])
            _ = try await store.write { (store) throws in
                try store.save([record("1", body: [UInt8](repeating: 0, count: size)), record("2", body: [])])
                return try store.append([large, entry(event("empty", bytes: 0))], owner: "w")
            }
            try await store.read { (store) throws in
                let read = try store.journal(after: 0, limit: 2, withBodies: true)
                #expect(read == [large.numbered(1), entry(event("empty", bytes: 0)).numbered(2)])
                #expect(try store.record(key("1"))?.body.count == size)
                #expect(try store.record(key("2"))?.body == [])
            }
        }
    }

    static let odd = [
        "a'b", "\"", "%_\\", "; DROP TABLE journal", "上海/客诉", "😀", " ", "\u{1}\n", "e\u{301}", "\u{e9}", "A",
        "a", String(repeating: "x", count: 5_000),
    ]

    @Test(arguments: Adapter.allCases)
    func `ids of any characters are told apart by their bytes`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let keys = Self.odd.map { EventKey(source: $0, id: $0) }
            _ = try await store.write { (store) throws in
                try store.append(
                    Self.odd.map { entry(event($0, source: $0), outputs: [output("out" + $0)]) }, owner: "w")
            }
            try await store.write { (store) throws in
                let claims = try store.claims(keys)
                for key in keys { #expect(claims[key] != nil, "\(key)") }
                #expect(claims.count == Self.odd.count)
            }
            let numbers = try await store.read { (store) throws in
                try Self.odd.map { try store.entry(emitting: "out" + $0)?.number }
            }
            #expect(numbers == (1...Int64(Self.odd.count)).map { $0 })
        }
    }

    @Test(arguments: Adapter.allCases)
    func `thousands of keys go through one call`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let ids = (0..<5_000).map { "id-\($0 * 7919 % 5_000)" }
            let events = ids.map { EventKey(source: "crm", id: $0) }
            let rows = try await store.write { (store) throws in
                try store.save(ids.map { record($0, wake: start) })
                let numbers = try store.append(
                    ids.map { entry(event($0), records: [key($0)], outputs: [output("out-" + $0)]) }, owner: "w")
                return numbers.map { OutboxKey(entry: $0, index: 0) }
            }
            try await store.write { (store) throws in
                #expect(try store.claims(events).count == 5_000)
                #expect(try store.load(ids.map { key($0) }).count == 5_000)
                #expect(try store.dueRecords(now: start, limit: 10_000).count == 5_000)
                #expect(try store.takeOverOutbox(by: "v", now: start, limit: 10_000).map(\.key) == rows)
                try store.removeFromOutbox(rows)
                #expect(try store.outboxCount() == 0)
            }
        }
    }
}
