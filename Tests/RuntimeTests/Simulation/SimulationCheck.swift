import Broker
import BrokerTestKit
import Policy
import Schema
import Stages
import Store
import StoreTestKit

@testable import Runtime

/// What must hold after every run. Each check tells what it finds wrong; an empty list is a good run.
struct SimulationCheck {
    let run: SimulationRun
    private let pipeline: SimulatedPipeline
    private let stages: [any Stage]
    private let policy: PolicyBook
    private var findings: [String] = []

    /// An event of a stage as it is compared: without the sequence, which counts how events of one instant arrived.
    private struct Emitted: Hashable {
        let exchange: String
        let routingKey: String
        let body: [UInt8]
    }

    /// A dead letter as it is compared.
    private struct Death: Hashable, Comparable {
        let queue: String
        let code: String
        let event: String

        static func < (a: Death, b: Death) -> Bool { (a.queue, a.code, a.event) < (b.queue, b.code, b.event) }
    }

    init(_ run: SimulationRun) {
        self.run = run
        pipeline = run.pipeline
        stages = run.pipeline.stages
        policy = run.pipeline.policy
    }

    /// Everything that is wrong after the run.
    static func findings(of run: SimulationRun) throws -> [String] {
        var check = SimulationCheck(run)
        let journals = try check.journals()
        let published = try check.published(journals)
        try check.compareWithVirtual(published)
        try check.checkFates(journals)
        try check.checkRest()
        try check.checkWire(published)
        try check.replay(journals)
        return check.findings
    }

    private func journals() throws -> [StageName: [JournalEntry]] {
        try pipeline.stores.mapValues { store in
            try store.readNow { try $0.journal(after: 0, limit: .max, withBodies: true) }
        }
    }

    /// The same with the values that its tokens stand for.
    private func published(_ journals: [StageName: [JournalEntry]]) throws -> [StageName: [JournalEntry]] {
        var published: [StageName: [JournalEntry]] = [:]
        for (stage, store) in pipeline.stores {
            var resolver = PersonalResolver(vault: PersonalVault(stage: stage))
            published[stage] = try store.readNow { try resolver.resolve(journals[stage] ?? [], in: $0) }
        }
        return published
    }

    private mutating func note(_ finding: String) { findings.append(finding) }

    // MARK: The same as without any broker

    private mutating func compareWithVirtual(_ journals: [StageName: [JournalEntry]]) throws {
        var expected: [StageName: [String: Emitted]] = [:]
        var deaths = expectedDeaths(journals)
        var virtual = VirtualPipeline(stages: stages, policy: policy, start: run.workload.start)
        var items = run.workload.items[...]
        var instants: [Instant] = []
        while let next = [items.first?.at, virtual.nextWake].compactMap({ $0 }).min().map({ max($0, virtual.now) }),
            next <= run.workload.end
        {
            instants.append(next)
            var events: [Event] = []
            while let item = items.first, item.at <= next {
                items.removeFirst()
                if case .valid(let event) = item.kind { events.append(event) }
            }
            try virtual.run(instant: next, events: events.map { .init($0) }) { notice in
                switch notice {
                case .emitted(let event, let stage):
                    checkRoute(event, from: stage)
                    let output = JournalOutput(event)
                    if expected[stage, default: [:]].updateValue(Self.emitted(output), forKey: output.id) != nil {
                        note("virtual \(stage.rawValue): id \(output.id) emitted twice")
                    }
                case .deadLetter(let stage, let event, let code, _):
                    deaths.insert(Death(queue: stage.queue, code: code, event: event.id))
                }
            }
        }
        if instants != run.instants { note("other instants: \(run.instants) and virtually \(instants)") }
        for stage in pipeline.stores.keys.sorted() {
            compare(stage, journals[stage] ?? [], expected[stage] ?? [:])
        }
        compareDeaths(deaths)
    }

    /// Whoever takes an event of a stage names that stage as one that lies before it.
    private mutating func checkRoute(_ event: OutgoingEvent, from stage: StageName) {
        // What goes to handlers no stage takes, though another stage's event may have the same type (`case.reopened`).
        guard event.destination == .events else { return }
        for taker in pipeline.routes.takers(fromEvents: event.event.type) where taker != stage {
            let type = stages.lazy.map { Swift.type(of: $0) }.first { $0.name == taker }
            if type?.follows.contains(stage) != true {
                note("\(taker.rawValue) takes \(event.event.type.rawValue), and does not follow \(stage.rawValue)")
            }
        }
    }

    private static func emitted(_ output: JournalOutput) -> Emitted {
        Emitted(exchange: output.exchange, routingKey: output.routingKey, body: withoutSequence(output.body))
    }

    /// `sequence` stands at one place of the envelope only.
    private static func withoutSequence(_ body: [UInt8]) -> [UInt8] {
        let lead = Array(#""application/json","sequence":"#.utf8)
        guard let place = body.firstRange(of: lead) else { return body }
        guard let end = body[place.upperBound...].firstIndex(of: UInt8(ascii: ",")) else { return body }
        return Array(body[..<place.upperBound] + body[end...])
    }

    private mutating func compare(_ stage: StageName, _ journal: [JournalEntry], _ expected: [String: Emitted]) {
        var found: [String: Emitted] = [:]
        for output in journal.flatMap(\.outputs) {
            if found.updateValue(Self.emitted(output), forKey: output.id) != nil {
                note("\(stage.rawValue): id \(output.id) emitted twice")
            }
        }
        for (id, output) in expected.sorted(by: { $0.key < $1.key }) where found[id] != output {
            let text = found[id].map { String(decoding: $0.body, as: UTF8.self) } ?? "nothing"
            note("\(stage.rawValue): expected \(String(decoding: output.body, as: UTF8.self)), found \(text)")
        }
        for (id, output) in found.sorted(by: { $0.key < $1.key }) where expected[id] == nil {
            note("\(stage.rawValue): emitted beyond \(String(decoding: output.body, as: UTF8.self))")
        }
    }

    // MARK: Dead letters

    private func expectedDeaths(_ journals: [StageName: [JournalEntry]]) -> Set<Death> {
        var deaths: Set<Death> = []
        for item in run.workload.items {
            let digest = FailureMessages.hex(Identifiers.digest(item.body))
            switch item.kind {
            case .valid: break
            case .unroutable: deaths.insert(Death(queue: QueueName.dead, code: "contract", event: digest))
            case .invalid:
                for stage in pipeline.routes.takers(fromInbox: EventType(item.routingKey)) {
                    let code = item.properties.contentEncoding == nil ? "contract" : "content-encoding"
                    deaths.insert(Death(queue: stage.queue, code: code, event: digest))
                }
            case .reused(let event):
                for stage in pipeline.routes.takers(fromInbox: event.type) {
                    deaths.insert(Death(queue: stage.queue, code: "id-reused", event: event.id))
                }
            }
        }
        return deaths
    }

    private mutating func compareDeaths(_ expected: Set<Death>) {
        var found: Set<Death> = []
        let told = Set(pipeline.broker.contents(of: SimulatedPipeline.observer).map { $0.properties.messageId ?? "" })
        for delivery in pipeline.broker.contents(of: QueueName.dead) {
            let letter = DeadLetter(parking: delivery, at: pipeline.time.wall)
            let isEncoded = letter.code == "content-encoding"
            let hasNoIdentity = ["contract", "unroutable"].contains(letter.code) || isEncoded
            let digest = FailureMessages.hex(Identifiers.digest(delivery.body))
            // What no queue took is answered by the parking worker, which does not run here.
            if letter.failureClass == DeadLetterClass.schema.rawValue, letter.queue != QueueName.dead {
                // Of a body that is encoded nothing is read; its sender's properties are all that tells.
                let subject = (isEncoded ? delivery.properties.messageId : letter.eventId) ?? digest
                let source = isEncoded ? "" : letter.source ?? ""
                let id = Identifiers.uuid(["event", "rejected", source, subject, "0"])
                if !told.contains(id) { note("upstream was not told of the dead letter \(subject)") }
            }
            found.insert(
                Death(queue: letter.queue, code: letter.code, event: hasNoIdentity ? digest : letter.eventId ?? ""))
        }
        for death in expected.subtracting(found).sorted() { note("no dead letter: \(death)") }
        for death in found.subtracting(expected).sorted() { note("dead letter beyond: \(death)") }
    }

    // MARK: Fates

    private mutating func checkFates(_ journals: [StageName: [JournalEntry]]) throws {
        var taken: [StageName: Set<EventKey>] = [:]
        for (stage, journal) in journals {
            for entry in journal {
                guard case .event(let source, let id, _, _, _) = entry.input else { continue }
                if !taken[stage, default: []].insert(EventKey(source: source, id: id)).inserted {
                    note("\(stage.rawValue): took \(source) \(id) twice")
                }
            }
        }
        let dead = Set(
            pipeline.broker.contents(of: QueueName.dead).map { delivery in
                let letter = DeadLetter(parking: delivery, at: pipeline.time.wall)
                return "\(letter.queue) \(letter.eventId ?? "")"
            })
        for item in run.workload.items {
            guard case .valid(let event) = item.kind else { continue }
            let key = EventKey(source: event.source, id: event.id)
            for stage in pipeline.routes.takers(fromInbox: event.type)
            where taken[stage]?.contains(key) != true && !dead.contains("\(stage.queue) \(event.id)") {
                if let store = pipeline.stores[stage],
                    try store.readNow({ try $0.waiting(among: [key]) })[key] != nil
                {
                    continue
                }
                note("\(stage.rawValue): \(event.type) \(event.id) has no fate")
            }
        }
    }

    // MARK: Rest

    private mutating func checkRest() throws {
        for worker in pipeline.workers where !worker.isIdle { note("\(worker.name) is not idle") }
        // What is not acknowledged comes back when its consumer goes.
        for worker in pipeline.workers { pipeline.broker.kill(worker.consumerEndpoint) }
        for (stage, store) in pipeline.stores {
            let open = try store.readNow { try $0.outboxCount() }
            if open > 0 { note("\(stage.rawValue): \(open) rows in the outbox") }
            for queue in [stage.queue] + RetryDelay.allCases.map({ QueueName.delay(stage, $0) }) {
                guard let depth = pipeline.broker.queueDepth(queue), depth.ready > 0 else { continue }
                note("\(depth.ready) messages in \(queue)")
            }
        }
    }

    /// Whatever was decided was published, with the bytes that the journal stands for.
    private mutating func checkWire(_ journals: [StageName: [JournalEntry]]) throws {
        var published: [String: Set<[UInt8]>] = [:]
        for queue in [SimulatedPipeline.observer] + QueueName.handlers {
            for delivery in pipeline.broker.contents(of: queue) {
                published[delivery.exchange + " " + (delivery.properties.messageId ?? ""), default: []]
                    .insert(delivery.body)
            }
        }
        for (stage, journal) in journals {
            for output in journal.flatMap(\.outputs) where published[output.exchange + " " + output.id] != [output.body]
            {
                note("\(stage.rawValue): \(output.type) \(output.id) was not published as decided")
            }
        }
    }

    // MARK: Replay

    /// All inputs of each journal again through the pure steps: the same outputs, and the same records in the end.
    private mutating func replay(_ journals: [StageName: [JournalEntry]]) throws {
        for stage in stages {
            let runner = StageRunner(stage: stage, policy: policy)
            var set = WorkingSet()
            for seed in stage.seeds(policy: policy, now: run.workload.start) {
                let key = RecordKey(kind: type(of: seed.record).kind, id: seed.id)
                set[key] = LiveRecord(value: seed.record, version: 1)
            }
            for entry in journals[runner.name] ?? [] {
                // That the policy was taken into use is planted above.
                if case .timer(let key, _, _) = entry.input, key.kind == KeptPolicy.kind { continue }
                let input: Input
                switch entry.input {
                case .event(_, _, _, _, let body): input = .event(try Event.read(body))
                case .timer(let key, let at, let order): input = .timer(key, Wake(at: at, order: order))
                }
                let keys = KeySearch.complete(input, runner, in: set).keys
                let outcome = try runner.run(input, keys: keys, in: &set, clock: .limit, isLast: true)
                let outputs = outcome.outputs.map { JournalOutput($0) }
                if outputs != entry.outputs || outcome.now != entry.now || outcome.isLate != entry.isLate
                    || outcome.changed != entry.records
                {
                    note("\(runner.name.rawValue): entry \(entry.number) replays differently")
                }
            }
            try compareRecords(runner, set)
        }
    }

    private mutating func compareRecords(_ runner: StageRunner, _ set: WorkingSet) throws {
        guard let store = pipeline.stores[runner.name] else { return }
        var stored: [RecordKey: StoredRecord] = [:]
        for type in type(of: runner.stage).recordTypes {
            for record in try store.readNow({ try $0.records(kind: type.kind, after: "", limit: .max) }) {
                stored[record.key] = record
            }
        }
        for (key, live) in set.records.sorted(by: { $0.key < $1.key }) {
            let replayed = try RecordCoding.stored(key, live)
            if stored[key] != replayed { note("\(runner.name.rawValue): record \(key) replays differently") }
        }
        if stored.count != set.records.count { note("\(runner.name.rawValue): other records after replay") }
    }
}
