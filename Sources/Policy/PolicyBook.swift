/// Everything that a decision may read besides its records and its input.
///
/// A policy folder holds three files: `policy.yaml` (switches and numbers of the rules), `organisation.yaml`
/// (who works where) and `calendar.csv` (holidays and make-up working days), and may hold a folder `letters` with
/// templates. They are read together and checked wholly; a book never changes, so the same input gives the same
/// decision. A class: every turn has it in hand, and its many parts need not be copied each time.
package final class PolicyBook: Sendable {
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
    package let retention: RetentionPolicy
    package let authority: AuthorityPolicy
    package let organisation: Organisation
    package let calendar: WorkCalendar
    package let letters: LetterBook
    /// The files it was read from, as a store keeps them; empty for a book made of parts.
    package let files: [PolicyFile]
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
        retention: RetentionPolicy = RetentionPolicy(),
        authority: AuthorityPolicy = AuthorityPolicy(),
        organisation: Organisation,
        calendar: WorkCalendar,
        letters: LetterBook = LetterBook(),
        files: [PolicyFile] = [],
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
        self.retention = retention
        self.authority = authority
        self.organisation = organisation
        self.calendar = calendar
        self.letters = letters
        self.files = files
        self.warnings = warnings
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
        let letters = LetterBook.read(files.letters, names: settings.letters) { collectors.append($0) }

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
                retention: settings.retention,
                authority: settings.authority,
                organisation: organisation,
                calendar: calendar,
                letters: letters,
                files: files.contents,
                warnings: collectors.flatMap { $0.warnings }
            )
        )
    }
}
