import Broker
import Schema
import Store

/// An event that passed the contract, with what its inbox claim needs.
package struct InboundEvent: Sendable {
    package let event: Event
    /// As received; of an event with personal texts or with members that the contract does not know, once it has its
    /// tokens, as Recourse writes it. The journal keeps this.
    package let body: [UInt8]
    /// SHA-256 of the body as received: tells a redelivery from a reused id.
    package let digest: [UInt8]
    /// The message that brought it.
    let delivery: Delivery
    /// It failed in a batch: what waits for it is left to a transaction of its own.
    var isAlone = false
    /// If it came too early, and finds no room to wait, it comes no more.
    var isLast = false
    /// The document; nil: read it from the body.
    private let parsed: JSON?

    /// - Parameters:
    ///   - document: what `body` says, where that is known already.
    ///   - delivery: nil: as Recourse itself would publish it.
    ///   - digest: nil: that of `body`.
    package init(
        event: Event, body: [UInt8], document: JSON? = nil, delivery: Delivery? = nil, digest: [UInt8]? = nil
    ) {
        let delivery =
            delivery
            ?? Delivery(
                tag: 0, channel: 0, redelivered: false, exchange: ExchangeName.events, routingKey: event.type.rawValue,
                properties: .of(event), body: body)
        self.init(
            event: event, body: body, digest: digest ?? Identifiers.digest(body), delivery: delivery, parsed: document)
    }

    private init(event: Event, body: [UInt8], digest: [UInt8], delivery: Delivery, parsed: JSON?) {
        (self.event, self.body, self.digest, self.delivery, self.parsed) = (event, body, digest, delivery, parsed)
    }

    var key: EventKey { EventKey(source: event.source, id: event.id) }

    var document: JSON? {
        if let parsed { return parsed }
        do throws(JSONSyntaxError) {
            return try JSON(parsing: body)
        } catch {
            return nil
        }
    }

    /// The same under the same digest, as a stage sees it, kept with this body.
    func kept(_ event: Event, as body: [UInt8]) -> InboundEvent {
        InboundEvent(event: event, body: body, digest: digest, delivery: delivery, parsed: nil)
    }
}
