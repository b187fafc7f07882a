import Schema
import Store
import StoreSQLite
import StoreTestKit
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// A folder of its own for one test, removed with all it holds.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var name = Array("\(parent)/recourse-store-XXXXXX".utf8CString)
        let made = name.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        try #require(made, "mkdtemp failed")
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for file in entries() { unlink(path + "/" + file) }
        rmdir(path)
    }

    func entries() -> [String] { entries(of: path) }

    /// Removes a folder within this one; what was in it.
    func remove(folder: String) -> [String]? {
        let names = entries(of: folder)
        for name in names { unlink(folder + "/" + name) }
        return rmdir(folder) == 0 ? names : nil
    }

    private func entries(of path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// The adapters that keep the store's promises.
enum Adapter: String, CaseIterable, Sendable {
    case memory, sqlite, postgres

    /// PostgreSQL only where a server is given; `deploy/test` starts one.
    static var allCases: [Adapter] { TestPostgres.isThere ? [.memory, .sqlite, .postgres] : [.memory, .sqlite] }

    /// Two stores over the same, empty content, as two workers of a stage have.
    func pair() throws -> StorePair {
        switch self {
        case .memory:
            let first = MemoryStore()
            return StorePair(first: first, second: MemoryStore(sharing: first), folder: nil)
        case .sqlite:
            let folder = try TestFolder()
            return StorePair(
                first: try SQLiteStore(directory: folder.path, stage: .handling),
                second: try SQLiteStore(directory: folder.path, stage: .handling), folder: folder)
        case .postgres:
            let database = try TestPostgres()
            return StorePair(
                first: try database.store(.handling), second: try database.store(.handling), folder: nil)
        }
    }
}

struct StorePair: Sendable {
    let first: any Store
    let second: any Store
    /// Kept as long as the stores.
    let folder: TestFolder?

    func close() async {
        await first.close()
        await second.close()
    }
}

/// Runs `body` over two stores of every kind's making.
func withStores<T>(_ adapter: Adapter, _ body: (any Store, any Store) async throws -> T) async throws -> T {
    let pair = try adapter.pair()
    do {
        let result = try await body(pair.first, pair.second)
        await pair.close()
        return result
    } catch {
        await pair.close()
        throw error
    }
}

let start = Instant(seconds: 1_780_000_000)

func key(_ id: String, kind: String = "case") -> RecordKey { RecordKey(kind: kind, id: id) }

func event(_ id: String, source: String = "crm", bytes: Int = 3) -> JournalInput {
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: bytes)
    return .event(source: source, id: id, type: "complaint.received", digest: Identifiers.digest(body), body: body)
}

func output(_ id: String, correlation: String? = nil, bytes: Int = 3) -> JournalOutput {
    JournalOutput(
        id: id, type: "case.opened", exchange: "recourse.events", routingKey: "case.opened", correlation: correlation,
        body: [UInt8](repeating: UInt8(ascii: "y"), count: bytes))
}

func entry(
    _ input: JournalInput, fate: Fate = .applied, now: Instant = start, isLate: Bool = false,
    records: [RecordKey] = [], outputs: [JournalOutput] = []
) -> JournalEntry {
    JournalEntry(
        input: input, fate: fate, now: now, isLate: isLate, policyVersion: "policy-1", records: records,
        outputs: outputs)
}

func record(
    _ id: String, kind: String = "case", version: Int64 = 1, wake: Instant? = nil, order: Int = 0,
    body: [UInt8] = Array("{}".utf8)
) -> StoredRecord {
    StoredRecord(
        key: key(id, kind: kind), version: version, wakeAt: wake, wakeOrder: order, firedAt: nil, firedOutputs: 0,
        body: body)
}

extension JournalInput {
    var withoutBody: JournalInput {
        guard case .event(let source, let id, let type, let digest, _) = self else { return self }
        return .event(source: source, id: id, type: type, digest: digest, body: [])
    }
}

extension JournalEntry {
    func numbered(_ number: Int64) -> JournalEntry {
        var entry = self
        entry.number = number
        return entry
    }

    var ids: [String] {
        if case .event(_, let id, _, _, _) = input { [id] } else { [] }
    }
}

/// The kind of `StoreFailure` that `body` throws; nil if it throws none.
func failureKind(_ body: () async throws -> Void) async -> StoreFailure.Kind? {
    do {
        try await body()
        return nil
    } catch let failure as StoreFailure {
        return failure.kind
    } catch {
        Issue.record("not a store failure: \(error)")
        return nil
    }
}

struct Interruption: Error {}
