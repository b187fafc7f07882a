import Broker
import Policy
import Schema
import Stages
import Store
import StoreTestKit

@testable import Runtime

/// Under a running clock, stages are away for days of business time while their queues fill; then their workers start, and
/// whatever fails meanwhile, no deadline may be called missed that was met in time. The same seed gives the same run.
final class OutageRun {
    struct Stuck: Error, CustomStringConvertible {
        let description: String
    }

    /// Those of the faults that leave the order of a queue alone.
    static let faults: [SimulatedPipeline.Fault] = [
        .killed, .stopped, .consumerDropped, .publisherDropped, .confirmLost, .delayed, .rolledBack, .answerLost,
        .blocked, .wallJumped, .lagging, .leaderless,
    ]
    /// What is said of a deadline that was missed.
    static let missed: Set<String> = [
        CaseOverdue.type.rawValue, CaseEscalated.type.rawValue, CustomerReplyOverdue.type.rawValue,
        CustomerInformOverdue.type.rawValue, CompensationReferred.type.rawValue,
    ]

    let pipeline: SimulatedPipeline
    private(set) var steps = 0
    /// What was said of missed deadlines before callback came back, if it alone was away.
    private(set) var toldWhileAway: [String: [String]] = [:]
    private let start = Instant(seconds: 1_793_552_400)
    private let away: [StageName]
    private var seed: Seeded
    private var faultsLeft: Int
    private static let stepLimit = 400_000
    /// Business seconds in a second of real time.
    private static let speed: Int64 = 600

    /// - Parameter faults: how many at most.
    init(seed number: UInt64, away: [StageName], policy: PolicyBook, faults: Int) throws {
        seed = Seeded(number)
        self.away = away
        faultsLeft = faults
        pipeline = try SimulatedPipeline(
            stages: SimulationPolicy.stages, policy: policy, start: start, mode: .running, seed: &seed)
    }

    /// A matter of which every deadline is met, and one of which all are missed. Every other one is a fire: all of it happens
    /// within the hour of R34, since an event of a later time may be taken first and finds the deadline missed.
    private func matter(_ number: Int, isServed: Bool) throws -> [Event] {
        let received = start.adding(minutes: Int64(7 * number))
        let caseId = Identifiers.caseId(source: Workload.source, complaintId: "K\(number)")
        let clerk = Person(id: "clerk", tier: "store", storeId: "S1")
        let complaint = ComplaintReceived(
            complaintId: "K\(number)", channel: "hotline", receivedAt: received,
            customer: Customer(name: "Li", phone: "1380000\(1000 + number)"), storeId: "S1",
            product: Product(category: "washer", brand: "Brand \(number)", purchasedHere: true),
            description: "It leaks.", remedy: "repair", hazards: number.isMultiple(of: 2) ? nil : ["fire"])
        func event(_ suffix: String, _ time: Instant, _ data: any EventData) -> Event {
            Event(id: "k\(number)-\(suffix)", source: Workload.source, time: time, data: data)
        }
        let isFire = complaint.hazards != nil
        let requested = event(
            "requested", received.adding(minutes: isFire ? 40 : 240),
            CompensationRequested(requestId: "Q\(number)", caseId: caseId, amountFen: 100, cause: .ownPost, by: clerk))
        var events = [event("received", received, complaint)]
        guard isServed else { return events + [requested] }
        let called = received.adding(minutes: isFire ? 30 : 180)
        let resolved = received.adding(minutes: isFire ? 50 : 26 * 60)
        let someone = Person(id: "someone", tier: "hq")
        events += [
            event("accepted", received.adding(minutes: 20), CaseAccepted(caseId: caseId, by: someone)),
            event("called", called, ContactRecorded(caseId: caseId, with: .customer, by: clerk, at: called)),
            requested,
            event(
                "resolved", resolved,
                CaseResolved(
                    caseId: caseId, by: someone, resolvedAt: resolved, solution: "Repaired.", liability: .nobody,
                    documents: ["d"])),
            event("informed", resolved, ContactRecorded(caseId: caseId, with: .customer, by: clerk, at: resolved)),
        ]
        return events
    }

    /// A case that the store resolves, that a fire takes to headquarters, and that is resolved there: within the hour, as above.
    private func struck(_ number: Int) -> [Event] {
        let caseId = Identifiers.caseId(source: Workload.source, complaintId: "K\(number)")
        func event(_ suffix: String, _ minutes: Int64, _ data: (Instant) -> any EventData) -> Event {
            let time = start.adding(minutes: minutes)
            return Event(id: "k\(number)-\(suffix)", source: Workload.source, time: time, data: data(time))
        }
        func complaint(_ id: String, at time: Instant, _ hazards: [String]?) -> ComplaintReceived {
            ComplaintReceived(
                complaintId: id, channel: "hotline", receivedAt: time,
                customer: Customer(name: "Li", phone: "1380000\(1000 + number)"), storeId: "S1",
                product: Product(category: "washer", brand: "Brand \(number)", purchasedHere: true),
                description: "It leaks.", remedy: "repair", hazards: hazards)
        }
        func resolved(by: Person, at time: Instant) -> CaseResolved {
            CaseResolved(
                caseId: caseId, by: by, resolvedAt: time, solution: "Repaired.", liability: .nobody, documents: ["d"])
        }
        let clerk = Person(id: "clerk", tier: "store", storeId: "S1")
        let someone = Person(id: "someone", tier: "hq")
        return [
            event("received", 0) { complaint("K\(number)", at: $0, nil) },
            event("resolved", 10) { resolved(by: clerk, at: $0) },
            event("struck", 20) { complaint("K\(number)-fire", at: $0, ["fire"]) },
            event("accepted", 25) { _ in CaseAccepted(caseId: caseId, by: someone) },
            event("called", 30) { ContactRecorded(caseId: caseId, with: .customer, by: clerk, at: $0) },
            event("again", 40) { resolved(by: someone, at: $0) },
        ]
    }

    /// Whether handling has closed a case.
    func isClosed(_ caseId: String) throws -> Bool {
        let stored = try pipeline.stores[.handling]?.readNow { try $0.record(CaseFile.key(caseId)) }
        return try stored.map { try JSONDecoding.decode(CaseFile.self, from: $0.body).isClosed } ?? false
    }

    /// Whether workers of routing that compete have taken headquarters' resolution before the fire of an earlier time: then
    /// that makes it void, since whoever resolved the case may not have known of it.
    func hasTurnedRound(_ number: Int) throws -> Bool {
        let entries = try pipeline.stores[.routing]?.readNow {
            try $0.journal(after: 0, limit: .max, withBodies: false)
        }
        func place(_ isIt: (_ id: String, _ type: String) -> Bool) -> Int64 {
            (entries ?? []).first { entry in
                if case .event(_, let id, let type, _, _) = entry.input { isIt(id, type) } else { false }
            }?.number ?? .max
        }
        return place { id, _ in id == "k\(number)-again" } < place { $1 == CaseDuplicateLinked.type.rawValue }
    }

    /// Cases that are served, then those that are forgotten, then one that is struck by fire.
    ///
    /// - Returns: what was said of missed deadlines, by case.
    func run(served: Int, forgotten: Int, isStruck: Bool) throws -> [String: [String]] {
        var events: [Event] = []
        for number in 0..<(served + forgotten) { events += try matter(number, isServed: number < served) }
        if isStruck { events += struck(served + forgotten) }
        events.sort { ($0.time, $0.id) < ($1.time, $1.id) }
        try rest()
        // Where intake goes too, nothing in the queues refers to what is known; else the cases have been opened before.
        let isOpenedBefore = !away.contains(.intake)
        func opens(_ event: Event) -> Bool { event.id.hasSuffix("-received") }
        for event in events where isOpenedBefore && opens(event) { try handOver(event) }
        for worker in pipeline.workers where away.contains(worker.stage) { pipeline.dismiss(worker) }
        for event in events where !(isOpenedBefore && opens(event)) { try handOver(event) }
        advance(to: start.adding(days: 9))
        if away == [.callback] {
            try letTimersAct()
            toldWhileAway = try told()
        }
        for stage in away { for _ in 0..<(1 + seed.below(3)) { pipeline.start(stage) } }
        try rest(rounds: 80, isDisturbed: true)
        try letTimersAct()
        return try told()
    }

    /// Leases end, marks are asked for, timers act.
    private func letTimersAct() throws {
        for _ in 0..<120 {
            pipeline.time.wall = pipeline.time.wall.adding(seconds: 1)
            advance(to: pipeline.time.clock.now.adding(seconds: Self.speed))
            try rest(rounds: 1)
        }
    }

    private func handOver(_ event: Event) throws {
        advance(to: event.time)
        let item = Workload.Item(
            at: event.time, kind: .valid(event), routingKey: event.type.rawValue, properties: .of(event),
            body: event.body())
        guard pipeline.handOver(item) else { throw Stuck(description: "\(event.id) was not taken") }
        // Whoever acts on a case knows of it.
        try rest()
    }

    private func advance(to time: Instant) {
        pipeline.time.clock = ClockReading(now: max(pipeline.time.clock.now, time))
        for worker in pipeline.workers { worker.tick() }
    }

    private func told() throws -> [String: [String]] {
        var told: [String: [String]] = [:]
        for store in pipeline.stores.values {
            let entries = try store.readNow { try $0.journal(after: 0, limit: .max, withBodies: true) }
            for output in entries.flatMap(\.outputs) where Self.missed.contains(output.type) {
                told[output.correlation ?? "", default: []].append(output.type)
            }
        }
        return told
    }

    // MARK: Moving

    /// Until nothing has moved in so many rounds of a quarter of a second; with faults in between where it is disturbed, all
    /// of which have ended then.
    private func rest(rounds: Int = 4, isDisturbed: Bool = false) throws {
        var left = rounds
        while left > 0 {
            steps += 1
            guard steps < Self.stepLimit else {
                throw Stuck(description: "no rest after \(steps) steps at \(pipeline.time.clock.now)")
            }
            pipeline.replaceFinished()
            let moves = pipeline.moves()
            if moves.isEmpty {
                if try !isDisturbed || !pipeline.heal() { left -= 1 }
                pipeline.time.wall = Instant(microseconds: pipeline.time.wall.microseconds + 250_000)
                for worker in pipeline.workers { worker.tick() }
                continue
            }
            try pipeline.make(moves[seed.below(moves.count)], limit: 1 + seed.below(5))
            guard isDisturbed, faultsLeft > 0, seed.chance(1, of: 8) else { continue }
            faultsLeft -= 1
            for _ in 0..<4 {
                guard let fault = seed.pick(Self.faults) else { break }
                if try pipeline.inject(fault, seed: &seed) { break }
            }
        }
    }
}
