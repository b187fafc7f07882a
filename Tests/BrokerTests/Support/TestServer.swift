import Broker
import Foundation
import RabbitMQ
import Testing

/// The RabbitMQ server that the tests may use and, since it is theirs, also disturb.
struct TestServer: Sendable {
    let url: String
    let encryptedURL: String?
    let authority: String?
    let control: String?
    let process: Int32?

    private static let environment = ProcessInfo.processInfo.environment

    static let isRequired = environment["CI"] == "true"

    static let shared: TestServer? = environment["RECOURSE_TEST_AMQP_URL"].map {
        TestServer(
            url: $0, encryptedURL: environment["RECOURSE_TEST_AMQPS_URL"],
            authority: environment["RECOURSE_TEST_TLS_CA"], control: environment["RECOURSE_TEST_RABBITMQCTL"],
            process: environment["RECOURSE_TEST_RABBITMQ_PID"].flatMap { Int32($0) })
    }

    static var isThere: Bool { shared != nil }
    static var isControllable: Bool { shared?.control != nil }
    static var isStoppable: Bool { shared?.process != nil }
    static var isEncrypted: Bool { shared?.encryptedURL != nil && shared?.authority != nil }

    func configuration(_ change: (inout RabbitMQConfiguration) -> Void = { _ in }) throws -> RabbitMQConfiguration {
        var configuration = try RabbitMQConfiguration(url: url, connectionName: "recourse-tests")
        change(&configuration)
        return configuration
    }

    func encryptedConfiguration(_ more: String = "") throws -> RabbitMQConfiguration {
        let url = try #require(encryptedURL) + "?cacertfile=" + (try #require(authority)) + more
        return try RabbitMQConfiguration(url: url, connectionName: "recourse-tests")
    }

    /// Runs rabbitmqctl for the server; throws with its output when it fails.
    @discardableResult
    func control(_ arguments: String...) async throws -> String {
        let prefix = try #require(control).split(separator: " ").map(String.init)
        return try await run(prefix + arguments)
    }
}

struct CommandFailed: Error, CustomStringConvertible {
    let description: String
}

/// Runs a program to its end; it gets no more than a minute.
@discardableResult
func run(_ command: [String]) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "60"] + command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    let ended = EventLog<Int32>()
    process.terminationHandler = { ended.record($0.terminationStatus) }
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let status = try await ended.next(within: .seconds(70), "end of \(command)")
    guard status == 0 else { throw CommandFailed(description: "\(command): status \(status)\n\(output)") }
    return output
}

/// Everything that needs the server, one after the other: some of it stops the server or fills its memory.
@Suite(.serialized) enum ServerTests {
    @Test(.enabled(if: TestServer.isRequired, "only where a server must be there (CI=true)"))
    static func `where tests must not be skipped, the server is named`() {
        #expect(TestServer.isThere, "RECOURSE_TEST_AMQP_URL is not set")
        #expect(TestServer.isControllable, "RECOURSE_TEST_RABBITMQCTL is not set")
        #expect(TestServer.isStoppable, "RECOURSE_TEST_RABBITMQ_PID is not set")
        #expect(TestServer.isEncrypted, "RECOURSE_TEST_AMQPS_URL and RECOURSE_TEST_TLS_CA are not set")
    }
}
