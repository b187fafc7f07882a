import Schema
import Testing

@Suite struct `Identifiers are those that others compute` {
    @Test func `a case id is the uuid5 of its parts`() {
        #expect(Identifiers.uuid(["case", "hotline", "C-1"]) == Identifiers.caseId(source: "hotline", complaintId: "C-1"))
        #expect(Identifiers.caseId(source: "hotline", complaintId: "C-1").utf8.count == 36)
    }
}
