import Broker

/// The messaging port over RabbitMQ (3.10 to 4.x), by way of librabbitmq.
///
/// Each consumer and each publisher owns a connection, a channel and a thread: alarms of the broker block publishing
/// connections only, and nobody waits for anybody else. Both connect again by themselves, with exponential pauses.
/// Dropping the last reference to a consumer or publisher closes it like `close()`.
package struct RabbitMQBroker: Broker, TopologyDeclarer {
    package let configuration: RabbitMQConfiguration

    package init(_ configuration: RabbitMQConfiguration) {
        self.configuration = configuration
    }

    package func consume(
        queue: String, prefetch: Int, sink: @escaping @Sendable (ConsumerEvent) -> Void
    ) -> any Consumer {
        RabbitMQConsumer(queue: queue, prefetch: prefetch, configuration: configuration, sink: sink)
    }

    package func publisher(sink: @escaping @Sendable (PublisherEvent) -> Void) -> any Publisher {
        RabbitMQPublisher(configuration: configuration, sink: sink)
    }

    /// A connection for questions and declarations, opened by the first and kept until `close()`.
    package func administration() -> RabbitMQAdministration {
        RabbitMQAdministration(configuration: configuration)
    }

    @discardableResult package func declare(_ topology: Topology) async throws(BrokerFailure) -> [String] {
        let administration = administration()
        defer { administration.close() }
        return try await administration.declare(topology)
    }
}

final class RabbitMQConsumer: Consumer {
    private let mailbox = Mailbox<ConsumerRole.Command>()

    init(
        queue: String, prefetch: Int, configuration: RabbitMQConfiguration,
        sink: @escaping @Sendable (ConsumerEvent) -> Void
    ) {
        ConnectionThread.start(mailbox, configuration) {
            ConsumerRole(queue: queue, prefetch: prefetch, configuration: configuration, sink: sink)
        }
    }

    deinit { mailbox.post(.close) }

    func acknowledge(through tag: UInt64, channel: UInt64) {
        mailbox.post(.acknowledgeThrough(tag, channel: channel))
    }

    func acknowledge(_ tags: [UInt64], channel: UInt64) { mailbox.post(.acknowledge(tags, channel: channel)) }
    func requeue(_ tags: [UInt64], channel: UInt64) { mailbox.post(.requeue(tags, channel: channel)) }
    func ask() { mailbox.post(.ask) }
    func cancel() { mailbox.post(.cancel) }
    func consume(prefetch: Int) { mailbox.post(.consume(prefetch: prefetch)) }
    func close() { mailbox.post(.close) }
}

final class RabbitMQPublisher: Publisher {
    private let mailbox = Mailbox<PublisherRole.Command>()

    init(configuration: RabbitMQConfiguration, sink: @escaping @Sendable (PublisherEvent) -> Void) {
        ConnectionThread.start(mailbox, configuration) { PublisherRole(configuration: configuration, sink: sink) }
    }

    deinit { mailbox.post(.close) }

    func publish(_ publications: [Publication]) { mailbox.post(.publish(publications)) }
    func close() { mailbox.post(.close) }
}
