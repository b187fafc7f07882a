import Schema
import Store
import Testing

@Suite("What a stage takes, and since when", .timeLimit(.minutes(10)))
struct SubscriptionStoreTests {
    @Test(arguments: Adapter.allCases)
    func `is noted once, and stays`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            #expect(try await store.read { try $0.subscriptions() } == [:])
            try await store.write { try $0.subscribe(["case.closed": start, "case.opened": .distantPast]) }
            try await other.write {
                try $0.subscribe(["case.closed": start.adding(hours: 1), "case.reopened": start.adding(hours: 1)])
            }
            #expect(
                try await store.read { try $0.subscriptions() } == [
                    "case.closed": start, "case.opened": .distantPast, "case.reopened": start.adding(hours: 1),
                ])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `is not noted where the transaction fails`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { (store, _) throws in
            await #expect(throws: StoreFailure.self) {
                try await store.write { (transaction) throws in
                    try transaction.subscribe(["case.closed": start])
                    throw StoreFailure(.transient, operation: "test", cause: "test")
                }
            }
            #expect(try await store.read { try $0.subscriptions() } == [:])
        }
    }
}
