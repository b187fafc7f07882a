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

/// `notice.issued`: A letter goes out to an outlet, a manufacturer or a person (R12, R14, R17, R18, R49).
package struct NoticeIssued: EventData {
    package static let type = EventType("notice.issued")

    package enum Kind: String, ContractPart, CaseIterable {
        case penalty
        case manufacturerPenalty = "manufacturer-penalty"
        case manufacturerReplacement = "manufacturer-replacement"
        case recoveryDemand = "recovery-demand"
    }

    /// The text in both languages; the dossier gives it again byte for byte (R14). No personal data.
    package struct Letter: ContractPart {
        package var zh: String
        package var en: String

        package init(
            zh: String, en: String
        ) {
            self.zh = zh
            self.en = en
        }

        package static let shape = Shape.object([
            .required("zh", .text(min: 1, max: 20_000)),
            .required("en", .text(min: 1, max: 20_000)),
        ])

        package init(reading place: Int, in tape: borrowing JSONTape) throws {
            var members = try MemberPlaces(of: place, in: tape)
            zh = try members.required("zh", in: tape)
            en = try members.required("en", in: tape)
        }

        package func write(to writer: inout JSONWriter) {
            writer.begin()
            writer.member("zh", zh)
            writer.member("en", en)
            writer.end()
        }
    }

    package var noticeId: String
    package var kind: Kind
    /// The id of the outlet, manufacturer or person.
    package var addressee: String
    package var proposalId: String?
    package var incidentId: String?
    /// Of a recovery-demand: the advance that is owed.
    package var requestId: String?
    package var rung: String?
    /// The letter's own number, by which people call it: `<addressee>-<year>-<n>`; of a recovery-demand `-R<n>`.
    package var number: String?
    package var letter: Letter

    package init(
        noticeId: String, kind: Kind, addressee: String, proposalId: String? = nil, incidentId: String? = nil,
        requestId: String? = nil, rung: String? = nil, number: String? = nil, letter: Letter
    ) {
        self.noticeId = noticeId
        self.kind = kind
        self.addressee = addressee
        self.proposalId = proposalId
        self.incidentId = incidentId
        self.requestId = requestId
        self.rung = rung
        self.number = number
        self.letter = letter
    }

    package static let shape: [Shape.Field] = [
        .required("noticeId", .id),
        .required("kind", .names(Kind.self)),
        .required("addressee", .id, says: "The id of the outlet, manufacturer or person."),
        .optional("proposalId", .id),
        .optional("incidentId", .id),
        .optional("requestId", .id, says: "Of a recovery-demand: the advance that is owed."),
        .optional("rung", .oneOf(PenaltyProposed.rungs)),
        .optional(
            "number", .text(min: 1, max: 100),
            says: """
                The letter's own number, by which people call it: `<addressee>-<year>-<n>`; of a recovery-demand \
                `-R<n>`.
                """),
        .required("letter", Letter.shape),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        noticeId = try members.required("noticeId", in: tape)
        kind = try members.required("kind", in: tape)
        addressee = try members.required("addressee", in: tape)
        proposalId = try members.optional("proposalId", in: tape)
        incidentId = try members.optional("incidentId", in: tape)
        requestId = try members.optional("requestId", in: tape)
        rung = try members.optional("rung", in: tape)
        number = try members.optional("number", in: tape)
        letter = try members.required("letter", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("noticeId", noticeId)
        writer.member("kind", kind)
        writer.member("addressee", addressee)
        writer.member("proposalId", proposalId)
        writer.member("incidentId", incidentId)
        writer.member("requestId", requestId)
        writer.member("rung", rung)
        writer.member("number", number)
        writer.member("letter", letter)
        writer.end()
    }
}

/// `rectification.reviewed`: Somebody has looked whether an outlet has put things right (R12).
/// Who may (R48): the outlet's region or headquarters.
package struct RectificationReviewed: EventData {
    package static let type = EventType("rectification.reviewed")

    package var noticeId: String
    /// Whether what was to be put right is put right.
    package var accepted: Bool
    package var by: Person

    package init(
        noticeId: String, accepted: Bool, by: Person
    ) {
        self.noticeId = noticeId
        self.accepted = accepted
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required("noticeId", .id, says: "The letter, as `notice.issued` names it (`ids.json`)."),
        .required("accepted", .boolean, says: "Whether what was to be put right is put right."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        noticeId = try members.required("noticeId", in: tape)
        accepted = try members.required("accepted", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("noticeId", noticeId)
        writer.member("accepted", accepted)
        writer.member("by", by)
        writer.end()
    }
}

/// `appeal.lodged`: An outlet appeals against a notice.
package struct AppealLodged: EventData {
    package static let type = EventType("appeal.lodged")

    package var noticeId: String
    package var by: Person
    /// Why the outlet appeals, in words.
    package var grounds: String

    package init(
        noticeId: String, by: Person, grounds: String
    ) {
        self.noticeId = noticeId
        self.by = by
        self.grounds = grounds
    }

    package static let shape: [Shape.Field] = [
        .required("noticeId", .id, says: "The letter, as `notice.issued` names it (`ids.json`)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required(
            "grounds", .text(min: 1, max: 4000), personal: true,
            says: "Why the outlet appeals, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        noticeId = try members.required("noticeId", in: tape)
        by = try members.required("by", in: tape)
        grounds = try members.required("grounds", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("noticeId", noticeId)
        writer.member("by", by)
        writer.member("grounds", grounds)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        grounds = grounds.replaced(replacement)
    }
}

/// `appeal.decided`: Another person decides the appeal.
/// Who may (R48): the business division.
package struct AppealDecided: EventData {
    package static let type = EventType("appeal.decided")

    package var noticeId: String
    /// Whether the penalty stands; if not, it is lifted.
    package var penaltyStands: Bool
    package var by: Person

    package init(
        noticeId: String, penaltyStands: Bool, by: Person
    ) {
        self.noticeId = noticeId
        self.penaltyStands = penaltyStands
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required("noticeId", .id, says: "The letter, as `notice.issued` names it (`ids.json`)."),
        .required("penaltyStands", .boolean, says: "Whether the penalty stands; if not, it is lifted."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        noticeId = try members.required("noticeId", in: tape)
        penaltyStands = try members.required("penaltyStands", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("noticeId", noticeId)
        writer.member("penaltyStands", penaltyStands)
        writer.member("by", by)
        writer.end()
    }
}
