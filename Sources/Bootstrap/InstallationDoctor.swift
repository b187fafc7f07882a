import Broker
import Foundation
import Operations
import Policy
import RabbitMQ
import Runtime
import Schema
import Stages
import Store

/// Looks at everything that an installation rests on. Each part is looked at by itself, so that one that is away hides no
/// other; a part that depends on one that is away says so.
struct InstallationDoctor {
    private let installation: Installation
    private var settings: Configuration { installation.configuration }
    /// Below so many bytes a disk is said to be nearly full; below a tenth of it, to be full.
    private static let scarceBytes: Int64 = 2 << 30

    init(_ installation: Installation) {
        self.installation = installation
    }

    func examine() async -> DoctorReport {
        var report = DoctorReport()
        let hasStore = lookAtDatabase(&report)
        lookAtDisk(&report)
        lookAtPolicy(&report)
        if hasStore { await lookAtKeys(&report) }
        let isConnected = await lookAtBroker(&report, hasStore: hasStore)
        await lookAtManagement(&report)
        if hasStore {
            lookAtWorkers(&report)
            await lookAtStages(&report, isConnected: isConnected)
        }
        return report
    }

    // MARK: - Database

    private func lookAtDatabase(_ report: inout DoctorReport) -> Bool {
        let part = "database"
        do {
            let identity = try installation.identity()
            let present = try identity.present()
            let missing = Installation.allStores.subtracting(present).sorted()
            guard !present.isEmpty else {
                report.add(
                    part, .wrong, "there is no store of Recourse in \(try installation.place())",
                    cure: "correct RECOURSE_DATABASE_URL; recourse store init makes a new installation")
                return false
            }
            guard missing.isEmpty else {
                report.add(
                    part, .wrong, "no store of \(missing.joined(separator: ", ")) in \(try installation.place())",
                    cure: "recourse store init, for a stage that is new in this release; else restore the backup")
                return false
            }
            report.add(part, .ok, "all stores are in \(try installation.place())")
            for weakness in try installation.weaknessesOfDatabase() {
                report.add(part, .wrong, weakness.cause, cure: weakness.cure)
            }
            return true
        } catch {
            report.add(part, .wrong, "\(error)", cure: "the database must be up, and RECOURSE_DATABASE_URL right")
            return false
        }
    }

    private func lookAtDisk(_ report: inout DoctorReport) {
        guard case .sqlite(let directory)? = settings.database else { return }
        do {
            let attributes = try FileManager.default.attributesOfFileSystem(forPath: directory)
            guard let free = (attributes[.systemFreeSize] as? NSNumber)?.int64Value else {
                return report.add("disk", .unseen, "how much is free below \(directory) is not told")
            }
            let text = "\(free >> 20) MiB free below \(directory)"
            let verdict: DoctorReport.Verdict =
                free < Self.scarceBytes / 10 ? .wrong : free < Self.scarceBytes ? .warning : .ok
            report.add(
                "disk", verdict, text,
                cure: verdict == .ok ? "" : "free some: a full disk stops every stage, and loses nothing")
        } catch {
            report.add("disk", .unseen, "how much is free below \(directory): \(error.localizedDescription)")
        }
    }

    // MARK: - Policy and keys

    private func lookAtPolicy(_ report: inout DoctorReport) {
        guard settings.policyDirectory != nil else {
            return report.add(
                "policy", .unseen, "RECOURSE_POLICY is not given", cure: "give it to look at the policy too")
        }
        do {
            let book = try installation.organisationPolicy()
            report.add("policy", .ok, "version \(book.version)")
            for warning in book.warnings { report.add("policy", .warning, "\(warning)") }
            let now = try installation.clock().read().now
            let missing = now > .distantPast ? book.calendar.missingYears(at: now) : []
            for year in missing {
                report.add(
                    "calendar", year == now.date.year ? .wrong : .warning,
                    "calendar.csv has no data for \(year): deadlines that fall into it stay open",
                    cure: "recourse calendar --help: make its rows from the government's announcement")
            }
            if missing.isEmpty { report.add("calendar", .ok, "it has this year, and from 1 November on the next") }
        } catch let faults as ConfigurationFaults {
            report.add("policy", .wrong, faults.faults.joined(separator: "; "), cure: "recourse policy check")
        } catch {
            report.add("policy", .unseen, "\(error)")
        }
    }

    private func lookAtKeys(_ report: inout DoctorReport) async {
        guard !settings.keyring.currentId.isEmpty else {
            return report.add(
                "keys", .warning, "personal data are kept unsealed",
                cure: "name a key file, RECOURSE_PERSONAL_KEY_FILE (docs/SECURITY.md)")
        }
        do {
            for stage in Pipeline.stages.map({ type(of: $0).name }) {
                let store = try installation.store(stage)
                let found = await Result { try await installation.requireKeys(of: store, stage) }
                await store.close()
                try found.get()
            }
            let letters = try installation.deadLetters()
            let found = await Result { try await installation.requireKeys(of: letters) }
            await letters.close()
            try found.get()
            report.add("keys", .ok, "they open what the stores keep; \(settings.keyring.currentId) seals")
        } catch let faults as ConfigurationFaults {
            report.add(
                "keys", .wrong, faults.faults.joined(separator: "; "), cure: "give the keys of this installation")
        } catch {
            report.add("keys", .unseen, "\(error)")
        }
    }

    // MARK: - Broker

    /// - Returns: whether it can be connected to.
    private func lookAtBroker(_ report: inout DoctorReport, hasStore: Bool) async -> Bool {
        guard settings.amqpURL != nil else {
            report.add("broker", .unseen, "RECOURSE_AMQP_URL is not given")
            return false
        }
        do {
            let administration = try installation.broker(connectionName: "recourse doctor").administration()
            defer { administration.close() }
            for stage in Pipeline.stages.map({ type(of: $0).name }) {
                guard let queue = try await administration.queueDepth(stage.queue) else {
                    report.add(
                        "broker", .wrong, "there is no queue \(stage.queue)", cure: "recourse topology apply")
                    continue
                }
                if queue.consumers == 0 {
                    report.add(
                        "broker", .wrong, "nobody consumes \(stage.queue), where \(queue.ready) messages lie",
                        cure: "start recourse-\(stage.rawValue), or resume it: recourse workers list")
                }
            }
            if hasStore,
                let mismatch = try await InstallationGate(installation: installation, say: { _, _ in }).mismatch()
            {
                report.add(
                    "installation", .wrong, mismatch,
                    cure:
                        "correct RECOURSE_AMQP_URL or RECOURSE_DATABASE_URL; after a move see docs/OPERATING.md, Restore"
                )
            } else {
                report.add("broker", .ok, "it takes this user, and belongs to this installation")
            }
            return true
        } catch let failure as BrokerFailure {
            report.add("broker", .wrong, "\(failure)", cure: Self.cure(failure))
        } catch {
            report.add("broker", .wrong, "\(error)", cure: "correct RECOURSE_AMQP_URL")
        }
        return false
    }

    private static func cure(_ failure: BrokerFailure) -> String {
        switch failure.kind {
        case .login: "correct user and password in RECOURSE_AMQP_URL"
        case .access: "give the user what recourse topology permissions prints"
        default: "the broker must be up, and host, port, virtual host and certificate of RECOURSE_AMQP_URL right"
        }
    }

    private func lookAtManagement(_ report: inout DoctorReport) async {
        guard settings.managementURL != nil, settings.amqpURL != nil else {
            return report.add(
                "topology", .unseen, "RECOURSE_MANAGEMENT_URL is not given: policies, bindings and delays are not seen",
                cure: "give it, for a user with the tag monitoring")
        }
        do {
            let api = try installation.management("look at the broker")
            if let version = try await api.overview()["rabbitmq_version"]?.string {
                let finding = BrokerVersion.finding(version)
                report.add(finding.part, finding.verdict, finding.cause, cure: finding.cure)
            }
            let topology = try await TopologyOperations(.pipeline(Pipeline.stages), declarer: nil, api: api).verify()
            for one in topology.open {
                report.add(
                    "topology", .wrong, "\(one.state.rawValue) \(one.kind.rawValue) \(one.name) \(one.detail)",
                    cure: "recourse topology apply")
            }
            for line in topology.overdue {
                report.add(
                    "topology", .wrong, line,
                    cure: "the queue's policy or arguments keep them: recourse topology verify, then apply")
            }
            for line in topology.unseen { report.add("topology", .unseen, line) }
            if topology.open.isEmpty, topology.overdue.isEmpty {
                report.add("topology", .ok, "as this release declares it")
            }
            let queues = Topology.pipeline(Pipeline.stages).queues.map(\.name)
            for one in OperatorPolicies.findings(try await api.list("operator-policies"), queues: queues) {
                report.add(one.part, one.verdict, one.cause, cure: one.cure)
            }
        } catch {
            report.add(
                "topology", .wrong, "\(error)",
                cure: "correct RECOURSE_MANAGEMENT_URL; its user needs the tag monitoring")
        }
    }

    // MARK: - Workers and stages

    private func lookAtWorkers(_ report: inout DoctorReport) {
        do {
            let store = try installation.workforce()
            defer { store.close() }
            let workforce = WorkforceReport(signs: try store.signs(), orders: try store.orders(), wall: Wall.now())
            report.findWorkers(workforce, roles: WorkersCommand.roles, wall: Wall.now())
        } catch {
            report.add("workers", .unseen, "\(error)")
        }
    }

    private func lookAtStages(_ report: inout DoctorReport, isConnected: Bool) async {
        do {
            let clock = try installation.clock()
            let stores = try installation.stores()
            let deadLetters = try installation.unopenedDeadLetters()
            let workforce = try installation.workforce()
            let probe = StatusProbe(
                stores: stores, deadLetters: deadLetters, workforce: workforce, depths: nil, ages: nil,
                wall: Wall.now, now: { try clock.read().now })
            let look = try await probe.look()
            workforce.close()
            await deadLetters.close()
            for store in stores.values { await store.close() }
            report.findStages(look)
        } catch {
            report.add("stages", .wrong, "\(error)", cure: "the stores must be readable by this release")
        }
    }
}

extension Result where Failure == any Error {
    /// What `body` returns or throws.
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
