import Schema

/// One thing that the audit looked at.
package struct AuditCheck: Sendable, Hashable, Codable {
    /// `nothing lost`, …
    package let name: String
    package let ok: Bool
    package let figures: [Figure]
    /// The first things that are wrong, at most `Audit.exampleLimit`; ids only.
    package let examples: [String]

    package init(_ name: String, ok: Bool, figures: [Figure], examples: [String] = []) {
        self.name = name
        self.ok = ok
        self.figures = figures
        self.examples = examples
    }

    package subscript(_ figure: String) -> Int? { figures.first { $0.name == figure }?.value }
}

/// What the audit counted at one stage.
package struct StageFates: Sendable, Hashable, Codable {
    package let stage: StageName
    package var applied = 0
    package var refused = 0
    package var timers = 0
    package var outputs = 0
    /// Outputs that are not yet known to be confirmed.
    package var outbox = 0
    /// Waiting in the stage's queue and its retry queues; nil: the broker was not asked or did not tell.
    package var waiting: Int?
    /// In the stage's waiting room: they came before what they refer to.
    package var held = 0
    package var deadOpen = 0
    package var deadSent = 0
    package var deadResolved = 0
    package var deadDiscarded = 0
    /// Events that the ledger and the other stages' journals say this stage must have got.
    package var expected = 0
    /// Of these: applied or refused.
    package var taken = 0
    /// Of these: in the waiting room.
    package var heldExpected = 0
    /// Of these: lying among the dead letters, or discarded there.
    package var dead = 0
    /// Of these: no trace.
    package var missing = 0

    package init(stage: StageName) {
        self.stage = stage
    }
}

/// What the audit can say.
package enum AuditAnswer: String, Sendable, Hashable, Codable {
    case addsUp = "adds up"
    /// Whatever else was seen or comes to rest, this does not add up.
    case wrong
    case notAtRest = "not at rest"
    /// Without what could not be seen nobody can tell.
    case unseen = "could not see"

    package var exitCode: Int32 {
        switch self {
        case .addsUp: 0
        case .wrong: 1
        case .notAtRest: 75
        case .unseen: 69
        }
    }

    package var text: String {
        switch self {
        case .addsUp: "Everything adds up."
        case .wrong: "It does not add up."
        case .notAtRest: "Not at rest: try again when it is."
        case .unseen: "Whether it adds up cannot be told: not everything could be seen."
        }
    }
}

/// The result of `recourse audit`.
package struct AuditReport: OperationReport, Codable, Hashable {
    /// `answer` is that it adds up.
    package let ok: Bool
    /// Queues (as far as seen) and outboxes were empty and no journal grew meanwhile.
    package let atRest: Bool
    /// The broker was asked how much waits, and told it for every queue.
    package let queuesSeen: Bool
    package let stages: [StageFates]
    package let checks: [AuditCheck]
    package let answer: AuditAnswer
    /// What could not be seen, and why.
    package let unseen: [String]

    init(atRest: Bool, unseen: [String], stages: [StageFates], checks: [AuditCheck]) {
        self.atRest = atRest
        self.unseen = unseen
        self.stages = stages
        self.checks = checks
        queuesSeen = unseen.isEmpty
        // Each check takes into account by itself whether all is at rest and seen, but for the one that tells it.
        let isWrong = checks.contains { !$0.ok && $0.name != Audit.atRestName }
        answer = isWrong ? .wrong : !unseen.isEmpty ? .unseen : !atRest ? .notAtRest : .addsUp
        ok = answer == .addsUp
    }

    package var exitCode: Int32 { answer.exitCode }

    package func check(_ name: String) -> AuditCheck? { checks.first { $0.name == name } }
}

extension AuditReport {
    package var text: String {
        var fates = TextTable(
            "STAGE", ">APPLIED", ">REFUSED", ">TIMERS", ">OUTPUTS", ">OUTBOX", ">IN QUEUES", ">WAITING", ">DEAD",
            ">SENT AGAIN",
            ">RESOLVED", ">DISCARDED")
        let isKnown = atRest && queuesSeen
        var flow = TextTable("STAGE", ">EXPECTED", ">TAKEN", ">WAITING", ">DEAD", isKnown ? ">MISSING" : ">IN FLIGHT")
        for stage in stages {
            fates.add(
                [stage.stage.rawValue]
                    + [stage.applied, stage.refused, stage.timers, stage.outputs, stage.outbox].map(String.init)
                    + [stage.waiting.map(String.init) ?? "?", String(stage.held)]
                    + [stage.deadOpen, stage.deadSent, stage.deadResolved, stage.deadDiscarded].map(String.init))
            flow.add(
                [stage.stage.rawValue]
                    + [stage.expected, stage.taken, stage.heldExpected, stage.dead, stage.missing].map(String.init))
        }
        var list = TextTable("CHECK", "", "FIGURES")
        for check in checks {
            let figures = check.figures.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
            list.add(check.name, check.ok ? "ok" : check.name == Audit.atRestName ? "not yet" : "WRONG", figures)
        }
        var lines = fates.lines + [""] + flow.lines + [""] + list.lines
        for check in checks where !check.examples.isEmpty {
            lines += ["", "\(check.name), the first:"] + check.examples.map { "  " + TextTable.printable($0) }
        }
        if !unseen.isEmpty { lines += ["", "Could not be seen:"] + unseen.map { "  " + TextTable.printable($0) } }
        lines += ["", answer.text]
        return lines.joined(separator: "\n")
    }
}
