// Written by scripts/generate_events.py from OutletEvents.contract; to change it, change that.

/// `outlet.reinstated`: The business division ends all ladder and rectification holds of an outlet (R20).
/// Who may (R48): the business division.
package struct OutletReinstated: EventData {
    package static let type = EventType("outlet.reinstated")

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

/// `outlet.site-checked`: An outlet's site was inspected (R19).
/// Who may (R48): the outlet's region or headquarters.
package struct OutletSiteChecked: EventData {
    package static let type = EventType("outlet.site-checked")

    package var outletId: String
    /// Whether the outlet has passed the check.
    package var passed: Bool
    package var by: Person
    package var at: Instant

    package init(
        outletId: String, passed: Bool, by: Person, at: Instant
    ) {
        self.outletId = outletId
        self.passed = passed
        self.by = by
        self.at = at
    }

    package var ruleTime: Instant? { at }

    package static let shape: [Shape.Field] = [
        .required(
            "outletId", .id,
            says: "The outlet, the outside company that installs and repairs, as the organisation file names it."),
        .required("passed", .boolean, says: "Whether the outlet has passed the check."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("at", .time, says: "When it happened; at most 5 minutes ahead of the business clock."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        outletId = try members.required("outletId", in: tape)
        passed = try members.required("passed", in: tape)
        by = try members.required("by", in: tape)
        at = try members.required("at", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("outletId", outletId)
        writer.member("passed", passed)
        writer.member("by", by)
        writer.member("at", at)
        writer.end()
    }
}

/// `outlet.status-changed`: An outlet's status or holds have changed: may work be given to it, and what of the work it
/// has (R20).
package struct OutletStatusChanged: EventData {
    package static let type = EventType("outlet.status-changed")

    /// From the best to the worst.
    package enum Status: String, ContractPart, CaseIterable {
        case active, warned, rectifying, suspended, withdrawn
    }

    package enum Hold: String, ContractPart, CaseIterable {
        case ladder
        case rectification
        case training
        case siteCheck = "site-check"
    }

    package enum Dispatch: String, ContractPart, CaseIterable {
        case allowed, blocked
    }

    /// What becomes of orders in hand.
    package enum Running: String, ContractPart, CaseIterable {
        case finish
        case handOver = "hand-over"
    }

    package var outletId: String
    package var from: Status
    package var to: Status
    /// What blocks dispatch now.
    package var holds: [Hold]
    package var dispatch: Dispatch
    package var running: Running

    package init(
        outletId: String, from: Status, to: Status, holds: [Hold], dispatch: Dispatch, running: Running
    ) {
        self.outletId = outletId
        self.from = from
        self.to = to
        self.holds = holds
        self.dispatch = dispatch
        self.running = running
    }

    package static let shape: [Shape.Field] = [
        .required("outletId", .id),
        .required("from", .names(Status.self)),
        .required("to", .names(Status.self)),
        .required("holds", .array(.names(Hold.self), min: 0, max: 4), says: "What blocks dispatch now."),
        .required("dispatch", .names(Dispatch.self)),
        .required("running", .names(Running.self)),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        outletId = try members.required("outletId", in: tape)
        from = try members.required("from", in: tape)
        to = try members.required("to", in: tape)
        holds = try members.required("holds", in: tape)
        dispatch = try members.required("dispatch", in: tape)
        running = try members.required("running", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("outletId", outletId)
        writer.member("from", from)
        writer.member("to", to)
        writer.member("holds", holds)
        writer.member("dispatch", dispatch)
        writer.member("running", running)
        writer.end()
    }
}

/// `training.assessed`: The training of an outlet's staff was assessed for a quarter, or again (R15, R16).
/// Who may (R48): headquarters or the business division; without `by` it does not count.
package struct TrainingAssessed: EventData {
    package static let type = EventType("training.assessed")

    package var outletId: String
    package var quarter: String
    /// How many people were assessed.
    package var assessed: Int
    /// How many of them passed.
    package var passed: Int
    /// Whether this is a retest after a stop of work, which is no assessment of its quarter.
    package var retest: Bool?
    /// Who assessed; without it `business.rejected` says `by-missing`.
    package var by: Person?

    package init(
        outletId: String, quarter: String, assessed: Int, passed: Int, retest: Bool? = nil, by: Person? = nil
    ) {
        self.outletId = outletId
        self.quarter = quarter
        self.assessed = assessed
        self.passed = passed
        self.retest = retest
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required(
            "outletId", .id,
            says: "The outlet, the outside company that installs and repairs, as the organisation file names it."),
        .required("quarter", .quarter, says: "The calendar quarter, as 2026-Q4."),
        .required(
            "assessed", .integer(min: 0, max: Shape.integerLimit),
            says: "How many people were assessed."),
        .required("passed", .integer(min: 0, max: Shape.integerLimit), says: "How many of them passed."),
        .optional(
            "retest", .boolean,
            says: "Whether this is a retest after a stop of work, which is no assessment of its quarter."),
        .optional("by", Person.shape, says: "Who assessed; without it `business.rejected` says `by-missing`."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        outletId = try members.required("outletId", in: tape)
        quarter = try members.required("quarter", in: tape)
        assessed = try members.required("assessed", in: tape)
        passed = try members.required("passed", in: tape)
        retest = try members.optional("retest", in: tape)
        by = try members.optional("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("outletId", outletId)
        writer.member("quarter", quarter)
        writer.member("assessed", assessed)
        writer.member("passed", passed)
        writer.member("retest", retest)
        writer.member("by", by)
        writer.end()
    }
}

/// `training.failed`: An outlet has failed a quarter (R15); `consecutive` counts failures without a pass in between.
package struct TrainingFailed: EventData {
    package static let type = EventType("training.failed")

    package var outletId: String
    package var quarter: String
    package var consecutive: Int

    package init(
        outletId: String, quarter: String, consecutive: Int
    ) {
        self.outletId = outletId
        self.quarter = quarter
        self.consecutive = consecutive
    }

    package static let shape: [Shape.Field] = [
        .required("outletId", .id),
        .required("quarter", .quarter),
        .required("consecutive", .integer(min: 1, max: Shape.integerLimit)),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        outletId = try members.required("outletId", in: tape)
        quarter = try members.required("quarter", in: tape)
        consecutive = try members.required("consecutive", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("outletId", outletId)
        writer.member("quarter", quarter)
        writer.member("consecutive", consecutive)
        writer.end()
    }
}
