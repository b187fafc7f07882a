import Schema
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// The numbers by which tokens name persons, and the secret by which phones are looked up.
@Suite struct PersonNumberTests {
    @Test func `Persons who are met at one time lie together, and nobody can guess their numbers`() {
        let noon = Instant(seconds: 1_793_592_000)
        let met = (0..<1_000).map { _ in PersonalEdge.newPerson(at: noon) }
        #expect(Set(met).count == met.count && met.allSatisfy { $0 > 0 })
        #expect(Set(met.map { $0 >> 43 }).count == 1)
        // Each of the 43 bits is now this and now that.
        let (all, any) = met.reduce((Int64.max, Int64(0))) { ($0.0 & $1, $0.1 | $1) }
        #expect(all & (1 << 43 - 1) == 0 && any & (1 << 43 - 1) == 1 << 43 - 1)
        #expect(PersonalEdge.newPerson(at: noon.adding(seconds: 4)) >> 43 == met[0] >> 43 + 1)
        #expect(PersonalEdge.newPerson(at: Instant(seconds: -1)) > 0)
    }

    @Test func `A secret that was rolled back with its transaction is not gone on with`() async throws {
        struct Interruption: Error {}
        let (store, vault) = (MemoryStore(), PersonalVault(stage: .intake))
        await #expect(throws: Interruption.self) {
            try await store.write { (transaction) throws in
                _ = try vault.establishDigester(in: transaction)
                // As what waits, and an erasure, ask once more.
                _ = try vault.establishDigester(in: transaction)
                throw Interruption()
            }
        }
        try await store.write { _ = try vault.establishDigester(in: $0) }
        #expect(try await store.read { try $0.personalSecret() } != nil)
    }
}
