import Broker
import Schema

/// A message to `recourse.inbox` that no stage's queue took: it came by the alternate exchange, so no stage has looked at
/// it and upstream has not been told.
struct UnroutedMessage: Sendable {
    let identity: EventIdentity
    /// What the contract refuses; where it refuses nothing, that nobody takes such events under that routing key.
    let reason: DeadLetterReason
    private let body: [UInt8]

    /// nil: the delivery is a dead letter of a worker or of the broker. The exchange tells, for upstream may write any
    /// headers.
    ///
    /// - Parameter limits: those of the stages, which upstream is told of.
    init?(_ delivery: Delivery, limits: DocumentLimits = DocumentLimits()) {
        guard delivery.exchange == ExchangeName.inbox else { return nil }
        body = delivery.body
        do throws(RefusedDocument) {
            let event = try Reception.read(delivery, limits: limits).event
            identity = EventIdentity(of: event)
            let fault = Fault(
                pointer: "/type", rule: DeadLetterCode.unroutable.rawValue,
                message: event.type.rawValue == delivery.routingKey
                    ? "no queue is bound for it: upstream sends no such event, or the topology is not applied"
                    : "the routing key is not exactly the event's name")
            reason = DeadLetterReason(
                .unroutable, code: .unroutable, message: "no queue is bound for its routing key", faults: [fault])
        } catch {
            identity = error.identity
            reason = Reception.reason(error.faults)
        }
    }

    /// The answer to upstream.
    func rejection(wall: Instant) throws -> ConfirmedPublisher.Message {
        let publication = try FailureMessages.rejection(
            of: identity, body: body, faults: reason.told, queue: QueueName.dead, source: "recourse/parking", ticket: 0,
            clock: wall)
        return ConfirmedPublisher.Message(
            exchange: publication.exchange, routingKey: publication.routingKey, mandatory: false,
            properties: publication.properties, body: publication.body)
    }
}
