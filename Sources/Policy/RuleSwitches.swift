/// The rules of the domain. What each says is written beside the parameters that belong to it.
///
/// R32 and R37 do not exist. R03 and R23 are two sources of one rule.
package enum Rule: String, Hashable, Sendable, CaseIterable, Codable {
    case r01 = "R01", r02 = "R02", r03 = "R03", r04 = "R04", r05 = "R05", r06 = "R06", r07 = "R07", r08 = "R08"
    case r09 = "R09", r10 = "R10", r11 = "R11", r12 = "R12", r13 = "R13", r14 = "R14", r15 = "R15", r16 = "R16"
    case r17 = "R17", r18 = "R18", r19 = "R19", r20 = "R20", r21 = "R21", r22 = "R22", r23 = "R23", r24 = "R24"
    case r25 = "R25", r26 = "R26", r27 = "R27", r28 = "R28", r29 = "R29", r30 = "R30", r31 = "R31", r33 = "R33"
    case r34 = "R34", r35 = "R35", r36 = "R36", r38 = "R38", r39 = "R39", r40 = "R40", r41 = "R41", r42 = "R42"
    case r43 = "R43", r44 = "R44", r45 = "R45", r46 = "R46", r47 = "R47", r48 = "R48", r49 = "R49", r50 = "R50"
    case r51 = "R51", r52 = "R52", r54 = "R54", r55 = "R55"
}

/// A part of a rule that can be switched off while the rest of it stays on.
package enum RulePart: String, Hashable, Sendable, CaseIterable, Codable {
    case majorByHazard = "R04-hazard"
    case majorByAuthority = "R04-authority"
    case majorByClaim = "R04-claim"
    case majorByCluster = "R04-cluster"
    case incidentReport = "R08-report"
    case liabilityOpinion = "R08-opinion"
    case liabilityApproval = "R08-approval"
    case recovery = "R08-recovery"
    case wrongNumber = "R10-wrong-number"

    /// The rule to which the part belongs.
    package var rule: Rule {
        switch self {
        case .majorByHazard, .majorByAuthority, .majorByClaim, .majorByCluster: .r04
        case .incidentReport, .liabilityOpinion, .liabilityApproval, .recovery: .r08
        case .wrongNumber: .r10
        }
    }
}

/// Which rules are on. All are, unless `rules: {R04: off}` or `rules: {R04-cluster: off}` says otherwise.
///
/// A rule decides by the switch at the time of its input. Off at an event, it begins no term; off when a term ends, it
/// decides nothing: the term passes silently, also for a time when the rule is on again. What merely hands a matter on or
/// ends an effect (a pending request goes to headquarters, a rectification has failed) does so whatever the switches,
/// because nothing else would end it.
package struct RuleSwitches: Hashable, Sendable {
    private let offRules: Set<Rule>
    private let offParts: Set<RulePart>

    package init(off rules: Set<Rule> = [], offParts: Set<RulePart> = []) {
        self.offRules = rules
        self.offParts = offParts
    }

    package func isOn(_ rule: Rule) -> Bool { !offRules.contains(rule) }

    /// A part is on if neither it nor its rule is switched off.
    package func isOn(_ part: RulePart) -> Bool { !offParts.contains(part) && isOn(part.rule) }

    /// By the name used in the file, of a rule or of a part. A name that is neither cannot be switched off, so it
    /// is on.
    package func isOn(_ name: String) -> Bool {
        if let rule = Rule(rawValue: name) { return isOn(rule) }
        if let part = RulePart(rawValue: name) { return isOn(part) }
        return true
    }

    /// What is switched off, by name, sorted.
    package var off: [String] { (offRules.map { $0.rawValue } + offParts.map { $0.rawValue }).sorted() }

    static func read(_ section: MappingReader) -> RuleSwitches {
        var rules: Set<Rule> = []
        var parts: Set<RulePart> = []
        for rule in Rule.allCases {
            var isOn = true
            section.read(&isOn, rule.rawValue)
            if !isOn { rules.insert(rule) }
        }
        for part in RulePart.allCases {
            var isOn = true
            section.read(&isOn, part.rawValue)
            if !isOn { parts.insert(part) }
        }
        section.finish(
            allowed: "R01 to R52 without R32 and R37, R54, R55, or "
                + RulePart.allCases.map { $0.rawValue }.joined(separator: ", ")
        )
        return RuleSwitches(off: rules, offParts: parts)
    }
}
