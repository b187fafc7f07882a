import Policy
import Runtime
import Schema
import Stages
import Store

/// One place where a journal, run again, gives something else than it did.
package struct ReplayDifference: Sendable, Hashable, Codable {
    /// The journal entry; nil: found when the records were compared at the end.
    package let entry: Int64?
    /// `case/…`; nil: no single record is meant.
    package let record: String?
    /// Names members, never values.
    package let what: String
}

/// The result of a stage's journal replay.
package struct JournalReplayReport: OperationReport, Codable, Hashable {
    package let stage: StageName
    package internal(set) var entries = 0
    /// Of the entries: events, timers, policies taken into use.
    package internal(set) var inputs = 0
    package internal(set) var timers = 0
    package internal(set) var policies = 0
    package internal(set) var outputs = 0
    package internal(set) var records = 0
    /// The first ones, at most `JournalReplay.differenceLimit`.
    package internal(set) var differences: [ReplayDifference] = []
    package internal(set) var differenceCount = 0
    /// Why not all of it could be run again; nil: all of it was.
    package internal(set) var notReplayable: String?

    package var isEqual: Bool { differenceCount == 0 && notReplayable == nil }
    package var exitCode: Int32 { isEqual ? 0 : 1 }

    package var text: String { lines.joined(separator: "\n") }

    var lines: [String] {
        var lines = ["\(stage.rawValue): \(entries) entries run again, \(records) records compared"]
        lines += findings.map { "  " + $0 }
        if isEqual { lines.append("  the same records and the same outputs, byte for byte") }
        return lines.map(TextTable.printable)
    }

    /// What is not as it was; empty if all is.
    var findings: [String] {
        var lines = differences.map { one in
            let place = [one.entry.map { "entry \($0)" }, one.record].compactMap { $0 }.joined(separator: ", ")
            return "\(place): \(one.what)"
        }
        if differenceCount > differences.count { lines.append("and \(differenceCount - differences.count) more") }
        if let notReplayable { lines.append("not replayable: \(notReplayable)") }
        return lines
    }
}

/// The result of `recourse journal replay`.
package struct JournalReplayReports: OperationReport, Codable, Hashable {
    package let stages: [JournalReplayReport]

    package init(stages: [JournalReplayReport]) {
        self.stages = stages
    }

    package var exitCode: Int32 { stages.allSatisfy(\.isEqual) ? 0 : 1 }

    package var text: String {
        var table = TextTable("STAGE", ">RECORDS", ">EVENTS", ">TIMERS", ">POLICIES", ">OUTPUTS", ">DIFFERENCES")
        for one in stages {
            table.add(
                [one.stage.rawValue]
                    + [one.records, one.inputs, one.timers, one.policies, one.outputs, one.differenceCount]
                    .map(String.init))
        }
        var lines = table.lines
        for one in stages where !one.isEqual {
            lines += ["", "\(one.stage.rawValue):"] + one.findings.map { TextTable.printable("  " + $0) }
        }
        lines.append("")
        lines.append(
            exitCode == 0 ? "The same records and the same outputs, byte for byte." : "Not the same as it was.")
        return lines.joined(separator: "\n")
    }
}

/// Runs a stage's journal again through its pure steps and compares, byte for byte (domain rules §9.2).
///
/// Starts from nothing, takes the inputs and the policies in their order, and compares verdicts, changed records and
/// outputs with the journal, and at the end every record with the store. Holds all records of the stage in memory.
/// Each entry is decided by the policy that it names, from the files that the store has kept of it.
package struct JournalReplay: Sendable {
    package static let differenceLimit = 20
    /// How often the end of a journal that still grows is run after.
    private static let catchUpLimit = 100

    private let stage: any Stage

    package init(stage: any Stage) {
        self.stage = stage
    }

    /// - Throws: `StoreFailure`; `PolicyFaults` if a policy that was kept can no longer be read.
    package func run(_ store: any Store) async throws -> JournalReplayReport {
        var course = ReplayCourse(stage: stage)
        var position: Int64 = 0
        for _ in 0..<JournalReplay.catchUpLimit {
            // A policy is kept before its first entry, so what is read now may only be missing what is not yet run.
            for (version, policy) in try await store.read({ try KeptPolicy.all(in: $0) }) {
                try course.add(policy, version: version)
            }
            position = try await JournalScan.run(store, after: position, withBodies: true) { page in
                for entry in page where course.report.notReplayable == nil { course.take(entry) }
            }
            if course.report.notReplayable != nil { return course.report }
            let (last, state) = (position, course)
            let compared = try await store.read { snapshot -> JournalReplayReport? in
                guard try snapshot.journal(after: last, limit: 1, withBodies: false).isEmpty else { return nil }
                var state = state
                try state.compareRecords(snapshot)
                return state.report
            }
            if let compared { return compared }
        }
        course.report.notReplayable = "the journal grows faster than it can be read; try again when it is quiet"
        return course.report
    }
}

/// The records as they become, and what was found so far.
private struct ReplayCourse: Sendable {
    let stage: any Stage
    private(set) var policies: [String: KeptPolicy] = [:]
    private var runners: [String: StageRunner] = [:]
    var set = WorkingSet()
    var report: JournalReplayReport

    init(stage: any Stage) {
        self.stage = stage
        report = JournalReplayReport(stage: type(of: stage).name)
    }

    mutating func add(_ policy: KeptPolicy, version: String) throws(PolicyFaults) {
        guard policies[version] == nil else { return }
        runners[version] = StageRunner(stage: stage, policy: try policy.book(version: version))
        policies[version] = policy
    }

    private mutating func differ(_ entry: Int64?, _ record: RecordKey?, _ what: String) {
        report.differenceCount += 1
        guard report.differences.count < JournalReplay.differenceLimit else { return }
        report.differences.append(ReplayDifference(entry: entry, record: record?.description, what: what))
    }

    // MARK: - Entries

    mutating func take(_ entry: JournalEntry) {
        guard let runner = runners[entry.policyVersion] else {
            report.notReplayable =
                "entry \(entry.number) was decided under policy \(entry.policyVersion), of which the store keeps no files"
            return
        }
        report.entries += 1
        report.outputs += entry.outputs.count
        if case .timer(let key, _, _) = entry.input, key.kind == KeptPolicy.kind { return plant(runner, key, entry) }
        let input: Input
        var clock = Instant.limit
        switch entry.input {
        case .timer(let key, let at, let order):
            report.timers += 1
            guard set[key]?.value.wake == Wake(at: at, order: order) else {
                return differ(entry.number, key, "no timer is due at \(at)")
            }
            input = .timer(key, Wake(at: at, order: order))
        case .event(_, _, _, _, let body):
            // The digest is that of the body as it came, which is not kept: it held what is personal.
            report.inputs += 1
            do throws(RefusedDocument) {
                input = .event(try Event.read(body, limits: .widest))
            } catch {
                return differ(entry.number, nil, "the input is not valid: \(error.faults.first?.pointer ?? "/")")
            }
            clock = ReplayCourse.clock(of: entry)
        }
        do {
            let keys = KeySearch.complete(input, runner, in: set).keys
            compare(try runner.run(input, keys: keys, in: &set, clock: clock, isLast: true), entry)
        } catch {
            differ(entry.number, nil, "the stage cannot decide: \(error)")
        }
    }

    /// A policy was taken into use: what exists by it without an event is there from here on.
    private mutating func plant(_ runner: StageRunner, _ own: RecordKey, _ entry: JournalEntry) {
        report.policies += 1
        var planted = [own]
        for seed in stage.seeds(policy: runner.policy, now: entry.now) {
            let key = RecordKey(kind: type(of: seed.record).kind, id: seed.id)
            guard set[key] == nil else { continue }
            set[key] = LiveRecord(value: seed.record, version: 1)
            planted.append(key)
        }
        set[own] = policies[own.id].map { LiveRecord(value: $0, version: 1) }
        if planted != entry.records {
            differ(
                entry.number, own, "plants \(planted.count - 1) records, planted \(entry.records.count - 1), or others")
        }
    }

    /// The clock matters only where it refused an event as too far ahead; the entry then has its time.
    private static func clock(of entry: JournalEntry) -> Instant {
        guard entry.fate == .refused, let output = entry.outputs.first else { return .limit }
        do throws(JSONSyntaxError) {
            return try JSON(parsing: output.body)["data"]?["reason"]?.string == "time-ahead" ? entry.now : .limit
        } catch {
            // A body that is no JSON differs from what comes out, and is reported for that.
            return .limit
        }
    }

    private mutating func compare(_ outcome: StepOutcome, _ entry: JournalEntry) {
        let number = entry.number
        let fate: Fate
        switch outcome.verdict {
        case .applied: fate = .applied
        case .refused: fate = .refused
        case .unknownReference(let what): return differ(number, nil, "refers to something unknown: \(what)")
        case .waits(let key, orElse: _): return differ(number, nil, "refers to something unknown: \(key)")
        }
        let first = entry.records.first
        if fate != entry.fate { differ(number, first, "now \(fate.rawValue), was \(entry.fate.rawValue)") }
        if outcome.now != entry.now { differ(number, first, "the rule's time differs") }
        if outcome.isLate != entry.isLate { differ(number, first, "whether it is late differs") }
        if outcome.changed != entry.records {
            differ(number, first, "changes \(outcome.changed.count) records, changed \(entry.records.count), or others")
        }
        if outcome.outputs.count != entry.outputs.count {
            differ(number, first, "emits \(outcome.outputs.count) events, emitted \(entry.outputs.count)")
        }
        for (index, pair) in zip(outcome.outputs, entry.outputs).enumerated() {
            let output = JournalOutput(pair.0)
            guard output != pair.1 else { continue }
            let place = output.body == pair.1.body ? "address" : JSONDifference.first(output.body, pair.1.body)
            differ(number, first, "output \(index) (\(pair.1.type)) differs: \(place)")
        }
    }

    // MARK: - Records

    mutating func compareRecords(_ snapshot: any StoreSnapshot) throws {
        var seen: Set<RecordKey> = []
        for kind in type(of: stage).recordTypes.map({ $0.kind }) + [KeptPolicy.kind] {
            var after = ""
            while true {
                let page = try snapshot.records(kind: kind, after: after, limit: 500)
                guard let last = page.last else { break }
                for stored in page {
                    seen.insert(stored.key)
                    try compare(stored)
                }
                after = last.key.id
            }
        }
        for key in set.records.keys.sorted() where !seen.contains(key) { differ(nil, key, "is not in the store") }
        report.records = seen.count
    }

    private mutating func compare(_ stored: StoredRecord) throws {
        guard let live = set[stored.key] else { return differ(nil, stored.key, "follows from no entry of the journal") }
        var again = try RecordCoding.stored(stored.key, live)
        // A timer that an event has set in the past is stored as due when it was set, of which no journal knows.
        again.wakeAt = again.wakeAt.map { max($0, stored.wakeAt ?? $0) }
        if again == stored { return }
        if again.body != stored.body {
            differ(nil, stored.key, "body differs: \(JSONDifference.first(again.body, stored.body))")
        }
        if again.version != stored.version {
            differ(nil, stored.key, "version \(stored.version), from the journal \(again.version)")
        }
        if (again.wakeAt, again.wakeOrder) != (stored.wakeAt, stored.wakeOrder) {
            differ(nil, stored.key, "its timer differs")
        }
        if (again.firedAt, again.firedOutputs) != (stored.firedAt, stored.firedOutputs) {
            differ(nil, stored.key, "what is noted of its last timer differs")
        }
    }
}

/// Where two documents differ first; names the place, never a value.
enum JSONDifference {
    static func first(_ a: [UInt8], _ b: [UInt8]) -> String {
        do throws(JSONSyntaxError) {
            return pointer(try JSON(parsing: a), try JSON(parsing: b), "") ?? "the bytes, not the values"
        } catch {
            return "not JSON: \(error.message)"
        }
    }

    private static func pointer(_ a: JSON, _ b: JSON, _ path: String) -> String? {
        switch (a, b) {
        case (.object(let left), .object(let right)):
            for member in left {
                guard let other = b[member.name] else { return "\(path)/\(member.name)" }
                if let found = pointer(member.value, other, path + "/" + member.name) { return found }
            }
            return right.first { a[$0.name] == nil }.map { "\(path)/\($0.name)" }
        case (.array(let left), .array(let right)):
            for (index, pair) in zip(left, right).enumerated() {
                if let found = pointer(pair.0, pair.1, path + "/\(index)") { return found }
            }
            return left.count == right.count ? nil : "\(path)/\(min(left.count, right.count))"
        default: return a == b ? nil : (path.isEmpty ? "/" : path)
        }
    }
}
