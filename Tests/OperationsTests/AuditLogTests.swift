import Operations
import Runtime
import Schema
import Store
import StoreTestKit
import Testing

@Suite struct `The audit log of operators` {
    private let store: any DeadLetterStore = MemoryDeadLetterStore()
    private var letters: SealedDeadLetters { SealedDeadLetters(store, keyring: .none) }
    private var log: AuditLog { AuditLog(for: .tester, beside: letters) }

    private func discard(_ id: String, _ reason: String? = nil) -> OperatorAct {
        OperatorAct(
            "dead-letters discard", [.init("dead-letter:\(id)", before: "open", after: "discarded")], reason: reason)
    }

    /// As somebody leaves it who writes into the tables.
    private func verify(
        _ entries: [LoggedAct], _ head: AuditLogHead, expecting: [AuditLogHead] = []
    ) -> AuditLogCheck {
        var check = AuditLogCheck(expecting: expecting)
        for entry in entries { check.add(entry) }
        check.end(head)
        return check
    }

    @Test func `tells who did what to what, why, and what became of it`() async throws {
        try await log.write(discard("1", "a test"))
        let list = try await log.list(AuditLogFilter(), after: nil, limit: 50)
        let entry = try #require(list.entries.first)
        #expect(entry.operatorName == "tess" && entry.systemUser == "oncall" && entry.outcome == "done")
        #expect(entry.objects == [.init("dead-letter:1", before: "open", after: "discarded")])
        #expect(list.text.contains("tess (oncall)") && list.text.contains("open -> discarded"))
        #expect(list.text.contains("a test") && list.text.contains("1 of 1 that match"))
    }

    @Test func `pages through all entries, and says when there are no more`() async throws {
        for number in 1...5 { try await log.write(discard("\(number)")) }
        let first = try await log.list(AuditLogFilter(), after: nil, limit: 2)
        #expect(first.entries.map(\.number) == [5, 4] && first.total == 5)
        let rest = try await log.list(AuditLogFilter(), after: first.next, limit: 3)
        #expect(rest.entries.map(\.number) == [3, 2, 1] && rest.next == nil)
    }

    @Test func `verifies, and names the first entry that is not what was written`() async throws {
        for number in 1...4 { try await log.write(discard("\(number)")) }
        #expect(try await log.verify(expecting: []).exitCode == 0)
        let entries = try await log.entries(AuditLogFilter(), .after(0), limit: 9)
        let head = try await log.head()
        #expect(verify(entries, head).broken == nil)
        let first = AuditLogHead(number: 1, hash: entries[0].entry.head)
        #expect(verify(entries, head, expecting: [first, head]).broken == nil)
        #expect(verify(Array(entries.dropFirst()), head).broken?.number == 1)
        #expect(verify([entries[0]] + entries.dropFirst(2), head).broken?.number == 2)
        #expect(verify(entries.dropLast(), head).broken?.number == 4, "the last was cut off")
        let cut = AuditLogHead(number: 3, hash: entries[2].entry.head)
        #expect(verify(entries.dropLast(), cut).broken == nil, "nothing in the tables tells of it")
        #expect(verify(entries.dropLast(), cut, expecting: [head]).broken?.number == 4, "but who kept the head knows")
    }

    @Test func `what one entry has no room for becomes several, and what is told of one object must have room`()
        async throws
    {
        let note = String(repeating: "n", count: 1_000)
        let objects = (1...100).map { OperatorAct.Object("dead-letter:\($0)", before: "-", after: note) }
        try await log.write(OperatorAct("dead-letters note", objects))
        let entries = try await store.logEntries(AuditLogFilter(), .after(0), limit: 99)
        #expect(entries.count == 4)
        #expect(entries.allSatisfy { $0.content.map { $0.count <= AuditLogDraft.contentLimit } ?? false })
        let told = try await log.entries(AuditLogFilter(), .after(0), limit: 99)
        #expect(told.flatMap(\.objects) == objects)
        // One character, as a reader counts.
        let reason = "e" + String(repeating: "\u{301}", count: AuditLogDraft.contentLimit / 2)
        #expect(reason.count == 1)
        let failure = await #expect(throws: OversizedAct.self) { try await log.write(discard("1", reason)) }
        #expect(failure?.description.contains("may have 32768; say it shorter") == true)
        #expect(try await log.head().number == 4)
    }

    @Test func `a log that was written anew does not come to the heads that were told`() async throws {
        try await log.write(discard("1"))
        let told = try await log.head()
        let other = MemoryDeadLetterStore()
        let forged = AuditLog(
            for: Operator(name: "mallory", systemUser: "oncall"), beside: SealedDeadLetters(other, keyring: .none))
        try await forged.write(discard("1"))
        try await forged.write(discard("2"))
        #expect(try await forged.verify(expecting: []).exitCode == 0)
        let result = try await forged.verify(expecting: [told])
        #expect(result.exitCode == 1 && result.broken?.number == 1)
        #expect(result.text.contains("written anew"))
    }

    @Test func `content that somebody has changed is the first broken entry`() async throws {
        for number in 1...3 { try await log.write(discard("\(number)")) }
        try await store.resealLog([2: Array(#"{"salt":"","objects":[]}"#.utf8)])
        let result = try await log.verify(expecting: [])
        #expect(result.broken?.number == 2 && result.entries == 1)
    }

    @Test func `an erasure takes the words, not the entry, and the chain holds`() async throws {
        try await log.write(discard("1", "he called from 138 1234 5678"))
        try await log.write(discard("2"))
        let phone = try #require(PhoneKey("13812345678"))
        #expect(try await letters.eraseLog(of: KnownPerson(.phone("13812345678"))) == 1)
        #expect(try await letters.eraseLog(of: [try await letters.trace(of: phone)]) == 0)
        let result = try await log.verify(expecting: [])
        #expect(result.exitCode == 0 && result.erased == 1 && result.entries == 2)
        let list = try await log.list(AuditLogFilter(), after: nil, limit: 9)
        #expect(list.entries.map(\.isErased) == [false, true])
        #expect(!list.text.contains("138"))
    }

    @Test func `content lies sealed, and is sealed anew with another key`() async throws {
        let old = try Keyring(parsing: "k1 " + key(1))
        let both = try Keyring(parsing: "k2 \(key(2))\nk1 \(key(1))")
        let sealed = SealedDeadLetters(store, keyring: old)
        try await AuditLog(for: .tester, beside: sealed).write(discard("1", "Zzyzx"))
        let kept = try #require(try await store.logEntries(AuditLogFilter(), .after(0), limit: 1).first?.content)
        #expect(!String(decoding: kept, as: UTF8.self).contains("Zzyzx"))
        await #expect(throws: StoreFailure.self) { try await log.list(AuditLogFilter(), after: nil, limit: 1) }
        let done = try await AuditLog.reseal(beside: SealedDeadLetters(store, keyring: both))
        #expect(done.resealed == 1 && done.damaged == 0)
        let new = SealedDeadLetters(store, keyring: try Keyring(parsing: "k2 " + key(2)))
        let list = try await AuditLog(for: .tester, beside: new).list(AuditLogFilter(), after: nil, limit: 1)
        #expect(list.entries.first?.reason == "Zzyzx")
        #expect(try await AuditLog(for: .tester, beside: new).verify(expecting: []).exitCode == 0)
    }

    /// 32 bytes in base64.
    private func key(_ byte: UInt8) -> String {
        String(repeating: byte == 1 ? "AQEB" : "AgIC", count: 10) + (byte == 1 ? "AQE=" : "AgI=")
    }

    @Test func `says what is too long, and writes nothing`() async throws {
        await #expect(throws: OversizedAct.self) {
            try await log.write(discard("1", String(repeating: "x", count: 1_001)))
        }
        #expect(try await log.head() == .origin)
    }

    @Test(arguments: ["anna", "王芳", "A. Smith (night)"])
    func `takes a name`(_ name: String) { #expect(Operator.isName(name)) }

    @Test(arguments: ["", "a\nb", "a\u{202E}b", String(repeating: "x", count: 65)])
    func `takes no name that steers a terminal, says nothing, or is too long`(_ name: String) {
        #expect(!Operator.isName(name))
    }
}
