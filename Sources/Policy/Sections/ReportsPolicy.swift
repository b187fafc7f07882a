import Schema

/// Section `reports` of the policy: when reports appear, and by which figures they judge.
package struct ReportsPolicy: Hashable, Sendable {
    /// A rate is judged only from this many cases up.
    package var minimumCases = 20
    /// R33: the working day of the next month on which monthly reports appear.
    package var monthlyWorkingDay = 5
    /// R33: the hour at which they appear.
    package var reportHour = 18
    /// R10: percent of the tasks whose window ended that must be done.
    package var callbackRatePercent = 100
    /// R31: percent of customers served in warranty who must be reached.
    package var warrantyContactPercent = 100
    /// R31: percent of customers of closed cases who must be reached.
    package var caseClosedContactPercent = 100
    /// R31: percent of known answers that must be satisfied.
    package var satisfactionPercent = 98
    /// R30: customer satisfaction index that is shown beside, in percent.
    package var csiPercent = 93
    /// R39: days (of 24 h) within which another repair of the same serial is a repeat.
    package var repeatRepairDays = 30
    /// R39: percent of repeat repairs that may not be exceeded.
    package var repeatRepairLimitPercent = 3
    /// R30: percent below which repeat repairs should lie.
    package var repeatRepairTargetPercent = 2
    /// R40: hours from receipt within which a case must be accepted or its customer contacted.
    package var responseHours = 24
    /// What each criterion of the service-quality gap weighs. The sum is 100.
    package var surveyWeights = SurveyWeights()

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(&minimumCases, "minimumCases", Bounds.count)
        section.read(&monthlyWorkingDay, "monthlyWorkingDay", Bounds.workingDayOfMonth)
        section.read(&reportHour, "reportHour", Bounds.endHour)
        section.read(&callbackRatePercent, "callbackRatePercent", Bounds.percent)
        section.read(&warrantyContactPercent, "warrantyContactPercent", Bounds.percent)
        section.read(&caseClosedContactPercent, "caseClosedContactPercent", Bounds.percent)
        section.read(&satisfactionPercent, "satisfactionPercent", Bounds.percent)
        section.read(&csiPercent, "csiPercent", Bounds.percent)
        section.read(&repeatRepairDays, "repeatRepairDays", Bounds.positiveDays)
        section.read(&repeatRepairLimitPercent, "repeatRepairLimitPercent", Bounds.percent)
        section.read(&repeatRepairTargetPercent, "repeatRepairTargetPercent", Bounds.percent)
        section.ordered(
            "repeatRepairTargetPercent", repeatRepairTargetPercent,
            atMost: "repeatRepairLimitPercent", repeatRepairLimitPercent)
        section.read(&responseHours, "responseHours", 1...8760)
        if let weights = section.mapping("surveyWeights") { surveyWeights.read(weights) }
        section.finish()
    }
}

/// Weight of each criterion in percent.
package struct SurveyWeights: Hashable, Sendable {
    private var percent: [SurveyAnswer.Criterion: Int] = [
        .reliability: 20, .responsiveness: 20, .assurance: 15, .empathy: 15, .recovery: 20, .reputation: 10,
    ]

    package init() {}

    package subscript(criterion: SurveyAnswer.Criterion) -> Int { percent[criterion, default: 0] }

    mutating func read(_ section: MappingReader) {
        for criterion in SurveyAnswer.Criterion.allCases {
            section.read(&percent[criterion, default: 0], criterion.rawValue, Bounds.percent)
        }
        section.finish()
        let sum = percent.values.reduce(0, +)
        if sum != 100 {
            section.fault("adds up to \(sum)", allowed: "weights of all criteria, defaults included, of sum 100")
        }
    }
}
