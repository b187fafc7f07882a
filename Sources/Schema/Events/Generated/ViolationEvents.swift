// Written by scripts/generate_events.py from ViolationEvents.contract; to change it, change that.

/// `violation.reported`: Somebody records a failing of an outlet; it counts only once verified (R11).
package struct ViolationReported: ComparedByContent {
    package static let type = EventType("violation.reported")

    package enum Recorder: String, ContractPart, CaseIterable {
        case store, hotline, callback, inspection
    }

    /// The name that the reporter gives this violation; no other has it.
    package var violationId: String
    package var outletId: String
    /// When it occurred; it counts in that month and year. At most 5 minutes ahead of the business clock.
    package var occurredAt: Instant
    /// What kind of failing it is; the policy gives kinds their weights.
    package var category: String
    /// Where it was recorded.
    package var recordedBy: Recorder
    package var by: Person
    /// The case in which it showed; with the same case, category and outlet violations count once.
    package var caseId: String?
    /// Of the case: what letters to the outlet call it by.
    package var complaintId: String?
    /// The service at which it showed; with the same service, category and outlet violations count once.
    package var serviceId: String?
    /// The store that recorded it.
    package var storeId: String?
    package var description: String?
    package var hazards: [String]?

    package init(
        violationId: String, outletId: String, occurredAt: Instant, category: String, recordedBy: Recorder,
        by: Person, caseId: String? = nil, complaintId: String? = nil, serviceId: String? = nil,
        storeId: String? = nil, description: String? = nil, hazards: [String]? = nil
    ) {
        self.violationId = violationId
        self.outletId = outletId
        self.occurredAt = occurredAt
        self.category = category
        self.recordedBy = recordedBy
        self.by = by
        self.caseId = caseId
        self.complaintId = complaintId
        self.serviceId = serviceId
        self.storeId = storeId
        self.description = description
        self.hazards = hazards
    }

    package var ruleTime: Instant? { occurredAt }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required(
            "violationId", .id,
            says: "The name that the reporter gives this violation; no other has it."),
        .required(
            "outletId", .id,
            says: "The outlet, the outside company that installs and repairs, as the organisation file names it."),
        .required(
            "occurredAt", .time,
            says: """
                When it occurred; it counts in that month and year. At most 5 minutes ahead of the business clock.
                """),
        .required(
            "category", .text(min: 1, max: 100),
            says: "What kind of failing it is; the policy gives kinds their weights."),
        .required("recordedBy", .names(Recorder.self), says: "Where it was recorded."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .optional(
            "caseId", .id,
            says: "The case in which it showed; with the same case, category and outlet violations count once."),
        .optional("complaintId", .id, says: "Of the case: what letters to the outlet call it by."),
        .optional(
            "serviceId", .id,
            says: """
                The service at which it showed; with the same service, category and outlet violations count once.
                """),
        .optional("storeId", .id, says: "The store that recorded it."),
        .optional(
            "description", .text(min: 0, max: 4000), personal: true,
            says: "What has happened, in words."),
        .optional(
            "hazards", .array(.oneOf(ComplaintReceived.hazards), min: 0, max: 4),
            says: "The dangers and public matters that it tells of."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        violationId = try members.required("violationId", in: tape)
        outletId = try members.required("outletId", in: tape)
        occurredAt = try members.required("occurredAt", in: tape)
        category = try members.required("category", in: tape)
        recordedBy = try members.required("recordedBy", in: tape)
        by = try members.required("by", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
        serviceId = try members.optional("serviceId", in: tape)
        storeId = try members.optional("storeId", in: tape)
        description = try members.optional("description", in: tape)
        hazards = try members.optional("hazards", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("violationId", violationId)
        writer.member("outletId", outletId)
        writer.member("occurredAt", occurredAt)
        writer.member("category", category)
        writer.member("recordedBy", recordedBy)
        writer.member("by", by)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("serviceId", serviceId)
        writer.member("storeId", storeId)
        writer.member("description", description)
        writer.member("hazards", hazards)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        description = description.replaced(replacement)
    }
}

/// `violation.verified`: Another person has looked into a violation (R11).
/// Who may (R48): headquarters.
package struct ViolationVerified: EventData {
    package static let type = EventType("violation.verified")

    package var violationId: String
    /// Whether the violation is a fact; if not, it counts nowhere.
    package var upheld: Bool
    package var by: Person

    package init(
        violationId: String, upheld: Bool, by: Person
    ) {
        self.violationId = violationId
        self.upheld = upheld
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required(
            "violationId", .id,
            says: """
                The violation, as its report has named it; of one that follows from a case or call the caseId or \
                callbackId.
                """),
        .required("upheld", .boolean, says: "Whether the violation is a fact; if not, it counts nowhere."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        violationId = try members.required("violationId", in: tape)
        upheld = try members.required("upheld", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("violationId", violationId)
        writer.member("upheld", upheld)
        writer.member("by", by)
        writer.end()
    }
}

/// `violation.recorded`: Penalty knows a violation: said at the report, and again at its verification (R11).
///
/// The rule's time is the event's own, that of the report or the verification; `occurredAt` is when it happened.
package struct ViolationRecorded: EventData {
    package static let type = EventType("violation.recorded")

    package var violationId: String
    package var outletId: String
    package var verified: Bool
    /// Set once it is verified.
    package var upheld: Bool?
    package var category: String?
    package var occurredAt: Instant?
    /// When it was reported; said at the report.
    package var knownAt: Instant?
    package var recordedBy: ViolationReported.Recorder?
    package var storeId: String?
    package var caseId: String?
    package var serviceId: String?
    /// Nobody typed it: it follows from a closed case or from a call (R45).
    package var derived: Bool?
    /// The violation by which its matter is known now: reported before derived, then the earliest.
    package var group: String?
    /// Of its category: how much the matter counts, where this is its earliest upheld member (R46).
    package var weight: Int?

    package init(
        violationId: String, outletId: String, verified: Bool, upheld: Bool? = nil, category: String? = nil,
        occurredAt: Instant? = nil, knownAt: Instant? = nil, recordedBy: ViolationReported.Recorder? = nil,
        storeId: String? = nil, caseId: String? = nil, serviceId: String? = nil, derived: Bool? = nil,
        group: String? = nil, weight: Int? = nil
    ) {
        self.violationId = violationId
        self.outletId = outletId
        self.verified = verified
        self.upheld = upheld
        self.category = category
        self.occurredAt = occurredAt
        self.knownAt = knownAt
        self.recordedBy = recordedBy
        self.storeId = storeId
        self.caseId = caseId
        self.serviceId = serviceId
        self.derived = derived
        self.group = group
        self.weight = weight
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("violationId", .id),
        .required("outletId", .id),
        .required("verified", .boolean),
        .optional("upheld", .boolean, says: "Set once it is verified."),
        .optional("category", .text(min: 1, max: 100)),
        .optional("occurredAt", .time),
        .optional("knownAt", .time, says: "When it was reported; said at the report."),
        .optional("recordedBy", .names(ViolationReported.Recorder.self)),
        .optional("storeId", .id),
        .optional("caseId", .id),
        .optional("serviceId", .id),
        .optional(
            "derived", .boolean,
            says: "Nobody typed it: it follows from a closed case or from a call (R45)."),
        .optional(
            "group", .id,
            says: "The violation by which its matter is known now: reported before derived, then the earliest."),
        .optional(
            "weight", .integer(min: 1, max: 9),
            says: "Of its category: how much the matter counts, where this is its earliest upheld member (R46)."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        violationId = try members.required("violationId", in: tape)
        outletId = try members.required("outletId", in: tape)
        verified = try members.required("verified", in: tape)
        upheld = try members.optional("upheld", in: tape)
        category = try members.optional("category", in: tape)
        occurredAt = try members.optional("occurredAt", in: tape)
        knownAt = try members.optional("knownAt", in: tape)
        recordedBy = try members.optional("recordedBy", in: tape)
        storeId = try members.optional("storeId", in: tape)
        caseId = try members.optional("caseId", in: tape)
        serviceId = try members.optional("serviceId", in: tape)
        derived = try members.optional("derived", in: tape)
        group = try members.optional("group", in: tape)
        weight = try members.optional("weight", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("violationId", violationId)
        writer.member("outletId", outletId)
        writer.member("verified", verified)
        writer.member("upheld", upheld)
        writer.member("category", category)
        writer.member("occurredAt", occurredAt)
        writer.member("knownAt", knownAt)
        writer.member("recordedBy", recordedBy)
        writer.member("storeId", storeId)
        writer.member("caseId", caseId)
        writer.member("serviceId", serviceId)
        writer.member("derived", derived)
        writer.member("group", group)
        writer.member("weight", weight)
        writer.end()
    }
}

/// `weekly-report.submitted`: The weekly quality report of a store; an empty list is a report that nothing happened
/// (R09, R35). Who may (R48): that store.
package struct WeeklyReportSubmitted: EventData {
    package static let type = EventType("weekly-report.submitted")

    package var storeId: String
    /// The week, from Monday to Sunday, as 2026-W47.
    package var week: String
    /// The violations that the store has recorded in it; none is a report, too.
    package var violationIds: [String]
    package var by: Person

    package init(
        storeId: String, week: String, violationIds: [String], by: Person
    ) {
        self.storeId = storeId
        self.week = week
        self.violationIds = violationIds
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required("storeId", .id, says: "The store, as the organisation file names it."),
        .required("week", .week, says: "The week, from Monday to Sunday, as 2026-W47."),
        .required(
            "violationIds", .array(.id, min: 0, max: 1000),
            says: "The violations that the store has recorded in it; none is a report, too."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        storeId = try members.required("storeId", in: tape)
        week = try members.required("week", in: tape)
        violationIds = try members.required("violationIds", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("storeId", storeId)
        writer.member("week", week)
        writer.member("violationIds", violationIds)
        writer.member("by", by)
        writer.end()
    }
}

/// `weekly-report.overdue`: A store has not reported in time (R09, R35).
package struct WeeklyReportOverdue: EventData {
    package static let type = EventType("weekly-report.overdue")

    package var storeId: String
    package var week: String

    package init(
        storeId: String, week: String
    ) {
        self.storeId = storeId
        self.week = week
    }

    package static let shape: [Shape.Field] = [
        .required("storeId", .id),
        .required("week", .week),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        storeId = try members.required("storeId", in: tape)
        week = try members.required("week", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("storeId", storeId)
        writer.member("week", week)
        writer.end()
    }
}
