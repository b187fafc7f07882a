import Schema
import Store
import StorePostgres
import StoreSQLite
import StoreTestKit
import Testing

@Suite("What workers say of themselves, and are asked", .timeLimit(.minutes(10)))
struct WorkforceStoreTests {
    /// Two programs' stores over the same content.
    private func withStores(
        _ adapter: Adapter, _ body: (any WorkforceStore, any WorkforceStore) throws -> Void
    ) throws {
        switch adapter {
        case .memory:
            let control = MemoryControl()
            try body(control, control)
        case .sqlite:
            let folder = try TestFolder()
            let (first, second) = (
                try SQLiteControl(directory: folder.path), try SQLiteControl(directory: folder.path)
            )
            defer {
                first.close()
                second.close()
            }
            try body(first, second)
        case .postgres:
            let database = try TestPostgres()
            let (first, second) = (
                try PostgresControl(database.configuration), try PostgresControl(database.configuration)
            )
            defer {
                first.close()
                second.close()
            }
            try body(first, second)
        }
    }

    private func sign(
        _ name: String, role: String = "intake", _ state: WorkerSign.State = .working, aliveUntil: Instant = start
    ) -> WorkerSign {
        WorkerSign(
            name: name, role: role, host: "h", pid: 7, release: "0.4.0", policy: "4", state: state, startedAt: start,
            aliveUntil: aliveUntil, loopAt: start, appliedAt: nil, detail: "d")
    }

    @Test(arguments: Adapter.allCases)
    func `a process is known as it last said, and one whose time is long over is forgotten`(_ adapter: Adapter) throws {
        try withStores(adapter) { (store, other) throws in
            #expect(try store.signs().isEmpty)
            try store.say(sign("b"), forgetting: .distantPast)
            try store.say(sign("a", role: "routing"), forgetting: .distantPast)
            let later = sign("b", .paused, aliveUntil: start.adding(seconds: 60))
            try other.say(later, forgetting: start)
            #expect(try store.signs() == [later, sign("a", role: "routing")])
            try store.say(later, forgetting: start.adding(seconds: 1))
            #expect(try other.signs() == [later])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the last order to a target counts until it is withdrawn`(_ adapter: Adapter) throws {
        try withStores(adapter) { (store, other) throws in
            let (one, all) = (SteeringTarget.worker("b", role: "intake"), SteeringTarget.role("intake"))
            try store.give(SteeringOrder(one, .pause, by: "ann", at: start))
            try other.give(SteeringOrder(one, .drain, by: "bob", at: start.adding(seconds: 1)))
            try store.give(SteeringOrder(all, .pause, by: "ann", at: start))
            let count = SteeringOrder(.count("intake", supervisor: "h"), .scale, count: 3, by: "ann", at: start)
            try store.give(count)
            #expect(
                try other.orders() == [
                    count, SteeringOrder(all, .pause, by: "ann", at: start),
                    SteeringOrder(one, .drain, by: "bob", at: start.adding(seconds: 1)),
                ])
            #expect(try store.withdrawOrder(for: all))
            #expect(try !other.withdrawOrder(for: all))
            #expect(try other.orders().map(\.target) == [count.target, one])
        }
    }

    @Test func `a pause is for all that come, a drain and a count for those alone that were there`() {
        let before = start.adding(seconds: -1)
        let drain = [SteeringOrder(.worker("b", role: "intake"), .drain, by: "ann", at: start)]
        #expect(drain.wish(for: "b", role: "intake", startedAt: before)?.wish == .drain)
        #expect(drain.wish(for: "b", role: "intake", startedAt: start) == nil)
        #expect(drain.wish(for: "b", role: "routing", startedAt: before) == nil)
        let pause = [SteeringOrder(.role("intake"), .pause, by: "ann", at: start)]
        #expect((drain + pause).wish(for: "b", role: "intake", startedAt: before)?.wish == .pause)
        #expect(pause.wish(for: "new", role: "intake", startedAt: start.adding(seconds: 9))?.wish == .pause)
        let scale = [SteeringOrder(.count("intake", supervisor: "h"), .scale, count: 3, by: "ann", at: start)]
        #expect(scale.counts(for: "h", startedAt: before) == ["intake": 3])
        #expect(scale.counts(for: "h", startedAt: start).isEmpty && scale.counts(for: "g", startedAt: before).isEmpty)
        #expect(scale.wish(for: "intake-1", role: "intake", startedAt: before) == nil)
    }

    @Test func `a target is read as it was written, and one of a newer release is passed over`() {
        for target in [
            SteeringTarget.role("intake"), .worker("b", role: "intake"), .count("intake", supervisor: "h"),
        ] {
            #expect(SteeringTarget(text: target.text) == target)
        }
        #expect(SteeringTarget(text: "rack\n4") == nil && SteeringTarget(text: "") == nil)
    }
}
