import Schema

/// One complaint that was taken in, under its case id (which derives from its source and complaintId), and what became
/// of it: a case of its own, or a link to an open one.
package struct ComplaintRecord: Record, Equatable {
    package static let kind = "complaint"

    /// SHA-256 of the content: tells the same complaint once more from another one under a known id.
    package let digest: String
    /// The id of the customer's file.
    package let customer: String
    /// The open case to which it was linked; nil: it opened the case of its own id.
    package let linkedTo: String?

    package init(digest: String, customer: String, linkedTo: String?) {
        self.digest = digest
        self.customer = customer
        self.linkedTo = linkedTo
    }

    package var wake: Wake? { nil }
}

extension ComplaintRecord {
    /// The digest of a complaint's content: of what the contract knows, so that members it does not know do not matter.
    static func digest(of complaint: ComplaintReceived) throws -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in Identifiers.digest(try JSONEncoding.bytes(of: complaint)) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
