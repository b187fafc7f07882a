import Broker
import Schema

extension Topology {
    /// The topology as RabbitMQ's definitions document, which `rabbitmqctl import_definitions`, the setting
    /// `load_definitions` and the HTTP API take, on brokers where nobody may declare anything.
    ///
    /// Without users and permissions, which `BrokerUser.definitions` has: RabbitMQ refuses those of users that do not
    /// exist. What is withdrawn or retired is left out, for an import only ever adds.
    package func definitions(virtualHost: String) -> JSON {
        let host = JSON.string(virtualHost)
        return [
            "vhosts": [["name": host]],
            "policies": .array(
                policies.map { policy in
                    var members: [JSON.Member] = [
                        JSON.Member("vhost", host), JSON.Member("name", .string(policy.name)),
                    ]
                    members += policy.wireValue.members ?? []
                    return .object(members)
                }),
            "exchanges": .array(
                exchanges.map { exchange in
                    [
                        "name": .string(exchange.name), "vhost": host, "type": .string(exchange.kind.rawValue),
                        "durable": true, "auto_delete": false, "internal": false,
                        "arguments": .object(
                            exchange.alternate.map { [JSON.Member("alternate-exchange", .string($0))] } ?? []),
                    ]
                }),
            "queues": .array(
                queues.map { queue in
                    [
                        "name": .string(queue.name), "vhost": host, "durable": true, "auto_delete": false,
                        "arguments": .object(queue.wireArguments.wire),
                    ]
                }),
            "bindings": .array(
                bindings.map { binding in
                    [
                        "source": .string(binding.exchange), "vhost": host, "destination": .string(binding.queue),
                        "destination_type": "queue", "routing_key": .string(binding.routingKey),
                        "arguments": .object([]),
                    ]
                }),
        ]
    }
}
