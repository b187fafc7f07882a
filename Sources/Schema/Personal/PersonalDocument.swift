/// An event's document taken apart by the shape of its type: what is personal in it, what it is about, and the rest.
///
/// Only what the contract knows is kept: a member that it does not know could be anything, a second telephone number too.
package struct PersonalDocument: Sendable {
    /// Whom texts are about.
    package enum Owner: Sendable, Hashable {
        /// The document does not say.
        case unnamed
        /// A customer whose telephone number has no key.
        case keyless
        case phone(PhoneKey)

        fileprivate init(phone: String) {
            self = PhoneKey(phone).map { .phone($0) } ?? .keyless
        }
    }

    /// What one person's erasure takes with it.
    package struct Part: Sendable, Hashable {
        package let owner: Owner
        /// The texts in the order of the shape. Empty ones only keep the place that says that a phone has no key.
        package fileprivate(set) var values: [String] = []
    }

    /// One for a document about one customer or none, one for each customer where it names several. Without personal
    /// texts there is none.
    package private(set) var parts: [Part] = []
    /// Of the document's personal texts, in the order of the shape: where each lies.
    package private(set) var places: [(part: Int, index: Int)] = []
    /// What the event is about, so that a text without a customer is found by the case, say, that it belongs to.
    package private(set) var subjects: [PersonalSubject] = []
    /// The document has a member that the contract does not know, or one that is null, which counts as absent.
    package private(set) var hasMore = false
    /// While it is taken apart: the customers, and each text with the number of its customer.
    private var owners: [Owner] = []
    private var texts: [(customer: Int?, text: String, isPhone: Bool)] = []
    private let envelope: JSON

    private static let envelopeFields =
        Event.publishedEnvelope + [.optional("datacontenttype", .text(min: 0, max: 128))]

    /// - Parameter json: a document that the contract accepts.
    /// Returns nil if its type is none of the contract.
    package init?(_ json: JSON) {
        guard let type = json["type"]?.string, let data = EventCatalogue.byWireName[type] else { return nil }
        envelope = json
        let shape = EventCatalogue.dataShape(of: data)
        if let members = json.members { hasMore = members.count > Self.known(members, Self.envelopeFields) + 1 }
        guard let data = json["data"] else { return }
        collect(data, shape, customer: nil)
        // Its request is the erasure itself, not one for money.
        if type == CustomerErasureRequested.type.wireName { subjects = [] }
        divide()
    }

    private static func known(_ members: [JSON.Member], _ fields: [Shape.Field]) -> Int {
        fields.reduce(0) { $0 + (members.present($1.name) == nil ? 0 : 1) }
    }

    private mutating func collect(_ json: JSON, _ shape: Shape, customer: Int?) {
        switch (shape, json) {
        case (.object(let fields), .object(let members)):
            var customer = customer
            if let phone = members.value(of: "phone")?.string,
                fields.contains(where: { $0.isPersonal && $0.name == "phone" })
            {
                customer = owners.count
                owners.append(Owner(phone: phone))
            }
            var known = 0
            for field in fields {
                guard let value = members.present(field.name) else { continue }
                known += 1
                if field.isPersonal, let text = value.string {
                    if !text.isEmpty { texts.append((customer, text, isPhone: field.name == "phone")) }
                } else if case .id = field.shape {
                    if let id = value.string, let subject = PersonalSubject(member: field.name, id: id) {
                        subjects.append(subject)
                    }
                } else {
                    collect(value, field.shape, customer: customer)
                }
            }
            if known < members.count { hasMore = true }
        case (.array(let element, _, _), .array(let elements)):
            guard element.holdsMembers else { return }
            for one in elements { collect(one, element, customer: customer) }
        default: break
        }
    }

    private mutating func divide() {
        defer { texts.removeAll() }
        if owners.count <= 1 {
            if texts.isEmpty { return }
            parts = [Part(owner: owners.first ?? .unnamed)]
        } else {
            parts = owners.map { Part(owner: $0) }
        }
        for (customer, text, isPhone) in texts {
            let part = owners.count <= 1 ? 0 : customer ?? owners.count
            if part == parts.count { parts.append(Part(owner: .unnamed)) }
            if isPhone, parts[part].owner == .keyless {
                let missing = max(0, PersonalToken.keylessIndex - parts[part].values.count)
                parts[part].values += repeatElement("", count: missing)
            }
            places.append((part, parts[part].values.count))
            parts[part].values.append(text)
        }
    }

    /// Every personal text, in the order of the shape.
    package var values: [String] { places.map { parts[$0.part].values[$0.index] } }

    /// The bytes of `event`, which this document tells or which differs from that in texts alone, with all that the contract
    /// knows and nothing else.
    ///
    /// - Throws: `DecodingError`, if the document is another one.
    package func body(of event: Event) throws -> [UInt8] {
        guard EventCatalogue.isOutgoing(event.type), let data = envelope["data"] else { return event.body() }
        return event.body(because: try data["because"].map { try Because(reading: $0) }, isLate: data["late"] == true)
    }
}

extension Shape {
    fileprivate var holdsMembers: Bool {
        switch self {
        case .object, .array: true
        default: false
        }
    }
}

/// What a text may be about, as a number: 63 bits of the SHA-256 of the kind and id. Ids are no personal data; the number
/// is only narrower.
package struct PersonalSubject: Hashable, Sendable {
    package let number: Int64

    package init(number: Int64) {
        self.number = number
    }

    /// nil: whoever holds an id of that member is no person's matter (outlets, stores, proposals).
    package init?(member: String, id: String) {
        guard let kind = Self.kinds[member] else { return nil }
        self.init(kind: kind, id: id)
    }

    private init(kind: String, id: String) {
        let digest = Identifiers.digest(Array("\(kind):\(id)".utf8))
        number = digest.prefix(8).reduce(0) { $0 << 8 | Int64($1) } & Int64.max
    }

    private static let kinds = [
        "caseId": "case", "openCaseId": "case", "callbackId": "callback", "serviceId": "service",
        "requestId": "request",
    ]

    private static let marks: [(mark: [UInt8], kind: String)] = kinds.sorted { $0.key < $1.key }.map {
        (Array("\"\($0.key)\":\"".utf8), $0.value)
    }

    /// What a body that a stage has written is about. Ids need no escapes, and a quotation mark inside a text has one
    /// before it, so the bytes tell.
    package static func named(in body: [UInt8]) -> [PersonalSubject] {
        var found: [PersonalSubject] = []
        body.withUnsafeBufferPointer { bytes in
            var position = 0
            while position + 4 < bytes.count {
                // …Id":"
                guard bytes[position] == UInt8(ascii: "I"), bytes[position + 1] == UInt8(ascii: "d"),
                    bytes[position + 2] == UInt8(ascii: "\"")
                else {
                    position += 1
                    continue
                }
                for (mark, kind) in marks {
                    let start = position + 5 - mark.count
                    guard start >= 0, start + mark.count < bytes.count,
                        bytes[start..<start + mark.count].elementsEqual(mark)
                    else { continue }
                    let id = bytes[(start + mark.count)...].prefix { $0 != UInt8(ascii: "\"") }
                    found.append(PersonalSubject(kind: kind, id: String(decoding: id, as: UTF8.self)))
                }
                position += 5
            }
        }
        return found
    }
}
