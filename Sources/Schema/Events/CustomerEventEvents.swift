/// `customer-event.announced`: customers are to be told of an event: first by telephone, then by letter (R26).
package struct CustomerEventAnnounced: ComparedByContent, Hashable {
    package static let type = EventType("customer-event.announced")

    package var eventId: String
    /// The date of the event.
    package var on: CivilDate
    package var title: String
    package var customers: [Customer]

    package init(eventId: String, on: CivilDate, title: String, customers: [Customer]) {
        self.eventId = eventId
        self.on = on
        self.title = title
        self.customers = customers
    }

    package static let shape: [Shape.Field] = [
        .required("eventId", .id), .required("on", .date), .required("title", .text(min: 1, max: 200)),
        .required("customers", .array(Customer.shape, min: 0, max: 1000)),
    ]
}

/// `letter.due`: the customer of a customer event was reached; the letter is owed (R26).
package struct LetterDue: EventData, Hashable {
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
        .required("callbackId", .id), .required("about", CallbackSubject.shape),
        .required("customer", Customer.shape), .required("dueAt", .time),
        .optional("title", .text(min: 1, max: 200)),
    ]
}

/// `letter.sent`: the letter to the customer of a customer event has gone out (R26, R27).
package struct LetterSent: EventData, Hashable {
    package static let type = EventType("letter.sent")

    package var callbackId: String
    package var by: Person
    package var at: Instant
    /// What was sent (R27).
    package var subject: String?

    package init(callbackId: String, by: Person, at: Instant, subject: String? = nil) {
        self.callbackId = callbackId
        self.by = by
        self.at = at
        self.subject = subject
    }

    package var ruleTime: Instant? { at }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("by", Person.shape), .required("at", .time),
        .optional("subject", .text(min: 0, max: 200), personal: true),
    ]
}
