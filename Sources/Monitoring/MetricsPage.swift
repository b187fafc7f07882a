/// What is made from the table and committed; `recourse metrics export` writes it.
package enum MonitoringFiles {
    /// Paths from the root of the tree, and texts.
    package static var all: [(path: String, text: String)] {
        [
            ("docs/METRICS.md", page), ("deploy/monitoring/alerts.yaml", Alert.rules),
            ("deploy/monitoring/alerts_test.yaml", Alert.tests), ("deploy/monitoring/dashboard.json", Panel.dashboard),
        ]
    }

    /// `docs/METRICS.md`.
    static var page: String {
        var lines = [
            "# Metrics", "",
            "Made from the table in `Sources/Monitoring` by `recourse metrics export .`: change that, and not this page.",
            "How to watch an installation: [Operating](OPERATING.md#monitoring).", "",
            "A worker that has a [listener](OPERATING.md#monitoring) tells these at `/metrics`. Counters begin at 0 with the",
            "process. Every sample has the label `stage`: \(Metric.Label.stage.meaning). No label ever holds an id, a person",
            "or the text of an error.", "",
            "| metric | type | unit | labels | what | told by | alerts | dashboard |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += Metric.all.map { metric in
            let cells = [
                "`\(metric.name)`", metric.kind.rawValue, metric.unit?.rawValue ?? "",
                metric.labels.map { "`\($0.name)`" }.joined(separator: ", "), metric.help, metric.teller.rawValue,
                metric.alerts.map { "[\($0.name)](#\($0.name.lowercased()))" }.joined(separator: ", "),
                metric.rows.map(\.rawValue).joined(separator: ", "),
            ]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        lines += ["", "## Labels", "", "| label | of | values |", "|---|---|---|"]
        for metric in Metric.all {
            for label in metric.labels {
                let values =
                    label.values.isEmpty ? "one at a time" : label.values.map { "`\($0)`" }.joined(separator: ", ")
                lines.append("| `\(label.name)` | `\(metric.name)` | \(values). Means: \(label.meaning) |")
            }
        }
        lines += ["", "## Buckets", "", "| histogram | upper bounds |", "|---|---|"]
        for metric in Metric.all {
            guard let scale = metric.scale else { continue }
            let bounds = scale.bounds.map { "\(Double($0) / scale.perUnit)" }.joined(separator: ", ")
            lines.append("| `\(metric.name)` | \(bounds) |")
        }
        return (lines + alerts).joined(separator: "\n") + "\n"
    }

    private static var alerts: [String] {
        let intro = [
            "", "## Alerts", "",
            "`deploy/monitoring/alerts.yaml`; `alerts_test.yaml` beside it has a scene in which each fires, and one in which it",
            "does not. `page`: call somebody; `ticket`: look at it on the next working day. Those of `rabbitmq_…` need",
            "RabbitMQ's own exporter.",
        ]
        return intro
            + Alert.all.flatMap { alert in
                let held = alert.minutes == 0 ? "at once" : "for \(alert.minutes) min"
                return [
                    "", "### \(alert.name)", "", "\(alert.severity.rawValue), \(held):", "", "```", alert.expression,
                    "```",
                    "", alert.remedy,
                ]
            }
    }
}
