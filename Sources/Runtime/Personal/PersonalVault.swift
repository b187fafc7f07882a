internal import Crypto
import Schema
import Store
import Synchronization

/// Seals and opens what one stage keeps of persons, and tells by what a telephone number is looked up.
package final class PersonalVault: Sendable {
    private struct Secret {
        /// As read from the store, where it never changes.
        var committed: [UInt8]?
        /// The transaction that has made one last: it may yet be rolled back, and the secret with it.
        var maker: ObjectIdentifier?
    }

    let stage: StageName
    package let keyring: Keyring
    private let secret = Mutex(Secret())

    package init(stage: StageName, keyring: Keyring = .none) {
        self.stage = stage
        self.keyring = keyring
    }

    // MARK: The secret

    /// The store's secret, made where there is none.
    ///
    /// - Throws: `StoreFailure`, unavailable, if the key that sealed it is not there.
    func establishDigester(in transaction: any StoreTransaction) throws -> PersonalDigester {
        if let digester = try digester(in: transaction) { return digester }
        secret.withLock { $0.maker = ObjectIdentifier(transaction as AnyObject) }
        let (key, sealed) = try seal(secret: PersonalDigester.freshSecret())
        let kept = try transaction.keepPersonalSecret(PersonalSecret(key: key, sealed: sealed))
        return PersonalDigester(secret: try open(kept))
    }

    /// nil: the store has none yet, so it knows no person.
    package func digester(in snapshot: any StoreSnapshot) throws -> PersonalDigester? {
        if let known = secret.withLock({ $0.committed }) { return PersonalDigester(secret: known) }
        guard let kept = try snapshot.personalSecret() else { return nil }
        let opened = try open(kept)
        // A snapshot sees what is committed; a transaction sees its own too.
        secret.withLock { secret in
            if secret.maker != ObjectIdentifier(snapshot as AnyObject) { secret.committed = opened }
        }
        return PersonalDigester(secret: opened)
    }

    private var secretContext: [UInt8] { Array("recourse/\(stage.rawValue)/secret".utf8) }

    private func seal(secret: [UInt8]) throws -> (key: String, sealed: [UInt8]) {
        try keyring.seal(secret, context: secretContext)
    }

    private func open(_ secret: PersonalSecret) throws -> [UInt8] {
        do throws(SealFailure) {
            return try keyring.open(
                secret.sealed, key: secret.key, context: secretContext)
        } catch {
            throw StoreFailure(
                .unavailable, operation: "opening the secret of the stage's store", cause: error.description)
        }
    }

    /// How many rows may be damaged before it is rather the key that is another.
    private static let tried = 10

    /// Why the keys given do not fit this store; nil: they do, as far as its secret and its oldest rows tell.
    ///
    /// - Throws: `StoreFailure`.
    package func fault(in snapshot: any StoreSnapshot) throws -> SealFailure? {
        let kept = try snapshot.personalSecret()
        if let kept {
            do throws(SealFailure) {
                _ = try keyring.open(
                    kept.sealed, key: kept.key, context: secretContext)
            } catch {
                return error
            }
        }
        var found: SealFailure?
        for row in try snapshot.personalRows(after: 0, limit: Self.tried) {
            if row.key == kept?.key { return nil }
            do throws(SealFailure) {
                _ = try keyring.open(
                    row.sealed, key: row.key, context: context(number: row.number, person: row.person))
                return nil
            } catch {
                if error.ofOne == .unavailable { return error }
                found = error
            }
        }
        return found
    }

    // MARK: Values

    private func context(number: Int64, person: Int64) -> [UInt8] {
        Array("recourse/\(stage.rawValue)/\(number)/\(person)".utf8)
    }

    func seal(_ values: [String], number: Int64, person: Int64) throws -> (key: String, sealed: [UInt8]) {
        var writer = JSONWriter(reserving: values.reduce(2) { $0 + $1.utf8.count + 3 })
        writer.strings(values)
        return try keyring.seal(writer.bytes, context: context(number: number, person: person))
    }

    /// - Throws: `StoreFailure`: unavailable if the key that sealed them is not there, corrupt if they are damaged.
    package func values(of row: PersonalRow) throws -> [String] {
        let plain: [UInt8]
        do throws(SealFailure) {
            plain = try keyring.open(
                row.sealed, key: row.key, context: context(number: row.number, person: row.person))
        } catch {
            throw StoreFailure(
                error.ofOne, operation: "opening personal values \(row.number)", cause: error.description)
        }
        do throws(JSONSyntaxError) {
            return (try JSON(parsing: plain).elements ?? []).map { $0.string ?? "" }
        } catch {
            throw StoreFailure(
                .corrupt, operation: "opening personal values \(row.number)", cause: "no JSON at byte \(error.offset)")
        }
    }

    // MARK: Retention

    private struct Sweep {
        var next: Instant?
        /// The number of the last row looked at.
        var position: Int64 = 0
    }

    private let sweep = Mutex(Sweep())
    /// How many persons, and rows that belong to nobody, one transaction looks at.
    private static let sweepLimit = 100
    private static let sweepHours: Int64 = 1

    /// Once an hour, and again at once as long as there is more: erases persons who have not been seen since `bound`, and
    /// what nobody is known for.
    ///
    /// - Parameters:
    ///   - bound: business time.
    ///   - wall: tells when the hour is over.
    /// - Returns: how many persons and rows are gone.
    func retire(before bound: Instant, wall: Instant, in transaction: any StoreTransaction) throws -> Int {
        let present = sweep.withLock { $0 }
        if let next = present.next, wall < next { return 0 }
        let persons = try transaction.personsUnseen(since: bound, limit: Self.sweepLimit)
        for lookup in persons { _ = try transaction.erasePerson(.phone(lookup)) }
        let rows = try transaction.eraseStrayPersonal(
            before: bound, after: present.position, limit: 10 * Self.sweepLimit)
        let isDone = persons.count < Self.sweepLimit && rows.last == nil
        sweep.withLock {
            $0.position = rows.last ?? 0
            $0.next = isDone ? wall.adding(hours: Self.sweepHours) : nil
        }
        return persons.count + rows.erased
    }

    // MARK: Rotation

    /// Seals the secret and up to `limit` rows above `after` with the current key, where another has sealed them.
    ///
    /// What is damaged stays as it is.
    ///
    /// - Returns: the number of the last row looked at, nil at the end; how many were sealed again; and how many are damaged
    ///   and still lie under another key.
    package func reseal(
        after: Int64, limit: Int, in transaction: any StoreTransaction
    ) throws -> (last: Int64?, resealed: Int, damaged: Int) {
        if let kept = try transaction.personalSecret(), kept.key != keyring.currentId {
            let (key, sealed) = try seal(secret: try open(kept))
            try transaction.resealPersonalSecret(PersonalSecret(key: key, sealed: sealed))
        }
        let page = try transaction.personalRows(after: after, limit: limit)
        let old = page.filter { $0.key != keyring.currentId }
        var fresh: [PersonalRow] = []
        for var row in old {
            do {
                (row.key, row.sealed) = try seal(try values(of: row), number: row.number, person: row.person)
                fresh.append(row)
            } catch let failure as StoreFailure where failure.kind == .corrupt {
                continue
            }
        }
        try transaction.resealPersonal(fresh)
        return (page.last?.number, fresh.count, old.count - fresh.count)
    }
}

/// Keyed digests of one store: nobody without its secret can tell whether it knows a telephone number.
package struct PersonalDigester: Sendable {
    /// Before any message: to take the key in costs as much as a short message.
    private let keyed: HMAC<SHA256>

    init(secret: [UInt8]) {
        keyed = HMAC(key: SymmetricKey(data: secret))
    }

    /// - Parameter parts: each with its length, so that no two lists are written alike.
    private func digest(_ parts: [String]) -> HMAC<SHA256>.MAC {
        var message: [UInt8] = []
        message.reserveCapacity(parts.reduce(0) { $0 + $1.utf8.count + 8 })
        for part in parts {
            withUnsafeBytes(of: UInt64(part.utf8.count).littleEndian) { message.append(contentsOf: $0) }
            message.append(contentsOf: part.utf8)
        }
        var hash = keyed
        hash.update(data: message)
        return hash.finalize()
    }

    static func freshSecret() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

    /// By what a dead letter with this number is found.
    func trace(_ key: PhoneKey) -> PersonalTrace { PersonalTrace(number: number(["letter", key.digits])) }

    /// By what a dead letter is found that names this.
    func trace(_ term: LetterTerm) -> PersonalTrace {
        PersonalTrace(number: number(["letter term", term.kind.rawValue, term.value]))
    }

    package func lookup(_ key: PhoneKey) -> PersonalLookup { lookup(digits: key.digits) }

    /// What release 0.1 has kept whoever has this phone under. The same as that of the key where both have the same digits.
    package func firstEditionLookup(phone: String) -> PersonalLookup {
        lookup(digits: FirstEditionPhoneKey.digits(of: phone))
    }

    private func lookup(digits: String) -> PersonalLookup {
        PersonalLookup(bytes: digest(["phone", digits]).withUnsafeBytes { Array($0.prefix(16)) })
    }

    /// Of one part of a document, with what the document is about.
    func content(type: EventType, _ part: PersonalDocument.Part, about subjects: [PersonalSubject]) -> Int64 {
        let numbers = subjects.map { String($0.number) }
        return number(["content", type.rawValue, String(numbers.count)] + numbers + part.values)
    }

    private func number(_ parts: [String]) -> Int64 {
        digest(parts).withUnsafeBytes { Identifiers.number(first: $0) }
    }
}
