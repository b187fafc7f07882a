import Foundation
import Testing

/// A program that is told to stop ends, however early it is told.
@Suite(.timeLimit(.minutes(2))) struct StopSignalTests {
    /// Whether a process has told the kernel what is to become of a SIGTERM (`SigIgn` and `SigCgt` of proc(5)).
    private func minds(_ process: pid_t) throws -> Bool {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        return status.split(separator: "\n").contains { line in
            guard line.hasPrefix("SigIgn:") || line.hasPrefix("SigCgt:") else { return false }
            let mask = UInt64(line.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16) ?? 0
            return mask & 1 << (UInt64(SIGTERM) - 1) != 0
        }
    }

    /// Starts a worker that finds no broker and waits for it, and sends SIGTERM as soon as that would not end it by itself.
    ///
    /// - Returns: whether it ended within ten seconds.
    private func ends(in folder: URL) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "recourse-parking")
        process.environment = [
            "RECOURSE_AMQP_URL": "amqp://127.0.0.1:1", "RECOURSE_MANAGEMENT_URL": "http://127.0.0.1:1",
            "RECOURSE_DATABASE_URL": "sqlite:\(folder.path)/store", "RECOURSE_POLICY": folder.path,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        while process.isRunning, try !minds(process.processIdentifier) {}
        process.terminate()
        if ended.wait(timeout: .now() + 10) == .success { return true }
        kill(process.processIdentifier, SIGKILL)
        return false
    }

    @Test func `A SIGTERM while it starts is not lost`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-stop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let lost = try (0..<20).count { _ in try !ends(in: folder) }
        #expect(lost == 0)
    }
}
