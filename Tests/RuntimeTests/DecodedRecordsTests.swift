import Schema
import Stages
import Store
import Testing

@testable import Runtime

/// What is kept of records between batches.
@Suite struct DecodedRecordsTests {
    private func value(_ decoded: DecodedRecords, _ id: String, _ body: [UInt8]) -> Instant? {
        (decoded.value(of: CustomerFile.key(id), body: body) as? CustomerFile)?.since
    }

    private func note(_ decoded: DecodedRecords, _ id: String, _ body: [UInt8], since: Int64) {
        decoded.note(CustomerFile(since: Instant(seconds: since)), of: CustomerFile.key(id), body: body)
    }

    @Test func `Other bytes under the same key are another record's`() {
        let decoded = DecodedRecords()
        note(decoded, "a", [1], since: 1)
        #expect(value(decoded, "a", [1]) == Instant(seconds: 1))
        #expect(value(decoded, "a", [2]) == nil)
        #expect(value(decoded, "b", [1]) == nil)
        // As a transaction has written that is rolled back: what is committed has the bytes of before.
        note(decoded, "a", [2], since: 2)
        #expect(value(decoded, "a", [1]) == nil)
        #expect(value(decoded, "a", [2]) == Instant(seconds: 2))
    }

    @Test func `What was asked for lately outlasts what was not, and no more is kept than two generations`() {
        let decoded = DecodedRecords(limit: 100)
        let body = [UInt8](repeating: 0, count: 20)
        note(decoded, "hot", body, since: 0)
        for number in 1...50 {
            note(decoded, "\(number)", body, since: Int64(number))
            #expect(value(decoded, "hot", body) == Instant(seconds: 0))
        }
        let kept = (1...50).filter { value(decoded, "\($0)", body) != nil }
        #expect(kept.contains(50) && kept.count <= 10)
        #expect(kept.min() ?? 0 > 40)
    }

    @Test func `One that would take the place of all others is not kept`() {
        let decoded = DecodedRecords(limit: 100)
        note(decoded, "small", [1], since: 1)
        note(decoded, "large", [UInt8](repeating: 0, count: 26), since: 2)
        #expect(value(decoded, "large", [UInt8](repeating: 0, count: 26)) == nil)
        #expect(value(decoded, "small", [1]) == Instant(seconds: 1))
    }
}
