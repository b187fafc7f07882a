import Schema
import Store
import StoreSQLite
import Testing

@Suite("A copy of all files as of one moment", .timeLimit(.minutes(10)))
struct SQLiteBackupTests {
    /// Two stages hand on numbers: the first one commits a number, then the second one takes it.
    @Test func `what one stage has taken, the other has sent, though both write on`() async throws {
        let (folder, copies) = (try TestFolder(), try TestFolder())
        let sender = try SQLiteStore(directory: folder.path, stage: .intake)
        let taker = try SQLiteStore(directory: folder.path, stage: .routing)
        let (halfway, tell) = AsyncStream<Void>.makeStream()
        async let writing: Void = {
            for number in 1...400 {
                _ = try await sender.write { try $0.append([entry(event("u\(number)"))], owner: "w") }
                _ = try await taker.write { try $0.append([entry(event("o\(number)"))], owner: "w") }
                if number == 50 { tell.finish() }
            }
        }()
        for await _ in halfway {}
        for round in 1...5 {
            let target = copies.path + "/\(round)"
            let names = try SQLiteBackup(directory: folder.path).copy(to: target)
            #expect(names == ["intake.sqlite", "routing.sqlite"])
            #expect(SQLiteBackup.files(in: target) == names)
            let sent = try SQLiteStore(directory: target, stage: .intake)
            let taken = try SQLiteStore(directory: target, stage: .routing)
            let counts = (try await sent.read { try $0.counts() }, try await taken.read { try $0.counts() })
            #expect(counts.1.applied >= 50)
            #expect(counts.0.applied - counts.1.applied == 0 || counts.0.applied - counts.1.applied == 1)
            // The copy is a store like any other.
            _ = try await sent.write { try $0.append([entry(event("more"))], owner: "w") }
            await sent.close()
            await taken.close()
            for name in try #require(copies.remove(folder: target)) { #expect(!name.hasSuffix("-journal")) }
        }
        try await writing
        await sender.close()
        await taker.close()
    }

    @Test func `a folder without files is no store`() async throws {
        let folder = try TestFolder()
        let kind = await failureKind {
            _ = try SQLiteBackup(directory: folder.path).copy(to: folder.path + "/copy")
        }
        #expect(kind == .unavailable)
        #expect(folder.entries().isEmpty)
    }
}
