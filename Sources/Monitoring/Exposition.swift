/// The text that Prometheus reads, in its format 0.0.4.
package struct Exposition {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var lines: [String] = []
    private let stage: String

    package init(stage: String) {
        self.stage = stage
    }

    package var text: String { lines.joined(separator: "\n") + "\n" }

    package mutating func add(_ metric: Metric, _ value: Int) { add(metric, "\(value)") }
    package mutating func add(_ metric: Metric, _ value: Double) { add(metric, "\(value)") }
    package mutating func add(_ metric: Metric, _ value: Bool) { add(metric, value ? "1" : "0") }

    /// Seconds since 1970 of an instant in microseconds; without one, 0.
    package mutating func add(_ metric: Metric, instant microseconds: Int64?) {
        add(metric, microseconds.map { "\(Double($0) / 1e6)" } ?? "0")
    }

    package mutating func add(_ metric: Metric, version: String) {
        begin(metric)
        sample(metric.name, [("version", version)], "1")
    }

    package mutating func add<Value: LabelValue>(_ metric: Metric, _ counts: CaseCounts<Value>) {
        begin(metric)
        for value in Value.allCases { sample(metric.name, [(Value.label, value.text)], "\(counts[value])") }
    }

    package mutating func add<Value: LabelValue>(_ metric: Metric, _ isTrue: [Value: Bool]) {
        begin(metric)
        for value in Value.allCases {
            guard let isTrue = isTrue[value] else { continue }
            sample(metric.name, [(Value.label, value.text)], isTrue ? "1" : "0")
        }
    }

    package mutating func add(_ metric: Metric, _ histogram: Histogram) {
        begin(metric)
        add(histogram, of: metric, [])
    }

    package mutating func add<Value: LabelValue>(_ metric: Metric, _ histograms: CaseHistograms<Value>) {
        begin(metric)
        for value in Value.allCases { add(histograms[value], of: metric, [(Value.label, value.text)]) }
    }

    private mutating func add(_ metric: Metric, _ value: String) {
        begin(metric)
        sample(metric.name, [], value)
    }

    private mutating func add(_ histogram: Histogram, of metric: Metric, _ labels: [(String, String)]) {
        for (bound, count) in histogram.buckets {
            sample(metric.name + "_bucket", labels + [("le", "\(bound)")], "\(count)")
        }
        sample(metric.name + "_bucket", labels + [("le", "+Inf")], "\(histogram.count)")
        sample(metric.name + "_sum", labels, "\(histogram.sum)")
        sample(metric.name + "_count", labels, "\(histogram.count)")
    }

    private mutating func begin(_ metric: Metric) {
        lines.append("# HELP \(metric.name) \(metric.help)")
        lines.append("# TYPE \(metric.name) \(metric.kind.rawValue)")
    }

    private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
        let all = ([("stage", stage)] + labels).map { "\($0.0)=\"\(Exposition.escaped($0.1))\"" }
        lines.append("\(name){\(all.joined(separator: ","))} \(value)")
    }

    /// A label's value between its quotation marks. Control characters, which a policy's version has no use for, are dropped.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            case "\u{0}"..."\u{1F}", "\u{7F}": break
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }
}
