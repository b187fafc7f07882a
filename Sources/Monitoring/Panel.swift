/// One picture of the dashboard.
package struct Panel: Sendable, Hashable {
    /// The rows, from the top.
    package enum Row: String, Sendable, CaseIterable {
        case health = "Health"
        case flow = "Flow per stage"
        case deadLetters = "Dead letters"
        case backlog = "Outbox, timers, waiting events"
        case store = "Store"
        case process = "Processes"
    }

    package enum Kind: String, Sendable { case stat, timeseries }

    package struct Query: Sendable, Hashable {
        package let expression: String
        /// In Grafana's notation, `{{stage}}`.
        package let legend: String

        fileprivate init(_ expression: String, _ legend: String) {
            (self.expression, self.legend) = (expression, legend)
        }
    }

    package let row: Row
    package let title: String
    package let kind: Kind
    /// Grafana's word for the unit.
    package let unit: String
    package let queries: [Query]

    private init(_ row: Row, _ title: String, as kind: Kind = .timeseries, unit: String = "short", _ queries: Query...)
    {
        (self.row, self.title, self.kind, self.unit, self.queries) = (row, title, kind, unit, queries)
    }

    /// Samples of the stages that the reader has chosen.
    private static func of(_ metric: Metric, _ suffix: String = "", _ labels: String = "") -> String {
        #"\#(metric.name)\#(suffix){stage=~"$stage"\#(labels.isEmpty ? "" : "," + labels)}"#
    }

    private static func rate(_ metric: Metric, by labels: String, _ suffix: String = "", _ filter: String = "")
        -> String
    {
        "sum by (\(labels)) (rate(\(of(metric, suffix, filter))[5m]))"
    }

    private static func quantile(_ share: Double, of metric: Metric, by label: String) -> String {
        "histogram_quantile(\(share), \(rate(metric, by: "\(label), le", "_bucket")))"
    }

    package static let all = health + flow + troubles + backlog + machines

    private static let health = [
        Panel(
            .health, "Workers ready", as: .stat, Query("sum by (stage) (\(of(.ready)))", "{{stage}}"),
            Query("sum by (stage) (\(of(.draining)))", "{{stage}} stopping")),
        Panel(
            .health, "Seconds since the loop went round", unit: "s",
            Query("max by (stage) (time() - \(of(.lastLoop)))", "{{stage}}")),
        Panel(
            .health, "Connections", Query("min by (stage, connection) (\(of(.linkUp)))", "{{stage}} {{connection}}"),
            Query("max by (stage) (\(of(.blocked)))", "{{stage}} blocked"),
            Query(
                "sum by (stage, connection) (increase(\(of(.linkLosses))[5m]))", "{{stage}} {{connection}} lost")),
        Panel(
            .health, "Policies, releases, missing years", as: .stat,
            Query("count by (version) (\(of(.policy)))", "policy {{version}}"),
            Query("count by (version) (\(of(.build)))", "release {{version}}"),
            Query("max(\(of(.calendarMissing)))", "years missing in the calendar")),
    ]

    private static let flow = [
        Panel(.flow, "Received, a second", unit: "ops", Query(rate(.received, by: "stage"), "{{stage}}")),
        Panel(
            .flow, "Settled, a second", unit: "ops",
            Query(rate(.settled, by: "stage, outcome"), "{{stage}} {{outcome}}")),
        Panel(
            .flow, "Sent, a second", unit: "ops", Query(rate(.sent, by: "stage, result"), "{{stage}} {{result}}")),
        Panel(
            .flow, "From sent to decided", unit: "s",
            Query(quantile(0.5, of: .wait, by: "stage"), "{{stage}} half"),
            Query(quantile(0.95, of: .wait, by: "stage"), "{{stage}} 95 %")),
        Panel(
            .flow, "In hand, and how many may be", Query("sum by (stage) (\(of(.inHand)))", "{{stage}}"),
            Query("sum by (stage) (\(of(.prefetch)))", "{{stage}} prefetch")),
        Panel(
            .flow, "Bodies in hand", unit: "bytes", Query("sum by (stage) (\(of(.inHandBytes)))", "{{stage}}")),
        Panel(
            .flow, "Seconds since an event was applied", unit: "s",
            Query("min by (stage) (time() - \(of(.lastApplied)))", "{{stage}}")),
    ]

    private static let troubles = [
        Panel(
            .deadLetters, "Dead letters by code, in ten minutes",
            Query(#"sum by (code) (increase(\#(Metric.deadLetters.name){stage="parking"}[10m]))"#, "{{code}}")),
        Panel(
            .deadLetters, "Made by stages, in ten minutes",
            Query("sum by (stage, code) (increase(\(of(.deadLetters))[10m]))", "{{stage}} {{code}}")),
        Panel(
            .deadLetters, "Parked, in ten minutes",
            Query("sum by (fate) (increase(\(Metric.parked.name)[10m]))", "{{fate}}")),
    ]

    private static let backlog = [
        Panel(
            .backlog, "Outbox", Query("max by (stage) (\(of(.outbox)))", "{{stage}}"),
            Query("sum by (stage) (\(of(.unconfirmed)))", "{{stage}} unconfirmed")),
        Panel(
            .backlog, "Oldest in the outbox", unit: "s", Query("max by (stage) (\(of(.outboxAge)))", "{{stage}}")),
        Panel(
            .backlog, "Timers due, and put aside", Query("max by (stage) (\(of(.timersDue)))", "{{stage}} due"),
            Query("max by (stage) (\(of(.timersAside)))", "{{stage}} aside")),
        Panel(
            .backlog, "Lateness of the first timer", unit: "s",
            Query("max by (stage) (\(of(.timersLate)))", "{{stage}}")),
        Panel(
            .backlog, "Timers, a second", unit: "ops", Query(rate(.timersActed, by: "stage"), "{{stage}}"),
            Query(rate(.timersByPatience, by: "stage"), "{{stage}} by patience"),
            Query(rate(.timerFaults, by: "stage"), "{{stage}} could not act")),
        Panel(
            .backlog, "Events that wait for what they refer to", Query("max by (stage) (\(of(.waiting)))", "{{stage}}")),
        Panel(
            .backlog, "What these take", unit: "bytes", Query("max by (stage) (\(of(.waitingBytes)))", "{{stage}}")),
        Panel(
            .backlog, "Age of these figures", unit: "s",
            Query("max by (stage) (time() - \(of(.lookedAt)))", "{{stage}}")),
    ]

    private static let machines = [
        Panel(
            .store, "Transactions, half and 95 %", unit: "s",
            Query(quantile(0.5, of: .batchSeconds, by: "stage, work"), "{{stage}} {{work}} half"),
            Query(quantile(0.95, of: .batchSeconds, by: "stage, work"), "{{stage}} {{work}} 95 %")),
        Panel(
            .store, "Messages a transaction",
            Query(
                "\(rate(.batchMessages, by: "stage", "_sum")) / \(rate(.batchMessages, by: "stage", "_count"))",
                "{{stage}}")
        ),
        Panel(
            .store, "Failures, in ten minutes",
            Query("sum by (stage, kind) (increase(\(of(.storeFailures))[10m]))", "{{stage}} {{kind}}"),
            Query("min by (stage) (\(of(.storeUp)))", "{{stage}} up")),
        Panel(.process, "Processor", unit: "percentunit", Query(rate(.cpu, by: "stage"), "{{stage}}")),
        Panel(.process, "Memory", unit: "bytes", Query("sum by (stage) (\(of(.resident)))", "{{stage}}")),
        Panel(.process, "Open files", Query("max by (stage) (\(of(.descriptors)))", "{{stage}}")),
        Panel(
            .process, "Running for", unit: "s", Query("min by (stage) (time() - \(of(.started)))", "{{stage}}")),
    ]
}
