// Written by scripts/generate_events.py from PenaltyEvents.contract; to change it, change that.

/// `penalty.proposed`: The violations of an outlet have reached a rung; the business division decides (R11–R13, R16).
package struct PenaltyProposed: EventData {
    package static let type = EventType("penalty.proposed")

    package static let rungs = ["warning", "rectification", "stop-dispatch", "withdrawal"]

    /// By what the proposal came about.
    package enum Ladder: String, ContractPart, CaseIterable {
        case monthly, cumulative, rectification, training, grave, recommendation
    }

    package var proposalId: String
    package var outletId: String
    /// `warning`, `rectification`, `stop-dispatch` or `withdrawal`.
    package var rung: String
    package var ladder: Ladder
    /// `2026-11`, `2026`; ladder rectification: the noticeId; training: the quarter of the third failure; grave: the
    /// violationId; recommendation: the quarter.
    package var period: String
    package var count: Int
    /// Only the ladders monthly and cumulative have one.
    package var threshold: Int?
    package var violationIds: [String]
    /// How many violations are not listed.
    package var more: Int?

    package init(
        proposalId: String, outletId: String, rung: String, ladder: Ladder, period: String, count: Int,
        threshold: Int? = nil, violationIds: [String], more: Int? = nil
    ) {
        self.proposalId = proposalId
        self.outletId = outletId
        self.rung = rung
        self.ladder = ladder
        self.period = period
        self.count = count
        self.threshold = threshold
        self.violationIds = violationIds
        self.more = more
    }

    package static let shape: [Shape.Field] = [
        .required("proposalId", .id),
        .required("outletId", .id),
        .required(
            "rung", .oneOf(PenaltyProposed.rungs),
            says: "`warning`, `rectification`, `stop-dispatch` or `withdrawal`."),
        .required("ladder", .names(Ladder.self)),
        .required(
            "period", .id,
            says: """
                `2026-11`, `2026`; ladder rectification: the noticeId; training: the quarter of the third failure; \
                grave: the violationId; recommendation: the quarter.
                """),
        .required("count", .integer(min: 0, max: Shape.integerLimit)),
        .optional(
            "threshold", .integer(min: 0, max: Shape.integerLimit),
            says: "Only the ladders monthly and cumulative have one."),
        .required("violationIds", .array(.id, min: 0, max: 5000)),
        .optional(
            "more", .integer(min: 1, max: Shape.integerLimit),
            says: "How many violations are not listed."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        proposalId = try members.required("proposalId", in: tape)
        outletId = try members.required("outletId", in: tape)
        rung = try members.required("rung", in: tape)
        ladder = try members.required("ladder", in: tape)
        period = try members.required("period", in: tape)
        count = try members.required("count", in: tape)
        threshold = try members.optional("threshold", in: tape)
        violationIds = try members.required("violationIds", in: tape)
        more = try members.optional("more", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("proposalId", proposalId)
        writer.member("outletId", outletId)
        writer.member("rung", rung)
        writer.member("ladder", ladder)
        writer.member("period", period)
        writer.member("count", count)
        writer.member("threshold", threshold)
        writer.member("violationIds", violationIds)
        writer.member("more", more)
        writer.end()
    }
}

/// `penalty.superseded`: A worse proposal (`by`) has taken the place of an undecided one, which can no longer be
/// decided.
package struct PenaltySuperseded: EventData {
    package static let type = EventType("penalty.superseded")

    package var proposalId: String
    package var by: String
    package var outletId: String?

    package init(
        proposalId: String, by: String, outletId: String? = nil
    ) {
        self.proposalId = proposalId
        self.by = by
        self.outletId = outletId
    }

    package static let shape: [Shape.Field] = [
        .required("proposalId", .id),
        .required("by", .id),
        .optional("outletId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        proposalId = try members.required("proposalId", in: tape)
        by = try members.required("by", in: tape)
        outletId = try members.optional("outletId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("proposalId", proposalId)
        writer.member("by", by)
        writer.member("outletId", outletId)
        writer.end()
    }
}

/// `penalty.decided`: The business division decides a proposal (R11).
/// Who may (R48): the business division.
package struct PenaltyDecided: EventData {
    package static let type = EventType("penalty.decided")

    package var proposalId: String
    package var approved: Bool
    package var by: Person
    package var reason: String?

    package init(
        proposalId: String, approved: Bool, by: Person, reason: String? = nil
    ) {
        self.proposalId = proposalId
        self.approved = approved
        self.by = by
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required("proposalId", .id, says: "The proposal, as `penalty.proposed` names it (`ids.json`)."),
        .required("approved", .boolean, says: "Whether it is approved; if not, it is rejected."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .optional("reason", .text(min: 0, max: 1000), personal: true, says: "Why, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        proposalId = try members.required("proposalId", in: tape)
        approved = try members.required("approved", in: tape)
        by = try members.required("by", in: tape)
        reason = try members.optional("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("proposalId", proposalId)
        writer.member("approved", approved)
        writer.member("by", by)
        writer.member("reason", reason)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}
