/// `customer.contact-corrected`: somebody has found the number of a customer who was called in vain under a wrong one (R10).
package struct CustomerContactCorrected: EventData, Hashable {
    package static let type = EventType("customer.contact-corrected")

    package var callbackId: String
    package var phone: String
    package var by: Person

    package init(callbackId: String, phone: String, by: Person) {
        self.callbackId = callbackId
        self.phone = phone
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("phone", .text(min: 1, max: 40), personal: true),
        .required("by", Person.shape),
    ]
}

/// `customer.remark`: what a customer said in a call beside his answer (R54).
package struct CustomerRemark: EventData, Hashable {
    package static let type = EventType("customer.remark")

    package enum Class: String, Codable, Hashable, Sendable, CaseIterable {
        case consultation, complaint, report, suggestion
    }

    /// One remark, as `callback.completed` brings it.
    package struct Remark: Codable, Hashable, Sendable {
        package var `class`: Class
        package var text: String

        package init(class: Class, text: String) {
            self.class = `class`
            self.text = text
        }

        package static let shape = Shape.object([
            .required("class", .names(Class.self)), .required("text", .text(min: 1, max: 4000), personal: true),
        ])
    }

    package var callbackId: String
    package var `class`: Class
    package var text: String
    package var storeId: String?

    package init(callbackId: String, class: Class, text: String, storeId: String? = nil) {
        self.callbackId = callbackId
        self.class = `class`
        self.text = text
        self.storeId = storeId
    }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("class", .names(Class.self)),
        .required("text", .text(min: 1, max: 4000), personal: true), .optional("storeId", .id),
    ]
}
