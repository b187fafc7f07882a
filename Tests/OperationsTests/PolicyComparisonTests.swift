import Operations
import Policy
import Runtime
import Schema
import Stages
import Testing
import Web

/// Two outlets, judged by hand. October closes on the fifth working day of November, Friday the 6th at 18:00, and all
/// open periods are looked at then; the week 9–15 November on Tuesday the 17th at 18:00. Who decides does so at 10:00 of
/// the next working day.
///
/// | outlet | upheld by the 6th | by the 17th | ladder 2/3/5/8               | ladder 3/4/6/9        |
/// |--------|-------------------|-------------|------------------------------|-----------------------|
/// | X-FOUR | 2                 | 4           | warning, then rectification  | rectification         |
/// | X-ONE  | 1                 | 1           | nothing                      | nothing               |
@Suite struct `Two policies compared on the same events` {
    private static let places = """
        since: 2027-01-01
        hq: {duty: hq-duty, people: [hq-one, hq-two]}
        business: {people: [judge]}
        """

    private func policy(_ version: String, monthly: [Int], storeCapFen: Int = 50_000) throws -> PolicyBook {
        let rungs = zip(["warning", "rectification", "stop-dispatch", "withdrawal"], monthly)
            .map { "{rung: \($0), from: \($1)}" }.joined(separator: ", ")
        let text =
            "version: \(version)\nladders: {monthly: [\(rungs)]}\nhandling: {storeCapFen: \(storeCapFen)}"
        let files = PolicyFiles(
            policy: text, organisation: Self.places, calendar: "date,kind\n2026-01-01,holiday_weekday")
        return try PolicyBook.load(files, currentYear: nil).get()
    }

    private func input(_ id: String, _ time: String, _ data: any EventData) throws -> Simulation.InputEvent {
        let event = Event(id: id, source: "upstream", time: try instant(time), data: data)
        return Simulation.InputEvent(event: event, body: event.body())
    }

    /// A failing that occurs, is reported and is upheld on three days.
    private func violation(_ id: String, of outlet: String, days: [Int]) throws -> [Simulation.InputEvent] {
        let (reporter, verifier) = (Person(id: "hq-one", tier: "hq"), Person(id: "hq-two", tier: "hq"))
        func at(_ index: Int) -> String { "2026-11-\(days[index] < 10 ? "0" : "")\(days[index])T09:00:00+08:00" }
        return [
            try input(
                id + "-reported", at(1),
                ViolationReported(
                    violationId: id, outletId: outlet, occurredAt: try instant(at(0)), category: "late",
                    recordedBy: .hotline, by: reporter)),
            try input(id + "-verified", at(2), ViolationVerified(violationId: id, upheld: true, by: verifier)),
        ]
    }

    private func events() throws -> [Simulation.InputEvent] {
        try violation("V1", of: "X-FOUR", days: [2, 3, 4]) + violation("V2", of: "X-FOUR", days: [3, 4, 5])
            + violation("V3", of: "X-FOUR", days: [9, 10, 11]) + violation("V4", of: "X-FOUR", days: [10, 11, 12])
            + violation("W1", of: "X-ONE", days: [2, 3, 4])
    }

    private static let answers = """
        {"answers": [{"on": "penalty.proposed", "after": {"workingDays": 1, "hour": 10}, "publish": "penalty.decided",
          "data": {"proposalId": "$proposalId", "approved": true, "by": {"id": "judge", "tier": "business"}}}]}
        """

    private func compare(_ a: PolicyBook, _ b: PolicyBook) async throws -> PolicyComparison {
        try await PolicyComparison.run(
            .init(policy: a, folder: "old"), .init(policy: b, folder: "new & <other> \"\u{301}<\u{338}\u{2066}"),
            stages: Pipeline.stages,
            answers: try AnswerBook(parsing: Array(Self.answers.utf8)), input: try events(),
            until: try instant("2026-11-20T00:00:00+08:00"))
    }

    @Test func `show an outlet's violations, rungs and instants as reckoned by hand`() async throws {
        let found = try await compare(
            policy("1", monthly: [2, 3, 5, 8]), policy("2", monthly: [3, 4, 6, 9]))
        #expect(found.outletsSeen == 2)
        #expect(found.outlets.map(\.outletId) == ["X-FOUR"])
        let outlet = try #require(found.outlets.first)
        #expect(
            outlet.counts == [
                .init(period: "2026-11", a: 4, b: 4), .init(period: "2026", a: 4, b: 4),
            ])
        #expect(outlet.violations.compactMap { $0.a?.violationId } == ["V1", "V2", "V3", "V4"])
        #expect(outlet.violations.allSatisfy { $0.b == nil })

        let (first, second) = ("2026-11-06T18:00:00+08:00", "2026-11-17T18:00:00+08:00")
        #expect(
            outlet.rungs == [
                .init(
                    ladder: "monthly", period: "2026-11", rung: "warning",
                    a: .init(
                        count: 2, threshold: 2, violations: [1, 2], proposedAt: try instant(first),
                        noticeAt: try instant("2026-11-09T10:00:00+08:00"), supersededAt: nil),
                    b: nil),
                .init(
                    ladder: "monthly", period: "2026-11", rung: "rectification",
                    a: .init(
                        count: 4, threshold: 3, violations: [1, 2, 3, 4], proposedAt: try instant(second),
                        noticeAt: try instant("2026-11-18T10:00:00+08:00"), supersededAt: nil),
                    b: .init(
                        count: 4, threshold: 4, violations: [1, 2, 3, 4], proposedAt: try instant(second),
                        noticeAt: try instant("2026-11-18T10:00:00+08:00"), supersededAt: nil)),
            ])
        #expect(outlet.statusesA.map(\.to) == ["warned", "rectifying"])
        #expect(outlet.statusesB.map(\.to) == ["rectifying"])
        #expect(found.a.proposals == 2)
        #expect(found.b.proposals == 1)
        #expect(found.exitCode == 0)
    }

    @Test func `are told as a table with what a reckoning by hand needs`() async throws {
        let found = try await compare(policy("1", monthly: [2, 3, 5, 8]), policy("2", monthly: [3, 4, 6, 9]))
        let lines = found.text.split(separator: "\n").map(String.init)
        #expect(lines.contains("A: policy 1 (old)"))
        #expect(lines.contains("Outlets judged otherwise: 1 of 2"))
        #expect(
            lines.contains("  upheld violations by occurrence, each matter once by its weight: 2026-11: 4; 2026: 4"))
        #expect(lines.contains { $0.hasPrefix("  warning") && $0.contains("A      2     2  #1 #2") })
        #expect(lines.contains { $0.contains("2026-11-04T09:00:00+08:00  upheld") })
    }

    @Test func `are told as HTML without scripts, in Chinese and English, with names escaped`() async throws {
        let html = try await compare(policy("1", monthly: [2, 3, 5, 8]), policy("2", monthly: [3, 4, 6, 9])).html.text
        #expect(html.contains("处罚 Rung"))
        #expect(html.contains("警告 warning"))
        #expect(html.contains("new &amp; &lt;other&gt; &quot;\u{301}&lt;\u{338}·</td>"))
        #expect(!html.contains("<script") && !html.contains("http:") && !html.contains("https:"))
        #expect(html.contains("2026-11-06T18:00:00+08:00"))
    }

    @Test func `are the same where only a number differs that nothing met`() async throws {
        let found = try await compare(
            policy("1", monthly: [2, 3, 5, 8]), policy("2", monthly: [2, 3, 5, 8], storeCapFen: 60_000))
        #expect(!found.differs)
        #expect(found.text.hasSuffix("Both policies decide the same."))
    }

    @Test func `end with 1 if a side could not give an answer`() async throws {
        let files = PolicyFiles(
            policy: "version: 2", organisation: Self.places, calendar: "date,kind\n2025-01-01,holiday_weekday")
        let blind = try PolicyBook.load(files, currentYear: nil).get()
        let seen = try policy("1", monthly: [1, 3, 5, 8])
        let answers = """
            {"answers": [{"on": "violation.recorded", "after": {"workingDays": 1, "hour": 10},
              "publish": "penalty.decided", "data": {}}]}
            """
        let found = try await PolicyComparison.run(
            .init(policy: seen, folder: "a"), .init(policy: blind, folder: "b"), stages: Pipeline.stages,
            answers: try AnswerBook(parsing: Array(answers.utf8)), input: try events(),
            until: try instant("2026-11-06T00:00:00+08:00"))
        #expect(found.exitCode == 1)
        #expect(found.b.unanswered == 6)
        #expect(found.text.contains("B: 6 answers could not be given, the first:"))
    }
}

/// What the rules about gravity change (R46), shown beside each other.
@Suite struct `Two policies compared on what weighs how much` {
    private static let places = """
        since: 2027-01-01
        hq: {duty: hq-duty, people: [hq-one, hq-two]}
        business: {people: [judge]}
        """

    private func policy(_ version: String, _ penalty: String) throws -> PolicyBook {
        let files = PolicyFiles(
            policy: "version: \(version)\npenalty: \(penalty)", organisation: Self.places,
            calendar: "date,kind\n2026-01-01,holiday_weekday")
        return try PolicyBook.load(files, currentYear: nil).get()
    }

    /// A gas leak on Monday, 2 November, upheld the next day, and on the 4th a fire.
    private func events() throws -> [Simulation.InputEvent] {
        let (reporter, verifier) = (Person(id: "hq-one", tier: "hq"), Person(id: "hq-two", tier: "hq"))
        func input(_ id: String, _ time: String, _ data: any EventData) throws -> Simulation.InputEvent {
            let event = Event(id: id, source: "upstream", time: try instant(time), data: data)
            return Simulation.InputEvent(event: event, body: event.body())
        }
        func violation(_ id: String, _ outlet: String, _ day: String, _ category: String, _ hazards: [String]? = nil)
            throws -> [Simulation.InputEvent]
        {
            let time = "2026-11-\(day)T09:00:00+08:00"
            return [
                try input(
                    id, time,
                    ViolationReported(
                        violationId: id, outletId: outlet, occurredAt: try instant(time), category: category,
                        recordedBy: .hotline, by: reporter, hazards: hazards)),
                try input(
                    "\(id)-verified", "2026-11-\(day)T10:00:00+08:00",
                    ViolationVerified(violationId: id, upheld: true, by: verifier)),
            ]
        }
        return try violation("G1", "X-GAS", "02", "gas-leak") + violation("L1", "X-LATE", "02", "late")
            + violation("F1", "X-FIRE", "04", "late", ["fire"])
    }

    private func compare(_ a: String, _ b: String) async throws -> PolicyComparison {
        try await PolicyComparison.run(
            .init(policy: try policy("1", a), folder: "old"), .init(policy: try policy("2", b), folder: "new"),
            stages: Pipeline.stages, answers: nil, input: try events(), until: try instant("2026-11-20T00:00:00+08:00"))
    }

    @Test func `weights show in counts, rungs and the list of violations`() async throws {
        let found = try await compare("{weights: {}}", "{weights: {gas-leak: 3}}")
        #expect(found.outlets.map(\.outletId) == ["X-GAS"])
        let outlet = try #require(found.outlets.first)
        #expect(outlet.counts == [.init(period: "2026-11", a: 1, b: 3), .init(period: "2026", a: 1, b: 3)])
        #expect(outlet.rungs.map(\.rung) == ["rectification"])
        #expect(outlet.rungs.first?.a == nil && outlet.rungs.first?.b?.count == 3)
        #expect(outlet.rungs.first?.b?.violations == [1])
        #expect(outlet.violations.map(\.a?.weight) == [1] && outlet.violations.map(\.b?.weight) == [3])
        let lines = found.text.split(separator: "\n").map(String.init)
        #expect(
            lines.contains(
                "  upheld violations by occurrence, each matter once by its weight: 2026-11: A 1, B 3; 2026: A 1, B 3"))
        #expect(lines.contains { $0.contains("gas-leak x3") })
    }

    @Test func `a weight that leads to nothing is no difference`() async throws {
        let found = try await compare("{weights: {late: 1}}", "{weights: {nothing-of-that: 9}}")
        #expect(!found.differs)
    }

    @Test func `another rung for grave violations shows as a proposal of its own ladder`() async throws {
        let found = try await compare("{graveRung: stop-dispatch}", "{graveRung: withdrawal}")
        let outlet = try #require(found.outlets.first)
        #expect(found.outlets.map(\.outletId) == ["X-FIRE"])
        #expect(outlet.rungs.map(\.ladder) == ["grave", "grave"] && outlet.rungs.map(\.period) == ["F1", "F1"])
        #expect(outlet.rungs.map { $0.a == nil } == [false, true])
        #expect(outlet.rungs.map(\.rung) == ["stop-dispatch", "withdrawal"])
        #expect(found.html.text.contains("严重违规 grave"))
    }
}
