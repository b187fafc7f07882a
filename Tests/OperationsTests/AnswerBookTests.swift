import Foundation
import Policy
import Schema
import Testing

@testable import Operations

@Suite struct `Answers files` {
    /// 4 March 2026, a Wednesday, is a holiday.
    private let calendar = WorkCalendar(
        exceptions: CivilDate(year: 2026, month: 3, day: 4).map { [$0: .holiday] } ?? [:])

    private func book(_ rules: String) throws -> AnswerBook {
        try AnswerBook(parsing: Array("{\"answers\":[\(rules)]}".utf8))
    }

    private let approval = """
        {"on": "penalty.proposed", "when": {"rung": "warning"}, "after": {"workingDays": 1, "hour": 10},
         "publish": "penalty.decided",
         "data": {"proposalId": "$proposalId", "approved": true, "by": {"id": "b-1", "tier": "business"}}}
        """

    private func proposal(_ rung: String) -> JSON {
        [
            "id": "e-1", "source": "recourse/penalty", "type": "penalty.proposed.v1",
            "time": "2026-03-03T18:00:00+08:00",
            "data": ["proposalId": "p-1", "outletId": "o-1", "rung": .string(rung)],
        ]
    }

    @Test(arguments: [("a", 1_048_972_087 as Int64), ("1", 244_060_684)])
    func `the number of a text is the published one`(text: String, number: Int64) {
        #expect(AnswerBook.number(of: .string(text)) == number)
    }

    @Test func `an answer comes at its hour of the next working day, holidays left out, under an id of its own`() throws
    {
        let answers = try book(approval).answers(to: proposal("warning"), calendar: calendar)
        let answer = try #require(answers.first)
        #expect(answers.count == 1)
        #expect(answer.event.time.description == "2026-03-05T10:00:00+08:00")
        #expect(answer.event.source == "recourse/answers")
        #expect(answer.event.id == Identifiers.uuid(["answer", "0", "recourse/penalty", "e-1"]))
        #expect((answer.event.data as? PenaltyDecided)?.proposalId == "p-1")
    }

    @Test func `what the condition does not name is not answered`() throws {
        #expect(try book(approval).answers(to: proposal("withdrawal"), calendar: calendar).isEmpty)
    }

    @Test func `the input's own answer is about the same thing`() throws {
        let book = try book(approval)
        let own: JSON = [
            "type": "penalty.decided.v1", "time": "2026-03-04T09:00:00+08:00",
            "data": ["proposalId": "p-1", "approved": false],
        ]
        let other = own.setting("data", to: ["proposalId": "p-2", "approved": false])
        let subject = try #require(book.answers(to: proposal("warning"), calendar: calendar).first).subject
        #expect(book.subjects(of: own) == [subject])
        #expect(book.subjects(of: other) != [subject])
    }

    @Test func `a year that the calendar lacks gives no answer, and says so`() throws {
        let late = proposal("warning").setting("time", to: "2031-03-03T18:00:00+08:00")
        #expect(throws: UnansweredRule.self) { try book(approval).answers(to: late, calendar: calendar) }
    }

    @Test func `every fault is told with the rule's index`() throws {
        let rules = approval + #", {"on": "case.accepted", "publish": "nothing", "after": {"hours": -1}, "extra": 1}"#
        let faults = try #require(throws: AnswerFaults.self) { try book(rules) }
        #expect(faults.faults.count == 5)
        #expect(faults.faults.allSatisfy { $0.hasPrefix("answers[1]: ") })
    }

    // MARK: Manufacturers

    /// What the demo answers about manufacturers.
    private func manufacturers() throws -> AnswerBook {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try AnswerBook(
            parsing: Array(Data(contentsOf: root.appending(path: "deploy/cfpb/answers-manufacturers.json"))))
    }

    private func answer(_ type: String, _ data: JSON) throws -> [any EventData] {
        let told: JSON = [
            "id": "e-1", "source": "recourse/penalty", "type": .string(type + ".v1"),
            "time": "2026-03-03T09:00:00+08:00", "data": data,
        ]
        return try manufacturers().answers(to: told, calendar: calendar).map(\.event.data)
    }

    @Test func `an incident is handled once, a replacement decided`() throws {
        let incident: JSON = ["incidentId": "1", "manufacturerId": "M1", "handled": false]
        let handled = try answer("manufacturer.incident-recorded", incident)
        #expect(handled.compactMap { ($0 as? ManufacturerIncidentHandled)?.upheld } == [true])
        #expect(try answer("manufacturer.incident-recorded", incident.setting("handled", to: true)).isEmpty)
        let proposal: JSON = ["proposalId": "p-1", "manufacturerId": "M1", "quarter": "2026-Q1", "incidentIds": []]
        let decided = try answer("manufacturer.replacement-proposed", proposal)
        #expect(decided.compactMap { ($0 as? ReplacementDecided)?.approved } == [true])
    }

    @Test func `what a customer is dissatisfied with is a problem of his product's manufacturer`() throws {
        let told: JSON = ["caseId": "c-1", "callbackId": "cb-1", "product": ["brand": "Northwind"]]
        let problem = try #require(answer("callback.dissatisfied", told).first as? ManufacturerProblemReported)
        #expect(problem.problemId == "c-1" && problem.caseId == "c-1" && problem.brand == "Northwind")
        #expect(problem.at.description == "2026-03-03T10:00:00+08:00")
    }
}
