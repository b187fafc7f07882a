import Policy
import Testing

/// R49, R44: the ladder by which money is got back.
struct RecoveryLadderTests {
    private func faults(_ rows: [String], policy: String = "version: t\n") -> [String] {
        PolicyFolder.faults(policy: policy + "handling:\n  recoveryLadder:\n" + rows.map { "    - {\($0)}\n" }.joined())
    }

    private static let days: [(Int, String?, String?)] = [
        (0, nil, "call"), (1, "call", "visit"), (10, "call", "visit"), (11, "visit", "letter"), (30, "visit", "letter"),
        (31, "letter", "legal"), (60, "letter", "legal"), (61, "legal", nil), (3_000, "legal", nil),
    ]

    @Test(arguments: days)
    func `the ladder of the source, its hole closed`(day: Int, step: String?, next: String?) {
        let ladder = HandlingPolicy().recoveryLadder
        #expect(ladder.step(on: day)?.name == step)
        #expect(ladder.next(after: day)?.name == next)
    }

    @Test func `the folder that is delivered has the same ladder`() throws {
        #expect(try PolicyFolder.book().handling.recoveryLadder == RecoveryLadder())
    }

    @Test func `the hole of the source is refused with its line`() {
        expectFaults(
            faults(["step: call, from: 1, to: 10", "step: visit, from: 11, to: 30", "step: legal, from: 61"]),
            [
                "policy.yaml:6: handling.recoveryLadder[3].from is 61, but the step before ends at 30: 31 to 60 have no "
                    + "step; allowed: 31"
            ])
    }

    @Test func `an overlap, a wrong order and an end are refused with their lines`() {
        expectFaults(
            faults(["step: call, from: 1, to: 10", "step: visit, from: 10"]),
            ["policy.yaml:5: handling.recoveryLadder[2].from is 10, but the step before ends at 10: they overlap"])
        expectFaults(
            faults(["step: call, from: 11", "step: visit, from: 1"]),
            ["policy.yaml:5: handling.recoveryLadder[2].from is 1, not above the 11 of the step before"])
        expectFaults(
            faults(["step: call, from: 1", "step: visit, from: 3, to: 9"]),
            ["policy.yaml:5: handling.recoveryLadder[2].to leaves days above 9 without a step"])
        expectFaults(
            faults(["step: call, from: 5, to: 4", "step: visit, from: 6"]),
            ["policy.yaml:4: handling.recoveryLadder[1].to is 4, less than `from` 5"])
    }

    @Test func `steps have names of their own, and days from 1`() {
        expectFaults(
            faults(["step: call, from: 1", "step: call, from: 2"]),
            ["policy.yaml:5: handling.recoveryLadder[2].step repeats call; allowed: each step once"])
        expectFaults(
            faults(["step: a call, from: 0, till: 3", "from: 2"]),
            [
                "policy.yaml:4: handling.recoveryLadder[1].step is `a call`; allowed: an id",
                "policy.yaml:4: handling.recoveryLadder[1].from is 0; allowed: a whole number from 1 to 3660",
                "policy.yaml:4: handling.recoveryLadder[1].till is not a known key; allowed: step, from, to",
                "policy.yaml:5: handling.recoveryLadder[2] lacks `step`",
            ])
        expectFaults(
            PolicyFolder.faults(policy: "version: t\nhandling: {recoveryLadder: []}"),
            ["policy.yaml:2: handling.recoveryLadder has no step"])
        expectFaults(
            faults((1...21).map { "step: s\($0), from: \($0)" }),
            ["policy.yaml:3: handling.recoveryLadder has 21 steps; allowed: one to 20 steps"])
    }

    @Test func `with R44 off a hole is taken, and the step that began last holds`() throws {
        let rows = "[{step: call, from: 1, to: 10}, {step: legal, from: 61, to: 90}]"
        let policy = "version: t\nrules: {R44: off}\nhandling: {recoveryLadder: \(rows)}\n"
        let ladder = try PolicyFolder.load(policy: policy).get().handling.recoveryLadder
        #expect(ladder.step(on: 40)?.name == "call")
        #expect(ladder.step(on: 99)?.name == "legal")
    }
}
