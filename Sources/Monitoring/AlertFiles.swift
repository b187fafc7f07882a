extension Alert {
    private static let header = [
        "# Made from the table in Sources/Monitoring by `recourse metrics export`: change that, and not this."
    ]

    /// `alerts.yaml`, for Prometheus.
    package static var rules: String {
        let rules = all.flatMap { alert in
            [
                "      - alert: \(alert.name)",
                "        expr: \(quoted(alert.expression))",
                "        for: \(alert.minutes)m",
                "        labels: {severity: \(alert.severity.rawValue)}",
                "        annotations:",
                "          summary: \(quoted(alert.summary))",
                "          remedy: \(quoted(alert.remedy))",
            ]
        }
        return text(["groups:", "  - name: recourse", "    rules:"] + rules)
    }

    /// `alerts_test.yaml`, for `promtool test rules`: of each rule a scene in which it fires and one in which it does not.
    package static var tests: String {
        let tests = all.flatMap { alert in
            alert.test(alert.firing, ["        exp_alerts:"] + alert.expectation)
                + alert.test(alert.silent, ["        exp_alerts: []"])
        }
        return text(["rule_files: [alerts.yaml]", "evaluation_interval: 1m", "tests:"] + tests)
    }

    private static func text(_ lines: [String]) -> String { (header + lines).joined(separator: "\n") + "\n" }

    private func test(_ scene: Scene, _ expected: [String]) -> [String] {
        ["  - interval: 1m", "    input_series:"]
            + scene.series.flatMap {
                ["      - series: \(Alert.quoted($0.name))", "        values: \(Alert.quoted($0.values))"]
            }
            + ["    alert_rule_test:", "      - eval_time: \(scene.minutes)m", "        alertname: \(name)"] + expected
    }

    private var expectation: [String] {
        let all = labels.merging(["severity": severity.rawValue]) { own, _ in own }.sorted { $0.key < $1.key }
        return ["          - exp_labels:"] + all.map { "              \($0.key): \(Alert.quoted($0.value))" } + [
            "            exp_annotations:", "              summary: \(Alert.quoted(toldSummary))",
            "              remedy: \(Alert.quoted(remedy))",
        ]
    }

    /// Between single quotation marks YAML knows nothing but these.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
