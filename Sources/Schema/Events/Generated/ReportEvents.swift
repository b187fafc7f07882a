// Written by scripts/generate_events.py from ReportEvents.contract; to change it, change that.

/// `weekly-summary.published`: What all stores reported in a week (R11).
package struct WeeklySummaryPublished: EventData {
    package static let type = EventType("weekly-summary.published")

    /// Which report: a stable word.
    package var kind: String
    /// What it covers: `2026-W47`, `2026-11`, `2026`.
    package var period: String
    /// The store or outlet that it is about, where it is about one.
    package var subject: String?
    /// The report's figures; each rate states numerator and denominator.
    package var body: JSON

    package init(
        kind: String, period: String, subject: String? = nil, body: JSON
    ) {
        self.kind = kind
        self.period = period
        self.subject = subject
        self.body = body
    }

    package static let shape: [Shape.Field] = [
        .required("kind", .text(min: 1, max: 64), says: "Which report: a stable word."),
        .required("period", .id, says: "What it covers: `2026-W47`, `2026-11`, `2026`."),
        .optional("subject", .id, says: "The store or outlet that it is about, where it is about one."),
        .required(
            "body", .anyObject,
            says: "The report's figures; each rate states numerator and denominator."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        kind = try members.required("kind", in: tape)
        period = try members.required("period", in: tape)
        subject = try members.optional("subject", in: tape)
        body = try members.required("body", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("kind", kind)
        writer.member("period", period)
        writer.member("subject", subject)
        writer.member("body", body)
        writer.end()
    }
}

/// `report.published`: A periodic report (R29, R33).
package struct ReportPublished: EventData {
    package static let type = EventType("report.published")

    /// Which report: a stable word.
    package var kind: String
    /// What it covers: `2026-W47`, `2026-11`, `2026`.
    package var period: String
    /// The store or outlet that it is about, where it is about one.
    package var subject: String?
    /// The report's figures; each rate states numerator and denominator.
    package var body: JSON

    package init(
        kind: String, period: String, subject: String? = nil, body: JSON
    ) {
        self.kind = kind
        self.period = period
        self.subject = subject
        self.body = body
    }

    package static let shape: [Shape.Field] = [
        .required("kind", .text(min: 1, max: 64), says: "Which report: a stable word."),
        .required("period", .id, says: "What it covers: `2026-W47`, `2026-11`, `2026`."),
        .optional("subject", .id, says: "The store or outlet that it is about, where it is about one."),
        .required(
            "body", .anyObject,
            says: "The report's figures; each rate states numerator and denominator."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        kind = try members.required("kind", in: tape)
        period = try members.required("period", in: tape)
        subject = try members.optional("subject", in: tape)
        body = try members.required("body", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("kind", kind)
        writer.member("period", period)
        writer.member("subject", subject)
        writer.member("body", body)
        writer.end()
    }
}
