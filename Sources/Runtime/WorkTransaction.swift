import Policy
import Schema
import Stages
import Store

extension BatchProcessor {
    /// Does one piece of work in `transaction`; the shell and the simulator both come here.
    ///
    /// - Parameters:
    ///   - reading: what the business clock said when the work began.
    ///   - wall: for leases.
    /// - Throws: as `process`; nothing has then happened.
    package func perform(
        _ work: Work, reading: ClockReading, wall: Instant, limits: WorkerLimits, in transaction: any StoreTransaction
    ) throws -> WorkResult {
        var result = WorkResult(clock: reading)
        let lease = wall.adding(seconds: limits.leaseSeconds)
        switch work {
        case .start(let limit):
            result.batch = try takeOver(includingOwn: true, reading.now, wall, lease, limit, transaction)
            try plant(clock: reading.now, in: transaction)
        case .events(let inputs, let confirmed):
            result.batch = try process(
                inputs, confirmed: confirmed, clock: reading.now, speed: reading.speed, wall: wall, in: transaction)
        case .timers(let confirmed, let limit):
            if reading.allowsTimers(of: runner.name) {
                result.batch = try processTimers(
                    confirmed: confirmed, clock: reading.now, wall: wall, limit: limit, in: transaction)
            } else {
                try transaction.removeFromOutbox(confirmed)
            }
        case .oneTimer(let step, let confirmed):
            if reading.allowsTimers(of: runner.name) {
                result.batch = try processTimer(
                    step, confirmed: confirmed, clock: reading.now, wall: wall, in: transaction)
            } else {
                try transaction.removeFromOutbox(confirmed)
            }
        case .flush(let confirmed):
            try transaction.removeFromOutbox(confirmed)
        case .sweep(let confirmed, let limit, let includingOwn):
            try transaction.removeFromOutbox(confirmed)
            result.batch = try takeOver(includingOwn: includingOwn, reading.now, wall, lease, limit, transaction)
            if let days = runner.policy.retention.personalDays {
                let bound = reading.now.adding(days: -Int64(days))
                result.batch.erased += try vault.retire(before: bound, wall: wall, in: transaction)
            }
        case .waiting(let care):
            result.batch = try processWaiting(care, reading, wall: wall, limit: limits.batch, in: transaction)
        case .release(let events):
            try transaction.releaseWaiting(events)
        case .end(let confirmed):
            try transaction.removeFromOutbox(confirmed)
            try transaction.endLease(of: worker)
        }
        return result
    }

    /// Takes over what nobody living owns, and renews the lease.
    private func takeOver(
        includingOwn: Bool, _ clock: Instant, _ wall: Instant, _ lease: Instant, _ limit: Int,
        _ transaction: any StoreTransaction
    ) throws -> BatchResult {
        var result = BatchResult()
        if includingOwn { try transaction.endLease(of: worker) }
        if limit > 0 {
            var resolver = PersonalResolver(vault: vault)
            result.rows = try resolver.resolve(
                try transaction.takeOverOutbox(by: worker, now: wall, limit: limit), in: transaction)
            let room = WaitingRoom(self, clock: clock, wall: wall, transaction: transaction)
            result.dying = try room.takeOverDying(limit: limit)
        }
        try transaction.renewLease(of: worker, until: lease)
        return result
    }
}
