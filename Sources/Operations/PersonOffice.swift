import Runtime
import Schema
import Store

/// `recourse person`: what is kept of a person, its erasure, and the rotation of keys.
package struct PersonOffice: Sendable {
    private let stores: [StageName: any Store]
    private let deadLetters: SealedDeadLetters
    private let keyring: Keyring
    /// Rows sealed anew in one transaction, so that no worker waits for long.
    private static let resealSize = 500

    package init(stores: [StageName: any Store], deadLetters: SealedDeadLetters, keyring: Keyring) {
        self.stores = stores
        self.deadLetters = deadLetters
        self.keyring = keyring
    }

    private func vault(_ stage: StageName) -> PersonalVault { PersonalVault(stage: stage, keyring: keyring) }

    /// What each stage keeps of a person, and what waits there of him.
    ///
    /// - Parameter unmask: with the values themselves.
    /// - Throws: `StoreFailure`, also if a key is missing.
    package func show(_ person: PersonSought, unmask: Bool = false) async throws -> PersonReport {
        let (stages, known) = try await find(person, unmask: unmask)
        let letters = try await DeadLettersOfPersons(deadLetters).find(known)
        return PersonReport(stages: stages, deadLetters: letters.letters.map(\.id), damaged: letters.damaged)
    }

    private struct Kept: Sendable {
        var rows: [PersonalErasure.Found] = []
        var waiting: [WaitingOfPersons.Found] = []
    }

    private static func kept(
        of sought: PersonSought, _ person: inout KnownPerson, _ vault: PersonalVault, in snapshot: any StoreSnapshot
    ) throws -> Kept {
        guard let erasure = try PersonalErasure(vault, in: snapshot),
            let waiting = try WaitingOfPersons(vault, in: snapshot)
        else { return Kept() }
        let held = try waiting.find(&person, in: snapshot)
        return Kept(rows: try erasure.find(sought, about: person.subjects, in: snapshot), waiting: held)
    }

    /// What the stages keep of a person, and what all of them together know of him.
    private func find(
        _ sought: PersonSought, unmask: Bool
    ) async throws -> (stages: [PersonAtStage], known: KnownPerson) {
        var found: [PersonalErasure.Found] = []
        for (stage, store) in stores {
            let vault = vault(stage)
            found += try await store.read { try PersonalErasure(vault, in: $0)?.find(sought, in: $0) ?? [] }
        }
        var known = KnownPerson(sought, found: found)
        // What waits at one stage may tell of a matter of which another has a text: once for that, once with it.
        var stages: [PersonAtStage] = []
        for isLast in [false, true] {
            for stage in StageName.allCases {
                guard let store = stores[stage] else { continue }
                let (vault, before) = (vault(stage), known)
                let (kept, after) = try await store.read { snapshot in
                    var person = before
                    return (try Self.kept(of: sought, &person, vault, in: snapshot), person)
                }
                known = after
                guard isLast, !kept.rows.isEmpty || !kept.waiting.isEmpty else { continue }
                stages.append(PersonAtStage(stage, kept.rows, kept.waiting, unmask: unmask))
            }
        }
        return (stages, known)
    }

    /// Erases a person from the dead letters and from every stage's store, of what waits there too. Done twice, it finds
    /// nothing the second time; interrupted, it is to be done again.
    ///
    /// - Throws: `StoreFailure`; what was erased until then is gone.
    package func erase(_ sought: PersonSought) async throws -> PersonErasure {
        let (stages, known) = try await find(sought, unmask: false)
        // First the letters: what they are about is known only as long as the stages know it.
        let found = try await DeadLettersOfPersons(deadLetters).find(known)
        let letters = try await deadLetters.erase(found.letters, note: "erased with the person whom it was about")
        _ = try await deadLetters.eraseLog(of: known)
        try await deadLetters.scrub()
        for stage in StageName.allCases {
            guard let store = stores[stage] else { continue }
            let vault = vault(stage)
            let erased = try await store.write { transaction -> Bool in
                var person = known
                let kept = try Self.kept(of: sought, &person, vault, in: transaction)
                try PersonalErasure(vault, in: transaction)?.erase(kept.rows, in: transaction)
                try WaitingOfPersons(vault, in: transaction)?.erase(kept.waiting, in: transaction)
                return !kept.rows.isEmpty || !kept.waiting.isEmpty
            }
            if erased { try await store.scrub() }
        }
        return PersonErasure(stages: stages, deadLetters: letters, damaged: found.damaged)
    }

    private func rekeyWaiting(
        _ store: any Store, _ vault: PersonalVault
    ) async throws -> (resealed: Int, damaged: Int) {
        var position: EventKey?
        var (count, damaged) = (0, 0)
        while true {
            let after = position
            let page = try await store.write {
                try vault.resealWaiting(after: after, limit: Self.resealSize, in: $0)
            }
            (count, damaged) = (count + page.resealed, damaged + page.damaged)
            guard let last = page.last else { return (count, damaged) }
            position = last
        }
    }

    /// Seals everything with the current key that another has sealed, or none. Beside running workers. What is damaged
    /// stays as it is, and is told of.
    package func rekey() async throws -> PersonRekeying {
        var figures: [Figure] = []
        var damaged: [Figure] = []
        for stage in StageName.allCases {
            guard let store = stores[stage] else { continue }
            let vault = vault(stage)
            var (position, count, left) = (Int64(0), 0, 0)
            while true {
                let start = position
                let page = try await store.write { try vault.reseal(after: start, limit: Self.resealSize, in: $0) }
                (count, left) = (count + page.resealed, left + page.damaged)
                guard let last = page.last else { break }
                position = last
            }
            let waiting = try await rekeyWaiting(store, vault)
            (count, left) = (count + waiting.resealed, left + waiting.damaged)
            if count > 0 { try await store.scrub() }
            figures.append(Figure(stage.rawValue, count))
            damaged.append(Figure(stage.rawValue, left))
        }
        let letters = try await deadLetters.reseal()
        if letters.resealed > 0 { try await deadLetters.scrub() }
        figures.append(Figure("dead letters", letters.resealed))
        damaged.append(Figure("dead letters", letters.damaged))
        let log = try await AuditLog.reseal(beside: deadLetters)
        if log.resealed > 0 { try await deadLetters.scrub() }
        figures.append(Figure("audit log", log.resealed))
        damaged.append(Figure("audit log", log.damaged))
        return PersonRekeying(
            key: keyring.currentId, resealed: figures, damaged: damaged.filter { $0.value != 0 })
    }
}

/// What one stage keeps of a person.
package struct PersonAtStage: Sendable, Hashable, Codable {
    package let stage: StageName
    /// Events whose personal texts are kept.
    package let events: Int
    /// Business time of the first of them, and of the last time the person was named; nil: not noted of whom no phone is
    /// known.
    package let since: Instant?
    package let lastSeen: Instant?
    /// Events about him that wait for what they refer to.
    package let waiting: Int
    /// The texts, event by event; nil: not asked for.
    package let values: [[String]]?

    init(
        _ stage: StageName, _ found: [PersonalErasure.Found], _ waiting: [WaitingOfPersons.Found], unmask: Bool
    ) {
        self.stage = stage
        self.waiting = waiting.count
        events = found.reduce(0) { $0 + $1.rows.count }
        since = found.flatMap { $0.rows.map(\.row.at) }.min()
        lastSeen = found.compactMap(\.summary.lastSeen).max()
        let texts = found.flatMap { $0.rows.map(\.values) } + waiting.map(\.values)
        values = unmask ? texts.map { $0.filter { !$0.isEmpty } } : nil
    }

    static func table(_ stages: [PersonAtStage]) -> [String] {
        var table = TextTable("STAGE", ">EVENTS", ">WAITING", "SINCE", "LAST SEEN")
        for one in stages {
            table.add(
                one.stage.rawValue, String(one.events), String(one.waiting), one.since?.description ?? "-",
                one.lastSeen?.description ?? "-")
        }
        return table.lines
    }
}

/// The result of `recourse person show`. Without the phone or case: it stands in the question.
package struct PersonReport: OperationReport, Hashable, Codable {
    package let stages: [PersonAtStage]
    /// Ids of dead letters about the person.
    package let deadLetters: [String]
    /// Ids of dead letters that are damaged, so that nobody can tell whose they are.
    package let damaged: [String]

    package var isKnown: Bool { !stages.isEmpty || !deadLetters.isEmpty }
    package var exitCode: Int32 { isKnown ? 0 : 1 }

    package var text: String {
        guard isKnown else {
            return (["Nobody is known by that."] + DamagedLetters.lines(damaged)).joined(separator: "\n")
        }
        var lines = PersonAtStage.table(stages)
        lines.append("Dead letters: " + (deadLetters.isEmpty ? "none" : deadLetters.joined(separator: ", ")))
        for one in stages {
            for values in one.values ?? [] {
                lines.append(TextTable.printable("\(one.stage.rawValue): " + values.joined(separator: " | ")))
            }
        }
        return (lines + DamagedLetters.lines(damaged)).joined(separator: "\n")
    }
}

private enum DamagedLetters {
    static func lines(_ ids: [String]) -> [String] {
        guard !ids.isEmpty else { return [] }
        return ["Damaged dead letters, of which nobody can tell whose they are: " + ids.joined(separator: ", ")]
    }
}

/// The result of `recourse person erase`.
package struct PersonErasure: OperationReport, Hashable, Codable {
    /// As it was.
    package let stages: [PersonAtStage]
    /// How many letters were erased.
    package let deadLetters: Int
    /// Ids of dead letters that are damaged, so that nobody can tell whose they are. They are left.
    package let damaged: [String]

    package var text: String {
        let lines =
            stages.isEmpty && deadLetters == 0
            ? ["Nobody is known by that; nothing was erased."]
            : PersonAtStage.table(stages) + ["Erased, and the content of \(deadLetters) dead letters."]
        return (lines + DamagedLetters.lines(damaged)).joined(separator: "\n")
    }
}

/// The result of `recourse person rekey`.
package struct PersonRekeying: OperationReport, Hashable, Codable {
    /// The key that seals now; empty: none.
    package let key: String
    package let resealed: [Figure]
    /// How many are damaged, where there are any. They still lie under a former key.
    package let damaged: [Figure]

    package var exitCode: Int32 { damaged.isEmpty ? 0 : 1 }

    package var text: String {
        func counts(_ figures: [Figure]) -> String {
            figures.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        }
        let done = "Sealed with \(key.isEmpty ? "no key: everything lies open" : key): \(counts(resealed))"
        if damaged.isEmpty { return done }
        return done + "\nDamaged, and left under their former keys, which must stay in the key file: \(counts(damaged))"
    }
}
