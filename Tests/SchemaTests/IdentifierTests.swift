import Foundation
import Schema
import Testing

@Suite struct `Identifiers are those that others compute` {
    private let caseId = Identifiers.caseId(source: "urn:example:hotline", complaintId: "C-2026-000001")

    /// The vectors come from Python's `uuid.uuid5`, the parts joined by line feeds.
    @Test func `the published vectors hold`() throws {
        let vectors = try #require(try published()["vectors"]?.elements)
        #expect(vectors.count == 27)
        for vector in vectors {
            let parts = try #require(vector["parts"]?.elements).compactMap(\.string)
            #expect(Identifiers.uuid(parts) == vector["uuid"]?.string, "\(parts)")
        }
    }

    /// Computed by Python's `uuid.uuid5`, as a desk does that approves a proposal before it has heard of it.
    @Test func `a grave proposal is known by its violation`() throws {
        let id = Identifiers.proposalId(
            outletId: "O-12", ladder: "grave", period: "V-2026-000001", rung: "stop-dispatch", count: 1)
        #expect(id == "124ade79-b860-5476-ae19-eb64928cdccc")
        let vectors = try #require(try published()["vectors"]?.elements)
        let parts: JSON = ["proposal", "O-12", "grave", "V-2026-000001", "stop-dispatch", "1"]
        #expect(vectors.contains { $0["parts"] == parts && $0["uuid"]?.string == id })
    }

    private func published() throws -> JSON {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "schemas/ids.json")
        return try JSON(parsing: [UInt8](try Data(contentsOf: file)))
    }

    @Test func `each kind of id joins its own parts`() {
        #expect(caseId == "61feacde-be7a-54bc-89dc-b9837655d4e6")
        #expect(Identifiers.callbackId(kind: "k", serviceId: "s") == Identifiers.uuid(["callback", "k", "s"]))
        #expect(
            Identifiers.callbackId(kind: "case-closed", caseId: caseId, closing: 2)
                == Identifiers.uuid(["callback", "case-closed", caseId, "2"]))
        #expect(
            Identifiers.callbackId(kind: "customer-event", eventId: "E", customer: 0)
                == Identifiers.uuid(["callback", "customer-event", "E", "0"]))
        let proposal = Identifiers.proposalId(
            outletId: "O", ladder: "monthly", period: "2026-11", rung: "warning", count: 2)
        #expect(proposal == Identifiers.uuid(["proposal", "O", "monthly", "2026-11", "warning", "2"]))
        #expect(Identifiers.noticeId(proposalId: proposal) == Identifiers.uuid(["notice", proposal]))
        #expect(
            Identifiers.noticeId(kind: "k", addressee: "M", period: "2026-Q4")
                == Identifiers.uuid(["notice", "k", "M", "2026-Q4"]))
        #expect(Identifiers.incidentId(callbackId: "c") == Identifiers.uuid(["incident", "c"]))
        #expect(
            Identifiers.eventId(stage: "intake", causeSource: "s", causeId: "i", index: 3)
                == Identifiers.uuid(["event", "intake", "s", "i", "3"]))
        #expect(
            Identifiers.rejectionId(source: nil, subject: "d") == Identifiers.uuid(["event", "rejected", "", "d", "0"]))
    }

    @Test(arguments: ["a", "A-1", "0:x_y", String(repeating: "a", count: 64)])
    func `an id has one to 64 letters, digits and marks`(text: String) {
        #expect(Identifier.isValid(text))
    }

    @Test(arguments: [
        "", "-a", "_a", ":a", "a b", "a.b", "é", "a\n", "\u{212A}", "a/b", String(repeating: "a", count: 65),
    ])
    func `anything else is no id`(text: String) {
        #expect(!Identifier.isValid(text))
    }

    @Test func `a digest is that of SHA-256`() {
        let empty: [UInt8] = [
            0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
            0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
        ]
        #expect(Identifiers.digest([]) == empty)
    }
}
