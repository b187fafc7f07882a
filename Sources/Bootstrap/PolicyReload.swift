import Foundation
import Logging
import Monitoring
import Policy
import Runtime
import Schema
import Store
import Synchronization

/// What a program does when it is told (SIGHUP) to read the policy folder again: the same checks as at the start; with
/// any fault the old policy stays, and all of them are told.
struct PolicyReload: Sendable {
    let installation: Installation
    let clock: any BusinessClock
    let logger: Logger
    /// Told of a policy that was taken.
    let watch: CalendarWatch

    /// - Returns: nil if the old policy stays; why has been logged.
    func read(present: String) -> PolicyBook? {
        do {
            let policy = try installation.policy(clock: clock)
            for warning in policy.warnings { logger.warning("policy", metadata: ["what": "\(warning)"]) }
            return policy
        } catch let faults as ConfigurationFaults {
            for fault in faults.faults { logger.error("policy", metadata: ["what": "\(fault)"]) }
            stays(present, faults.faults.count == 1 ? "1 fault" : "\(faults.faults.count) faults")
        } catch {
            stays(present, "\(error)")
        }
        return nil
    }

    func stays(_ present: String, _ cause: String) {
        logger.error(
            "the policy was not taken; the old one stays", metadata: ["policy": "\(present)", "cause": "\(cause)"])
    }

    /// For who only tells others to read it: whether they could take it.
    ///
    /// - Returns: its version; nil if the old policy stays.
    func check(present: String, _ stages: [StageName]) async -> String? {
        guard let policy = read(present: present) else { return nil }
        do {
            try await installation.requireUnused(policy, of: stages)
            watch.use(policy)
            return policy.version
        } catch {
            stays(present, "\(error)")
            return nil
        }
    }

    /// Reads the folder and hands it to the worker.
    func apply(to worker: Worker) async {
        let present = worker.policyVersion
        guard let policy = read(present: present) else { return worker.noteRefusedPolicy() }
        do {
            try await use(policy, at: worker)
            watch.use(policy)
            logger.info("policy taken into use", metadata: ["policy": "\(policy.version)", "before": "\(present)"])
        } catch {
            worker.noteRefusedPolicy()
            stays(present, "\(error)")
        }
    }

    /// A database that is busy is no reason to go on with the old policy.
    private func use(_ policy: PolicyBook, at worker: Worker) async throws {
        for pause in [100, 500, 2_000] {
            do {
                return try await worker.use(policy)
            } catch let failure as StoreFailure where failure.kind == .transient {
                logger.debug("the database is busy; trying again", metadata: ["cause": "\(failure)"])
                try await Task.sleep(for: .milliseconds(pause))
            }
        }
        try await worker.use(policy)
    }
}

extension Installation {
    /// That no stage knows the version of `policy` with other files.
    ///
    /// - Throws: `ConfigurationFaults`; `StoreFailure` if a database is away.
    func requireUnused(_ policy: PolicyBook, of stages: [StageName]) async throws {
        for stage in stages {
            let store = try store(stage)
            do {
                _ = try await store.read { try KeptPolicy.isKept(policy, in: $0) }
            } catch let reuse as PolicyReuse {
                await store.close()
                throw ConfigurationFaults(faults: ["RECOURSE_POLICY: \(reuse)"])
            }
            await store.close()
        }
    }
}

/// The policy of a program that has no stage: it may be another between two questions.
final class PolicyInForce: Sendable {
    private let policy: Mutex<PolicyBook>
    private let vitals: Vitals

    /// - Parameter vitals: told of each policy.
    init(_ policy: PolicyBook, _ vitals: Vitals) {
        self.policy = Mutex(policy)
        self.vitals = vitals
        vitals.change { $0.policy = policy.version }
    }

    var book: PolicyBook { policy.withLock { $0 } }

    /// With any fault the old one stays, and why is logged.
    func replace(with read: () throws -> PolicyBook, _ logger: Logger) {
        do {
            let next = try read()
            policy.withLock { $0 = next }
            vitals.change { ($0.policy, $0.isPolicyRefused) = (next.version, false) }
            logger.info("policy taken into use", metadata: ["policy": "\(next.version)"])
        } catch {
            vitals.change { $0.isPolicyRefused = true }
            logger.error(
                "the policy was not taken; the old one stays",
                metadata: ["policy": "\(book.version)", "cause": "\(error)"])
        }
    }
}
