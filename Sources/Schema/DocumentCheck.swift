/// Checks a document against the contract, and notes on the way what of it is personal and what it is about.
struct DocumentCheck {
    /// A personal text that is not empty.
    struct Text {
        /// Whom it is about: an index in `phones`; nil: the document does not say.
        let customer: Int?
        let text: String
        let isPhone: Bool
    }

    /// Everything that is wrong with the document, up to `Fault.limit`.
    private(set) var faults: [Fault] = []
    /// The document has a member that the contract does not know, or one that is null, which counts as absent.
    private(set) var hasMore = false
    /// Of the customers that it names.
    private(set) var phones: [String] = []
    /// In the order of the shape.
    private(set) var texts: [Text] = []
    private(set) var subjects: [PersonalSubject] = []
    /// Of the object that is checked.
    private var customer: Int?

    /// Checks a whole event.
    ///
    /// - Returns: its type; nil: it is none of the contract, which is a fault.
    mutating func document(_ tape: borrowing JSONTape) -> EventCatalogue.Contract? {
        let type = tape.string("type", of: JSONTape.root)
        let contract = type.flatMap { EventCatalogue.contracts[$0] }
        guard tape.isObject(JSONTape.root) else {
            wrongKind("object", JSONTape.root, tape)
            return contract
        }
        var known = members(Event.publishedEnvelope, JSONTape.root, tape)
        if let type, contract == nil, !type.isEmpty {
            faults.append(
                Fault(pointer: "/type", rule: "unknown-type", message: "not an event type of this contract"))
        }
        if let content = tape.member("datacontenttype", of: JSONTape.root), !tape.isNull(content) { known += 1 }
        if let data = tape.member("data", of: JSONTape.root), !tape.isNull(data) {
            known += 1
            if let contract {
                let before = faults.count
                check(data, contract.shape, tape)
                locate("/data", since: before)
            }
        } else {
            faults.append(Fault(pointer: "/data", rule: "required", message: "this member is missing"))
        }
        if known < tape.count(JSONTape.root) { hasMore = true }
        return contract
    }

    /// Puts a step before the pointers (RFC 6901) of what was found since, as they are put together for faults alone. Only
    /// names of the contract occur, which need no escaping.
    private mutating func locate(_ step: String, since first: Int) {
        for index in first..<faults.count {
            let fault = faults[index]
            faults[index] = Fault(pointer: step + fault.pointer, rule: fault.rule, message: fault.message)
        }
    }

    private mutating func fault(_ rule: String, _ message: String) {
        faults.append(Fault(pointer: "", rule: rule, message: message))
    }

    private mutating func wrongKind(_ expected: String, _ place: Int, _ tape: borrowing JSONTape) {
        fault("type", "expected \(expected), found \(tape.kindName(place))")
    }

    private mutating func check(_ place: Int, _ shape: Shape, _ tape: borrowing JSONTape) {
        guard faults.count < Fault.limit else { return }
        switch shape {
        case .object(let fields):
            guard tape.isObject(place) else { return wrongKind("object", place, tape) }
            if members(fields, place, tape) < tape.count(place) { hasMore = true }
        case .array(let element, let min, let max): elements(element, min, max, place, tape)
        case .integer(let min, let max): integer(min, max, place, tape)
        case .sequence:
            guard let text = tape.string(place) else { return integer(0, Shape.integerLimit, place, tape) }
            if !SequenceText.isDigits(text) {
                fault("pattern", "1 to \(SequenceText.digitLimit) digits, or a number")
            }
        case .boolean: if tape.bool(place) == nil { wrongKind("boolean", place, tape) }
        case .anyObject: if !tape.isObject(place) { wrongKind("object", place, tape) }
        case .id, .text, .time, .date, .week, .quarter, .oneOf:
            guard tape.isText(place) else { return wrongKind("string", place, tape) }
            if let (rule, message) = shape.fault(ofText: place, tape) { fault(rule, message) }
        }
    }

    private mutating func integer(_ min: Int64, _ max: Int64, _ place: Int, _ tape: borrowing JSONTape) {
        guard let value = tape.int(place) else { return wrongKind("integer", place, tape) }
        if value < min { fault("minimum", "at least \(min)") }
        if value > max { fault("maximum", "at most \(max)") }
    }

    /// Members that the shape does not know are ignored.
    ///
    /// - Returns: how many it knows.
    private mutating func members(_ fields: [Shape.Field], _ place: Int, _ tape: borrowing JSONTape) -> Int {
        let outer = customer
        defer { customer = outer }
        if fields.contains(where: { $0.isPhone }), let phone = tape.string("phone", of: place) {
            customer = phones.count
            phones.append(phone)
        }
        var members = MemberPlaces(ofObject: place, in: tape)
        var known = 0
        // By index: a copy of each field would cost more than most checks.
        for index in fields.indices {
            guard let value = members.find(fields[index].key.bytes, in: tape) else {
                if fields[index].isRequired {
                    faults.append(
                        Fault(pointer: "/" + fields[index].name, rule: "required", message: "this member is missing"))
                }
                continue
            }
            known += 1
            if fields[index].isPersonal, let text = tape.string(value) {
                note(text, isPhone: fields[index].holdsPhone)
            } else if let kind = fields[index].matter, tape.isText(value) {
                subjects.append(tape.withText(value) { PersonalSubject(kind, id: $0) })
            }
            let before = faults.count
            check(value, fields[index].shape, tape)
            if faults.count > before { locate("/" + fields[index].name, since: before) }
        }
        return known
    }

    private mutating func note(_ text: String, isPhone: Bool) {
        guard !text.isEmpty else { return }
        // Most events that have any have some.
        if texts.isEmpty { texts.reserveCapacity(4) }
        texts.append(Text(customer: customer, text: text, isPhone: isPhone))
    }

    private mutating func elements(
        _ element: Shape, _ min: Int, _ max: Int, _ place: Int, _ tape: borrowing JSONTape
    ) {
        guard tape.kind(place) == .array else { return wrongKind("array", place, tape) }
        let count = tape.count(place)
        if count < min { fault("minItems", "at least \(min) elements") }
        if count > max { return fault("maxItems", "at most \(max) elements") }
        var position = tape.first(place)
        for index in 0..<count {
            let before = faults.count
            check(position, element, tape)
            if faults.count > before { locate("/\(index)", since: before) }
            position = tape.next(position)
        }
    }
}

extension Shape {
    /// Rule and message of what is wrong with a text; nil if nothing is.
    fileprivate func fault(ofText place: Int, _ tape: borrowing JSONTape) -> (rule: String, message: String)? {
        switch self {
        case .id:
            return tape.withText(place) { Identifier.isValid($0) }
                ? nil : ("pattern", "an id: 1 to 64 of letters, digits, _ : -, the first a letter or digit")
        case .text(let min, let max): return tape.withText(place) { Shape.lengthFault($0, min, max) }
        case .time:
            return tape.withText(place) { Shape.isTime($0) }
                ? nil : ("date-time", "a time with offset, as 2026-11-21T18:00:00+08:00")
        case .date: return tape.withText(place) { CivilDate($0) } != nil ? nil : ("date", "a date, as 2026-11-21")
        case .week: return tape.string(place).map(PeriodText.isWeek) == true ? nil : ("pattern", "a week, as 2026-W47")
        case .quarter:
            return tape.string(place).map(PeriodText.isQuarter) == true ? nil : ("pattern", "a quarter, as 2026-Q4")
        case .oneOf(let allowed):
            return tape.string(place).map(allowed.contains) == true
                ? nil : ("enum", "one of " + allowed.joined(separator: ", "))
        case .integer, .boolean, .array, .object, .anyObject, .sequence: return nil
        }
    }

    /// The first and the last year are refused, as in the published pattern: there, the zone decides what exists.
    private static func isTime(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        Instant(rfc3339: text) != nil && !text.starts(with: "0001".utf8) && !text.starts(with: "9999".utf8)
    }

    private static func lengthFault(
        _ text: UnsafeBufferPointer<UInt8>, _ min: Int, _ max: Int
    ) -> (rule: String, message: String)? {
        // A code point takes one to four bytes, so the bytes alone mostly decide, and need not be walked through.
        let bytes = text.count
        if bytes <= max, (bytes + 3) / 4 >= min { return nil }
        // All of its bytes but the first are of the form 10xxxxxx.
        let count = text.count { $0 & 0xC0 != 0x80 }
        if count < min { return ("minLength", "at least \(min) characters") }
        return count <= max ? nil : ("maxLength", "at most \(max) characters")
    }
}
