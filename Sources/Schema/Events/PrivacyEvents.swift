/// `customer.erasure-requested`: a customer's personal data are to be erased wherever Recourse keeps them.
///
/// No stage decides on it: every stage's runtime erases what its own store keeps, and the parking worker the dead letters.
package struct CustomerErasureRequested: EventData, Hashable {
    package static let type = EventType("customer.erasure-requested")

    package var requestId: String
    package var phone: String
    package var by: Person

    package init(requestId: String, phone: String, by: Person) {
        self.requestId = requestId
        self.phone = phone
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id), .required("phone", .text(min: 1, max: 40), personal: true),
        .required("by", Person.shape),
    ]
}
