import Schema
import Store
import StoreSQLite
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("The store in SQLite", .timeLimit(.minutes(10)))
struct SQLiteStoreTests {
    func store(_ folder: TestFolder, pages: Int? = nil) throws -> SQLiteStore {
        try SQLiteStore(directory: folder.path, stage: .intake, sizeLimitPages: pages)
    }

    @Test func `a store that is opened again has everything`() async throws {
        let folder = try TestFolder()
        let entries = (1...300).map {
            entry(event("e\($0)"), records: [key("r\($0 % 7)")], outputs: [output("o\($0)")])
        }
        let first = try store(folder)
        try await first.write { (store) throws in
            try store.save((0..<7).map { record("r\($0)", wake: start) })
            _ = try store.append(entries, owner: "w")
            try store.renewLease(of: "w", until: start)
        }
        let counts = try await first.read { try $0.counts() }
        await first.close()
        let second = try store(folder)
        try await second.write { (store) throws in
            #expect(try store.counts() == counts)
            let read = try store.journal(after: 0, limit: 999, withBodies: true)
            #expect(read == zip(entries, 1...300).map { $0.numbered($1) })
            #expect(try store.dueRecords(now: start, limit: 99).count == 7)
            #expect(try store.takeOverOutbox(by: "v", now: start.adding(seconds: -1), limit: 9).isEmpty)
            #expect(try store.append([entry(event("next"))], owner: "w") == [301])
        }
        await second.close()
    }

    @Test func `a snapshot stays as it was while others write, and hinders them not`() async throws {
        try await withStores(.sqlite) { store, other in
            _ = try await store.write { try $0.append([entry(event("a"))], owner: "w") }
            let (seen, tell) = AsyncStream<Void>.makeStream()
            let written = Gate()
            async let reading = store.read { (store) throws in
                let before = try store.counts()
                tell.finish()
                #expect(written.wait(seconds: 120), "the writer was held up by the reader")
                return (before, try store.counts(), try store.journal(after: 0, limit: 9, withBodies: true).count)
            }
            for await _ in seen {}
            _ = try await other.write { try $0.append([entry(event("b"))], owner: "w") }
            written.open()
            let (before, after, entries) = try await reading
            #expect(before == after)
            #expect(entries == 1)
            #expect(try await store.read { try $0.counts().applied } == 2)
        }
    }

    @Test func `many stores on one file write at once, and none is left behind`() async throws {
        let folder = try TestFolder()
        let stores = try (0..<4).map { _ in try store(folder) }
        let batches = 50
        let numbers = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for (index, store) in stores.enumerated() {
                group.addTask {
                    var numbers: [Int64] = []
                    for batch in 0..<batches {
                        let entries = (0..<4).map {
                            entry(event("\(index)-\(batch)-\($0)"), records: [key("shared")], outputs: [output("o")])
                        }
                        numbers += try await store.write { (store) throws in
                            let version = try store.load([key("shared")])[key("shared")]?.version ?? 0
                            try store.save([record("shared", version: version + 1)])
                            return try store.append(entries, owner: "w\(index)")
                        }
                    }
                    return numbers
                }
            }
            return try await group.reduce(into: [[Int64]]()) { $0.append($1) }
        }
        #expect(numbers.joined().sorted() == (1...Int64(16 * batches)).map { $0 })
        #expect(numbers.allSatisfy { $0 == $0.sorted() })
        let version = try await stores[0].read { try $0.record(key("shared"))?.version }
        #expect(version == Int64(4 * batches))
        for store in stores { await store.close() }
    }

    @Test func `a full disk is unavailable, and nothing is half written`() async throws {
        let folder = try TestFolder()
        let store = try store(folder, pages: 60)
        var written = 0
        var kind: StoreFailure.Kind?
        for batch in 0..<100 where kind == nil {
            let entries = (0..<10).map { entry(event("\(batch)-\($0)", bytes: 900), outputs: [output("o")]) }
            kind = await failureKind {
                _ = try await store.write { (store) throws in
                    try store.save([record("r\(batch)")])
                    return try store.append(entries, owner: "w")
                }
            }
            if kind == nil { written += 1 }
        }
        #expect(kind == .unavailable)
        #expect(written > 2)
        let counts = try await store.read { try $0.counts() }
        #expect(counts.applied == 10 * written && counts.records == written && counts.outbox == 10 * written)
        await store.close()
        let roomy = try self.store(folder)
        _ = try await roomy.write { try $0.append([entry(event("more", bytes: 100_000))], owner: "w") }
        #expect(try await roomy.read { try $0.counts().applied } == 10 * written + 1)
        await roomy.close()
    }

    @Test func `folder and files belong to their owner alone`() async throws {
        let folder = try TestFolder()
        let store = try SQLiteStore(directory: folder.path + "/a/b", stage: .penalty)
        try await store.write { try $0.save([record("1")]) }
        func mode(_ name: String) -> mode_t {
            var status = stat()
            return stat(folder.path + "/a" + name, &status) == 0 ? status.st_mode & 0o777 : 0
        }
        #expect(["", "/b"].map(mode) == [0o700, 0o700])
        let files = ["/b/penalty.sqlite", "/b/penalty.sqlite-wal", "/b/penalty.sqlite-shm", "/b/penalty.turn"]
        #expect(files.map(mode) == [0o600, 0o600, 0o600, 0o600])
        await store.close()
        for file in files { unlink(folder.path + "/a" + file) }
        rmdir(folder.path + "/a/b")
        rmdir(folder.path + "/a")
    }

    @Test func `what is no store of this version is refused in plain words`() async throws {
        let folder = try TestFolder()
        func refusal() -> StoreFailure? {
            do {
                _ = try store(folder)
                return nil
            } catch {
                return error as? StoreFailure
            }
        }
        let first = try store(folder)
        await first.close()
        // The version of the schema lies at byte 60 of the file.
        try patch(folder.path + "/intake.sqlite", at: 60, [0, 0, 3, 231])
        let newer = try #require(refusal())
        #expect(newer.kind == .corrupt)
        #expect(newer.description.contains("version 999") && newer.description.contains("use a newer program"))
        try patch(folder.path + "/intake.sqlite", at: 60, [0, 0, 0, 0])
        #expect(refusal()?.cause.contains("another program's database") == true)
        try patch(folder.path + "/intake.sqlite", at: 0, Array("not a database".utf8))
        #expect(refusal()?.kind == .damaged)
    }

    @Test func `a folder that cannot be made is unavailable`() async throws {
        let kind = await failureKind { _ = try SQLiteStore(directory: "/proc/recourse", stage: .intake) }
        #expect(kind == .unavailable)
    }

    private func patch(_ path: String, at offset: Int, _ bytes: [UInt8]) throws {
        let file = open(path, O_RDWR)
        try #require(file >= 0)
        defer { close(file) }
        try #require(pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count)
    }
}

/// Opens once; a thread may wait for it.
final class Gate: @unchecked Sendable {
    // The semaphore is the thread-safe part; there is no other state.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() { sem_post(semaphore) }

    /// False if it has not opened in time.
    func wait(seconds: Int) -> Bool {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        end.tv_sec += seconds
        while sem_timedwait(semaphore, &end) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }
}
