internal import Foundation
internal import GRDB
import Store

/// The installation of a folder of SQLite files: `DIRECTORY/installation.sqlite`.
package struct SQLiteInstallation: InstallationStore {
    private let directory: String

    package init(directory: String) {
        self.directory = directory
    }

    private static let schema = SchemaSteps([SchemaStep(oldestProgram: 1, [version1])])

    private static let version1 = """
        CREATE TABLE installation (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            id TEXT NOT NULL
        );
        CREATE TABLE stores (name TEXT PRIMARY KEY) WITHOUT ROWID;
        """

    private func files() throws -> Set<String> {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw FileOperation(verb: "looking into", path: directory)
                .failure(.unavailable, "it is no folder that this user may read")
        }
        return Set(names.filter { $0.hasSuffix(".sqlite") }.map { String($0.dropLast(".sqlite".count)) })
    }

    private func file() throws -> SQLiteFile {
        var options = SQLiteFile.Options()
        options.writerCache = 256
        options.readerCache = 256
        options.readers = 1
        options.turnLimitSeconds = 10
        return try SQLiteFile(directory: directory, name: InstallationName.store, schema: Self.schema, options: options)
    }

    package func present() throws -> Set<String> { try files().intersection(InstallationName.stores) }

    package func reading() throws -> InstallationReading {
        guard try files().contains(InstallationName.store) else { return .none }
        let file = try file()
        defer { file.closeNow() }
        return try file.readNow { try Self.record($0) }.map { .record($0) } ?? .none
    }

    private static func record(_ db: Database) throws -> InstallationRecord? {
        guard let id = try Query(db, "SELECT id FROM installation").first({ $0.text(0) }) else { return nil }
        return InstallationRecord(id: id, stores: Set(try Query(db, "SELECT name FROM stores").rows { $0.text(0) }))
    }

    package func enter(_ id: String, stores: Set<String>) throws -> InstallationRecord? {
        let file = try file()
        defer { file.closeNow() }
        return try file.writeNow { db in
            let query = try Query(db, "INSERT INTO installation (one, id) VALUES (1, ?) ON CONFLICT (one) DO NOTHING")
            try query.bind(1, id)
            try query.run()
            let note = try Query(db, "INSERT INTO stores (name) VALUES (?) ON CONFLICT (name) DO NOTHING")
            for name in stores.sorted() {
                try note.bind(1, name)
                try note.run()
            }
            return try Self.record(db)
        }
    }
}
