import Schema
import Store
import StoreSQLite
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Real processes on one file that end without warning.
@Suite("Killed processes", .timeLimit(.minutes(10)))
struct KilledProcessTests {
    private static let batchSize = 8

    static func batch(_ name: String, _ number: Int) -> [JournalEntry] {
        (0..<batchSize).map { entry(event("\(name)-\(number)-\($0)"), outputs: [output("\(name)-\(number)-\($0)-o")]) }
    }

    static func write(_ store: any Store, _ name: String, batches: Int) async throws {
        for number in 0..<batches {
            _ = try await store.write { store in
                try store.save([record("\(name)-\(number)")])
                return try store.append(batch(name, number), owner: name)
            }
        }
    }

    /// Writes `batches`, then ends in the middle of one more, while another connection waits for its turn.
    static func writeAndDie(folder: String, name: String, batches: Int) async throws {
        let store = try SQLiteStore(directory: folder, stage: .intake)
        let waiting = try SQLiteStore(directory: folder, stage: .intake)
        try await write(store, name, batches: batches)
        _ = try await store.write { transaction in
            try transaction.save([record("\(name)-lost")])
            _ = try transaction.append(batch(name, batches), owner: name)
            // The other draws its number; it cannot have its turn while this one has it.
            let drawn = numbersDrawn(folder)
            Task { try await write(waiting, name + "-waiting", batches: 1) }
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(20)
            while numbersDrawn(folder) == drawn, clock.now < deadline { sched_yield() }
            kill(getpid(), SIGKILL)
        }
    }

    private static func numbersDrawn(_ folder: String) -> Int64 {
        let file = open(folder + "/intake.turn", O_RDONLY)
        guard file >= 0 else { return -1 }
        defer { close(file) }
        var number: Int64 = -1
        return pread(file, &number, 8, 0) == 8 ? number : -1
    }

    @Test func `three killed writers leave whole batches, and no one waiting`() async throws {
        let folder = try TestFolder()
        let path = folder.path
        async let first = #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            try await KilledProcessTests.writeAndDie(folder: path, name: "one", batches: 5)
        }
        async let second = #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            try await KilledProcessTests.writeAndDie(folder: path, name: "two", batches: 20)
        }
        async let third = #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            try await KilledProcessTests.writeAndDie(folder: path, name: "three", batches: 0)
        }
        let store = try SQLiteStore(directory: path, stage: .intake)
        try await Self.write(store, "survivor", batches: 100)
        _ = await (first, second, third)

        let clock = ContinuousClock()
        let took = try await clock.measure { try await Self.write(store, "after", batches: 1) }
        #expect(took < .seconds(5), "the turn of a killed process was not given up")
        let entries = try await store.read { try $0.journal(after: 0, limit: 10_000, withBodies: true) }
        let written = Dictionary(grouping: entries.flatMap(\.ids)) { $0.prefix { $0 != "-" } }.mapValues(\.count)
        let size = Self.batchSize
        #expect(written == ["one": 5 * size, "two": 20 * size, "survivor": 100 * size, "after": size])
        let counts = try await store.read { try $0.counts() }
        #expect(counts.applied == 126 * size && counts.outbox == 126 * size && counts.records == 126)
        await store.close()
    }
}
