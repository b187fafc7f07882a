import Schema
import Store
import Testing

/// What audit and republishing read and write beside the workers.
@Suite("Counting and putting back", .timeLimit(.minutes(10)))
struct AuditReadingTests {
    private func fill(_ store: any Store) async throws {
        let entries = [
            entry(event("a"), records: [key("r")], outputs: [output("o1"), output("o2")]),
            entry(.timer(key("r"), at: start, order: 3), records: [key("r")], outputs: []),
            entry(event("b", source: "desk"), fate: .refused, outputs: [output("o3")]),
        ]
        try await store.write { (store) throws in
            try store.save([record("r", version: 2)])
            _ = try store.append(entries, owner: "w")
        }
    }

    @Test(arguments: Adapter.allCases)
    func `entries and outputs are counted without what they hold`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await fill(store)
            let (inputs, emissions) = try await other.read {
                (try $0.inputs(after: 0, limit: 9), try $0.emissions(after: nil, limit: 9))
            }
            #expect(
                inputs == [
                    InputRow(
                        number: 1, fate: .applied, outputs: 2, event: EventKey(source: "crm", id: "a"),
                        type: "complaint.received"),
                    InputRow(number: 2, fate: .applied, outputs: 0, event: nil, type: ""),
                    InputRow(
                        number: 3, fate: .refused, outputs: 1, event: EventKey(source: "desk", id: "b"),
                        type: "complaint.received"),
                ])
            #expect(emissions.map(\.id) == ["o1", "o2", "o3"])
            #expect(emissions.map { [$0.key.entry, Int64($0.key.index)] } == [[1, 0], [1, 1], [3, 0]])
            #expect(emissions.allSatisfy { $0.type == "case.opened" && $0.exchange == "recourse.events" })
            try await other.read { (snapshot) throws in
                #expect(try snapshot.inputs(after: 1, limit: 1) == [inputs[1]])
                #expect(try snapshot.emissions(after: emissions[0].key, limit: 1) == [emissions[1]])
                #expect(try snapshot.emissions(after: emissions[1].key, limit: 9) == [emissions[2]])
                #expect(try snapshot.emissions(after: emissions[2].key, limit: 9).isEmpty)
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a record of another version than its journal is found`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            try await fill(store)
            #expect(try await store.read { try $0.recordsOutOfStep(limit: 9) }.count == 0)
            try await store.write { try $0.save([record("r", version: 3), record("s", version: 1)]) }
            let found = try await store.read { try $0.recordsOutOfStep(limit: 1) }
            #expect(found.count == 2 && found.first.count == 1)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `outputs that are put back are published again by whoever looks`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await fill(store)
            let keys = [OutboxKey(entry: 1, index: 0), OutboxKey(entry: 1, index: 1), OutboxKey(entry: 3, index: 0)]
            try await store.write { try $0.removeFromOutbox(Array(keys[..<2])) }
            let strangers = [
                OutboxKey(entry: 1, index: 2), OutboxKey(entry: 2, index: 0), OutboxKey(entry: 9, index: 0),
            ]
            #expect(try await store.write { try $0.returnToOutbox(keys + strangers, owner: "restore") } == 2)
            #expect(try await other.read { try $0.counts().outbox } == 3)
            let rows = try await other.write { (store) throws in
                try store.renewLease(of: "v", until: start.adding(seconds: 9))
                return try store.takeOverOutbox(by: "v", now: start, limit: 9)
            }
            #expect(rows.map(\.key) == keys)
            #expect(rows.map(\.output.id) == ["o1", "o2", "o3"])
        }
    }
}
