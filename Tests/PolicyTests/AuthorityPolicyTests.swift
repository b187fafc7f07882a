import Foundation
import Policy
import Testing

/// The section `authority` (R48).
@Suite struct AuthorityPolicyTests {
    private func load(_ section: String) -> Result<PolicyBook, PolicyFaults> {
        PolicyFolder.load(policy: "version: test\nauthority:\n" + section)
    }

    @Test func `what is named has these tiers, from below upwards, and the rest its default`() throws {
        let book = try load("  violation.verified: [hq, region]\n").get()
        #expect(book.authority.tiers(of: .verifyViolation) == [.region, .hq])
        #expect(book.authority.tiers(of: .decidePenalty) == [.business])
    }

    @Test(arguments: [
        ("  violation.verified: [chief]\n", "authority.violation.verified[1]", "store, region, hq, business"),
        ("  violation.verified: []\n", "authority.violation.verified", "one or more of"),
        ("  violation.verified: hq\n", "authority.violation.verified", "a list of texts"),
        ("  violation.verified: [hq, hq]\n", "authority.violation.verified[2]", "each once"),
        ("  weekly-report.submitted: [hq]\n", "authority.weekly-report.submitted[1]", "store"),
        ("  penalty.decided: [hq, business]\n", "authority.penalty.decided[1]", "business"),
        ("  case.resolved: [store]\n", "authority.case.resolved", "hq among them"),
        ("  compensation.decided: [region]\n", "authority.compensation.decided", "hq among them"),
        ("  case.accepted: [business]\n", "authority.case.accepted[1]", "store, region, hq"),
        ("  case.opened: [hq]\n", "authority.case.opened", "case.resolved"),
    ])
    func `what cannot be meant is refused where it stands`(section: String, subject: String, allowed: String) {
        guard case .failure(let faults) = load(section) else {
            Issue.record("it is taken")
            return
        }
        #expect(faults.faults.map(\.subject) == [subject])
        #expect(faults.faults.first.map { $0.allowed.contains(allowed) && $0.line == 3 } == true, "\(faults.faults)")
    }

    @Test func `the example names every act, and the table of the documentation is the one that decides`() throws {
        let example = try PolicyFolder.text("policy.yaml")
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let table = try String(contentsOf: root.appending(path: "docs/AUTHORITY.md"), encoding: .utf8)
        for act in Act.allCases {
            let tiers = act.row.tiers.map(\.rawValue).joined(separator: ", ")
            #expect(example.contains("  \(act.rawValue): [\(tiers)]\n"), "\(act)")
            #expect(table.contains("| `\(act.rawValue)` | \(tiers) |"), "\(act)")
        }
    }
}
