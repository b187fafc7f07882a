import Schema

/// One complaint that was taken in, under its case id (which derives from its source and complaintId), and what became
/// of it: a case of its own, or a link to an open one.
package struct ComplaintRecord: Record, Equatable {
    package static let kind = "complaint"

    /// Of the content: tells the same complaint once more from another one under a known id.
    package let fingerprint: String
    /// The id of the customer's file.
    package let customer: String
    /// The open case to which it was linked; nil: it opened the case of its own id.
    package let linkedTo: String?

    package init(fingerprint: String, customer: String, linkedTo: String?) {
        self.fingerprint = fingerprint
        self.customer = customer
        self.linkedTo = linkedTo
    }

    package var wake: Wake? { nil }
}
