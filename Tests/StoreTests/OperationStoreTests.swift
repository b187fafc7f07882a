import Schema
import Store
import StorePostgres
import StoreSQLite
import StoreTestKit
import Testing

@Suite("Operations and edits of dead letters", .timeLimit(.minutes(10)))
struct OperationStoreTests {
    private func letters(_ count: Int, queue: String = "recourse.intake") -> [DeadLetter] {
        (0..<count).map { number in
            DeadLetter(
                id: "\(queue)-\(number)", queue: queue, failureClass: "schema", code: "contract", firstAt: start,
                lastAt: start, body: Array("{}".utf8))
        }
    }

    private func operation(_ id: String, state: LetterOperation.State = .running) -> LetterOperation {
        var operation = LetterOperation(
            id: id, verb: "replay", state: state, operatorName: "tess", at: start, rate: 50, step: 1)
        (operation.runner, operation.runsUntil) = ("here:1", start.adding(seconds: 15))
        return operation
    }

    private func draft(_ verb: String) -> AuditLogDraft {
        AuditLogDraft(
            frame: AuditLogFrame(at: start, operatorName: "tess", systemUser: "t", verb: verb, outcome: "done"),
            digest: [1], content: Array("{}".utf8), objects: ["operation:1"], traces: [])
    }

    @Test(arguments: Adapter.allCases)
    func `an operation keeps which letters it was begun with, the oldest first, of any number`(
        _ adapter: Adapter
    ) async throws {
        try await withParking(adapter) { parking in
            _ = try await parking.upsert(letters(2_500), parkedAt: start)
            _ = try await parking.upsert(letters(3, queue: "recourse.routing"), parkedAt: start)
            var filter = DeadLetterFilter()
            (filter.queue, filter.state) = ("recourse.intake", .open)
            let begun = try #require(
                try await parking.begin(operation("1"), on: .matching(filter)) { [draft("a \($0.total)")] })
            #expect(begun.operation.total == 2_500 && begun.operation.number == 1 && begun.head?.number == 1)
            #expect(try await parking.begin(operation("1"), on: .matching(filter)) { _ in [draft("b")] } == nil)
            _ = try await parking.upsert(letters(2_501), parkedAt: start)
            #expect(try await parking.operationCounts("1").map(\.count) == [2_500], "later arrivals are not swept in")
            let page = try await parking.operationItems("1", in: [.waiting], after: 2_498, limit: 9)
            #expect(page.map(\.position) == [2_499, 2_500])
            #expect(page.map(\.letter) == ["recourse.intake-2498", "recourse.intake-2499"])

            let named = ["recourse.routing-2", "none", "recourse.routing-0", "recourse.routing-2"]
            let second = try #require(
                try await parking.begin(operation("2", state: .paused), on: .named(named)) { _ in [] })
            #expect(second.operation.total == 2 && second.head == nil)
            let items = try await parking.operationItems("2", in: [.waiting], after: 0, limit: 9)
            #expect(items.map(\.letter) == ["recourse.routing-2", "recourse.routing-0"])
            #expect(items.map(\.position) == [1, 2])
            #expect(try await parking.operations(below: .max, limit: 9).map(\.id) == ["2", "1"])
            let older = try await parking.operations(below: second.operation.number, limit: 9)
            #expect(older == [begun.operation])
            #expect(try await parking.operation("2") == second.operation)
            #expect(try await parking.operation("3") == nil)
            #expect(try await parking.logCount(AuditLogFilter()) == 1)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a step is done wholly, by whoever was first, and leaves out letters that somebody else has`(
        _ adapter: Adapter
    ) async throws {
        try await withParking(adapter) { parking in
            _ = try await parking.upsert(letters(3), parkedAt: start)
            let begun = try #require(
                try await parking.begin(operation("1"), on: .matching(DeadLetterFilter())) { _ in [] }
            ).operation
            _ = try await parking.mark([DeadLetterMark(id: "recourse.intake-1", version: 1, state: .discarded)])
            var items = try await parking.operationItems("1", in: [.waiting], after: 0, limit: 2)
            for index in items.indices {
                (items[index].state, items[index].verdict, items[index].detail) = (.claimed, "safe", "valid")
                items[index].fingerprint = "f"
            }
            let marks = items.map { DeadLetterMark(id: $0.letter, version: 1, state: .sent) }
            var next = begun
            (next.step, next.cause, next.runner) = (10, "why", "there:2")
            let change = OperationChange(next, items: items, marks: marks)
            let done = try #require(
                try await parking.change(change) { rows in [draft("claimed \(rows.map(\.letter.id))")] })
            #expect(done.letters.map(\.letter.id) == ["recourse.intake-0"] && done.head?.number == 1)
            #expect(done.operation.version == 2 && done.operation.total == 3)
            #expect(try await parking.operation("1") == done.operation)
            #expect(done.items.map(\.state) == [.claimed, .skipped])
            let kept = try await parking.operationItems("1", in: [.claimed, .skipped], after: 0, limit: 9)
            #expect(kept == done.items && kept.last?.detail == OperationChange.takenByAnother)
            #expect(
                try await parking.operationCounts("1").map { "\($0.state) \($0.verdict) \($0.count)" }
                    == ["claimed safe 1", "skipped safe 1", "waiting  1"])
            #expect(try await parking.change(change) { _ in [draft("twice")] } == nil, "its version is another's")
            #expect(try await parking.logCount(AuditLogFilter()) == 1)

            struct Crash: Error {}
            var last = done.operation
            last.state = .done
            await #expect(throws: (any Error).self) {
                try await parking.change(OperationChange(last, items: items)) { _ in throw Crash() }
            }
            #expect(try await parking.operation("1") == done.operation, "nothing is done that could not be logged")
            #expect(try await parking.operationItems("1", in: [.skipped], after: 0, limit: 9).count == 1)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the row that took a letter's place is kept until it is open again`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            let all = letters(2)
            _ = try await parking.upsert(all, parkedAt: start)
            _ = try await parking.mark([
                DeadLetterMark(id: all[0].id, version: 1, state: .resolved, note: "n", successor: all[1].id)
            ])
            let died = try #require(try await parking.get(all[0].id))
            #expect(died.standing == .diedAgain && died.successor == all[1].id)
            var filter = DeadLetterFilter()
            (filter.state, filter.isSucceeded) = LetterStanding.diedAgain.meaning
            #expect(try await parking.list(filter, after: nil, limit: 9).map(\.letter.id) == [all[0].id])
            #expect(try await parking.places(filter, after: 0, limit: 9).map(\.isSucceeded) == [true])
            filter.isSucceeded = false
            #expect(try await parking.count(filter) == 0)
            _ = try await parking.mark([DeadLetterMark(id: all[0].id, version: 2, state: nil, assignee: "li")])
            #expect(try await parking.get(all[0].id)?.successor == all[1].id, "a note changes nothing of it")
            var again = DeadLetter(
                id: all[0].id, queue: all[0].queue, failureClass: "schema", code: "contract", firstAt: start,
                lastAt: start.adding(seconds: 9), body: Array("{}".utf8))
            again.message = "again"
            #expect(try await parking.upsert([again], parkedAt: start) == 1)
            let reopened = try #require(try await parking.letters([all[0].id, "none"])[all[0].id])
            #expect(reopened.standing == .open && reopened.successor == nil)
        }
    }

    // MARK: - Edits

    private func edit(_ id: String, _ letter: String, batch: String = "b") -> LetterEdit {
        LetterEdit(id: id, batch: batch, letter: letter, author: "li", at: start, content: Array(id.utf8))
    }

    @Test(arguments: Adapter.allCases)
    func `an edit is decided once, and closes its letter and opens the other in one step`(
        _ adapter: Adapter
    ) async throws {
        try await withParking(adapter) { parking in
            let all = letters(3)
            _ = try await parking.upsert(Array(all.prefix(2)), parkedAt: start)
            let trace = PersonalTrace(number: 7)
            let proposals = [
                EditProposal(edit("1", all[0].id), traces: [trace]), EditProposal(edit("2", all[1].id), traces: []),
                EditProposal(edit("3", all[1].id, batch: "c"), traces: []),
            ]
            #expect(try await parking.propose(proposals) { [draft("propose")] }?.number == 1)
            let kept = try await parking.edits(EditFilter(state: .proposed, batch: "b"), after: 0, limit: 9)
            #expect(kept.map(\.id) == ["1", "2"] && kept.map(\.content) == [[0x31], [0x32]])
            #expect(try await parking.edits(EditFilter(), after: kept[0].number, limit: 1).map(\.id) == ["2"])
            #expect(try await parking.editCount(EditFilter(batch: "c")) == 1)
            #expect(try await parking.edit("3")?.author == "li")

            func approval(_ id: String, _ letter: DeadLetter, version: Int64, _ new: DeadLetter) -> EditDecision {
                let mark = DeadLetterMark(
                    id: letter.id, version: version, state: .discarded, note: "superseded", successor: new.id)
                return EditDecision(
                    id: id, state: .approved, operatorName: "wang", at: start.adding(seconds: 1), mark: mark,
                    replacement: new)
            }
            let first = approval("1", all[0], version: 1, all[2])
            let stale = approval("2", all[1], version: 9, all[2])
            let done = try await parking.decide([first, stale, first]) { [draft("approve \($0.map(\.id))")] }
            #expect(done.edits.map(\.id) == ["1"] && done.head?.number == 2)
            let decided = try #require(try await parking.edit("1"))
            #expect(decided == done.edits.first && decided.content == nil && decided.successor == all[2].id)
            #expect(decided.decidedBy == "wang" && decided.decidedAt == start.adding(seconds: 1))
            #expect(try await parking.get(all[0].id)?.standing == .superseded)
            #expect(try await parking.get(all[2].id)?.standing == .open)
            #expect(try await parking.edit("2")?.state == .proposed, "its letter has another version")
            #expect(try await parking.decide([first]) { _ in [draft("twice")] }.edits.isEmpty)

            try await parking.resealEdits(["2": [9], "1": [9]])
            #expect(try await parking.edit("2")?.content == [9])
            #expect(try await parking.edit("1")?.content == nil, "it lies in its letter now")
            _ = try await parking.erase([LetterErasure(id: all[1].id)], note: "erased")
            for id in ["2", "3"] {
                let erased = try #require(try await parking.edit(id))
                #expect(erased.content == nil && erased.state == .rejected)
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an edit loses its content with whom it tells of`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            let all = letters(2)
            _ = try await parking.upsert(all, parkedAt: start)
            let traces = [PersonalTrace(number: 7), PersonalTrace(number: 8)]
            _ = try await parking.propose(
                [
                    EditProposal(edit("1", all[0].id), traces: Set(traces)),
                    EditProposal(edit("2", all[1].id), traces: [traces[1]]),
                ]
            ) { [] }
            _ = try await parking.eraseLog(of: [traces[0]])
            #expect(try await parking.edit("1")?.content == nil)
            #expect(try await parking.edit("1")?.state == .rejected)
            #expect(try await parking.edit("2")?.content == [0x32])
            _ = try await parking.eraseLog(of: [traces[1]])
            #expect(try await parking.edit("2")?.content == nil)
        }
    }
}
