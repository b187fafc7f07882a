import Foundation
import Glibc
import Schema
import Store
import StoreSQLite
import Synchronization
import Testing

/// A worker's own program, told by SIGHUP to read its policy folder again.
@Suite(.enabled(if: OwnBroker.isGiven, OwnBroker.missing), .timeLimit(.minutes(10))) struct `A worker's program` {
    @Test func `takes a good policy at SIGHUP, keeps the old one at a bad one, and tells every fault`() async throws {
        try await OwnBroker.with { try await reload($0) }
    }

    private func reload(_ broker: OwnBroker) async throws {
        let scene = try Scene(amqpURL: broker.amqpURL)
        defer { scene.remove() }
        try scene.write(version: "1")
        let worker = try scene.start()
        defer { worker.kill() }
        try await worker.waits(for: "policy=1")

        try scene.write(version: "2")
        worker.hangUp()
        try await worker.waits(for: "policy taken into use before=1 policy=2")

        try scene.write(version: "3", more: "routing: {storeTermDays: 0}\nhandling: {storeCapFen: none}\n")
        worker.hangUp()
        try await worker.waits(for: "the policy was not taken; the old one stays cause=\"2 faults\" policy=2")
        #expect(worker.log.contains("policy.yaml:2: routing.storeTermDays is 0"))
        #expect(worker.log.contains("policy.yaml:3: handling.storeCapFen is `none`"))

        try scene.write(version: "2", more: "routing: {storeTermDays: 4}\n")
        worker.hangUp()
        try await worker.waits(for: "policy version 2 has been in use with other files")
        #expect(await worker.stop() == 0)

        let store = try SQLiteStore(directory: scene.folder.appending(path: "data").path, stage: .intake)
        let versions = try await store.read { try $0.journal(after: 0, limit: 10, withBodies: false) }.map(
            \.policyVersion)
        await store.close()
        #expect(versions == ["1", "2"] || versions == ["2"], "the first may have been replaced before it was planted")
        // The folder still holds version 2 with other files.
        let refused = try scene.start()
        #expect(await refused.end() == 78)
        #expect(refused.log.contains("give the changed folder a new `version`"))
    }
}

private struct Scene {
    let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-reload-\(UUID().uuidString)")

    private let amqpURL: String

    init(amqpURL: String) throws {
        self.amqpURL = amqpURL
        try FileManager.default.createDirectory(
            at: folder.appending(path: "policy"), withIntermediateDirectories: true)
        try write("organisation.yaml", "hq: {duty: p-duty}\n")
        try write("calendar.csv", "date,kind\n2026-01-01,holiday_weekday\n")
    }

    func write(version: String, more: String = "") throws {
        try write("policy.yaml", "version: \"\(version)\"\n\(more)")
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: "policy/\(name)"), options: .atomic)
    }

    func remove() {
        #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) }
    }

    func start() throws -> WorkerProcess {
        try WorkerProcess(environment: [
            "RECOURSE_AMQP_URL": amqpURL,
            "RECOURSE_DATABASE_URL": "sqlite:\(folder.path)/data", "RECOURSE_POLICY": folder.path + "/policy",
            "RECOURSE_CLOCK": "scaled 2026-11-02T08:00:00+08:00 1 now", "RECOURSE_DRAIN_SECONDS": "5",
        ])
    }
}

/// A child process and what it has logged.
private final class WorkerProcess: Sendable {
    private struct State {
        var text = ""
        var waiter: (text: String, continuation: CheckedContinuation<Bool, Never>)?
        var isEnded = false
    }

    private let process: Process
    private let state = Mutex(State())
    private let ended = AsyncStream<Int32>.makeStream()

    var log: String { state.withLock { $0.text } }

    init(environment: [String: String]) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "recourse-intake")
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardError = pipe
        pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.note(String(decoding: data, as: UTF8.self), isEnd: data.isEmpty)
        }
        process.terminationHandler = { [ended] in ended.continuation.yield($0.terminationStatus) }
        try process.run()
    }

    private func note(_ text: String, isEnd: Bool) {
        let woken = state.withLock { state -> (CheckedContinuation<Bool, Never>, Bool)? in
            state.text += text
            state.isEnded = state.isEnded || isEnd
            guard let waiter = state.waiter, state.isEnded || state.text.contains(waiter.text) else { return nil }
            state.waiter = nil
            return (waiter.continuation, state.text.contains(waiter.text))
        }
        woken?.0.resume(returning: woken?.1 ?? false)
    }

    /// Fails the test after a minute.
    func waits(for text: String) async throws {
        let limit = DispatchWorkItem { [self] in
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                defer { state.waiter = nil }
                return state.waiter?.continuation
            }
            waiter?.resume(returning: false)
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: limit)
        defer { limit.cancel() }
        let isThere = await withCheckedContinuation { continuation in
            let now = state.withLock { state -> Bool? in
                if state.text.contains(text) { return true }
                if state.isEnded { return false }
                state.waiter = (text, continuation)
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
        try #require(isThere, "waited for `\(text)`, there was:\n\(log)")
    }

    func hangUp() { Glibc.kill(process.processIdentifier, SIGHUP) }

    /// For a test that fails half way; an ended process is let be.
    func kill() { if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) } }

    func stop() async -> Int32 {
        process.terminate()
        return await end()
    }

    /// Its exit status; it is killed after a minute.
    func end() async -> Int32 {
        let limit = DispatchWorkItem { [self] in kill() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: limit)
        defer { limit.cancel() }
        for await status in ended.stream { return status }
        return -1
    }
}
