import ArgumentParser
import Foundation
import Schema
import Store
import StoreSQLite

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copies the stages' SQLite files as of one moment, while workers write.",
        discussion: """
            Into an empty or new folder; the manifest is written last, so a folder without one is no backup. Each copy is
            checked and on the disk when the verb ends. For PostgreSQL use pg_dump: it sees one moment as well.
            Exit codes: 0 done; 64 the folder is not empty, or the database is PostgreSQL; 69 the files cannot be read.
            """)
    @Argument(help: "The folder to write") var folder: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            let store = try BackupFolder.store(common.configuration(requiring: [.database]))
            let backup = BackupFolder(path: folder)
            guard try backup.isEmpty() else { throw Failure(ExitStatus.usage, "backup: \(folder) is not empty") }
            let madeAt = Wall.now()
            let names = try SQLiteBackup(directory: store).copy(to: folder)
            let manifest = BackupManifest(
                madeAt: madeAt.description, files: try names.map { try BackupManifest.File(backup.path(of: $0), $0) },
                auditLogHead: try SQLiteBackup.auditLogHead(in: folder)?.text)
            try backup.write(manifest)
            Output.line(manifest.text)
        }
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Brings the stages' SQLite files back from a backup.",
        discussion: """
            Into the folder of the database URL, which must be empty or missing. What to do before and after it:
            docs/OPERATING.md, Restore. Exit codes: 0 done; 1 the backup is not what its manifest says; 64 the folder is
            not empty.
            """)
    @Argument(help: "The folder that recourse backup has written") var folder: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            let store = try BackupFolder.store(common.configuration(requiring: [.database]))
            guard try BackupFolder(path: store).isEmpty() else {
                throw Failure(ExitStatus.usage, "restore: \(store) is not empty; move it away first")
            }
            let backup = BackupFolder(path: folder)
            let manifest = try backup.manifest()
            for file in manifest.files {
                guard try BackupManifest.File(backup.path(of: file.name), file.name) == file else {
                    throw Failure(ExitStatus.wrong, "restore: \(file.name) is not what the manifest says")
                }
            }
            try backup.bring(manifest.files.map(\.name), to: store)
            Output.line(manifest.text)
            Output.line("Now: recourse journal republish, then the workers, then what upstream has sent since.")
        }
    }
}

/// What a backup holds; the last file of it that is written.
struct BackupManifest: Codable, Equatable {
    struct File: Codable, Equatable {
        let name: String
        let bytes: Int
        let sha256: String

        /// Reads the file.
        init(_ path: String, _ name: String) throws {
            guard let handle = FileHandle(forReadingAtPath: path) else {
                throw Failure(ExitStatus.wrong, "read \(path): the file cannot be opened")
            }
            var (digest, bytes) = (RunningDigest(), 0)
            while let part = try handle.read(upToCount: 1 << 20), !part.isEmpty {
                bytes += part.count
                digest.add(Array(part))
            }
            self.name = name
            self.bytes = bytes
            sha256 = digest.hexadecimal
        }
    }

    static let name = "manifest.json"
    /// Wall time before the copying began: what was published later is not in the backup.
    let madeAt: String
    let files: [File]
    /// Of the audit log in it: `recourse audit-log verify --head` shows later whether it was written anew. nil: the release
    /// that made it kept none.
    let auditLogHead: String?

    var text: String {
        let bytes = files.reduce(0) { $0 + $1.bytes }
        let log = auditLogHead.map { "; audit log at \($0)" } ?? ""
        return "\(files.count) files, \(bytes) bytes, as of \(madeAt)\(log)"
    }
}

/// A folder with a backup.
struct BackupFolder {
    let path: String

    /// The folder of the installation's files.
    static func store(_ configuration: Configuration) throws -> String {
        guard case .sqlite(let directory)? = configuration.database else {
            throw Failure(ExitStatus.usage, "backup: for PostgreSQL use pg_dump and pg_restore (docs/OPERATING.md)")
        }
        return directory
    }

    func path(of name: String) -> String { path + "/" + name }

    /// Also where there is no such folder.
    ///
    /// - Throws: `Failure` if there is something that cannot be looked into: it is not ours to replace.
    func isEmpty() throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return true }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).isEmpty
        } catch {
            throw Failure(ExitStatus.usage, "look into \(path): it is no folder that can be read; name another")
        }
    }

    func write(_ manifest: BackupManifest) throws {
        let text = String(decoding: try JSONEncoding.bytes(of: manifest), as: UTF8.self)
        try Output.write(text + "\n", to: path(of: BackupManifest.name))
        try SQLiteBackup.sync(path(of: BackupManifest.name))
        try SQLiteBackup.sync(path)
    }

    func manifest() throws -> BackupManifest {
        let bytes = try Output.bytes(of: path(of: BackupManifest.name))
        let manifest = try JSONDecoding.decode(BackupManifest.self, from: bytes)
        for file in manifest.files where file.name.contains("/") || !file.name.hasSuffix(".sqlite") {
            throw Failure(ExitStatus.wrong, "restore: the manifest names \(file.name), which is no file of a store")
        }
        return manifest
    }

    /// Copies files to the store's folder, which appears only when all are there.
    func bring(_ names: [String], to store: String) throws {
        let files = FileManager.default
        do {
            let coming = store + ".coming"
            if files.fileExists(atPath: coming) { try files.removeItem(atPath: coming) }
            try files.createDirectory(
                atPath: coming, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            for name in names {
                try files.copyItem(atPath: path(of: name), toPath: coming + "/" + name)
                try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: coming + "/" + name)
                try SQLiteBackup.sync(coming + "/" + name)
            }
            try SQLiteBackup.sync(coming)
            if files.fileExists(atPath: store) { try files.removeItem(atPath: store) }
            try files.moveItem(atPath: coming, toPath: store)
        } catch let error as CocoaError {
            throw Failure(ExitStatus.wrong, "restore: \(store): \(error.localizedDescription)")
        }
        try SQLiteBackup.sync(URL(filePath: store).deletingLastPathComponent().path)
    }
}
