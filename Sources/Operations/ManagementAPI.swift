import Foundation
import Schema

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// RabbitMQ's HTTP API could not be asked, or refused.
package struct ManagementFailure: Error, Sendable, CustomStringConvertible {
    package let operation: String
    package let cause: String

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
    private static let secondsInAll: TimeInterval = 30

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
        let body = try await call("GET", "/api/\(kind)/\(encodedHost)", body: nil, operation)
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
        _ = try await call("PUT", path, body: value.serialized, "set \(name) among the broker's \(kind)")
    }

    /// What exists, as far as the topology is concerned.
    package func brokerState() async throws(ManagementFailure) -> BrokerState {
        BrokerState(
            exchanges: try await list("exchanges"), queues: try await list("queues"),
            bindings: try await list("bindings"), policies: try await list("policies"))
    }

    private func call(
        _ method: String, _ path: String, body: [UInt8]?, _ operation: String
    ) async throws(ManagementFailure) -> [UInt8] {
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
        let settings = URLSessionConfiguration.ephemeral
        settings.timeoutIntervalForRequest = ManagementAPI.secondsWithoutData
        settings.timeoutIntervalForResource = ManagementAPI.secondsInAll
        let session = URLSession(configuration: settings)
        defer { session.finishTasksAndInvalidate() }
        let data: Data
        let response: URLResponse
        do {
            (data, response) = try await session.data(for: request)
        } catch {
            let code = (error as? URLError)?.code
            throw ManagementFailure(operation: operation, cause: ManagementAPI.cause(code))
        }
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status) else {
            throw ManagementFailure(operation: operation, cause: ManagementAPI.cause(status: status))
        }
        return Array(data)
    }

    private static func cause(_ code: URLError.Code?) -> String {
        switch code {
        case .timedOut: "RabbitMQ's HTTP API did not answer in time"
        case .cannotFindHost: "the host of RECOURSE_MANAGEMENT_URL is not known"
        case .cannotConnectToHost: "no connection to RabbitMQ's HTTP API; is the management plugin on?"
        default: "RabbitMQ's HTTP API cannot be reached"
        }
    }

    private static func cause(status: Int) -> String {
        switch status {
        case 401: "RECOURSE_MANAGEMENT_URL: wrong user or password, or the user lacks the tag management (HTTP 401)"
        case 403: "the user of RECOURSE_MANAGEMENT_URL may not do this (HTTP 403)"
        case 404: "no such virtual host, or not RabbitMQ's HTTP API (HTTP 404)"
        default: "RabbitMQ's HTTP API refused it (HTTP \(status))"
        }
    }
}
