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
    var retention = RetentionPolicy()
    var authority = AuthorityPolicy()
    var letters = LetterNames()

    /// Reads the file; what is absent or faulty has its default, and every fault is recorded.
    static func read(_ text: String, _ faults: FaultCollector) -> PolicySettings {
        guard let file = YAMLDocument.read(text, faults) else { return PolicySettings() }
        return read(file)
    }

    static func read(_ file: MappingReader) -> PolicySettings {
        var settings = PolicySettings()
        let versionRule = "a text of at most 64 characters that changes with the policy"
        if let version = file.text("version", required: true, allowed: versionRule, versionRule) {
            if version.unicodeScalars.count > 64 {
                file.fault("is longer than 64 characters", key: "version", allowed: versionRule)
            }
            settings.version = version
        }
        if let section = file.mapping("rules", "Rules and parts of rules that are switched off") {
            settings.rules = RuleSwitches.read(section)
        }
        if let section = file.mapping("time", "Numbers that every stage shares") { settings.time.read(section) }
        if let section = file.mapping("intake", "What counts as the same matter, and what as a cluster") {
            settings.intake.read(section)
        }
        if let section = file.mapping("routing", "What makes a case major, and how long each tier has") {
            settings.routing.read(section)
        }
        if let section = file.mapping("handling", "Advances from the after-sales fund, and what is owed after each") {
            settings.handling.read(section, checked: settings.rules.isOn(.r44))
        }
        if let section = file.mapping("callback", "Windows and attempts of follow-up calls") {
            settings.callback.read(section)
        }
        settings.readPenalty(file)
        if let section = file.mapping("reports", "When reports appear, and by which figures they judge") {
            settings.reports.read(section)
        }
        if let section = file.mapping("retention", "How long what is personal is kept") {
            settings.retention.read(section)
        }
        if let section = file.mapping("authority", "R48: whose people may do what, by the event that tells of it") {
            settings.authority.read(section)
        }
        if let section = file.mapping("letters", "How letters call what is known by a code or an id") {
            settings.letters = LetterNames.read(section)
        }
        file.finish()
        return settings
    }

    /// The ladders stand at the top of the file or in section `penalty`, not in both.
    private mutating func readPenalty(_ file: MappingReader) {
        let checked = rules.isOn(.r44)
        let ladders = file.mapping("ladders", "R12, R13, R44: the penalty ladders")
        if let ladders { penalty.ladders.read(ladders, checked: checked) }
        guard let section = file.mapping("penalty", "Supervision of outlets and manufacturers") else { return }
        penalty.read(section)
        if let inner = section.mapping("ladders", "The ladders, unless they stand at the top of the file") {
            if ladders == nil || file.outline != nil {
                penalty.ladders.read(inner, checked: checked)
            } else {
                inner.fault("is given at the top of the file too", allowed: "one of them")
            }
        }
        section.finish()
    }
}
