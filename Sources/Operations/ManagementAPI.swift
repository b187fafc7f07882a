import Broker
import Foundation
import Schema
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// RabbitMQ's HTTP API could not be asked, or refused.
package struct ManagementFailure: Error, Sendable, CustomStringConvertible {
    package let operation: String
    package let cause: String

    package init(operation: String, cause: String) {
        self.operation = operation
        self.cause = cause
    }

    /// No secret, no URL: both may hold a password.
    package var description: String { "\(operation): \(cause)" }
}

/// The part of RabbitMQ's HTTP API that operators' verbs use, for one virtual host.
///
/// Credentials come from the URL and are sent as basic authentication; they are never printed. Every call ends within
/// half a minute.
package struct ManagementAPI: Sendable {
    private let base: String
    private let authorization: String?
    private let encodedHost: String
    private static let secondsWithoutData: TimeInterval = 10
    private static let secondsInAll = 30

    /// - Parameters:
    ///   - url: `http[s]://user:password@host:15672`, perhaps with a path prefix.
    ///   - virtualHost: as in the AMQP URL, decoded; `/` by default.
    /// - Throws: `ManagementFailure` if the URL is not one.
    package init(url: String, virtualHost: String) throws(ManagementFailure) {
        guard var parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme?.lowercased() ?? ""),
            let host = parts.host, !host.isEmpty
        else {
            throw ManagementFailure(
                operation: "read RECOURSE_MANAGEMENT_URL", cause: "expected http://user:password@host:15672")
        }
        if let user = parts.user {
            let pair = user + ":" + (parts.password ?? "")
            authorization = "Basic " + Data(pair.utf8).base64EncodedString()
        } else {
            authorization = nil
        }
        parts.user = nil
        parts.password = nil
        parts.query = nil
        parts.fragment = nil
        var base = parts.string ?? ""
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
        encodedHost = ManagementAPI.encode(virtualHost)
    }

    /// RFC 3986 unreserved characters stay, everything else is escaped; so `/` becomes `%2F`.
    static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || (48...57).contains(byte))
            if isPlain || "-._~".unicodeScalars.contains(scalar) {
                encoded.unicodeScalars.append(scalar)
            } else {
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    /// All objects of a kind in the virtual host: `exchanges`, `queues`, `bindings`, `policies`.
    package func list(_ kind: String) async throws(ManagementFailure) -> JSON {
        let operation = "list the broker's \(kind)"
        let answer = try await call("GET", "/api/\(kind)/\(encodedHost)", body: nil, operation)
        return try ManagementAPI.parse(try answer.required(operation), operation)
    }

    /// What the broker tells of itself: its version, under `rabbitmq_version`.
    package func overview() async throws(ManagementFailure) -> JSON {
        let operation = "look at the broker"
        return try ManagementAPI.parse(
            try await call("GET", "/api/overview", body: nil, operation).required(operation), operation)
    }

    /// One object, with all that the broker tells of it; nil: there is none.
    ///
    /// - Parameter query: as it stands behind the `?`.
    package func find(_ kind: String, _ name: String, query: String? = nil) async throws(ManagementFailure) -> JSON? {
        let operation = "look at \(name) among the broker's \(kind)"
        let path = "/api/\(kind)/\(encodedHost)/\(ManagementAPI.encode(name))" + (query.map { "?" + $0 } ?? "")
        let answer = try await call("GET", path, body: nil, operation)
        if answer.status == 404 { return nil }
        return try ManagementAPI.parse(try answer.required(operation), operation)
    }

    private static func parse(_ body: [UInt8], _ operation: String) throws(ManagementFailure) -> JSON {
        do throws(JSONSyntaxError) {
            return try JSON(parsing: body)
        } catch {
            let cause = "the answer is not JSON (\(error.message)); is the URL that of the HTTP API?"
            throw ManagementFailure(operation: operation, cause: cause)
        }
    }

    /// Creates or replaces an object, e.g. `policies`, `recourse-stages`.
    package func put(_ kind: String, _ name: String, _ value: JSON) async throws(ManagementFailure) {
        let path = "/api/\(kind)/\(encodedHost)/\(ManagementAPI.encode(name))"
        let operation = "set \(name) among the broker's \(kind)"
        _ = try await call("PUT", path, body: value.serialized, operation).required(operation)
    }

    /// Removes an object; one that is not there is not a fault.
    package func delete(_ kind: String, _ name: String) async throws(ManagementFailure) {
        try await remove(
            "/api/\(kind)/\(encodedHost)/\(ManagementAPI.encode(name))", "remove \(name) from the broker's \(kind)")
    }

    /// The same for a binding.
    package func unbind(_ binding: Topology.Binding) async throws(ManagementFailure) {
        let (exchange, queue) = (ManagementAPI.encode(binding.exchange), ManagementAPI.encode(binding.queue))
        // The HTTP API's own name of a binding without arguments.
        let key = binding.routingKey.isEmpty ? "~" : ManagementAPI.encode(ManagementAPI.encode(binding.routingKey))
        try await remove(
            "/api/bindings/\(encodedHost)/e/\(exchange)/q/\(queue)/\(key)",
            "unbind queue \(binding.queue) from exchange \(binding.exchange)")
    }

    private func remove(_ path: String, _ operation: String) async throws(ManagementFailure) {
        let answer = try await call("DELETE", path, body: nil, operation)
        if answer.status != 404 { _ = try answer.required(operation) }
    }

    /// What exists, as far as the topology is concerned.
    package func brokerState() async throws(ManagementFailure) -> BrokerState {
        BrokerState(
            exchanges: try await list("exchanges"), queues: try await list("queues"),
            bindings: try await list("bindings"), policies: try await list("policies"))
    }

    private struct Answer: Sendable {
        let status: Int
        let body: [UInt8]

        /// - Throws: `ManagementFailure` if the call was refused.
        func required(_ operation: String) throws(ManagementFailure) -> [UInt8] {
            guard (200..<300).contains(status) else {
                throw ManagementFailure(operation: operation, cause: ManagementAPI.cause(status: status))
            }
            return body
        }
    }

    private func call(
        _ method: String, _ path: String, body: [UInt8]?, _ operation: String
    ) async throws(ManagementFailure) -> Answer {
        guard let url = URL(string: base + path) else {
            throw ManagementFailure(operation: operation, cause: "RECOURSE_MANAGEMENT_URL gives no usable address")
        }
        var request = URLRequest(url: url, timeoutInterval: ManagementAPI.secondsWithoutData)
        request.httpMethod = method
        if let body {
            request.httpBody = Data(body)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        if let authorization { request.setValue(authorization, forHTTPHeaderField: "Authorization") }
        let challenges = RefusedChallenges()
        let session = URLSession(configuration: .ephemeral, delegate: challenges, delegateQueue: nil)
        defer { session.invalidateAndCancel() }
        do {
            guard let answer = try await ManagementAPI.answer(session, request) else {
                throw URLError(.timedOut)
            }
            return answer
        } catch {
            if challenges.isRefused { return Answer(status: 401, body: []) }
            let cause = ManagementAPI.cause((error as? URLError)?.code)
            let address = [url.host(), url.port.map { String($0) }].compactMap { $0 }.joined(separator: ":")
            throw ManagementFailure(operation: operation, cause: "\(cause) (RECOURSE_MANAGEMENT_URL, \(address))")
        }
    }

    /// nil: it took too long, in all. Foundation's own limit counts only the time without data.
    private static func answer(_ session: URLSession, _ request: URLRequest) async throws -> Answer? {
        try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask {
                let (data, response) = try await session.data(for: request)
                return Answer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, body: Array(data))
            }
            group.addTask {
                try await Task.sleep(for: .seconds(secondsInAll))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private static func cause(_ code: URLError.Code?) -> String {
        switch code {
        case .timedOut: "RabbitMQ's HTTP API did not answer in time"
        case .cannotFindHost: "the host of RECOURSE_MANAGEMENT_URL is not known"
        case .cannotConnectToHost: "no connection to RabbitMQ's HTTP API; is the broker up, its management plugin on?"
        default: "RabbitMQ's HTTP API cannot be reached"
        }
    }

    fileprivate static func cause(status: Int) -> String {
        switch status {
        case 401:
            "RECOURSE_MANAGEMENT_URL: wrong user or password, or the user lacks a tag: management to look, policymaker to set "
                + "policies; rabbitmqctl set_user_tags USER policymaker gives both (HTTP 401)"
        case 403: "the user of RECOURSE_MANAGEMENT_URL may not do this (HTTP 403)"
        case 404: "no such virtual host, or not RabbitMQ's HTTP API (HTTP 404)"
        default: "RabbitMQ's HTTP API refused it (HTTP \(status))"
        }
    }
}

/// Takes a demand for other credentials for an answer: there are none, and Foundation would wait for them without end.
private final class RefusedChallenges: NSObject, URLSessionTaskDelegate {
    private let state = Mutex(false)
    var isRefused: Bool { state.withLock { $0 } }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        state.withLock { $0 = true }
        completionHandler(.cancelAuthenticationChallenge, nil)
    }
}
