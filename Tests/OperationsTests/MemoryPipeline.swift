import Broker
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing

/// All stages over stores in memory, each event through the workers' own batch processor; with faults on demand.
struct MemoryPipeline {
    let policy: PolicyBook
    let stores: [StageName: any Store]
    let deadLetters: any DeadLetterStore
    let routes = Routes(Pipeline.stages)
    private(set) var now: Instant
    /// Everything that was handed over, as the ledger would list it.
    private(set) var published: [Event] = []
    private var processors: [StageName: BatchProcessor] = [:]
    private var queue: [(stage: StageName, inbound: InboundEvent)] = []
    private var letters = 0
    private var messages = 0

    /// Says which deliveries vanish without a trace.
    var loses: (StageName, Event) -> Bool = { _, _ in false }
    /// Says which outputs stay in the outbox, unpublished.
    var holdsBack: (JournalOutput) -> Bool = { _ in false }

    /// - Parameters:
    ///   - stores: nil: in memory.
    ///   - waiting: how much may wait for what it refers to; without room it is dead at once.
    ///   - notesWhatItTakes: as its workers do when they start.
    init(
        at start: String = "2026-11-02T08:00:00+08:00", policy: PolicyBook? = nil,
        stores: [StageName: any Store]? = nil,
        deadLetters: any DeadLetterStore = MemoryDeadLetterStore(isKeptOpen: true),
        keyring: Keyring = .none, waiting: WaitingLimits = MemoryPipeline.noRoom, notesWhatItTakes: Bool = true
    ) async throws {
        self.policy = try policy ?? MemoryPipeline.policy()
        self.deadLetters = deadLetters
        now = try instant(start)
        var all: [StageName: any Store] = stores ?? [:]
        for stage in Pipeline.stages {
            let name = type(of: stage).name
            let processor = BatchProcessor(
                runner: StageRunner(stage: stage, policy: self.policy), worker: "test",
                vault: PersonalVault(stage: name, keyring: keyring), waiting: waiting)
            let store = all[name] ?? MemoryStore()
            all[name] = store
            processors[name] = processor
            let clock = now
            let types = notesWhatItTakes ? type(of: stage).takesFromEvents : []
            try await store.write {
                try processor.plant(clock: clock, in: $0)
                try $0.subscribe(Dictionary(types.map { ($0.rawValue, Instant.distantPast) }) { $1 })
            }
        }
        self.stores = all
    }

    /// Takes another policy into use, as every worker does when it is told to read the folder again.
    mutating func use(_ policy: PolicyBook) async throws {
        for stage in Pipeline.stages {
            let name = type(of: stage).name
            let processor = BatchProcessor(
                runner: StageRunner(stage: stage, policy: policy), worker: "test", waiting: Self.noRoom)
            let clock = now
            try await stores[name]?.write { try processor.plant(clock: clock, in: $0) }
            processors[name] = processor
        }
    }

    static func policy(
        version: String = "test", storeTermDays: Int = 2, isGrown: Bool = false
    ) throws -> PolicyBook {
        let grown = "\n    - {id: O2, region: R1, since: 2026-01-01}"
        let places = """
            since: 2026-01-01
            hq: {duty: hq-duty, people: [hq-one]}
            business: {people: [judge]}
            regions: [{id: R1, duty: r1-duty, people: [r1-one]}]
            stores: [{id: S1, region: R1, serviceSupervisor: s1-supervisor, manager: s1-manager, people: [s1-clerk]}]
            outlets:
                - {id: O1, region: R1, since: 2026-01-01}
            """
        let files = PolicyFiles(
            policy: "version: \(version)\nrouting: {storeTermDays: \(storeTermDays)}",
            organisation: isGrown ? places + grown : places, calendar: "date,kind\n2026-01-01,holiday_weekday")
        return try PolicyBook.load(files, currentYear: nil).get()
    }

    var anyStores: [StageName: any Store] { stores }

    /// Hands an event of upstream over at its time; timers that are due before run first.
    @discardableResult
    mutating func send(_ data: any EventData, at time: String, id: String? = nil) async throws -> Event {
        try await advance(to: time)
        let event = Event(id: id ?? "E\(published.count + 1)", source: "upstream", time: now, data: data)
        try await hand(over: [event])
        return event
    }

    /// Hands events of upstream over, whatever their times; what follows goes behind them.
    mutating func hand(over events: [Event]) async throws {
        published += events
        for event in events {
            let inbound = InboundEvent(event: event, body: event.body())
            for stage in routes.takers(fromInbox: event.type) { queue.append((stage, inbound)) }
        }
        try await drain()
    }

    /// Hands a message to one stage's queue, as the broker would.
    mutating func deliver(_ body: [UInt8], to stage: StageName) async throws {
        queue.append((stage, InboundEvent(event: try Event.read(body), body: body)))
        try await drain()
    }

    /// Moves the clock, from timer to timer.
    mutating func advance(to time: String) async throws {
        let target = try instant(time)
        for _ in 0..<100_000 {
            var next: (at: Instant, stage: StageName)?
            for stage in StageName.allCases {
                guard let at = try await stores[stage]?.read({ try $0.nextWake() }), at <= target else { continue }
                if at < next?.at ?? .limit { next = (at, stage) }
            }
            guard let next else { break }
            now = max(now, next.at)
            let clock = now
            let processor = try #require(processors[next.stage])
            let result = try await stores[next.stage]?.write {
                try processor.processTimers(confirmed: [], marks: Marks(atRest: clock), wall: clock, limit: 100, in: $0)
            }
            try #require(result?.timers != 0, "timers that cannot act: \(result?.timerFaults ?? [])")
            try await publish(result?.rows ?? [], of: next.stage)
            try await drain()
        }
        now = max(now, target)
    }

    private mutating func drain() async throws {
        var left = 100_000
        while !queue.isEmpty {
            left -= 1
            try #require(left > 0, "events without end")
            let (stage, inbound) = queue.removeFirst()
            guard !loses(stage, inbound.event) else { continue }
            let processor = try #require(processors[stage])
            let clock = now
            let result = try await stores[stage]?.write {
                try processor.process([inbound], confirmed: [], clock: clock, in: $0)
            }
            try await publish(result?.rows ?? [], of: stage)
            if case .unknownReference(let what)? = result?.fates.first {
                try await park(inbound.event, body: inbound.body, queue: stage.queue, code: "unknown-reference", what)
            }
        }
    }

    /// What refers to something unknown dies at once.
    static var noRoom: WaitingLimits {
        var limits = WaitingLimits()
        limits.perReference = 0
        return limits
    }

    private mutating func publish(_ rows: [OutboxRow], of stage: StageName) async throws {
        for row in rows where !holdsBack(row.output) {
            if row.output.exchange == ExchangeName.events {
                let inbound = InboundEvent(event: try Event.read(row.output.body), body: row.output.body)
                for taker in routes.takers(fromEvents: inbound.event.type) { queue.append((taker, inbound)) }
            }
            try await stores[stage]?.write { try $0.removeFromOutbox([row.key]) }
        }
    }

    // MARK: - Dead letters

    /// Parks a dead letter as `recourse-parking` would; returns its row's id.
    @discardableResult
    mutating func park(
        _ event: Event?, body: [UInt8], queue: String, class failureClass: String = "transient", code: String,
        _ message: String = "", headers: String = "{}", id: String? = nil
    ) async throws -> String {
        letters += 1
        let id = id ?? "letter-\(letters)"
        var letter = DeadLetter(
            id: id, queue: queue, failureClass: failureClass, code: code, firstAt: now, lastAt: now, body: body)
        letter.source = event?.source
        letter.eventId = event?.id
        letter.type = event?.type.rawValue
        letter.caseId = event?.data.correlation
        letter.message = message
        letter.fingerprint = "\(queue)-\(code)"
        letter.headers = Array(headers.utf8)
        letter.exchange = ExchangeName.inbox
        letter.routingKey = event?.type.rawValue ?? ""
        _ = try await deadLetters.upsert([letter], parkedAt: now)
        return id
    }
}

func instant(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

/// A case from the complaint to the satisfied callback, a service, a rejection and an event about a case that nobody
/// knows.
enum Scenario {
    static let customer = Customer(name: "Zhang Wei", phone: "13812345678", address: "1 Long Street")
    static let product = Product(category: "washer", brand: "Acme", purchasedHere: true)
    static let by = Person(id: "s1-supervisor", tier: "store", storeId: "S1")
    static let cashier = Person(id: "hq-one", tier: "hq")
    static let caseId = Identifiers.caseId(source: "upstream", complaintId: "C1")
    static let unknownCase = Identifiers.caseId(source: "upstream", complaintId: "C9")

    static func complaint(
        _ id: String, at time: String, description: String = "It leaks badly."
    ) throws -> ComplaintReceived {
        ComplaintReceived(
            complaintId: id, channel: "hotline", receivedAt: try instant(time), customer: customer, storeId: "S1",
            product: product, outletId: "O1", description: description, remedy: "repair")
    }

    static func run(_ pipeline: inout MemoryPipeline) async throws {
        try await pipeline.send(complaint("C1", at: "2026-11-02T10:00:00+08:00"), at: "2026-11-02T10:00:00+08:00")
        try await pipeline.send(CaseAccepted(caseId: caseId, by: by), at: "2026-11-02T10:05:00+08:00")
        try await pipeline.send(
            ContactRecorded(
                caseId: caseId, with: .customer, by: by, at: instant("2026-11-02T10:10:00+08:00"), note: "calm"),
            at: "2026-11-02T10:10:00+08:00")
        try await pipeline.send(CaseAccepted(caseId: unknownCase, by: by), at: "2026-11-02T10:20:00+08:00")
        try await pipeline.send(
            ServiceCompleted(
                serviceId: "SV1", kind: .repair, completedAt: instant("2026-11-02T10:25:00+08:00"), customer: customer,
                storeId: "S1", outletId: "O1", product: product, inWarranty: true),
            at: "2026-11-02T10:25:00+08:00")
        try await pipeline.send(
            CaseResolved(
                caseId: caseId, by: by, resolvedAt: instant("2026-11-02T10:30:00+08:00"), solution: "repaired",
                liability: .outlet, documents: ["D1"]),
            at: "2026-11-02T10:30:00+08:00")
        // The same complaint id with another content.
        try await pipeline.send(
            complaint("C1", at: "2026-11-02T10:40:00+08:00", description: "It burns."), at: "2026-11-02T10:40:00+08:00")
        let callback = Identifiers.callbackId(kind: CallbackKind.caseClosed.rawValue, caseId: caseId, closing: 1)
        try await pipeline.send(
            CallbackCompleted(
                callbackId: callback, attempt: 1, attemptAt: instant("2026-11-03T15:00:00+08:00"), outcome: .reached,
                by: by, satisfied: true),
            at: "2026-11-03T15:00:00+08:00")
        try await pipeline.advance(to: "2026-11-12T00:00:00+08:00")
    }

    static func finished() async throws -> MemoryPipeline {
        var pipeline = try await MemoryPipeline()
        try await run(&pipeline)
        return pipeline
    }
}
