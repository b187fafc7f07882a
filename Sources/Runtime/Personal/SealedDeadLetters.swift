import Schema
import Store

/// Dead letters whose bodies, headers and properties lie sealed in the store. A letter may hold anything, so all of it is
/// sealed, and comes out byte for byte.
package struct SealedDeadLetters: DeadLetterStore {
    private let store: any DeadLetterStore
    private let keyring: Keyring

    package init(_ store: any DeadLetterStore, keyring: Keyring) {
        self.store = store
        self.keyring = keyring
    }

    package func upsert(_ letters: [DeadLetter], parkedAt: Instant) async throws -> Int {
        try await store.upsert(try letters.map(seal), parkedAt: parkedAt)
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

    package func erase(_ ids: [String], note: String) async throws -> Int { try await store.erase(ids, note: note) }
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
