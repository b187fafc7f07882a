import Broker
import Schema

/// What a delivery is before any stage sees it, told from the message alone.
enum Reception: Sendable {
    case event(InboundEvent)
    /// To be a dead letter, and answered by `event.rejected`.
    case refused(EventIdentity, DeadLetterReason)
    /// To be left to a worker of a newer release.
    case newer(EventIdentity)

    private static let largestKeptDocument = 16 << 10

    init(_ delivery: Delivery, limits: DocumentLimits) {
        if let bytes = delivery.oversized {
            self = .refused(
                EventIdentity(told: delivery.properties),
                DeadLetterReason(
                    .schema, code: .oversized,
                    message: "a body of \(bytes) bytes, more than the consumer takes; the body is not kept"))
            return
        }
        let key = FailureHistory(delivery).originalKey
        do throws(RefusedDocument) {
            let (event, document) = try Self.read(delivery, limits: limits)
            if let key, !event.type.fits(routingKey: key) {
                self = .refused(EventIdentity(of: event), Self.reason([Self.misroutedFault]))
                return
            }
            // The texts of a large one, which it holds once more, are read again when they are needed.
            let isLarge = delivery.body.count > Self.largestKeptDocument
            self = .event(
                InboundEvent(
                    event: event, body: delivery.body.withoutByteOrderMark, document: isLarge ? nil : document,
                    delivery: delivery))
        } catch  where Self.isOfNewerRelease(error, under: key) {
            self = .newer(error.identity)
        } catch {
            self = .refused(error.identity, Self.reason(error.faults))
        }
    }

    /// Reads the event of a message.
    ///
    /// The AMQP properties are the sender's own: they may name another id or type, and nobody compares them. Only where
    /// the body tells nothing of itself do they tell who sent it.
    static func read(
        _ delivery: Delivery, limits: DocumentLimits = DocumentLimits()
    ) throws(RefusedDocument) -> (event: Event, document: PersonalDocument) {
        let properties = delivery.properties
        if let encoding = properties.contentEncoding, !encoding.isEmpty, encoding.lowercased() != "identity" {
            throw RefusedDocument(identity: EventIdentity(told: properties), faults: [encodedFault])
        }
        do throws(RefusedDocument) {
            return try Event.readDocument(delivery.body, limits: limits)
        } catch  where error.identity == EventIdentity() {
            throw RefusedDocument(identity: EventIdentity(told: properties), faults: error.faults)
        }
    }

    private static let encodedFault = Fault(
        pointer: "", rule: DeadLetterCode.contentEncoding.rawValue,
        message: "the AMQP property content_encoding says that the body is encoded; send it plain, without the property"
    )

    /// It was published under the name of another event.
    private static let misroutedFault = Fault(
        pointer: "/type", rule: DeadLetterCode.misrouted.rawValue,
        message: "the routing key is neither the event's name nor begins with it and a dot")

    /// A type that this contract has in no version, and yet its name is bound to the stage's queue: a newer release has
    /// bound it. What nobody has bound never comes here.
    private static func isOfNewerRelease(_ refused: RefusedDocument, under key: String?) -> Bool {
        guard let key, let type = refused.identity.type, type == EventType(key).wireName else { return false }
        return refused.faults.contains { $0.rule == "unknown-type" }
    }

    /// What is wrong with the message and not with its document has a code of its own.
    static func reason(_ faults: [Fault]) -> DeadLetterReason {
        if let fault = faults.first, fault == misroutedFault || fault == encodedFault {
            return DeadLetterReason(.schema, found: fault.rule, message: fault.message, faults: faults)
        }
        return DeadLetterReason(
            .schema, code: .contract, message: "the contract refuses it: \(faults.count) faults", faults: faults)
    }
}

extension EventIdentity {
    init(of event: Event) {
        self.init(source: event.source, id: event.id, type: event.type.wireName)
    }

    /// As far as AMQP properties have the form that the contract demands; they may hold anything.
    init(told properties: MessageProperties) {
        self.init(named: properties.messageId, type: properties.type)
    }
}
