// Written by scripts/generate_events.py from CallbackTaskEvents.contract; to change it, change that.

/// `callback.scheduled`: A customer is to be called (R10); `callback.due` says when.
package struct CallbackScheduled: EventData {
    package static let type = EventType("callback.scheduled")

    package var callbackId: String
    package var kind: CallbackKind
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject
    /// Whose customer it is; nil where that is not known.
    package var storeId: String?
    package var outletId: String?
    /// Of the service that the call is about.
    package var inWarranty: Bool?

    package init(
        callbackId: String, kind: CallbackKind, windowStart: Instant, windowEnd: Instant,
        about: CallbackSubject, storeId: String? = nil, outletId: String? = nil, inWarranty: Bool? = nil
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
        self.storeId = storeId
        self.outletId = outletId
        self.inWarranty = inWarranty
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id),
        .required("kind", .names(CallbackKind.self)),
        .required("windowStart", .time, says: "00:00 of the first date of the window."),
        .required("windowEnd", .time, says: "24:00 of the last date of the window."),
        .required("about", CallbackSubject.shape),
        .optional("storeId", .id, says: "Whose customer it is; nil where that is not known."),
        .optional("outletId", .id),
        .optional("inWarranty", .boolean, says: "Of the service that the call is about."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        kind = try members.required("kind", in: tape)
        windowStart = try members.required("windowStart", in: tape)
        windowEnd = try members.required("windowEnd", in: tape)
        about = try members.required("about", in: tape)
        storeId = try members.optional("storeId", in: tape)
        outletId = try members.optional("outletId", in: tape)
        inWarranty = try members.optional("inWarranty", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("kind", kind)
        writer.member("windowStart", windowStart)
        writer.member("windowEnd", windowEnd)
        writer.member("about", about)
        writer.member("storeId", storeId)
        writer.member("outletId", outletId)
        writer.member("inWarranty", inWarranty)
        writer.end()
    }
}

/// `callback.due`: The call is to be made now; once per attempt (R22, R25, R26).
package struct CallbackDue: EventData {
    package static let type = EventType("callback.due")

    package var callbackId: String
    package var kind: CallbackKind
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject
    package var attempt: Int
    package var customer: Customer
    /// His phone here was found after a wrong number, for calls alone; he is known by another.
    package var corrected: Bool?
    package var product: Product?
    /// What a customer event is called.
    package var title: String?

    package init(
        callbackId: String, kind: CallbackKind, windowStart: Instant, windowEnd: Instant,
        about: CallbackSubject, attempt: Int, customer: Customer, corrected: Bool? = nil,
        product: Product? = nil, title: String? = nil
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
        self.attempt = attempt
        self.customer = customer
        self.corrected = corrected
        self.product = product
        self.title = title
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id),
        .required("kind", .names(CallbackKind.self)),
        .required("windowStart", .time, says: "00:00 of the first date of the window."),
        .required("windowEnd", .time, says: "24:00 of the last date of the window."),
        .required("about", CallbackSubject.shape),
        .required("attempt", .integer(min: 1, max: Shape.integerLimit)),
        .required("customer", Customer.shape),
        .optional(
            "corrected", .boolean,
            says: "His phone here was found after a wrong number, for calls alone; he is known by another."),
        .optional("product", Product.shape),
        .optional("title", .text(min: 1, max: 200), says: "What a customer event is called."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        kind = try members.required("kind", in: tape)
        windowStart = try members.required("windowStart", in: tape)
        windowEnd = try members.required("windowEnd", in: tape)
        about = try members.required("about", in: tape)
        attempt = try members.required("attempt", in: tape)
        customer = try members.required("customer", in: tape)
        corrected = try members.optional("corrected", in: tape)
        product = try members.optional("product", in: tape)
        title = try members.optional("title", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("kind", kind)
        writer.member("windowStart", windowStart)
        writer.member("windowEnd", windowEnd)
        writer.member("about", about)
        writer.member("attempt", attempt)
        writer.member("customer", customer)
        writer.member("corrected", corrected)
        writer.member("product", product)
        writer.member("title", title)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customer.replaceTexts(replacement)
    }
}

/// `callback.exhausted`: Three attempts on different dates have not reached the customer (R10).
package struct CallbackExhausted: EventData {
    package static let type = EventType("callback.exhausted")

    package var callbackId: String
    package var kind: CallbackKind
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject

    package init(
        callbackId: String, kind: CallbackKind, windowStart: Instant, windowEnd: Instant, about: CallbackSubject
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id),
        .required("kind", .names(CallbackKind.self)),
        .required("windowStart", .time, says: "00:00 of the first date of the window."),
        .required("windowEnd", .time, says: "24:00 of the last date of the window."),
        .required("about", CallbackSubject.shape),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        kind = try members.required("kind", in: tape)
        windowStart = try members.required("windowStart", in: tape)
        windowEnd = try members.required("windowEnd", in: tape)
        about = try members.required("about", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("kind", kind)
        writer.member("windowStart", windowStart)
        writer.member("windowEnd", windowEnd)
        writer.member("about", about)
        writer.end()
    }
}

/// `callback.missed`: The window is over and the call not done; it may still be done.
package struct CallbackMissed: EventData {
    package static let type = EventType("callback.missed")

    package var callbackId: String
    package var kind: CallbackKind
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject

    package init(
        callbackId: String, kind: CallbackKind, windowStart: Instant, windowEnd: Instant, about: CallbackSubject
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id),
        .required("kind", .names(CallbackKind.self)),
        .required("windowStart", .time, says: "00:00 of the first date of the window."),
        .required("windowEnd", .time, says: "24:00 of the last date of the window."),
        .required("about", CallbackSubject.shape),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        kind = try members.required("kind", in: tape)
        windowStart = try members.required("windowStart", in: tape)
        windowEnd = try members.required("windowEnd", in: tape)
        about = try members.required("about", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("kind", kind)
        writer.member("windowStart", windowStart)
        writer.member("windowEnd", windowEnd)
        writer.member("about", about)
        writer.end()
    }
}
