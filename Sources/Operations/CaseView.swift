import Runtime
import Schema
import Stages
import Store

/// `recourse case show | case list | outlet show | explain`: what the stages know, read from their stores.
///
/// Records are read as JSON by the names of their members, so that this knows no stage's types. Names, phone numbers,
/// addresses and free text are masked. A timeline has the entries that changed one of the shown records; what a rule
/// refused changed none, and is found by `explain`.
package struct CaseView: Sendable {
    private let stores: [StageName: any Store]
    /// Of one record.
    private static let entryLimit = 2_000
    /// Of one list call; a filter that few match is continued by the next page.
    private static let scanLimit = 50_000
    private static let chainLimit = 100

    package init(stores: [StageName: any Store]) {
        self.stores = stores
    }

    private struct Found: Sendable {
        var records: [StageRecord] = []
        var entries: [Int64: JournalEntry] = [:]
        var bodies: [JSON] = []
        var isComplete = true
    }

    private func find(_ keys: [RecordKey], at stage: StageName) async throws -> Found {
        guard let store = stores[stage], !keys.isEmpty else { return Found() }
        return try await store.read { snapshot in
            var found = Found()
            for key in keys {
                guard let stored = try snapshot.record(key) else { continue }
                found.records.append(StageRecord(stored, of: stage))
                found.bodies.append(DeadLetterDetail.json(stored.body) ?? .null)
                let entries = try snapshot.journal(of: key, limit: CaseView.entryLimit)
                found.isComplete = found.isComplete && entries.count < CaseView.entryLimit
                for entry in entries { found.entries[entry.number] = entry }
            }
            return found
        }
    }

    // MARK: - Cases

    /// - Parameter id: a case id; else a complaint id, which is looked for in all cases.
    /// - Returns: nil if nothing is known of it.
    package func showCase(_ id: String) async throws -> Dossier? {
        if let dossier = try await dossier(ofCase: id, others: []) { return dossier }
        let ids = try await cases(complaintId: id)
        guard let first = ids.first else { return nil }
        return try await dossier(ofCase: first, others: Array(ids.dropFirst()))
    }

    private func dossier(ofCase id: String, others: [String]) async throws -> Dossier? {
        var found: [StageName: Found] = [:]
        found[.intake] = try await find([RecordKey(kind: "complaint", id: id)], at: .intake)
        found[.routing] = try await find([RecordKey(kind: "case", id: id)], at: .routing)
        let handling = try await find([RecordKey(kind: "case", id: id)], at: .handling)
        found[.handling] = handling
        let closings = Int(clamping: min(max(handling.bodies.first?["closings"]?.int ?? 0, 0), 1_000))
        let tasks = (0..<closings).map { number in
            RecordKey(
                kind: "callback",
                id: Identifiers.callbackId(kind: CallbackKind.caseClosed.rawValue, caseId: id, closing: number + 1))
        }
        let callback = try await find(tasks, at: .callback)
        found[.callback] = callback
        if found.values.allSatisfy(\.records.isEmpty) { return nil }
        let outlets = Set((handling.bodies + callback.bodies).compactMap { $0["outletId"]?.string })
        var penalty = try await find(outlets.sorted().map { RecordKey(kind: "outlet", id: $0) }, at: .penalty)
        // An outlet's dossier is about many cases: only what concerns this one is shown.
        penalty.records = []
        penalty.entries = penalty.entries.filter { CaseView.concerns($0.value, id) }
        found[.penalty] = penalty
        return CaseView.dossier("case", id, others, found)
    }

    private static func concerns(_ entry: JournalEntry, _ caseId: String) -> Bool {
        if case .event(_, _, _, _, let body) = entry.input {
            let data = DeadLetterDetail.json(body)?["data"]
            if data?["caseId"]?.string == caseId || data?["about"]?["caseId"]?.string == caseId { return true }
        }
        return entry.outputs.contains { $0.correlation == caseId }
    }

    private static func dossier(
        _ kind: String, _ id: String, _ others: [String], _ found: [StageName: Found]
    ) -> Dossier {
        var timeline: [TimelineEntry] = []
        for (stage, one) in found { timeline += one.entries.values.map { TimelineEntry($0, of: stage) } }
        timeline.sort { ($0.time, $0.stage, $0.entry) < ($1.time, $1.stage, $1.entry) }
        return Dossier(
            kind: kind, id: id, others: others, records: StageName.allCases.flatMap { found[$0]?.records ?? [] },
            timeline: timeline, isComplete: found.values.allSatisfy(\.isComplete))
    }

    private func cases(complaintId: String) async throws -> [String] {
        var ids: [String] = []
        try await scan { id, body in
            if body["complaintId"]?.string == complaintId { ids.append(id) }
            return ids.count < 100
        }
        return ids
    }

    /// All cases that routing has, ascending by id, until `body` says no.
    private func scan(after start: String = "", _ body: (String, JSON) -> Bool) async throws {
        guard let store = stores[.routing] else { return }
        var after = start
        while true {
            let last = after
            let page = try await store.read { try $0.records(kind: "case", after: last, limit: 500) }
            guard let end = page.last else { return }
            for stored in page {
                guard body(stored.key.id, DeadLetterDetail.json(stored.body) ?? .null) else { return }
            }
            after = end.key.id
        }
    }

    /// `case list`: as routing sees them, ascending by case id.
    package func listCases(_ filter: CaseFilter, after: String = "", limit: Int = 50) async throws -> CaseList {
        var cases: [CaseItem] = []
        var scanned = 0
        var next: String?
        let size = min(max(limit, 1), 1_000)
        try await scan(after: after) { id, body in
            scanned += 1
            let item = CaseItem(id, body)
            if filter.matches(item) { cases.append(item) }
            if cases.count == size || scanned == CaseView.scanLimit { next = id }
            return next == nil
        }
        return CaseList(cases: cases, next: next)
    }

    // MARK: - Outlets

    /// Its position by the policy that the penalty stage took into use last, and its timeline.
    ///
    /// - Parameters:
    ///   - now: the business time for which the position is told.
    ///   - withRecord: the record as it is kept, too.
    /// - Returns: nil if penalty does not know the outlet.
    /// - Throws: `PolicyFaults` if this program refuses the policy that an earlier one took; `UnreadMember`, `StageFault` for a
    ///   record that cannot be read.
    package func showOutlet(_ id: String, at now: Instant, withRecord: Bool = false) async throws -> Dossier? {
        let key = RecordKey(kind: "outlet", id: id)
        var penalty = try await find([key], at: .penalty)
        guard let store = stores[.penalty], !penalty.records.isEmpty else { return nil }
        let position = try await store.read { snapshot -> OutletPosition? in
            guard let record = try snapshot.record(key), let policy = try KeptPolicy.latest(in: snapshot) else {
                return nil
            }
            do {
                return try OutletPosition(record: record.body, policy: policy, at: now)
            } catch let newer as UnreadMember {
                throw newer
            } catch {
                throw StageFault(description: "read record \(key) version \(record.version): \(error)")
            }
        }
        if !withRecord { penalty.records = [] }
        var dossier = CaseView.dossier("outlet", id, [], [.penalty: penalty])
        dossier.position = position
        return dossier
    }

    // MARK: - Events

    /// Where an event comes from (`Explanation`); nil if no stage has emitted or taken it.
    package func explain(_ eventId: String) async throws -> Explanation? {
        try await EventOrigin(stores: stores).explain(eventId)
    }
}

/// Which cases: those that have every given value.
package struct CaseFilter: Sendable, Hashable {
    /// open, resolved, closed.
    package var state: String?
    /// store, region, hq.
    package var tier: String?
    package var storeId: String?
    package var regionId: String?

    package init() {}

    func matches(_ item: CaseItem) -> Bool {
        (state ?? item.state) == item.state && (tier ?? item.tier) == item.tier
            && (storeId == nil || storeId == item.storeId) && (regionId == nil || regionId == item.regionId)
    }
}

/// A case in a list, as routing sees it.
package struct CaseItem: Sendable, Hashable, Codable {
    package let caseId: String
    package let complaintId: String
    /// open, resolved, closed; `unreadable` where the record is.
    package let state: String
    package let tier: String
    package let handlerId: String
    package let owner: String
    package let major: Bool
    package let assignedAt: String
    /// When the case moves up (or is overdue); nil: no term runs.
    package let dueAt: String?
    package let storeId: String?
    package let regionId: String?

    init(_ id: String, _ body: JSON) {
        func text(_ name: String) -> String { body[name]?.string ?? "" }
        caseId = id
        complaintId = text("complaintId")
        state = body.members == nil ? "unreadable" : text("state")
        tier = text("tier")
        handlerId = text("handlerId")
        owner = text("owner")
        major = body["isMajor"] == .bool(true)
        assignedAt = text("assignedAt")
        dueAt = body["termEnds"]?.string
        storeId = body["storeId"]?.string
        regionId = body["regionId"]?.string
    }
}

package struct CaseList: OperationReport, Codable, Hashable {
    package let cases: [CaseItem]
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: String?

    package var text: String {
        var table = TextTable("CASE", "COMPLAINT", "STATE", "TIER", "HANDLER", "OWNER", "MAJOR", "ASSIGNED", "DUE")
        for one in cases {
            table.add(
                one.caseId, one.complaintId, one.state, one.tier, one.handlerId, one.owner, one.major ? "yes" : "",
                one.assignedAt, one.dueAt ?? "-")
        }
        return (table.isEmpty ? "No cases match." : table.text) + (next.map { "\nMore: --after \($0)" } ?? "")
    }
}
