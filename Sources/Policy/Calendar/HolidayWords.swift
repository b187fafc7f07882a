import Schema

/// What a text of a holiday feed says of a day; the rules stand in docs/POLICY.md, "Add a year to the calendar".
enum HolidayWords {
    enum Reading: Hashable {
        case holiday, makeup
        /// 调休: swapped with another day, and nobody says which of both is free.
        case swapped
        /// It speaks of both, or of another day alone.
        case unclear
        case nothing
    }

    private enum Word: Hashable {
        /// A noun (假期) may also be part of the name of a make-up day, or of a calendar.
        case holiday(isNoun: Bool)
        case makeup, swap
        /// Taken by itself it would be read as something else: 值班, 不放假.
        case nothing
    }

    private struct Found {
        let word: Word
        let start: Int
        let end: Int
    }

    static func mentionsAny(_ text: String) -> Bool {
        clauses(of: text).contains { !words(in: $0).isEmpty }
    }

    /// - Parameter span: the days of the event: a clause that names others says nothing of these.
    static func read(_ text: String, on span: DaySpan) -> Reading {
        var kinds: Set<Word> = []
        var (begins, namesOthers, saysElsewhere, isCarried) = (false, false, false, false)
        for (number, clause) in clauses(of: text).enumerated() where !isOfHalfDay(clause) {
            let words = words(in: clause)
            let named = NamedDays(in: clause)
            let isOther = named.isEmpty ? isCarried : !named.touches(span)
            // 1月9日，上班: the date is said of what follows.
            isCarried = isOther && words.isEmpty
            if isOther {
                namesOthers = true
                if !words.isEmpty { saysElsewhere = true }
                continue
            }
            if number == 0, let first = words.first, first.word == .makeup { begins = isLead(clause[..<first.start]) }
            kinds.formUnion(words.map(\.word))
        }
        let isHoliday = kinds.contains(.holiday(isNoun: true)) || kinds.contains(.holiday(isNoun: false))
        switch (isHoliday, kinds.contains(.makeup)) {
        case (true, true): return begins && !namesOthers ? .makeup : .unclear
        case (true, false): return .holiday
        case (false, true): return .makeup
        case (false, false): return saysElsewhere ? .unclear : kinds.contains(.swap) ? .swapped : .nothing
        }
    }

    /// What a category says. Nouns are names of calendars there ("Holidays"), and say nothing of a day.
    static func read(category text: String) -> Reading {
        let kinds = Set(clauses(of: text).flatMap { words(in: $0) }.map(\.word))
        switch (kinds.contains(.holiday(isNoun: false)), kinds.contains(.makeup)) {
        case (true, true): return .unclear
        case (true, false): return .holiday
        case (false, true): return .makeup
        case (false, false): return .nothing
        }
    }

    // MARK: Clauses

    private static let separators: Set<Character> = ["(", ")", "[", "]", ",", ";", "。", "｜", "|", "、", "\n"]
    private static let plain: [Character: Character] = [
        "（": "(", "）": ")", "【": "[", "】": "]", "〔": "[", "〕": "]", "，": ",", "；": ";", "\u{3000}": " ", "\t": " ",
        "補": "补", "調": "调", "節": "节", "–": "-", "—": "-", "～": "-", "~": "-", "至": "-", "到": "-",
    ]
    /// Nobody says more in a summary.
    private static let most = 500

    /// In lower case and simplified characters, divided at brackets and commas. A weekday in brackets belongs to the date
    /// before it: 1月9日（周六）上班.
    private static func clauses(of text: String) -> [[Character]] {
        let characters = text.lowercased().prefix(most).map { plain[$0] ?? $0 }
        var clauses: [[Character]] = [[]]
        var index = 0
        while index < characters.count {
            if characters[index] == "(", let end = characters[index...].firstIndex(of: ")"),
                NamedDays.isWeekday(characters[(index + 1)..<end])
            {
                index = end + 1
                continue
            }
            if separators.contains(characters[index]) {
                clauses.append([])
            } else {
                clauses[clauses.count - 1].append(characters[index])
            }
            index += 1
        }
        return clauses.filter { !$0.isEmpty }
    }

    private static func isOfHalfDay(_ clause: [Character]) -> Bool {
        ["半天", "半日", "half day", "half-day", "half holiday"].contains { clause.firstRange(of: Array($0)) != nil }
    }

    /// Before a make-up word nothing stands but what makes it a special one.
    private static func isLead(_ characters: ArraySlice<Character>) -> Bool {
        ["", "special", "adjusted", "调休"].contains(String(characters.filter { $0 != " " }))
    }

    // MARK: Words

    private static let table: [(word: [Character], kind: Word)] = {
        let words: [(Word, [String])] = [
            (
                .nothing,
                [
                    "不放假", "不休息", "不休", "无假", "不调休", "不补班", "不用补班", "无需补班", "值班", "下班", "航班", "停班", "寒假", "暑假",
                    "退休", "午休", "no holiday", "not a holiday", "not a public holiday", "not a day off", "no make-up",
                    "no makeup",
                ]
            ),
            (
                .holiday(isNoun: false),
                [
                    "放假", "休假", "休息", "公休", "补休", "补假", "连休", "不上班", "不用上班", "无需上班", "不必上班", "非工作日",
                    "day off", "days off", "non-working day", "nonworking day", "not a working day",
                ]
            ),
            (.holiday(isNoun: true), ["假期", "假日", "holidays", "holiday"]),
            (
                .makeup,
                [
                    "上班", "补班", "调班", "工作日", "working day", "workday", "work day", "make-up day", "makeup day",
                    "make-up", "makeup",
                ]
            ),
            // "Working Day Off" may be either.
            (.swap, ["调休", "working day off", "workday off", "work day off"]),
        ]
        return words.flatMap { kind, texts in texts.map { (Array($0), kind) } }.sorted { $0.0.count > $1.0.count }
    }()

    /// As marks: 国庆节（休）, 班｜国庆, 国庆节假.
    private static let marks: [Character: Word] = [
        "班": .makeup, "休": .holiday(isNoun: false), "假": .holiday(isNoun: false),
    ]

    /// In order, without those that say nothing, and without the name of a holiday that a make-up day is for (假期补班).
    private static func words(in clause: [Character]) -> [Found] {
        var found: [Found] = []
        var index = 0
        while index < clause.count {
            if let (word, kind) = table.first(where: { clause[index...].starts(with: $0.word) }) {
                if kind != .nothing { found.append(Found(word: kind, start: index, end: index + word.count)) }
                index += word.count
            } else {
                if let mark = marks[clause[index]], index + 1 == clause.count || !isHan(clause[index + 1]) {
                    found.append(Found(word: mark, start: index, end: index + 1))
                }
                index += 1
            }
        }
        var kept: [Found] = []
        for one in found.reversed() {
            if one.word == .holiday(isNoun: true), let next = kept.last(where: { $0.word != .swap }),
                next.word == .makeup, isAdjacent(one, next, kept, clause)
            {
                continue
            }
            kept.append(one)
        }
        return kept.reversed()
    }

    /// Nothing stands between them but blanks and 调休.
    private static func isAdjacent(_ one: Found, _ next: Found, _ kept: [Found], _ clause: [Character]) -> Bool {
        let swaps = kept.filter { $0.word == .swap && $0.start >= one.end && $0.end <= next.start }
        let blanks = clause[one.end..<next.start].count { $0 == " " || $0 == "的" }
        return blanks + swaps.reduce(0) { $0 + $1.end - $1.start } == next.start - one.end
    }

    private static func isHan(_ character: Character) -> Bool {
        character.unicodeScalars.first.map { (0x4E00...0x9FFF).contains($0.value) } ?? false
    }
}

/// Some days in a row.
struct DaySpan: Hashable {
    let first: CivilDate
    let count: Int

    var days: [CivilDate] { (0..<count).map { first.adding(days: $0) } }
}

/// The dates and weekdays that a clause names: 1月9日, 1月1日至3日, 2027-01-09, January 9, 周六.
struct NamedDays {
    /// From and to, as month · 100 + day; the second is smaller where the turn of the year lies between.
    private var ranges: [(from: Int, to: Int)] = []
    private var weekdays: Set<Int> = []

    var isEmpty: Bool { ranges.isEmpty && weekdays.isEmpty }

    /// A date decides, and a weekday only where there is none.
    func touches(_ span: DaySpan) -> Bool {
        span.days.contains { day in
            guard !ranges.isEmpty else { return weekdays.contains(day.weekday) }
            let (_, month, number) = day.components
            let own = month * 100 + number
            return ranges.contains { from, to in from <= to ? (from...to).contains(own) : own >= from || own <= to }
        }
    }

    static func isWeekday(_ text: ArraySlice<Character>) -> Bool {
        let trimmed = Array(text.filter { $0 != " " })
        guard let (_, end) = weekday(in: trimmed, at: 0) else { return false }
        return end == trimmed.count
    }

    init(in clause: [Character]) {
        var index = 0
        while index < clause.count {
            if let (from, end) = Self.date(in: clause, at: index) {
                let (to, behind) = Self.rangeEnd(in: clause, at: end, from: from) ?? (from, end)
                ranges.append((from, to))
                index = behind
            } else if let (weekday, end) = Self.weekday(in: clause, at: index) {
                weekdays.insert(weekday)
                index = end
            } else {
                index = Self.number(in: clause, at: index)?.end ?? index + 1
            }
        }
    }

    private static func number(in clause: [Character], at start: Int) -> (value: Int, end: Int)? {
        var end = start
        while end < clause.count, clause[end].isASCII, clause[end].isNumber { end += 1 }
        guard end > start, end - start <= 4, let value = Int(String(clause[start..<end])) else { return nil }
        return (value, end)
    }

    private static func key(_ month: Int, _ day: Int) -> Int? {
        (1...12).contains(month) && (1...31).contains(day) ? month * 100 + day : nil
    }

    private static func date(in clause: [Character], at start: Int) -> (key: Int, end: Int)? {
        if let (value, end) = number(in: clause, at: start), end < clause.count {
            if end - start == 4, "-/.年".contains(clause[end]),
                let (month, next) = number(in: clause, at: end + 1), next < clause.count, "-/.月".contains(clause[next]),
                let (day, last) = number(in: clause, at: next + 1), let key = key(month, day)
            {
                return (key, behindUnit(clause, last))
            }
            if clause[end] == "月", let (day, last) = number(in: clause, at: end + 1), let key = key(value, day) {
                return (key, behindUnit(clause, last))
            }
            if let (month, last) = month(in: clause, at: skipped(clause, end)), let key = key(month, value) {
                return (key, last)
            }
        } else if let (month, end) = month(in: clause, at: start),
            let (day, last) = number(in: clause, at: skipped(clause, end)), let key = key(month, day)
        {
            return (key, last)
        }
        return nil
    }

    /// 至3日, -1月3日
    private static func rangeEnd(in clause: [Character], at start: Int, from: Int) -> (key: Int, end: Int)? {
        guard start < clause.count, clause[start] == "-" else { return nil }
        if let found = date(in: clause, at: start + 1) { return found }
        guard let (day, end) = number(in: clause, at: start + 1), let key = key(from / 100, day) else { return nil }
        return (key, behindUnit(clause, end))
    }

    private static func behindUnit(_ clause: [Character], _ end: Int) -> Int {
        end < clause.count && (clause[end] == "日" || clause[end] == "号") ? end + 1 : end
    }

    /// Behind blanks, full stops and ordinals: Jan. 9th.
    private static func skipped(_ clause: [Character], _ start: Int) -> Int {
        var index = start
        for ordinal in ["st", "nd", "rd", "th"] where clause[index...].starts(with: ordinal) { index += 2 }
        while index < clause.count, clause[index] == " " || clause[index] == "." { index += 1 }
        return index
    }

    private static func month(in clause: [Character], at start: Int) -> (number: Int, end: Int)? {
        let names = [
            "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november",
            "december",
        ]
        return named(names, in: clause, at: start)
    }

    private static func weekday(in clause: [Character], at start: Int) -> (number: Int, end: Int)? {
        for lead in ["周", "星期", "礼拜"] where start < clause.count && clause[start...].starts(with: lead) {
            guard start + lead.count < clause.count,
                let number = Array("一二三四五六日天").firstIndex(of: clause[start + lead.count])
            else { continue }
            return (min(number, 6) + 1, start + lead.count + 1)
        }
        let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        return named(names, in: clause, at: start)
    }

    /// A name in full or as its first three letters, as a word of its own.
    private static func named(_ names: [String], in clause: [Character], at start: Int) -> (number: Int, end: Int)? {
        guard start < clause.count, clause[start].isLetter, start == 0 || !isLatin(clause[start - 1]) else {
            return nil
        }
        let word = String(clause[start...].prefix { isLatin($0) })
        guard word.count >= 3, let index = names.firstIndex(where: { $0 == word || $0.prefix(3) == word }) else {
            return nil
        }
        return (index + 1, start + word.count)
    }

    private static func isLatin(_ character: Character) -> Bool { character.isASCII && character.isLetter }
}
