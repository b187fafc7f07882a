import Broker
import Policy
import Runtime
import Schema

/// What upstream hands over in one run, drawn by a seed: some matters, each with its own customer, goods and outlet, so
/// that within one instant no two events touch the same record and their order of arrival cannot count.
struct Workload {
    enum Kind {
        case valid(Event)
        /// The contract refuses it.
        case invalid
        /// No stage takes this routing key.
        case unroutable
        /// An id that was used before, with another body.
        case reused(Event)
    }

    struct Item {
        let at: Instant
        let kind: Kind
        let routingKey: String
        let properties: MessageProperties
        let body: [UInt8]
    }

    static let source = "upstream"
    private(set) var items: [Item] = []
    /// Nothing more is handed over after this; timers run until then.
    private(set) var end: Instant
    let start: Instant
    private var seed: Seeded
    private var sent = 0
    /// Every matter begins at the same instant, and goes on at the same hours.
    private var isCrowded = false

    init(_ seed: Seeded) throws {
        self.seed = seed
        // 2026-11-02 is a Monday.
        start = Instant(seconds: 1_793_552_400 + Int64(self.seed.below(5)) * 86_400)
        end = start
        let matters = 1 + self.seed.below(6)
        isCrowded = self.seed.chance(1, of: 2)
        for number in 0..<matters {
            switch self.seed.below(8) {
            case 0...3: try addCase(number)
            case 4, 5: try addService(number)
            case 6: try addOutlet(number)
            default: try addCustomerEvent(number)
            }
        }
        for number in 0..<self.seed.below(6) { try addNoise(number) }
        try repeatSome()
        let last = items.map(\.at).max() ?? start
        end = last.adding(hours: [1, 30, 100, 400][self.seed.below(4)])
        var order = items.map { ($0, self.seed.next()) }
        order.sort { ($0.0.at, $0.1) < ($1.0.at, $1.1) }
        items = order.map(\.0)
    }

    // MARK: Drawing

    private mutating func beginning() -> Instant { start.adding(minutes: isCrowded ? 5 : Int64(seed.below(600))) }

    /// Mostly minutes or hours, sometimes days; often to 09:00 or 18:00 sharp, when timers are due.
    private mutating func later(than time: Instant) -> Instant {
        switch isCrowded ? 4 : seed.below(6) {
        case 0: return time.adding(minutes: 1 + Int64(seed.below(50)))
        case 1, 2: return time.adding(hours: 1 + Int64(seed.below(20)))
        case 3: return time.adding(days: 1 + Int64(seed.below(3)))
        default:
            let date = time.date.adding(days: 1 + seed.below(3))
            return date.at(hour: seed.chance(1, of: 2) ? 9 : 18)
        }
    }

    private mutating func person(_ tier: String = "hq") -> Person {
        // The one region with a list of people knows `r1-one` alone.
        if seed.chance(1, of: 12) { return Person(id: "stranger", tier: "region", regionId: "R1") }
        switch tier {
        case "store": return Person(id: "clerk", tier: tier, storeId: "S1")
        case "region": return Person(id: "r1-one", tier: tier, regionId: "R1")
        default: return Person(id: "someone", tier: tier)
        }
    }

    private func customer(_ number: Int) -> Customer { Customer(name: "Li", phone: "1380000\(1000 + number)") }
    private func product(_ number: Int) -> Product {
        Product(category: "washer", brand: "Brand \(number)", purchasedHere: number % 2 == 0)
    }

    private mutating func add(_ data: any EventData, at time: Instant, id: String? = nil) throws {
        sent += 1
        let event = Event(id: id ?? "u-\(sent)", source: Self.source, time: time, data: data)
        try add(event, kind: .valid(event))
    }

    private mutating func add(_ event: Event, kind: Kind, at time: Instant? = nil) throws {
        items.append(
            Item(
                at: time ?? event.time, kind: kind, routingKey: event.type.rawValue, properties: .of(event),
                body: event.body()))
    }

    // MARK: Matters

    private mutating func complaint(_ number: Int, _ suffix: String, at time: Instant) -> ComplaintReceived {
        let before = seed.chance(1, of: 4) ? Int64(seed.below(100)) : 0
        return ComplaintReceived(
            complaintId: "C\(number)\(suffix)", channel: "hotline", receivedAt: time.adding(hours: -before),
            customer: customer(number), storeId: seed.pick(["S1", "S2", "S9"]),
            regionId: seed.chance(1, of: 4) ? "R2" : nil, product: product(number), outletId: "o-case-\(number)",
            description: "It leaks.", remedy: "repair", claimFen: seed.chance(1, of: 5) ? 900_000 : nil,
            hazards: seed.chance(1, of: 5) ? ["fire"] : nil)
    }

    private mutating func addCase(_ number: Int) throws {
        var time = beginning()
        let caseId = Identifiers.caseId(source: Self.source, complaintId: "C\(number)")
        if seed.chance(1, of: 3) { try add(CaseAccepted(caseId: caseId, by: person()), at: time) }
        try add(complaint(number, "", at: time), at: time)
        var closings = 0
        for step in 0..<(2 + seed.below(7)) {
            time = later(than: time)
            switch seed.below(9) {
            case 0: try add(CaseAccepted(caseId: caseId, by: person("store")), at: time)
            case 1:
                try add(ContactRecorded(caseId: caseId, with: .customer, by: person(), at: time), at: time)
            case 2:
                let by = person(["store", "region", "hq"][seed.below(3)])
                try add(CaseEscalationRequested(caseId: caseId, by: by, reason: "Too hard."), at: time)
            case 3: try add(complaint(number, "-\(step)", at: time), at: time)
            case 4:
                try add(DocumentsArchived(caseId: caseId, by: person(), documents: ["d-\(step)"]), at: time)
            case 5, 6, 7:
                closings += 1
                // Mostly by headquarters, which may whoever holds the case.
                let by = person(["store", "region", "hq", "hq", "hq"][seed.below(5)])
                try add(
                    CaseResolved(
                        caseId: caseId, by: by, resolvedAt: time.adding(minutes: -Int64(seed.below(3))),
                        solution: "Repaired.", liability: .outlet, documents: seed.chance(2, of: 3) ? ["d"] : []),
                    at: time)
            default:
                let kind = CallbackKind.caseClosed.rawValue
                let id = Identifiers.callbackId(kind: kind, caseId: caseId, closing: max(1, closings))
                try addReport(id, attempt: step + 1, "o-case-\(number)", at: time)
            }
        }
    }

    /// - Parameter mayComplain: false: a customer who is reached is satisfied.
    /// - Returns: whether he is not.
    @discardableResult
    private mutating func addReport(
        _ callbackId: String, attempt: Int, _ outlet: String, at time: Instant, mayComplain: Bool = true
    ) throws -> Bool {
        let outcome: CallbackCompleted.Outcome = seed.chance(2, of: 3) ? .reached : .noAnswer
        let isReached = outcome == .reached
        let isSatisfied = isReached ? seed.chance(1, of: 3) || !mayComplain : nil
        try add(
            CallbackCompleted(
                callbackId: callbackId, attempt: attempt, attemptAt: time, outcome: outcome, by: person(),
                satisfied: isSatisfied, atFault: isReached ? .outlet : nil, outletId: isReached ? outlet : nil),
            at: time)
        return isSatisfied == false
    }

    private mutating func addService(_ number: Int) throws {
        var time = beginning()
        let service = ServiceCompleted(
            serviceId: "V\(number)", kind: .repair, completedAt: time, customer: customer(number), storeId: "S1",
            outletId: "o-service-\(number)", product: product(number), inWarranty: true)
        try add(service, at: time)
        // A second call may wait for the first and be known with it: two complaints at one instant, of which intake would
        // link the one that it takes later.
        var hasComplained = false
        for attempt in 1...(1 + seed.below(4)) {
            time = later(than: time).adding(days: Int64(seed.below(4)))
            let kind: CallbackKind = seed.chance(2, of: 3) ? .serviceFirst : .serviceSecond
            let id = Identifiers.callbackId(kind: kind.rawValue, serviceId: service.serviceId)
            let complains = try addReport(
                id, attempt: attempt, "o-service-\(number)", at: time, mayComplain: !hasComplained)
            hasComplained = hasComplained || complains
        }
    }

    private mutating func addOutlet(_ number: Int) throws {
        let outlet = number < 2 ? "O\(number)" : "o-\(number)"
        var time = beginning()
        for index in 0..<(1 + seed.below(5)) {
            let id = "W\(number)-\(index)"
            try add(
                ViolationReported(
                    violationId: id, outletId: outlet, occurredAt: time.adding(hours: -Int64(seed.below(60))),
                    category: "manners", recordedBy: .hotline, by: person()), at: time)
            time = later(than: time)
            let by = Person(id: seed.chance(1, of: 8) ? "someone" : "verifier", tier: "hq")
            try add(ViolationVerified(violationId: id, upheld: seed.chance(4, of: 5), by: by), at: time)
            time = later(than: time)
        }
        for (rung, count) in [("warning", 2), ("rectification", 3)] where seed.chance(1, of: 2) {
            time = later(than: time).adding(days: 3)
            let proposal = Identifiers.proposalId(
                outletId: outlet, ladder: "monthly", period: "2026-11", rung: rung, count: count)
            try add(
                PenaltyDecided(proposalId: proposal, approved: seed.chance(3, of: 4), by: person("business")), at: time)
        }
        time = later(than: time)
        try add(OutletReinstated(outletId: outlet, by: person("business"), reason: "Improved."), at: time)
    }

    private mutating func addCustomerEvent(_ number: Int) throws {
        var time = beginning()
        let customers = (0...seed.below(3)).map { customer(100 * (number + 1) + $0) }
        let on = time.date.adding(days: 5 + seed.below(14))
        try add(
            CustomerEventAnnounced(eventId: "E\(number)", on: on, title: "Open day", customers: customers), at: time)
        for index in customers.indices {
            time = later(than: time)
            let id = Identifiers.callbackId(
                kind: CallbackKind.customerEvent.rawValue, eventId: "E\(number)", customer: index)
            try addReport(id, attempt: 1, "o-event-\(number)", at: time)
            time = later(than: time)
            if seed.chance(1, of: 2) { try add(LetterSent(callbackId: id, by: person(), at: time), at: time) }
        }
    }

    // MARK: Trouble

    /// References to nothing, documents that the contract refuses, and keys that no stage takes.
    private mutating func addNoise(_ number: Int) throws {
        let time = items[seed.below(items.count)].at
        if seed.chance(1, of: 2) {
            switch seed.below(3) {
            case 0:
                try add(CaseAccepted(caseId: "no-such-case-\(number)", by: Person(id: "someone", tier: "hq")), at: time)
            case 1: try addReport("no-such-callback-\(number)", attempt: 1, "o", at: time)
            default:
                let by = Person(id: "someone", tier: "hq")
                try add(ViolationVerified(violationId: "no-such-violation-\(number)", upheld: true, by: by), at: time)
            }
        }
        if seed.chance(1, of: 2), case .valid(let event) = items[0].kind {
            var properties = MessageProperties.of(event)
            var body = items[0].body
            switch seed.below(3) {
            case 0: body.removeLast(1 + seed.below(20))
            case 1: properties.contentEncoding = "gzip"
            default: body = Array(#"{"specversion":"1.0","id":"bad-\#(number)","source":"upstream","data":{}}"#.utf8)
            }
            if seed.chance(1, of: 2) { properties.messageId = nil; properties.type = "no.such.type" }
            items.append(
                Item(
                    at: time, kind: .invalid, routingKey: seed.pick(["case.accepted", "violation.reported"]) ?? "",
                    properties: properties, body: body))
        }
        if seed.chance(1, of: 3) {
            items.append(
                Item(
                    at: time, kind: .unroutable, routingKey: "nobody.takes-this", properties: MessageProperties(),
                    body: Array("{}".utf8)))
        }
    }

    /// Some events come twice, and an id comes again with another body.
    private mutating func repeatSome() throws {
        for item in items where seed.chance(1, of: 5) {
            // At an instant of its own: a reference that was unknown the first time may be known by then.
            let at = seed.chance(1, of: 2) ? item.at : later(than: item.at).adding(seconds: 13)
            guard case .valid = item.kind else { continue }
            items.append(
                Item(
                    at: at, kind: item.kind, routingKey: item.routingKey, properties: item.properties,
                    body: item.body))
        }
        guard seed.chance(1, of: 2) else { return }
        for item in items {
            guard case .valid(let event) = item.kind, var complaint = event.data as? ComplaintReceived else { continue }
            complaint.description = "It still leaks."
            let reused = Event(
                id: event.id, source: event.source, time: later(than: item.at).adding(days: 4), data: complaint)
            return try add(reused, kind: .reused(reused))
        }
    }
}
