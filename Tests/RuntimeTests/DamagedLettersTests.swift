import Schema
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// A dead letter that somebody has damaged hinders no other, whatever is done with all of them.
@Suite struct `A damaged dead letter` {
    private static let old = "k1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
    private static let new = "k2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
    private let noon = WorkerScene.noon

    private func letter(_ id: String, caseId: String? = nil) -> DeadLetter {
        var letter = DeadLetter(
            id: id, queue: "q", failureClass: "schema", code: "contract", firstAt: noon, lastAt: noon,
            body: Array("call 139 7777 1234".utf8))
        letter.caseId = caseId
        return letter
    }

    /// Three letters of one person, the last of them damaged.
    ///
    /// - Parameter isTraced: this release has parked them, and not the one before.
    private func store(isTraced: Bool, caseId: String? = nil) async throws -> MemoryDeadLetterStore {
        let (store, sealing) = (MemoryDeadLetterStore(), MemoryDeadLetterStore())
        let letters = SealedDeadLetters(isTraced ? store : sealing, keyring: try Keyring(parsing: Self.old))
        _ = try await letters.upsert([letter("1"), letter("2"), letter("3", caseId: caseId)], parkedAt: noon)
        if !isTraced {
            let sealed = try sealing.list(DeadLetterFilter(), after: nil, limit: 9).reversed().map(\.letter)
            _ = try store.upsert(sealed, parkedAt: noon)
        }
        var damaged = try #require(try store.get("3"))
        damaged.letter.body[damaged.letter.body.count - 1] ^= 1
        try store.replace([damaged])
        return store
    }

    private func letters(_ store: MemoryDeadLetterStore, _ keys: String = old) throws -> SealedDeadLetters {
        SealedDeadLetters(store, keyring: try Keyring(parsing: keys))
    }

    @Test func `is listed with what is left of it, beside the others`() async throws {
        let letters = try letters(try await store(isTraced: true))
        let rows = try await letters.list(DeadLetterFilter(), after: nil, limit: 9)
        #expect(rows.map(\.letter.id) == ["3", "2", "1"] && rows.map(\.isDamaged) == [true, false, false])
        #expect(rows.map(\.letter.body.isEmpty) == [true, false, false])
        let mark = DeadLetterMark(id: "3", version: 1, state: .discarded)
        let moved = try #require(try await letters.mark([mark]).first)
        #expect(moved.isDamaged && !moved.isErased, "it may be restored")
    }

    @Test func `goes with the person whose it was when it was whole`() async throws {
        let letters = try letters(try await store(isTraced: true))
        let found = try await DeadLettersOfPersons(letters).find(.init(.phone("13977771234")))
        #expect(found.letters.map(\.id) == ["1", "2", "3"] && found.damaged == [])
        let others = try await DeadLettersOfPersons(letters).find(.init(.phone("13600000001")))
        #expect(others.letters.isEmpty && others.damaged == [])
    }

    @Test func `that nobody has read before is told of, and goes with whom the rest of it names`() async throws {
        let store = try await store(isTraced: false, caseId: "K1")
        let letters = try letters(store)
        let found = try await DeadLettersOfPersons(letters).find(.init(.phone("13977771234")))
        #expect(found.letters.map(\.id) == ["1", "2"] && found.damaged == ["3"])
        #expect(try store.unindexed(limit: 9, bytes: 1 << 20).isEmpty)
        let named = try await DeadLettersOfPersons(letters).find(.init(.cases(["K1"])))
        #expect(named.letters.map(\.id) == ["3"] && named.damaged == [])
    }

    @Test func `is left under its key when the others get another`() async throws {
        let store = try await store(isTraced: true)
        let before = try store.get("3")
        let done = try await letters(store, Self.new + "\n" + Self.old).reseal()
        #expect(done == (resealed: 2, damaged: 1))
        #expect(try store.get("3") == before)
    }

    @Test func `does not make a key wrong, and a missing key stops what needs it`() async throws {
        for isTraced in [true, false] {
            let store = try await store(isTraced: isTraced)
            #expect(try await letters(store).fault() == nil)
            #expect(try await letters(store, Self.new).fault() == .missing(key: "k1"))
            let wrong = "k1 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
            #expect(try await letters(store, wrong).fault() == .wrong(key: "k1"))
            let failure = await #expect(throws: StoreFailure.self) {
                try await letters(store, Self.new).list(DeadLetterFilter(), after: nil, limit: 9)
            }
            #expect(failure?.kind == .unavailable)
        }
    }
}
