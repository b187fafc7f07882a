import Schema
import Store
import StorePostgres
import StoreSQLite
import StoreTestKit
import Testing

@Suite("Dead letters", .timeLimit(.minutes(10)))
struct DeadLetterStoreTests {
    private func letter(
        _ id: String, queue: String = "recourse.intake", class failureClass: String = "schema", source: String? = "crm",
        eventId: String? = nil, type: String? = nil, caseId: String? = nil, code: String = "contract",
        message: String = "", fingerprint: String = "f", lastAt: Instant = start.adding(seconds: 1)
    ) -> DeadLetter {
        var letter = DeadLetter(
            id: id, queue: queue, failureClass: failureClass, code: code, firstAt: start,
            lastAt: lastAt, body: Array("{\"a\":\(id.utf8.count)}".utf8))
        letter.exchange = "recourse.inbox"
        letter.routingKey = "complaint.received"
        letter.source = source
        letter.eventId = eventId
        letter.type = type
        letter.caseId = caseId
        letter.message = message
        letter.fingerprint = fingerprint
        letter.attempts = 3
        letter.headers = Array("{}".utf8)
        letter.properties = Array("{\"type\":null}".utf8)
        return letter
    }

    @Test(arguments: Adapter.allCases)
    func `a letter is parked once and comes back whole`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            let full = letter(
                "1", eventId: "e1", type: "complaint.received", caseId: "c1", message: "data/phone: pattern")
            let bare = letter("2", source: nil)
            #expect(try await parking.upsert([full, bare, full], parkedAt: start.adding(days: 1)) == 2)
            #expect(try await parking.upsert([bare], parkedAt: start.adding(days: 2)) == 0)
            #expect(try await parking.upsert([], parkedAt: start) == 0)
            let parked = try #require(try await parking.get("1"))
            #expect(parked.letter == full)
            #expect(parked.state == .open && parked.version == 1 && parked.replays == 0 && parked.note == nil)
            #expect(parked.parkedAt == start.adding(days: 1))
            #expect(try await parking.get("2")?.letter == bare)
            #expect(try await parking.get("3") == nil)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a message that dies again is open again once somebody was done with it`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            let first = letter("1", eventId: "e", message: "first")
            let later = letter("1", eventId: "e", message: "later", lastAt: start.adding(seconds: 9))
            _ = try await parking.upsert([first], parkedAt: start)
            #expect(try await parking.upsert([later], parkedAt: start) == 0, "it is open: somebody will look")
            let discarded = DeadLetterMark(id: "1", version: 1, state: .discarded, note: "not needed")
            #expect(try await parking.mark([discarded]).count == 1)
            #expect(try await parking.upsert([first], parkedAt: start) == 0, "the same death, delivered once more")
            let other = letter("2", eventId: "e")
            #expect(try await parking.upsert([other], parkedAt: start) == 1)
            #expect(try await parking.upsert([first, later, later], parkedAt: start.adding(days: 1)) == 1)
            let row = try #require(try await parking.get("1"))
            #expect(row.letter == later)
            #expect(row.state == .open && row.version == 3 && row.note == "not needed")
            #expect(row.parkedAt == start.adding(days: 1))
            let found = try await parking.find([EventKey(source: "crm", id: "e")]).values.first
            #expect(found?.map(\.letter.id) == ["2", "1"], "it was parked last now")
            #expect(try await parking.list(DeadLetterFilter(), after: row.place, limit: 9).map(\.letter.id) == ["2"])
            #expect(try await parking.mark([DeadLetterMark(id: "1", version: 3, state: .sent)]).count == 1)
            let slow = letter("1", eventId: "e", caseId: "c", lastAt: start.adding(seconds: -99))
            #expect(try await parking.upsert([slow], parkedAt: start) == 1, "not the replay, and by another clock")
            #expect(try await parking.get("1")?.letter == slow)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an erased letter that dies again is whole, and says nothing of the erasure`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            _ = try await parking.upsert([letter("1")], parkedAt: start)
            #expect(try await parking.erase([LetterErasure(id: "1")], note: "erased") == 1)
            let again = letter("1", lastAt: start.adding(seconds: 9))
            #expect(try await parking.upsert([again], parkedAt: start) == 1)
            let row = try #require(try await parking.get("1"))
            #expect(row.letter == again && row.state == .open && row.note == nil)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an erased letter forgets the columns that were a person's, and no others`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            let ids = ["1", "2"]
            _ = try await parking.upsert(
                ids.map { letter($0, eventId: "e", type: "t", caseId: "c", message: "m") }, parkedAt: start)
            let all: LetterColumns = [.source, .event, .type, .case, .routingKey]
            let erasures = [LetterErasure(id: "1", forgetting: all), LetterErasure(id: "2", forgetting: [.event])]
            #expect(try await parking.erase(erasures + [LetterErasure(id: "none")], note: "erased") == 2)
            let one = try #require(try await parking.get("1"))
            #expect(one.isErased && one.note == "erased" && one.version == 2)
            #expect(
                [one.letter.source, one.letter.eventId, one.letter.type, one.letter.caseId] == [nil, nil, nil, nil])
            #expect(one.letter.routingKey.isEmpty && one.letter.code == "contract")
            let two = try #require(try await parking.get("2")).letter
            #expect(
                [two.source, two.eventId, two.type, two.caseId, two.routingKey]
                    == ["crm", nil, "t", "c", "complaint.received"])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a letter is found by its traces until it is erased, and has them once`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            func trace(_ number: Int64) -> PersonalTrace { PersonalTrace(number: number) }
            func unindexed() async throws -> [String] {
                try await parking.unindexed(limit: 9, bytes: 1 << 20).map(\.letter.id)
            }
            _ = try await parking.upsert(["1", "2", "3"].map { letter($0) }, parkedAt: start)
            #expect(try await unindexed() == ["1", "2", "3"])
            #expect(try await parking.unindexed(limit: 1, bytes: 1 << 20).map(\.letter) == [letter("1")])
            let size = letter("1").body.count + letter("1").headers.count + letter("1").properties.count
            #expect(try await parking.unindexed(limit: 9, bytes: 2 * size).map(\.letter.id) == ["1", "2"])
            #expect(try await parking.unindexed(limit: 9, bytes: 0).map(\.letter.id) == ["1"], "one always")
            func index(_ id: String, _ traces: Set<PersonalTrace>) -> LetterIndex {
                var letter = letter(id)
                (letter.fingerprint, letter.pointer, letter.rule) = ("g", "/data/phone", "required")
                return LetterIndex(of: letter, traces: traces)
            }
            let former = LetterIndex(of: letter("1", lastAt: start.adding(seconds: 7)), traces: [trace(6)])
            try await parking.keepIndex(["1": former])
            #expect(try await unindexed() == ["1", "2", "3"], "it has died again since that was made")
            #expect(try await parking.unindexedCount() == 3)
            try await parking.keepIndex([
                "1": index("1", [trace(1), trace(.max)]), "2": index("2", [trace(1)]),
                "none": index("none", [trace(1)]), "3": index("3", []),
            ])
            try await parking.keepIndex(["1": index("1", [trace(5)])])
            #expect(try await parking.unindexedCount() == 0)
            let made = try #require(try await parking.get("1")).letter
            #expect([made.fingerprint, made.pointer, made.rule] == ["g", "/data/phone", "required"])
            #expect(try await unindexed().isEmpty)
            #expect(try await parking.ids(of: [trace(1)]) == ["1", "2"])
            #expect(try await parking.ids(of: [trace(.max), trace(5)]) == ["1"])
            #expect(try await parking.ids(of: []).isEmpty)
            #expect(try await parking.erase([LetterErasure(id: "1")], note: "erased") == 1)
            #expect(try await parking.ids(of: [trace(1), trace(.max)]) == ["2"])
            try await parking.keepIndex(["1": index("1", [trace(1)])])
            #expect(try await unindexed().isEmpty, "there is nothing in it")
            #expect(try await parking.ids(of: [trace(1)]) == ["2"])
            // A program of the release before may open it again; it knows of no traces.
            _ = try await parking.upsert([letter("1", lastAt: start.adding(seconds: 9))], parkedAt: start)
            #expect(try await unindexed() == ["1"])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the secret of the letters is made once`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            #expect(try await parking.secret() == nil)
            let (first, second) = (PersonalSecret(key: "k", sealed: [1]), PersonalSecret(key: "", sealed: [2, 0]))
            #expect(try await parking.keepSecret(first) == first)
            #expect(try await parking.keepSecret(second) == first)
            try await parking.resealSecret(second)
            #expect(try await parking.secret() == second)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `content is replaced only in the version that was read`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            _ = try await parking.upsert([letter("1"), letter("2")], parkedAt: start)
            let read = try await parking.list(DeadLetterFilter(), after: nil, limit: 9)
            #expect(try await parking.erase([LetterErasure(id: "1")], note: "erased") == 1)
            try await parking.replace(
                read.map { row in
                    var row = row
                    row.letter.body = [7]
                    return row
                })
            #expect(try await parking.get("1")?.isErased == true)
            #expect(try await parking.get("2")?.letter.body == [7])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a document that names itself with a NUL is parked and found, its body untouched`(
        _ adapter: Adapter
    ) async throws {
        try await withParking(adapter) { (parking) async throws in
            let odd = letter("1", source: "c\0rm", eventId: "e\0", caseId: "\0", message: "a\0b")
            #expect(try await parking.upsert([odd], parkedAt: start) == 1)
            #expect(try await parking.get("1")?.letter.body == odd.body)
            let event = EventKey(source: "c\0rm", id: "e\0")
            #expect(try await parking.find([event])[event]?.count == 1)
            var filter = DeadLetterFilter()
            filter.eventId = "e\0"
            #expect(try await parking.list(filter, after: nil, limit: 9).count == 1)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a list gives what matches every value, newest first, in pages`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            let letters = [
                letter("1", eventId: "E-1", type: "complaint.received", caseId: "c1"),
                letter("2", queue: "recourse.routing", class: "transient", code: "unknown-reference", fingerprint: "g"),
                letter("3", type: "case.opened", caseId: "c1", message: "data/100%: wrong"),
                letter("4", source: "上海", type: "case.opened", message: "data/phone_2: wrong"),
            ]
            _ = try await parking.upsert(letters, parkedAt: start)
            func ids(_ change: (inout DeadLetterFilter) -> Void) async throws -> [String] {
                var filter = DeadLetterFilter()
                change(&filter)
                return try await parking.list(filter, after: nil, limit: 99).map(\.letter.id)
            }
            #expect(try await ids { _ in } == ["4", "3", "2", "1"])
            #expect(try await ids { $0.queue = "recourse.routing" } == ["2"])
            #expect(try await ids { $0.failureClass = "schema" } == ["4", "3", "1"])
            #expect(try await ids { $0.type = "case.opened" } == ["4", "3"])
            #expect(try await ids { $0.type = "case.opened.v1" } == ["4", "3"], "whichever way it stands there")
            #expect(try await ids { ($0.type, $0.source) = ("case.opened", "crm") } == ["3"])
            #expect(try await ids { ($0.source, $0.eventId) = ("crm", "E-1") } == ["1"])
            #expect(try await ids { $0.fingerprint = "g" } == ["2"])
            #expect(try await ids { $0.state = .sent } == [])
            #expect(try await ids { $0.text = "e-1" } == ["1"])
            #expect(try await ids { $0.text = "WRONG" } == ["4", "3"])
            #expect(try await ids { $0.text = "0%" } == ["3"])
            #expect(try await ids { $0.text = "phone_" } == ["4"])
            #expect(try await ids { $0.text = "上" } == ["4"])
            #expect(try await ids { $0.text = "\\" } == [])
            #expect(try await ids { $0.assignee = "bo" } == [])
            #expect(try await ids { $0.from = start.adding(seconds: 1) }.count == 4)
            #expect(try await ids { $0.from = start.adding(seconds: 2) } == [])
            #expect(try await ids { $0.until = start.adding(seconds: 1) } == [])
            #expect(try await parking.ids(beginningWith: "", limit: 3) == ["1", "2", "3"])
            #expect(try await parking.ids(beginningWith: "4", limit: 3) == ["4"])
            let places = try await parking.places(DeadLetterFilter(), after: 0, limit: 99)
            #expect(
                places.map(\.id) == ["1", "2", "3", "4"] && places.allSatisfy { $0.state == .open && !$0.isErased })
            var last = DeadLetterFilter()
            last.upTo = places[1].number
            #expect(try await parking.places(last, after: places[0].number, limit: 9).map(\.id) == ["2"])
            #expect(try await parking.count(last) == 2)
            let groups = try await parking.groups(DeadLetterFilter(), limit: 9)
            #expect(groups.map(\.count) == [3, 1] && groups.map(\.fingerprint) == ["f", "g"])
            #expect(groups.first?.sources == 2 && groups.first?.source == "crm" && groups.first?.types == 2)
            #expect(groups.first?.newest == places[3].number && groups.first?.open == 3)
            #expect(try await parking.groups(DeadLetterFilter(), limit: 1).count == 1)
            #expect(try await parking.groupCount(DeadLetterFilter()) == 2)
            let page = try await parking.list(DeadLetterFilter(), after: nil, limit: 3)
            let rest = try await parking.list(DeadLetterFilter(), after: page.last?.place, limit: 3)
            #expect(page.map(\.letter.id) == ["4", "3", "2"])
            #expect(rest.map(\.letter.id) == ["1"])
            #expect(try await parking.list(DeadLetterFilter(), after: nil, limit: -1).isEmpty)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a mark applies only to the version that was seen and to a state that may follow`(
        _ adapter: Adapter
    ) async throws {
        try await withParking(adapter) { parking in
            _ = try await parking.upsert([letter("1"), letter("2")], parkedAt: start)
            func mark(
                _ id: String, _ version: Int64, _ state: DeadLetterState, _ note: String? = nil
            ) async throws -> Bool {
                try await !parking.mark([DeadLetterMark(id: id, version: version, state: state, note: note)]).isEmpty
            }
            #expect(try await mark("1", 1, .sent, "the schema was corrected"))
            #expect(try await mark("1", 1, .sent) == false, "another was faster")
            #expect(try await mark("1", 2, .open))
            #expect(try await mark("1", 3, .sent))
            #expect(try await mark("1", 4, .resolved))
            #expect(try await mark("1", 5, .open) == false, "what is resolved stays so")
            #expect(try await mark("none", 1, .sent) == false)
            let one = try #require(try await parking.get("1"))
            #expect(one.state == .resolved && one.version == 5 && one.replays == 2)
            #expect(one.note == "the schema was corrected")
            let moved = try await parking.mark([
                DeadLetterMark(id: "1", version: 5, state: .discarded),
                DeadLetterMark(id: "2", version: 1, state: .discarded, note: "a drill"),
                DeadLetterMark(id: "2", version: 2, state: .open),
            ])
            #expect(moved.map(\.version) == [2, 3])
            #expect(try await parking.get("2") == moved.last)
            #expect(try await parking.upsert([letter("2")], parkedAt: start) == 0)
            #expect(try await parking.get("2") == moved.last, "a redelivery changes nothing")
        }
    }

    @Test(arguments: Adapter.allCases)
    func `counts go by queue, class and state`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            _ = try await parking.upsert(
                [
                    letter("1"), letter("2"), letter("3", class: "permanent"),
                    letter("4", queue: "recourse.callback"),
                ], parkedAt: start)
            _ = try await parking.mark([DeadLetterMark(id: "2", version: 1, state: .sent)])
            let counts = try await parking.counts()
            let words = counts.map { "\($0.queue) \($0.failureClass) \($0.state) \($0.count)" }
            #expect(
                words == [
                    "recourse.callback schema open 1", "recourse.intake permanent open 1",
                    "recourse.intake schema open 1", "recourse.intake schema sent 1",
                ])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `letters are found by the event's source and id`(_ adapter: Adapter) async throws {
        try await withParking(adapter) { parking in
            _ = try await parking.upsert(
                [
                    letter("1", eventId: "e"), letter("2", queue: "recourse.routing", eventId: "e"),
                    letter("3", source: "shop", eventId: "e"), letter("4", source: nil, eventId: "e"), letter("5"),
                ], parkedAt: start)
            let events = [("crm", "e"), ("crm", "x"), ("", "e")].map { EventKey(source: $0, id: $1) }
            let found = try await parking.find(events)
            #expect(found.mapValues { $0.map(\.letter.id) } == [events[0]: ["1", "2"]])
            #expect(try await parking.find([]).isEmpty)
        }
    }

    @Test func `the row's id follows from queue, message and the number of replays`() {
        func id(_ queue: String, _ message: String?, _ body: String, _ replays: Int64) -> String {
            DeadLetter.id(queue: queue, messageId: message, content: Array(body.utf8), replays: replays)
        }
        let one = id("q", "m", "b", 0)
        #expect(one == id("q", "m", "b", 0))
        let others = [
            id("r", "m", "b", 0), id("q", "n", "b", 0), id("q", nil, "b", 0), id("q", "m", "c", 0),
            id("q", "m", "b", 1),
        ]
        #expect(Set(others + [one]).count == 6)
    }
}
