/// Everything that a decision may read besides its records and its input.
///
/// A policy folder holds three files: `policy.yaml` (switches and numbers of the rules), `organisation.yaml`
/// (who works where) and `calendar.csv` (holidays and make-up working days), and may hold a folder `letters` with
/// templates. They are read once at start, checked wholly, and never change while the program runs, so the same input
/// gives the same decision.
package struct PolicyBook: Sendable {
    /// `version` of `policy.yaml`; every decision names it.
    package let version: String
    package let rules: RuleSwitches
    package let time: TimePolicy
    package let intake: IntakePolicy
    package let routing: RoutingPolicy
    package let handling: HandlingPolicy
    package let callback: CallbackPolicy
    package let penalty: PenaltyPolicy
    package let reports: ReportsPolicy
    package let organisation: Organisation
    package let calendar: WorkCalendar
    package let letters: LetterBook
    /// What is allowed but looks wrong, such as the absence of a person whom nobody names. Empty after a clean load.
    package let warnings: [PolicyFault]

    /// A book from parts that are already checked; what is left out has its default.
    package init(
        version: String,
        rules: RuleSwitches = RuleSwitches(),
        time: TimePolicy = TimePolicy(),
        intake: IntakePolicy = IntakePolicy(),
        routing: RoutingPolicy = RoutingPolicy(),
        handling: HandlingPolicy = HandlingPolicy(),
        callback: CallbackPolicy = CallbackPolicy(),
        penalty: PenaltyPolicy = PenaltyPolicy(),
        reports: ReportsPolicy = ReportsPolicy(),
        organisation: Organisation,
        calendar: WorkCalendar,
        letters: LetterBook = LetterBook(),
        warnings: [PolicyFault] = []
    ) {
        self.version = version
        self.rules = rules
        self.time = time
        self.intake = intake
        self.routing = routing
        self.handling = handling
        self.callback = callback
        self.penalty = penalty
        self.reports = reports
        self.organisation = organisation
        self.calendar = calendar
        self.letters = letters
        self.warnings = warnings
    }
}

/// The text of the files of a policy folder, and the names by which faults call them.
///
/// Reading the files is the business of the edge: this target does no I/O.
package struct PolicyFiles: Sendable {
    /// A file of the folder `letters`.
    package struct Letter: Sendable {
        /// `warning.zh.txt`
        package let name: String
        /// By which faults call it.
        package let path: String
        package let text: String

        package init(name: String, path: String? = nil, text: String) {
            self.name = name
            self.path = path ?? "letters/\(name)"
            self.text = text
        }
    }

    package let policy: String
    package let organisation: String
    package let calendar: String
    /// Those that are there, in the order in which their faults are told.
    package let letters: [Letter]
    package let policyName: String
    package let organisationName: String
    package let calendarName: String

    package init(
        policy: String,
        organisation: String,
        calendar: String,
        letters: [Letter] = [],
        policyName: String = "policy.yaml",
        organisationName: String = "organisation.yaml",
        calendarName: String = "calendar.csv"
    ) {
        self.policy = policy
        self.organisation = organisation
        self.calendar = calendar
        self.letters = letters
        self.policyName = policyName
        self.organisationName = organisationName
        self.calendarName = calendarName
    }
}

extension PolicyBook {
    /// Reads and checks a policy folder.
    ///
    /// - Parameter currentYear: the business year that the calendar must contain; nil where there is no clock,
    ///   as in a check of the files alone.
    /// - Returns: the book, or every fault of all files at once, by file and line.
    package static func load(_ files: PolicyFiles, currentYear: Int?) -> Result<PolicyBook, PolicyFaults> {
        let policyFaults = FaultCollector(file: files.policyName)
        let organisationFaults = FaultCollector(file: files.organisationName)
        let calendarFaults = FaultCollector(file: files.calendarName)

        let settings = PolicySettings.read(files.policy, policyFaults)
        let organisation = Organisation.read(files.organisation, organisationFaults)
        let calendar = WorkCalendar.read(
            files.calendar,
            workingDayEndHour: settings.time.workingDayEndHour,
            currentYear: currentYear,
            calendarFaults
        )
        var collectors = [policyFaults, organisationFaults, calendarFaults]
        let letters = LetterBook.read(files.letters, categories: settings.letterCategories) { collectors.append($0) }

        let faults = collectors.flatMap { $0.faults }
        guard faults.isEmpty else { return .failure(PolicyFaults(faults: faults)) }
        return .success(
            PolicyBook(
                version: settings.version,
                rules: settings.rules,
                time: settings.time,
                intake: settings.intake,
                routing: settings.routing,
                handling: settings.handling,
                callback: settings.callback,
                penalty: settings.penalty,
                reports: settings.reports,
                organisation: organisation,
                calendar: calendar,
                letters: letters,
                warnings: collectors.flatMap { $0.warnings }
            )
        )
    }
}
