import Policy
import Schema
import Testing

struct WorkCalendarTests {
    private let calendar: WorkCalendar
    private let exceptions: [CivilDate: String]

    init() throws {
        calendar = try PolicyFolder.book().calendar
        var rows: [CivilDate: String] = [:]
        for row in try PolicyFolder.text("calendar.csv").split(separator: "\n").dropFirst() {
            let fields = row.split(separator: ",")
            rows[try #require(CivilDate(String(fields[0])))] = String(fields[1])
        }
        exceptions = rows
    }

    private func date(_ text: String) throws -> CivilDate { try #require(CivilDate(text)) }

    /// What the rule says, without any table.
    private func isWorking(_ date: CivilDate) -> Bool {
        switch exceptions[date] {
        case "holiday_weekday": false
        case "makeup_workday": true
        default: date.weekday <= 5
        }
    }

    private func naive(_ n: Int, after start: CivilDate) -> CivilDate {
        var (date, left) = (start, n)
        while left > 0 {
            date = date.adding(days: 1)
            if isWorking(date) { left -= 1 }
        }
        return date
    }

    private var everyDate: [CivilDate] {
        let first = CivilDate(year: 2004, month: 1, day: 1)
        let end = CivilDate(year: 2027, month: 1, day: 1)
        guard let first, let end else { return [] }
        return (first.daysSinceEpoch..<end.daysSinceEpoch).map { CivilDate(daysSinceEpoch: $0) }
    }

    @Test(arguments: [("2026-10", "2026-10-13"), ("2026-05", "2026-05-11"), ("2024-02", "2024-02-06")])
    func `the fifth working day of a month`(month: String, expected: String) throws {
        #expect(try calendar.workingDay(5, ofMonth: #require(Month(month))).description == expected)
    }

    @Test(arguments: [("2026-02-13", "2026-02-25"), ("2025-01-24", "2025-02-05")])
    func `three working days across the Spring Festival`(start: String, expected: String) throws {
        #expect(try calendar.workingDay(3, after: date(start)).description == expected)
        let instant = try date(start).at(hour: 9).adding(minutes: 17)
        #expect(try calendar.deadline(workingDays: 3, after: instant).description == expected + "T18:00:00+08:00")
    }

    @Test func `a deadline counts from the date, whatever the hour`() throws {
        let day = try date("2026-11-20")
        let expected = try date("2026-11-23").at(hour: 18)
        #expect(try calendar.deadline(workingDays: 1, after: day.at(hour: 0)) == expected)
        #expect(try calendar.deadline(workingDays: 1, after: day.at(hour: 24).adding(seconds: -1)) == expected)
        #expect(try calendar.deadline(workingDays: 1, after: day.at(hour: 24)) == expected)
    }

    @Test func `fourteen Mondays of 2024 to 2026 are holidays`() throws {
        let mondays = everyDate.filter { (2024...2026).contains($0.year) && $0.weekday == 1 }
        #expect(try mondays.filter { try !calendar.isWorkingDay($0) }.count == 14)
    }

    @Test func `every date of 2004 to 2026 agrees with counting day by day`() throws {
        let last = try date("2026-12-31")
        #expect(everyDate.count == 8401)
        for day in everyDate {
            guard try calendar.isWorkingDay(day) == isWorking(day) else {
                Issue.record("\(day) is wrong")
                return
            }
            for n in [1, 2, 3, 5, 11, 40] where day.adding(days: 90) <= last {
                let found = try calendar.workingDay(n, after: day)
                guard found == naive(n, after: day) else {
                    Issue.record("\(day) + \(n) gave \(found)")
                    return
                }
            }
        }
    }

    @Test func `the first working day of every window agrees with counting day by day`() throws {
        for day in everyDate.dropLast(12) {
            for length in [0, 1, 4, 11] {
                let window = (0...length).map { day.adding(days: $0) }
                let found = try calendar.firstWorkingDay(from: day, through: day.adding(days: length))
                guard found == window.first(where: isWorking) else {
                    Issue.record("\(day) + \(length) gave \(String(describing: found))")
                    return
                }
            }
        }
    }

    @Test func `every month has fifteen working days, and each has its number`() throws {
        for year in 2004...2026 {
            for number in 1...12 {
                let month = Month(year: year, month: number)
                let days = everyDate.filter { Month(of: $0) == month && isWorking($0) }
                #expect(days.count >= 15)
                for (index, day) in days.enumerated() where try calendar.workingDay(index + 1, ofMonth: month) != day {
                    Issue.record("working day \(index + 1) of \(month) is not \(day)")
                }
            }
        }
    }

    @Test func `a window without a working day has none`() throws {
        // The Spring Festival of 2026 is free from 15 to 23 February.
        #expect(try calendar.firstWorkingDay(from: date("2026-02-15"), through: date("2026-02-23")) == nil)
        #expect(try calendar.firstWorkingDay(from: date("2026-02-20"), through: date("2026-02-19")) == nil)
        // A window that reaches into a year without data has an answer as long as it lies before that year.
        let monday = try date("2026-12-28")
        #expect(try calendar.firstWorkingDay(from: monday, through: date("2027-03-01")) == monday)
    }

    @Test func `a year without data is a gap and never free of holidays`() throws {
        let gap = CalendarGap(year: 2027)
        let eve = try date("2026-12-31")
        #expect(try calendar.workingDay(1, after: date("2026-12-30")) == eve)
        #expect(throws: gap) { try calendar.workingDay(1, after: eve) }
        #expect(throws: gap) { try calendar.workingDay(2, after: date("2026-12-30")) }
        #expect(throws: gap) { try calendar.nextWorkingDay(after: eve) }
        #expect(throws: gap) { try calendar.isWorkingDay(date("2027-06-01")) }
        #expect(throws: gap) { try calendar.deadline(workingDays: 1, after: eve.at(hour: 8)) }
        #expect(throws: gap) { try calendar.workingDay(5, ofMonth: Month(year: 2027, month: 1)) }
        #expect(throws: gap) { try calendar.firstWorkingDay(from: date("2027-01-01"), through: date("2027-01-08")) }
        #expect(throws: CalendarGap(year: 2003)) { try calendar.isWorkingDay(date("2003-12-31")) }
        #expect(throws: CalendarGap(year: 2003)) { try calendar.workingDay(1, after: date("2003-12-30")) }
        #expect(try calendar.workingDay(1, after: date("2003-12-31")).description == "2004-01-02")
        #expect(try calendar.workingDay(0, after: date("2027-06-01")) == date("2027-06-01"))
    }

    @Test func `a year missing between two is a gap too`() throws {
        let holidays: [CivilDate: CalendarException] = [
            try date("2024-01-01"): .holiday, try date("2026-01-01"): .holiday,
        ]
        let calendar = WorkCalendar(exceptions: holidays)
        #expect(throws: CalendarGap(year: 2025)) { try calendar.workingDay(1, after: date("2024-12-31")) }
        #expect(try calendar.workingDay(1, after: date("2025-12-31")) == date("2026-01-02"))
        #expect(throws: CalendarGap(year: 2026)) { try WorkCalendar(exceptions: [:]).isWorkingDay(date("2026-01-02")) }
    }

    @Test func `the next year is missed from November on`() throws {
        let october = try date("2026-10-31").at(hour: 23)
        let november = try date("2026-11-01").at(hour: 0)
        #expect(calendar.missingYears(at: october) == [])
        #expect(calendar.warnings(at: october) == [])
        #expect(calendar.missingYears(at: november) == [2027])
        #expect(calendar.warnings(at: november).map { $0.year } == [2027])
        #expect(calendar.missingYears(at: try date("2027-03-01").at(hour: 0)) == [2027])
        #expect(calendar.warnings(at: try date("2027-03-01").at(hour: 0)) == [])
        #expect(calendar.missingYears(at: try date("2025-12-01").at(hour: 0)) == [])
    }

    @Test func `the hour at which working days end is a parameter`() throws {
        let book = try PolicyFolder.load(policy: "version: t\ntime: {workingDayEndHour: 17}").get()
        let start = try date("2026-03-02").at(hour: 9)
        #expect(try book.calendar.deadline(workingDays: 1, after: start).description == "2026-03-03T17:00:00+08:00")
    }
}
