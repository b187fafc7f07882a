import Schema
import Testing

@testable import Policy
@testable import Stages

/// What letters state (R14). Their whole text is held by the golden letters of the notice view.
struct PenaltyLetterTests {
    /// `count` violations on `day` and the approval of what they lead to.
    private func notice(
        _ count: Int, on day: String = "2026-11-07", decided: String = "2026-11-11T09:00:00+08:00",
        hazards: [String]? = nil, policy: PolicyBook? = nil
    ) throws -> (notice: NoticeIssued, because: Because, harness: StageHarness) {
        var harness = try StageHarness(
            PenaltyStage(), policy: policy ?? PenaltyFixture.policy(), clock: instant("\(day)T00:00:00+08:00"))
        try harness.violate(count, at: "\(day)T09:00:00+08:00", prefix: "V", hazards: hazards)
        let proposals = try harness.advance(to: decided).all(PenaltyProposed.self)
        let outcome = try harness.decide(try #require(proposals.first).proposalId, at: decided)
        let output = try #require(outcome.outputs.first { $0.event.data is NoticeIssued })
        return (try #require(output.event.data as? NoticeIssued), output.because, harness)
    }

    private func letters(_ policy: PolicyFiles.Letter..., names: LetterNames = LetterNames())
        -> LetterBook
    {
        LetterBook.read(policy, names: names) { _ in }
    }

    private func harness(_ letters: LetterBook) throws -> StageHarness {
        try StageHarness(
            PenaltyStage(), policy: PenaltyFixture.policy(letters: letters), clock: instant("2026-11-01T00:00:00+08:00")
        )
    }

    @Test func `It states number, date, addressee, facts, rule, demand, deadline and appeal`() throws {
        let (notice, because, _) = try notice(2)
        #expect(notice.number == "O1-2026-1")
        let stated = [
            "编号：O1-2026-1", "日期：2026-11-11", "致：外协售后网点 O1", "违规共 2 起", "2. 2026-11-07，违规，案件 V-case-2",
            "规则 R12", "达到 2 起", "至 2026-12-11 09:00 止", "可于 2026-11-18 18:00 前提出申诉",
        ]
        for text in stated { #expect(notice.letter.zh.contains(text), "\(text)") }
        #expect(notice.letter.en.contains("\n2. 2026-11-07, violation, case V-case-2\n"))
        #expect(because.parameters["templates"]?.string == LetterBook().digest(of: .warning))
        #expect(because.parameters["threshold"] == 2 && because.parameters["warningMinDays"] == 30)
    }

    @Test func `Thirty violations are listed one by one`() throws {
        let letter = try notice(30).notice.letter
        #expect(letter.zh.contains("违规共 30 起") && letter.zh.contains("\n30. 2026-11-07"))
        #expect(!letter.zh.contains("另有") && !letter.en.contains("more.\n"))
    }

    @Test func `Of two hundred sixty are listed, and the number of the others is told`() throws {
        let letter = try notice(200).notice.letter
        #expect(letter.zh.contains("另有 140 起") && letter.en.contains("140 more"))
        #expect(letter.zh.contains("\n60. ") && !letter.zh.contains("\n61. "))
        #expect(letter.zh.unicodeScalars.count < 20_000 && letter.en.unicodeScalars.count < 20_000)
    }

    @Test func `The deadline of an appeal passes over holidays, and counts make-up working days`() throws {
        // Wednesday 30 September; 1 to 7 October are holidays, Saturday the 10th is a working day; the 5th is Monday.
        let letter = try notice(2, on: "2026-09-19", decided: "2026-09-29T10:30:00+08:00").notice.letter
        #expect(letter.zh.contains("可于 2026-10-12 18:00 前"))
        #expect(letter.en.contains("until 2026-10-12 18:00;"))
    }

    @Test func `Without calendar data the letter says how the deadline is counted`() throws {
        let policy = try PenaltyFixture.policy(years: [2025])
        let letter = try notice(2, on: "2026-12-19", decided: "2026-12-30T10:00:00+08:00", policy: policy).notice.letter
        #expect(letter.zh.contains("可于 发函之日后第 5 个工作日 18:00 前提出申诉"))
        #expect(letter.en.contains("until 18:00 of working day 5 after this letter;"))
    }

    @Test func `The year's ladder names R13 and the year; a period ends at 24 of its last date`() throws {
        let policy = try PenaltyFixture.policy(off: [.r12], since: "2026-01-01")
        let letter = try notice(
            4, on: "2026-03-03", decided: "2026-03-11T09:00:00+08:00", policy: policy
        ).notice.letter
        #expect(letter.zh.contains("2026 考核期内") && letter.zh.contains("规则 R13"))
        #expect(letter.zh.contains("至 2026-12-31 24:00 止") && letter.en.contains("until 2026-12-31 24:00."))
    }

    @Test func `A stop says what is to be done with the orders in hand`() throws {
        #expect(try notice(5).notice.letter.en.contains("Orders in hand: finish them."))
        let letter = try notice(5, hazards: ["media"]).notice.letter
        #expect(letter.en.contains("Orders in hand: hand them over at once.") && letter.zh.contains("请立即移交"))
    }

    @Test func `The name of an outlet stands before its id, whatever it is`() throws {
        let name = #"<script>alert("1")</script>& {number}"#
        let policy = try PenaltyFixture.policy(outlets: ["O1"], names: ["O1": name])
        let letter = try notice(2, policy: policy).notice.letter
        #expect(letter.zh.contains("致：外协售后网点 \(name)（O1）\n"))
        #expect(letter.en.contains("To: Service outlet \(name) (O1)\n"))
    }

    @Test func `A category is called as the policy calls it, and not printed if the policy does not list it`() throws {
        var names = LetterNames()
        names.categories = ["late-visit": [.zh: "上门迟到", .en: "late visit"]]
        let book = letters(names: names)
        let letter = try notice(2, policy: PenaltyFixture.policy(letters: book)).notice.letter
        #expect(letter.zh.contains("，上门迟到，") && letter.en.contains(", late visit, "))
        let unlisted = try notice(2).notice.letter
        #expect(!unlisted.zh.contains("late-visit") && !unlisted.en.contains("late-visit"))
    }

    @Test func `A case is called by its complaint's id where the policy says so, and by its own otherwise`() throws {
        var names = LetterNames()
        names.cases = .complaint
        for (book, zh, en) in [
            (letters(names: names), "，投诉 TS-1，事件 ", ", complaint TS-1, incident "),
            (letters(), "，案件 case-1，事件 ", ", case case-1, incident "),
        ] {
            var harness = try harness(book)
            let complaint = CallbackDissatisfied(
                callbackId: "CB1", about: .closing(1, caseId: "case-1", complaintId: "TS-1"), caseId: "case-1",
                atFault: .manufacturer, manufacturerId: "M1", customer: Customer(name: "张三", phone: "13800000000"))
            _ = try harness.send(complaint, at: "2026-11-05T09:00:00+08:00", source: "recourse/callback")
            let handled = ManufacturerIncidentHandled(
                incidentId: Identifiers.incidentId(callbackId: "CB1"), by: PenaltyFixture.inspector)
            let notice = try harness.send(handled, at: "2026-11-06T09:00:00+08:00").all(NoticeIssued.self).first
            let letter = try #require(notice).letter
            #expect(letter.zh.contains(zh), "\(letter.zh)")
            #expect(letter.en.contains(en), "\(letter.en)")
        }
    }

    @Test func `A violation that names its complaint is listed by it`() throws {
        var names = LetterNames()
        names.cases = .complaint
        var harness = try harness(letters(names: names))
        for index in 1...2 {
            let time = "2026-11-07T09:0\(index):00+08:00"
            let report = ViolationReported(
                violationId: "V\(index)", outletId: "O1", occurredAt: try instant(time), category: "late",
                recordedBy: .hotline, by: PenaltyFixture.clerk, caseId: "case-\(index)",
                complaintId: index == 1 ? "TS-1" : nil)
            _ = try harness.send(report, at: time)
            _ = try harness.send(
                ViolationVerified(violationId: "V\(index)", upheld: true, by: PenaltyFixture.inspector), at: time)
        }
        let proposals = try harness.advance(to: "2026-11-11T09:00:00+08:00").all(PenaltyProposed.self)
        let outcome = try harness.decide(
            try #require(proposals.first).proposalId, at: "2026-11-11T09:00:00+08:00")
        let letter = try #require(outcome.all(NoticeIssued.self).first).letter
        #expect(letter.zh.contains("\n1. 2026-11-07，违规，投诉 TS-1\n2. 2026-11-07，违规，案件 case-2\n"))
        #expect(letter.en.contains("\n1. 2026-11-07, violation, complaint TS-1\n"))
    }

    @Test func `A stop after a failed rectification names the letter that had demanded it`() throws {
        var (demand, _, harness) = try notice(3)
        let review = RectificationReviewed(noticeId: demand.noticeId, accepted: false, by: PenaltyFixture.inspector)
        let proposal = try harness.send(review, at: "2026-11-20T09:00:00+08:00").all(PenaltyProposed.self).first
        let stop = try harness.decide(try #require(proposal).proposalId, at: "2026-11-20T10:00:00+08:00")
        let letter = try #require(stop.all(NoticeIssued.self).first)
        #expect(letter.number == "O1-2026-2")
        #expect(letter.letter.zh.contains("O1-2026-1 号通知书要求的整改第 1 次未按期通过"))
        #expect(letter.letter.en.contains("that letter O1-2026-1 demanded was not passed in time (failure 1)"))
    }

    @Test func `A penalty of a manufacturer without a sum has no line about one`() throws {
        var harness = try PenaltyFixture.harness()
        let complaint = CallbackDissatisfied(
            callbackId: "CB1", about: .service("SV1"), serviceId: "SV1", atFault: .manufacturer,
            manufacturerId: "M1", customer: Customer(name: "张三", phone: "13800000000"), comments: "c")
        _ = try harness.send(complaint, at: "2026-11-05T09:00:00+08:00", source: "recourse/callback")
        let handled = ManufacturerIncidentHandled(
            incidentId: Identifiers.incidentId(callbackId: "CB1"), by: PenaltyFixture.inspector)
        let letter = try #require(
            try harness.send(handled, at: "2026-11-06T09:00:00+08:00").all(NoticeIssued.self).first?.letter)
        #expect(!letter.zh.contains("人民币") && !letter.en.contains("CNY"))
        #expect(letter.zh.contains("请查明原因") && letter.en.contains("Find the cause"))
        #expect(letter.en.contains("1. 2026-11-05, customer not satisfied when called back, service SV1, incident "))
    }

    @Test func `After a restart with other templates the next letter is written from them, and says so`() throws {
        var (first, because, harness) = try notice(2)
        let text = LetterDefaults.text(.stopDispatch, .en).replacing("From: Service department", with: "From: Us")
        let changed = letters(PolicyFiles.Letter(name: "stop-dispatch.en.txt", text: text))
        harness.adopt(try PenaltyFixture.policy(version: "test-2", letters: changed))
        try harness.violate(3, at: "2026-11-12T09:00:00+08:00", prefix: "W")
        let proposal = try harness.advance(to: "2026-11-17T18:00:00+08:00").all(PenaltyProposed.self).first
        let outcome = try harness.decide(try #require(proposal).proposalId, at: "2026-11-18T09:00:00+08:00")
        let output = try #require(outcome.outputs.first)
        let second = try #require(output.event.data as? NoticeIssued)
        #expect(first.letter.en.contains("From: Service department\n") && because.policy == "test-1")
        #expect(second.letter.en.contains("From: Us\n") && output.because.policy == "test-2")
        #expect(output.because.parameters["templates"]?.string == changed.digest(of: .stopDispatch))
        #expect(changed.digest(of: .stopDispatch) != LetterBook().digest(of: .stopDispatch))
    }
}
