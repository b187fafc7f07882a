import Schema

/// One row of the table of metrics, from which the exposition, its page of documentation, the alert rules and the dashboard
/// are made.
package struct Metric: Sendable, Hashable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Base units; nil where it is a number of things, a share or a mark of 0 or 1.
    package enum Unit: String, Sendable { case seconds, bytes }

    /// Which programs tell it.
    package enum Teller: String, Sendable {
        case everyWorker = "every worker"
        case stages = "workers of stages"
        case parking = "recourse-parking"
    }

    package struct Label: Sendable, Hashable {
        package let name: String
        /// All values that it may have. Empty: it has one value at a time, of which the meaning tells.
        package let values: [String]
        package let meaning: String

        fileprivate init<Value: LabelValue>(_ type: Value.Type) {
            (name, values, meaning) = (Value.label, Value.allCases.map(\.text), Value.meaning)
        }

        fileprivate init(version meaning: String) {
            (name, values, self.meaning) = ("version", [], meaning)
        }

        /// On every sample.
        package static let stage = Label(
            stage: StageName.allCases.map(\.rawValue) + ["parking"],
            "the worker's stage; `parking` for `recourse-parking`")

        private init(stage values: [String], _ meaning: String) {
            (name, self.values, self.meaning) = ("stage", values, meaning)
        }
    }

    package let name: String
    package let kind: Kind
    package let unit: Unit?
    package let help: String
    package let labels: [Label]
    package let teller: Teller
    /// Of a histogram.
    package let scale: Histogram.Scale?

    private init(
        _ name: String, _ kind: Kind, in unit: Unit? = nil, by labels: [Label] = [], of teller: Teller = .stages,
        scale: Histogram.Scale? = nil, _ help: String
    ) {
        (self.name, self.kind, self.unit, self.help) = (name, kind, unit, help)
        (self.labels, self.teller, self.scale) = (labels, teller, scale)
    }
}

extension Metric {
    // MARK: Messages

    package static let received = Metric(
        "recourse_messages_received_total", .counter, of: .everyWorker, "Messages that the broker has delivered")
    package static let settled = Metric(
        "recourse_messages_settled_total", .counter, by: [Label(Outcome.self)],
        "Messages by what became of them; one that is delivered again is counted again")
    package static let wait = Metric(
        "recourse_message_wait_seconds", .histogram, in: .seconds, by: [Label(Origin.self)], scale: .waits,
        "From when a message was sent until its decision was committed, of those that say when they were sent")
    package static let sent = Metric(
        "recourse_messages_sent_total", .counter, by: [Label(SendResult.self)],
        "Messages that were handed to the broker, by what became of them; outputs, dead letters and delayed copies")
    package static let deadLetters = Metric(
        "recourse_dead_letters_total", .counter, by: [Label(DeathCode.self)], of: .everyWorker,
        "Dead letters by code: at a stage those that it made, at parking those that it took and had not known")
    package static let parked = Metric(
        "recourse_parked_total", .counter, by: [Label(ParkedFate.self)], of: .parking,
        "Messages of recourse.dead that are in the store")
    package static let inHand = Metric(
        "recourse_in_hand_messages", .gauge, "Messages that were delivered and are not acknowledged")
    package static let inHandBytes = Metric(
        "recourse_in_hand_bytes", .gauge, in: .bytes, "Bodies of the messages in hand")
    package static let prefetch = Metric(
        "recourse_prefetch_messages", .gauge, "Messages that the broker may deliver before one is acknowledged")

    // MARK: Transactions

    package static let batchSeconds = Metric(
        "recourse_batch_duration_seconds", .histogram, in: .seconds, by: [Label(WorkKind.self)], scale: .durations,
        "Transactions that were committed, from their begin to the commit")
    package static let batchMessages = Metric(
        "recourse_batch_messages", .histogram, scale: .sizes, "Messages that one transaction has decided")
    package static let storeFailures = Metric(
        "recourse_store_failures_total", .counter, by: [Label(StoreTrouble.self)], of: .everyWorker,
        "Transactions that rolled back because of the database; each is tried again")
    package static let storeUp = Metric(
        "recourse_store_up", .gauge, of: .everyWorker, "1 while the database does what it is asked, 0 while it fails")

    // MARK: What is not done yet

    package static let outbox = Metric(
        "recourse_outbox_messages", .gauge, "Outputs of the stage that are committed and not known to be confirmed")
    package static let outboxAge = Metric(
        "recourse_outbox_age_seconds", .gauge, in: .seconds, "Age of the oldest of them; 0 if there is none")
    package static let unconfirmed = Metric(
        "recourse_unconfirmed_messages", .gauge,
        "Messages that this worker has to publish, or waits for the confirms of")
    package static let waiting = Metric(
        "recourse_waiting_events", .gauge, "Events in the stage's store that came before what they refer to")
    package static let waitingBytes = Metric(
        "recourse_waiting_bytes", .gauge, in: .bytes, "What these take in the store")
    package static let timersDue = Metric(
        "recourse_timers_due", .gauge,
        "Timers of the stage that are due and have not acted; 10,000 stands for that or more")
    package static let timersLate = Metric(
        "recourse_timers_late_seconds", .gauge, in: .seconds,
        "Business time for which the first of them has been due; 0 if there is none")
    package static let timersAside = Metric(
        "recourse_timers_aside", .gauge, "Timers that could not act and are put aside for a minute")
    package static let timersActed = Metric("recourse_timers_acted_total", .counter, "Timers that have acted")
    package static let timersByPatience = Metric(
        "recourse_timers_by_patience_total", .counter, "Of these, those that acted though the queue was never empty")
    package static let timerFaults = Metric(
        "recourse_timer_faults_total", .counter, "Times that a timer could not act")
    package static let lookedAt = Metric(
        "recourse_last_look_timestamp_seconds", .gauge, in: .seconds,
        "When outbox, waiting events and timers were last read from the store")

    // MARK: The worker

    package static let lastApplied = Metric(
        "recourse_last_applied_timestamp_seconds", .gauge, in: .seconds,
        "When an event was last applied; 0: none since the start")
    package static let lastLoop = Metric(
        "recourse_last_loop_timestamp_seconds", .gauge, in: .seconds, of: .everyWorker,
        "When the worker's loop last went round")
    package static let linkUp = Metric(
        "recourse_connection_up", .gauge, by: [Label(LinkName.self)], of: .everyWorker,
        "1 while it consumes, or may publish; parking has a publisher only when it has to answer")
    package static let linkLosses = Metric(
        "recourse_connection_losses_total", .counter, by: [Label(LinkName.self)], of: .everyWorker,
        "Times that a connection was lost")
    package static let blocked = Metric(
        "recourse_publisher_blocked", .gauge, "1 while the broker takes no messages because its memory or disk is short"
    )
    package static let ready = Metric("recourse_ready", .gauge, of: .everyWorker, "1 where /readyz says 200")
    package static let draining = Metric(
        "recourse_draining", .gauge, of: .everyWorker, "1 from the stop signal on")
    package static let policy = Metric(
        "recourse_policy_info", .gauge, by: [Label(version: "of the policy that decides now")], of: .everyWorker,
        "Always 1")
    package static let calendarMissing = Metric(
        "recourse_calendar_missing_years", .gauge, "Years that the calendar ought to have and lacks")
    package static let build = Metric(
        "recourse_build_info", .gauge, by: [Label(version: "of the program")], of: .everyWorker, "Always 1")

    // MARK: The process, under the names that all Prometheus clients give

    package static let cpu = Metric(
        "process_cpu_seconds_total", .counter, in: .seconds, of: .everyWorker, "Processor time, user and system")
    package static let resident = Metric(
        "process_resident_memory_bytes", .gauge, in: .bytes, of: .everyWorker, "Resident memory")
    package static let descriptors = Metric("process_open_fds", .gauge, of: .everyWorker, "Open file descriptors")
    package static let started = Metric(
        "process_start_time_seconds", .gauge, in: .seconds, of: .everyWorker, "When the process began")

    /// The table, in the order of the exposition.
    package static let all: [Metric] = [
        received, settled, wait, sent, inHand, inHandBytes, prefetch, deadLetters, parked, batchSeconds, batchMessages,
        storeFailures, storeUp, outbox, outboxAge, waiting, waitingBytes, timersDue, timersLate, timersAside, lookedAt,
        unconfirmed, timersActed, timersByPatience, timerFaults, lastApplied, lastLoop, linkUp, linkLosses, blocked,
        ready,
        draining, policy, calendarMissing, build, cpu, resident, descriptors, started,
    ]

    /// The alert rules whose expressions name it.
    package var alerts: [Alert] { Alert.all.filter { isNamed(in: $0.expression) } }

    /// The rows of the dashboard where it is seen.
    package var rows: [Panel.Row] {
        Panel.Row.allCases.filter { row in
            Panel.all.contains { $0.row == row && $0.queries.contains { isNamed(in: $0.expression) } }
        }
    }

    private func isNamed(in expression: String) -> Bool {
        var rest = expression[...]
        while let found = rest.firstRange(of: name) {
            rest = rest[found.upperBound...]
            let suffix = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            if suffix.isEmpty || kind == .histogram && ["_bucket", "_sum", "_count"].contains(suffix) { return true }
        }
        return false
    }
}
