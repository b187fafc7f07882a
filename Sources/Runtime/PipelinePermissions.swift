import Schema
import Stages

/// A RabbitMQ user and the least that it must be allowed. Patterns are anchored regular expressions over the names of
/// exchanges and queues; an empty pattern allows nothing.
package struct BrokerUser: Sendable, Hashable {
    /// What may be published to one topic exchange: a pattern over routing keys.
    package struct TopicPermission: Sendable, Hashable {
        package let exchange: String
        package let write: String
    }

    package let name: String
    package let configure: String
    package let write: String
    package let read: String
    package let topics: [TopicPermission]
    /// What the HTTP API asks for; nil: the program does not use it.
    package var tag: String?
}

extension BrokerUser {
    /// A user for each worker, one for upstream and one for operators, as the topology of these stages needs them.
    ///
    /// A worker configures nothing, reads its own queue, and writes announcements, its own delay queues and dead
    /// letters. Only routing writes to the desks, only upstream to the inbox. None may use the default exchange, which
    /// leads to every queue; operators may, because a replay goes back to the queue where a message died.
    package static func users(of stages: [any Stage]) -> [BrokerUser] {
        let workers = Routes(stages).subscriptions.map(\.stage).map { stage in
            let desks = stage == .routing ? [ExchangeName.handlers] : []
            return BrokerUser(
                name: "recourse-" + stage.rawValue, configure: nothing,
                write: exactly([ExchangeName.events, ExchangeName.retry, ExchangeName.dead] + desks),
                read: exactly([stage.queue]) + "|" + marks,
                topics: [
                    TopicPermission(
                        exchange: ExchangeName.retry,
                        // Those of older releases too: their workers run beside this one's for a while.
                        write: exactly(
                            RetryDelay.allCases.map { QueueName.delay(stage, $0) }
                                + RetryDelay.allCases.map { QueueName.retired(stage, $0) }))
                ])
        }
        let parking = BrokerUser(
            name: "recourse-parking", configure: nothing, write: exactly([ExchangeName.events]),
            read: exactly([QueueName.dead]) + "|" + marks, topics: [])
        let upstream = BrokerUser(
            name: "recourse-upstream", configure: nothing, write: exactly([ExchangeName.inbox]), read: nothing,
            topics: [])
        let own = #"^(recourse\..*|amq\.default)$"#
        let operators = BrokerUser(
            name: "recourse-operator", configure: own, write: own, read: own, topics: [], tag: "policymaker")
        return workers + [parking, upstream, operators]
    }

    /// To see to which installation the broker belongs; RabbitMQ shows an exchange only to who may do something with it.
    private static let marks = #"^recourse\.installation(\..*)?$"#
    /// Nothing is named so.
    private static let nothing = "^$"

    private static func exactly(_ names: [String]) -> String {
        "^(" + names.map { $0.split(separator: ".").joined(separator: #"\."#) }.joined(separator: "|") + ")$"
    }

    /// The commands that give `users` these permissions in a virtual host; the users must exist.
    package static func commands(_ users: [BrokerUser], virtualHost: String) -> [String] {
        users.flatMap { user in
            var commands = [
                "rabbitmqctl set_permissions -p \(quoted(virtualHost)) \(user.name)"
                    + " \(quoted(user.configure)) \(quoted(user.write)) \(quoted(user.read))"
            ]
            for topic in user.topics {
                commands.append(
                    "rabbitmqctl set_topic_permissions -p \(quoted(virtualHost)) \(user.name) \(topic.exchange)"
                        + " \(quoted(topic.write)) \(quoted(nothing))")
            }
            if let tag = user.tag { commands.append("rabbitmqctl set_user_tags \(user.name) \(tag)") }
            return commands
        }
    }

    /// For the shell.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }

    /// The same, but for tags, which stand beside a user's password there, as a definitions document, which `rabbitmqctl import_definitions` takes.
    package static func definitions(_ users: [BrokerUser], virtualHost: String) -> JSON {
        let permissions = users.map { user -> JSON in
            [
                "user": .string(user.name), "vhost": .string(virtualHost), "configure": .string(user.configure),
                "write": .string(user.write), "read": .string(user.read),
            ]
        }
        let topics = users.flatMap { user in
            user.topics.map { topic -> JSON in
                [
                    "user": .string(user.name), "vhost": .string(virtualHost), "exchange": .string(topic.exchange),
                    "write": .string(topic.write), "read": .string(nothing),
                ]
            }
        }
        return ["permissions": .array(permissions), "topic_permissions": .array(topics)]
    }
}
