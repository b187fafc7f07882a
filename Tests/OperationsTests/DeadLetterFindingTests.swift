import Broker
import Operations
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing

@Suite struct `Dead letters are found and understood` {
    private static let noon = Instant(seconds: 1_790_000_000)
    private let store: any DeadLetterStore = MemoryDeadLetterStore()
    private var letters: SealedDeadLetters { SealedDeadLetters(store, keyring: .none) }

    private var office: DeadLetterOffice {
        DeadLetterOffice(
            DeadLetterOffice.Parts(
                deadLetters: letters, log: AuditLog(for: .tester, beside: letters), stores: [:],
                routes: Routes(Pipeline.stages), clock: Self.noon))
    }

    private func letter(
        _ id: String, _ body: String = "{}", code: String = "contract", faults: [Fault] = [], hours: Int64 = 0
    ) -> DeadLetter {
        let at = Self.noon.adding(hours: hours)
        var letter = DeadLetter(
            id: id, queue: "recourse.intake", failureClass: "schema", code: code, firstAt: at, lastAt: at,
            body: Array(body.utf8))
        (letter.source, letter.type, letter.eventId) = ("crm", "complaint.received", "E-" + id)
        let list = faults.map { fault in
            JSON.object([
                .init("pointer", .string(fault.pointer)), .init("rule", .string(fault.rule)),
                .init("message", .string(fault.message)),
            ])
        }
        let text = String(decoding: JSON.array(list).serialized, as: UTF8.self)
        letter.headers = JSON.object([.init("x-fail-faults", .string(text))]).serialized
        return letter
    }

    private func park(_ all: [DeadLetter]) async throws { _ = try await letters.upsert(all, parkedAt: Self.noon) }

    private func ids(_ change: (inout LetterSearch) -> Void) async throws -> [String] {
        var search = LetterSearch()
        change(&search)
        return try await office.list(search).letters.map(\.id)
    }

    // MARK: - Groups

    @Test func `letters that break another rule, or at another place, are another group; the place in a list is not`()
        async throws
    {
        func fault(_ pointer: String, _ rule: String) -> [Fault] { [Fault(pointer: pointer, rule: rule, message: "m")] }
        try await park([
            letter("1", faults: fault("/data/customer/phone", "required")),
            letter("2", faults: fault("/data/customer/phone", "type")),
            letter("3", faults: fault("/data/customers/0/name", "required")),
            letter("4", faults: fault("/data/customers/17/name", "required")),
            letter("5", faults: fault("/data/tel13812345678", "type")), letter("6"),
        ])
        let groups = try await office.groups(LetterSearch(), sample: 0)
        #expect(groups.total == 5 && groups.letters == 6)
        #expect(
            Set(groups.groups.compactMap(\.fault)) == [
                "/data/customer/phone required", "/data/customer/phone type", "/data/customers/*/name required",
                "/data/? type",
            ])
        #expect(groups.groups.first?.count == 2)
        #expect(!groups.text.contains("138"), "names of members are upstream's")
        let print = try #require(groups.groups.first).fingerprint
        #expect(try await ids { $0.filter.fingerprint = print } == ["4", "3"])
    }

    @Test func `a group says who sent what, since when, and what sending again would lead to, of how many`()
        async throws
    {
        try await park((0..<5).map { letter("\($0)", hours: Int64($0)) })
        var other = letter("x", hours: 9)
        (other.source, other.type) = ("app", nil)
        try await park([other])
        let group = try #require(try await office.groups(LetterSearch(), sample: 4).groups.first)
        #expect(group.count == 6 && group.open == 6 && group.sources == 2 && group.source == "app")
        #expect(group.firstAt == Self.noon && group.lastAt == Self.noon.adding(hours: 9) && group.example == "x")
        #expect(group.judged == 4 && group.verdicts == [Figure("still refused", 4)])
        let text = try await office.groups(LetterSearch(), sample: 4).text
        #expect(text.contains("app and 1 more") && text.contains("(of the newest 4)") && text.contains("1 of 1 groups"))
    }

    @Test(arguments: DeadLetterCode.allCases)
    func `every code that a program gives has a cause and a cure in plain words`(_ code: DeadLetterCode) {
        let found = LetterCause(code: code.rawValue)
        #expect(found.cause.hasSuffix(".") && found.cure.hasSuffix("."))
        #expect(found != LetterCause(code: "of-another-release"))
    }

    @Test func `no code has the sentence of another`() {
        let causes = DeadLetterCode.allCases.map { LetterCause(code: $0.rawValue).cause }
        #expect(Set(causes).count == causes.count)
    }

    // MARK: - Search

    @Test func `is found by what it names, wherever that stands in it`() async throws {
        let caseId = Identifiers.caseId(source: "crm", complaintId: "C1")
        try await park([
            letter("1", #"{"data":{"complaintId":"C1","storeId":"S7","outletId":"O9"}}"#),
            letter("2", #"{"data":{"caseId":"\#(caseId)","about":{"outletId":"O9"}}}"#),
            letter("3", #"{"data":{"customer":{"phone":"0086-138-1234-5678"},"storeId":"S8"}}"#),
        ])
        #expect(try await ids { $0.terms = [LetterTerm(.complaint, "C1")] } == ["1"])
        #expect(try await ids { $0.terms = [LetterTerm(.case, caseId)] } == ["2", "1"], "the complaint's case, too")
        #expect(try await ids { $0.terms = [LetterTerm(.outlet, "O9")] } == ["2", "1"])
        #expect(try await ids { $0.terms = [LetterTerm(.outlet, "O9"), LetterTerm(.store, "S7")] } == ["1"])
        #expect(try await ids { $0.terms = [LetterTerm(.store, "O9")] } == [])
        #expect(try await ids { $0.phone = PhoneKey("13812345678") } == ["3"])
        #expect(try await ids { ($0.filter.source, $0.filter.eventId) = ("crm", "E-2") } == ["2"])
        #expect(try await store.erase([LetterErasure(id: "1")], note: "erased") == 1)
        #expect(try await ids { $0.terms = [LetterTerm(.outlet, "O9")] } == ["2"])
    }

    @Test func `is found by the time of its failure, the text of its fault, and who sees to it`() async throws {
        try await park([
            letter("1", faults: [Fault(pointer: "/data/remedy", rule: "enum", message: "m")]),
            letter("2", hours: 1), letter("3", hours: 2),
        ])
        #expect(
            try await ids {
                ($0.filter.from, $0.filter.until) = (Self.noon.adding(hours: 1), Self.noon.adding(hours: 2))
            } == ["2"])
        #expect(try await ids { $0.filter.text = "REMEDY" } == ["1"])
        #expect(try await office.assign("3", to: "bo").exitCode == 0)
        #expect(try await ids { $0.filter.assignee = "bo" } == ["3"])
    }

    @Test func `what an older release has parked is indexed when somebody asks, and says how much is left`()
        async throws
    {
        let faulty = letter(
            "1", #"{"data":{"storeId":"S7"}}"#, faults: [Fault(pointer: "/data", rule: "type", message: "")])
        _ = try await store.upsert([faulty], parkedAt: Self.noon)
        let list = try await office.list(LetterSearch())
        #expect(list.unindexed == 0 && list.letters.first?.fault == "/data type")
        #expect(try await ids { $0.terms = [LetterTerm(.store, "S7")] } == ["1"])
    }

    @Test func `a beginning of an id stands for it where no other begins so`() async throws {
        try await park([letter("abcd1111-x"), letter("abcd2222-x"), letter("ffff0000-x")])
        #expect(try await office.show("ffff")?.letter.id == "ffff0000-x")
        #expect(try await office.show("fff") == nil, "too short to mean one")
        let refusal = await #expect(throws: OfficeFailure.self) { _ = try await office.show("abcd") }
        #expect(refusal?.description.contains("abcd1111-x, abcd2222-x") == true)
        #expect(try await office.discard(["abcd1"], reason: "r").actions.map(\.done) == [true])
    }

    // MARK: - Looking

    @Test func `the fault is pointed at in the masked body, also where a member is missing`() async throws {
        let body = #"{"id":"E1","type":"complaint.received.v1","data":{"customer":{"name":"Zhang Wei"},"remedy":"x"}}"#
        try await park([
            letter(
                "1", body,
                faults: [
                    Fault(pointer: "/data/remedy", rule: "enum", message: "one of repair"),
                    Fault(pointer: "/data/customer/phone", rule: "required", message: "this member is missing"),
                    Fault(pointer: "/source", rule: "required", message: "this member is missing"),
                ])
        ])
        let detail = try #require(try await office.show("1", withBody: true))
        let lines = detail.text.split(separator: "\n").map(String.init)
        func line(_ text: String) throws -> Int { try #require(lines.firstIndex { $0.contains(text) }) }
        #expect(try line("^ /data/remedy enum: one of repair") == line(#""remedy": "x""#) + 1)
        #expect(try line("^ /data/customer/phone required") == line(#""name": "Z*""#) + 1)
        #expect(lines.contains { $0.contains("^ /source required") })
        #expect(!detail.text.contains("Zhang") && detail.text.contains(detail.cure))
    }

    @Test func `every look at a body, and every act, stands in the log before or with it`() async throws {
        try await park([letter("1", #"{"secret":"Zhang Wei"}"#)])
        _ = try await office.show("1")
        #expect(try await store.logHead() == .origin, "what lists show needs no word")
        _ = try await office.show("1", withBody: true)
        let open = try await office.unmask("1", reason: "the sender asks")
        #expect(open.text.contains("Zhang Wei"))
        _ = try await office.note("1", "is being looked at")
        _ = try await office.assign("1", to: "bo")
        _ = try await office.discard(["1"], reason: "not needed")
        _ = try await office.restore(["1"], reason: "needed")
        let log = try await AuditLog(for: .tester, beside: letters).list(AuditLogFilter(), after: nil, limit: 50)
        #expect(
            log.entries.reversed().map(\.verb) == [
                "dead-letters show", "dead-letters unmask", "dead-letters note", "dead-letters assign",
                "dead-letters discard", "dead-letters restore",
            ])
        let history = try #require(try await office.show("1")?.history)
        #expect(history.map(\.reason).contains("the sender asks") && history.count == 6)
        #expect(history.contains { $0.objects.first?.before == "discarded" && $0.objects.first?.after == "open" })
        #expect(try await office.show("1")?.letter.assignee == "bo")
    }

    @Test func `an export is masked unless there is a reason, and logged either way`() async throws {
        try await park((0..<3).map { letter("\($0)", #"{"secret":"Zhang Wei"}"#) })
        var (masked, open): ([String], [String]) = ([], [])
        let first = try await office.export(LetterSearch(), unmaskedBecause: nil) {
            masked.append(String(decoding: $0, as: UTF8.self))
        }
        let second = try await office.export(LetterSearch(), unmaskedBecause: "audit") {
            open.append(String(decoding: $0, as: UTF8.self))
        }
        #expect(first == 3 && second == 3)
        #expect(masked.count == 3 && masked.allSatisfy { !$0.contains("Zhang") && $0.hasPrefix("{") })
        #expect(open.count == 3 && open.allSatisfy { $0.contains("Zhang Wei") })
        let log = try await AuditLog(for: .tester, beside: letters).list(AuditLogFilter(), after: nil, limit: 9)
        #expect(log.entries.map(\.verb) == ["dead-letters export --unmasked", "dead-letters export"])
        #expect(log.entries.first?.objects.count == 3)
    }

    // MARK: - Selections

    @Test func `a selection of any number is decided whole, after a dry run that counts it`() async throws {
        try await park((0..<250).map { letter("letter-\($0)", hours: Int64($0)) })
        #expect(try await office.discard(["letter-7"], reason: "first").exitCode == 0)
        var search = LetterSearch()
        search.filter.failureClass = "schema"
        let dry = try await office.decide(.discard, search, reason: "all", execute: false)
        #expect(dry.done == 249 && dry.left == [Figure("discarded", 1)] && !dry.isExecuted)
        #expect(try await store.counts().map(\.count) == [1, 249])
        let done = try await office.decide(.discard, search, reason: "all", execute: true)
        #expect(done.done == 249 && done.exitCode == 0 && done.text.contains("249 letters done"))
        #expect(try await store.counts().map(\.count) == [250])
        var filter = AuditLogFilter()
        filter.verb = "dead-letters discard"
        let entries = try await AuditLog(for: .tester, beside: letters).entries(filter, .after(0), limit: 9)
        #expect(entries.map(\.objects.count) == [1, 99, 100, 50], "each page's in its transaction")
        #expect(try await office.decide(.restore, search, reason: "back", execute: true).done == 250)
    }
}
