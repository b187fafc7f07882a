import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import Testing

@Suite struct `The view of a case` {
    @Test func `tells what came in, what was decided and why, in order`() async throws {
        let pipeline = try await Scenario.finished()
        let dossier = try #require(try await CaseView(stores: pipeline.anyStores).showCase(Scenario.caseId))
        #expect(dossier.records.map(\.stage) == [.intake, .routing, .handling, .callback])
        #expect(dossier.isComplete)
        let first = dossier.timeline.prefix(3)
        #expect(first.map(\.stage) == [.intake, .routing, .handling])
        #expect(first.map(\.input) == ["complaint.received", "case.opened", "case.opened"])
        #expect(dossier.timeline.map(\.time) == dossier.timeline.map(\.time).sorted())
        let assigned = try #require(dossier.timeline.flatMap(\.emitted).first { $0.type == "case.assigned" })
        #expect(assigned.rule?.isEmpty == false)
        #expect(assigned.policy == "test")
        #expect(assigned.data["tier"] == "store")
        #expect(dossier.timeline.contains { $0.input == "timer" && $0.stage == .callback })
        #expect(dossier.timeline.flatMap(\.emitted).contains { $0.type == "callback.satisfied" })
    }

    @Test func `is found by the complaint's id too`() async throws {
        let pipeline = try await Scenario.finished()
        let view = CaseView(stores: pipeline.anyStores)
        #expect(try await view.showCase("C1")?.id == Scenario.caseId)
        #expect(try await view.showCase("C2") == nil)
    }

    @Test func `says which record cannot be read, and shows the rest`() async throws {
        let pipeline = try await Scenario.finished()
        for (stage, key) in [
            (StageName.routing, RecordKey(kind: "case", id: Scenario.caseId)),
            (.penalty, RecordKey(kind: "outlet", id: "O1")),
        ] {
            let store = try #require(pipeline.stores[stage])
            try await store.write { transaction in
                var damaged = try #require(try transaction.load([key])[key])
                damaged.body = Array("{".utf8)
                try transaction.save([damaged])
            }
        }
        let view = CaseView(stores: pipeline.anyStores)
        let dossier = try #require(try await view.showCase(Scenario.caseId))
        #expect(dossier.text.ranges(of: "It cannot be read").count == 1)
        #expect(dossier.text.contains("case.closed"))
        #expect(try await view.listCases(CaseFilter()).cases.map(\.state) == ["unreadable"])
        let fault = await #expect(throws: StageFault.self) { try await view.showOutlet("O1", at: pipeline.now) }
        #expect(fault?.description.hasPrefix("read record outlet/O1 version ") == true)
        #expect(fault?.description.contains("no JSON at byte 1") == true)
    }

    @Test func `shows no personal data`() async throws {
        let pipeline = try await Scenario.finished()
        let dossier = try #require(try await CaseView(stores: pipeline.anyStores).showCase("C1"))
        for secret in ["Zhang", "13812345678", "Long Street", "leaks", "calm"] {
            #expect(try !dossier.json().contains(secret))
            #expect(!dossier.text.contains(secret))
        }
        #expect(dossier.text.contains(Masking.hidden))
        #expect(!dossier.text.contains("~"), "nor tokens, which tell nobody anything")
    }

    @Test func `is listed by state, tier and store, page by page`() async throws {
        var pipeline = try await Scenario.finished()
        for id in ["C2", "C3", "C4"] {
            let time = "2026-11-12T09:00:00+08:00"
            var complaint = try Scenario.complaint(id, at: time)
            complaint.customer.phone = "1390000000" + id.suffix(1)
            complaint.product.category = "oven"
            try await pipeline.send(complaint, at: time)
        }
        let view = CaseView(stores: pipeline.anyStores)
        var filter = CaseFilter()
        filter.state = "open"
        filter.storeId = "S1"
        let first = try await view.listCases(filter, limit: 2)
        #expect(first.cases.count == 2)
        let second = try await view.listCases(filter, after: #require(first.next), limit: 2)
        #expect(Set((first.cases + second.cases).map(\.complaintId)) == ["C2", "C3", "C4"])
        #expect(second.next == nil)
        filter.state = "closed"
        #expect(try await view.listCases(filter).cases.map(\.caseId) == [Scenario.caseId])
        filter.tier = "hq"
        #expect(try await view.listCases(filter).cases.isEmpty)
    }

    @Test func `explains an event back to what began it`() async throws {
        let pipeline = try await Scenario.finished()
        let view = CaseView(stores: pipeline.anyStores)
        let dossier = try #require(try await view.showCase("C1"))
        let closed = try #require(dossier.timeline.flatMap(\.emitted).first { $0.type == "case.closed" })
        let scheduled = try #require(
            dossier.timeline.first { $0.input == "case.closed" && $0.stage == .callback }?.emitted.first)
        let explanation = try #require(try await view.explain(scheduled.id))
        // The handler's word refers to the case, which came by the complaint.
        #expect(explanation.chain.map(\.stage) == [.callback, .handling, .routing, .routing, .intake])
        #expect(explanation.chain.first?.inputId == closed.id)
        #expect(explanation.chain.map { $0.concerns?.id } == [nil, nil, Scenario.caseId, nil, nil])
        #expect(explanation.origin == "It begins with complaint.received E1 from upstream.")
        #expect(explanation.text.contains("about caseId \(Scenario.caseId), which came by:"))

        let due = try #require(dossier.timeline.flatMap(\.emitted).first { $0.type == "callback.due" })
        let timed = try #require(try await view.explain(due.id))
        // A timer leads to the decision that set it.
        #expect(
            timed.chain.map(\.input) == [
                "timer", "case.closed", "case.resolution-accepted", "case.resolved", "case.opened",
                "complaint.received",
            ])
        #expect(timed.chain.map(\.stage) == [.callback, .callback, .handling, .routing, .routing, .intake])
        #expect(timed.origin == "It begins with complaint.received E1 from upstream.")

        let penalty = try #require(pipeline.stores[.penalty])
        let duties = try await penalty.read { try $0.journal(after: 0, limit: 100, withBodies: true) }
        let overdue = try #require(duties.flatMap(\.outputs).first { $0.type == "weekly-report.overdue" })
        let planted = try #require(try await view.explain(overdue.id))
        #expect(planted.chain.map(\.input).suffix(2) == ["timer", "policy"])
        #expect(planted.origin.hasPrefix("It begins with policy test, taken into use at 2026-11-02T08:00:00+08:00"))

        let rejected = try #require(try await view.explain("E7"))
        #expect(rejected.chain.first?.fate == "refused")
        #expect(rejected.chain.first?.emitted.first?.rule == "id-taken")
        #expect(try await view.explain("nobody") == nil)
    }

    @Test func `explains an event of upstream at every stage that took it, and where it still waits`() async throws {
        let finished = try await Scenario.finished()
        let contact = try #require(finished.published.first { $0.type == ContactRecorded.type })
        let taken = try #require(try await CaseView(stores: finished.anyStores).explain(contact.id))
        #expect(Set(taken.chain.map(\.stage)).isSuperset(of: [.routing, .handling]), "\(taken.text)")
        #expect(taken.waiting.isEmpty)

        var pipeline = try await MemoryPipeline(waiting: WaitingLimits())
        let view = CaseView(stores: pipeline.anyStores)

        let time = "2026-11-12T09:00:00+08:00"
        try await pipeline.send(CaseAccepted(caseId: "unheard-of", by: Scenario.by), at: time, id: "W1")
        let waits = try #require(try await view.explain("W1"))
        #expect(waits.waiting.map(\.stage).prefix(2) == [.routing, .handling], "\(waits.text)")
        #expect(waits.text.contains("waits for case unheard-of"))
        var filter = WaitingList.Filter()
        filter.referenceId = "unheard-of"
        let list = try await WaitingList.read(pipeline.anyStores, filter, limit: 1)
        #expect(list.waiting.count == 1 && list.total == waits.waiting.count && list.text.contains("1 of"))
        filter.stage = .penalty
        #expect(try await WaitingList.read(pipeline.anyStores, filter).text == "Nothing waits.")
    }

    @Test func `shows an outlet with its timeline`() async throws {
        let pipeline = try await Scenario.finished()
        let view = CaseView(stores: pipeline.anyStores)
        let dossier = try #require(try await view.showOutlet("O1", at: pipeline.now, withRecord: true))
        let changes = dossier.timeline.flatMap(\.emitted).filter { $0.type == "outlet.status-changed" }
        #expect(!changes.isEmpty)
        #expect(dossier.records.first?.body["status"] == changes.last?.data["to"])
        #expect(try await view.showOutlet("O2", at: pipeline.now) == nil)
    }
}

@Suite struct `An outlet, shown,` {
    private func shown(_ outlet: String, withRecord: Bool = false) async throws -> Dossier {
        let pipeline = try await LetterScenario.finished()
        let view = CaseView(stores: pipeline.anyStores)
        return try #require(try await view.showOutlet(outlet, at: pipeline.now, withRecord: withRecord))
    }

    @Test func `stands on both ladders, with the next rung and what one more violation brings`() async throws {
        let position = try #require(try await shown("O-WARN").position)
        #expect(position.places.map(\.ladder) == ["monthly", "cumulative"])
        #expect(position.places.map(\.period) == ["2026-11", "2026"])
        #expect(position.places.map(\.count) == [2, 2])
        #expect(position.places.map(\.rung) == [.warning, nil])
        #expect(position.places.map(\.nextRung) == [.rectification, .warning])
        #expect(position.places.map(\.nextFrom) == [3, 4])
        #expect(position.pending == nil, "its warning is in force already")
        #expect(position.oneMore?.rung == .rectification && position.oneMore?.count == 3)
        #expect(position.letters.map(\.number) == ["O-WARN-2026-1"])
    }

    @Test func `tells in words and tables what a person wants to know, and no record`() async throws {
        let dossier = try await shown("O-WARN")
        let lines = dossier.text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "Outlet O-WARN: 长沙安捷家电服务部, region R1, duties since 2026-11-01")
        #expect(lines[1].hasPrefix("Status: suspended. It gets no orders because of no passed site check."))
        #expect(lines.contains("monthly     2026-11           2  warning  rectification from 3"))
        #expect(
            lines.contains("One more violation now, if upheld, brings: rectification (3 in 2026-11, monthly ladder)."))
        #expect(lines.contains { $0.hasSuffix("the warning of letter O-WARN-2026-1 holds") })
        #expect(lines.contains { $0.contains("a site check must be passed") })
        #expect(dossier.records.isEmpty && !dossier.text.contains("lettersIssued"))
        let whole = try await shown("O-WARN", withRecord: true)
        #expect(whole.text.contains("lettersIssued"))
    }

    @Test func `that was withdrawn says so, and one under a stop why it gets no orders`() async throws {
        let stopped = try await shown("O-STOP")
        #expect(
            stopped.text.contains(
                "It gets no orders because of a penalty of the ladder. Orders in hand are handed over."))
        #expect(try await shown("O-TRAIN").text.contains("failed trainings"))
    }
}

@Suite struct `A stage's record, masked,` {
    @Test func `hides what is not known to be harmless, whatever its kind`() throws {
        let record = try JSON(
            parsing: Array(
                #"""
                {"complaintId":"C1","state":"open","nickname":"Zhang","score9":5,"13812345678":true,
                 "customer":{"name":"Zhang","phone":"13812345678","wechat":{"id":"z1"}},
                 "effects":[{"number":"O1-2026-1","witness":"Zhang"}],"serial":"SN1","isClosed":false}
                """#.utf8))
        let shown = String(decoding: Masking.record(record).serialized, as: UTF8.self)
        #expect(
            shown
                == #"""
                {"complaintId":"C1","state":"open","nickname":"***","***":"***","***":"***",
                "customer":{"name":"Z*","phone":"*78","wechat":"***"},
                "effects":[{"number":"O1-2026-1","witness":"***"}],"serial":"***","isClosed":false}
                """#.replacing("\n", with: ""))
    }

    @Test func `of a person's key shows nothing`() {
        #expect(Masking.record(["customer": "13812345678"])["customer"] == .string(Masking.hidden))
    }

    /// A member that a record gains is hidden until somebody has decided that it is harmless: `RecordWords`.
    @Test func `still tells what the stages know: only what is personal is hidden`() async throws {
        var hidden: Set<String> = []
        func look(_ json: JSON) {
            for member in json.members ?? [] {
                if member.value == .string(Masking.hidden) { hidden.insert(member.name) } else { look(member.value) }
            }
            for element in json.elements ?? [] { look(element) }
        }
        let view = CaseView(stores: try await Scenario.finished().anyStores)
        for record in try #require(try await view.showCase("C1")).records { look(record.body) }
        let letters = try await LetterScenario.finished()
        for outlet in LetterScenario.names.keys.map({ String($0.dropLast(7)) }) where outlet.hasPrefix("O-") {
            let dossier = try await CaseView(stores: letters.anyStores)
                .showOutlet(outlet, at: letters.now, withRecord: true)
            for record in dossier?.records ?? [] { look(record.body) }
        }
        #expect(
            hidden.subtracting(["customer", "name", "phone", "address", "description", "serial", "comments"]) == [])
    }
}

@Suite struct `A table` {
    @Test func `aligns columns, wide characters too, and steers no terminal`() {
        var table = TextTable("NAME", ">COUNT")
        table.add("张*", "5")
        table.add("a\u{1B}[2J\u{202E}b", "12")
        #expect(table.lines == ["NAME     COUNT", "张*          5", "a·[2J·b     12"])
    }
}
