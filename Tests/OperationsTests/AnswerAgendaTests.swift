import Policy
import Schema
import Testing

@testable import Operations

@Suite("Answers that wait")
struct AnswerAgendaTests {
    private static let rules = """
        {"answers": [
          {"on": "penalty.proposed", "after": {"workingDays": 1, "hour": 10}, "publish": "penalty.decided",
           "data": {"proposalId": "$proposalId", "approved": true, "by": {"id": "b-1", "tier": "business"}}},
          {"on": "notice.issued", "after": {"days": 1, "hour": 10}, "publish": "appeal.lodged",
           "data": {"noticeId": "$noticeId", "by": {"id": "d-1", "tier": "hq"}, "grounds": "none"}},
          {"on": "notice.issued", "after": {"days": 1, "hour": 10}, "publish": "rectification.reviewed",
           "data": {"noticeId": "$noticeId", "accepted": true, "by": {"id": "q-1", "tier": "hq"}}}
        ]}
        """
    private static let due = "2026-03-05T10:00:00+08:00"

    private func agenda(input: [JSON] = []) throws -> AnswerAgenda {
        let newYear = try #require(CivilDate(year: 2026, month: 1, day: 1))
        let book = try AnswerBook(parsing: Array(Self.rules.utf8))
        return AnswerAgenda(book: book, calendar: WorkCalendar(exceptions: [newYear: .holiday]), input: input)
    }

    private func body(_ type: String, _ id: String, at time: String) -> [UInt8] {
        let event: JSON = [
            "id": .string(id), "source": "recourse/penalty", "type": .string(type + ".v1"), "time": .string(time),
            "data": ["proposalId": .string("p-" + id), "noticeId": .string("n-" + id)],
        ]
        return event.serialized
    }

    private func subjects(_ answers: [Answer]) -> [String] {
        answers.map { $0.subject.type + " " + ($0.subject.fields.first?.value.string ?? "") }
    }

    /// What is asked at 18:00 and at 17:00 of the day before, two of them at once, and what is asked on the day itself.
    private let asked = [
        ("notice.issued", "2", "2026-03-04T18:00:00+08:00"), ("penalty.proposed", "1", "2026-03-04T18:00:00+08:00"),
        ("notice.issued", "3", "2026-03-04T17:00:00+08:00"), ("notice.issued", "4", "2026-03-04T18:00:00+08:00"),
        ("penalty.proposed", "5", "2026-03-05T18:00:00+08:00"),
    ]

    @Test(arguments: [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 2, 0, 4, 3]])
    func `come in the order of what they answer, then of the rules, however they were planned`(order: [Int]) throws {
        var agenda = try agenda()
        for (type, id, time) in order.map({ asked[$0] }) {
            try agenda.plan(answersTo: type, body(type, id, at: time))
        }
        let (ten, asked3) = (try instant(Self.due), try instant(asked[2].2))
        #expect(agenda.next == ten)
        #expect(agenda.removeDue(at: ten.adding(seconds: -1)).isEmpty)
        let due = agenda.removeDue(at: ten)
        // Of one time and one rule: by id, whichever this is.
        let ids = due.filter { $0.rule == 1 && $0.asked > asked3 }.map(\.event.id)
        #expect(ids.count == 2 && ids == ids.sorted())
        #expect(
            due.map { $0.subject.type } == [
                "appeal.lodged", "rectification.reviewed", "penalty.decided", "appeal.lodged", "appeal.lodged",
                "rectification.reviewed", "rectification.reviewed",
            ])
        #expect(subjects(due).prefix(3) == ["appeal.lodged n-3", "rectification.reviewed n-3", "penalty.decided p-1"])
        let next = try instant("2026-03-06T10:00:00+08:00")
        #expect(agenda.next == next)
        #expect(subjects(agenda.removeDue(at: next)) == ["penalty.decided p-5"])
        #expect(agenda.next == nil)
    }

    @Test func `are taken a few at a time, none twice and none left out`() throws {
        var agenda = try agenda()
        for (type, id, time) in asked { try agenda.plan(answersTo: type, body(type, id, at: time)) }
        let ten = try instant(Self.due)
        let taken = (0..<5).map { _ in agenda.removeDue(at: ten, limit: 2).map(\.event.id) }
        #expect(taken.map(\.count) == [2, 2, 2, 1, 0])
        #expect(Set(taken.joined()).count == 7)
    }

    @Test func `leave to the input what it says itself by then`() throws {
        func own(_ time: String) -> JSON {
            ["type": "penalty.decided.v1", "time": .string(time), "data": ["proposalId": "p-1", "approved": false]]
        }
        let never = own("2026-03-06T10:00:00+08:00")
        for (input, count) in [
            ([never, own(Self.due)], 0), ([own(Self.due), never], 0), ([never, own("2026-03-05T10:00:01+08:00")], 1),
        ] {
            var agenda = try agenda(input: input)
            let (type, id, asked) = asked[1]
            try agenda.plan(answersTo: type, body(type, id, at: asked))
            #expect(agenda.removeDue(at: try instant(Self.due)).count == count)
        }
    }
}
