import Store
import StorePostgres
import StoreSQLite
import StoreTestKit

/// Runs `body` with an empty store of dead letters.
func withParking(_ adapter: Adapter, _ body: (any DeadLetterStore) async throws -> Void) async throws {
    switch adapter {
    case .memory: try await body(MemoryDeadLetterStore())
    case .sqlite:
        let folder = try TestFolder()
        let parking = try SQLiteParking(directory: folder.path)
        try await body(parking)
        await parking.close()
    case .postgres:
        let parking = try PostgresParking(try TestPostgres().configuration)
        try await body(parking)
        await parking.close()
    }
}
