/// The exchanges, queues, bindings and policies that Recourse needs, as one value.
///
/// `recourse topology apply | plan | verify` and the memory broker read the same value.
package struct Topology: Sendable, Hashable {
    package struct Exchange: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable { case topic, fanout, direct }
        package let name: String
        package let kind: Kind
        /// Where what no queue takes goes, declared with the exchange; nil: nowhere.
        package let alternate: String?

        package init(name: String, kind: Kind, alternate: String? = nil) {
            self.name = name
            self.kind = kind
            self.alternate = alternate
        }
    }

    package struct Queue: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable { case quorum, classic }
        package let name: String
        /// Declared as `x-queue-type`, because a policy cannot set it.
        package let kind: Kind
        /// What keeps or returns its messages, under the names that policies use (`message-ttl`): declared with the
        /// queue, as `x-…`, so that nobody can take it away. RabbitMQ never changes them in a queue that exists.
        package let arguments: [HeaderField]

        package init(name: String, kind: Kind, arguments: [HeaderField] = []) {
            self.name = name
            self.kind = kind
            self.arguments = arguments
        }

        /// As `queue.declare` has them.
        package var wireArguments: [HeaderField] {
            [HeaderField("x-queue-type", .string(kind.rawValue))]
                + arguments.map { HeaderField("x-" + $0.name, $0.value) }
        }
    }

    package struct Binding: Sendable, Hashable {
        package let exchange: String
        package let queue: String
        package let routingKey: String

        package init(exchange: String, queue: String, routingKey: String) {
            self.exchange = exchange
            self.queue = queue
            self.routingKey = routingKey
        }
    }

    /// One policy wins per queue, so each carries all the settings of its queues.
    package struct Policy: Sendable, Hashable {
        package enum Target: String, Sendable, Hashable { case queues, exchanges }
        package let name: String
        /// A regular expression over names, anchored.
        package let pattern: String
        package let target: Target
        package let priority: Int
        /// In the order in which they are shown; values are integers or strings.
        package let definition: [HeaderField]

        package init(name: String, pattern: String, target: Target, priority: Int, definition: [HeaderField]) {
            self.name = name
            self.pattern = pattern
            self.target = target
            self.priority = priority
            self.definition = definition
        }
    }

    /// A queue of an older release, which its workers write to and later ones do not. It is never declared, and goes
    /// once it is empty and `reader`, the queue that its messages return to, has no consumer of such a release.
    package struct Retired: Sendable, Hashable {
        package let binding: Binding
        package let policy: Policy
        package let reader: String

        package var queue: String { binding.queue }

        package init(binding: Binding, policy: Policy, reader: String) {
            self.binding = binding
            self.policy = policy
            self.reader = reader
        }
    }

    package var exchanges: [Exchange]
    package var queues: [Queue]
    package var bindings: [Binding]
    package var policies: [Policy]
    /// Bindings that earlier releases made and no release in use needs any more; they are removed. What the previous release
    /// still needs is none of them: its workers live beside this one's.
    package var withdrawn: [Binding]
    package var retired: [Retired]

    package init(
        exchanges: [Exchange], queues: [Queue], bindings: [Binding], policies: [Policy], withdrawn: [Binding] = [],
        retired: [Retired] = []
    ) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
        self.policies = policies
        self.withdrawn = withdrawn
        self.retired = retired
    }
}

/// The part of the topology that AMQP itself can declare; policies need the management API.
package protocol TopologyDeclarer: Sendable {
    /// Declares exchanges, queues and bindings, and removes the bindings that are withdrawn; what is so already stays so.
    ///
    /// - Returns: the exchanges and queues that exist without any argument, as older releases have declared them: there
    ///   the policies alone keep and return messages.
    @discardableResult func declare(_ topology: Topology) async throws(BrokerFailure) -> [String]
}
