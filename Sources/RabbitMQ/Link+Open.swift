import Broker
internal import CRabbitMQ
import Glibc

extension Link {
    /// Where systems keep their bundle of trusted authorities; librabbitmq before 0.14 does not look for it itself.
    private static let systemAuthorities = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]

    /// Connects and logs in. Waits at most twice `connectMilliseconds`, and for the lookup of the host.
    static func open(_ configuration: RabbitMQConfiguration, purpose: String) throws(BrokerFailure) -> Link {
        let operation = "connect to \(configuration.endpoint)"
        guard let state = amqp_new_connection() else {
            throw BrokerFailure(.connection, operation: operation, cause: "out of memory")
        }
        do throws(BrokerFailure) {
            try connect(state, configuration, operation)
            try logIn(state, configuration, purpose)
        } catch {
            amqp_destroy_connection(state)
            throw error
        }
        let isEncrypted = configuration.encryption != nil
        let link = Link(state: state, endpoint: configuration.endpoint, isEncrypted: isEncrypted)
        // From here on heartbeats are ours (see `Link`). The call aborts the process when a frame is half read, so ask.
        guard amqp_release_buffers_ok(state) != 0 else {
            throw BrokerFailure(.protocol, operation: operation, cause: "the broker sent half a frame after the login")
        }
        let status = amqp_tune_connection(state, amqp_get_channel_max(state), amqp_get_frame_max(state), 0)
        guard status == AMQP_STATUS_OK.rawValue else { throw Failures.library(status, operation) }
        if isEncrypted { Sockets.enlargeSendBuffer(link.socket) }
        return link
    }

    private static func connect(
        _ state: amqp_connection_state_t, _ configuration: RabbitMQConfiguration, _ operation: String
    ) throws(BrokerFailure) {
        let socket: OpaquePointer
        if let encryption = configuration.encryption {
            socket = try encryptedSocket(state, encryption, operation)
        } else if let plain = amqp_tcp_socket_new(state) {
            socket = plain
        } else {
            throw BrokerFailure(.connection, operation: operation, cause: "out of memory")
        }
        var limit = timeval(milliseconds: configuration.connectMilliseconds)
        let status = amqp_socket_open_noblock(socket, configuration.host, Int32(configuration.port), &limit)
        guard status != AMQP_STATUS_OK.rawValue else { return }
        let failure = Failures.library(status, operation)
        throw BrokerFailure(failure.kind, operation: operation, cause: failure.cause + hint(status, configuration))
    }

    private static func hint(_ status: Int32, _ configuration: RabbitMQConfiguration) -> String {
        switch status {
        case AMQP_STATUS_SOCKET_ERROR.rawValue:
            return "; is the broker running, and is the port right?"
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue where Sockets.isAddress(configuration.host):
            return "; librabbitmq before 0.14 checks DNS names only: name the host instead of its address"
        case AMQP_STATUS_SSL_CONNECTION_FAILED.rawValue, AMQP_STATUS_SSL_PEER_VERIFY_FAILED.rawValue:
            return "; is this a TLS port, and is its authority in cacertfile?"
        default: return ""
        }
    }

    private static func encryptedSocket(
        _ state: amqp_connection_state_t, _ encryption: RabbitMQConfiguration.Encryption, _ operation: String
    ) throws(BrokerFailure) -> OpaquePointer {
        func fault(_ cause: String) -> BrokerFailure { BrokerFailure(.access, operation: operation, cause: cause) }
        guard let socket = amqp_ssl_socket_new(state) else { throw fault("TLS cannot be set up") }
        // The library's own lowest is TLS 1.0. "LATEST" does not exclude TLS 1.3.
        guard amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST) == AMQP_STATUS_OK.rawValue else {
            throw fault("TLS 1.2 or later is not available")
        }
        let flag: amqp_boolean_t = encryption.verifies ? 1 : 0
        amqp_ssl_socket_set_verify_peer(socket, flag)
        amqp_ssl_socket_set_verify_hostname(socket, flag)
        let authorities = encryption.authorities ?? systemAuthorities.first(where: Sockets.isReadableFile)
        if let authorities {
            guard amqp_ssl_socket_set_cacert(socket, authorities) == AMQP_STATUS_OK.rawValue else {
                throw fault("cacertfile \(authorities) is not a readable PEM bundle")
            }
        } else if encryption.verifies {
            throw fault("no bundle of trusted authorities was found; give cacertfile")
        }
        if let certificate = encryption.certificate, let key = encryption.key {
            recourse_amqp_never_ask_key_password(socket)
            guard amqp_ssl_socket_set_key(socket, certificate, key) == AMQP_STATUS_OK.rawValue else {
                throw fault("certfile \(certificate) and keyfile \(key) are not a readable, unencrypted PEM pair")
            }
        }
        return socket
    }

    private static func logIn(
        _ state: amqp_connection_state_t, _ configuration: RabbitMQConfiguration, _ purpose: String
    ) throws(BrokerFailure) {
        let operation = "log in to \(configuration.endpoint) as \(configuration.user)"
        var limit = timeval(milliseconds: configuration.connectMilliseconds)
        // The library copies the value. Its own limit would be 12 s.
        amqp_set_handshake_timeout(state, &limit)
        let arena = NativeArena()
        let name = configuration.connectionName + (purpose.isEmpty ? "" : " " + purpose)
        var properties = try arena.table([
            HeaderField("connection_name", .string(name)),
            HeaderField("product", .string("Recourse")),
            // Without these the broker drops a cancelled consumer silently and never says that it blocks.
            HeaderField(
                "capabilities",
                .table([
                    HeaderField("consumer_cancel_notify", .bool(true)),
                    HeaderField("connection.blocked", .bool(true)),
                ])),
        ])
        let reply = recourse_amqp_login(
            state, configuration.virtualHost, 1, Int32(Link.frameMaximum), Int32(configuration.heartbeatSeconds),
            &properties, configuration.user, configuration.password)
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            if case .connectionClosed(let code, let text) = InboundMethod(reply.reply) {
                let failure = Failures.refused(code, text, operation)
                guard failure.kind == .access else { throw failure }
                throw BrokerFailure(.login, operation: operation, cause: text, code: code)
            }
            throw BrokerFailure(.protocol, operation: operation, cause: "an unexpected answer")
        default: throw Failures.library(reply.library_error, operation)
        }
    }
}

extension timeval {
    init(milliseconds: Int) { self.init(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000) }
}
