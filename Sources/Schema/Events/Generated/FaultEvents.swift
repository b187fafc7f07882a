// Written by scripts/generate_events.py from FaultEvents.contract; to change it, change that.

/// `business.rejected`: A well-formed event that a rule refuses; it has no other effect.
package struct BusinessRejected: EventData {
    package static let type = EventType("business.rejected")

    /// The event that is refused.
    package struct Subject: ContractPart {
        package var source: String
        package var id: String
        /// As on the wire, with its version.
        package var type: String

        package init(
            source: String, id: String, type: String
        ) {
            self.source = source
            self.id = id
            self.type = type
        }

        package static let shape = Shape.object([
            .required("source", .text(min: 1, max: 256)),
            .required("id", .id),
            .required("type", .text(min: 1, max: 128), says: "As on the wire, with its version."),
        ])

        package init(reading place: Int, in tape: borrowing JSONTape) throws {
            var members = try MemberPlaces(of: place, in: tape)
            source = try members.required("source", in: tape)
            id = try members.required("id", in: tape)
            type = try members.required("type", in: tape)
        }

        package func write(to writer: inout JSONWriter) {
            writer.begin()
            writer.member("source", source)
            writer.member("id", id)
            writer.member("type", type)
            writer.end()
        }
    }

    package var event: Subject
    /// A stable word, e.g. `id-taken`.
    package var reason: String
    /// The figures of the refusal. No personal data.
    package var figures: JSON
    package var caseId: String?

    package init(
        event: Subject, reason: String, figures: JSON, caseId: String? = nil
    ) {
        self.event = event
        self.reason = reason
        self.figures = figures
        self.caseId = caseId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("event", Subject.shape),
        .required("reason", .text(min: 1, max: 64), says: "A stable word, e.g. `id-taken`."),
        .required("figures", .anyObject, says: "The figures of the refusal. No personal data."),
        .optional("caseId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        event = try members.required("event", in: tape)
        reason = try members.required("reason", in: tape)
        figures = try members.required("figures", in: tape)
        caseId = try members.optional("caseId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("event", event)
        writer.member("reason", reason)
        writer.member("figures", figures)
        writer.member("caseId", caseId)
        writer.end()
    }
}

/// `event.rejected`: A document that the contract does not accept; it lies among the dead letters.
///
/// `because` names the rule `contract`.
package struct EventRejected: EventData {
    package static let type = EventType("event.rejected")

    /// Of the rejected document, as far as it can be told.
    package var source: String?
    package var eventId: String?
    package var eventType: String?
    /// The queue from which it was taken.
    package var queue: String
    /// Every fault, up to `errorLimit`.
    package var errors: [Fault]

    package init(
        source: String? = nil, eventId: String? = nil, eventType: String? = nil, queue: String, errors: [Fault]
    ) {
        self.source = source
        self.eventId = eventId
        self.eventType = eventType
        self.queue = queue
        self.errors = errors
    }

    package static let shape: [Shape.Field] = [
        .optional(
            "source", .text(min: 1, max: 1024),
            says: "Of the rejected document, as far as it can be told."),
        .optional("eventId", .id),
        .optional("eventType", .text(min: 0, max: 128)),
        .required("queue", .text(min: 1, max: 255), says: "The queue from which it was taken."),
        .required(
            "errors", .array(Fault.shape, min: 1, max: errorLimit),
            says: "Every fault, up to `errorLimit`."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        source = try members.optional("source", in: tape)
        eventId = try members.optional("eventId", in: tape)
        eventType = try members.optional("eventType", in: tape)
        queue = try members.required("queue", in: tape)
        errors = try members.required("errors", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("source", source)
        writer.member("eventId", eventId)
        writer.member("eventType", eventType)
        writer.member("queue", queue)
        writer.member("errors", errors)
        writer.end()
    }
}

/// `calendar.missing`: A deadline falls into a year whose holidays nobody has entered; it waits for them.
package struct CalendarMissing: EventData {
    package static let type = EventType("calendar.missing")

    package var year: Int

    package init(
        year: Int
    ) {
        self.year = year
    }

    package static let shape: [Shape.Field] = [
        .required("year", .integer(min: 1, max: 9999))
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        year = try members.required("year", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("year", year)
        writer.end()
    }
}

/// `event.waiting`: An event has waited for a minute for what it refers to; said once.
///
/// `because` names the rule `contract`.
package struct EventWaiting: EventData {
    package static let type = EventType("event.waiting")

    /// Of the event that waits.
    package var source: String
    package var eventId: String
    /// From which it was taken.
    package var queue: String
    /// What it waits for, e.g. `case 1f0c…`.
    package var reference: String
    /// When it will be a dead letter unless that has come.
    package var until: Instant

    package init(
        source: String, eventId: String, queue: String, reference: String, until: Instant
    ) {
        self.source = source
        self.eventId = eventId
        self.queue = queue
        self.reference = reference
        self.until = until
    }

    package static let shape: [Shape.Field] = [
        .required("source", .text(min: 1, max: 256), says: "Of the event that waits."),
        .required("eventId", .id),
        .required("queue", .text(min: 1, max: 255), says: "From which it was taken."),
        .required("reference", .text(min: 1, max: 128), says: "What it waits for, e.g. `case 1f0c…`."),
        .required("until", .time, says: "When it will be a dead letter unless that has come."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        source = try members.required("source", in: tape)
        eventId = try members.required("eventId", in: tape)
        queue = try members.required("queue", in: tape)
        reference = try members.required("reference", in: tape)
        until = try members.required("until", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("source", source)
        writer.member("eventId", eventId)
        writer.member("queue", queue)
        writer.member("reference", reference)
        writer.member("until", until)
        writer.end()
    }
}
