import Schema

/// Something that is counted. The names are those of the reports' `counts`.
struct Counter: Sendable {
    let name: String

    private init(_ name: String) { self.name = name }

    static let cases = Counter("cases")
    static let linked = Counter("linked")
    static let replyOverdue = Counter("replyOverdue")
    static let respondedInTime = Counter("respondedInTime")
    static let closed = Counter("closed")
    static let complete = Counter("complete")
    static let serialRepairs = Counter("serialRepairs")
    static let repeatRepairs = Counter("repeatRepairs")
    static let firstVisitKnown = Counter("firstVisitKnown")
    static let firstVisitDone = Counter("firstVisitDone")
    static let onTimeKnown = Counter("onTimeKnown")
    static let onTime = Counter("onTime")
    static let warrantyTasks = Counter("warrantyTasks")
    static let warrantyReached = Counter("warrantyReached")
    static let satisfied = Counter("satisfied")
    static let dissatisfied = Counter("dissatisfied")
    static let violations = Counter("violations")
    static let upheld = Counter("upheld")
    static let turnedDown = Counter("turnedDown")
    static let proposals = Counter("proposals")
    static let notices = Counter("notices")
    static let postFaultCases = Counter("postFaultCases")
    static let postFaultCallbacks = Counter("postFaultCallbacks")
    static let servicesWhileBlocked = Counter("servicesWhileBlocked")
    static let siteChecksPassed = Counter("siteChecksPassed")
    static let siteChecksFailed = Counter("siteChecksFailed")
    static let evaluations = Counter("evaluations")
    static let evaluationScores = Counter("evaluationScores")
    static let incidentsUpheld = Counter("incidentsUpheld")
    static let incidentsDismissed = Counter("incidentsDismissed")

    static func services(_ kind: ServiceCompleted.Kind) -> Counter { Counter("services." + kind.rawValue) }
    static func tasks(_ kind: CallbackKind) -> Counter { Counter("tasks." + kind.rawValue) }
    static func reached(_ kind: CallbackKind) -> Counter { Counter("reached." + kind.rawValue) }
    static func done(_ outcome: CallbackDone.Outcome) -> Counter { Counter("done." + outcome.rawValue) }
    static func answers(_ criterion: SurveyAnswer.Criterion) -> Counter { survey(criterion, "answers") }
    static func expected(_ criterion: SurveyAnswer.Criterion) -> Counter { survey(criterion, "expected") }
    static func perceived(_ criterion: SurveyAnswer.Criterion) -> Counter { survey(criterion, "perceived") }

    static func remarks(_ kind: CustomerRemark.Class) -> Counter { Counter("remarks." + kind.rawValue) }
    static func settlementsBlocked(_ reason: SettlementReason) -> Counter { Counter("blocked." + reason.rawValue) }
    static func settlementsReleased(_ reason: SettlementReason) -> Counter { Counter("released." + reason.rawValue) }
    static func incidents(_ kind: ManufacturerIncidentRecorded.Kind) -> Counter {
        Counter("incidents." + kind.rawValue)
    }

    /// What is counted of an assessment: how many there were, how many people were assessed, how many of them passed.
    enum Assessment: String { case times, assessed, passed }

    /// - Parameter retest: of the assessments that a stop of work asks for (R16), or of those of a quarter (R15).
    static func training(_ part: Assessment, retest: Bool) -> Counter {
        Counter((retest ? "retests." : "assessments.") + part.rawValue)
    }

    private static func survey(_ criterion: SurveyAnswer.Criterion, _ part: String) -> Counter {
        Counter("survey." + criterion.rawValue + "." + part)
    }
}

/// What was counted in a period. Only what is not zero is kept; adding is all that is ever done, so the order of the
/// facts cannot matter.
struct Tallies: Codable, Sendable, Equatable {
    private var counts = SortedMap<Int64>()

    init() {}

    subscript(counter: Counter) -> Int64 { counts[counter.name] ?? 0 }

    var isEmpty: Bool { counts.isEmpty }

    mutating func add(_ counter: Counter, _ amount: Int64 = 1) {
        counts[counter.name] = self[counter] + amount
    }

    mutating func add(_ other: Tallies) {
        for (name, amount) in other.counts.entries { counts[name] = (counts[name] ?? 0) + amount }
    }

    mutating func add(_ survey: [SurveyAnswer]) {
        for answer in survey {
            add(.answers(answer.criterion))
            add(.expected(answer.criterion), Int64(answer.expected))
            add(.perceived(answer.criterion), Int64(answer.perceived))
        }
    }

    // MARK: Sums

    var services: Int64 { ServiceCompleted.Kind.allCases.reduce(0) { $0 + self[.services($1)] } }
    var tasks: Int64 { CallbackKind.allCases.reduce(0) { $0 + self[.tasks($1)] } }
    var done: Int64 { CallbackDone.Outcome.allCases.reduce(0) { $0 + self[.done($1)] } }
    var complaints: Int64 { self[.cases] + self[.linked] }
    var answers: Int64 { self[.satisfied] + self[.dissatisfied] }

    init(from decoder: any Decoder) throws {
        counts = try SortedMap(from: decoder)
    }

    func encode(to encoder: any Encoder) throws {
        try counts.encode(to: encoder)
    }
}
