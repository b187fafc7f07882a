import Foundation
import Operations
import RabbitMQ
import Testing

/// A virtual host of its own at the broker that the environment names.
struct OwnBroker: Sendable {
    let amqpURL: String
    let managementURL: String
    let broker: RabbitMQBroker
    let api: ManagementAPI
    let virtualHost: String
    private let rabbitmqctl: String

    static let missing: Comment = "needs RECOURSE_TEST_AMQP_URL, …_MANAGEMENT_URL and …_RABBITMQCTL"
    private static let names = ["AMQP_URL", "MANAGEMENT_URL", "RABBITMQCTL"].map { "RECOURSE_TEST_" + $0 }
    static var isGiven: Bool { names.allSatisfy { ProcessInfo.processInfo.environment[$0] != nil } }

    /// Runs `body` and removes the virtual host with all that is in it.
    static func with<T>(_ body: (OwnBroker) async throws -> T) async throws -> T {
        let values = try names.map { try #require(ProcessInfo.processInfo.environment[$0]) }
        let host = "recourse-\(UUID().uuidString)"
        var parts = try #require(URLComponents(string: values[0]))
        parts.path = "/" + host
        let url = try #require(parts.string)
        let configuration = try RabbitMQConfiguration(url: url, connectionName: "recourse-test")
        try await control(values[2], ["add_vhost", host])
        try await control(values[2], ["set_permissions", "-p", host, configuration.user, ".*", ".*", ".*"])
        let own = OwnBroker(
            amqpURL: url, managementURL: values[1], broker: RabbitMQBroker(configuration),
            api: try ManagementAPI(url: values[1], virtualHost: host), virtualHost: host, rabbitmqctl: values[2])
        let result: Result<T, any Error>
        do {
            result = .success(try await body(own))
        } catch {
            result = .failure(error)
        }
        try await control(values[2], ["delete_vhost", host])
        return try result.get()
    }

    /// Has `rabbitmqctl` read a file of definitions.
    func importDefinitions(_ path: String) async throws {
        try await Self.control(rabbitmqctl, ["import_definitions", path])
    }

    private static func control(_ program: String, _ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--quiet"] + arguments
        process.standardOutput = FileHandle.nullDevice
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        try #require(status == 0, "rabbitmqctl \(arguments.first ?? "")")
    }
}
