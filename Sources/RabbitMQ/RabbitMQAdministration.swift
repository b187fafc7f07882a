import Broker
internal import CRabbitMQ

/// A connection for declarations and questions, one after the other.
///
/// It connects when first asked and stays open, so that a loop may ask for a queue's depth many times a second. After a
/// loss the next question connects again; the one that was under way fails.
package final class RabbitMQAdministration: TopologyDeclarer {
    private let mailbox = Mailbox<AdministrationRole.Command>()

    init(configuration: RabbitMQConfiguration) {
        ConnectionThread.start(mailbox, configuration) { AdministrationRole(configuration: configuration) }
    }

    deinit { mailbox.post(.close) }

    /// What was asked before is still answered; what is asked later fails.
    package func close() { mailbox.post(.close) }

    /// How many messages wait in a queue (not counting the unacknowledged) and how many consumers it has; nil when it
    /// does not exist.
    package func queueDepth(_ name: String) async throws(BrokerFailure) -> (ready: Int, consumers: Int)? {
        do throws(BrokerFailure) {
            let answer = try await ask("look at queue \(name)", AMQP_QUEUE_DECLARE_OK_METHOD) {
                link throws(BrokerFailure) in
                try link.send(AMQP_QUEUE_DECLARE_METHOD) { arena throws(BrokerFailure) in
                    var method = amqp_queue_declare_t()
                    method.queue = try arena.short(name, "queue name")
                    method.passive = 1
                    return method
                }
            }
            return (answer.ready, answer.consumers)
        } catch {
            if error.code == 404 { return nil }
            throw error
        }
    }

    /// Declares durable exchanges, durable queues with their arguments, and bindings, and removes the bindings that are
    /// withdrawn. Policies are not AMQP's.
    ///
    /// Stops at the first refusal, which names the object; what exists with other properties is refused with 406. What
    /// exists as older releases have declared it, without any argument, is taken as it is, and returned.
    @discardableResult package func declare(_ topology: Topology) async throws(BrokerFailure) -> [String] {
        var bare: [String] = []
        for exchange in topology.exchanges {
            let older = Topology.Exchange(name: exchange.name, kind: exchange.kind)
            do throws(BrokerFailure) {
                try await declare(exchange)
            } catch {
                guard error.code == 406, exchange != older else { throw error }
                try await declare(older)
                bare.append(exchange.name)
            }
        }
        for queue in topology.queues {
            let older = Topology.Queue(name: queue.name, kind: queue.kind)
            do throws(BrokerFailure) {
                try await declare(queue)
            } catch {
                guard error.code == 406, queue != older else { throw error }
                try await declare(older)
                bare.append(queue.name)
            }
        }
        for binding in topology.bindings { try await declare(binding) }
        for binding in topology.withdrawn { try await remove(binding) }
        return bare
    }

    private func declare(_ exchange: Topology.Exchange) async throws(BrokerFailure) {
        _ = try await ask("declare exchange \(exchange.name)", AMQP_EXCHANGE_DECLARE_OK_METHOD) {
            link throws(BrokerFailure) in
            try link.send(AMQP_EXCHANGE_DECLARE_METHOD) { arena throws(BrokerFailure) in
                var method = amqp_exchange_declare_t()
                method.exchange = try arena.short(exchange.name, "exchange name")
                method.type = try arena.short(exchange.kind.rawValue, "exchange type")
                method.durable = 1
                method.arguments = try arena.table(
                    exchange.alternate.map { [HeaderField("alternate-exchange", .string($0))] } ?? [])
                return method
            }
        }
    }

    /// Whether there is an exchange of this name, whatever its kind.
    package func hasExchange(_ name: String) async throws(BrokerFailure) -> Bool {
        do throws(BrokerFailure) {
            _ = try await ask("look at exchange \(name)", AMQP_EXCHANGE_DECLARE_OK_METHOD) {
                link throws(BrokerFailure) in
                try link.send(AMQP_EXCHANGE_DECLARE_METHOD) { arena throws(BrokerFailure) in
                    var method = amqp_exchange_declare_t()
                    method.exchange = try arena.short(name, "exchange name")
                    method.type = try arena.short("topic", "exchange type")
                    method.passive = 1
                    return method
                }
            }
            return true
        } catch {
            if error.code == 404 { return false }
            throw error
        }
    }

    private func declare(_ queue: Topology.Queue) async throws(BrokerFailure) {
        _ = try await ask("declare queue \(queue.name)", AMQP_QUEUE_DECLARE_OK_METHOD) { link throws(BrokerFailure) in
            try link.send(AMQP_QUEUE_DECLARE_METHOD) { arena throws(BrokerFailure) in
                var method = amqp_queue_declare_t()
                method.queue = try arena.short(queue.name, "queue name")
                method.durable = 1
                method.arguments = try arena.table(queue.wireArguments)
                return method
            }
        }
    }

    private func declare(_ binding: Topology.Binding) async throws(BrokerFailure) {
        let name = "bind queue \(binding.queue) to exchange \(binding.exchange) with key \(binding.routingKey)"
        _ = try await ask(name, AMQP_QUEUE_BIND_OK_METHOD) { link throws(BrokerFailure) in
            try link.send(AMQP_QUEUE_BIND_METHOD) { arena throws(BrokerFailure) in
                var method = amqp_queue_bind_t()
                method.queue = try arena.short(binding.queue, "queue name")
                method.exchange = try arena.short(binding.exchange, "exchange name")
                method.routing_key = try arena.short(binding.routingKey, "binding key")
                return method
            }
        }
    }

    /// A binding that does not exist is not a fault.
    private func remove(_ binding: Topology.Binding) async throws(BrokerFailure) {
        let name = "unbind queue \(binding.queue) from exchange \(binding.exchange) with key \(binding.routingKey)"
        _ = try await ask(name, AMQP_QUEUE_UNBIND_OK_METHOD) { link throws(BrokerFailure) in
            try link.send(AMQP_QUEUE_UNBIND_METHOD) { arena throws(BrokerFailure) in
                var method = amqp_queue_unbind_t()
                method.queue = try arena.short(binding.queue, "queue name")
                method.exchange = try arena.short(binding.exchange, "exchange name")
                method.routing_key = try arena.short(binding.routingKey, "binding key")
                return method
            }
        }
    }

    /// Deletes a queue with what it holds; one that does not exist is not a fault.
    package func deleteQueue(_ name: String) async throws(BrokerFailure) {
        _ = try await ask("delete queue \(name)", AMQP_QUEUE_DELETE_OK_METHOD) { link throws(BrokerFailure) in
            try link.send(AMQP_QUEUE_DELETE_METHOD) { arena throws(BrokerFailure) in
                var method = amqp_queue_delete_t()
                method.queue = try arena.short(name, "queue name")
                return method
            }
        }
    }

    /// Deletes an exchange; one that does not exist is not a fault.
    package func deleteExchange(_ name: String) async throws(BrokerFailure) {
        _ = try await ask("delete exchange \(name)", AMQP_EXCHANGE_DELETE_OK_METHOD) { link throws(BrokerFailure) in
            try link.send(AMQP_EXCHANGE_DELETE_METHOD) { arena throws(BrokerFailure) in
                var method = amqp_exchange_delete_t()
                method.exchange = try arena.short(name, "exchange name")
                return method
            }
        }
    }

    private func ask(
        _ operation: String, _ answer: UInt32, send: @escaping @Sendable (Link) throws(BrokerFailure) -> Void
    ) async throws(BrokerFailure) -> AdministrationRole.Answer {
        let result = await withCheckedContinuation { continuation in
            let question = AdministrationRole.Question(
                operation: operation, answer: answer, send: send, completion: { continuation.resume(returning: $0) })
            if !mailbox.post(.ask(question)) {
                continuation.resume(returning: .failure(AdministrationRole.closed(operation)))
            }
        }
        return try result.get()
    }
}
