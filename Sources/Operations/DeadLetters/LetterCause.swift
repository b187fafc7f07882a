import Runtime

/// What has happened to a dead letter, and what can be done, each in a plain sentence.
package struct LetterCause: Sendable, Hashable {
    package let cause: String
    package let cure: String

    /// - Parameters:
    ///   - code: of any release.
    ///   - fault: the place and the rule of the first fault; nil: it is about no place.
    package init(code: String, fault: String? = nil) {
        guard let known = DeadLetterCode(rawValue: code) else {
            cause = "A program of another release gave it up for a reason that this one does not know."
            cure =
                "Read its message, or ask with a program of that release; then send it again, or discard it with a reason."
            return
        }
        let place = known == .contract ? fault.map { " At " + $0 + "." } ?? "" : ""
        (cause, cure) = (known.cause + place, known.cure)
    }
}

/// The one table of what dead letters die of.
extension DeadLetterCode {
    fileprivate var cause: String {
        switch self {
        case .contract: "The document breaks the contract."
        case .oversized: "The body is larger than a worker takes, and was not kept."
        case .misrouted: "It was published under a routing key that is another event's."
        case .contentEncoding:
            "The property content_encoding says that the body is packed, and nothing here unpacks it."
        case .binaryMode:
            "It is a CloudEvent in binary mode, its attributes in headers; the contract knows the structured mode alone."
        case .idReused: "An event of this source and id was taken before with another body."
        case .unknownReference: "It refers to something that did not come within the time that it may wait."
        case .newerRelease: "Only a newer release can decide it, and no worker of one came in time."
        case .stageFault: "The stage failed on it: a fault of ours, or a record that cannot be read."
        case .storeFault: "The database refused what the stage wanted to keep of it, and of no other."
        case .unstorable: "The store did not take what came with it, so only its body is kept."
        case .unroutable:
            "No queue takes its routing key: upstream sends no such event, or the topology is not applied."
        case .edited:
            "It was edited in the place of another letter, and somebody else has approved it; it was not sent yet."
        case .deliveryLimit:
            "Workers ended or lost their connections again and again while they held it; none recorded a failure."
        case .expired: "It lay in its queue longer than that queue keeps messages."
        case .rejected: "A consumer refused it without a word; ours do not."
        case .maxlen: "Its queue was full and dropped it."
        case .unknown: "The broker gave it up and does not say why."
        }
    }

    fileprivate var cure: String {
        switch self {
        case .contract:
            "Its sender corrects it and sends it again, under the same id; event.rejected has told them. Then discard this "
                + "one."
        case .oversized:
            "Its sender sends less at once; or raise RECOURSE_BODY_LIMIT of that worker. Then it must come again."
        case .misrouted: "Its sender publishes it under its event's name. Then discard this one."
        case .contentEncoding: "Its sender sends it plain, without the property. Then discard this one."
        case .binaryMode:
            "Its sender sends it as one JSON document, application/cloudevents+json. Then discard this one."
        case .idReused:
            "Its sender gives the new content an id of its own. Then discard this one: the id stays the other's."
        case .unknownReference:
            "Find out why that is missing (show names it); when it is there, send this again."
        case .newerRelease: "Start workers of that release, then send it again."
        case .stageFault, .storeFault:
            "Tell whoever maintains this, with its message; send it again when that is mended."
        case .unstorable: "Look at the body; send it again, or discard it with a reason."
        case .unroutable:
            "recourse topology verify; if that is right, its sender corrects the key. Send it again when a queue is bound."
        case .edited: "Send it: recourse dead-letters replay."
        case .deliveryLimit:
            "Send it again; look in the workers' logs for what ended them. If it dies again alone, it is the cause."
        case .expired:
            "Send it again; see that the stage's workers run, and that no policy sets a time on its queue."
        case .rejected: "Find out who else consumes that queue, then send it again."
        case .maxlen: "Send it again when the queue has room; see that no policy lets it drop messages."
        case .unknown: "Look at its headers (x-death) and at the queue's policies; then send it again."
        }
    }
}
