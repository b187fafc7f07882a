import Policy
import Schema
import Testing

@testable import Stages

/// Who may do what (R48): the table as a value.
@Suite struct AuthorityTests {
    /// In the order of the columns below.
    private static let people = [
        Person(id: "a", tier: "store", storeId: "S1"), Person(id: "a", tier: "store", storeId: "S2"),
        Person(id: "a", tier: "store"), Person(id: "a", tier: "region", regionId: "R1"),
        Person(id: "a", tier: "region", regionId: "R2"), Person(id: "a", tier: "region"),
        Person(id: "a", tier: "hq"), Person(id: "a", tier: "business"),
    ]
    private static let store = Place.store("S1", region: "R1")
    private static let region = Place.region("R1")

    @Test func `lets the people of the published examples do what they do there`() throws {
        let files = Dictionary(uniqueKeysWithValues: try SchemaFiles.all().map { ($0.path, $0.text) })
        for act in Act.allCases {
            for suffix in ["", ".minimal"] {
                let text = try #require(files["examples/\(act.rawValue)\(suffix).json"])
                let by = try #require(try JSON(parsing: Array(text.utf8))["data"]?["by"], "\(act.rawValue)")
                #expect(act.row.tiers.map(\.rawValue).contains(by["tier"]?.string), "\(act.rawValue)")
                #expect((by["storeId"] != nil) == (by["tier"] == "store"), "\(act.rawValue)")
                #expect((by["regionId"] != nil) == (by["tier"] == "region"), "\(act.rawValue)")
            }
        }
    }

    struct Line: Sendable, CustomTestStringConvertible {
        let act: Act
        let places: [Place]
        /// For each of the people: `+` may, `t` has the wrong tier, `p` the wrong place.
        let cells: String

        init(_ act: Act, _ places: [Place], _ cells: String) {
            (self.act, self.places, self.cells) = (act, places, cells)
        }

        var testDescription: String { "\(act.rawValue) at \(places.map { $0.storeId ?? $0.regionId ?? "hq" })" }
    }

    private static let lines = [
        //                                   S1 S2 -  R1 R2 -  hq business
        Line(.resolve, [store], /*          */ "+pp+pp+t"),
        Line(.resolve, [region], /*         */ "ttt+pp+t"),
        Line(.resolve, [.hq], /*            */ "tttttt+t"),
        Line(.askForEscalation, [store], /* */ "+ppttttt"),
        Line(.askForEscalation, [region], /**/ "ttt+pptt"),
        Line(.askForEscalation, [.hq], /*   */ "tttttt+t"),
        Line(.accept, [store], /*           */ "+pp+pp+t"),
        Line(.accept, [store, .store("S2", region: "R2")], "++p++p+t"),
        Line(.accept, [.hq], /*             */ "pppppp+t"),
        Line(.recordContact, [store], /*    */ "+pp+pp+t"),
        Line(.listDocuments, [store], /*    */ "+pp+pp+t"),
        Line(.requestAdvance, [store], /*   */ "+pp+pp+t"),
        Line(.decideAdvance, [store], /*    */ "ttt+pp+t"),
        Line(.reportIncident, [store], /*   */ "+pp+pp+t"),
        Line(.reportIncident, [region], /*  */ "ttt+pp+t"),
        Line(.proposeLiability, [store], /* */ "tttttt+t"),
        Line(.approveLiability, [store], /* */ "tttttt++"),
        Line(.bookRecovery, [store], /*     */ "tttttt++"),
        Line(.proposeWriteOff, [store], /*  */ "tttttt+t"),
        Line(.approveWriteOff, [store], /*  */ "ttttttt+"),
        Line(.reportCall, [], /*            */ "++++++++"),
        Line(.reportLetter, [], /*          */ "++++++++"),
        Line(.eraseCustomer, [], /*         */ "tttttt++"),
        Line(.reportViolation, [], /*       */ "++++++++"),
        Line(.verifyViolation, [], /*       */ "tttttt+t"),
        Line(.reportWeek, [store], /*       */ "+ppttttt"),
        Line(.decidePenalty, [], /*         */ "ttttttt+"),
        Line(.reviewRectification, [region], "ttt+pp+t"),
        Line(.reviewRectification, [], /*   */ "tttppp+t"),
        Line(.lodgeAppeal, [region], /*     */ "++++++++"),
        Line(.decideAppeal, [region], /*    */ "ttttttt+"),
        Line(.reinstateOutlet, [], /*       */ "ttttttt+"),
        Line(.assessTraining, [], /*        */ "tttttt++"),
        Line(.checkSite, [region], /*       */ "ttt+pp+t"),
        Line(.handleIncident, [], /*        */ "tttttt+t"),
        Line(.submitForm, [], /*            */ "++++++++"),
        Line(.reassignCase, [store], /*     */ "+pp+pp+t"),
        Line(.declareCrisis, [], /*         */ "++++++++"),
        Line(.correctContact, [store], /*   */ "+pp+pp+t"),
        Line(.reportProblem, [], /*         */ "++++++++"),
        Line(.decideReplacement, [], /*     */ "ttttttt+"),
        Line(.evaluateOutlet, [region], /*  */ "ttt+pp+t"),
        Line(.recommendWithdrawal, [region], "ttt+pp+t"),
    ]

    private func cells(_ line: Line, _ policy: PolicyBook) -> String {
        String(
            Self.people.map { person -> Character in
                switch policy.rejection(of: person, line.act, at: line.places)?.reason {
                case nil: "+"
                case "wrong-tier"?: "t"
                case "wrong-place"?: "p"
                default: "?"
                }
            })
    }

    @Test(arguments: lines)
    func `a cell of the table for each act and person`(line: Line) throws {
        #expect(cells(line, try CaseFixtures.policy()) == line.cells)
    }

    @Test func `every act has a line, and every tier somebody who may not be any`() {
        #expect(Set(Self.lines.map(\.act)) == Set(Act.allCases))
        for act in Act.allCases { #expect(!act.row.tiers.isEmpty && act.row.tiers == act.row.tiers.sorted()) }
    }

    @Test func `a refusal tells what is needed and what was given`() throws {
        let policy = try CaseFixtures.policy()
        let tier = policy.rejection(of: Self.people[0], .resolve, at: [Self.region])
        #expect(tier?.figures == ["act": "case.resolved", "tier": "store", "needed": ["region", "hq"]])
        let place = policy.rejection(of: Self.people[4], .resolve, at: [Self.store])
        #expect(
            place?.figures == [
                "act": "case.resolved", "tier": "region", "regionId": "R2", "needed": ["S1", "R1", "hq"],
            ])
        let nowhere = policy.rejection(of: Self.people[3], .checkSite, at: [])
        #expect(
            nowhere?.figures == ["act": "outlet.site-checked", "tier": "region", "regionId": "R1", "needed": ["hq"]])
    }

    @Test func `the policy names other tiers, and no other places`() throws {
        let policy = PolicyBook(
            version: "test",
            authority: AuthorityPolicy([.verifyViolation: [.region, .hq], .reportWeek: [.store, .hq]]),
            organisation: try CaseFixtures.organisation(), calendar: try CaseFixtures.calendar())
        #expect(cells(Line(.verifyViolation, [], ""), policy) == "ttt++++t")
        #expect(cells(Line(.reportWeek, [Self.store], ""), policy) == "+ppttttt", "headquarters is no store")
        #expect(cells(Line(.decidePenalty, [], ""), policy) == "ttttttt+", "what is not named stays")
    }

    @Test func `switched off, it asks nobody, but where another rule names the tier`() throws {
        let policy = try CaseFixtures.policy(off: [.r48])
        for line in Self.lines {
            #expect(cells(line, policy) == (line.act.row.isAskedAlways ? line.cells : "++++++++"), "\(line.act)")
        }
        let asked = Set(Act.allCases.filter(\.row.isAskedAlways))
        #expect(
            asked == [
                .askForEscalation, .decidePenalty, .decideAppeal, .reinstateOutlet, .handleIncident, .eraseCustomer,
                .reassignCase, .decideReplacement,
            ])
    }
}
