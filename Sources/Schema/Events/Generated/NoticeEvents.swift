// Written by scripts/generate_events.py from NoticeEvents.contract; to change it, change that.

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
