import Policy
import Schema
import Testing

struct PolicyFileTests {
    @Test func `the default folder is taken without a warning, and writes out the defaults`() throws {
        let book = try PolicyFolder.book()
        #expect(book.version == "4")
        #expect(book.rules == RuleSwitches())
        #expect(book.time == TimePolicy())
        #expect(book.intake == IntakePolicy())
        #expect(book.routing == RoutingPolicy())
        #expect(book.handling == HandlingPolicy())
        #expect(book.callback == CallbackPolicy())
        #expect(book.reports == ReportsPolicy())
        for act in Act.allCases { #expect(book.authority.tiers(of: act) == act.row.tiers) }
        for count in 0...20 {
            #expect(book.penalty.ladders.monthly.rung(for: count)?.rung == Ladders().monthly.rung(for: count)?.rung)
            #expect(
                book.penalty.ladders.cumulative.rung(for: count)?.rung == Ladders().cumulative.rung(for: count)?.rung)
        }
        var penalty = book.penalty
        penalty.ladders = Ladders()
        #expect(penalty == PenaltyPolicy())
        #expect(book.warnings == [])
    }

    @Test func `the default file names every parameter`() throws {
        let text = try PolicyFolder.text("policy.yaml")
        let parts: [Any] = [
            TimePolicy(), IntakePolicy(), RoutingPolicy(), HandlingPolicy(), CallbackPolicy(), PenaltyPolicy(),
            ReportsPolicy(),
        ]
        for part in parts {
            for child in Mirror(reflecting: part).children {
                let name = try #require(child.label)
                #expect(text.contains("\(name):"), "\(name)")
            }
        }
    }

    @Test func `the numbers of the domain`() {
        #expect(IntakePolicy().duplicateWindowDays == 7)
        #expect(RoutingPolicy().majorClaimFen == 500_000)
        #expect(RoutingPolicy().storeTermDays == 2)
        #expect(RoutingPolicy().regionTermDays == 3)
        #expect(RoutingPolicy().hqTermDays == 5)
        #expect(HandlingPolicy().storeCapFen == 50_000)
        #expect(HandlingPolicy().regionCapFen == 200_000)
        #expect(CallbackPolicy().serviceSecondToDays == 14)
        #expect(PenaltyPolicy().trainingPassPercent == 80)
        #expect(PenaltyPolicy().strictConsecutive == false)
        #expect(ReportsPolicy().satisfactionPercent == 98)
    }

    @Test func `a key that is left out has its default, and the others their value`() throws {
        let policy = """
            version: 2026-11
            intake: {clusterPhones: 5}
            penalty:
              strictConsecutive: on
            callback:
            """
        let book = try PolicyFolder.load(policy: policy).get()
        #expect(book.version == "2026-11")
        #expect(book.intake.clusterPhones == 5)
        #expect(book.intake.clusterWindowDays == 7)
        #expect(book.penalty.strictConsecutive)
        #expect(book.callback == CallbackPolicy())
    }

    @Test func `which incidents of a manufacturer count is a list of kinds, and never empty`() throws {
        #expect(PenaltyPolicy().countedKinds == [.dissatisfied, .quality, .nonCooperation])
        func book(_ kinds: String) throws -> PolicyBook {
            try PolicyFolder.load(policy: "version: t\npenalty:\n  countedKinds: \(kinds)").get()
        }
        #expect(try book("[non-cooperation, dissatisfied]").penalty.countedKinds == [.dissatisfied, .nonCooperation])
        #expect(try book("").penalty.countedKinds.count == 3)
        let kinds = "dissatisfied, quality, non-cooperation"
        expectFaults(
            PolicyFolder.faults(policy: "version: t\npenalty:\n  countedKinds: []"),
            [
                "policy.yaml:3: penalty.countedKinds names no kind, so nothing would ever count; allowed: one or more of "
                    + "\(kinds), or rule R18 off"
            ])
        expectFaults(
            PolicyFolder.faults(policy: "version: t\npenalty:\n  countedKinds: [late]\n  replacementIncidents: 101"),
            [
                "policy.yaml:3: penalty.countedKinds[1] is `late`; allowed: \(kinds)",
                "policy.yaml:4: penalty.replacementIncidents is 101; allowed: a whole number from 1 to 100",
            ])
    }

    @Test func `the window of duplicates has a short name too`() throws {
        let book = try PolicyFolder.load(policy: "version: t\nintake: {duplicateWindow: 9}").get()
        #expect(book.intake.duplicateWindowDays == 9)
        expectFaults(
            PolicyFolder.faults(policy: "version: t\nintake:\n  duplicateWindow: 9\n  duplicateWindowDays: 8"),
            ["policy.yaml:3: intake.duplicateWindow is another name of duplicateWindowDays, which is given too"])
    }

    @Test func `every fault of the policy comes at once, with its line`() {
        let policy = """
            rules: {R04: maybe, R99: off}
            intake:
              clusterPhones: 1
              clusterWindowDays: "7"
              clusterSize: 3
            routing:
              storeTermDays: -2
              regionTermDays: 2.5
              hqTermDays:
              replyWorkingDays: 010
              majorClaimFen: [1]
            handling: 5
            calback: {}
            """
        expectFaults(
            PolicyFolder.faults(policy: policy),
            [
                "policy.yaml:1: the file lacks `version`",
                "policy.yaml:1: rules.R04 is `maybe`; allowed: on or off",
                "policy.yaml:1: rules.R99 is not a known key; allowed: R01 to R52 without R32 and R37, R54, R55, or R04-hazard",
                "policy.yaml:3: intake.clusterPhones is 1; allowed: a whole number from 2 to 100",
                "policy.yaml:4: intake.clusterWindowDays is the quoted text \"7\"; allowed: a whole number from 1",
                "policy.yaml:5: intake.clusterSize is not a known key; allowed: duplicateWindowDays, clusterPhones",
                "policy.yaml:7: routing.storeTermDays is -2; allowed: a whole number from 1 to 3660",
                "policy.yaml:8: routing.regionTermDays is `2.5`",
                "policy.yaml:9: routing.hqTermDays is empty",
                "policy.yaml:10: routing.replyWorkingDays is `010`",
                "policy.yaml:11: routing.majorClaimFen is a list",
                "policy.yaml:12: handling is `5`; allowed: `key: value` lines, indented",
                "policy.yaml:13: calback is not a known key; allowed: version, rules, time, intake, routing",
            ]
        )
    }

    @Test func `repeated keys are faults, and the rest is still read`() {
        let policy = """
            version: t
            intake:
              clusterPhones: 3
              clusterPhones: 4
              "clusterPhones": 5
            routing: {storeTermDays: 0, storeTermDays: 2}
            intake: {clusterPhones: 1}
            """
        expectFaults(
            PolicyFolder.faults(policy: policy),
            [
                "policy.yaml:6: routing.storeTermDays is given twice, first on line 6",
                "policy.yaml:7: intake is given twice, first on line 2",
                "policy.yaml:7: intake.clusterPhones is 1",
            ]
        )
        expectFaults(
            PolicyFolder.faults(policy: "version: t\nintake:\n  clusterPhones: 3\n  clusterPhones: 4\n"),
            ["policy.yaml:4: intake.clusterPhones is given twice, first on line 3"])
    }

    @Test func `caps, windows and limits must be ordered`() {
        let policy = """
            version: t
            handling:
              regionCapFen: 40000
            callback:
              serviceFirstFromDays: 8
            reports:
              repeatRepairTargetPercent: 4
            """
        expectFaults(
            PolicyFolder.faults(policy: policy),
            [
                "policy.yaml:3: handling.regionCapFen makes storeCapFen 50000 greater than regionCapFen 40000",
                "policy.yaml:5: callback.serviceFirstFromDays makes serviceFirstFromDays 8 greater than",
                "policy.yaml:7: reports.repeatRepairTargetPercent makes",
            ]
        )
    }

    @Test func `the weights of the survey add up to a hundred`() throws {
        expectFaults(
            PolicyFolder.faults(policy: "version: t\nreports:\n  surveyWeights: {reliability: 30}"),
            ["policy.yaml:3: reports.surveyWeights adds up to 110"])
        let policy = "version: t\nreports:\n  surveyWeights: {reliability: 30, recovery: 10}"
        let weights = try PolicyFolder.load(policy: policy).get().reports.surveyWeights
        #expect(weights[.reliability] == 30)
        #expect(SurveyAnswer.Criterion.allCases.map { weights[$0] }.reduce(0, +) == 100)
    }

    @Test func `categories weigh 1 to 9, and 1 where nothing is said; a grave violation has a rung`() throws {
        let policy = """
            version: w
            penalty:
              graveRung: withdrawal
              weights: {gas-leak: 9, 上门迟到: 1}
            """
        let penalty = try PolicyFolder.load(policy: policy).get().penalty
        #expect(penalty.graveRung == .withdrawal && penalty.verificationWorkingDays == 5)
        #expect(penalty.weights["gas-leak"] == 9 && penalty.weights["上门迟到"] == 1 && penalty.weights["other"] == 1)
        for text in ["weights: {a: 0}", "weights: {a: 10}", "weights: {a: x}", "graveRung: x"] {
            let faults = PolicyFolder.faults(policy: "version: w\npenalty:\n  \(text)\n")
            #expect(faults.count == 1 && faults.first?.hasPrefix("policy.yaml:3: penalty.") == true, "\(faults)")
        }
    }

    @Test func `what is no YAML mapping is refused with its line`() {
        expectFaults(PolicyFolder.faults(policy: "version: t\n\tintake: 1"), ["policy.yaml:2: the file is not YAML"])
        expectFaults(PolicyFolder.faults(policy: "a: [1\nb: 2"), ["policy.yaml:2: the file is not YAML"])
        expectFaults(PolicyFolder.faults(policy: "- version"), ["policy.yaml:1: the file is no mapping"])
        expectFaults(PolicyFolder.faults(policy: "version: t\n---\nversion: u"), ["policy.yaml:2: the file is not"])
        expectFaults(PolicyFolder.faults(policy: "version: \u{0}"), ["policy.yaml: the file cannot be read"])
        expectFaults(PolicyFolder.faults(policy: "version: *a"), ["policy.yaml:1: the file uses an alias"])
        expectFaults(PolicyFolder.faults(policy: "[a, b]: 1\nversion: t"), ["policy.yaml:1: the file has a key"])
        for empty in ["", "# only a comment\n", "---\n", "~"] where PolicyFolder.faults(policy: empty).isEmpty {
            Issue.record("an empty policy was taken")
        }
    }

    @Test func `a version that is too long is refused`() {
        expectFaults(
            PolicyFolder.faults(policy: "version: " + String(repeating: "v", count: 65)),
            ["policy.yaml:1: version is longer than 64 characters"])
    }

    @Test func `the faults of all three files come together, in their order`() {
        expectFaults(
            PolicyFolder.faults(policy: "x: 1\nversion: t", organisation: "hq: {}", calendar: "date\n"),
            [
                "policy.yaml:1: x is not a known key", "organisation.yaml:1: hq lacks `duty`",
                "calendar.csv:1: the first row is `date`",
            ])
    }

    @Test func `more repeated keys than anyone writes by hand end the reading`() {
        let policy = "version: t\n" + (0..<60).map { "k\($0): {a: 1, a: 2}\n" }.joined()
        let faults = PolicyFolder.faults(policy: policy)
        #expect(faults.count == 1)
        #expect(faults.first?.hasSuffix("`a` is given more than once; allowed: each key once") == true)
    }

    @Test func `a large file is not parsed again for each repeated key`() {
        let repeated = "version: t\nversion: u\n"
        let space = String(repeating: "#\n", count: 1 << 19)
        expectFaults(PolicyFolder.faults(policy: repeated), ["policy.yaml:2: version is given twice, first on line 1"])
        expectFaults(
            PolicyFolder.faults(policy: repeated + space),
            ["policy.yaml:1: `version` is given more than once; allowed: each key once"])
    }
}

struct RuleSwitchesTests {
    @Test func `every rule is on until it is switched off`() {
        let rules = RuleSwitches()
        #expect(Rule.allCases.allSatisfy { rules.isOn($0) })
        #expect(RulePart.allCases.allSatisfy { rules.isOn($0) })
        #expect(Rule.allCases.count == 52)
    }

    @Test func `a part can be off while its rule is on`() throws {
        let rules = try PolicyFolder.load(policy: "version: t\nrules: {R04-cluster: off, R05: on}").get().rules
        #expect(rules.isOn(.r04))
        #expect(!rules.isOn(.majorByCluster))
        #expect(!rules.isOn("R04-cluster"))
        #expect(rules.isOn("R04-claim"))
        #expect(rules.isOn("R05"))
        #expect(rules.off == ["R04-cluster"])
    }

    @Test func `a rule that is off takes its parts along`() throws {
        let rules = try PolicyFolder.load(policy: "version: t\nrules: {R04: off, R43: false}").get().rules
        #expect(!rules.isOn(.r04))
        #expect(!rules.isOn(.majorByClaim))
        #expect(!rules.isOn("R04-cluster"))
        #expect(!rules.isOn("R43"))
        #expect(rules.isOn(.r05))
        #expect(rules.off == ["R04", "R43"])
    }

    @Test func `each rule and part can be switched off by its name`() throws {
        for name in Rule.allCases.map({ $0.rawValue }) + RulePart.allCases.map({ $0.rawValue }) {
            let rules = try PolicyFolder.load(policy: "version: t\nrules: {\(name): off}").get().rules
            #expect(!rules.isOn(name))
            #expect(rules.off == [name])
        }
    }

    @Test func `tiers move up one at a time to headquarters`() {
        #expect(Tier.store.next == .region)
        #expect(Tier.region.next == .hq)
        #expect(Tier.hq.next == nil)
        #expect(Tier.business.next == nil)
        #expect(HandlerTier.allCases.map { Tier($0) } == [.store, .region, .hq])
        #expect(Tier.allCases.map { $0.handler } == [.store, .region, .hq, nil])
        #expect(Tier.allCases.shuffled().sorted() == [.store, .region, .hq, .business])
    }
}
