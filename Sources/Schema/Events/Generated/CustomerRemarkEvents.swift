// Written by scripts/generate_events.py from CustomerRemarkEvents.contract; to change it, change that.

/// `customer.contact-corrected`: The number of a customer who was called in vain under a wrong one has been found
/// (R10). Who may (R48): a person of the store of the call, of its region, or of headquarters; of a call without a
/// store anybody.
package struct CustomerContactCorrected: EventData {
    package static let type = EventType("customer.contact-corrected")

    package var callbackId: String
    /// The right number, with 5 to 15 digits; for calls alone.
    ///
    /// It belongs to whom the call is to, and tells nobody who he is.
    package var phone: String
    package var by: Person

    package init(
        callbackId: String, phone: String, by: Person
    ) {
        self.callbackId = callbackId
        self.phone = phone
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required(
            "callbackId", .id,
            says: "The call that is meant, as `callback.scheduled` and `callback.due` name it (`ids.json`)."),
        .required(
            "phone", .text(min: 1, max: Customer.phoneLimit), personal: true, ofMatter: true,
            says: "The right number, with 5 to 15 digits; for calls alone."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        phone = try members.required("phone", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("phone", phone)
        writer.member("by", by)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        phone = phone.replaced(replacement)
    }
}

/// `customer.remark`: What a customer said in a call beside his answer (R54).
package struct CustomerRemark: EventData {
    package static let type = EventType("customer.remark")

    package enum Class: String, ContractPart, CaseIterable {
        case consultation, complaint, report, suggestion
    }

    /// One remark, as `callback.completed` brings it.
    package struct Remark: ContractPart {
        /// What kind of remark it is; by a complaint a reached customer is dissatisfied unless he says otherwise.
        package var `class`: Class
        /// What he said, in words.
        package var text: String

        package init(
            class: Class, text: String
        ) {
            self.class = `class`
            self.text = text
        }

        package static let shape = Shape.object([
            .required(
                "class", .names(Class.self),
                says: """
                    What kind of remark it is; by a complaint a reached customer is dissatisfied unless he says \
                    otherwise.
                    """),
            .required("text", .text(min: 1, max: 4000), personal: true, says: "What he said, in words."),
        ])

        package init(reading place: Int, in tape: borrowing JSONTape) throws {
            var members = try MemberPlaces(of: place, in: tape)
            `class` = try members.required("class", in: tape)
            text = try members.required("text", in: tape)
        }

        package func write(to writer: inout JSONWriter) {
            writer.begin()
            writer.member("class", `class`)
            writer.member("text", text)
            writer.end()
        }

        package mutating func replaceTexts(_ replacement: (String) -> String) {
            text = text.replaced(replacement)
        }
    }

    package var callbackId: String
    package var `class`: Class
    package var text: String
    package var storeId: String?

    package init(
        callbackId: String, class: Class, text: String, storeId: String? = nil
    ) {
        self.callbackId = callbackId
        self.class = `class`
        self.text = text
        self.storeId = storeId
    }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id),
        .required("class", .names(Class.self)),
        .required("text", .text(min: 1, max: 4000), personal: true),
        .optional("storeId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        `class` = try members.required("class", in: tape)
        text = try members.required("text", in: tape)
        storeId = try members.optional("storeId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("class", `class`)
        writer.member("text", text)
        writer.member("storeId", storeId)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        text = text.replaced(replacement)
    }
}
