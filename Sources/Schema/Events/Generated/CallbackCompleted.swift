// Written by scripts/generate_events.py from CallbackCompleted.contract; to change it, change that.

/// `callback.completed`: The call centre reports one attempt (R10, R27).
package struct CallbackCompleted: EventData {
    package static let type = EventType("callback.completed")

    package enum Outcome: String, ContractPart, CaseIterable {
        case reached
        case noAnswer = "no-answer"
        case refused
        case wrongNumber = "wrong-number"
    }

    /// Whose fault it was, as the customer tells it.
    package enum AtFault: String, ContractPart, CaseIterable {
        case manufacturer
        case outlet
        case ownPost = "own-post"
        case nobody = "none"
    }

    package enum Medium: String, ContractPart, CaseIterable {
        case phone, sms, visit
    }

    package var callbackId: String
    /// The number of the attempt that was asked for: 1, 2 …
    package var attempt: Int
    /// When the call was made; at most 5 minutes ahead of the business clock.
    package var attemptAt: Instant
    /// What came of the attempt.
    package var outcome: Outcome
    package var by: Person
    /// Whether the customer is satisfied; without it `score` decides.
    package var satisfied: Bool?
    /// 1 or 2 is dissatisfied, 3 to 5 satisfied, unless `satisfied` says so itself.
    package var score: Int?
    /// Whose fault it is that he is not satisfied.
    package var atFault: AtFault?
    /// The outlet at fault, unless it is that of the service.
    package var outletId: String?
    /// The manufacturer at fault, unless it is the owner of the brand.
    package var manufacturerId: String?
    /// What the customer said, in words.
    package var comments: String?
    /// What he expected and found, by criterion, each at most once.
    package var survey: [SurveyAnswer]?
    /// By what the customer was spoken with (R27). A text message alone reaches nobody, whatever `outcome` says.
    package var medium: Medium?
    /// A letter to the customer was asked for in the call (R26).
    package var letter: Bool?
    /// What the customer said beside his answer (R54).
    package var remarks: [CustomerRemark.Remark]?

    package init(
        callbackId: String, attempt: Int, attemptAt: Instant, outcome: Outcome, by: Person,
        satisfied: Bool? = nil, score: Int? = nil, atFault: AtFault? = nil, outletId: String? = nil,
        manufacturerId: String? = nil, comments: String? = nil, survey: [SurveyAnswer]? = nil,
        medium: Medium? = nil, letter: Bool? = nil, remarks: [CustomerRemark.Remark]? = nil
    ) {
        self.callbackId = callbackId
        self.attempt = attempt
        self.attemptAt = attemptAt
        self.outcome = outcome
        self.by = by
        self.satisfied = satisfied
        self.score = score
        self.atFault = atFault
        self.outletId = outletId
        self.manufacturerId = manufacturerId
        self.comments = comments
        self.survey = survey
        self.medium = medium
        self.letter = letter
        self.remarks = remarks
    }

    package var ruleTime: Instant? { attemptAt }

    package static let shape: [Shape.Field] = [
        .required(
            "callbackId", .id,
            says: "The call that is meant, as `callback.scheduled` and `callback.due` name it (`ids.json`)."),
        .required(
            "attempt", .integer(min: 1, max: Shape.integerLimit),
            says: "The number of the attempt that was asked for: 1, 2 …"),
        .required(
            "attemptAt", .time,
            says: "When the call was made; at most 5 minutes ahead of the business clock."),
        .required("outcome", .names(Outcome.self), says: "What came of the attempt."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .optional(
            "satisfied", .boolean,
            says: "Whether the customer is satisfied; without it `score` decides."),
        .optional(
            "score", .integer(min: 1, max: 5),
            says: "1 or 2 is dissatisfied, 3 to 5 satisfied, unless `satisfied` says so itself."),
        .optional("atFault", .names(AtFault.self), says: "Whose fault it is that he is not satisfied."),
        .optional("outletId", .id, says: "The outlet at fault, unless it is that of the service."),
        .optional(
            "manufacturerId", .id,
            says: "The manufacturer at fault, unless it is the owner of the brand."),
        .optional(
            "comments", .text(min: 0, max: 4000), personal: true,
            says: "What the customer said, in words."),
        .optional(
            "survey", .array(SurveyAnswer.shape, min: 0, max: 12),
            says: "What he expected and found, by criterion, each at most once."),
        .optional(
            "medium", .names(Medium.self),
            says: """
                By what the customer was spoken with (R27). A text message alone reaches nobody, whatever `outcome` \
                says.
                """),
        .optional("letter", .boolean, says: "A letter to the customer was asked for in the call (R26)."),
        .optional(
            "remarks", .array(CustomerRemark.Remark.shape, min: 0, max: 20),
            says: "What the customer said beside his answer (R54)."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        attempt = try members.required("attempt", in: tape)
        attemptAt = try members.required("attemptAt", in: tape)
        outcome = try members.required("outcome", in: tape)
        by = try members.required("by", in: tape)
        satisfied = try members.optional("satisfied", in: tape)
        score = try members.optional("score", in: tape)
        atFault = try members.optional("atFault", in: tape)
        outletId = try members.optional("outletId", in: tape)
        manufacturerId = try members.optional("manufacturerId", in: tape)
        comments = try members.optional("comments", in: tape)
        survey = try members.optional("survey", in: tape)
        medium = try members.optional("medium", in: tape)
        letter = try members.optional("letter", in: tape)
        remarks = try members.optional("remarks", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("attempt", attempt)
        writer.member("attemptAt", attemptAt)
        writer.member("outcome", outcome)
        writer.member("by", by)
        writer.member("satisfied", satisfied)
        writer.member("score", score)
        writer.member("atFault", atFault)
        writer.member("outletId", outletId)
        writer.member("manufacturerId", manufacturerId)
        writer.member("comments", comments)
        writer.member("survey", survey)
        writer.member("medium", medium)
        writer.member("letter", letter)
        writer.member("remarks", remarks)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        comments = comments.replaced(replacement)
        remarks = remarks.map { $0.map { $0.replacingTexts(replacement) } }
    }
}
