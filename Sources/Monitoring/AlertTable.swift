extension Alert {
    /// All rules, the workers' first.
    package static let all = workers + messages + backlog + broker

    private static let workers = [
        Alert(
            "WorkerDown", .page, for: 2, #"up{job="recourse"} == 0"#,
            "{{ $labels.instance }} does not answer",
            remedy:
                "Look at the service's log; it ends with why it stopped. Exit 78: its configuration, every fault is "
                + "listed. Others of its stage go on meanwhile.",
            firing: Scene(#"up{job="recourse",instance="a:9400"} 0+0x30"#),
            labels: ["job": "recourse", "instance": "a:9400"],
            silent: Scene(#"up{job="recourse",instance="a:9400"} 1 0 1+0x30"#)),
        Alert(
            "LoopStuck", .page, for: 1, "time() - (\(Metric.lastLoop.name) > 0) > 60",
            "the loop of {{ $labels.instance }} ({{ $labels.stage }}) stands still",
            remedy:
                "Nothing is lost: kill the process, and another takes over what it held. Keep its log and, if you can, "
                + "a core (gcore) for the developers.",
            firing: Scene(#"\#(Metric.lastLoop.name){stage="intake",instance="a:9400"} 30+0x30"#),
            labels: ["stage": "intake", "instance": "a:9400"],
            silent: Scene(#"\#(Metric.lastLoop.name){stage="intake",instance="a:9400"} 0+60x30"#)),
        Alert(
            "NotReady", .page, for: 5, "\(Metric.ready.name) == 0",
            "{{ $labels.instance }} ({{ $labels.stage }}) has not been able to work for five minutes",
            remedy: "GET /readyz says what it lacks, and its log why: broker, database, topology, policy or clock.",
            firing: Scene(#"\#(Metric.ready.name){stage="intake",instance="a:9400"} 0+0x30"#),
            labels: ["stage": "intake", "instance": "a:9400"],
            silent: Scene(#"\#(Metric.ready.name){stage="intake",instance="a:9400"} 1 0 0 0 1+0x30"#)),
        Alert(
            "PolicyMismatch", .ticket, for: 10, "count(count by (version) (\(Metric.policy.name))) > 1",
            "workers decide by different policies",
            remedy:
                "Give all machines the same policy folder, and SIGHUP to whoever has the old one. A worker that refused it "
                + "says in its log why.",
            firing: Scene(
                #"\#(Metric.policy.name){stage="intake",version="1"} 1+0x30"#,
                #"\#(Metric.policy.name){stage="routing",version="2"} 1+0x30"#),
            silent: Scene(
                #"\#(Metric.policy.name){stage="intake",version="2"} 1+0x30"#,
                #"\#(Metric.policy.name){stage="routing",version="2"} 1+0x30"#)),
        Alert(
            "CalendarEnds", .ticket, for: 60, "max by (stage) (\(Metric.calendarMissing.name)) > 0",
            "the calendar of {{ $labels.stage }} lacks a year that it will need",
            remedy: "Add the year to calendar.csv (recourse calendar update), check the folder, SIGHUP.",
            firing: Scene(at: 90, #"\#(Metric.calendarMissing.name){stage="handling"} 1+0x90"#),
            labels: ["stage": "handling"],
            silent: Scene(at: 90, #"\#(Metric.calendarMissing.name){stage="handling"} 0+0x90"#)),
    ]

    private static let messages = [
        Alert(
            "DeadLettersNew", .ticket, for: 0,
            #"sum by (code) (increase(\#(Metric.deadLetters.name){stage="parking"}[10m])) > 0"#,
            "new dead letters: {{ $labels.code }}",
            remedy: "recourse dead-letters groups, then show one of the group: it says what is wrong and who sent it.",
            firing: Scene(#"\#(Metric.deadLetters.name){stage="parking",code="contract"} 0x20 1+1x10"#),
            labels: ["code": "contract"],
            silent: Scene(#"\#(Metric.deadLetters.name){stage="parking",code="contract"} 7+0x30"#)),
        Alert(
            "DeadLetterShare", .page, for: 5,
            """
            sum by (stage) (rate(\(Metric.settled.name){outcome="dead"}[15m])) \
            / sum by (stage) (rate(\(Metric.settled.name)[15m])) > 0.05 \
            and sum by (stage) (increase(\(Metric.settled.name){outcome="dead"}[15m])) > 10
            """,
            "more than one message in twenty dies at {{ $labels.stage }}",
            remedy:
                "Most often a release or a policy of one's own, or an upstream that has changed: recourse dead-letters "
                + "groups. Take the change back first; replay when a dry run says that they would be applied.",
            firing: Scene(
                #"\#(Metric.settled.name){stage="intake",outcome="dead"} 0+5x30"#,
                #"\#(Metric.settled.name){stage="intake",outcome="applied"} 0+20x30"#),
            labels: ["stage": "intake"],
            silent: Scene(
                #"\#(Metric.settled.name){stage="intake",outcome="dead"} 0+5x30"#,
                #"\#(Metric.settled.name){stage="intake",outcome="applied"} 0+2000x30"#)),
        Alert(
            "Unroutable", .page, for: 0,
            """
            sum by (stage) (increase(\(Metric.deadLetters.name){code="unroutable"}[15m])) > 0 \
            or sum by (stage) (increase(\(Metric.sent.name){result="returned"}[15m])) > 0
            """,
            "messages find no queue (seen by {{ $labels.stage }})",
            remedy:
                "recourse topology verify, then recourse topology apply. If it finds nothing, upstream sends under a "
                + "routing key that nobody takes: recourse dead-letters list --code unroutable.",
            firing: Scene(#"\#(Metric.sent.name){stage="intake",result="returned"} 0x20 1+1x10"#),
            labels: ["stage": "intake"],
            silent: Scene(#"\#(Metric.sent.name){stage="intake",result="returned"} 0+0x30"#)),
        Alert(
            "WaitHigh", .ticket, for: 10,
            """
            histogram_quantile(0.95, sum by (stage, le) \
            (rate(\(Metric.wait.name)_bucket{origin="stages"}[10m]))) > 60
            """,
            "one event in twenty waits more than a minute for {{ $labels.stage }}",
            remedy: "Start another worker of that stage, or see what its transactions take "
                + "(recourse_batch_duration_seconds): the database may be slow.",
            firing: Scene(
                #"\#(Metric.wait.name)_bucket{stage="routing",origin="stages",le="60.0"} 0+1x30"#,
                #"\#(Metric.wait.name)_bucket{stage="routing",origin="stages",le="300.0"} 0+10x30"#,
                #"\#(Metric.wait.name)_bucket{stage="routing",origin="stages",le="+Inf"} 0+10x30"#),
            labels: ["stage": "routing"],
            silent: Scene(
                #"\#(Metric.wait.name)_bucket{stage="routing",origin="stages",le="60.0"} 0+10x30"#,
                #"\#(Metric.wait.name)_bucket{stage="routing",origin="stages",le="300.0"} 0+10x30"#,
                #"\#(Metric.wait.name)_bucket{stage="routing",origin="stages",le="+Inf"} 0+10x30"#)),
    ]

    private static let backlog = [
        Alert(
            "OutboxStuck", .page, for: 2, "max by (stage) (\(Metric.outboxAge.name)) > 120",
            "what {{ $labels.stage }} has decided is not published",
            remedy:
                "The broker refuses it or cannot be reached: NotReady, BrokerBlocked, the worker's log. Nothing is lost; it "
                + "goes out when the cause is gone.",
            firing: Scene(#"\#(Metric.outboxAge.name){stage="penalty"} 0+60x30"#), labels: ["stage": "penalty"],
            silent: Scene(#"\#(Metric.outboxAge.name){stage="penalty"} 90+0x30"#)),
        Alert(
            "TimersLate", .page, for: 10, "max by (stage) (\(Metric.timersLate.name)) > 1800",
            "deadlines of {{ $labels.stage }} have been due for half an hour and do not act",
            remedy:
                "After an outage they wait until the stage has taken what its queue holds: see the backlog. Else the log says "
                + "whom they wait for (timers are due and may not act).",
            firing: Scene(#"\#(Metric.timersLate.name){stage="handling"} 3600+0x30"#), labels: ["stage": "handling"],
            silent: Scene(#"\#(Metric.timersLate.name){stage="handling"} 600+0x30"#)),
        Alert(
            "TimersAside", .ticket, for: 5, "max by (stage) (\(Metric.timersAside.name)) > 0",
            "a deadline of {{ $labels.stage }} cannot act, and is tried each minute",
            remedy:
                "recourse audit lists them with the cause; the others go on. A record that a newer release wrote waits for "
                + "that release.",
            firing: Scene(#"\#(Metric.timersAside.name){stage="handling"} 1+0x30"#), labels: ["stage": "handling"],
            silent: Scene(#"\#(Metric.timersAside.name){stage="handling"} 0+0x30"#)),
        Alert(
            "WaitingRoomFull", .ticket, for: 10, "max by (stage) (\(Metric.waiting.name)) > 80000",
            "{{ $labels.stage }} keeps many events that came before what they refer to",
            remedy:
                "recourse waiting list says for what they wait: most often the events of one upstream or stage are missing. "
                + "At 100,000 they take the delay queues instead.",
            firing: Scene(#"\#(Metric.waiting.name){stage="routing"} 90000+0x30"#), labels: ["stage": "routing"],
            silent: Scene(#"\#(Metric.waiting.name){stage="routing"} 12+0x30"#)),
        Alert(
            "StoreErrors", .page, for: 0,
            """
            sum by (stage, kind) (increase(\(Metric.storeFailures.name){kind!="transient"}[10m])) > 0 \
            or sum by (stage, kind) (increase(\(Metric.storeFailures.name){kind="transient"}[10m])) > 20
            """,
            "the database of {{ $labels.stage }} fails ({{ $labels.kind }})",
            remedy:
                "The log names operation and cause: a full disk, a missing table, a lost connection. The batch is tried again "
                + "until it succeeds; no message is given up for it.",
            firing: Scene(#"\#(Metric.storeFailures.name){stage="intake",kind="unavailable"} 0x20 1+1x10"#),
            labels: ["stage": "intake", "kind": "unavailable"],
            silent: Scene(#"\#(Metric.storeFailures.name){stage="intake",kind="transient"} 0+1x30"#)),
    ]

    /// The stages' queues and the dead letters', as RabbitMQ's own exporter names them.
    private static let queues = #"{queue=~"recourse[.](intake|routing|handling|callback|penalty|reports|dead)"}"#
    private static let ready = "rabbitmq_detailed_queue_messages_ready"
    private static let consumers = "rabbitmq_detailed_queue_consumers"

    private static func lost(_ reason: String) -> String {
        #"rabbitmq_global_messages_dead_lettered_\#(reason)_total{dead_letter_strategy="disabled"}"#
    }

    private static let broker = [
        Alert(
            "BrokerBlocked", .page, for: 2, "max by (stage) (\(Metric.blocked.name)) == 1",
            "the broker takes no messages from {{ $labels.stage }}",
            remedy:
                "RabbitMQ's memory or disk is short: rabbitmq-diagnostics alarms. Free it; workers go on by themselves.",
            firing: Scene(#"\#(Metric.blocked.name){stage="intake"} 1+0x30"#), labels: ["stage": "intake"],
            silent: Scene(#"\#(Metric.blocked.name){stage="intake"} 0+0x30"#)),
        Alert(
            "ConnectionFlaps", .ticket, for: 0,
            "sum by (stage, connection) (increase(\(Metric.linkLosses.name)[30m])) > 5",
            "the {{ $labels.connection }} of {{ $labels.stage }} loses its connection again and again",
            remedy:
                "The log names the cause of each loss. Heartbeats missed: the network, or a machine without processor time. "
                + "Large messages that the database does not take in time: lower RECOURSE_PREFETCH.",
            firing: Scene(#"\#(Metric.linkLosses.name){stage="intake",connection="consumer"} 0+1x30"#),
            labels: ["stage": "intake", "connection": "consumer"],
            silent: Scene(#"\#(Metric.linkLosses.name){stage="intake",connection="consumer"} 0x10 1+0x20"#)),
        Alert(
            "BacklogGrowing", .ticket, for: 15,
            "\(ready)\(queues) > 1000 and deriv(\(ready)\(queues)[15m]) > 0",
            "{{ $labels.queue }} grows",
            remedy: "Start more workers of that stage. If its messages do not move at all: NotReady, StoreErrors.",
            firing: Scene(at: 60, #"\#(ready){queue="recourse.intake"} 0+100x60"#),
            labels: ["queue": "recourse.intake"],
            silent: Scene(at: 60, #"\#(ready){queue="recourse.intake"} 9000-100x60"#)),
        Alert(
            "NoConsumers", .page, for: 5, "\(consumers)\(queues) == 0",
            "nobody takes from {{ $labels.queue }}",
            remedy: "Start a worker of that stage; if one runs, its /readyz and its log say why it does not consume.",
            firing: Scene(#"\#(consumers){queue="recourse.intake"} 0+0x30"#), labels: ["queue": "recourse.intake"],
            silent: Scene(#"\#(consumers){queue="recourse.intake"} 2+0x30"#)),
        Alert(
            "DeadLetterLost", .page, for: 0,
            ["delivery_limit", "expired", "rejected"].map { "sum(increase(\(lost($0))[15m])) > 0" }
                .joined(separator: " or "),
            "RabbitMQ drops messages: a queue has nowhere to send what dies",
            remedy:
                "recourse topology verify names queues without a dead-letter exchange; recourse topology apply. What was "
                + "dropped comes back with recourse journal republish, where a stage had sent it.",
            firing: Scene(#"\#(lost("delivery_limit")) 0x20 1+1x10"#),
            silent: Scene(#"\#(lost("delivery_limit")) 3+0x30"#)),
    ]
}
