import Foundation
import Schema
import Testing

struct TimeTests {
    @Test func `a date exists, or it is refused`() {
        #expect(CivilDate(year: 2024, month: 2, day: 29) != nil)
        #expect(CivilDate(year: 2000, month: 2, day: 29) != nil)
        #expect(CivilDate(year: 1900, month: 2, day: 29) == nil)
        #expect(CivilDate(year: 2026, month: 2, day: 29) == nil)
        #expect(CivilDate(year: 2026, month: 4, day: 31) == nil)
        #expect(CivilDate(year: 2026, month: 0, day: 1) == nil)
        #expect(CivilDate(year: 2026, month: 13, day: 1) == nil)
        #expect(CivilDate(year: 2026, month: 1, day: 0) == nil)
        #expect(CivilDate(year: 0, month: 1, day: 1) == nil)
        #expect(CivilDate(year: 10_000, month: 1, day: 1) == nil)
    }

    @Test func `every day of four centuries follows the one before`() throws {
        var date = try #require(CivilDate(year: 1700, month: 1, day: 1))
        var (year, month, day) = (1700, 1, 1)
        var weekday = 5  // 1700-01-01 was a Friday
        while year < 2101 {
            let parts = date.components
            guard parts == (year, month, day), date.weekday == weekday,
                CivilDate(year: year, month: month, day: day) == date
            else {
                Issue.record("\(parts) is not \(year)-\(month)-\(day), weekday \(weekday)")
                return
            }
            date = date.adding(days: 1)
            weekday = weekday % 7 + 1
            day += 1
            if day > CivilDate.daysInMonth(year: year, month: month) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    @Test func `a date is read only as it is written`() throws {
        let date = try #require(CivilDate("2026-11-21"))
        #expect(date.description == "2026-11-21")
        #expect(date.weekday == 6)
        #expect(CivilDate("0001-01-01")?.description == "0001-01-01")
        for text in [
            "2026-11-1", "2026-1-01", "26-11-21", "2026/11/21", "2026-11-31", "+026-11-21", " 2026-11-21", "",
            "2026-11-21 ", "2026-11-21-", "２０２６-11-21",
        ] {
            #expect(CivilDate(text) == nil, "\(text)")
        }
    }

    @Test func `an instant is read with its offset and written in the business zone`() throws {
        let written = "2026-11-21T18:00:00+08:00"
        let instant = try #require(Instant(rfc3339: written))
        #expect(instant.description == written)
        #expect(Instant(rfc3339: "2026-11-21T10:00:00Z") == instant)
        #expect(Instant(rfc3339: "2026-11-21t04:30:00-05:30") == instant)
        #expect(Instant(rfc3339: "2026-11-22T00:00:00+14:00") == instant)
        #expect(instant.date.description == "2026-11-21")
        #expect(instant.secondOfDay == 18 * 3600)
        #expect(instant == instant.date.at(hour: 18))
        let fraction = try #require(Instant(rfc3339: "2026-11-21T18:00:00.0500019+08:00"))
        #expect(fraction.description == "2026-11-21T18:00:00.050001+08:00")
    }

    @Test func `what is no time with an offset is refused`() {
        for text in [
            "2026-11-21T18:00:00", "2026-11-21", "2026-11-21T18:00:60Z", "2026-11-21T24:00:00Z",
            "2026-02-30T00:00:00Z", "2026-11-21T18:00:00.Z", "2026-11-21T18:00:00.5", "2026-11-21T18:00:00+0800",
            "2026-11-21T18:00:00+24:00", "2026-11-21T18:00:00+08:60", "2026-11-21T18:00:00ZZ", "0000-01-01T00:00:00Z",
            "2026-11-21 18:00:00Z", "2026-11-21T18:00Z", "",
        ] {
            #expect(Instant(rfc3339: text) == nil, "\(text)")
        }
    }

    @Test func `a time that the business zone could not write again is refused`() throws {
        #expect(Instant(rfc3339: "0001-01-01T00:00:00+14:00") == nil)
        #expect(Instant(rfc3339: "9999-12-31T23:00:00Z") == nil)
        for text in ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59.999999+08:00"] {
            #expect(try #require(Instant(rfc3339: text)).description == text)
        }
    }

    @Test(arguments: [-1, 0, 1, 999_999, 1_000_000, -1_000_001, 1_700_000_000_123_456, -57_600_000_001])
    func `date and second of day agree with the instant`(microseconds: Int64) {
        let instant = Instant(microseconds: microseconds)
        let start = instant.date.at(hour: 0)
        let since = instant.microseconds - start.microseconds
        #expect(since >= 0 && since < 86_400_000_000)
        #expect(Instant.floorDivide(since, 1_000_000) == instant.secondOfDay)
        #expect(Instant(rfc3339: instant.description) == instant)
    }

    @Test func `the end of a date is the beginning of the next`() throws {
        let date = try #require(CivilDate("2026-12-31"))
        #expect(date.at(hour: 24) == date.adding(days: 1).at(hour: 0))
        #expect(date.at(hour: 24).description == "2027-01-01T00:00:00+08:00")
        #expect(date.at(hour: 24).date == date.adding(days: 1))
    }

    @Test func `durations are exact`() throws {
        let start = try #require(Instant(rfc3339: "2026-02-27T23:30:00+08:00"))
        #expect(start.adding(days: 2).description == "2026-03-01T23:30:00+08:00")
        #expect(start.adding(hours: 1).description == "2026-02-28T00:30:00+08:00")
        #expect(start.adding(minutes: 60) == start.adding(hours: 1))
        #expect(start.adding(seconds: 3600) == start.adding(hours: 1))
    }

    @Test func `months follow each other and know their first date`() throws {
        let december = try #require(Month("2026-12"))
        #expect(december.next.description == "2027-01")
        #expect(december.next.firstDate.description == "2027-01-01")
        #expect(december < december.next)
        #expect(Month(of: try #require(CivilDate("2026-12-31"))) == december)
        #expect(Month(year: 9999, month: 12).next.firstDate.components == (10_000, 1, 1))
        for text in ["2026-13", "2026-00", "2026-1", "2026-012", "26-12", ""] { #expect(Month(text) == nil, "\(text)") }
    }

    @Test func `time types are JSON strings`() throws {
        struct Times: Codable, Equatable {
            let at: Instant
            let on: CivilDate
            let month: Month
        }
        let text = #"{"at":"2026-11-21T18:00:00+08:00","month":"2026-11","on":"2026-11-21"}"#
        let times = try JSONDecoder().decode(Times.self, from: Data(text.utf8))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(String(decoding: try encoder.encode(times), as: UTF8.self) == text)
        for wrong in [text.replacing("18:00:00+08:00", with: "18:00:00"), text.replacing("-21\"", with: "-31\"")] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(Times.self, from: Data(wrong.utf8)) }
        }
    }
}
