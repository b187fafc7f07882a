import Policy
import Testing

struct LadderTests {
    private func faults(_ rows: [String], policy: String = "version: t\n") -> [String] {
        PolicyFolder.faults(policy: policy + "ladders:\n  monthly:\n" + rows.map { "    - {\($0)}\n" }.joined())
    }

    @Test(arguments: [
        (0, nil, nil), (1, nil, nil), (2, Rung.warning, 2), (3, .rectification, 3), (4, .rectification, 3),
        (5, .stopDispatch, 5), (7, .stopDispatch, 5), (8, .withdrawal, 8), (900, .withdrawal, 8),
    ])
    func `the monthly ladder`(count: Int, rung: Rung?, threshold: Int?) {
        let found = PenaltyPolicy().ladders.monthly.rung(for: count)
        #expect(found?.rung == rung)
        #expect(found?.threshold == threshold)
    }

    @Test(arguments: [
        (3, nil, nil), (4, Rung.warning, 4), (7, .warning, 4), (8, .rectification, 8), (11, .rectification, 8),
        (12, .stopDispatch, 12), (15, .stopDispatch, 12), (16, .withdrawal, 16), (17, .withdrawal, 16),
    ])
    func `the cumulative ladder`(count: Int, rung: Rung?, threshold: Int?) {
        let found = PenaltyPolicy().ladders.cumulative.rung(for: count)
        #expect(found?.rung == rung)
        #expect(found?.threshold == threshold)
    }

    @Test func `rungs are ordered by gravity`() {
        #expect(Rung.allCases == [.warning, .rectification, .stopDispatch, .withdrawal])
        #expect(Rung.allCases.shuffled().sorted() == Rung.allCases)
        #expect(Rung.stopDispatch.rawValue == "stop-dispatch")
    }

    @Test func `a hole is refused with its line`() {
        expectFaults(
            faults([
                "rung: warning, from: 1, to: 10", "rung: rectification, from: 11, to: 30",
                "rung: stop-dispatch, from: 61",
            ]),
            ["policy.yaml:6: ladders.monthly[3].from is 61, but the rung before ends at 30: 31 to 60 have no rung"])
    }

    @Test func `an overlap is refused with its line`() {
        expectFaults(
            faults(["rung: warning, from: 1, to: 10", "rung: rectification, from: 10"]),
            ["policy.yaml:5: ladders.monthly[2].from is 10, but the rung before ends at 10: they overlap; allowed: 11"])
    }

    @Test func `a wrong order is refused with its line`() {
        expectFaults(
            faults(["rung: rectification, from: 2", "rung: warning, from: 3"]),
            ["policy.yaml:5: ladders.monthly[2].rung has warning above rectification"])
        expectFaults(
            faults(["rung: warning, from: 5", "rung: rectification, from: 3"]),
            ["policy.yaml:5: ladders.monthly[2].from is 3, not above the 5 of the rung before"])
        expectFaults(
            faults(["rung: warning, from: 5, to: 4", "rung: withdrawal, from: 6"]),
            ["policy.yaml:4: ladders.monthly[1].to is 4, less than `from` 5"])
    }

    @Test func `a repeated rung is refused with its line`() {
        expectFaults(
            faults(["rung: warning, from: 1", "rung: rectification, from: 2", "rung: rectification, from: 3"]),
            ["policy.yaml:6: ladders.monthly[3].rung repeats rectification"])
    }

    @Test func `a ladder that ends, is empty or says something else is refused`() {
        expectFaults(
            faults(["rung: warning, from: 1, to: 9"]),
            ["policy.yaml:4: ladders.monthly[1].to leaves counts above 9 without a rung"])
        expectFaults(
            PolicyFolder.faults(policy: "version: t\nladders: {monthly: []}"),
            ["policy.yaml:2: ladders.monthly has no rung"])
        expectFaults(
            faults(["rung: fine, from: 0, upto: 3", "from: 2", "rung: withdrawal"]),
            [
                "policy.yaml:4: ladders.monthly[1].rung is `fine`; allowed: warning, rectification, stop-dispatch, w",
                "policy.yaml:4: ladders.monthly[1].from is 0; allowed: a whole number from 1",
                "policy.yaml:4: ladders.monthly[1].upto is not a known key; allowed: rung, from, to",
                "policy.yaml:5: ladders.monthly[2] lacks `rung`",
                "policy.yaml:6: ladders.monthly[3] lacks `from`",
            ])
    }

    @Test func `a rung without an end reaches to the next one`() throws {
        let policy = """
            version: t
            ladders:
              cumulative: [{rung: warning, from: 3}, {rung: withdrawal, from: 6}]
            """
        let ladders = try PolicyFolder.load(policy: policy).get().penalty.ladders
        #expect(ladders.cumulative.rung(for: 5)?.rung == .warning)
        #expect(ladders.cumulative.rung(for: 6)?.rung == .withdrawal)
        #expect(ladders.monthly == Ladders().monthly)
    }

    @Test func `the ladders may stand in section penalty, but not twice`() throws {
        let rows = "{monthly: [{rung: withdrawal, from: 1}]}"
        let inner = "version: t\npenalty:\n  ladders: \(rows)\n"
        #expect(try PolicyFolder.load(policy: inner).get().penalty.ladders.monthly.rung(for: 1)?.rung == .withdrawal)
        expectFaults(
            PolicyFolder.faults(policy: inner + "ladders: \(rows)\n"),
            ["policy.yaml:3: penalty.ladders is given at the top of the file too"])
    }

    @Test func `with R44 off a hole is taken, and the gravest rung reached counts`() throws {
        let policy = """
            version: t
            rules: {R44: off}
            ladders:
              monthly: [{rung: warning, from: 1, to: 10}, {rung: rectification, from: 61, to: 90}]
            """
        let ladder = try PolicyFolder.load(policy: policy).get().penalty.ladders.monthly
        #expect(ladder.rung(for: 40)?.rung == .warning)
        #expect(ladder.rung(for: 99)?.rung == .rectification)
    }
}
