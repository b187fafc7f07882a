/// An alert rule for Prometheus, with what to do and two scenes that test it.
package struct Alert: Sendable, Hashable {
    package enum Severity: String, Sendable {
        /// Somebody is called.
        case page
        /// Somebody looks at it on the next working day.
        case ticket
    }

    /// Samples, one a minute, and when the rule is looked at.
    package struct Scene: Sendable, Hashable {
        package struct Series: Sendable, Hashable {
            package let name: String
            /// In the notation of `promtool test rules`.
            package let values: String
        }

        package let series: [Series]
        package let minutes: Int

        /// A series and its values, `name{label="x"} 0+1x30`.
        init(at minutes: Int = 30, _ lines: String...) {
            self.minutes = minutes
            series = lines.map { line in
                let end = line.lastIndex(of: " ") ?? line.endIndex
                return Series(name: String(line[..<end]), values: String(line[end...].drop { $0 == " " }))
            }
        }
    }

    package let name: String
    package let expression: String
    /// For how long it must hold.
    package let minutes: Int
    package let severity: Severity
    /// What is the matter; may name labels, `{{ $labels.stage }}`.
    package let summary: String
    /// What to do.
    package let remedy: String
    package let firing: Scene
    package let silent: Scene
    /// What the alert of `firing` carries besides its severity, by name.
    package let labels: [String: String]

    init(
        _ name: String, _ severity: Severity, for minutes: Int, _ expression: String, _ summary: String,
        remedy: String, firing: Scene, labels: [String: String] = [:], silent: Scene
    ) {
        (self.name, self.severity, self.minutes, self.expression) = (name, severity, minutes, expression)
        (self.summary, self.remedy) = (summary, remedy)
        (self.firing, self.labels, self.silent) = (firing, labels, silent)
    }

    /// The summary as Prometheus fills it in.
    var toldSummary: String {
        labels.reduce(summary) { text, label in
            text.split(separator: "{{ $labels.\(label.key) }}", omittingEmptySubsequences: false)
                .joined(separator: label.value)
        }
    }
}
