import Schema
import Store
import StorePostgres
import StoreSQLite
import StoreTestKit
import Testing

@Suite("The audit log", .timeLimit(.minutes(10)))
struct AuditLogStoreTests {
    /// Two programs on one log; the memory has only one.
    private func withLogs(
        _ adapter: Adapter, _ body: (any DeadLetterStore, any DeadLetterStore) async throws -> Void
    ) async throws {
        switch adapter {
        case .memory:
            let store = MemoryDeadLetterStore()
            try await body(store, store)
        case .sqlite:
            let folder = try TestFolder()
            let (one, other) = (try SQLiteParking(directory: folder.path), try SQLiteParking(directory: folder.path))
            try await body(one, other)
            await one.close()
            await other.close()
        case .postgres:
            let configuration = try TestPostgres().configuration
            let (one, other) = (try PostgresParking(configuration), try PostgresParking(configuration))
            try await body(one, other)
            await one.close()
            await other.close()
        }
    }

    private func draft(
        _ verb: String, by name: String = "anna", _ objects: Set<String> = [], traces: Set<Int64> = []
    ) -> AuditLogDraft {
        let content = Array("{\"verb\":\"\(verb)\"}".utf8)
        let frame = AuditLogFrame(
            at: start, operatorName: name, systemUser: "oncall", verb: verb, outcome: "done")
        return AuditLogDraft(
            frame: frame, digest: Identifiers.digest(content), content: content, objects: objects,
            traces: Set(traces.map { PersonalTrace(number: $0) }))
    }

    /// The whole chain, walked as `recourse audit-log verify` does.
    private func chainHolds(_ store: any DeadLetterStore) async throws -> Bool {
        var head = AuditLogHead.origin
        for entry in try await store.logEntries(AuditLogFilter(), .after(0), limit: 10_000) {
            head = head.followed(by: entry.frame, digest: entry.digest)
            guard entry.number == head.number, entry.head == head.hash else { return false }
        }
        return try await store.logHead() == head
    }

    @Test(arguments: Adapter.allCases)
    func `entries come back as they were written, each behind the one before`(_ adapter: Adapter) async throws {
        try await withLogs(adapter) { log, _ in
            #expect(try await log.logHead() == .origin)
            #expect(try await log.writeLog([]) == .origin)
            let drafts = [draft("dead-letters discard", ["dead-letter:1"]), draft("person erase", by: "王芳")]
            let head = try await log.writeLog(drafts)
            #expect(head.number == 2)
            #expect(try await log.logHead() == head)
            let entries = try await log.logEntries(AuditLogFilter(), .after(0), limit: 9)
            #expect(entries.map(\.frame) == drafts.map(\.frame))
            #expect(entries.map(\.content) == drafts.map(\.content))
            #expect(entries.map(\.number) == [1, 2])
            #expect(entries.last?.head == head.hash)
            #expect(try await chainHolds(log))
        }
    }

    @Test(arguments: Adapter.allCases)
    func `two that write at once stand behind one another`(_ adapter: Adapter) async throws {
        try await withLogs(adapter) { one, other in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<8 {
                    let log = writer.isMultiple(of: 2) ? one : other
                    group.addTask {
                        for act in 0..<10 {
                            _ = try await log.writeLog([draft("a \(writer)", ["o:\(act)"]), draft("b \(writer)")])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await one.logHead().number == 160)
            #expect(try await chainHolds(other))
            var filter = AuditLogFilter()
            filter.object = "o:3"
            #expect(try await one.logCount(filter) == 8)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `entries are found by who, verb and object, in pages of either direction`(_ adapter: Adapter) async throws {
        try await withLogs(adapter) { log, _ in
            _ = try await log.writeLog([
                draft("dead-letters show", ["dead-letter:1"]), draft("dead-letters", by: "bo"),
                draft("dead-letters-of-another", by: "bo"), draft("person erase", ["dead-letter:1", "case:1"]),
            ])
            func numbers(_ change: (inout AuditLogFilter) -> Void, _ page: AuditLogPage = .after(0)) async throws
                -> [Int64]
            {
                var filter = AuditLogFilter()
                change(&filter)
                let found = try await log.logEntries(filter, page, limit: 99).map(\.number)
                if page == .after(0) { #expect(try await log.logCount(filter) == found.count) }
                return found
            }
            #expect(try await numbers { $0.operatorName = "bo" } == [2, 3])
            #expect(try await numbers { $0.verb = "dead-letters" } == [1, 2])
            #expect(try await numbers { $0.verb = "dead-letters show" } == [1])
            #expect(try await numbers { $0.object = "dead-letter:1" } == [1, 4])
            #expect(try await numbers { ($0.object, $0.verb) = ("dead-letter:1", "person erase") } == [4])
            #expect(try await numbers({ _ in }, .before(4)) == [3, 2, 1])
            #expect(try await numbers({ _ in }, .after(2)) == [3, 4])
            let page = try await log.logEntries(AuditLogFilter(), .before(.max), limit: 2)
            #expect(page.map(\.number) == [4, 3])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `content is erased by a number in it, and the chain holds without it`(_ adapter: Adapter) async throws {
        try await withLogs(adapter) { log, _ in
            _ = try await log.writeLog([draft("a", ["x:1"], traces: [7, 8]), draft("b", traces: [8]), draft("c")])
            func trace(_ number: Int64) -> Set<PersonalTrace> { [PersonalTrace(number: number)] }
            #expect(try await log.eraseLog(of: trace(7)) == 1)
            #expect(try await log.eraseLog(of: trace(7)) == 0, "it is gone already")
            let entries = try await log.logEntries(AuditLogFilter(), .after(0), limit: 9)
            #expect(entries.map { $0.content == nil } == [true, false, false])
            #expect(entries.map(\.frame.verb) == ["a", "b", "c"])
            var filter = AuditLogFilter()
            filter.object = "x:1"
            #expect(try await log.logCount(filter) == 0)
            #expect(try await chainHolds(log))
            try await log.resealLog([1: [1], 2: [2]])
            #expect(
                try await log.logEntries(AuditLogFilter(), .after(0), limit: 2).map(\.content) == [nil, [2]],
                "what was erased does not come back")
        }
    }

    @Test(arguments: Adapter.allCases)
    func `what is done to letters and what is said of it come together, or not at all`(_ adapter: Adapter) async throws
    {
        try await withLogs(adapter) { letters, _ in
            let one = DeadLetter(
                id: "1", queue: "q", failureClass: "schema", code: "contract", firstAt: start, lastAt: start,
                body: [1])
            _ = try await letters.upsert([one], parkedAt: start)
            let mark = DeadLetterMark(id: "1", version: 1, state: .discarded)
            await #expect(throws: Interruption.self) {
                _ = try await letters.mark([mark]) { _ in throw Interruption() }
            }
            #expect(try await letters.get("1")?.state == .open)
            let change = try await letters.mark([mark]) { rows in
                rows.map { draft("discard", ["dead-letter:\($0.letter.id)"]) }
            }
            #expect(change.rows.map(\.state) == [.discarded] && change.head?.number == 1)
            let late = try await letters.mark([mark]) { _ in [draft("twice")] }
            #expect(late.rows.isEmpty && late.head == nil, "nothing was done, so nothing is said")
            #expect(try await letters.logHead().number == 1)
            let assigned = try await letters.mark([DeadLetterMark(id: "1", version: 2, state: nil, assignee: "bo")])
            #expect(assigned.map(\.assignee) == ["bo"] && assigned.map(\.state) == [.discarded])
            #expect(try await letters.get("1")?.assignee == "bo")
            let nobody = try await letters.mark([DeadLetterMark(id: "1", version: 3, state: nil, assignee: "")])
            #expect(nobody.map(\.assignee) == [nil])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `what is told of one letter alone goes with it`(_ adapter: Adapter) async throws {
        try await withLogs(adapter) { letters, _ in
            let rows = ["1", "2"].map {
                DeadLetter(
                    id: $0, queue: "q", failureClass: "schema", code: "contract", firstAt: start, lastAt: start,
                    body: [1])
            }
            _ = try await letters.upsert(rows, parkedAt: start)
            _ = try await letters.writeLog([
                draft("note", ["dead-letter:1"]), draft("discard", ["dead-letter:1", "dead-letter:2"]),
                draft("note", ["dead-letter:2"]),
            ])
            _ = try await letters.erase([LetterErasure(id: "1")], note: "erased")
            let kept = try await letters.logEntries(AuditLogFilter(), .after(0), limit: 9).map { $0.content != nil }
            #expect(kept == [false, true, true])
        }
    }

    @Test func `a head is read as it is told`() throws {
        let head = AuditLogHead.origin.followed(by: draft("a").frame, digest: draft("a").digest)
        #expect(AuditLogHead(head.text) == head)
        for wrong in ["", "1", "1:", "x:\(head.text)", head.text + "0", "-1:" + head.text.dropFirst(2), "1:zz"] {
            #expect(AuditLogHead(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `frames that differ in where one text ends have other heads`() {
        func head(_ name: String, _ user: String) -> AuditLogHead {
            let frame = AuditLogFrame(at: start, operatorName: name, systemUser: user, verb: "v", outcome: "o")
            return AuditLogHead.origin.followed(by: frame, digest: [])
        }
        #expect(head("ab", "c") != head("a", "bc"))
    }
}
