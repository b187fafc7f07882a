import Bootstrap
import Foundation
import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing

/// A folder of stores of its own, and what lies in its files.
private struct PersonalScene {
    static let planted = Customer(
        name: "Zzyzx Plantagenet", phone: "+86 139 7777 1234", address: "77 Hidden Lane, Qwfp")
    static let other = Customer(name: "Bystander Bianca", phone: "13600000001", address: "1 Open Square")
    static let caseId = Identifiers.caseId(source: "upstream", complaintId: "P1")
    static let otherCase = Identifiers.caseId(source: "upstream", complaintId: "P2")
    static let secrets = [
        "Zzyzx", "139 7777 1234", "13977771234", "Hidden Lane", "drips upon the cat", "sounded cross",
    ]
    static let keys = """
        # the first seals
        k2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=
        k1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
        """

    let folder: URL
    let keyring: Keyring
    let stores: [StageName: any Store]
    let deadLetters: SealedDeadLetters
    private(set) var pipeline: MemoryPipeline
    private(set) var letters: [String] = []

    init(keyring: Keyring) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "recourse-\(UUID().uuidString)")
        self.keyring = keyring
        var settings = try Configuration(environment: [:], requiring: [])
        settings.database = .sqlite(directory: folder.path)
        settings.keyring = keyring
        let installation = Installation(settings)
        try await installation.make(Installation.allStores)
        stores = try installation.stores()
        deadLetters = try installation.deadLetters()
        pipeline = try await MemoryPipeline(
            stores: stores, deadLetters: deadLetters, keyring: keyring, waiting: WaitingLimits())
    }

    var office: PersonOffice { PersonOffice(stores: stores, deadLetters: deadLetters, keyring: keyring) }

    /// A case of each customer; of the planted one also a service, a refused complaint, and letters of every sort.
    mutating func run() async throws {
        func complaint(_ id: String, _ customer: Customer, _ at: String, _ text: String) throws -> ComplaintReceived {
            ComplaintReceived(
                complaintId: id, channel: "hotline", receivedAt: try instant(at), customer: customer, storeId: "S1",
                product: Scenario.product, outletId: "O1", description: text, remedy: "repair")
        }
        let morning = "2026-11-02T10:00:00+08:00"
        let text = "The washer of Zzyzx drips upon the cat, 13977771234."
        try await pipeline.send(complaint("P1", Self.planted, morning, text), at: morning)
        try await pipeline.send(complaint("P2", Self.other, morning, "It hums."), at: morning)
        // The same once more, and another one under its id.
        try await pipeline.send(complaint("P1", Self.planted, morning, text), at: "2026-11-02T10:01:00+08:00")
        try await pipeline.send(complaint("P1", Self.planted, morning, "Zzyzx!"), at: "2026-11-02T10:02:00+08:00")
        // About cases that nobody knows: they wait.
        for (id, text) in [("P8", "a word with Zzyzx, 139 7777 1234"), ("P9", "a word with Bianca")] {
            try await pipeline.send(
                CaseResolved(
                    caseId: Identifiers.caseId(source: "upstream", complaintId: id), by: Scenario.by,
                    resolvedAt: instant("2026-11-02T10:04:00+08:00"), solution: text, liability: .nobody, documents: []),
                at: "2026-11-02T10:04:00+08:00")
        }
        for (caseId, note) in [(Self.caseId, "Zzyzx sounded cross"), (Self.otherCase, "Bianca sounded calm")] {
            try await pipeline.send(CaseAccepted(caseId: caseId, by: Scenario.by), at: "2026-11-02T10:05:00+08:00")
            try await pipeline.send(
                ContactRecorded(
                    caseId: caseId, with: .customer, by: Scenario.by, at: instant("2026-11-02T10:10:00+08:00"),
                    note: note),
                at: "2026-11-02T10:10:00+08:00")
        }
        try await pipeline.send(
            ServiceCompleted(
                serviceId: "SV1", kind: .repair, completedAt: instant("2026-11-02T10:25:00+08:00"),
                customer: Self.planted, storeId: "S1", outletId: "O1", product: Scenario.product, inWarranty: true),
            at: "2026-11-02T10:25:00+08:00")
        try await pipeline.send(
            CaseResolved(
                caseId: Self.caseId, by: Scenario.by, resolvedAt: instant("2026-11-02T10:30:00+08:00"),
                solution: "a new hose for Zzyzx", liability: .outlet, documents: ["D1"]),
            at: "2026-11-02T10:30:00+08:00")
        let broken = [
            #"{"type":"complaint.received.v1","data":{"customer":{"phone":"0086-139-7777-1234"}}}"#,
            "no JSON: Zzyzx, call 139 7777 1234",
            #"{"type":"contact.recorded.v1","data":{"caseId":"\#(Self.caseId)","note":"Zzyzx"}}"#,
            #"{"type":"contact.recorded.v1","data":{"caseId":"\#(Self.otherCase)","note":"Bianca"}}"#,
        ]
        for body in broken {
            letters.append(
                try await pipeline.park(
                    nil, body: Array(body.utf8), queue: "recourse.intake", class: "schema", code: "contract"))
        }
        try await pipeline.advance(to: "2026-11-12T00:00:00+08:00")
    }

    /// Every byte on the disk: databases, logs, whatever lies beside them.
    func bytes() throws -> Data {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .reduce(into: Data()) { $0 += try Data(contentsOf: $1) }
    }

    func leaks() throws -> [String] {
        let bytes = try bytes()
        return Self.secrets.filter { bytes.range(of: Data($0.utf8)) != nil }
    }

    /// Every event as it was, or would now be, published.
    func published() async throws -> String {
        var text = ""
        for (stage, store) in stores {
            let entries = try await JournalScan.published(
                store, of: stage, after: 0, limit: 10_000, keyring: keyring)
            for output in entries.flatMap(\.outputs) { text += String(decoding: output.body, as: UTF8.self) + "\n" }
        }
        return text
    }

    func differences() async throws -> [String] {
        var found: [String] = []
        for stage in Pipeline.stages {
            let store = try #require(stores[type(of: stage).name])
            let report = try await JournalReplay(stage: stage).run(store)
            if !report.isEqual { found.append(report.text) }
        }
        return found
    }

    func end() async throws {
        for store in stores.values { await store.close() }
        await deadLetters.close()
        try FileManager.default.removeItem(at: folder)
    }
}

@Suite struct `Personal data` {
    @Test func `leave the stages as they came, and lie in no file in the open`() async throws {
        var scene = try await PersonalScene(keyring: Keyring(parsing: PersonalScene.keys))
        try await scene.run()
        let published = try await scene.published()
        for shown in ["Zzyzx Plantagenet", "139 7777 1234", "Hidden Lane", "drips upon the cat", "Bystander"] {
            #expect(published.contains(shown), "\(shown)")
        }
        #expect(!published.contains(PersonalResolver.erased))
        let taken = published.components(separatedBy: #""reason":"id-taken""#).count - 1
        #expect(taken == 1, "the same id with another text is told apart, and the same text once more is not refused")
        #expect(try scene.leaks() == [])
        #expect(try await scene.differences() == [])
        try await scene.end()
    }

    @Test func `of an erased person are nowhere, and those of others are whole`() async throws {
        for keyring in [Keyring.none, try Keyring(parsing: PersonalScene.keys)] {
            var scene = try await PersonalScene(keyring: keyring)
            try await scene.run()
            // Without a key they lie there in the open, which shows that this test looks in the right place.
            if keyring.currentId.isEmpty { #expect(try scene.leaks().count == PersonalScene.secrets.count) }
            let known = try await scene.office.show(.phone("139-7777-1234"))
            #expect(known.stages.filter { $0.waiting == 1 }.map(\.stage) == [.routing, .handling])
            #expect(known.stages.map(\.stage).contains(.intake) && known.stages.allSatisfy { $0.events > 0 })
            #expect(known.deadLetters == Array(scene.letters.prefix(3)).sorted())
            #expect(!known.text.contains("Zzyzx"))
            #expect(try await scene.office.show(.phone("13977771234"), unmask: true).text.contains("sounded cross"))
            let done = try await scene.office.erase(.phone("139 7777-1234"))
            #expect(done.stages == known.stages && done.deadLetters == 3)
            #expect(try await !scene.office.show(.phone("13977771234")).isKnown)
            #expect(try scene.leaks() == [], "\(keyring.currentId)")
            let published = try await scene.published()
            for gone in PersonalScene.secrets { #expect(!published.contains(gone), "\(gone)") }
            for left in ["Bystander Bianca", "13600000001", "Open Square", PersonalResolver.erased] {
                #expect(published.contains(left), "\(left)")
            }
            #expect(try await scene.differences() == [])
            let erased = try #require(try await scene.deadLetters.get(scene.letters[0]))
            #expect(erased.isErased && erased.letter.code == "contract")
            let whole = try #require(try await scene.deadLetters.get(scene.letters[3]))
            #expect(String(decoding: whole.letter.body, as: UTF8.self).contains("Bianca"))
            // Whoever complains with that phone now is new, and his old open case is none of his.
            try await scene.run()
            #expect(try await scene.office.show(.phone("13977771234")).isKnown)
            #expect(try await scene.differences() == [])
            try await scene.end()
        }
    }

    @Test func `are erased by order, up to the order and not behind it`() async throws {
        var scene = try await PersonalScene(keyring: .none)
        try await scene.run()
        try await scene.order("2026-11-12T08:00:00+08:00")
        #expect(try await scene.office.show(.phone("13977771234")).stages.isEmpty)
        #expect(try await scene.office.show(.phone("13600000001")).isKnown)
        #expect(try await scene.differences() == [])
        for store in scene.stores.values { try await store.scrub() }
        let report = try await scene.office.erase(.phone("13977771234"))
        #expect(report.stages.isEmpty && report.deadLetters == 2, "its letters are found by the number alone now")
        try await scene.end()
    }

    @Test func `are sealed anew by another key, and the old one can go`() async throws {
        let old = try Keyring(parsing: "k1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
        var scene = try await PersonalScene(keyring: old)
        try await scene.run()
        let before = try await scene.published()
        let both = try Keyring(parsing: PersonalScene.keys)
        let office = PersonOffice(
            stores: scene.stores, deadLetters: try scene.letters(both), keyring: both)
        let done = try await office.rekey()
        let empty = ["reports", "audit log"]
        #expect(done.key == "k2" && done.resealed.allSatisfy { empty.contains($0.name) || $0.value > 0 })
        #expect(try await office.rekey().resealed.allSatisfy { $0.value == 0 })
        let new = try Keyring(parsing: "k2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")
        for (stage, store) in scene.stores {
            let (mine, missing) = (PersonalVault(stage: stage, keyring: new), PersonalVault(stage: stage, keyring: old))
            #expect(try await store.read { try mine.fault(in: $0) } == nil)
            #expect(try await store.read { try missing.fault(in: $0) } == .missing(key: "k2"))
        }
        #expect(try await scene.published(with: new) == before)
        #expect(try await scene.letters(new).get(scene.letters[1])?.letter.body.isEmpty == false)
        let wrong = try Keyring(parsing: "k2 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=")
        #expect(try await scene.letters(wrong).fault() == .wrong(key: "k2"))
        #expect(SealFailure.wrong(key: "k2").description.contains("k2"))
        try await scene.end()
    }

    @Test func `that somebody has damaged stay as they are, and are counted`() async throws {
        let old = try Keyring(parsing: "k1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
        var scene = try await PersonalScene(keyring: old)
        try await scene.run()
        let store = scene.deadLetters.store
        var letter = try #require(try await store.get(scene.letters[0]))
        letter.letter.body[letter.letter.body.count - 1] ^= 1
        try await store.replace([letter])
        try await scene.stores[.intake]?.write { transaction in
            var row = try #require(try transaction.personalRows(after: 0, limit: 1).first)
            row.sealed[5] ^= 1
            try transaction.resealPersonal([row])
        }
        let both = try Keyring(parsing: PersonalScene.keys)
        let office = PersonOffice(stores: scene.stores, deadLetters: try scene.letters(both), keyring: both)
        for _ in 1...2 {
            let done = try await office.rekey()
            #expect(done.damaged == [Figure("intake", 1), Figure("dead letters", 1)] && done.exitCode == 1)
            #expect(done.text.contains("intake 1, dead letters 1"))
        }
        let judged = try await office.show(.phone("13977771234"))
        #expect(judged.deadLetters.contains(scene.letters[0]) && judged.damaged == [])
        try await scene.end()
    }

    @Test func `of who was not heard of for so long go by themselves, not a moment earlier`() async throws {
        let store = MemoryStore()
        let stage = try #require(Pipeline.stages.first { type(of: $0).name == .intake })
        let policy = try MemoryPipeline.policy()
        let processor = BatchProcessor(runner: StageRunner(stage: stage, policy: policy), worker: "test")
        let morning = try instant("2026-11-02T10:00:00+08:00")
        let event = Event(
            id: "1", source: "upstream", time: morning,
            data: try Scenario.complaint("C1", at: "2026-11-02T10:00:00+08:00"))
        let inbound = InboundEvent(event: event, body: event.body())
        try store.writeNow { try processor.plant(clock: morning, in: $0) }
        _ = try store.writeNow { try processor.process([inbound], confirmed: [], clock: morning, in: $0) }
        func sweep(_ business: Instant, hour: Int64) throws -> Int {
            try store.writeNow { transaction in
                try processor.perform(
                    .sweep(confirmed: [], limit: 10, includingOwn: false), reading: ClockReading(now: business),
                    wall: morning.adding(hours: hour), limits: WorkerLimits(), in: transaction
                ).batch.erased
            }
        }
        let days = Int64(try #require(policy.retention.personalDays))
        let bound = morning.adding(days: days)
        #expect(try sweep(bound, hour: 1) == 0)
        #expect(try sweep(bound, hour: 2) == 0, "to the end of what there is to look at")
        let later = Instant(microseconds: bound.microseconds + 1)
        #expect(try sweep(later, hour: 4) == 1)
        #expect(try store.readNow { try $0.personalRows(after: 0, limit: 9) }.isEmpty)
    }

    @Test func `An order is a full stop within a batch`() async throws {
        let store = MemoryStore()
        let stage = try #require(Pipeline.stages.first { type(of: $0).name == .intake })
        let processor = BatchProcessor(
            runner: StageRunner(stage: stage, policy: try MemoryPipeline.policy()), worker: "test")
        let morning = try instant("2026-11-02T10:00:00+08:00")
        let by = Person(id: "hq-one", tier: "hq")
        let datas: [any EventData] = [
            try Scenario.complaint("C1", at: "2026-11-02T10:00:00+08:00"),
            CustomerErasureRequested(requestId: "R1", phone: "138 1234 5678", by: by),
            try Scenario.complaint("C2", at: "2026-11-02T10:00:00+08:00"),
        ]
        let inputs = datas.enumerated().map { index, data in
            let event = Event(id: "\(index)", source: "upstream", time: morning, data: data)
            return InboundEvent(event: event, body: event.body())
        }
        try store.writeNow { try processor.plant(clock: morning, in: $0) }
        let result = try store.writeNow { try processor.process(inputs, confirmed: [], clock: morning, in: $0) }
        #expect(result.fates == [.applied, .applied, .applied] && result.erased == 1)
        #expect(result.rows.count == 2, "the second complaint is a new person's, with a case of its own")
        #expect(result.rows.allSatisfy { String(decoding: $0.output.body, as: UTF8.self).contains("Zhang Wei") })
        #expect(try store.readNow { try $0.personalRows(after: 0, limit: 9) }.count == 1)
        // What was not confirmed is published again as what it is now.
        let again = try store.writeNow { transaction in
            try processor.perform(
                .start(limit: 10), reading: ClockReading(now: morning), wall: morning, limits: WorkerLimits(),
                in: transaction)
        }.batch.rows
        #expect(again.count == 2)
        #expect(try Event.read(again[0].output.body).data is CaseOpened)
        #expect(String(decoding: again[0].output.body, as: UTF8.self).contains(#""phone":"erased""#))
        #expect(again[1].output.body == result.rows[1].output.body)
    }
}

extension PersonalScene {
    fileprivate mutating func order(_ time: String) async throws {
        let by = Person(id: "hq-one", tier: "hq")
        try await pipeline.send(
            CustomerErasureRequested(requestId: "R1", phone: "+86 13977771234", by: by), at: time)
    }

    /// The same letters under other keys.
    fileprivate func letters(_ keyring: Keyring) throws -> SealedDeadLetters {
        var settings = try Configuration(environment: [:], requiring: [])
        settings.database = .sqlite(directory: folder.path)
        settings.keyring = keyring
        return try Installation(settings).deadLetters()
    }

    fileprivate func published(with keyring: Keyring) async throws -> String {
        var text = ""
        for (stage, store) in stores {
            let entries = try await JournalScan.published(
                store, of: stage, after: 0, limit: 10_000, keyring: keyring)
            for output in entries.flatMap(\.outputs) { text += String(decoding: output.body, as: UTF8.self) + "\n" }
        }
        return text
    }
}
