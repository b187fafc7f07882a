// Written by scripts/generate_events.py from PrivacyEvents.contract; to change it, change that.

/// `customer.erasure-requested`: The personal data of a customer are to be erased wherever they are kept.
/// Who may (R48): headquarters or the business division.
///
/// No stage decides on it: every stage's runtime erases what its own store keeps, and the parking worker the dead letters.
/// Exactly one of `phone`, `caseId` and `complaintId` says who is meant; a complaint is known by the order's own source.
package struct CustomerErasureRequested: EventData {
    package static let type = EventType("customer.erasure-requested")

    /// The name that the requester gives this order; no other has it.
    package var requestId: String
    /// The number of the person, with 5 to 15 digits; exactly one of phone, caseId and complaintId.
    package var phone: String?
    /// A case of the person; exactly one of phone, caseId and complaintId.
    package var caseId: String?
    /// A complaint of the person, from the source of this event; exactly one of phone, caseId and complaintId.
    package var complaintId: String?
    package var by: Person

    package init(
        requestId: String, phone: String? = nil, caseId: String? = nil, complaintId: String? = nil, by: Person
    ) {
        self.requestId = requestId
        self.phone = phone
        self.caseId = caseId
        self.complaintId = complaintId
        self.by = by
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id, says: "The name that the requester gives this order; no other has it."),
        .optional(
            "phone", .text(min: 1, max: Customer.phoneLimit), personal: true,
            says: "The number of the person, with 5 to 15 digits; exactly one of phone, caseId and complaintId."),
        .optional("caseId", .id, says: "A case of the person; exactly one of phone, caseId and complaintId."),
        .optional(
            "complaintId", .id,
            says: """
                A complaint of the person, from the source of this event; exactly one of phone, caseId and \
                complaintId.
                """),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        phone = try members.optional("phone", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("phone", phone)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("by", by)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        phone = phone.replaced(replacement)
    }
}
