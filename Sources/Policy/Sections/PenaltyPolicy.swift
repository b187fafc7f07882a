import Schema

/// Section `penalty` of the policy: supervision of outlets and manufacturers.
package struct PenaltyPolicy: Hashable, Sendable {
    /// R12, R13: the ladders; in the file `ladders` stands at the top, or in this section.
    package var ladders = Ladders()
    package var weeklyReportDueHour = 10
    package var evaluationWorkingDays = 1
    package var evaluationHour = 18
    package var monthCloseWorkingDay = 5
    package var decisionWorkingDays = 2
    package var warningMinDays = 30
    package var rectificationDays = 15
    package var appealWorkingDays = 5
    package var trainingPassPercent = 80
    package var trainingJudgeWorkingDay = 5
    package var trainingFailuresInRow = 3
    package var retestDays = 30
    package var manufacturerIncidentWorkingDays = 3
    package var replacementIncidents = 3
    package var strictConsecutive = false
    /// R18: which incidents count; never empty.
    package var countedKinds = ManufacturerIncidentRecorded.Kind.allCases
    package var feedbackFormDays = 10
    package var verificationWorkingDays = 5
    package var graveRung = Rung.stopDispatch
    package var weights = CategoryWeights()

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(
            &weeklyReportDueHour, "weeklyReportDueHour", Bounds.hour,
            "R35: the hour by which a store's weekly report is due, on Monday or the next working day")
        section.read(
            &evaluationWorkingDays, "evaluationWorkingDays", Bounds.workingDayOfMonth,
            "R11: working days after the reports' due date on which the week is evaluated")
        section.read(
            &evaluationHour, "evaluationHour", Bounds.endHour,
            "R11: the hour of every evaluation: of the week, the month and the quarter's training")
        section.read(
            &monthCloseWorkingDay, "monthCloseWorkingDay", Bounds.workingDayOfMonth,
            "R11: the working day of the next month on which a month closes")
        section.read(
            &decisionWorkingDays, "decisionWorkingDays", Bounds.workingDays,
            "R11: working days that the business division has to decide a proposal")
        section.read(
            &warningMinDays, "warningMinDays", Bounds.days,
            "R12: days (of 24 h) that a warning lasts at least, if its ladder's period ends before")
        section.read(
            &rectificationDays, "rectificationDays", Bounds.positiveDays,
            "R12: days (of 24 h) of a rectification, and of a new one after a stop was rejected")
        section.read(
            &appealWorkingDays, "appealWorkingDays", Bounds.workingDays,
            "R12: working days from a notice within which the outlet may appeal")
        section.read(
            &trainingPassPercent, "trainingPassPercent", Bounds.percent,
            "R15: percent of the assessed who must have passed")
        section.read(
            &trainingJudgeWorkingDay, "trainingJudgeWorkingDay", Bounds.workingDayOfMonth,
            "R15: the working day after the quarter on which its training is judged")
        section.read(
            &trainingFailuresInRow, "trainingFailuresInRow", 1...100,
            "R16: failed quarters in a row that stop the outlet's work")
        section.read(
            &retestDays, "retestDays", Bounds.positiveDays,
            "R16: days (of 24 h) within which a retest must be passed")
        section.read(
            &manufacturerIncidentWorkingDays, "manufacturerIncidentWorkingDays", Bounds.workingDays,
            "R17: working days within which headquarters must have handled an incident of a manufacturer")
        section.read(
            &replacementIncidents, "replacementIncidents", 1...100,
            "R18: upheld incidents of one manufacturer in a calendar quarter upon which a new service provider is asked for"
        )
        section.read(
            &strictConsecutive, "strictConsecutive",
            "R18: whether a satisfied callback in between starts the count again")
        readCountedKinds(section)
        section.read(
            &feedbackFormDays, "feedbackFormDays", Bounds.positiveDays,
            "R38: days (of 24 h) after a service within which its feedback form is due")
        section.read(
            &verificationWorkingDays, "verificationWorkingDays", Bounds.workingDays,
            "R47: working days within which headquarters must have verified a violation after it was recorded")
        let about = "R46: what is proposed for one violation with injury or fire"
        if let rung = section.choice("graveRung", of: Rung.self, about) { graveRung = rung }
        let weights = section.mapping("weights", "R46: how much a matter counts, by category; 1 where none is named")
        if let weights { self.weights.read(weights) }
    }

    private mutating func readCountedKinds(_ section: MappingReader) {
        let kinds = ManufacturerIncidentRecorded.Kind.allCases
        let names = kinds.map(\.rawValue)
        let before = section.faults.faults.count
        let words = section.texts(
            "countedKinds", allowed: names.joined(separator: ", "), of: .choice(names),
            "R18: the kinds of incident that count; by default all", where: { names.contains($0) })
        guard let words else { return }
        if words.isEmpty, section.faults.faults.count == before {
            section.fault(
                "names no kind, so nothing would ever count", key: "countedKinds",
                allowed: "one or more of \(names.joined(separator: ", ")), or rule R18 off")
        }
        countedKinds = kinds.filter { kind in words.contains { $0.text == kind.rawValue } }
    }
}

/// How much a matter of a category counts on the ladders (R46): 1 unless the policy says otherwise.
package struct CategoryWeights: Hashable, Sendable {
    package static let bounds = 1...9

    private var changed: [String: Int]

    package init(_ changed: [String: Int] = [:]) {
        self.changed = changed
    }

    package subscript(category: String) -> Int { changed[category] ?? 1 }

    mutating func read(_ section: MappingReader) {
        for (category, weight) in section.integers(CategoryWeights.bounds) { changed[category] = weight }
    }
}
