/// `customer.erasure-requested`: a customer's personal data are to be erased wherever Recourse keeps them.
///
/// No stage decides on it: every stage's runtime erases what its own store keeps, and the parking worker the dead letters.
/// Exactly one of `phone`, `caseId` and `complaintId` says who is meant; a complaint is known by the order's own source.
package struct CustomerErasureRequested: EventData, Hashable {
    package static let type = EventType("customer.erasure-requested")

    package var requestId: String
    package var phone: String?
    package var caseId: String?
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

    package static let shape: [Shape.Field] = [
        .required("requestId", .id), .optional("phone", .text(min: 1, max: Customer.phoneLimit), personal: true),
        .optional("caseId", .id), .optional("complaintId", .id), .required("by", Person.shape),
    ]

    package var correlation: String? { caseId }

    /// That of the phone, as a customer's.
    package var comparisonKey: String? { phone.flatMap { Customer.comparisonKey(ofPhone: $0) } }
}
