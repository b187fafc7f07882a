import Runtime
import Schema
import Store
import StoreTestKit
import Testing

@testable import Operations

@Suite struct `An edit takes two` {
    private static let phone = "13912345678"
    private let letters = SealedDeadLetters(MemoryDeadLetterStore(isKeptOpen: true), keyring: .none)

    private func office(as name: String, _ pipeline: MemoryPipeline) -> DeadLetterOffice {
        let log = AuditLog(beside: letters, of: Operator(name: name, systemUser: "oncall")) {
            Instant(seconds: 1_780_000_000)
        }
        return DeadLetterOffice(
            DeadLetterOffice.Parts(
                deadLetters: letters, log: log, stores: pipeline.anyStores, routes: pipeline.routes,
                clock: pipeline.now))
    }

    /// Complaints of which each lacks its remedy.
    private func faulty(_ count: Int) async throws -> (pipeline: MemoryPipeline, ids: [String]) {
        var pipeline = try await MemoryPipeline(deadLetters: letters)
        let opened = "2026-11-02T10:00:00+08:00"
        var ids: [String] = []
        for number in 0..<count {
            let event = Event(
                id: "E\(number)", source: "crm", time: try instant(opened),
                data: try Scenario.complaint("C\(number)", at: opened))
            let whole = try JSON(parsing: event.body())
            let body = try #require(whole.setting(pointer: "/data/remedy", to: "fix it"))
            ids.append(
                try await pipeline.park(
                    event, body: body.serialized, queue: "recourse.intake", class: "schema", code: "contract"))
        }
        return (pipeline, ids)
    }

    private func order(_ settings: String...) throws -> EditOrder {
        var order = EditOrder(reason: "the shop's till says fix it")
        order.settings = try settings.map { try #require(EditOrder.Setting($0)) }
        return order
    }

    @Test func `one field of thirty letters is mended in two commands, by two people`() async throws {
        let (pipeline, ids) = try await faulty(30)
        let author = office(as: "li", pipeline)
        var search = LetterSearch()
        search.filter.state = .open
        let proposed = try await author.propose(.search(search), try order("/data/remedy=repair"))
        #expect(proposed.exitCode == 0 && proposed.proposals.count == 30)
        #expect(proposed.proposals.allSatisfy { $0.verdict == .safe })
        let list = try await author.edits(EditFilter(state: .proposed), after: 0, limit: 7)
        #expect(list.total == 30 && list.edits.count == 7 && list.next != nil)

        let own = try await author.approve(.batch(proposed.batch))
        #expect(own.exitCode == 1 && own.edits.allSatisfy { !$0.done && $0.detail.contains("author") })
        #expect(try await letters.get(ids[0])?.standing == .open)

        let approved = try await office(as: "wang", pipeline).approve(.batch(proposed.batch))
        #expect(approved.exitCode == 0 && approved.edits.count == 30)
        #expect(
            try await letters.letters(ids).values.allSatisfy { $0.standing == .superseded && $0.state == .discarded })
        let fingerprint = try #require(approved.fingerprints.first)
        #expect(approved.fingerprints.count == 1 && approved.text.contains("replay --fingerprint \(fingerprint)"))
        search.filter.fingerprint = fingerprint
        let dry = try await author.rehearse(.search(search))
        #expect(dry.total == 30 && dry.counts.map(\.verdict) == [.safe])
        await #expect(throws: OfficeFailure.self) { try await author.approve(.batch(proposed.batch)) }
        let verbs = try await author.parts.log.entries(AuditLogFilter(), .after(0), limit: 100).map {
            "\($0.entry.frame.verb) \($0.entry.frame.outcome) \($0.entry.frame.operatorName)"
        }
        #expect(
            Set(verbs) == [
                "dead-letters edit done li", "dead-letters approve refused li", "dead-letters approve done wang",
            ])
        #expect(try await author.parts.log.verify(expecting: []).exitCode == 0)
        // What was edited once is not opened again beside what stands in its place.
        #expect(try await author.restore([ids[0]], reason: "r").actions.map(\.done) == [false])
    }

    @Test func `what its sender has corrected meanwhile is not edited, and what was edited before is not sent`()
        async throws
    {
        var (pipeline, ids) = try await faulty(2)
        let author = office(as: "li", pipeline)
        let proposed = try await author.propose(.ids(ids), try order("/data/remedy=repair"))
        _ = try await office(as: "wang", pipeline).approve(.ids([try #require(proposed.proposals[0].edit)]))
        let corrected = try (0..<2).map { number in
            Event(
                id: "E\(number)", source: "crm", time: try instant("2026-11-02T10:00:00+08:00"),
                data: try Scenario.complaint("C\(number)", at: "2026-11-02T10:00:00+08:00"))
        }
        try await pipeline.hand(over: corrected)
        let refused = try await office(as: "wang", pipeline).approve(
            .ids([try #require(proposed.proposals[1].edit)]))
        #expect(refused.edits.map(\.done) == [false] && refused.edits[0].detail.contains("corrected it"))
        let edited = try #require(try await letters.get(ids[0])?.successor)
        let dry = try await author.rehearse(.ids([edited, ids[1]]))
        #expect(
            dry.counts.map { "\($0.verdict.rawValue) \($0.why) \($0.count)" } == [
                "still refused its sender has corrected it 2"
            ])
    }

    @Test(arguments: ["LI.NA", " li.na", "li.na ", "ｌｉ.na"])
    func `nobody approves what is their own, however they write themselves`(_ name: String) async throws {
        let (pipeline, ids) = try await faulty(1)
        let proposed = try await office(as: "li.na", pipeline).propose(.ids(ids), try order("/data/remedy=repair"))
        let approved = try await office(as: name, pipeline).approve(.batch(proposed.batch))
        #expect(approved.edits.map(\.done) == [false])
    }

    @Test func `an event that died at two stages stays one, and speaks for no stage`() async throws {
        var (pipeline, ids) = try await faulty(1)
        let first = try #require(try await letters.get(ids[0])).letter
        let event = try Event.read(
            try #require(
                JSON(parsing: first.body).setting(pointer: "/data/remedy", to: "repair")
            ).serialized)
        ids.append(
            try await pipeline.park(
                event, body: first.body, queue: "recourse.routing", class: "schema", code: "contract"))
        let author = office(as: "li", pipeline)
        let proposed = try await author.propose(.ids(ids), try order("/data/remedy=repair"))
        _ = try await office(as: "wang", pipeline).approve(.batch(proposed.batch))
        let successors = try await letters.letters(ids).values.compactMap(\.successor)
        let events = try await letters.letters(successors).values.compactMap(\.letter.eventId)
        #expect(events.count == 2 && Set(events).count == 1)
        let forged = try await author.propose(.ids([successors[0]]), try order("/source=recourse/intake"))
        #expect(forged.proposals.map(\.edit) == [nil] && forged.proposals[0].detail.contains("that of a stage"))
    }

    @Test func `the edited letter has a new id, tells whom it replaces, and holds what was changed alone`() async throws
    {
        let (pipeline, ids) = try await faulty(1)
        let proposed = try await office(as: "li", pipeline).propose(.ids(ids), try order("/data/remedy=repair"))
        let edit = try #require(proposed.proposals.first?.edit)
        let detail = try await office(as: "wang", pipeline).show(edit: edit)
        #expect(detail.changes.map(\.pointer) == ["/data/remedy", "/id"])
        #expect(detail.reason == "the shop's till says fix it" && detail.verdict?.hasPrefix("safe") == true)
        #expect(!detail.text.contains("Zhang") && !detail.text.contains("13812345678"))
        _ = try await office(as: "wang", pipeline).approve(.ids([edit]))
        let old = try #require(try await letters.get(ids[0]))
        let successor = try #require(old.successor)
        let new = try #require(try await letters.get(successor))
        let event = try Event.read(new.letter.body)
        #expect(event.id != "E0" && event.source == "crm" && new.letter.eventId == event.id)
        #expect(new.state == .open && new.letter.code == "edited" && new.letter.queue == "recourse.intake")
        #expect(old.note == "superseded by \(new.letter.id)")
        #expect(try await letters.edit(edit)?.content == nil, "it lies in the letter now")
    }

    @Test func `what breaks the contract is refused with every fault, and so is what nobody could send`() async throws {
        let (pipeline, ids) = try await faulty(1)
        let office = office(as: "li", pipeline)
        func refusal(_ order: EditOrder) async throws -> String {
            let report = try await office.propose(.ids(ids), order)
            #expect(report.exitCode == 1 && report.proposals.map(\.edit) == [nil])
            return report.proposals.first?.detail ?? ""
        }
        let faults = try await refusal(try order("/data/customer=1", "/time=never"))
        for pointer in ["/data/customer", "/data/remedy", "/time"] { #expect(faults.contains(pointer)) }
        #expect(
            try await refusal(try order("/data/nobody/name=x")) == "/data/nobody/name: there is no such place in it")
        var strayed = try order("/data/remedy=repair")
        strayed.routingKey = "case.accepted"
        #expect(try await refusal(strayed).contains("give --routing-key complaint.received"))
        var document = EditOrder(reason: "r")
        document.document = Array("{".utf8)
        #expect(try await refusal(document) == "the document is no JSON")
        #expect(try await letters.editCount(EditFilter()) == 0)
        #expect(EditOrder.Setting("data=1") == nil && EditOrder.Setting("/data") == nil)
        #expect(EditOrder.Setting("/a=b=c")?.value == "b=c" && EditOrder.Setting("/a=[1]")?.value == .array([.int(1)]))
    }

    @Test func `a whole document may be given, and a letter that changed meanwhile is left alone`() async throws {
        let (pipeline, ids) = try await faulty(2)
        let author = office(as: "li", pipeline)
        var order = EditOrder(reason: "r")
        let mended = Event(
            id: "own-id", source: "crm", time: pipeline.now,
            data: try Scenario.complaint("C7", at: "2026-11-02T10:00:00+08:00"))
        order.document = mended.body()
        let first = try await author.propose(.ids([ids[0]]), order)
        let second = try await author.propose(.ids([ids[1]]), try self.order("/data/remedy=repair"))
        _ = try await author.discard([ids[1]], reason: "not needed")
        let edits = [first, second].compactMap(\.proposals.first?.edit)
        let report = try await office(as: "wang", pipeline).approve(.ids(edits + ["nothing"]))
        #expect(report.edits.filter(\.done).map(\.edit) == [edits[0]] && report.edits.count == 3)
        let new = try #require(try await letters.get(ids[0])?.successor)
        #expect(try await letters.get(new)?.letter.eventId == "own-id")
        #expect(try await letters.get(ids[1])?.standing == .discarded)
        let rejected = try await author.reject(.ids([edits[1]]), reason: "too late")
        #expect(rejected.exitCode == 0)
        #expect(try await letters.edit(edits[1])?.state == .rejected)
    }

    @Test func `what is proposed is sealed, and sealed anew with another key`() async throws {
        let store = MemoryDeadLetterStore(isKeptOpen: true)
        let old = "k1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
        let new = "k2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
        let edit = LetterEdit(
            id: "e", batch: "b", letter: "1", author: "li", at: Instant(seconds: 1), content: Array("Zhang".utf8))
        let sealed = SealedDeadLetters(store, keyring: try Keyring(parsing: old))
        _ = try await sealed.propose([edit]) { [] }
        #expect(try store.edit("e")?.content?.contains(Array("Zhang".utf8)) == false)
        let both = SealedDeadLetters(store, keyring: try Keyring(parsing: new + "\n" + old))
        #expect(try await both.reseal().resealed == 1)
        let fresh = SealedDeadLetters(store, keyring: try Keyring(parsing: new))
        #expect(try await fresh.edit("e")?.content == Array("Zhang".utf8))
    }

    @Test func `what is proposed is erased with whom it tells of, and with its letter`() async throws {
        let (pipeline, ids) = try await faulty(3)
        let author = office(as: "li", pipeline)
        func propose(_ id: String, _ settings: String...) async throws -> String {
            var order = try order("/data/remedy=repair")
            order.settings += try settings.map { try #require(EditOrder.Setting($0)) }
            return try #require(try await author.propose(.ids([id]), order).proposals.first?.edit)
        }
        let other = try await propose(ids[0], "/data/customer/phone=\"\(Self.phone)\"")
        let same = try await propose(ids[1])
        let kept = try await propose(ids[2])
        #expect(try await letters.edit(other)?.content != nil)
        _ = try await letters.eraseLog(of: KnownPerson(.phone(Self.phone)))
        let erased = try #require(try await letters.edit(other))
        #expect(erased.content == nil && erased.state == .rejected)
        #expect(try await letters.edit(same)?.content != nil)
        _ = try await letters.erase([LetterErasure(id: ids[1])], note: "erased")
        #expect(try await letters.edit(same)?.content == nil)
        #expect(try await letters.edit(kept)?.content != nil)
        let approved = try await office(as: "wang", pipeline).approve(.ids([other, same, kept]))
        #expect(approved.edits.filter(\.done).map(\.edit) == [kept])
    }
}
