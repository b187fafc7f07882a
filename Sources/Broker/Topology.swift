/// The exchanges, queues, bindings and policies that Recourse needs, as one value.
///
/// `recourse topology apply | plan | verify` and the memory broker read the same value.
package struct Topology: Sendable, Hashable {
    package struct Exchange: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable { case topic, fanout, direct }
        package let name: String
        package let kind: Kind

        package init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    package struct Queue: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable { case quorum, classic }
        package let name: String
        /// Declared as `x-queue-type`, because a policy cannot set it.
        package let kind: Kind

        package init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
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

    package var exchanges: [Exchange]
    package var queues: [Queue]
    package var bindings: [Binding]
    package var policies: [Policy]
    /// Bindings that earlier releases made and no release in use needs any more; they are removed. What the previous release
    /// still needs is none of them: its workers live beside this one's.
    package var withdrawn: [Binding]

    package init(
        exchanges: [Exchange], queues: [Queue], bindings: [Binding], policies: [Policy], withdrawn: [Binding] = []
    ) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
        self.policies = policies
        self.withdrawn = withdrawn
    }
}

/// The part of the topology that AMQP itself can declare; policies need the management API.
package protocol TopologyDeclarer: Sendable {
    /// Declares exchanges, queues and bindings, and removes the bindings that are withdrawn; what is so already stays so.
    func declare(_ topology: Topology) async throws(BrokerFailure)
}
