import Schema
import Store
import StoreTestKit
import Testing

@testable import Runtime

@Suite struct `A dead letter` {
    private func keys(_ text: String) -> Set<String> { Set(NumbersInText(text).keys.map(\.digits)) }

    @Test(arguments: [
        "13977771234", "+86 139 7777 1234", "0086-139-7777-1234", "１３９７７７７１２３４", "call 139 7777 1234 after six",
        "crm:13977771234", "complaint.received.13977771234", "C13977771234x", "2026-11-16 13977771234",
        "139 7777 1234, or 13600000001", "id 2026111613977771234", "tel：(139)7777-1234。", "13977771234#2",
    ])
    func `holds a number however it is spelt and whatever it stands in`(text: String) {
        #expect(keys(text).contains("13977771234"), "\(keys(text))")
    }

    @Test(arguments: [
        "", "2026-11-16T10:00:00+08:00", "7f1d0c6e-52b5-5d0e-9a55-0d7a3a0c2b11", "ask for room 123456, floor 5",
        "1 3 9 7 7 7", "it cost 1,397.77",
    ])
    func `holds no number in what is none`(text: String) {
        #expect(!keys(text).contains("13977771234") && keys(text).allSatisfy { !$0.hasPrefix("2026") }, "\(keys(text))")
    }

    @Test func `has numbers written with every space and dash that there is`() {
        let marks = "+-().（）－＋．".unicodeScalars
        let wrong = (UInt32(0)...0x10FFFF).compactMap { Unicode.Scalar($0) }.filter { scalar in
            let isMark = scalar.properties.isWhitespace || scalar.properties.isDash || marks.contains(scalar)
            return NumbersInText.isBetween(scalar) != isMark
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(10))")
    }

    @Test func `tells customers, numbers and matters of a document, and all it can of what is none`() throws {
        let body = """
            {"source":"crm","type":"complaint.received.v1","data":{"complaintId":"C1","caseId":"K1",\
            "customer":{"phone":"１３９７７７７１２３４"},"description":"or 136 0000 0001","claimFen":2000000}}
            """
        let content = LetterContent(letter(body))
        #expect(content.customers == 1)
        #expect(content.phones.map(\.digits) == ["13977771234"])
        #expect(Set(content.numbers.map(\.digits)).isSuperset(of: ["13977771234", "13600000001", "2000000"]))
        let cases = ["K1", Identifiers.caseId(source: "crm", complaintId: "C1")]
        #expect(content.subjects == Set(cases.compactMap { PersonalSubject(member: "caseId", id: $0) }))
        let broken = LetterContent(letter("{broken 139-7777-1234"))
        #expect(broken.numbers.contains(try #require(PhoneKey("13977771234"))))
        let sought = LetterContent(letter(body), sought: [try #require(PhoneKey("13600000001"))])
        #expect(sought.numbers.map(\.digits) == ["13600000001"])
    }

    @Test func `with more numbers than are kept beside it is looked through for each person`() throws {
        let body = (0..<3_000).map { "x\(13_000_000_000 + $0)" }.joined()
        #expect(LetterContent(letter(body)).isOverfull)
        let last = try #require(PhoneKey("13000002999"))
        #expect(LetterContent(letter(body), sought: [last]).numbers == [last])
    }

    @Test func `of nothing but digits is not gone through run by run`() throws {
        for (part, count) in [("1 ", 100_000), ("1234567890123456789 x", 10_000)] {
            let body = String(repeating: part, count: count)
            #expect(LetterContent(letter(body)).isOverfull)
            let last = try #require(PhoneKey("13000002999"))
            #expect(LetterContent(letter(body), sought: [last]).numbers == [])
            #expect(LetterContent(letter(body + " ; 130 0000 2999"), sought: [last]).numbers == [last])
        }
    }

    @Test func `of more values than an event may hold is looked through as a text`() throws {
        let zeros = Array(repeating: "0", count: 70_000).joined(separator: ",")
        let content = LetterContent(letter(#"{"phone":"139-7777-1234","zeros":[\#(zeros)]}"#))
        #expect(content.numbers.contains(try #require(PhoneKey("13977771234"))))
        #expect(content.phones.isEmpty && !content.isOverfull)
    }

    @Test func `names the columns in which a person stands`() throws {
        var one = letter(#"{"data":{"customer":{"phone":"13600000001"}}}"#)
        one.source = "crm/139-7777-1234"
        one.eventId = "E-13600000001"
        one.type = "complaint.received"
        one.caseId = "C-2026-000001"
        one.routingKey = "complaint.received.13977771234"
        let person = try #require(PhoneKey("13977771234"))
        #expect(LetterContent(one).columns(naming: [person]) == [.source, .event, .routingKey])
        #expect(LetterContent(one).columns(naming: []) == [.event], "the customer that the letter itself names")
    }

    private func letter(_ body: String) -> DeadLetter {
        DeadLetter(
            id: "1", queue: "q", failureClass: "schema", code: "contract", firstAt: WorkerScene.noon,
            lastAt: WorkerScene.noon, body: Array(body.utf8))
    }

    // MARK: Found for a person

    private func stored(_ bodies: [String]) async throws -> SealedDeadLetters {
        let letters = SealedDeadLetters(MemoryDeadLetterStore(), keyring: .none)
        let rows = bodies.enumerated().map { number, body in
            DeadLetter(
                id: "\(number)", queue: "q", failureClass: "schema", code: "contract", firstAt: WorkerScene.noon,
                lastAt: WorkerScene.noon, body: Array(body.utf8))
        }
        _ = try await letters.upsert(rows, parkedAt: WorkerScene.noon)
        return letters
    }

    private func found(_ person: PersonSought, in letters: SealedDeadLetters) async throws -> [String] {
        try await DeadLettersOfPersons(letters).find(.init(person)).letters.map(\.id)
    }

    @Test func `is found by a number, by what such letters are about, and by a case alone`() async throws {
        let caseId = Identifiers.caseId(source: "crm", complaintId: "C1")
        let letters = try await stored([
            #"{"source":"crm","data":{"complaintId":"C1","customer":{"phone":"0086-139-7777-1234"}}}"#,
            #"{"data":{"caseId":"\#(caseId)","note":"Zzyzx"}}"#,
            #"{"data":{"caseId":"K2","note":"Bianca","customer":{"phone":"看备注"}}}"#,
            #"{"data":{"customers":[{"phone":"13977771234"},{"phone":"13600000001"}],"caseId":"K3"}}"#,
            #"{"data":{"caseId":"K3"}}"#, "13977771", (0..<3_000).map { "x\(13_000_000_000 + $0)" }.joined(),
        ])
        #expect(try await found(.phone("１３９７７７７１２３４"), in: letters) == ["0", "1", "3"])
        #expect(try await found(.cases([caseId]), in: letters) == ["0", "1"])
        #expect(try await found(.complaint("C1", from: "crm"), in: letters) == ["0", "1"])
        #expect(try await found(.cases(["K2"]), in: letters) == ["2"])
        #expect(try await found(.phone("看备注"), in: letters) == [])
        #expect(try await found(.phone("13000002999"), in: letters) == ["6"])
    }

    @Test func `that a program of the release before has parked is found too, without a second look at the others`()
        async throws
    {
        let letters = try await stored(["13977771234"])
        let old = DeadLetter(
            id: "old", queue: "q", failureClass: "schema", code: "contract", firstAt: WorkerScene.noon,
            lastAt: WorkerScene.noon, body: Array("139 7777 1234".utf8))
        _ = try await letters.store.upsert([old], parkedAt: WorkerScene.noon)
        #expect(try await letters.unindexed(limit: 9, bytes: 1 << 20).map(\.letter.id) == ["old"])
        #expect(try await found(.phone("13977771234"), in: letters) == ["0", "old"])
        #expect(try await letters.unindexed(limit: 9, bytes: 1 << 20).isEmpty)
    }
}
