/// What a stage sees instead of a name, a telephone number, an address or a free text: `~person.row.index`.
///
/// The value itself lies sealed in the store, in the row `row` at `index`. `person` is a number with 43
/// random bits: the person's in this stage's store, or, where nobody knows whom a text is about, one drawn for that row
/// alone. A token leads to its value only if the row says the same number, so nobody outside can make one up.
///
/// A stage must know whether a phone has a key. The index tells: that of a phone without one lies from `keylessIndex` on,
/// where no other phone ever lies. So the form of a token is what it always was, and a worker of an older release puts the
/// value back all the same.
package struct PersonalToken: Hashable, Sendable {
    package let person: Int64
    package let row: Int64
    package let index: Int

    package init(person: Int64, row: Int64, index: Int) {
        self.person = person
        self.row = row
        self.index = index
    }

    /// Beyond the texts that may stand before a phone in any event.
    package static let keylessIndex = 64

    /// Of the token of a telephone number: the number is no key, it tells nobody apart (`PhoneKey`).
    package var isOfKeylessPhone: Bool { index >= Self.keylessIndex }

    /// Three marks, and three numbers of up to 19 digits.
    private static let textLimit = 60

    /// At most 40 characters as long as there are fewer than 10^14 rows: every personal member takes that.
    package var text: String {
        String(unsafeUninitializedCapacity: Self.textLimit) { text in
            var end = 0
            func add(_ mark: UInt8, _ number: Int64) {
                text[end] = mark
                end = DecimalText.write(number.magnitude, to: text, at: end + 1)
            }
            add(UInt8(ascii: "~"), person)
            add(UInt8(ascii: "."), row)
            add(UInt8(ascii: "."), Int64(index))
            return end
        }
    }

    /// nil: `text` is no token.
    package init?(_ text: String) {
        var text = text
        let token = text.withUTF8 { bytes -> PersonalToken? in
            guard let (token, end) = Self.read(bytes, at: 0), end == bytes.count else { return nil }
            return token
        }
        guard let token else { return nil }
        self = token
    }

    /// The token that begins at `start`, and where it ends.
    private static func read(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> (PersonalToken, end: Int)? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "~") else { return nil }
        var position = start + 1
        func number() -> Int64? {
            let first = position
            var value: Int64 = 0
            while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 {
                let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
                let (sum, isBeyond) = tens.addingReportingOverflow(Int64(bytes[position] - UInt8(ascii: "0")))
                guard !isTooLarge, !isBeyond else { return nil }
                value = sum
                position += 1
            }
            // One spelling only: no leading zeros.
            guard position > first, position == first + 1 || bytes[first] != UInt8(ascii: "0") else { return nil }
            return value
        }
        func dot() -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: ".") else { return false }
            position += 1
            return true
        }
        guard let person = number(), dot(), let row = number(), dot(), let index = number(), index < 1 << 16 else {
            return nil
        }
        return (PersonalToken(person: person, row: row, index: Int(index)), position)
    }

    /// Every whole string of the JSON text `body` that reads as a token, with the place of the string, its quotation
    /// marks included.
    ///
    /// Which of them are tokens the store knows: a string that upstream has put where nothing is personal may look alike.
    package static func places(in body: [UInt8]) -> [(place: Range<Int>, token: PersonalToken)] {
        var found: [(place: Range<Int>, token: PersonalToken)] = []
        body.withUnsafeBufferPointer { bytes in
            var position = PlainText.index(of: UInt8(ascii: "~"), in: bytes, from: 1)
            while position < bytes.count {
                if bytes[position - 1] == UInt8(ascii: "\""), position < 2 || bytes[position - 2] != UInt8(ascii: "\\"),
                    let (token, end) = read(bytes, at: position), end < bytes.count, bytes[end] == UInt8(ascii: "\"")
                {
                    found.append((position - 1..<end + 1, token))
                    position = end
                }
                position = PlainText.index(of: UInt8(ascii: "~"), in: bytes, from: position + 1)
            }
        }
        return found
    }

    /// `body` with each place replaced by the string that `value` gives; nil leaves it as it is.
    package static func replacing(
        _ places: [(place: Range<Int>, token: PersonalToken)], in body: [UInt8], _ value: (PersonalToken) -> String?
    ) -> [UInt8] {
        var writer = JSONWriter(reserving: body.count + 64 * places.count)
        var position = 0
        for (place, token) in places {
            guard let text = value(token) else { continue }
            writer.raw(body[position..<place.lowerBound])
            writer.string(text)
            position = place.upperBound
        }
        writer.raw(body[position...])
        return writer.bytes
    }
}

extension PersonalToken {
    private static let nameMark = Array(#""customer":{"name":"~"#.utf8)

    /// The token of the name of the first customer in the JSON text `body`, as stages write it. Of his phone it may be
    /// another's: where that was corrected for a call, or so it seems if nobody knew whom the call is to.
    package static func ofCustomer(in body: [UInt8]) -> PersonalToken? {
        for (place, token) in places(in: body) {
            let start = place.lowerBound + 2 - nameMark.count
            if start >= 0, body[start..<start + nameMark.count].elementsEqual(nameMark) { return token }
        }
        return nil
    }
}
