import Policy
import Schema
import Stages
import Testing

@Suite struct TermTests {
    private func turn(at time: String, _ calendar: WorkCalendar? = nil) throws -> Turn {
        Turn(
            policy: try CaseFixtures.policy(calendar: calendar), now: try instant(time), isLate: false,
            records: RecordReader())
    }

    @Test func `three working days end at 18:00 and pass over the Spring Festival`() throws {
        var turn = try turn(at: "2026-02-13T09:00:00+08:00")
        let term = turn.term(workingDays: 3, after: turn.now, rule: "R43")
        #expect(term.at == (try instant("2026-02-25T18:00:00+08:00")))
        #expect(term.lookAt == nil)
        #expect(turn.emissions.isEmpty)
    }

    @Test func `a term is due at its time and not a moment before`() throws {
        var turn = try turn(at: "2026-11-02T09:00:00+08:00")
        let term = turn.term(workingDay: 1, after: turn.now.date, hour: 9, rule: "R10")
        #expect(!term.isDue(at: try instant("2026-11-03T08:59:59+08:00")))
        #expect(term.isDue(at: try instant("2026-11-03T09:00:00+08:00")))
    }

    @Test func `the first working day of a window without one is its first date`() throws {
        var turn = try turn(at: "2026-10-01T09:00:00+08:00")
        let first = try #require(CivilDate("2026-10-01"))
        let free = turn.term(firstWorkingDayFrom: first, through: first.adding(days: 6), hour: 9, rule: "R22")
        #expect(free.at == (try instant("2026-10-01T09:00:00+08:00")))
        let partly = turn.term(firstWorkingDayFrom: first, through: first.adding(days: 7), hour: 9, rule: "R22")
        #expect(partly.at == (try instant("2026-10-08T09:00:00+08:00")))
    }

    @Test func `a term that falls into a year without data stays open and names the year once`() throws {
        var turn = try turn(at: "2026-12-30T10:00:00+08:00")
        var term = turn.term(workingDays: 3, after: turn.now, rule: "R43")
        #expect(term.at == nil)
        #expect(term.wake == (try instant("2026-12-31T00:00:00+08:00")))
        #expect(turn.emissions.compactMap { ($0.data as? CalendarMissing)?.year } == [2027])
        #expect(turn.emissions.first?.because.rule == "R43")
        _ = turn.term(workingDays: 4, after: turn.now, rule: "R43")
        #expect(turn.emissions.count == 1, "one announcement a step is enough")

        var next = try self.turn(at: "2026-12-31T00:00:00+08:00")
        term.look(rule: "R43", in: &next)
        #expect(next.emissions.isEmpty, "the same year is not named again")
        #expect(term.wake == (try instant("2027-01-01T00:00:00+08:00")))
    }

    @Test func `a term is found at the first look after its year was entered`() throws {
        var turn = try turn(at: "2026-12-30T10:00:00+08:00")
        var term = turn.term(workingDays: 3, after: turn.now, rule: "R43")
        var tooEarly = try self.turn(at: "2026-12-30T23:59:59+08:00", CaseFixtures.calendarWith2027())
        term.look(rule: "R43", in: &tooEarly)
        #expect(term.at == nil, "it is looked at when its time has come, so that a journal replays")
        var next = try self.turn(at: "2026-12-31T00:00:00+08:00", CaseFixtures.calendarWith2027())
        term.look(rule: "R43", in: &next)
        #expect(term.at == (try instant("2027-01-05T18:00:00+08:00")))
        #expect(term.lookAt == nil)
    }

    @Test func `a question from a year long past does not wake its record thousands of times`() throws {
        var turn = try turn(at: "0001-01-05T10:00:00+08:00")
        var term = turn.term(workingDays: 1, after: turn.now, rule: "R43")
        let present = try instant("2026-11-02T09:00:00+08:00")
        var looks = 0
        while looks < 2000, let at = term.lookAt, at <= present {
            looks += 1
            var later = try self.turn(at: at.description)
            term.look(rule: "R43", in: &later)
        }
        #expect(looks < 1000)
        #expect(term.at == nil)
    }

    @Test func `a term is written and read back, open or not`() throws {
        var turn = try turn(at: "2026-12-30T10:00:00+08:00")
        for days in [1, 9] {
            let term = turn.term(workingDays: days, after: turn.now, rule: "R43")
            let json = try JSONEncoding.tree(of: term)
            #expect(try JSONDecoding.decode(Term.self, from: json) == term)
        }
    }

    @Test func `the fingerprint tells contents apart`() throws {
        let one = try CaseFixtures.complaint(at: "2026-11-02T09:00:00+08:00")
        var other = one
        #expect(one.fingerprint() == other.fingerprint())
        #expect(one.fingerprint().utf8.count == 32)
        other.description += "!"
        #expect(one.fingerprint() != other.fingerprint())
    }
}
