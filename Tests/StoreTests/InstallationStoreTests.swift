import Schema
import Store
import StorePostgres
import StoreSQLite
import Testing

@Suite("Installation store", .timeLimit(.minutes(10)))
struct InstallationStoreTests {
    /// Looks at a place for stores; `make` makes that of the intake there.
    private func withPlace(
        _ adapter: Adapter, _ body: (any InstallationStore, _ make: () async throws -> Void) async throws -> Void
    ) async throws {
        switch adapter {
        case .memory: break
        case .sqlite:
            let folder = try TestFolder()
            let path = folder.path + "/not/yet/there"
            try await body(SQLiteInstallation(directory: path)) {
                await (try SQLiteStore(directory: path, stage: .intake)).close()
            }
        case .postgres:
            let database = try TestPostgres()
            try await body(PostgresInstallation(database.configuration)) {
                await (try PostgresStore(database.configuration, stage: .intake) { start }).close()
            }
        }
    }

    @Test(arguments: Adapter.allCases.filter { $0 != .memory })
    func `looking makes nothing, and finds what there is`(_ adapter: Adapter) async throws {
        try await withPlace(adapter) { place, make in
            #expect(try place.present().isEmpty)
            #expect(try place.reading() == .none)
            #expect(try place.present().isEmpty)
            try await make()
            #expect(try place.present() == ["intake"])
            #expect(try place.reading() == .none)
        }
    }

    @Test(arguments: Adapter.allCases.filter { $0 != .memory })
    func `the first id stays, and the stores add up`(_ adapter: Adapter) async throws {
        try await withPlace(adapter) { place, make in
            #expect(try place.enter("a", stores: []) == InstallationRecord(id: "a", stores: []))
            #expect(try place.enter("b", stores: ["intake"]) == InstallationRecord(id: "a", stores: ["intake"]))
            let both = InstallationRecord(id: "a", stores: ["intake", "parking"])
            #expect(try place.enter("a", stores: ["intake", "parking"]) == both)
            #expect(try place.reading() == .record(both))
            // The id is no store.
            #expect(try place.present().isEmpty)
            try await make()
            #expect(try place.present() == ["intake"])
        }
    }
}
