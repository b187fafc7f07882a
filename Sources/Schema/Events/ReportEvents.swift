/// `weekly-summary.published`: what all stores reported in a week (R11).
package struct WeeklySummaryPublished: EventData, Hashable {
    package static let type = EventType("weekly-summary.published")

    /// Which report: a stable word.
    package var kind: String
    /// What it covers: `2026-W47`, `2026-11`, `2026`.
    package var period: String
    /// The store or outlet that it is about, where it is about one.
    package var subject: String?
    /// The report's figures; each rate states numerator and denominator.
    package var body: JSON

    package init(kind: String, period: String, subject: String? = nil, body: JSON) {
        self.kind = kind
        self.period = period
        self.subject = subject
        self.body = body
    }

    package static let shape: [Shape.Field] = [
        .required("kind", .text(min: 1, max: 64)), .required("period", .id), .optional("subject", .id),
        .required("body", .anyObject),
    ]
}

/// `report.published`: a periodic report (R29, R33).
package struct ReportPublished: EventData, Hashable {
    package static let type = EventType("report.published")

    /// Which report: a stable word.
    package var kind: String
    /// What it covers: `2026-W47`, `2026-11`, `2026`.
    package var period: String
    /// The store or outlet that it is about, where it is about one.
    package var subject: String?
    /// The report's figures; each rate states numerator and denominator.
    package var body: JSON

    package init(kind: String, period: String, subject: String? = nil, body: JSON) {
        self.kind = kind
        self.period = period
        self.subject = subject
        self.body = body
    }

    package static let shape: [Shape.Field] = [
        .required("kind", .text(min: 1, max: 64)), .required("period", .id), .optional("subject", .id),
        .required("body", .anyObject),
    ]
}
