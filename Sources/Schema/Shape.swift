/// What a JSON value must look like: the one source for checking a document (`DocumentCheck`) and for the published
/// JSON Schema (`jsonSchema`), so that both accept the same.
package indirect enum Shape: Sendable, Hashable {
    /// An id: `^[A-Za-z0-9][A-Za-z0-9_:-]{0,63}$`.
    case id
    /// A string; the bounds count Unicode code points.
    case text(min: Int, max: Int)
    case integer(min: Int64, max: Int64)
    case boolean
    /// RFC 3339 with an offset, in the years 0002 to 9998.
    case time
    /// `YYYY-MM-DD`, an existing date.
    case date
    /// `YYYY-Wnn`; whether the year has that week is a rule's question.
    case week
    /// `YYYY-Qn`.
    case quarter
    /// A number that is not negative, or its digits as CloudEvents' `sequence` has them.
    case sequence
    case oneOf([String])
    case array(Shape, min: Int, max: Int)
    case object([Field])
    /// An object whose members are free (`because.facts`).
    case anyObject

    package struct Field: Sendable, Hashable {
        let key: MemberName
        package let shape: Shape
        /// Otherwise it may be absent, or null, which is the same.
        package let isRequired: Bool
        /// Name, phone, address, free text: kept out of logs, errors, lists and journals.
        package let isPersonal: Bool
        /// What kind of a person's matter its id is of, if of any.
        let matter: PersonalSubject.Kind?

        /// It says whom the texts beside it are about.
        let isPhone: Bool
        /// A telephone number, whether or not it tells who somebody is: its token tells whether it has a key.
        let holdsPhone: Bool

        package var name: String { key.text }
        /// What it means, as the published schema tells it.
        package var meaning: String? { key.meaning.map { "\($0)" } }

        /// - Parameters:
        ///   - ofMatter: it is about whom the ids beside it are about; as a phone it says nothing of that.
        ///   - says: what it means.
        package static func required(
            _ name: StaticString, _ shape: Shape, personal: Bool = false, ofMatter: Bool = false,
            says: StaticString? = nil
        ) -> Field {
            Field(MemberName(name, says), shape, isRequired: true, isPersonal: personal, isOfMatter: ofMatter)
        }

        package static func optional(
            _ name: StaticString, _ shape: Shape, personal: Bool = false, ofMatter: Bool = false,
            says: StaticString? = nil
        ) -> Field {
            Field(MemberName(name, says), shape, isRequired: false, isPersonal: personal, isOfMatter: ofMatter)
        }

        private init(_ key: MemberName, _ shape: Shape, isRequired: Bool, isPersonal: Bool, isOfMatter: Bool) {
            (self.key, self.shape, self.isRequired, self.isPersonal) = (key, shape, isRequired, isPersonal)
            holdsPhone = isPersonal && key.text == "phone"
            isPhone = holdsPhone && !isOfMatter
            if case .id = shape { matter = PersonalSubject.Kind(member: key.text) } else { matter = nil }
        }
    }

    /// The name of a member, and the same as bytes that need no copy to be compared. What it means makes no other shape.
    struct MemberName: Sendable, Hashable {
        let text: String
        private let literal: StaticString
        let meaning: StaticString?

        init(_ literal: StaticString, _ meaning: StaticString?) {
            self.literal = literal
            self.meaning = meaning
            text = "\(literal)"
        }

        var bytes: UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        }

        static func == (a: MemberName, b: MemberName) -> Bool { a.text == b.text }
        func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    /// Integers beyond ±2^53 are not the same number everywhere (RFC 8259 §6).
    package static let integerLimit: Int64 = 9_007_199_254_740_992
    package static let anyInteger = Shape.integer(min: -integerLimit, max: integerLimit)
    /// Whole fen, not negative.
    package static let fen = Shape.integer(min: 0, max: integerLimit)
    package static let positiveFen = Shape.integer(min: 1, max: integerLimit)

    /// One of the raw values of `type`, in the order of declaration.
    package static func names<Names: CaseIterable & RawRepresentable<String>>(_ type: Names.Type) -> Shape {
        .oneOf(type.allCases.map(\.rawValue))
    }
}

/// One thing that is wrong with a document.
package struct Fault: Sendable, Hashable, Codable {
    /// Where, as a JSON pointer (RFC 6901); empty: the whole document.
    package let pointer: String
    /// A short stable word, e.g. `required`, `type`, `enum`.
    package let rule: String
    /// What was expected; never a value of the document.
    package let message: String

    /// Of one document no more are listed: a thousand wrong elements are no better understood than a hundred.
    package static let limit = 100

    package init(pointer: String, rule: String, message: String) {
        self.pointer = pointer
        self.rule = rule
        self.message = message
    }

    package static let shape = Shape.object([
        .required("pointer", .text(min: 0, max: 1024)), .required("rule", .text(min: 1, max: 64)),
        .required("message", .text(min: 1, max: 1024)),
    ])
}

/// The form of ids on the wire.
package enum Identifier {
    package static func isValid(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { isValid($0) }
    }

    static func isValid(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var count = 0
        for byte in text {
            let isAlphanumeric =
                byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
            let isMark = byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-")
            guard isAlphanumeric || (isMark && count > 0) else { return false }
            count += 1
        }
        return (1...64).contains(count)
    }
}

/// A `sequence` in CloudEvents' form: digits, which leading zeros make comparable as text.
package enum SequenceText {
    /// So every text is a number that JSON can tell exactly.
    package static let digitLimit = 15

    package static func isDigits(_ text: String) -> Bool {
        (1...digitLimit).contains(text.utf8.count) && text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
    }

    /// Of a number or a text of digits; nil of anything else.
    static func value(_ place: Int, in tape: borrowing JSONTape) -> Int64? {
        tape.int(place) ?? tape.string(place).flatMap { isDigits($0) ? Int64($0) : nil }
    }
}

/// The forms `2026-W47` and `2026-Q4`.
package enum PeriodText {
    package static func isWeek(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == 8 && hasYear(bytes) && bytes[5] == UInt8(ascii: "W")
            && isDigit(bytes[6]) && isDigit(bytes[7])
    }

    package static func isQuarter(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == 7 && hasYear(bytes) && bytes[5] == UInt8(ascii: "Q")
            && (UInt8(ascii: "1")...UInt8(ascii: "4")).contains(bytes[6])
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
    private static func hasYear(_ bytes: [UInt8]) -> Bool {
        bytes.prefix(4).allSatisfy(isDigit) && bytes[4] == UInt8(ascii: "-")
    }
}
