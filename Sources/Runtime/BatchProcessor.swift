import Policy
import Schema
import Stages
import Store

/// What became of one event of a batch.
package enum InputFate: Sendable, Equatable {
    case applied
    /// `business.rejected` was emitted.
    case refused
    /// Seen before with the same body: nothing happened now.
    case duplicate
    /// Seen before with another body.
    case idReused
    /// Only a newer release can decide it: the stage does not take this type, or a record that it needs has a member that
    /// is not known here. Nothing happened and the id is not used up.
    case beyond(String)
    /// Refers to something not known yet: it waits in the store, and holds its id.
    case waiting
    /// The same, but there is no room for it; nothing happened and the id is not used up.
    case unknownReference(String)
    /// Not decided yet, for those that wait go before it and are many; to be handed over again.
    case deferred
    /// The stage could not decide (a corrupt record, a fault of the stage); nothing happened and the id is not used up.
    case failed(String)
}

package struct BatchResult: Sendable {
    /// One for each input, in order.
    package var fates: [InputFate] = []
    /// What is to be published, in order; committed to the outbox.
    package var rows: [OutboxRow] = []
    /// How many timers have acted.
    package var timers = 0
    /// Of them, those that only patience allowed: the stage was never at rest.
    package var timersByPatience = 0
    /// More timers are due; they follow in the next transaction.
    package var hasMoreTimers = false
    /// Timers that could not act, and why; they stay due, and are put aside for a while.
    package var timerFaults: [String] = []
    /// Those whose waiting has ended in vain: their dead letters are to be published, then the rows released.
    package var dying: [DyingMessage] = []
    /// Those that have waited for a minute, which their senders are to be told.
    package var notices: [WaitingEvent] = []
    /// More of those that wait can be decided or have come to their end; they follow in the next transaction.
    package var hasMoreWaiting = false
    /// After `WaitingCare.singly` and `.letDie`: the next that can be decided or must die.
    package var nextWaiting: EventKey?
    /// After `.oneTimer`: the next that is due.
    package var nextTimer: RecordKey?
    /// How many persons were erased.
    package var erased = 0

    package init() {}
}

/// Runs a batch through a stage inside one transaction: inbox, records, journal, timers and outbox together.
package struct BatchProcessor: Sendable {
    package let runner: StageRunner
    package let worker: WorkerId
    package let vault: PersonalVault
    package let waiting: WaitingLimits
    /// See `Release.number`.
    let release: Int
    let decoded = DecodedRecords()
    /// How many overdue timers may act before one event; what is left stays due and is run by the timer batches.
    static let overdueLimit = 1_000

    /// - Parameter vault: nil: one that seals nothing.
    package init(
        runner: StageRunner, worker: WorkerId, vault: PersonalVault? = nil, waiting: WaitingLimits = WaitingLimits(),
        release: Int = Release.number
    ) {
        self.runner = runner
        self.worker = worker
        self.vault = vault ?? PersonalVault(stage: runner.name)
        self.waiting = waiting
        self.release = release
    }

    /// - Parameters:
    ///   - clock: the business clock.
    ///   - clockRuns: it does not step: a timer that an event sets in the past waits until the stage has been at rest since.
    ///   - confirmed: outbox rows whose confirms have come since the last transaction.
    ///   - wall: the wall clock: noted with the journal's entries, and told by dead letters; nil: as the business clock.
    /// - Throws: `StoreFailure`; the transaction must then roll back. What only concerns one input is told in its fate.
    package func process(
        _ inputs: [InboundEvent], confirmed: [OutboxKey], clock: Instant, clockRuns: Bool = false,
        wall: Instant? = nil, in transaction: any StoreTransaction
    ) throws -> BatchResult {
        try transaction.removeFromOutbox(confirmed)
        var result = BatchResult()
        var rest = inputs[...]
        // An erasure is a full stop: what comes before it is erased, what comes behind it is not.
        while !rest.isEmpty {
            let end = rest.firstIndex { $0.event.data is CustomerErasureRequested } ?? rest.endIndex - 1
            var work = UnitOfWork(
                self, clock: clock, clockRuns: clockRuns, wall: wall ?? clock, transaction: transaction)
            let erasures = try process(Array(rest[...end]), &work, transaction, into: &result)
            try work.finish(into: &result, owner: worker, wall: wall)
            result.erased += try erase(erasures, in: transaction)
            rest = rest[(end + 1)...]
        }
        return result
    }

    /// - Returns: whom the orders to erase among `inputs` name.
    private func process(
        _ inputs: [InboundEvent], _ work: inout UnitOfWork, _ transaction: any StoreTransaction,
        into result: inout BatchResult
    ) throws -> [PersonSought] {
        // The digests of those that are known: decided, or waiting.
        var known = try transaction.claims(inputs.map(\.key)).mapValues(\.digest)
        known.merge(try transaction.waiting(among: inputs.map(\.key))) { claimed, _ in claimed }
        var admitted = try work.admit(inputs.filter { known[$0.key] == nil })[...]
        var orders: [PersonSought] = []
        for inbound in inputs {
            // One that is twice in the batch was admitted twice.
            let own = admitted.first?.inbound.key == inbound.key ? admitted.popFirst() : nil
            if let digest = known[inbound.key] {
                result.fates.append(digest == inbound.digest ? .duplicate : .idReused)
                continue
            }
            guard let own else {
                throw StageFault(description: "stage \(runner.name.rawValue): an event of the batch was not admitted")
            }
            let fate = try work.take(own, inbound)
            result.fates.append(fate)
            switch fate {
            case .applied, .refused, .waiting: known[inbound.key] = inbound.digest
            case .duplicate, .idReused, .beyond, .unknownReference, .deferred, .failed: break
            }
            if fate == .applied, let order = inbound.event.data as? CustomerErasureRequested {
                // As it came: the token of a phone does not lead to what was kept under another key.
                if let person = PersonSought(order, from: inbound.event.source) { orders.append(person) }
            }
        }
        return orders
    }

    private func erase(_ persons: [PersonSought], in transaction: any StoreTransaction) throws -> Int {
        guard !persons.isEmpty, let erasure = try PersonalErasure(vault, in: transaction),
            let waiting = try WaitingOfPersons(vault, in: transaction)
        else { return 0 }
        var erased = 0
        for person in persons {
            let found = try erasure.find(person, in: transaction)
            var known = KnownPerson(person, found: found)
            let held = try waiting.find(&known, in: transaction)
            try erasure.erase(found, in: transaction)
            try waiting.erase(held, in: transaction)
            erased += found.count + held.count
        }
        return erased
    }

    /// Decides up to `limit` of those that wait though what they wait for is known; behind all timers that may act, ends
    /// the waiting of those whose time is over.
    ///
    /// - Parameter marks: an end comes when this stage and those before it have passed it.
    func processWaiting(
        _ care: WaitingCare, clock: Instant, clockRuns: Bool, marks: Marks, allowsEnds: Bool, wall: Instant,
        limit: Int, in transaction: any StoreTransaction
    ) throws -> BatchResult {
        var result = BatchResult()
        var work = UnitOfWork(self, clock: clock, clockRuns: clockRuns, wall: wall, transaction: transaction)
        var ended: Instant?
        if allowsEnds, try transaction.nextWake(wall: wall).map({ $0 > marks.withAll }) ?? true {
            ended = min(clock, marks.withAll)
        }
        switch care {
        case .together: result.hasMoreWaiting = try work.takeForgotten(ended: ended, limit: limit)
        case .singly(let event): result.nextWaiting = try work.takeForgotten(event, deadly: nil, ended: ended)
        case .letDie(let event, let cause):
            result.nextWaiting = try work.takeForgotten(event, deadly: cause, ended: ended)
        }
        try work.finish(into: &result, owner: worker, wall: wall)
        return result
    }

    /// Whether `processWaiting` may have anything to do.
    func isWanted(waitingAt reading: ClockReading, wall: Instant, in snapshot: any StoreSnapshot) throws -> Bool {
        if try snapshot.nextWaitingEnd().map({ $0 <= reading.now }) ?? false { return true }
        if try !snapshot.waitingForKnown(limit: 1).isEmpty { return true }
        if try !snapshot.waiting(below: WaitingRoom.newer(than: release), limit: 1).isEmpty { return true }
        guard try snapshot.stageTime().isBesideOlder(at: wall) else { return false }
        return try snapshot.waitingCount().events > 0
    }

    /// Beside workers of a release that knows no waiting room, what waits for something that they have made known is looked
    /// for; what no record tells of – it is named by a step alone – is tried again.
    func findKnown(limit: Int, in transaction: any StoreTransaction) throws {
        let kinds = type(of: runner.stage).recordTypes.map { $0.kind } + [WaitingRoom.newer(than: release).kind]
        try transaction.findKnown(besides: kinds, limit: limit)
    }
}
