internal import Crypto

/// Ids that others may compute too: UUIDs of version 5 (RFC 9562 §5.5) over parts joined by a line feed.
package enum Identifiers {
    private static let hex = Array("0123456789abcdef".utf8)

    /// Two lower-case digits for each byte.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            for (index, byte) in bytes.enumerated() {
                text[2 * index] = hex[Int(byte >> 4)]
                text[2 * index + 1] = hex[Int(byte & 15)]
            }
            return 2 * bytes.count
        }
    }

    /// RFC 9562 appendix C.1: the namespace of domain names.
    private static let dns: [UInt8] = [
        0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
    ]

    /// uuid5(DNS, `recourse`).
    private static let namespace = uuid5Bytes(of: dns + Array("recourse".utf8))

    /// - Parameter named: the namespace, and behind it the name.
    private static func uuid5Bytes(of named: [UInt8]) -> [UInt8] {
        var hash = Insecure.SHA1()
        named.withUnsafeBytes { hash.update(bufferPointer: $0) }
        var bytes = hash.finalize().withUnsafeBytes { Array($0.prefix(16)) }
        bytes[6] = bytes[6] & 0x0F | 0x50
        bytes[8] = bytes[8] & 0x3F | 0x80
        return bytes
    }

    /// uuid5(DNS, `recourse`) as text.
    static let namespaceText = text(of: namespace)

    private static func text(of bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 36) { text in
            var end = 0
            for (index, byte) in bytes.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    text[end] = UInt8(ascii: "-")
                    end += 1
                }
                text[end] = hex[Int(byte >> 4)]
                text[end + 1] = hex[Int(byte & 15)]
                end += 2
            }
            return end
        }
    }

    /// uuid5 over `parts` in Recourse's namespace, in lower case with hyphens.
    package static func uuid(_ parts: [String]) -> String {
        var name: [UInt8] = []
        name.reserveCapacity(parts.reduce(namespace.count + parts.count) { $0 + $1.utf8.count })
        name += namespace
        for (index, part) in parts.enumerated() {
            if index > 0 { name.append(UInt8(ascii: "\n")) }
            name.append(contentsOf: part.utf8)
        }
        return text(of: uuid5Bytes(of: name))
    }

    package static func caseId(source: String, complaintId: String) -> String {
        uuid(["case", source, complaintId])
    }

    package static func callbackId(kind: String, serviceId: String) -> String { uuid(["callback", kind, serviceId]) }

    /// `closing` counts from 1.
    package static func callbackId(kind: String, caseId: String, closing: Int) -> String {
        uuid(["callback", kind, caseId, String(closing)])
    }

    /// `customer` counts from 0.
    package static func callbackId(kind: String, eventId: String, customer: Int) -> String {
        uuid(["callback", kind, eventId, String(customer)])
    }

    package static func proposalId(
        outletId: String, ladder: String, period: String, rung: String, count: Int
    ) -> String { uuid(["proposal", outletId, ladder, period, rung, String(count)]) }

    /// Of the event that alerts of a batch (R52): whoever completes the cluster, it is one event.
    ///
    /// - Parameter span: the number of the span of dates.
    package static func batchId(brand: MatterKey, category: MatterKey, span: Int64) -> String {
        uuid(["batch", brand.text, category.text, String(span)])
    }

    package static func noticeId(proposalId: String) -> String { uuid(["notice", proposalId]) }

    package static func noticeId(kind: String, addressee: String, period: String) -> String {
        uuid(["notice", kind, addressee, period])
    }

    package static func incidentId(callbackId: String) -> String { incidentId(of: callbackId) }

    /// - Parameter source: the callbackId, problemId or requestId that the incident comes from.
    package static func incidentId(of source: String) -> String { uuid(["incident", source]) }

    /// Of a proposal to demand another service provider.
    package static func proposalId(replacementOf manufacturerId: String, quarter: String) -> String {
        uuid(["replacement", manufacturerId, quarter])
    }

    /// The id of an event that `stage` emits. For a timer, `causeSource` is its record (`case/<id>`) and `causeId` its
    /// due time; `index` counts what this cause made this stage emit, from 0.
    package static func eventId(stage: String, causeSource: String, causeId: String, index: Int) -> String {
        uuid(["event", stage, causeSource, causeId, String(index)])
    }

    /// The id of `event.rejected`: the same whichever stage refuses the event, so that two make one.
    ///
    /// - Parameter subject: the refused event's id or, where it has none, the hexadecimal digest of its body.
    package static func rejectionId(source: String?, subject: String) -> String {
        uuid(["event", "rejected", source ?? "", subject, "0"])
    }

    /// The id of `event.waiting`: the same however often it is told.
    package static func waitingId(source: String, eventId: String) -> String {
        uuid(["event", "waiting", source, eventId, "0"])
    }

    /// uuid5 of one name; its first eight digits stand for a source in the routing keys of `event.rejected` and
    /// `event.waiting`.
    package static func uuid5(of name: String) -> String { uuid([name]) }

    /// SHA-256 of a body: tells a redelivery from a reused id.
    package static func digest(_ body: [UInt8]) -> [UInt8] { sha256(of: body).withUnsafeBytes { Array($0) } }

    /// 63 bits of the SHA-256 of `bytes`.
    static func number(of bytes: [UInt8]) -> Int64 {
        sha256(of: bytes).withUnsafeBytes { number(first: $0) }
    }

    private static func sha256(of bytes: [UInt8]) -> SHA256Digest {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize()
    }

    /// The first eight bytes of a digest as a number, without its sign.
    package static func number(first bytes: UnsafeRawBufferPointer) -> Int64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) } & Int64.max
    }
}
