import Broker
import Schema
import Store

/// An event that passed the contract, with what its inbox claim needs.
package struct InboundEvent: Sendable {
    /// Behind a pointer: it is handed on many times, and holds a hundred texts.
    private final class Content: Sendable {
        let event: Event
        let body: [UInt8]
        let digest: [UInt8]
        let delivery: Delivery
        /// What of it is personal; nil: to be read from the body.
        let document: PersonalDocument?

        init(_ event: Event, _ body: [UInt8], _ digest: [UInt8], _ delivery: Delivery, _ document: PersonalDocument?) {
            (self.event, self.body, self.digest, self.delivery, self.document) = (
                event, body, digest, delivery, document
            )
        }
    }

    private let content: Content
    /// It failed in a batch: what waits for it is left to a transaction of its own.
    var isAlone = false
    /// If it came too early, and finds no room to wait, it comes no more.
    var isLast = false

    package var event: Event { content.event }
    /// As received; of an event with personal texts or with members that the contract does not know, once it has its
    /// tokens, as Recourse writes it. The journal keeps this.
    package var body: [UInt8] { content.body }
    /// SHA-256 of the body as received: tells a redelivery from a reused id.
    package var digest: [UInt8] { content.digest }
    /// The message that brought it.
    var delivery: Delivery { content.delivery }
    var document: PersonalDocument? { content.document ?? PersonalDocument(of: body) }
    var key: EventKey { EventKey(source: event.source, id: event.id) }

    /// - Parameters:
    ///   - document: what of it is personal, where that is known already.
    ///   - delivery: nil: as Recourse itself would publish it.
    ///   - digest: nil: that of `body`.
    package init(
        event: Event, body: [UInt8], document: PersonalDocument? = nil, delivery: Delivery? = nil,
        digest: [UInt8]? = nil
    ) {
        let delivery =
            delivery
            ?? Delivery(
                tag: 0, channel: 0, redelivered: false, exchange: ExchangeName.events, routingKey: event.type.rawValue,
                properties: .of(event), body: body)
        self.init(Content(event, body, digest ?? Identifiers.digest(body), delivery, document))
    }

    private init(_ content: Content) {
        self.content = content
    }

    /// The same under the same digest, as a stage sees it, kept with this body.
    func kept(_ event: Event, as body: [UInt8]) -> InboundEvent {
        InboundEvent(Content(event, body, digest, delivery, nil))
    }
}
