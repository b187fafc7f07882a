// Written by scripts/generate_events.py from OutletJudgementEvents.contract; to change it, change that.

/// `outlet.evaluated`: An outlet was evaluated for a quarter; it decides nothing (R55).
/// Who may (R48): the outlet's region or headquarters.
package struct OutletEvaluated: EventData {
    package static let type = EventType("outlet.evaluated")

    package var outletId: String
    package var quarter: String
    /// How good the outlet is, from 0 to 100.
    package var score: Int
    package var by: Person
    /// Why, in words.
    package var remarks: String?

    package init(
        outletId: String, quarter: String, score: Int, by: Person, remarks: String? = nil
    ) {
        self.outletId = outletId
        self.quarter = quarter
        self.score = score
        self.by = by
        self.remarks = remarks
    }

    package static let shape: [Shape.Field] = [
        .required(
            "outletId", .id,
            says: "The outlet, the outside company that installs and repairs, as the organisation file names it."),
        .required("quarter", .quarter, says: "The calendar quarter, as 2026-Q4."),
        .required("score", .integer(min: 0, max: 100), says: "How good the outlet is, from 0 to 100."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .optional("remarks", .text(min: 0, max: 4000), personal: true, says: "Why, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        outletId = try members.required("outletId", in: tape)
        quarter = try members.required("quarter", in: tape)
        score = try members.required("score", in: tape)
        by = try members.required("by", in: tape)
        remarks = try members.optional("remarks", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("outletId", outletId)
        writer.member("quarter", quarter)
        writer.member("score", score)
        writer.member("by", by)
        writer.member("remarks", remarks)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        remarks = remarks.replaced(replacement)
    }
}

/// `withdrawal.recommended`: Somebody recommends to part with an outlet (R55).
/// Who may (R48): the outlet's region or headquarters.
package struct WithdrawalRecommended: EventData {
    package static let type = EventType("withdrawal.recommended")

    package var outletId: String
    package var by: Person
    package var reason: String

    package init(
        outletId: String, by: Person, reason: String
    ) {
        self.outletId = outletId
        self.by = by
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required(
            "outletId", .id,
            says: "The outlet, the outside company that installs and repairs, as the organisation file names it."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("reason", .text(min: 1, max: 1000), personal: true, says: "Why, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        outletId = try members.required("outletId", in: tape)
        by = try members.required("by", in: tape)
        reason = try members.required("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("outletId", outletId)
        writer.member("by", by)
        writer.member("reason", reason)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}

/// `outlet.standing`: Where an outlet stands on both ladders at the close of a month, as penalty counts it (R12, R13).
package struct OutletStanding: EventData {
    package static let type = EventType("outlet.standing")

    /// The position on one ladder.
    package struct Position: ContractPart {
        package var count: Int
        /// The rung that is reached; nil: none.
        package var rung: String?
        /// The count at which the next rung begins; nil: there is none.
        package var next: Int?

        package init(
            count: Int, rung: String? = nil, next: Int? = nil
        ) {
            self.count = count
            self.rung = rung
            self.next = next
        }

        package static let shape = Shape.object([
            .required("count", .integer(min: 0, max: Shape.integerLimit)),
            .optional("rung", .oneOf(PenaltyProposed.rungs), says: "The rung that is reached; nil: none."),
            .optional(
                "next", .integer(min: 1, max: Shape.integerLimit),
                says: "The count at which the next rung begins; nil: there is none."),
        ])

        package init(reading place: Int, in tape: borrowing JSONTape) throws {
            var members = try MemberPlaces(of: place, in: tape)
            count = try members.required("count", in: tape)
            rung = try members.optional("rung", in: tape)
            next = try members.optional("next", in: tape)
        }

        package func write(to writer: inout JSONWriter) {
            writer.begin()
            writer.member("count", count)
            writer.member("rung", rung)
            writer.member("next", next)
            writer.end()
        }
    }

    package var outletId: String
    /// The month that has closed, `2026-11`.
    package var period: String
    package var monthly: Position
    package var cumulative: Position
    package var status: OutletStatusChanged.Status
    package var holds: [OutletStatusChanged.Hold]

    package init(
        outletId: String, period: String, monthly: Position, cumulative: Position,
        status: OutletStatusChanged.Status, holds: [OutletStatusChanged.Hold]
    ) {
        self.outletId = outletId
        self.period = period
        self.monthly = monthly
        self.cumulative = cumulative
        self.status = status
        self.holds = holds
    }

    package static let shape: [Shape.Field] = [
        .required("outletId", .id),
        .required("period", .id, says: "The month that has closed, `2026-11`."),
        .required("monthly", Position.shape),
        .required("cumulative", Position.shape),
        .required("status", .names(OutletStatusChanged.Status.self)),
        .required("holds", .array(.names(OutletStatusChanged.Hold.self), min: 0, max: 4)),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        outletId = try members.required("outletId", in: tape)
        period = try members.required("period", in: tape)
        monthly = try members.required("monthly", in: tape)
        cumulative = try members.required("cumulative", in: tape)
        status = try members.required("status", in: tape)
        holds = try members.required("holds", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("outletId", outletId)
        writer.member("period", period)
        writer.member("monthly", monthly)
        writer.member("cumulative", cumulative)
        writer.member("status", status)
        writer.member("holds", holds)
        writer.end()
    }
}
