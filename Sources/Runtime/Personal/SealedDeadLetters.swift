import Schema
import Store
import Synchronization

/// Dead letters whose bodies, headers and properties lie sealed in the store. A letter may hold anything, so all of it is
/// sealed, and comes out byte for byte. Its traces are made here, where it is open.
///
/// One that somebody has damaged comes out as what is left of it (`ParkedLetter.isDamaged`), and hinders no other. Only a
/// key that is missing stops everything, with `StoreFailure` (unavailable): it can be given.
package final class SealedDeadLetters: DeadLetterStore {
    package let store: any DeadLetterStore
    let keyring: Keyring
    /// As read from the store, where its secret never changes.
    private let digester = Mutex<PersonalDigester?>(nil)

    package init(_ store: any DeadLetterStore, keyring: Keyring) {
        self.store = store
        self.keyring = keyring
    }

    package func upsert(_ letters: [DeadLetter], parkedAt: Instant) async throws -> Int {
        let changed = try await store.upsert(try letters.map(seal), parkedAt: parkedAt)
        if changed > 0 { try await index(letters) }
        return changed
    }

    package func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) async throws -> [ParkedLetter] {
        try await store.list(filter, after: after, limit: limit).map(open)
    }

    package func count(_ filter: DeadLetterFilter) async throws -> Int { try await store.count(filter) }
    package func places(
        _ filter: DeadLetterFilter, after number: Int64, limit: Int
    ) async throws -> [LetterPlace] {
        try await store.places(filter, after: number, limit: limit)
    }
    package func groups(_ filter: DeadLetterFilter, limit: Int) async throws -> [LetterGroup] {
        try await store.groups(filter, limit: limit)
    }
    package func groupCount(_ filter: DeadLetterFilter) async throws -> Int { try await store.groupCount(filter) }
    package func ids(beginningWith prefix: String, limit: Int) async throws -> [String] {
        try await store.ids(beginningWith: prefix, limit: limit)
    }

    package func get(_ id: String) async throws -> ParkedLetter? { try await store.get(id).map(open) }
    package func letters(_ ids: [String]) async throws -> [String: ParkedLetter] {
        try await store.letters(ids).mapValues(open)
    }

    package func mark(
        _ marks: [DeadLetterMark], logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> LetterChange {
        let change = try await store.mark(marks, logging: acts)
        return LetterChange(rows: try change.rows.map(open), head: change.head)
    }

    package func find(_ events: [EventKey]) async throws -> [EventKey: [ParkedLetter]] {
        try await store.find(events).mapValues { try $0.map(open) }
    }

    package func erase(_ letters: [LetterErasure], note: String) async throws -> Int {
        try await store.erase(letters, note: note)
    }

    /// What is damaged stays as it is: what is left of it must not take its place.
    package func replace(_ rows: [ParkedLetter]) async throws {
        let sealed = try rows.filter { !$0.isDamaged }.map { row in
            var row = row
            row.letter = try seal(row.letter)
            return row
        }
        try await store.replace(sealed)
    }

    package func counts() async throws -> [DeadLetterCount] { try await store.counts() }
    package func scrub() async throws { try await store.scrub() }
    package func close() async { await store.close() }

    /// How many letters may be damaged before it is rather the key that is another.
    private static let tried = 10

    /// Why the keys given do not open the letters; nil: they do, as far as their secret and the newest tell.
    package func fault() async throws -> SealFailure? {
        let secret = try await store.secret()
        if let secret {
            do throws(SealFailure) {
                _ = try keyring.open(secret.sealed, key: secret.key, context: Self.secretContext)
            } catch {
                return error
            }
        }
        var found: SealFailure?
        var place: DeadLetterPlace?
        for _ in 0..<Self.tried {
            guard let newest = try await store.list(DeadLetterFilter(), after: place, limit: 1).first else { break }
            if Envelope.key(of: newest.letter.body) == secret?.key { return nil }
            do throws(SealFailure) {
                _ = try Envelope.open(newest.letter.body, context("body", newest.letter), keyring)
                return nil
            } catch {
                if error.ofOne == .unavailable { return error }
                found = error
            }
            place = newest.place
        }
        return found
    }

    /// Seals every letter, and every edit that waits, with the current key that another has sealed, or none. What is damaged
    /// stays as it is.
    ///
    /// - Returns: how many, and how many are damaged and still lie under another key.
    package func reseal() async throws -> (resealed: Int, damaged: Int) {
        if let kept = try await store.secret(), kept.key != keyring.currentId {
            let (key, sealed) = try keyring.seal(try open(kept), context: Self.secretContext)
            try await store.resealSecret(PersonalSecret(key: key, sealed: sealed))
        }
        var place: DeadLetterPlace?
        var (resealed, damaged) = try await resealEdits()
        while true {
            let page = try await store.list(DeadLetterFilter(), after: place, limit: Self.resealSize)
            let former = page.filter { !$0.isErased && Envelope.key(of: $0.letter.body) != keyring.currentId }
            let old = try former.map(open)
            try await replace(old)
            let left = old.count(where: \.isDamaged)
            (resealed, damaged) = (resealed + old.count - left, damaged + left)
            guard let last = page.last else { return (resealed, damaged) }
            place = last.place
        }
    }

    // MARK: What leads to them

    private static let secretContext = Array("recourse/parking/secret".utf8)
    private static let pageSize = 50
    private static let pageBytes = 1 << 20
    /// One of release 0.1 may be sixteen.
    private static let resealSize = 8

    package func keepIndex(_ indices: [String: LetterIndex]) async throws { try await store.keepIndex(indices) }
    package func unindexedCount() async throws -> Int { try await store.unindexedCount() }
    package func unindexed(limit: Int, bytes: Int) async throws -> [ParkedLetter] {
        try await store.unindexed(limit: limit, bytes: bytes).map(open)
    }

    package func ids(of traces: Set<PersonalTrace>) async throws -> [String] { try await store.ids(of: traces) }
    package func secret() async throws -> PersonalSecret? { try await store.secret() }
    package func keepSecret(_ secret: PersonalSecret) async throws -> PersonalSecret {
        try await store.keepSecret(secret)
    }

    package func resealSecret(_ secret: PersonalSecret) async throws { try await store.resealSecret(secret) }

    /// Indexes what programs of an older release have parked, page by page; once that is done it costs nothing.
    ///
    /// - Parameter limit: no further page is begun behind so many letters.
    /// - Throws: `CancellationError` when it was stopped, `StoreFailure`.
    package func indexAll(limit: Int = .max, _ isStopped: () -> Bool = { false }) async throws {
        var count = 0
        while count < limit {
            guard !isStopped() else { throw CancellationError() }
            let page = try await unindexed(limit: Self.pageSize, bytes: Self.pageBytes)
            if page.isEmpty { return }
            try await index(page.map(\.letter), damaged: Set(page.filter(\.isDamaged).map(\.letter.id)))
            count += page.count
        }
    }

    /// - Parameter damaged: those of which only a part can be read. They are looked at for each person.
    func index(_ letters: [DeadLetter], damaged: Set<String> = []) async throws {
        let digester = try await establishDigester()
        var indices: [String: LetterIndex] = [:]
        for letter in letters {
            let content = LetterContent(letter)
            var traces = digester.traces(of: content)
            traces.formUnion(LetterTerm.all(of: letter, content).map { digester.trace($0) })
            if damaged.contains(letter.id) { traces.insert(.overfull) }
            var letter = letter
            if !damaged.contains(letter.id) { letter.readFailure() }
            indices[letter.id] = LetterIndex(of: letter, traces: traces)
        }
        try await store.keepIndex(indices)
    }

    /// What letters are found by that name these.
    package func traces(of terms: [LetterTerm]) async throws -> [PersonalTrace] {
        let digester = try await establishDigester()
        return terms.map { digester.trace($0) }
    }

    /// What letters, and entries of the audit log, are found by that hold this number.
    package func trace(of phone: PhoneKey) async throws -> PersonalTrace { try await establishDigester().trace(phone) }

    /// Of every number that is, or could be, a telephone number in these texts.
    func traces(ofNumbersIn texts: [String]) async throws -> Set<PersonalTrace> {
        let keys = texts.reduce(into: Set<PhoneKey>()) {
            $0.formUnion(NumbersInText($1, limit: 1_000, tries: 10_000).keys)
        }
        if keys.isEmpty { return [] }
        let digester = try await establishDigester()
        return Set(keys.map { digester.trace($0) })
    }

    /// What letters are found by that hold one of these numbers, or are about one of these matters.
    func traces(phones: Set<PhoneKey>, subjects: Set<PersonalSubject>) async throws -> Set<PersonalTrace> {
        if phones.isEmpty { return Set(subjects.map { PersonalTrace($0) }) }
        return try await establishDigester().traces(of: phones, subjects)
    }

    func establishDigester() async throws -> PersonalDigester {
        if let known = digester.withLock({ $0 }) { return known }
        var kept = try await store.secret()
        if kept == nil {
            let (key, sealed) = try keyring.seal(PersonalDigester.freshSecret(), context: Self.secretContext)
            kept = try await store.keepSecret(PersonalSecret(key: key, sealed: sealed))
        }
        guard let kept else {
            throw StoreFailure(.corrupt, operation: "making the secret of the dead letters", cause: "none was kept")
        }
        let opened = PersonalDigester(secret: try open(kept))
        digester.withLock { $0 = opened }
        return opened
    }

    private func open(_ secret: PersonalSecret) throws -> [UInt8] {
        do throws(SealFailure) {
            return try keyring.open(secret.sealed, key: secret.key, context: Self.secretContext)
        } catch {
            throw StoreFailure(
                .unavailable, operation: "opening the secret of the dead letters", cause: error.description)
        }
    }

    // MARK: The audit log, sealed by `AuditLog`

    package func writeLog(_ drafts: [AuditLogDraft]) async throws -> AuditLogHead { try await store.writeLog(drafts) }
    package func logHead() async throws -> AuditLogHead { try await store.logHead() }
    package func logEntries(
        _ filter: AuditLogFilter, _ page: AuditLogPage, limit: Int
    ) async throws -> [AuditLogEntry] {
        try await store.logEntries(filter, page, limit: limit)
    }
    package func logCount(_ filter: AuditLogFilter) async throws -> Int { try await store.logCount(filter) }
    package func eraseLog(of traces: Set<PersonalTrace>) async throws -> Int { try await store.eraseLog(of: traces) }

    /// Erases what the audit log tells of a person whose numbers stand in it, or who was looked at by one, and what is
    /// proposed of letters and tells of them.
    package func eraseLog(of person: KnownPerson) async throws -> Int {
        if person.phones.isEmpty, person.subjects.isEmpty { return 0 }
        return try await store.eraseLog(of: try await traces(phones: person.phones, subjects: person.subjects))
    }
    package func resealLog(_ contents: [Int64: [UInt8]]) async throws { try await store.resealLog(contents) }

    // MARK: Envelopes

    func seal(_ letter: DeadLetter) throws -> DeadLetter {
        var letter = letter
        letter.headers = try Envelope.seal(letter.headers, context("headers", letter), keyring)
        letter.properties = try Envelope.seal(letter.properties, context("properties", letter), keyring)
        letter.body = try Envelope.seal(letter.body, context("body", letter), keyring)
        return letter
    }

    /// - Throws: `StoreFailure`, unavailable if the key that sealed it is not there.
    func open(_ row: ParkedLetter) throws -> ParkedLetter {
        var opened = row
        func open(_ bytes: [UInt8], _ member: String) throws -> [UInt8] {
            do throws(SealFailure) {
                return try Envelope.open(bytes, context(member, row.letter), keyring)
            } catch {
                guard error.ofOne == .corrupt else {
                    throw StoreFailure(
                        error.ofOne, operation: "opening the dead letter \(row.letter.id)", cause: error.description)
                }
                opened.isDamaged = true
                return []
            }
        }
        opened.letter.headers = try open(row.letter.headers, "headers")
        opened.letter.properties = try open(row.letter.properties, "properties")
        opened.letter.body = try open(row.letter.body, "body")
        return opened
    }

    private func context(_ member: String, _ letter: DeadLetter) -> [UInt8] {
        Array("recourse/parking/\(letter.id)/\(member)".utf8)
    }
}
