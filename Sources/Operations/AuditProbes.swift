import Policy
import Runtime
import Schema
import Stages
import Store

/// No fen leaves the fund unrecorded, and none comes back or is given up twice (domain rules §9.4): handling's journal
/// against its requests and the ledger, in one snapshot.
package struct MoneyProbe: AuditProbe {
    package init() {}

    package func check(_ stores: [StageName: any Store]) async throws -> AuditCheck {
        guard let store = stores[.handling] else { return AuditCheck("money", ok: true, figures: []) }
        return try await store.read { snapshot in
            var found = Findings()
            var (total, byRequest) = (FundTotals(), [String: FundTotals]())
            try ProbeScan.outputs(in: snapshot, where: { $0.hasPrefix("fund.") }) { entry, type, data in
                let (id, amount) = (data["requestId"]?.string ?? "", data["amountFen"]?.int ?? 0)
                if let side = MoneyProbe.side(of: type) {
                    total[side] += amount
                    byRequest[id, default: FundTotals()][side] += amount
                }
                if data["balanceFen"]?.int != total.recoveredFen - total.disbursedFen {
                    found.note("entry \(entry): \(type) of request \(id) tells another balance")
                }
            }
            let requests = try MoneyProbe.compare(byRequest, with: snapshot, &found)
            let ledger = try snapshot.record(FundLedger.key(FundLedger.id)).map {
                try JSONDecoding.decode(FundLedger.self, from: $0.body)
            }
            let kept = FundTotals(
                disbursedFen: ledger?.disbursedFen ?? 0, recoveredFen: ledger?.recoveredFen ?? 0,
                writtenOffFen: ledger?.writtenOffFen ?? 0)
            if kept != total { found.note("the ledger differs from the sum of what was announced") }
            if try snapshot.fundTotals() != total {
                found.note("the ledger's postings differ from the sum of what was announced")
            }
            return AuditCheck(
                "money", ok: found.count == 0,
                figures: [
                    Figure("requests", requests), Figure("disbursedFen", Int(total.disbursedFen)),
                    Figure("recoveredFen", Int(total.recoveredFen)), Figure("writtenOffFen", Int(total.writtenOffFen)),
                    Figure("wrong", found.count),
                ], examples: found.examples)
        }
    }

    private static func side(of type: String) -> FundMovement.Side? {
        switch type {
        case FundDisbursed.type.rawValue: .disbursed
        case FundRecovered.type.rawValue: .recovered
        case FundWrittenOff.type.rawValue: .writtenOff
        default: nil
        }
    }

    /// - Returns: how many requests there are.
    private static func compare(
        _ announced: [String: FundTotals], with snapshot: any StoreSnapshot, _ found: inout Findings
    ) throws -> Int {
        // Where a step of R08 is off, a payment may owe nothing.
        let owes = try KeptPolicy.all(in: snapshot).allSatisfy { version, kept in
            let rules = try kept.book(version: version).rules
            return [RulePart.incidentReport, .liabilityOpinion, .liabilityApproval, .recovery].allSatisfy(rules.isOn)
        }
        var announced = announced
        var requests = 0
        try ProbeScan.records(of: AdvanceRequest.self, in: snapshot) { id, request in
            requests += 1
            let kept = FundTotals(
                disbursedFen: request.disbursedFen, recoveredFen: request.recoveredFen,
                writtenOffFen: request.writtenOffFen)
            if kept != announced.removeValue(forKey: id) ?? FundTotals() {
                found.note("request \(id): its sums differ from what was announced")
            }
            if kept.recoveredFen + kept.writtenOffFen > kept.disbursedFen {
                found.note("request \(id): more came back or was given up than was paid")
            }
            if owes, kept.disbursedFen > 0, !request.isBalanced, request.owed == nil {
                found.note("request \(id): not balanced, and nothing is owed")
            }
        }
        for id in announced.keys.sorted() { found.note("request \(id): announced, and there is no such request") }
        return requests
    }
}

/// No served customer without a callback task, and no attempt asked for twice (domain rules §9.5): callback's journal
/// against its tasks, in one snapshot. Where the policy of a decision has the rule switched off, none is expected.
package struct TaskProbe: AuditProbe {
    package init() {}

    package func check(_ stores: [StageName: any Store]) async throws -> AuditCheck {
        guard let store = stores[.callback] else { return AuditCheck("tasks", ok: true, figures: []) }
        return try await store.read { snapshot in
            var found = Findings()
            var books: [String: PolicyBook] = [:]
            for (version, kept) in try KeptPolicy.all(in: snapshot) { books[version] = try kept.book(version: version) }
            var (expected, asked) = (0, Set<String>())
            try ProbeScan.entries(in: snapshot) { entry in
                if let id = try TaskProbe.taskId(of: entry, books[entry.policyVersion]) {
                    expected += 1
                    if try snapshot.record(CallbackTask.key(id)) == nil {
                        found.note("entry \(entry.number): no callback task \(id)")
                    }
                }
                for output in entry.outputs where output.type == CallbackDue.type.rawValue {
                    let data = try JSON(parsing: output.body)["data"]
                    let attempt = "\(data?["callbackId"]?.string ?? "") \(data?["attempt"]?.int ?? 0)"
                    if !asked.insert(attempt).inserted {
                        found.note("entry \(entry.number): asks twice for attempt \(attempt)")
                    }
                }
            }
            return AuditCheck(
                "tasks", ok: found.count == 0,
                figures: [
                    Figure("expected", expected), Figure("asked", asked.count), Figure("wrong", found.count),
                ], examples: found.examples)
        }
    }

    /// The task that the entry's input must have brought; nil: none.
    private static func taskId(of entry: JournalEntry, _ policy: PolicyBook?) throws -> String? {
        guard entry.fate == .applied, case .event(_, _, let type, _, let body) = entry.input,
            policy?.rules.isOn(.r10) ?? true
        else { return nil }
        switch type {
        case ServiceCompleted.type.rawValue:
            guard policy?.rules.isOn(.r22) ?? true,
                let id = try JSON(parsing: body)["data"]?["serviceId"]?.string
            else { return nil }
            return Identifiers.callbackId(kind: CallbackKind.serviceFirst.rawValue, serviceId: id)
        case CaseClosed.type.rawValue:
            let data = try JSON(parsing: body)["data"]
            guard let id = data?["caseId"]?.string, let closing = data?["closing"]?.int else { return nil }
            return Identifiers.callbackId(
                kind: CallbackKind.caseClosed.rawValue, caseId: id, closing: Int(clamping: closing))
        default: return nil
        }
    }
}

/// What is wrong: all counted, the first ones named.
private struct Findings {
    private(set) var count = 0
    private(set) var examples: [String] = []

    mutating func note(_ text: String) {
        count += 1
        if examples.count < Audit.exampleLimit { examples.append(text) }
    }
}

/// Reads one snapshot from end to end, page by page.
private enum ProbeScan {
    private static let pageSize = 500

    static func entries(in snapshot: any StoreSnapshot, _ body: (JournalEntry) throws -> Void) throws {
        var after: Int64 = 0
        while true {
            let page = try snapshot.journal(after: after, limit: pageSize, withBodies: true)
            guard let last = page.last else { return }
            for entry in page { try body(entry) }
            after = last.number
        }
    }

    /// The outputs of some types with their entry's number and their data; other pages are read without bodies.
    static func outputs(
        in snapshot: any StoreSnapshot, where isWanted: (String) -> Bool,
        _ body: (Int64, String, JSON) throws -> Void
    ) throws {
        var after: Int64 = 0
        while true {
            var page = try snapshot.journal(after: after, limit: pageSize, withBodies: false)
            guard let last = page.last else { return }
            if page.contains(where: { $0.outputs.contains { isWanted($0.type) } }) {
                page = try snapshot.journal(after: after, limit: page.count, withBodies: true)
                for entry in page {
                    for output in entry.outputs where isWanted(output.type) {
                        try body(entry.number, output.type, try JSON(parsing: output.body)["data"] ?? .null)
                    }
                }
            }
            after = last.number
        }
    }

    static func records<R: Record>(
        of type: R.Type, in snapshot: any StoreSnapshot, _ body: (String, R) throws -> Void
    ) throws {
        var after = ""
        while true {
            let page = try snapshot.records(kind: R.kind, after: after, limit: pageSize)
            guard let last = page.last else { return }
            for stored in page { try body(stored.key.id, try JSONDecoding.decode(R.self, from: stored.body)) }
            after = last.key.id
        }
    }
}
