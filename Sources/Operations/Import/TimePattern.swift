import Schema

/// How a date and a time of day are written: `yyyy/M/d[ H:mm[:ss]]`.
///
/// | letters | are |
/// |---|---|
/// | `yyyy`, `yy` | the year; two digits are of this century |
/// | `MM`, `dd`, `HH`, `hh`, `mm`, `ss` | two digits |
/// | `M`, `d`, `H`, `h`, `m`, `s` | one or two digits; `h` is the hour of a half day |
/// | `a` | 上午, 下午, am, pm |
/// | `S` | a fraction of a second |
/// | `X` | `Z` or the distance from UTC, `+08:00` |
/// | a blank | blanks; between a digit and a digit at least one |
/// | `[…]` | what may be missing |
/// | `'…'` | what stands there as it is, as does every other character |
package struct TimePattern: Sendable, Hashable {
    private indirect enum Piece: Sendable, Hashable {
        case number(Field, minimum: Int, maximum: Int)
        case halfDay, fraction, zone, blank
        case literal(Unicode.Scalar)
        case optional([Piece])
    }

    fileprivate enum Field: Sendable, Hashable { case year, shortYear, month, day, hour, halfHour, minute, second }

    /// What a text says, before anybody asks whether there is such a time.
    struct Reading: Equatable {
        var year: Int?
        var month = 0
        var day = 0
        /// nil: no time of day is written.
        var hour: Int?
        /// `hour` counts from 1 to 12, before or after noon.
        var isHalfDayHour = false
        var minute = 0
        var second = 0
        var microsecond: Int64 = 0
        var isAfternoon: Bool?
        var offsetSeconds: Int64?
    }

    package let text: String
    private let pieces: [Piece]

    /// nil: brackets or quotation marks do not match, or there is no day or no month.
    package init?(_ text: String) {
        self.text = text
        var scalars = Array(text.unicodeScalars)[...]
        guard let pieces = Self.parse(&scalars, depth: 0), scalars.isEmpty else { return nil }
        self.pieces = pieces
        guard has(.month), has(.day) else { return nil }
    }

    /// Without it the year must be told.
    package var hasYear: Bool { has(.year) || has(.shortYear) }

    private func has(_ field: Field) -> Bool {
        func has(_ pieces: [Piece]) -> Bool {
            pieces.contains { piece in
                switch piece {
                case .number(let found, _, _): found == field
                case .optional(let inner): has(inner)
                default: false
                }
            }
        }
        return has(pieces)
    }

    // MARK: The pattern

    private static func parse(_ scalars: inout ArraySlice<Unicode.Scalar>, depth: Int) -> [Piece]? {
        var pieces: [Piece] = []
        while let scalar = scalars.first {
            switch scalar {
            case "[":
                scalars.removeFirst()
                guard depth < 8, let inner = parse(&scalars, depth: depth + 1), scalars.first == "]" else { return nil }
                scalars.removeFirst()
                pieces.append(.optional(inner))
            case "]": return depth > 0 ? pieces : nil
            case "'":
                scalars.removeFirst()
                guard let end = scalars.firstIndex(of: "'") else { return nil }
                pieces += scalars[..<end].map { .literal($0) }
                scalars = scalars[(end + 1)...]
            default:
                let run = scalars.prefix { $0 == scalar }
                guard let piece = piece(scalar, run.count) else { return nil }
                pieces += piece
                scalars = scalars.dropFirst(run.count)
            }
        }
        return depth == 0 ? pieces : nil
    }

    /// nil: so many of that letter mean nothing.
    private static func piece(_ scalar: Unicode.Scalar, _ count: Int) -> [Piece]? {
        let fields: [Unicode.Scalar: Field] = [
            "M": .month, "d": .day, "H": .hour, "h": .halfHour, "m": .minute, "s": .second,
        ]
        if let field = fields[scalar] {
            guard count <= 2 else { return nil }
            return [.number(field, minimum: count, maximum: 2)]
        }
        switch scalar {
        case "y":
            if count == 4 { return [.number(.year, minimum: 4, maximum: 4)] }
            return count == 2 ? [.number(.shortYear, minimum: 2, maximum: 2)] : nil
        case "a": return [.halfDay]
        case "S": return [.fraction]
        case "X": return [.zone]
        case " ": return [.blank]
        default:
            // Letters are kept for meanings to come, but for the T of ISO 8601.
            guard !scalar.properties.isAlphabetic || !scalar.isASCII || scalar == "T" else { return nil }
            return Array(repeating: .literal(scalar), count: count)
        }
    }

    // MARK: A text

    /// nil: the text is not written so.
    func read(_ text: [Unicode.Scalar]) -> Reading? {
        var match = Match(text: text)
        return match.take(pieces[...]) ? match.reading : nil
    }

    private struct Match {
        let text: [Unicode.Scalar]
        var index = 0
        var reading = Reading()

        init(text: [Unicode.Scalar]) {
            self.text = text
        }

        private var next: Unicode.Scalar? { index < text.count ? text[index] : nil }

        /// All pieces up to the end of the text. An optional group is taken where that leads there, else left out.
        mutating func take(_ pieces: ArraySlice<Piece>) -> Bool {
            guard let piece = pieces.first else { return index == text.count }
            let later = pieces.dropFirst()
            guard case .optional(let inner) = piece else { return take(piece) && take(later) }
            var tried = self
            if tried.take((inner + later)[...]) {
                self = tried
                return true
            }
            return take(later)
        }

        private mutating func take(_ piece: Piece) -> Bool {
            switch piece {
            case .number(let field, let minimum, let maximum):
                let digits = digits(upTo: maximum)
                guard digits.count >= minimum else { return false }
                reading.set(field, digits.reduce(0) { $0 * 10 + $1 })
            case .halfDay: return takeHalfDay()
            case .fraction:
                let digits = digits(upTo: 9)
                guard !digits.isEmpty else { return false }
                let padded = digits.prefix(6) + Array(repeating: 0, count: max(0, 6 - digits.count))
                reading.microsecond = padded.reduce(0) { $0 * 10 + Int64($1) }
            case .zone: return takeZone()
            case .blank:
                let start = index
                while let scalar = next, scalar == " " || scalar == "\t" { index += 1 }
                return index > start || !(isDigit(at: start - 1) && isDigit(at: start))
            case .literal(let scalar):
                guard next == scalar else { return false }
                index += 1
            case .optional: return false
            }
            return true
        }

        private func isDigit(at place: Int) -> Bool {
            text.indices.contains(place) && text[place].value &- 0x30 < 10
        }

        private mutating func digits(upTo count: Int) -> [Int] {
            var digits: [Int] = []
            while digits.count < count, isDigit(at: index) {
                digits.append(Int(text[index].value - 0x30))
                index += 1
            }
            return digits
        }

        private mutating func takeHalfDay() -> Bool {
            let words: [(String, Bool)] = [("上午", false), ("下午", true), ("am", false), ("pm", true)]
            for (word, isAfternoon) in words {
                let scalars = Array(word.unicodeScalars)
                let end = index + scalars.count
                guard end <= text.count,
                    zip(text[index..<end], scalars).allSatisfy({
                        $0 == $1 || ($0.isASCII && $1.isASCII && $0.value | 0x20 == $1.value)
                    })
                else { continue }
                index = end
                reading.isAfternoon = isAfternoon
                return true
            }
            return false
        }

        private mutating func takeZone() -> Bool {
            if next == "Z" || next == "z" {
                index += 1
                reading.offsetSeconds = 0
                return true
            }
            guard let sign = next, sign == "+" || sign == "-" else { return false }
            index += 1
            let hours = digits(upTo: 2)
            if next == ":" { index += 1 }
            let minutes = digits(upTo: 2)
            guard hours.count == 2, minutes.count == 2 else { return false }
            let (hour, minute) = (hours[0] * 10 + hours[1], minutes[0] * 10 + minutes[1])
            guard hour < 24, minute < 60 else { return false }
            reading.offsetSeconds = Int64(hour * 3600 + minute * 60) * (sign == "-" ? -1 : 1)
            return true
        }
    }
}

extension TimePattern.Reading {
    fileprivate mutating func set(_ field: TimePattern.Field, _ value: Int) {
        switch field {
        case .year: year = value
        case .shortYear: year = 2000 + value
        case .month: month = value
        case .day: day = value
        case .hour, .halfHour:
            hour = value
            isHalfDayHour = field == .halfHour
        case .minute: minute = value
        case .second: second = value
        }
    }
}
