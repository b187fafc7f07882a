import Policy
import Schema
import Stages
import Store

/// A policy as a stage's store keeps it: every file of its folder, under the version that the journal names.
///
/// With it a journal can be run again years later. A version is kept once and stands for these files ever after.
package struct KeptPolicy: Record, Equatable {
    package static let kind = "policy"
    package let files: [PolicyFile]

    package init(_ policy: PolicyBook) {
        files = policy.files
    }

    package var wake: Wake? { nil }

    /// Reads it again.
    ///
    /// - Throws: `PolicyFaults` if this program refuses what an earlier one took.
    package func book(version: String) throws(PolicyFaults) -> PolicyBook {
        try PolicyBook.load(PolicyFiles(contents: files, place: "policy \(version), "), currentYear: nil).get()
    }

    /// Every policy that has decided something at a stage.
    package static func all(in snapshot: any StoreSnapshot) throws -> [(version: String, policy: KeptPolicy)] {
        var found: [(version: String, policy: KeptPolicy)] = []
        while true {
            let page = try snapshot.records(kind: kind, after: found.last?.version ?? "", limit: 100)
            if page.isEmpty { return found }
            found += try page.map { ($0.key.id, try read($0)) }
        }
    }

    /// The one that was taken into use last.
    ///
    /// - Returns: nil if none was.
    /// - Throws: `PolicyFaults` if this program refuses what an earlier one took.
    package static func latest(in snapshot: any StoreSnapshot) throws -> PolicyBook? {
        var latest: (entry: Int64, version: String, policy: KeptPolicy)?
        for (version, policy) in try all(in: snapshot) {
            let entry = try snapshot.journal(of: key(version), limit: 1).first?.number ?? 0
            if entry >= latest?.entry ?? 0 { latest = (entry, version, policy) }
        }
        return try latest.map { try $0.policy.book(version: $0.version) }
    }

    static func read(_ stored: StoredRecord) throws(StoreFailure) -> KeptPolicy {
        do {
            return try JSONDecoding.decode(KeptPolicy.self, from: stored.body)
        } catch {
            throw StoreFailure(.corrupt, operation: "reading \(stored.key)", cause: "\(error)")
        }
    }

    /// Whether `policy` may decide here.
    ///
    /// - Returns: false if it is not kept yet.
    /// - Throws: `PolicyReuse` if its version is kept with other files.
    package static func isKept(_ policy: PolicyBook, in snapshot: any StoreSnapshot) throws -> Bool {
        guard let stored = try snapshot.record(key(policy.version)) else { return false }
        guard try read(stored) == KeptPolicy(policy) else { throw PolicyReuse(version: policy.version) }
        return true
    }
}

/// A version has decided something already, and now comes with other files: the journal could not tell them apart.
package struct PolicyReuse: Error, Sendable, Hashable, CustomStringConvertible {
    package let version: String

    package init(version: String) {
        self.version = version
    }

    package var description: String {
        "policy version \(version) has been in use with other files; give the changed folder a new `version`"
    }
}

extension BatchProcessor {
    /// Takes the policy into use, once: keeps its files, writes the records that exist without an event where they are
    /// absent, and notes both in the journal, so that the journal tells from where on the policy was there.
    ///
    /// - Throws: `StoreFailure`; unavailable if its version is kept with other files. Nothing has then happened.
    package func plant(clock: Instant, wall: Instant? = nil, in transaction: any StoreTransaction) throws {
        let policy = runner.policy
        let own = KeptPolicy.key(policy.version)
        let seeds = runner.stage.seeds(policy: policy, now: clock)
        let keys = seeds.map { RecordKey(kind: type(of: $0.record).kind, id: $0.id) }
        // Locked before it is looked at: of several workers that start together one plants.
        _ = try transaction.load([own])
        do {
            guard try !KeptPolicy.isKept(policy, in: transaction) else { return }
        } catch let reuse as PolicyReuse {
            throw StoreFailure(.unavailable, operation: "taking the policy into use", cause: "\(reuse)")
        }
        let present = try transaction.load(keys.sorted())
        var planted: [StoredRecord] = []
        for (key, seed) in zip(keys, seeds) where present[key] == nil {
            planted.append(try RecordCoding.stored(key, LiveRecord(value: seed.record, version: 1)))
        }
        let kept = try RecordCoding.stored(own, LiveRecord(value: KeptPolicy(policy), version: 1))
        try transaction.save([kept] + planted)
        try transaction.noteKnown(planted.map(\.key))
        var entry = JournalEntry(
            input: .timer(own, at: clock, order: 0), fate: .applied, now: clock, isLate: false,
            policyVersion: policy.version, records: [own] + planted.map(\.key), outputs: [])
        entry.writtenAt = wall
        _ = try transaction.append([entry], owner: worker)
    }
}
