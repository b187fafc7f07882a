import Schema
import Store
import Synchronization

/// Dead letters whose bodies, headers and properties lie sealed in the store. A letter may hold anything, so all of it is
/// sealed, and comes out byte for byte. Its traces are made here, where it is open.
package final class SealedDeadLetters: DeadLetterStore {
    let store: any DeadLetterStore
    private let keyring: Keyring
    /// As read from the store, where its secret never changes.
    private let digester = Mutex<PersonalDigester?>(nil)

    package init(_ store: any DeadLetterStore, keyring: Keyring) {
        self.store = store
        self.keyring = keyring
    }

    package func upsert(_ letters: [DeadLetter], parkedAt: Instant) async throws -> Int {
        let changed = try await store.upsert(try letters.map(seal), parkedAt: parkedAt)
        if changed > 0 { try await trace(letters) }
        return changed
    }

    package func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) async throws -> [ParkedLetter] {
        try await store.list(filter, after: after, limit: limit).map(open)
    }

    package func get(_ id: String) async throws -> ParkedLetter? { try await store.get(id).map(open) }

    package func mark(_ marks: [DeadLetterMark]) async throws -> [ParkedLetter] {
        try await store.mark(marks).map(open)
    }

    package func find(_ events: [EventKey]) async throws -> [EventKey: [ParkedLetter]] {
        try await store.find(events).mapValues { try $0.map(open) }
    }

    package func erase(_ letters: [LetterErasure], note: String) async throws -> Int {
        try await store.erase(letters, note: note)
    }

    package func replace(_ rows: [ParkedLetter]) async throws {
        let sealed = try rows.map { row in
            var row = row
            row.letter = try seal(row.letter)
            return row
        }
        try await store.replace(sealed)
    }

    package func counts() async throws -> [DeadLetterCount] { try await store.counts() }
    package func scrub() async throws { try await store.scrub() }
    package func close() async { await store.close() }

    /// Why the keys given do not open the letters; nil: they do, as far as the newest tells.
    package func fault() async throws -> SealFailure? {
        guard let newest = try await store.list(DeadLetterFilter(), after: nil, limit: 1).first else { return nil }
        do throws(SealFailure) {
            _ = try Envelope.open(newest.letter.body, context("body", newest.letter), keyring)
            return nil
        } catch {
            return error
        }
    }

    /// Seals every letter with the current key that another has sealed, or none.
    ///
    /// - Returns: how many.
    package func reseal() async throws -> Int {
        if let kept = try await store.secret(), kept.key != keyring.currentId {
            let (key, sealed) = try keyring.seal(try open(kept), context: Self.secretContext)
            try await store.resealSecret(PersonalSecret(key: key, sealed: sealed))
        }
        var place: DeadLetterPlace?
        var count = 0
        while true {
            let page = try await store.list(DeadLetterFilter(), after: place, limit: 200)
            let old = page.filter { !$0.isErased && Envelope.key(of: $0.letter.body) != keyring.currentId }
            try await replace(try old.map(open))
            count += old.count
            guard let last = page.last else { return count }
            place = last.place
        }
    }

    // MARK: Traces

    private static let secretContext = Array("recourse/parking/secret".utf8)
    /// A letter may be a megabyte.
    private static let pageSize = 50

    package func keepTraces(_ traces: [String: Set<PersonalTrace>]) async throws { try await store.keepTraces(traces) }
    package func untraced(limit: Int) async throws -> [ParkedLetter] {
        try await store.untraced(limit: limit).map(open)
    }

    package func ids(of traces: Set<PersonalTrace>) async throws -> [String] { try await store.ids(of: traces) }
    package func secret() async throws -> PersonalSecret? { try await store.secret() }
    package func keepSecret(_ secret: PersonalSecret) async throws -> PersonalSecret {
        try await store.keepSecret(secret)
    }

    package func resealSecret(_ secret: PersonalSecret) async throws { try await store.resealSecret(secret) }

    /// Traces what programs of an older release have parked, page by page; once that is done it costs nothing.
    ///
    /// - Throws: `CancellationError` when it was stopped, `StoreFailure`.
    func traceAll(_ isStopped: () -> Bool) async throws {
        while true {
            guard !isStopped() else { throw CancellationError() }
            let page = try await untraced(limit: Self.pageSize)
            if page.isEmpty { return }
            try await trace(page.map(\.letter))
        }
    }

    private func trace(_ letters: [DeadLetter]) async throws {
        let digester = try await establishDigester()
        var traces: [String: Set<PersonalTrace>] = [:]
        for letter in letters {
            traces[letter.id] = digester.traces(of: LetterContent(letter))
        }
        try await store.keepTraces(traces)
    }

    /// What letters are found by that hold one of these numbers, or are about one of these matters.
    func traces(phones: Set<PhoneKey>, subjects: Set<PersonalSubject>) async throws -> Set<PersonalTrace> {
        if phones.isEmpty { return Set(subjects.map { PersonalTrace($0) }) }
        return try await establishDigester().traces(of: phones, subjects)
    }

    private func establishDigester() async throws -> PersonalDigester {
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

    // MARK: Envelopes

    private func seal(_ letter: DeadLetter) throws -> DeadLetter {
        var letter = letter
        letter.headers = try Envelope.seal(letter.headers, context("headers", letter), keyring)
        letter.properties = try Envelope.seal(letter.properties, context("properties", letter), keyring)
        letter.body = try Envelope.seal(letter.body, context("body", letter), keyring)
        return letter
    }

    private func open(_ row: ParkedLetter) throws -> ParkedLetter {
        var letter = row.letter
        do throws(SealFailure) {
            letter.headers = try Envelope.open(letter.headers, context("headers", letter), keyring)
            letter.properties = try Envelope.open(letter.properties, context("properties", letter), keyring)
            letter.body = try Envelope.open(letter.body, context("body", letter), keyring)
        } catch {
            throw StoreFailure(
                .unavailable, operation: "opening the dead letter \(letter.id)", cause: error.description)
        }
        var row = row
        row.letter = letter
        return row
    }

    private func context(_ member: String, _ letter: DeadLetter) -> [UInt8] {
        Array("recourse/parking/\(letter.id)/\(member)".utf8)
    }
}

/// How sealed bytes say which key has sealed them. What begins with no such mark is not sealed.
private enum Envelope {
    private static let mark: [UInt8] = [0, 0x52, 0x53, 1]

    /// The id of the key; empty: not sealed.
    static func key(of bytes: [UInt8]) -> String { split(bytes)?.key ?? "" }

    static func seal(_ plain: [UInt8], _ context: [UInt8], _ keyring: Keyring) throws -> [UInt8] {
        if plain.isEmpty { return plain }
        let (key, sealed) = try keyring.seal(plain, context: context)
        // What only looks sealed is marked too, so that it comes out as it was.
        if key.isEmpty, !plain.starts(with: mark) { return plain }
        return mark + [UInt8(clamping: key.utf8.count)] + Array(key.utf8) + sealed
    }

    static func open(_ bytes: [UInt8], _ context: [UInt8], _ keyring: Keyring) throws(SealFailure) -> [UInt8] {
        guard let (key, sealed) = split(bytes) else { return bytes }
        return try keyring.open(sealed, key: key, context: context)
    }

    private static func split(_ bytes: [UInt8]) -> (key: String, sealed: [UInt8])? {
        guard bytes.starts(with: mark), bytes.count > mark.count else { return nil }
        let start = mark.count + 1
        let end = start + Int(bytes[mark.count])
        guard end <= bytes.count else { return nil }
        return (String(decoding: bytes[start..<end], as: UTF8.self), Array(bytes[end...]))
    }
}
