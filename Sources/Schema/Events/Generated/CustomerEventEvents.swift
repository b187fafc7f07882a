// Written by scripts/generate_events.py from CustomerEventEvents.contract; to change it, change that.

/// `customer-event.announced`: Customers are to be told of an event: first by telephone, then by letter (R26).
package struct CustomerEventAnnounced: ComparedByContent {
    package static let type = EventType("customer-event.announced")

    /// The name that upstream gives the customer event; no other has it.
    package var eventId: String
    /// The date of the event.
    package var on: CivilDate
    /// What the customer event is called.
    package var title: String
    /// Who is invited and to be called; the place of each, from 0, is part of his callbackId.
    package var customers: [Customer]

    package init(
        eventId: String, on: CivilDate, title: String, customers: [Customer]
    ) {
        self.eventId = eventId
        self.on = on
        self.title = title
        self.customers = customers
    }

    package static let shape: [Shape.Field] = [
        .required("eventId", .id, says: "The name that upstream gives the customer event; no other has it."),
        .required("on", .date, says: "The date of the event."),
        .required("title", .text(min: 1, max: 200), says: "What the customer event is called."),
        .required(
            "customers", .array(Customer.shape, min: 0, max: 1000),
            says: "Who is invited and to be called; the place of each, from 0, is part of his callbackId."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        eventId = try members.required("eventId", in: tape)
        on = try members.required("on", in: tape)
        title = try members.required("title", in: tape)
        customers = try members.required("customers", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("eventId", eventId)
        writer.member("on", on)
        writer.member("title", title)
        writer.member("customers", customers)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customers = customers.map { $0.replacingTexts(replacement) }
    }
}

/// `letter.due`: The customer of a customer event was reached and wants a letter, or the policy gives everyone one: it
/// is owed (R26).
package struct LetterDue: EventData {
    package static let type = EventType("letter.due")

    package var callbackId: String
    package var about: CallbackSubject
    package var customer: Customer
    /// Two days after the call.
    package var dueAt: Instant
    package var title: String?

    package init(
        callbackId: String, about: CallbackSubject, customer: Customer, dueAt: Instant, title: String? = nil
    ) {
        self.callbackId = callbackId
        self.about = about
        self.customer = customer
        self.dueAt = dueAt
        self.title = title
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id),
        .required("about", CallbackSubject.shape),
        .required("customer", Customer.shape),
        .required("dueAt", .time, says: "Two days after the call."),
        .optional("title", .text(min: 1, max: 200)),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        about = try members.required("about", in: tape)
        customer = try members.required("customer", in: tape)
        dueAt = try members.required("dueAt", in: tape)
        title = try members.optional("title", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("about", about)
        writer.member("customer", customer)
        writer.member("dueAt", dueAt)
        writer.member("title", title)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customer.replaceTexts(replacement)
    }
}

/// `letter.sent`: The letter to the customer of a customer event has gone out (R26, R27).
package struct LetterSent: EventData {
    package static let type = EventType("letter.sent")

    package var callbackId: String
    package var by: Person
    /// When it was sent; at most 5 minutes ahead of the business clock.
    package var at: Instant
    /// What was sent (R27).
    package var subject: String?

    package init(
        callbackId: String, by: Person, at: Instant, subject: String? = nil
    ) {
        self.callbackId = callbackId
        self.by = by
        self.at = at
        self.subject = subject
    }

    package var ruleTime: Instant? { at }

    package static let shape: [Shape.Field] = [
        .required(
            "callbackId", .id,
            says: "The call that is meant, as `callback.scheduled` and `callback.due` name it (`ids.json`)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("at", .time, says: "When it was sent; at most 5 minutes ahead of the business clock."),
        .optional("subject", .text(min: 0, max: 200), personal: true, says: "What was sent (R27)."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        by = try members.required("by", in: tape)
        at = try members.required("at", in: tape)
        subject = try members.optional("subject", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("by", by)
        writer.member("at", at)
        writer.member("subject", subject)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        subject = subject.replaced(replacement)
    }
}
