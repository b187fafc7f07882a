import Schema

/// Section `reports` of the policy: when reports appear, and by which figures they judge.
package struct ReportsPolicy: Hashable, Sendable {
    package var minimumCases = 20
    package var monthlyWorkingDay = 5
    package var reportHour = 18
    package var reportMinute = 30
    package var callbackRatePercent = 100
    package var warrantyContactPercent = 100
    package var caseClosedContactPercent = 100
    package var satisfactionPercent = 98
    package var csiPercent = 93
    package var repeatRepairDays = 30
    package var repeatRepairLimitPercent = 3
    package var repeatRepairTargetPercent = 2
    package var responseHours = 24
    package var replyRatePercent = 100
    package var completenessPercent = 100
    /// What each criterion of the service-quality gap weighs. The sum is 100.
    package var surveyWeights = SurveyWeights()

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(&minimumCases, "minimumCases", Bounds.count, "A rate is judged only from this many cases up")
        section.read(
            &monthlyWorkingDay, "monthlyWorkingDay", Bounds.workingDayOfMonth,
            "R33: the working day of the next month on which monthly reports appear")
        section.read(&reportHour, "reportHour", Bounds.endHour, "R33: the hour at which they appear")
        section.read(
            &reportMinute, "reportMinute", 0...59,
            "R33: minutes after that hour, so that what penalty decides at 18:00 is in them")
        section.read(
            &callbackRatePercent, "callbackRatePercent", Bounds.percent,
            "R10: percent of the tasks whose window ended that must be done")
        section.read(
            &warrantyContactPercent, "warrantyContactPercent", Bounds.percent,
            "R31: percent of customers served in warranty who must be reached")
        section.read(
            &caseClosedContactPercent, "caseClosedContactPercent", Bounds.percent,
            "R31: percent of customers of closed cases who must be reached")
        section.read(
            &satisfactionPercent, "satisfactionPercent", Bounds.percent,
            "R31: percent of known answers that must be satisfied")
        section.read(
            &csiPercent, "csiPercent", Bounds.percent,
            "R30: customer satisfaction index that is shown beside, in percent")
        section.read(
            &repeatRepairDays, "repeatRepairDays", Bounds.positiveDays,
            "R39: days (of 24 h) within which another repair of the same serial is a repeat")
        section.read(
            &repeatRepairLimitPercent, "repeatRepairLimitPercent", Bounds.percent,
            "R39: percent of repeat repairs that may not be exceeded")
        section.read(
            &repeatRepairTargetPercent, "repeatRepairTargetPercent", Bounds.percent,
            "R30: percent below which repeat repairs should lie")
        section.ordered(
            "repeatRepairTargetPercent", repeatRepairTargetPercent,
            atMost: "repeatRepairLimitPercent", repeatRepairLimitPercent)
        section.read(
            &responseHours, "responseHours", 1...8760,
            "R40: hours from receipt within which a case must be accepted or its customer contacted")
        section.read(
            &replyRatePercent, "replyRatePercent", Bounds.percent,
            "R43: percent of the complaints that must have had their answer in time")
        section.read(
            &completenessPercent, "completenessPercent", Bounds.percent,
            "R42: percent of the closed cases whose record must be complete")
        if let weights = section.mapping("surveyWeights") { surveyWeights.read(weights) }
        section.finish()
    }
}

/// Weight of each criterion in percent.
package struct SurveyWeights: Hashable, Sendable {
    /// The six criteria of the source; those that only the contract's first edition asked for weigh nothing.
    private var percent: [SurveyAnswer.Criterion: Int] = [
        .skill: 20, .attitude: 15, .accessibility: 15, .reliability: 20, .recovery: 20, .reputation: 10,
    ]

    /// Where a policy still weighs criteria of the first edition alone, what it leaves out has its default of then.
    private static let firstEdition: [SurveyAnswer.Criterion: Int] = [
        .reliability: 20, .responsiveness: 20, .assurance: 15, .empathy: 15, .recovery: 20, .reputation: 10,
    ]

    package init() {}

    package subscript(criterion: SurveyAnswer.Criterion) -> Int { percent[criterion, default: 0] }

    mutating func read(_ section: MappingReader) {
        func names(_ criteria: [SurveyAnswer.Criterion]) -> Bool { criteria.contains { section.has($0.rawValue) } }
        if names([.responsiveness, .assurance, .empathy]), !names([.skill, .attitude, .accessibility]) {
            percent = Self.firstEdition
        }
        for criterion in SurveyAnswer.Criterion.allCases {
            var weight = self[criterion]
            section.read(&weight, criterion.rawValue, Bounds.percent)
            if weight != self[criterion] { percent[criterion] = weight }
        }
        section.finish()
        let sum = percent.values.reduce(0, +)
        if sum != 100 {
            section.fault("adds up to \(sum)", allowed: "weights of all criteria, defaults included, of sum 100")
        }
    }
}
