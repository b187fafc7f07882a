import Runtime
import Schema
import Stages
import Store

/// What is known of one customer over all stages (R21): his cases, the calls that are owed to him (so the services that
/// he had), whom he was called by and what came of it, letters and remarks.
package struct CustomerReport: OperationReport, Codable, Hashable {
    package struct Case: Codable, Hashable, Sendable {
        package let caseId: String
        package let category: String
        package let brand: String
        package let openedAt: Instant
        /// open, resolved or closed, as routing has it; `closed` or `open` as intake has it where routing does not know it.
        package let state: String
        package let tier: String?
        package let owner: String?
        package let storeId: String?
        package let outletId: String?
        /// How often it has closed.
        package let closings: Int
        /// Advances on it, paid or asked for.
        package let advancesFen: Int64
    }

    /// Somebody who is to be called.
    package struct Task: Codable, Hashable, Sendable {
        package let callbackId: String
        package let task: String
        package let about: String
        package let storeId: String?
        /// How it ended; nil: it is open.
        package let outcome: String?
        /// When the next attempt is due; nil: none is planned.
        package let dueAt: Instant?
    }

    /// What he has said in a call beside his answer (R54).
    package struct Remark: Codable, Hashable, Sendable {
        package let at: Instant
        package let callbackId: String
        /// consultation, complaint, report, suggestion
        package let kind: String
        /// nil: not asked for.
        package let text: String?
    }

    /// How many events of his each stage keeps texts of, and when he was last heard of.
    package let stages: [PersonAtStage]
    package let cases: [Case]
    package let tasks: [Task]
    package let calls: [Register.Entry]
    package let letters: [Register.Entry]
    package let remarks: [Remark]

    package var text: String {
        var lines = PersonAtStage.table(stages)
        var table = TextTable(
            "CASE", "CATEGORY", "BRAND", "OPENED", "STATE", "TIER", "OWNER", "STORE", "OUTLET", ">CLOSINGS",
            ">ADVANCES FEN")
        for one in cases {
            table.add(
                one.caseId, one.category, one.brand, one.openedAt.description, one.state, one.tier ?? "-",
                one.owner ?? "-", one.storeId ?? "-", one.outletId ?? "-", String(one.closings),
                String(one.advancesFen))
        }
        lines += ["", "Cases: \(cases.count)"] + (table.isEmpty ? [] : table.lines)
        table = TextTable("CALLBACK", "TASK", "ABOUT", "STORE", "ENDED", "NEXT CALL")
        for one in tasks {
            table.add(
                one.callbackId, one.task, one.about, one.storeId ?? "-", one.outcome ?? "open",
                one.dueAt?.description ?? "-")
        }
        lines += ["", "Callback tasks: \(tasks.count)"] + (table.isEmpty ? [] : table.lines)
        for (name, entries) in [("Calls", calls), ("Letters", letters)] {
            lines += ["", "\(name): \(entries.count)"] + entries.map { "  " + Self.line($0) }
        }
        lines += ["", "Remarks: \(remarks.count)"]
        lines += remarks.map { remark in
            "  " + [remark.at.description, remark.kind, remark.text].compactMap { $0 }.joined(separator: "  ")
        }
        return lines.map(TextTable.printable).joined(separator: "\n")
    }

    private static func line(_ entry: Register.Entry) -> String {
        [
            entry.at.description, entry.about, entry.by.map { "by \($0)" }, entry.medium, entry.outcome,
            entry.satisfied.map { $0 ? "satisfied" : "dissatisfied" }, entry.score.map { "score \($0)" }, entry.text,
        ].compactMap { $0 }.joined(separator: "  ")
    }
}

/// Looks a customer up in the stores of all stages.
///
/// His cases lead from his file at intake; his calls are found by looking through the tasks of the callback stage, which
/// takes some seconds for each hundred thousand.
struct CustomerView {
    let stores: [StageName: any Store]
    let keyring: Keyring

    /// - Returns: nil if nobody is known by that.
    /// - Throws: `StoreFailure`, also if a key is missing; `StageFault` for a record that cannot be read.
    func show(_ sought: PersonSought, unmask: Bool) async throws -> CustomerReport? {
        let stages = try await atStages(sought)
        guard !stages.isEmpty else { return nil }
        let cases = try await cases(of: sought)
        let tasks = try await tasks(of: sought, unmask: unmask)
        func entries(_ of: (String, CallbackTask) -> [Register.Entry]) -> [Register.Entry] {
            tasks.flatMap { of($0.id, $0.task) }.sorted { ($0.at, $0.callbackId) < ($1.at, $1.callbackId) }
        }
        return CustomerReport(
            stages: stages, cases: cases,
            tasks: tasks.map { id, task in
                CustomerReport.Task(
                    callbackId: id, task: task.callKind.rawValue, about: task.subjectText, storeId: task.storeId,
                    outcome: task.outcome?.rawValue, dueAt: task.due?.at)
            },
            calls: entries { id, task in task.calls.map { Register.Entry(id, task, $0, isUnmasked: unmask) } },
            letters: entries { id, task in task.letters.map { Register.Entry(id, task, $0, isUnmasked: unmask) } },
            remarks: try await remarks(of: tasks.map(\.id), unmask: unmask))
    }

    /// The person's own number at each stage, by which its records name him.
    private func found(_ sought: PersonSought, at stage: StageName) async throws -> [PersonalErasure.Found] {
        guard let store = stores[stage] else { return [] }
        let vault = PersonalVault(stage: stage, keyring: keyring)
        return try await store.read { try PersonalErasure(vault, in: $0)?.find(sought, in: $0) ?? [] }
    }

    private func atStages(_ sought: PersonSought) async throws -> [PersonAtStage] {
        var known: [PersonAtStage] = []
        for stage in StageName.allCases {
            let found = try await found(sought, at: stage)
            if !found.isEmpty { known.append(PersonAtStage(stage, found, [], unmask: false)) }
        }
        return known
    }

    // MARK: Cases

    private func cases(of sought: PersonSought) async throws -> [CustomerReport.Case] {
        guard let intake = stores[.intake] else { return [] }
        let persons = Set(try await found(sought, at: .intake).flatMap { $0.rows.map(\.row.person) })
        var ids: [String] = []
        if case .cases(let given) = sought { ids = given }
        let files = try await intake.read { [ids] snapshot in
            var files = persons.sorted().map { CustomerFile.id(ofKey: String($0)) }
            for id in ids {
                guard let stored = try snapshot.record(ComplaintRecord.key(id)) else { continue }
                files.append(try JSONDecoding.decode(ComplaintRecord.self, from: stored.body).customer)
            }
            var seen: Set<String> = []
            return try files.filter { seen.insert($0).inserted }.compactMap { id in
                try snapshot.record(CustomerFile.key(id)).map {
                    try JSONDecoding.decode(CustomerFile.self, from: $0.body)
                }
            }
        }
        var cases: [CustomerReport.Case] = []
        for one in files.flatMap(\.cases) { cases.append(try await describe(one)) }
        return cases.sorted { ($0.openedAt, $0.caseId) < ($1.openedAt, $1.caseId) }
    }

    private func describe(_ known: CustomerFile.Case) async throws -> CustomerReport.Case {
        let key = RecordKey(kind: "case", id: known.caseId)
        let routed = try await stores[.routing]?.read { try $0.record(key) }.map {
            CaseItem(known.caseId, DeadLetterDetail.json($0.body) ?? .null)
        }
        let handled = try await stores[.handling]?.read { try $0.record(key) }
            .map { try JSONDecoding.decode(CaseFile.self, from: $0.body) }
        return CustomerReport.Case(
            caseId: known.caseId, category: known.category, brand: known.brand, openedAt: known.openedAt,
            state: routed?.state ?? (known.isOpen ? "open" : "closed"), tier: routed?.tier, owner: routed?.owner,
            storeId: routed?.storeId, outletId: handled?.outletId, closings: handled?.closings ?? 0,
            advancesFen: handled?.committedFen ?? 0)
    }

    // MARK: Calls

    private func tasks(
        of sought: PersonSought, unmask: Bool
    ) async throws -> [(id: String, task: CallbackTask)] {
        guard let store = stores[.callback] else { return [] }
        // A token begins with the person's number, so a record that names him holds these bytes.
        let marks = Set(try await found(sought, at: .callback).flatMap { $0.rows.map(\.row.person) })
            .sorted().map { Array("~\($0).".utf8) }
        guard !marks.isEmpty else { return [] }
        var tasks: [(id: String, task: CallbackTask)] = []
        try await CallbackRecords.each(
            in: store, unmask: unmask ? keyring : nil,
            where: { body in marks.contains { body.firstRange(of: $0) != nil } },
            { id, task in tasks.append((id, task)) })
        return tasks
    }

    /// As the callback stage has told of them.
    private func remarks(of tasks: [String], unmask: Bool) async throws -> [CustomerReport.Remark] {
        guard let store = stores[.callback] else { return [] }
        let vault = PersonalVault(stage: .callback, keyring: keyring)
        let found = try await store.read { snapshot in
            var entries = try tasks.flatMap { try snapshot.journal(of: CallbackTask.key($0), limit: Self.entryLimit) }
            if unmask {
                var resolver = PersonalResolver(vault: vault)
                entries = try resolver.resolve(entries, in: snapshot)
            }
            return try entries.flatMap(\.outputs).filter { $0.type == CustomerRemark.type.rawValue }
                .map { try Event.read($0.body) }
        }
        return found.compactMap { event in
            guard let remark = event.data as? CustomerRemark else { return nil }
            return CustomerReport.Remark(
                at: event.time, callbackId: remark.callbackId, kind: remark.class.rawValue,
                text: unmask ? remark.text : nil)
        }.sorted { ($0.at, $0.callbackId, $0.kind) < ($1.at, $1.callbackId, $1.kind) }
    }

    /// Of one task: twice as many as it takes reports and letters (`CallbackTask.reportLimit`), for its timers.
    private static let entryLimit = 4 * CallbackTask.reportLimit
}
