import Broker
import Schema

/// A message to `recourse.inbox` that no stage's queue took: it came by the alternate exchange, so no stage has looked at
/// it and upstream has not been told.
struct UnroutedMessage: Sendable {
    let identity: EventIdentity
    /// What the contract refuses; where it refuses nothing, that nobody takes such events under that routing key.
    let faults: [Fault]
    private let body: [UInt8]

    /// nil: the delivery is a dead letter of a worker or of the broker. The exchange tells, for upstream may write any
    /// headers.
    init?(_ delivery: Delivery) {
        let properties = delivery.properties
        guard delivery.exchange == ExchangeName.inbox else { return nil }
        body = delivery.body
        let hints = EnvelopeHints(
            messageId: properties.messageId, type: properties.type, correlationId: properties.correlationId)
        do throws(RefusedDocument) {
            let event = try Event.read(delivery.body, hints: hints)
            identity = EventIdentity(of: event)
            let isWrongKey = event.type.rawValue != delivery.routingKey
            faults = [
                Fault(
                    pointer: "/type", rule: "unroutable",
                    message: isWrongKey
                        ? "the routing key is not the event's name" : "no stage takes this event from upstream")
            ]
        } catch {
            identity = error.identity
            faults = error.faults
        }
    }

    /// The answer to upstream.
    func rejection(wall: Instant) throws -> ConfirmedPublisher.Message {
        let publication = try FailureMessages.rejection(
            of: identity, body: body, faults: faults, queue: QueueName.dead, source: "recourse/parking", ticket: 0,
            clock: wall)
        return ConfirmedPublisher.Message(
            exchange: publication.exchange, routingKey: publication.routingKey, mandatory: false,
            properties: publication.properties, body: publication.body)
    }
}
