/// A CloudEvents 1.0 event that was checked against the contract.
package struct Event: Sendable {
    package let id: String
    package let source: String
    package let type: EventType
    package let time: Instant
    package let data: any EventData
    /// That record's version at the emitting stage; receivers ignore what is older than they know. Read as a number or
    /// as digits, written as a number until every release in use reads both.
    package let sequence: Int64?
    package let traceparent: String?

    package init(
        id: String, source: String, time: Instant, data: any EventData, sequence: Int64? = nil,
        traceparent: String? = nil
    ) {
        self.id = id
        self.source = source
        self.type = Swift.type(of: data).type
        self.time = time
        self.data = data
        self.sequence = sequence
        self.traceparent = traceparent
    }

    /// A rule's time: the field named by the event, else `time`.
    package var ruleTime: Instant { data.ruleTime ?? time }
}

/// What a document tells of itself even if it is refused.
package struct EventIdentity: Sendable, Hashable {
    package var source: String?
    package var id: String?
    package var type: String?

    package init(source: String? = nil, id: String? = nil, type: String? = nil) {
        self.source = source
        self.id = id
        self.type = type
    }
}

/// A document that the contract does not accept, with every fault.
package struct RefusedDocument: Error, Sendable {
    package let identity: EventIdentity
    package let faults: [Fault]

    package init(identity: EventIdentity = EventIdentity(), faults: [Fault]) {
        self.identity = identity
        self.faults = faults
    }
}

/// The bounds of one message.
package struct DocumentLimits: Sendable {
    /// In bytes; 1 MiB unless configured.
    package var bodyBytes = 1 << 20
    /// JSON values: a tree takes up to a hundred times the bytes of its text. The largest event has some 5,000.
    package var values = 1 << 16

    package init() {}

    /// Of what was within bounds when it came.
    package static let checkedBefore: DocumentLimits = {
        var limits = DocumentLimits()
        (limits.bodyBytes, limits.values) = (.max, .max)
        return limits
    }()

    /// The widest that can be configured: for what was taken or kept once, under whichever limits.
    package static let widest: DocumentLimits = {
        var limits = DocumentLimits()
        limits.bodyBytes = 16 << 20
        return limits
    }()
}

extension EventIdentity {
    /// As far as what names a message elsewhere has the form that the contract demands; it may be anything.
    package init(source: String? = nil, named id: String?, type: String?) {
        self.init(
            source: source.flatMap {
                $0.isEmpty || $0.utf8.count > Event.sourceLimit || $0.utf8.contains(0) ? nil : $0
            },
            id: id.flatMap { Identifier.isValid($0) ? $0 : nil },
            type: type.flatMap { $0.utf8.count <= Event.typeLimit && !$0.utf8.contains(0) ? $0 : nil })
    }
}

extension Event {
    fileprivate static let typeLimit = 128
    /// In bytes, of what is told of a document that is refused; one that is taken has at most 256 characters.
    fileprivate static let sourceLimit = 1024

    /// The members of the envelope but for `data`.
    package static let publishedEnvelope: [Shape.Field] = [
        .required("specversion", .oneOf(["1.0"]), says: "The version of CloudEvents."),
        .required("id", .id, says: "With the source it names the event: the same again is a duplicate."),
        .required("source", .text(min: 1, max: 256), says: "The system that says so, the same for all it says."),
        .required("type", .text(min: 1, max: typeLimit)),
        .required("time", .time, says: "When it happened, unless `data` has a time of its own for that."),
        .optional(
            "sequence", .sequence, says: "The version of the record at the stage that emits it; upstream needs none."),
        .optional("traceparent", .text(min: 1, max: 128), says: "Carried through for tracing (W3C Trace Context)."),
    ]

    /// Reads and checks one message body.
    ///
    /// - Throws: `RefusedDocument` with every fault: JSON syntax, envelope, unknown type, data.
    package static func read(
        _ body: [UInt8], limits: DocumentLimits = DocumentLimits()
    ) throws(RefusedDocument) -> Event {
        try readDocument(body, limits: limits).event
    }

    /// The same, with what of it is personal.
    package static func readDocument(
        _ body: [UInt8], limits: DocumentLimits = DocumentLimits()
    ) throws(RefusedDocument) -> (event: Event, document: PersonalDocument) {
        guard body.count <= limits.bodyBytes else {
            let fault = Fault(
                pointer: "", rule: "size", message: "at most \(limits.bodyBytes) bytes, found \(body.count)")
            throw RefusedDocument(faults: [fault])
        }
        return try read(parse(body, limits))
    }

    private static func parse(_ body: [UInt8], _ limits: DocumentLimits) throws(RefusedDocument) -> JSONTape {
        do throws(JSONSyntaxError) {
            return try JSONTape(parsing: body, valueLimit: limits.values)
        } catch {
            let fault = Fault(
                pointer: "", rule: error.rule, message: "at byte \(error.offset): \(error.message)")
            throw RefusedDocument(faults: [fault])
        }
    }

    /// Checks a document that has been parsed.
    package static func read(_ json: JSON) throws(RefusedDocument) -> Event {
        try read(json.serialized, limits: .checkedBefore)
    }

    private static func read(
        _ tape: borrowing JSONTape
    ) throws(RefusedDocument) -> (event: Event, document: PersonalDocument) {
        var check = DocumentCheck()
        let contract = check.document(tape)
        var faults = check.faults
        if faults.isEmpty, let contract {
            do {
                if let event = try decode(contract.data, tape) {
                    return (event, try PersonalDocument(check, of: contract, in: tape))
                }
            } catch {
                // The shape accepted what the struct cannot hold: a fault of the catalogue, told as one of the document
                // so that nothing is lost; a test holds every struct against its shape.
                faults.append(Fault(pointer: "/data", rule: "decode", message: "does not fit this event type"))
            }
        }
        throw RefusedDocument(identity: identity(of: tape), faults: faults)
    }

    /// With another text in the place of each personal one that is not empty, in the order of the shape.
    package func replacingTexts(_ replacement: (String) -> String) -> Event {
        var data = data
        data.replaceTexts(replacement)
        return Event(
            id: id, source: source, time: time, data: data, sequence: sequence, traceparent: traceparent)
    }

    private static func identity(of tape: borrowing JSONTape) -> EventIdentity {
        EventIdentity(
            source: tape.string("source", of: JSONTape.root).flatMap {
                $0.isEmpty || $0.utf8.count > sourceLimit ? nil : $0
            },
            id: tape.string("id", of: JSONTape.root).flatMap { Identifier.isValid($0) ? $0 : nil },
            type: tape.string("type", of: JSONTape.root).flatMap { $0.utf8.count <= typeLimit ? $0 : nil }
        )
    }

    private static func decode(_ type: any EventData.Type, _ tape: borrowing JSONTape) throws -> Event? {
        var members = try MemberPlaces(of: JSONTape.root, in: tape)
        let id: String = try members.required("id", in: tape)
        let source: String = try members.required("source", in: tape)
        let time: Instant = try members.required("time", in: tape)
        guard let data = tape.member("data", of: JSONTape.root) else { return nil }
        let sequence = tape.member("sequence", of: JSONTape.root)
        return Event(
            id: id, source: source, time: time, data: try type.init(reading: data, in: tape),
            sequence: sequence.flatMap { SequenceText.value($0, in: tape) },
            traceparent: tape.string("traceparent", of: JSONTape.root))
    }

    /// The body on the wire: CloudEvents structured JSON. The same event gives the same bytes.
    ///
    /// - Parameter because: for an event that a stage emits; written as the last member of `data`.
    package func body(because: Because? = nil, isLate: Bool = false) -> [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.raw(#"{"specversion":"1.0","id":"#)
        writer.string(id)
        writer.raw(#","source":"#)
        writer.string(source)
        writer.raw(#","type":"#)
        writer.string(type.rawValue, suffix: ".v1")
        writer.raw(#","time":"#)
        writer.time(time)
        writer.raw(#","datacontenttype":"application/json""#)
        if let sequence {
            writer.raw(#","sequence":"#)
            writer.int(sequence)
        }
        if let traceparent {
            writer.raw(#","traceparent":"#)
            writer.string(traceparent)
        }
        writer.raw(#","data":"#)
        data.write(to: &writer)
        if let because {
            writer.reopenObject()
            if isLate { writer.raw(#""late":true,"#) }
            writer.raw(#""because":"#)
            because.write(to: &writer)
            writer.raw("}")
        }
        writer.raw("}")
        return writer.bytes
    }
}
