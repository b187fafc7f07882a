/// What `policy.yaml` holds.
struct PolicySettings {
    var version = ""
    var rules = RuleSwitches()
    var time = TimePolicy()
    var intake = IntakePolicy()
    var routing = RoutingPolicy()
    var handling = HandlingPolicy()
    var callback = CallbackPolicy()
    var penalty = PenaltyPolicy()
    var reports = ReportsPolicy()
    /// How letters call categories of violations, by code.
    var letterCategories: [String: [LetterLanguage: String]] = [:]

    /// Reads the file; what is absent or faulty has its default, and every fault is recorded.
    static func read(_ text: String, _ faults: FaultCollector) -> PolicySettings {
        var settings = PolicySettings()
        guard let file = YAMLDocument.read(text, faults) else { return settings }
        let versionRule = "a text of at most 64 characters that changes with the policy"
        if let version = file.text("version", required: true, allowed: versionRule) {
            if version.unicodeScalars.count > 64 {
                file.fault("is longer than 64 characters", key: "version", allowed: versionRule)
            }
            settings.version = version
        }
        if let section = file.mapping("rules") { settings.rules = RuleSwitches.read(section) }
        if let section = file.mapping("time") { settings.time.read(section) }
        if let section = file.mapping("intake") { settings.intake.read(section) }
        if let section = file.mapping("routing") { settings.routing.read(section) }
        if let section = file.mapping("handling") { settings.handling.read(section) }
        if let section = file.mapping("callback") { settings.callback.read(section) }
        settings.readPenalty(file)
        if let section = file.mapping("reports") { settings.reports.read(section) }
        if let section = file.mapping("letters") { settings.letterCategories = LetterBook.readCategories(section) }
        file.finish()
        return settings
    }

    /// The ladders stand at the top of the file or in section `penalty`, not in both.
    private mutating func readPenalty(_ file: MappingReader) {
        let checked = rules.isOn(.r44)
        let ladders = file.mapping("ladders")
        if let ladders { penalty.ladders.read(ladders, checked: checked) }
        guard let section = file.mapping("penalty") else { return }
        penalty.read(section)
        if let inner = section.mapping("ladders") {
            if ladders == nil {
                penalty.ladders.read(inner, checked: checked)
            } else {
                inner.fault("is given at the top of the file too", allowed: "one of them")
            }
        }
        section.finish()
    }
}
