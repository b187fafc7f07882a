import Schema
import Store
import StorePostgres
import StoreSQLite
import Testing

/// Programs of three releases on one database: the second adds to every table, the third takes something away.
@Suite("A schema that grows under programs at work", .timeLimit(.minutes(10)))
struct SchemaUpgradeTests {
    @Test(arguments: Installation.Kind.allCases)
    func `an old program writes on while a new one adds to every table, and after it`(
        _ kind: Installation.Kind
    ) async throws {
        let installation = try Installation(kind)
        let old = try installation.store(1)
        let batches = 40
        let (begun, begin) = AsyncStream<Void>.makeStream()
        async let writing: Void = {
            for batch in 0..<batches {
                try await write("old-\(batch)", to: old)
                if batch == 3 { begin.finish() }
            }
        }()
        for await _ in begun {}
        let new = try installation.store(2)
        try await write("new", to: new)
        try await writing
        try await write("old-last", to: old)
        #expect(try await new.read { try $0.counts().applied } == batches + 2)
        // Each sees what the other has written, and takes it for known.
        let known = try await old.write { try $0.claims([EventKey(source: "crm", id: "new")]).count }
        #expect(known == 1)
        let orphans = try await new.write {
            try $0.renewLease(of: "new", until: start)
            return try $0.takeOverOutbox(by: "new", now: start, limit: 999).count
        }
        #expect(orphans == batches + 2)
        await old.close()
        await new.close()
        // The way back: the release before is started again, and nobody has a newer one.
        let again = try installation.store(1)
        try await write("back", to: again)
        #expect(try await again.read { try $0.counts().applied } == batches + 3)
        await again.close()
        let forward = try installation.store(2)
        try await write("forward", to: forward)
        await forward.close()
    }

    @Test(arguments: Installation.Kind.allCases)
    func `a step that old programs cannot live with stops them, and nothing of theirs is half written`(
        _ kind: Installation.Kind
    ) async throws {
        let installation = try Installation(kind)
        let old = try installation.store(1)
        let middle = try installation.store(2)
        try await write("before", to: old)
        let new = try installation.store(3)
        for store in [old, middle] {
            #expect(await failureKind { try await write("after", to: store) } == .unavailable)
        }
        try await write("after", to: new)
        #expect(try await new.read { try $0.counts().applied } == 2)
        for version in [1, 2] {
            let refusal = await refusal { _ = try installation.store(version) }
            #expect(refusal?.kind == .corrupt)
            #expect(refusal?.cause.contains("use a newer program") == true)
        }
        for store in [old, middle, new] { await store.close() }
    }

    @Test(arguments: Installation.Kind.allCases)
    func `a step that old programs cannot live with waits for what they have begun`(
        _ kind: Installation.Kind
    ) async throws {
        let installation = try Installation(kind)
        let old = try installation.store(1)
        let (inside, tell) = AsyncStream<Void>.makeStream()
        let go = Gate()
        async let first: Void = old.write { (store) throws in
            _ = try store.claims([EventKey(source: "crm", id: "slow")])
            tell.finish()
            #expect(go.wait(seconds: 120), "never let go")
            try store.save([record("slow")])
            _ = try store.append([entry(event("slow"), outputs: [output("slow")])], owner: "w")
        }
        for await _ in inside {}
        async let opening = installation.opened(3)
        try installation.awaitWaiting()
        go.open()
        try await first
        let new = try await opening
        #expect(try await new.read { try $0.counts().applied } == 1)
        #expect(await failureKind { try await write("late", to: old) } == .unavailable)
        await old.close()
        await new.close()
    }

    @Test(arguments: Installation.Kind.allCases)
    func `releases may be left out, and many that start at once change the schema once`(
        _ kind: Installation.Kind
    ) async throws {
        let installation = try Installation(kind)
        let first = try installation.store(1)
        try await write("one", to: first)
        await first.close()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    let store = try installation.store(3)
                    try await write("three-\(worker)", to: store)
                    await store.close()
                }
            }
            try await group.waitForAll()
        }
        let store = try installation.store(3)
        #expect(try await store.read { try $0.counts().applied } == 5)
        await store.close()
    }

    @Test func `a program does the steps that are missing, unless the schema is beyond it`() throws {
        let steps = SchemaSteps([
            SchemaStep(oldestProgram: 1, ["a"]), SchemaStep(oldestProgram: 1, ["b"]),
            SchemaStep(oldestProgram: 2, ["c"]),
        ])
        #expect(
            try steps.missing(from: SchemaState(version: 0, oldestProgram: 0)).map(\.statements) == [
                ["a"], ["b"], ["c"],
            ])
        #expect(try steps.missing(from: SchemaState(version: 2, oldestProgram: 1)).map(\.statements) == [["c"]])
        #expect(try steps.missing(from: SchemaState(version: 3, oldestProgram: 2)).isEmpty)
        #expect(try steps.missing(from: SchemaState(version: 7, oldestProgram: 3)).isEmpty)
        #expect(throws: SchemaTooNew.self) { try steps.missing(from: SchemaState(version: 7, oldestProgram: 4)) }
    }

    private func refusal(_ body: () throws -> Void) async -> StoreFailure? {
        do {
            try body()
            return nil
        } catch {
            return error as? StoreFailure
        }
    }
}

/// One event with everything that a batch writes.
private func write(_ id: String, to store: any Store) async throws {
    try await store.write { (store) throws in
        try store.renewLease(of: "w", until: start.adding(seconds: -1))
        let version = try store.load([key("shared")])[key("shared")]?.version ?? 0
        try store.save([record("shared", version: version + 1, wake: start)])
        _ = try store.append([entry(event(id), records: [key("shared")], outputs: [output("o-" + id)])], owner: "w")
    }
}

/// A database that programs of several releases open.
struct Installation: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case sqlite, postgres

        static var allCases: [Kind] { TestPostgres.isThere ? [.sqlite, .postgres] : [.sqlite] }
    }

    private let folder: TestFolder?
    private let database: TestPostgres?

    init(_ kind: Kind) throws {
        switch kind {
        case .sqlite: (folder, database) = (try TestFolder(), nil)
        case .postgres: (folder, database) = (nil, try TestPostgres())
        }
    }

    /// The store as the program of release `version` opens it.
    func store(_ version: Int) throws -> any Store {
        if let database {
            return try PostgresStore(
                database.configuration, stage: .handling,
                steps: { Self.steps(StorePostgres.StageSchema.steps($0), Self.postgres($0), version) },
                wall: TestPostgres.wall)
        }
        return try SQLiteStore(
            directory: try #require(folder).path, stage: .handling,
            schema: Self.steps(StoreSQLite.StageSchema.steps, Self.sqlite, version))
    }

    func opened(_ version: Int) async throws -> any Store { try store(version) }

    /// Waits until an opening stands behind a transaction, where it can be seen from outside.
    func awaitWaiting() throws { try database?.awaitWaiting() }

    /// What the first release knows, and what comes after it.
    private static func steps(_ first: SchemaSteps, _ later: [SchemaStep], _ version: Int) -> SchemaSteps {
        let base = first.version - 1
        let renumbered = later.map { SchemaStep(oldestProgram: $0.oldestProgram + base, $0.statements) }
        return SchemaSteps(first.steps + renumbered.prefix(version - 1))
    }

    private static let sqlite = [
        SchemaStep(
            oldestProgram: 1,
            ["journal", "outputs", "taken", "emitted", "records", "changes", "outbox", "leases", "counts"].map {
                "ALTER TABLE \($0) ADD COLUMN extra INTEGER NOT NULL DEFAULT 7"
            } + [
                "CREATE TABLE extras (number INTEGER PRIMARY KEY, note TEXT)",
                "CREATE INDEX journal_by_type ON journal (type)",
            ]),
        SchemaStep(oldestProgram: 3, ["ALTER TABLE journal DROP COLUMN extra"]),
    ]

    private static func postgres(_ schema: String) -> [SchemaStep] {
        [
            SchemaStep(
                oldestProgram: 1,
                ["counters", "journal", "outputs", "outbox", "leases", "records", "changes"].map {
                    "ALTER TABLE \(schema).\($0) ADD COLUMN extra bigint NOT NULL DEFAULT 7"
                } + [
                    "CREATE TABLE \(schema).extras (number bigint PRIMARY KEY, note text)",
                    "CREATE INDEX journal_by_type ON \(schema).journal (type)",
                ]),
            SchemaStep(oldestProgram: 3, ["ALTER TABLE \(schema).journal DROP COLUMN extra"]),
        ]
    }
}
