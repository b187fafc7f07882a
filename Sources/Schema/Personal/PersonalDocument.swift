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

        /// Whether its telephone number has no key: its owner's, or one that tells nobody who he is.
        fileprivate func hasNoKey(_ phone: String) -> Bool {
            switch owner {
            case .keyless: true
            case .phone: false
            case .unnamed: PhoneKey(phone) == nil
            }
        }
    }

    /// One for a document about one customer or none, one for each customer where it names several. Without personal
    /// texts there is none.
    package private(set) var parts: [Part] = []
    /// Of the document's personal texts, in the order of the shape: where each lies.
    package private(set) var places: [(part: Int, index: Int)] = []
    /// What the event is about, so that a text without a customer is found by the case, say, that it belongs to.
    package let subjects: [PersonalSubject]
    /// The document has a member that the contract does not know, or one that is null, which counts as absent.
    package let hasMore: Bool
    /// Of an event that a stage has emitted.
    private let because: Because?
    private let isLate: Bool

    /// Of a document that has been checked, or nearly so: what the contract does not accept is left out.
    ///
    /// - Throws: `DecodingError`, if a stage has emitted it and its reason cannot be read.
    init(_ check: DocumentCheck, of contract: EventCatalogue.Contract, in tape: borrowing JSONTape) throws {
        // Its request is the erasure itself, not one for money.
        subjects = contract.data == CustomerErasureRequested.self ? [] : check.subjects
        hasMore = check.hasMore
        if contract.isOutgoing, let data = tape.member("data", of: JSONTape.root),
            let because = tape.member("because", of: data)
        {
            self.because = try Because(reading: because, in: tape)
            isLate = tape.member("late", of: data).map { tape.kind($0) == .true } ?? false
        } else {
            (because, isLate) = (nil, false)
        }
        divide(check)
    }

    /// Of a body that was accepted once, or written here: it is not checked again.
    ///
    /// Returns nil if it is no JSON, or its type none of the contract.
    package init?(of body: [UInt8]) {
        do {
            let tape = try JSONTape(parsing: body)
            var check = DocumentCheck()
            guard let contract = check.document(tape) else { return nil }
            try self.init(check, of: contract, in: tape)
        } catch {
            return nil
        }
    }

    private mutating func divide(_ check: DocumentCheck) {
        let owners = check.phones.map { Owner(phone: $0) }
        if owners.count <= 1 {
            if check.texts.isEmpty { return }
            parts = [Part(owner: owners.first ?? .unnamed)]
        } else {
            parts = owners.map { Part(owner: $0) }
        }
        places.reserveCapacity(check.texts.count)
        if parts.count == 1 { parts[0].values.reserveCapacity(check.texts.count) }
        for text in check.texts {
            let part = owners.count <= 1 ? 0 : text.customer ?? owners.count
            if part == parts.count { parts.append(Part(owner: .unnamed)) }
            if text.isPhone, parts[part].hasNoKey(text.text) {
                let missing = max(0, PersonalToken.keylessIndex - parts[part].values.count)
                parts[part].values += repeatElement("", count: missing)
            }
            places.append((part, parts[part].values.count))
            parts[part].values.append(text.text)
        }
    }

    /// Every personal text, in the order of the shape.
    package var values: [String] { places.map { parts[$0.part].values[$0.index] } }

    /// The bytes of `event`, which this document tells or which differs from that in texts alone, with all that the contract
    /// knows and nothing else.
    package func body(of event: Event) -> [UInt8] { event.body(because: because, isLate: isLate) }
}

/// What a text may be about, as a number: 63 bits of the SHA-256 of the kind and id. Ids are no personal data; the number
/// is only narrower.
package struct PersonalSubject: Hashable, Sendable {
    package let number: Int64

    /// What an id is of. Ids of outlets, stores and proposals are no person's matter.
    enum Kind: String, Sendable, Hashable {
        case `case`, callback, service, request

        /// nil: a member of that name names no person's matter.
        init?(member: String) {
            guard let kind = Self.members.first(where: { $0.name == member })?.kind else { return nil }
            self = kind
        }

        static let members: [(name: String, kind: Kind)] = [
            ("caseId", .case), ("openCaseId", .case), ("callbackId", .callback), ("serviceId", .service),
            ("requestId", .request),
        ]
    }

    package init(number: Int64) {
        self.number = number
    }

    /// nil: whoever holds an id of that member is no person's matter.
    package init?(member: String, id: String) {
        guard let kind = Kind(member: member) else { return nil }
        var id = id
        self = id.withUTF8 { PersonalSubject(kind, id: $0) }
    }

    init(_ kind: Kind, id: UnsafeBufferPointer<UInt8>) {
        var named = Array(kind.rawValue.utf8)
        named.append(UInt8(ascii: ":"))
        named.append(contentsOf: id)
        number = Identifiers.number(of: named)
    }

    private static let marks: [(mark: [UInt8], kind: Kind)] = Kind.members.map {
        (Array("\"\($0.name)\":\"".utf8), $0.kind)
    }
    /// What every mark ends with.
    private static let end = Array(#"Id":""#.utf8)

    /// What a body that a stage has written is about, each once. Ids need no escapes, and a quotation mark inside a text has
    /// one before it, so the bytes tell.
    package static func named(in body: [UInt8]) -> [PersonalSubject] {
        var ids: [(kind: Kind, id: ArraySlice<UInt8>)] = []
        body.withUnsafeBufferPointer { bytes in
            var position = PlainText.index(of: end[0], in: bytes, from: 0)
            while position + end.count < bytes.count {
                let next = position + end.count
                if bytes[position..<next].elementsEqual(end), let kind = kind(before: next, in: bytes) {
                    let id = next..<PlainText.index(of: UInt8(ascii: "\""), in: bytes, from: next)
                    if !ids.contains(where: { $0.kind == kind && $0.id == body[id] }) { ids.append((kind, body[id])) }
                }
                position = PlainText.index(of: end[0], in: bytes, from: position + 1)
            }
        }
        return ids.map { kind, id in id.withUnsafeBufferPointer { PersonalSubject(kind, id: $0) } }
    }

    private static func kind(before end: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Kind? {
        for (mark, kind) in marks where mark.count <= end {
            let start = end - mark.count
            if bytes[start] == mark[0], bytes[start..<end].elementsEqual(mark) { return kind }
        }
        return nil
    }
}
