import Schema
import Testing

@testable import Stages

/// Which violations are one matter: a table of cases (R09, R45).
struct MattersTests {
    struct Member: MatterMember {
        let violationId: String
        var category = "late"
        var caseId: String?
        var serviceId: String?
        let occurredAt: Instant
        var isDerived = false
    }

    /// `b 3 late C1 S1` is reported, `d* 2 complaint C1 -` is derived; the number is the day on which it occurred.
    static func members(_ text: String) throws -> [Member] {
        try text.split(separator: ";").map { part in
            let words = part.split(separator: " ").map(String.init)
            try #require(words.count == 5, "\(part)")
            func some(_ word: String) -> String? { word == "-" ? nil : word }
            return Member(
                violationId: words[0].replacing("*", with: ""), category: words[2], caseId: some(words[3]),
                serviceId: some(words[4]), occurredAt: Instant(seconds: 86_400 * (try #require(Int64(words[1])))),
                isDerived: words[0].hasSuffix("*"))
        }
    }

    static func told(_ groups: [[Member]]) -> String {
        groups.map { $0.map(\.violationId).joined(separator: "+") }.joined(separator: " ")
    }

    @Test(arguments: [
        ("", ""),
        // Reported ones: the same category and case or service.
        ("a 1 late C1 -; b 2 late C1 -", "a+b"),
        ("a 1 late - S1; b 2 late - S1", "a+b"),
        ("a 1 late C1 -; b 2 rude C1 -", "a b"),
        ("a 1 late - -; b 2 late - -", "a b"),
        ("b 1 late C1 -; c 2 late - S1; a 3 late C1 S1", "b+c+a"),
        ("b 1 late C1 -; a 1 late C1 -", "a+b"),
        // A derived one joins what was reported, whatever its category, and stands behind it though it was earlier.
        ("a 3 late C1 -; d* 1 complaint C1 -", "a+d"),
        ("a 3 late - S1; d* 1 callback C9 S1", "a+d"),
        // The earliest reported one, whatever was told first; the other stays alone.
        ("a 3 late C1 -; b 2 rude C1 -; d* 1 complaint C1 -", "b+d a"),
        ("a 3 late C1 -; b 3 rude C1 -; d* 9 complaint C1 -", "a+d b"),
        // By the group's earliest member about its own case or service, not by that of the group.
        ("a 1 late C2 S1; b 3 late - S1; e 2 rude C1 S9; f 4 late C1 S1; d* 5 complaint C1 -", "a+b+f e+d"),
        // Several derived ones join the same group and make no bridge between groups.
        ("a 3 late C1 -; d* 1 complaint C1 -; e* 2 callback C1 -", "a+d+e"),
        ("a 3 late C1 -; b 4 rude - S1; d* 1 callback C1 S1", "a+d b"),
        // Without a reported one those of one case are one matter: a call about a service, and the case that came of it.
        ("d* 1 callback K1 S1; e* 2 complaint K1 -", "d+e"),
        ("d* 1 callback K1 S1; e* 2 callback K2 S1", "d+e"),
        ("d* 1 complaint C1 -; e* 2 complaint C2 -", "d e"),
        ("d* 1 complaint - -; e* 2 complaint - -", "d e"),
        // They go together: the case of the call joins what was reported about its service.
        ("a 3 late - S1; d* 1 callback K1 S1; e* 2 complaint K1 -", "a+d+e"),
    ])
    func `each matter is one group`(_ violations: String, _ expected: String) throws {
        #expect(Self.told(Matters.groups(try Self.members(violations))) == expected)
    }

    @Test(arguments: 1...40)
    func `the order of arrival tells nothing, and nothing is told twice or lost`(seed: Int) throws {
        var random = SeededRandom(seed)
        let members = (0..<30).map { number in
            Member(
                violationId: "v\(number)", category: "c\(random.below(3))",
                caseId: random.oneIn(3) ? nil : "C\(random.below(12))",
                serviceId: random.oneIn(2) ? nil : "S\(random.below(12))",
                occurredAt: Instant(seconds: Int64(random.below(10))), isDerived: random.oneIn(2))
        }
        let groups = Matters.groups(members)
        #expect(groups.joined().map(\.violationId).sorted() == members.map(\.violationId).sorted())
        let reported = Matters.groups(members.filter { !$0.isDerived })
        #expect(
            groups.map { $0.filter { !$0.isDerived }.map(\.violationId) }.filter { !$0.isEmpty }
                == reported.map { $0.map(\.violationId) }, "what is derived joins no two groups and divides none")
        for group in groups {
            #expect(group.first?.isDerived == group.allSatisfy(\.isDerived))
        }
        for _ in 0..<5 {
            var shuffled = members
            for index in shuffled.indices.reversed() { shuffled.swapAt(index, random.below(index + 1)) }
            #expect(Self.told(Matters.groups(shuffled)) == Self.told(groups), "seed \(seed)")
        }
    }
}
