import Foundation
import Operations
import Schema
import Store
import StoreSQLite
import Testing

/// The programs themselves, beside a real broker.
@Suite(.enabled(if: OwnBroker.isGiven, OwnBroker.missing), .timeLimit(.minutes(10)))
struct `The store of an installation` {
    @Test func `is never made anew in passing, and a lost part of it is missed`() async throws {
        try await OwnBroker.with { own in
            let scene = try InstallationScene(own)
            defer { scene.remove() }
            // Verbs that read make nothing.
            for verb in [["dead-letters", "list"], ["audit"], ["fund", "show"], ["summary"], ["store", "show"]] {
                let said = try await scene.run(verb)
                #expect(said.status == 69 && said.text.contains(scene.store), "\(verb): \(said)")
                #expect(!scene.exists)
            }
            let made = try await scene.run(["store", "init"])
            #expect(made.status == 0 && made.text.contains("this is a new installation"), "\(made)")
            let id = try #require(try scene.id())
            #expect(made.text.contains(id))
            #expect(try await scene.run(["store", "init"]).text == "installation \(id) in \(scene.store)\n")
            #expect(try await scene.run(["store", "show"]).status == 0)
            #expect(try await scene.run(["dead-letters", "list"]).status == 0)

            // A moved folder, or a typing error: both are named, and nothing is made.
            try scene.move()
            for program in [["store", "init"], ["clock", "advance", "--to", "2026-11-02T08:00:00+08:00"]] {
                let refused = try await scene.run(program)
                #expect(refused.status == 78 && refused.text.contains(scene.store) && refused.text.contains(id))
            }
            let worker = try await scene.run([], scene.policy, program: "recourse-intake")
            #expect(worker.status == 78 && worker.text.contains(scene.store) && worker.text.contains(id), "\(worker)")
            #expect(try await scene.run(["dead-letters", "list"]).status == 69)
            #expect(!scene.exists)
            try scene.moveBack()

            // One stage's file is gone.
            try FileManager.default.removeItem(atPath: scene.store + "/intake.sqlite")
            let lost = try await scene.run([], scene.policy, program: "recourse-intake")
            #expect(lost.status == 78 && lost.text.contains("has lost its store of intake"), "\(lost)")
            #expect(try await scene.run(["audit"]).text.contains("no store of intake"))
            let shown = try await scene.run(["store", "show"])
            #expect(shown.status == 1 && shown.text.contains("lost: intake"), "\(shown)")
        }
    }

    @Test func `is named by a broker that does not know it, and by no other`() async throws {
        let (store, id) = try await OwnBroker.with { own in
            let scene = try InstallationScene(own)
            #expect(try await scene.run(["store", "init"]).status == 0)
            return (scene, try #require(try scene.id()))
        }
        defer { store.remove() }
        // The broker was lost and made anew.
        try await OwnBroker.with { own in
            let scene = store.beside(own)
            let shown = try await scene.run(["store", "show"])
            #expect(shown.status == 1 && shown.text.contains("names no installation"))
            #expect(try await scene.run(["topology", "apply"]).status == 0)
            #expect(try await scene.run(["store", "show"]).status == 0)
            #expect(try await scene.run(["topology", "verify"]).status == 0)
        }
        // It belongs to another one.
        try await OwnBroker.with { own in
            let other = try InstallationScene(own)
            defer { other.remove() }
            #expect(try await other.run(["store", "init"]).status == 0)
            let otherId = try #require(try other.id())
            let stray = store.beside(own)
            let declared = try await other.run(["topology", "plan"]).text
            // Whatever would send what is here to there, or change what is there.
            for verb in [
                ["store", "init"], ["waiting", "return"], ["dead-letters", "replay", "--class", "schema", "--execute"],
                ["topology", "apply"],
            ] {
                let refused = try await stray.run(verb)
                #expect(
                    refused.status == 78 && refused.text.contains(id) && refused.text.contains(otherId),
                    "\(verb): \(refused)")
            }
            #expect(try await other.run(["topology", "plan"]).text == declared, "nothing was declared there")
            for verb in ["audit", "summary"] {
                let blind = try await stray.run([verb])
                #expect(blind.status == 69 && blind.text.contains(otherId), "\(blind)")
            }
        }
    }

    @Test(arguments: 1...3)
    func `is one of two that begin at once at a new broker`(_ round: Int) async throws {
        try await OwnBroker.with { own in
            let scenes = try [InstallationScene(own), InstallationScene(own)]
            defer { for scene in scenes { scene.remove() } }
            let said = try await withThrowingTaskGroup(of: (status: Int32, text: String).self) { group in
                for scene in scenes { group.addTask { try await scene.run(["store", "init"]) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(said.map(\.status).sorted() == [0, 78], "\(said)")
            var shown: [Int32] = []
            for scene in scenes {
                let status = try await scene.run(["store", "show"]).status
                shown.append(status)
                if status != 0 { #expect(try await scene.run(["store", "init"]).status == 78) }
            }
            // Who comes when the broker names the other already has made no store at all.
            #expect([[0, 1], [0, 69]].contains(shown.sorted()), "the broker names one: \(shown)")
        }
    }

    @Test(arguments: 1...3)
    func `is one, however many programs begin at once`(_ round: Int) async throws {
        try await OwnBroker.with { own in
            let scene = try InstallationScene(own)
            defer { scene.remove() }
            try await withThrowingTaskGroup(of: (status: Int32, text: String).self) { group in
                for _ in 1...8 { group.addTask { try await scene.run(["store", "init"]) } }
                let id = try await group.reduce(into: Set<Substring>()) { ids, said in
                    #expect(said.status == 0, "\(said.text)")
                    ids.formUnion(said.text.matches(of: /installation ([0-9a-f-]{36}) in/).map(\.1))
                }
                #expect(id.count == 1, "\(id)")
            }
        }
    }

    @Test func `of a release that knew no ids gets one; that of an old backup only by name`() async throws {
        try await OwnBroker.with { own in
            let scene = try InstallationScene(own)
            defer { scene.remove() }
            await (try SQLiteStore(directory: scene.store, stage: .intake)).close()
            #expect(try scene.id() == nil)
            let named = try await scene.run(["store", "init"])
            #expect(named.status == 0 && !named.text.contains("new installation"), "\(named)")
            let id = try #require(try scene.id())

            let backup = try InstallationScene(own)
            defer { backup.remove() }
            await (try SQLiteStore(directory: backup.store, stage: .intake)).close()
            let refused = try await backup.run(["store", "init"])
            #expect(refused.status == 78 && refused.text.contains("recourse store init --installation \(id)"))
            #expect(try await backup.run(["store", "init", "--installation", id]).status == 0)
            #expect(try backup.id() == id)
        }
    }
}

@Suite(.enabled(if: OwnBroker.isGiven, OwnBroker.missing), .timeLimit(.minutes(10)))
struct `A broker that is dead or refuses` {
    @Test func `is not taken for one at rest`() async throws {
        try await OwnBroker.with { own in
            let scene = try InstallationScene(own)
            defer { scene.remove() }
            #expect(try await scene.run(["topology", "apply"]).status == 0)
            #expect(try await scene.run(["store", "init"]).status == 0)
            for verb in [["audit"], ["summary"]] {
                #expect(try await scene.run(verb).status == 0)
                for (url, word) in [
                    ("amqp://u:hush@127.0.0.1:1", "127.0.0.1:1"),
                    (own.amqpURL.replacing(/:[^:@]*@/, with: ":hush@"), "ACCESS_REFUSED"),
                ] {
                    let said = try await scene.run(verb, ["RECOURSE_AMQP_URL": url])
                    #expect(said.status == 69 && said.text.contains(word) && !said.text.contains("hush"), "\(said)")
                }
                let blind = try await scene.run(verb, ["RECOURSE_AMQP_URL": ""])
                #expect(blind.status == 69 && blind.text.contains("RECOURSE_AMQP_URL is not given"), "\(blind)")
            }
            let locked = ["RECOURSE_AMQP_URL": own.amqpURL.replacing(/:[^:@]*@/, with: ":hush@")]
            let made = try await scene.run(["store", "init"], locked)
            #expect(made.status == 69 && made.text.contains("ACCESS_REFUSED"), "\(made)")
            let wrong = own.managementURL.replacing(/:[^:@]*@/, with: ":hush@")
            let verified = try await scene.run(["topology", "verify"], ["RECOURSE_MANAGEMENT_URL": wrong])
            #expect(verified.status == 69 && verified.text.contains("HTTP 401"), "\(verified)")
            let unseen = try await scene.run(["topology", "verify"], ["RECOURSE_MANAGEMENT_URL": ""])
            #expect(unseen.status == 69 && unseen.text.contains("cannot be seen"), "\(unseen)")
        }
    }
}

@Suite(.enabled(if: OwnBroker.isGiven, OwnBroker.missing), .timeLimit(.minutes(5)))
struct `A program that waits for its broker` {
    @Test(arguments: ["recourse", "recourse-intake", "recourse-parking"])
    func `ends with 0 when it is told to stop`(_ program: String) async throws {
        try await OwnBroker.with { own in
            let scene = try InstallationScene(own)
            defer { scene.remove() }
            let away = scene.policy.merging(["RECOURSE_AMQP_URL": "amqp://u:p@127.0.0.1:1"]) { $1 }
            let ended = try await scene.stop(program == "recourse" ? ["run"] : [], away, program, when: "trying again")
            #expect(ended == 0)
        }
    }

    @Test func `is told at once that its user is refused, and does not wait long for that`() async throws {
        try await OwnBroker.with { own in
            let scene = try InstallationScene(own)
            defer { scene.remove() }
            let file = try scene.file(#"{"type":"nothing.known.v1"}"#)
            let locked = [
                "RECOURSE_AMQP_URL": own.amqpURL.replacing(/:[^:@]*@/, with: ":hush@"), "RECOURSE_CLOCK": "wall",
            ]
            let said = try await scene.run(["publish", file, "--anyway"], locked)
            #expect(said.status == 69 && said.text.contains("ACCESS_REFUSED"), "\(said)")
        }
    }
}

/// A folder for a store, and the programs that use it.
private struct InstallationScene: Sendable {
    private let folder: URL
    private let environment: [String: String]
    var store: String { folder.appending(path: "store").path }
    /// A worker needs one; it is refused before it reads it.
    var policy: [String: String] { ["RECOURSE_POLICY": folder.path] }
    var exists: Bool { FileManager.default.fileExists(atPath: store) }

    init(_ own: OwnBroker) throws {
        self.init(folder: FileManager.default.temporaryDirectory.appending(path: "recourse-\(UUID().uuidString)"), own)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private init(folder: URL, _ own: OwnBroker) {
        self.folder = folder
        environment = [
            "RECOURSE_AMQP_URL": own.amqpURL, "RECOURSE_MANAGEMENT_URL": own.managementURL,
            "RECOURSE_DATABASE_URL": "sqlite:\(folder.path)/store", "RECOURSE_CLOCK": "stepped",
        ]
    }

    func beside(_ own: OwnBroker) -> InstallationScene { InstallationScene(folder: folder, own) }
    func remove() { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    func move() throws { try FileManager.default.moveItem(atPath: store, toPath: store + ".moved") }
    func moveBack() throws { try FileManager.default.moveItem(atPath: store + ".moved", toPath: store) }

    func id() throws -> String? {
        guard case .record(let record) = try SQLiteInstallation(directory: store).reading() else { return nil }
        return record.id
    }

    func file(_ text: String) throws -> String {
        let file = folder.appending(path: "given-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        return file.path
    }

    private func process(_ arguments: [String], _ more: [String: String], _ program: String) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: program)
        process.arguments = arguments
        process.environment = environment.merging(more) { $1 }
        process.standardInput = FileHandle.nullDevice
        return process
    }

    /// Runs a program until it has said `word`, and then ends it by SIGTERM; its exit code.
    func stop(
        _ arguments: [String], _ more: [String: String], _ program: String, when word: String
    ) async throws -> Int32 {
        let process = process(arguments, more, program)
        let said = Pipe()
        process.standardError = said
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { return continuation.resume(throwing: error) }
            Thread.detachNewThread {
                var text = ""
                while !text.contains(word) {
                    let data = said.fileHandleForReading.availableData
                    if data.isEmpty { return }
                    text += String(decoding: data, as: UTF8.self)
                }
                process.terminate()
            }
        }
    }

    /// Runs a program to its end; everything that it said.
    func run(
        _ arguments: [String], _ more: [String: String] = [:], program: String = "recourse"
    ) async throws -> (status: Int32, text: String) {
        let process = process(arguments, more, program)
        let output = folder.appending(path: "said-\(UUID().uuidString)")
        try Data().write(to: output)
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        try handle.close()
        return (status, String(decoding: try Data(contentsOf: output), as: UTF8.self))
    }
}
