import Broker
import Schema
import Stages
import Store

/// The names of Recourse's exchanges.
package enum ExchangeName {
    package static let inbox = "recourse.inbox"
    package static let events = "recourse.events"
    package static let handlers = "recourse.handlers"
    package static let unrouted = "recourse.unrouted"
    /// To the delay queues, routing key = queue. Not the default exchange: who may write there writes to every queue.
    package static let retry = "recourse.retry"
    package static let dead = "recourse.dead"
}

/// The names of Recourse's queues beside those of the stages.
package enum QueueName {
    package static let dead = "recourse.dead"
    package static let handlers = ["recourse.handler.store", "recourse.handler.region", "recourse.handler.hq"]

    package static func delay(_ stage: StageName, _ delay: RetryDelay) -> String {
        stage.queue + ".delay." + delay.rawValue
    }

    /// Where releases before 0.2.0 let messages wait, by policies alone.
    package static func retired(_ stage: StageName, _ delay: RetryDelay) -> String {
        stage.queue + ".retry." + delay.rawValue
    }
}

/// How long a message waits that cannot be applied yet.
package enum RetryDelay: String, CaseIterable, Sendable {
    case fiveSeconds = "5s"
    case oneMinute = "1m"
    case tenMinutes = "10m"

    package var milliseconds: Int64 {
        switch self {
        case .fiveSeconds: 5_000
        case .oneMinute: 60_000
        case .tenMinutes: 600_000
        }
    }

    /// The delay before the retry that follows `attempts` failed ones: three times 5 s, ten times 1 min, then 10 min.
    package static func after(attempts: Int) -> RetryDelay {
        switch attempts {
        case ..<4: .fiveSeconds
        case ..<14: .oneMinute
        default: .tenMinutes
        }
    }
}

/// What a stage subscribes to; known without an instance, so the topology follows from the stages.
package struct Subscription: Sendable {
    package let stage: StageName
    package let inbox: [EventType]
    package let events: [EventType]
    package let follows: [StageName]
    package let metBy: [StageName]

    package init(_ stage: any Stage) {
        let type = type(of: stage)
        self.stage = type.name
        // No stage decides on an erasure, and the store of each carries it out.
        inbox = type.takesFromInbox + [CustomerErasureRequested.type]
        events = type.takesFromEvents
        follows = type.follows
        metBy = type.metBy
    }
}

/// Where each event goes: the one source for bindings, for the mandatory flag, for `simulate` and for the audit.
package struct Routes: Sendable {
    package let subscriptions: [Subscription]
    private let inbox: [EventType: [StageName]]
    private let events: [EventType: [StageName]]

    package init(_ stages: [any Stage]) {
        subscriptions = stages.map { Subscription($0) }.sorted { $0.stage < $1.stage }
        var inbox: [EventType: [StageName]] = [:]
        var events: [EventType: [StageName]] = [:]
        for subscription in subscriptions {
            for type in subscription.inbox { inbox[type, default: []].append(subscription.stage) }
            for type in subscription.events { events[type, default: []].append(subscription.stage) }
        }
        (self.inbox, self.events) = (inbox, events)
    }

    /// The stages that take an event from `recourse.inbox`, in stage order.
    package func takers(fromInbox type: EventType) -> [StageName] { inbox[type] ?? [] }
    /// The stages that take an event from `recourse.events`, in stage order.
    package func takers(fromEvents type: EventType) -> [StageName] { events[type] ?? [] }

    /// The other stages that lie before `stage`, by way of whatever stages: what it takes may follow from what they take.
    package func before(_ stage: StageName) -> Set<StageName> {
        var found: Set<StageName> = []
        var open = [stage]
        while let next = open.popLast() {
            let follows = subscriptions.first { $0.stage == next }?.follows ?? []
            for earlier in follows where subscriptions.contains(where: { $0.stage == earlier }) {
                if found.insert(earlier).inserted { open.append(earlier) }
            }
        }
        found.remove(stage)
        return found
    }

    /// How far a stage has come with those that it waits for.
    ///
    /// - Parameters:
    ///   - own: how far it has come by itself.
    ///   - said: what the stages have said.
    ///   - unsaid: what counts as said by one that has said nothing.
    package func marks(of stage: StageName, own: Instant, _ said: [StageName: Instant], unsaid: Instant) -> Marks {
        func least(_ stages: some Sequence<StageName>) -> Instant {
            stages.map { said[$0] ?? unsaid }.min() ?? .limit
        }
        let metBy = subscriptions.first { $0.stage == stage }?.metBy ?? []
        return Marks(
            own: own, before: least(before(stage)),
            word: least(metBy.filter { name in subscriptions.contains { $0.stage == name } }))
    }

    /// True where the topology promises a queue, so that a return is a fault.
    package func isPromised(exchange: String, type: EventType) -> Bool {
        switch exchange {
        case ExchangeName.handlers: true
        case ExchangeName.events: !takers(fromEvents: type).isEmpty
        default: true
        }
    }
}

extension Topology {
    /// Everything that the pipeline of these stages needs from its broker.
    package static func pipeline(_ stages: [any Stage]) -> Topology {
        let routes = Routes(stages)
        let names = routes.subscriptions.map(\.stage)
        var queues = names.map { Queue(name: $0.queue, kind: .quorum, arguments: stageArguments) }
        var bindings: [Binding] = []
        var retired: [Retired] = []
        let policies = [alternateExchange, stageQueues(names), deadLetters, handlerQueues]
        for subscription in routes.subscriptions {
            let queue = subscription.stage.queue
            bindings += subscription.inbox.map {
                Binding(exchange: ExchangeName.inbox, queue: queue, routingKey: $0.rawValue)
            }
            bindings += subscription.events.map {
                Binding(exchange: ExchangeName.events, queue: queue, routingKey: $0.rawValue)
            }
            for delay in RetryDelay.allCases {
                let name = QueueName.delay(subscription.stage, delay)
                queues.append(Queue(name: name, kind: .quorum, arguments: delayArguments(delay, back: queue)))
                bindings.append(Binding(exchange: ExchangeName.retry, queue: name, routingKey: name))
                retired.append(retiredQueue(QueueName.retired(subscription.stage, delay), delay, back: queue))
            }
        }
        queues.append(Queue(name: QueueName.dead, kind: .quorum, arguments: deadArguments))
        queues += QueueName.handlers.map { Queue(name: $0, kind: .quorum) }
        bindings.append(Binding(exchange: ExchangeName.unrouted, queue: QueueName.dead, routingKey: ""))
        bindings.append(Binding(exchange: ExchangeName.dead, queue: QueueName.dead, routingKey: ""))
        // Not as a dead letter: the parking worker erases what is in the dead letters.
        bindings.append(
            Binding(
                exchange: ExchangeName.inbox, queue: QueueName.dead,
                routingKey: CustomerErasureRequested.type.rawValue))
        for (queue, key) in zip(QueueName.handlers, ["store.*", "region.*", "hq"]) {
            bindings.append(Binding(exchange: ExchangeName.handlers, queue: queue, routingKey: key))
        }
        return Topology(
            exchanges: [
                Exchange(name: ExchangeName.inbox, kind: .topic, alternate: ExchangeName.unrouted),
                Exchange(name: ExchangeName.events, kind: .topic),
                Exchange(name: ExchangeName.handlers, kind: .topic),
                Exchange(name: ExchangeName.unrouted, kind: .fanout),
                Exchange(name: ExchangeName.retry, kind: .topic),
                Exchange(name: ExchangeName.dead, kind: .fanout),
            ],
            queues: queues, bindings: bindings, policies: policies, withdrawn: withdrawnBindings, retired: retired)
    }

    /// What releases before this one bound, and neither this one nor the one before needs. The release after 0.2 names
    /// handling's binding to `case.resolved` here: handling hears of resolutions from routing.
    private static let withdrawnBindings: [Binding] = []

    private static let atLeastOnce: [HeaderField] = [
        HeaderField("dead-letter-exchange", .string("")),
        HeaderField("dead-letter-strategy", .string("at-least-once")),
        // At-least-once dead-lettering works only with this overflow; otherwise it silently becomes at-most-once.
        HeaderField("overflow", .string("reject-publish")),
    ]

    private static let stageArguments =
        atLeastOnce + [
            HeaderField("dead-letter-routing-key", .string(QueueName.dead)),
            HeaderField("delivery-limit", .int(100)),
            HeaderField("max-length-bytes", .int(8 << 30)),
        ]

    /// A dead letter is never dropped for its number of deliveries or the length of the queue.
    private static let deadArguments = [HeaderField("delivery-limit", .int(100_000))]

    private static func delayArguments(_ delay: RetryDelay, back queue: String) -> [HeaderField] {
        atLeastOnce + [
            HeaderField("dead-letter-routing-key", .string(queue)),
            HeaderField("message-ttl", .int(delay.milliseconds)),
        ]
    }

    // MARK: - Policies
    // They say again what the arguments say, for queues and exchanges that were declared without any.

    /// What no queue takes goes to the dead letters instead of vanishing.
    private static let alternateExchange = Policy(
        name: "recourse-inbox", pattern: #"^recourse\.inbox$"#, target: .exchanges, priority: 10,
        definition: [HeaderField("alternate-exchange", .string(ExchangeName.unrouted))])

    /// - Parameter names: of all stages, so that none is without it.
    private static func stageQueues(_ names: [StageName]) -> Policy {
        let stages = names.map(\.rawValue).joined(separator: "|")
        return Policy(
            name: "recourse-stages", pattern: #"^recourse\.(\#(stages))$"#, target: .queues, priority: 10,
            definition: stageArguments)
    }

    private static let deadLetters = Policy(
        name: "recourse-dead", pattern: #"^recourse\.dead$"#, target: .queues, priority: 10, definition: deadArguments)

    /// Outside the guarantee: the case is in the store; desks that are not read must not fill the broker.
    private static let handlerQueues = Policy(
        name: "recourse-handlers", pattern: #"^recourse\.handler\.(store|region|hq)$"#, target: .queues, priority: 10,
        definition: [
            HeaderField("max-length", .int(100_000)), HeaderField("overflow", .string("drop-head")),
            HeaderField("delivery-limit", .int(100)),
        ])

    private static func retiredQueue(_ name: String, _ delay: RetryDelay, back queue: String) -> Retired {
        Retired(
            binding: Binding(exchange: ExchangeName.retry, queue: name, routingKey: name),
            policy: Policy(
                name: name, pattern: "^" + name.split(separator: ".").joined(separator: #"\."#) + "$", target: .queues,
                priority: 20, definition: delayArguments(delay, back: queue)),
            reader: queue)
    }
}
