/// `outlet.evaluated`: an outlet was evaluated for a quarter; it decides nothing (R55).
package struct OutletEvaluated: EventData, Hashable {
    package static let type = EventType("outlet.evaluated")

    package var outletId: String
    package var quarter: String
    /// 0 to 100.
    package var score: Int
    package var by: Person
    package var remarks: String?

    package init(outletId: String, quarter: String, score: Int, by: Person, remarks: String? = nil) {
        self.outletId = outletId
        self.quarter = quarter
        self.score = score
        self.by = by
        self.remarks = remarks
    }

    package static let shape: [Shape.Field] = [
        .required("outletId", .id), .required("quarter", .quarter), .required("score", .integer(min: 0, max: 100)),
        .required("by", Person.shape), .optional("remarks", .text(min: 0, max: 4000), personal: true),
    ]
}

/// `withdrawal.recommended`: somebody recommends to part with an outlet (R55).
package struct WithdrawalRecommended: EventData, Hashable {
    package static let type = EventType("withdrawal.recommended")

    package var outletId: String
    package var by: Person
    package var reason: String

    package init(outletId: String, by: Person, reason: String) {
        self.outletId = outletId
        self.by = by
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required("outletId", .id), .required("by", Person.shape),
        .required("reason", .text(min: 1, max: 1000), personal: true),
    ]
}

/// `outlet.standing`: where an outlet stands on both ladders at the close of a month, as penalty counts it (R12, R13).
package struct OutletStanding: EventData, Hashable {
    package static let type = EventType("outlet.standing")

    /// The position on one ladder.
    package struct Position: Codable, Hashable, Sendable {
        package var count: Int
        /// The rung that is reached; nil: none.
        package var rung: String?
        /// The count at which the next rung begins; nil: there is none.
        package var next: Int?

        package init(count: Int, rung: String? = nil, next: Int? = nil) {
            self.count = count
            self.rung = rung
            self.next = next
        }

        package static let shape = Shape.object([
            .required("count", .integer(min: 0, max: Shape.integerLimit)), .optional("rung", .rung),
            .optional("next", .integer(min: 1, max: Shape.integerLimit)),
        ])
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
        .required("outletId", .id), .required("period", .id), .required("monthly", Position.shape),
        .required("cumulative", Position.shape), .required("status", .names(OutletStatusChanged.Status.self)),
        .required("holds", .array(.names(OutletStatusChanged.Hold.self), min: 0, max: 4)),
    ]
}
