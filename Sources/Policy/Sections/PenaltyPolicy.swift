/// Section `penalty` of the policy: supervision of outlets and manufacturers.
package struct PenaltyPolicy: Hashable, Sendable {
    /// R12, R13: the ladders; in the file `ladders` stands at the top, or in this section.
    package var ladders = Ladders()
    /// R35: the hour by which a store's weekly report is due, on Monday or the next working day.
    package var weeklyReportDueHour = 10
    /// R11: working days after the reports' due date on which the week is evaluated.
    package var evaluationWorkingDays = 1
    /// R11: the hour of every evaluation: of the week, the month and the quarter's training.
    package var evaluationHour = 18
    /// R11: the working day of the next month on which a month closes.
    package var monthCloseWorkingDay = 5
    /// R11: working days that the business division has to decide a proposal.
    package var decisionWorkingDays = 2
    /// Days (of 24 h) that a warning lasts at least, if its ladder's period ends before.
    package var warningMinDays = 30
    /// Days (of 24 h) of a rectification, and of a new one after a stop was rejected.
    package var rectificationDays = 15
    /// Working days from a notice within which the outlet may appeal.
    package var appealWorkingDays = 5
    /// R15: percent of the assessed who must have passed.
    package var trainingPassPercent = 80
    /// R15: the working day after the quarter on which its training is judged.
    package var trainingJudgeWorkingDay = 5
    /// R16: failed quarters in a row that stop the outlet's work.
    package var trainingFailuresInRow = 3
    /// R16: days (of 24 h) within which a retest must be passed.
    package var retestDays = 30
    /// R17: working days within which headquarters must have handled an incident of a manufacturer.
    package var manufacturerIncidentWorkingDays = 3
    /// R18: incidents of one manufacturer in a calendar quarter upon which a new service provider is demanded.
    package var replacementIncidents = 3
    /// R18: whether a satisfied callback in between starts the count again.
    package var strictConsecutive = false
    /// R38: days (of 24 h) after a service within which its feedback form is due.
    package var feedbackFormDays = 10

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(&weeklyReportDueHour, "weeklyReportDueHour", Bounds.hour)
        section.read(&evaluationWorkingDays, "evaluationWorkingDays", Bounds.workingDayOfMonth)
        section.read(&evaluationHour, "evaluationHour", Bounds.endHour)
        section.read(&monthCloseWorkingDay, "monthCloseWorkingDay", Bounds.workingDayOfMonth)
        section.read(&decisionWorkingDays, "decisionWorkingDays", Bounds.workingDays)
        section.read(&warningMinDays, "warningMinDays", Bounds.days)
        section.read(&rectificationDays, "rectificationDays", Bounds.positiveDays)
        section.read(&appealWorkingDays, "appealWorkingDays", Bounds.workingDays)
        section.read(&trainingPassPercent, "trainingPassPercent", Bounds.percent)
        section.read(&trainingJudgeWorkingDay, "trainingJudgeWorkingDay", Bounds.workingDayOfMonth)
        section.read(&trainingFailuresInRow, "trainingFailuresInRow", 1...100)
        section.read(&retestDays, "retestDays", Bounds.positiveDays)
        section.read(&manufacturerIncidentWorkingDays, "manufacturerIncidentWorkingDays", Bounds.workingDays)
        section.read(&replacementIncidents, "replacementIncidents", Bounds.count)
        section.read(&strictConsecutive, "strictConsecutive")
        section.read(&feedbackFormDays, "feedbackFormDays", Bounds.positiveDays)
    }
}
