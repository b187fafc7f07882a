internal import Crypto
import Schema
import Store

/// Who sits at the command line.
package struct Operator: Sendable, Hashable {
    /// As they call themselves; else the system user.
    package let name: String
    package let systemUser: String

    package init(name: String, systemUser: String) {
        self.name = name
        self.systemUser = systemUser
    }

    /// Whether it can name somebody in the audit log: 1 to 64 characters, none of which steers a terminal.
    package static func isName(_ text: String) -> Bool {
        (1...AuditLogFrame.nameLimit).contains(text.count) && text.utf8.count <= 4 * AuditLogFrame.nameLimit
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
                default: true
                }
            }
    }
}

/// Something that somebody did, or looked at.
package struct OperatorAct: Sendable, Hashable {
    /// What it was done to, and what changed of it.
    package struct Object: Sendable, Hashable, Codable {
        /// As in `AuditLogObject`.
        package let object: String
        /// nil: there is nothing to tell of it.
        package let before: String?
        package let after: String?

        package init(_ object: String, before: String? = nil, after: String? = nil) {
            (self.object, self.before, self.after) = (object, before, after)
        }
    }

    package enum Outcome: String, Sendable, CaseIterable { case done, begun, failed, refused }

    /// In characters.
    package static let reasonLimit = 1_000

    package let verb: String
    package var objects: [Object] = []
    /// As the operator put it.
    package var reason: String?
    /// What came of it, where the outcome alone does not say.
    package var detail: String?
    package var outcome = Outcome.done
    /// Of whom it tells though no number stands in it, so that an erasure of that person finds it.
    package var persons: Set<PersonalTrace> = []

    package init(_ verb: String, _ objects: [Object] = [], reason: String? = nil) {
        self.verb = verb
        self.objects = objects
        self.reason = reason
    }
}

/// Writes the audit log, and reads it: seals content with the installation's keys, and opens it.
///
/// An act on dead letters is written in the transaction that does it; a look is written before anything is shown. So what
/// cannot be logged is not done.
package struct AuditLog: Sendable {
    /// What is written at once; whoever writes it turns what it does to this many letters into one entry.
    package static let objectsPerEntry = AuditLogDraft.objectLimit

    let letters: SealedDeadLetters
    package let who: Operator
    package let wall: @Sendable () -> Instant
    let tell: @Sendable (_ verb: String, AuditLogHead) -> Void

    /// - Parameters:
    ///   - letters: beside which the log lies, with its keys.
    ///   - tell: is told of each head, so that it stands in a place that nobody can change together with the log.
    package init(
        beside letters: SealedDeadLetters, of who: Operator, wall: @escaping @Sendable () -> Instant,
        tell: @escaping @Sendable (_ verb: String, AuditLogHead) -> Void = { _, _ in }
    ) {
        self.letters = letters
        self.who = who
        self.wall = wall
        self.tell = tell
    }

    // MARK: - Writing

    /// Durable when it returns.
    ///
    /// - Throws: `StoreFailure`, `OversizedAct`.
    package func write(_ act: OperatorAct) async throws {
        let head = try await letters.store.writeLog(try await prepare(act))
        tell(act.verb, head)
    }

    /// Marks letters, and writes what was done, in one transaction: an entry for each hundred of them.
    ///
    /// - Parameter object: what changed of a letter; it was `before`.
    /// - Throws: `StoreFailure`, `OversizedAct`.
    package func mark(
        _ marks: [DeadLetterMark], as act: OperatorAct,
        object: @escaping @Sendable (_ after: ParkedLetter) -> OperatorAct.Object
    ) async throws -> [ParkedLetter] {
        let texts = [act.reason, act.detail].compactMap { $0 } + marks.map(\.id)
        let traces = try await letters.traces(ofNumbersIn: texts).union(act.persons)
        try check(act)
        let change = try await letters.mark(marks) { try drafts(act, $0.map(object), traces) }
        if let head = change.head { tell(act.verb, head) }
        return change.rows
    }

    /// An entry for each hundred objects, or more entries where one has no room for so many.
    func drafts(
        _ act: OperatorAct, _ objects: [OperatorAct.Object], _ traces: Set<PersonalTrace>
    ) throws -> [AuditLogDraft] {
        try stride(from: 0, to: objects.count, by: Self.objectsPerEntry).flatMap { start in
            var part = act
            part.objects = Array(objects[start..<min(start + Self.objectsPerEntry, objects.count)])
            return try drafts(part, traces)
        }
    }

    func prepare(_ act: OperatorAct) async throws -> [AuditLogDraft] {
        try check(act)
        let texts = [act.reason, act.detail].compactMap { $0 } + act.objects.map(\.object)
        return try drafts(act, try await letters.traces(ofNumbersIn: texts).union(act.persons))
    }

    /// One entry; several where what changed of many objects is more than one has room for.
    ///
    /// - Throws: `OversizedAct` if what is told of one object is.
    private func drafts(_ act: OperatorAct, _ traces: Set<PersonalTrace>) throws -> [AuditLogDraft] {
        let draft = try draft(act, traces)
        guard draft.content.count > AuditLogDraft.contentLimit else { return [draft] }
        guard act.objects.count > 1 else { throw OversizedAct(verb: act.verb, bytes: draft.content.count) }
        var (first, second) = (act, act)
        first.objects.removeLast(act.objects.count - act.objects.count / 2)
        second.objects.removeFirst(act.objects.count / 2)
        return try drafts(first, traces) + drafts(second, traces)
    }

    func check(_ act: OperatorAct) throws {
        for text in [act.reason, act.detail].compactMap({ $0 }) where text.count > OperatorAct.reasonLimit {
            throw OversizedAct(verb: act.verb, characters: text.count)
        }
    }

    private func draft(_ act: OperatorAct, _ traces: Set<PersonalTrace>) throws -> AuditLogDraft {
        precondition(act.objects.count <= Self.objectsPerEntry, "an entry has room for \(Self.objectsPerEntry) objects")
        let content = AuditLogContent(
            salt: Identifiers.hexadecimal(SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }),
            objects: act.objects, reason: act.reason, detail: act.detail)
        let plain = try JSONEncoding.bytes(of: content)
        let digest = Identifiers.digest(plain)
        let frame = AuditLogFrame(
            at: wall(), operatorName: who.name, systemUser: who.systemUser, verb: act.verb,
            outcome: act.outcome.rawValue)
        return AuditLogDraft(
            frame: frame, digest: digest, content: try Envelope.seal(plain, Self.context(digest), letters.keyring),
            objects: Set(act.objects.map(\.object)), traces: traces)
    }

    /// Bound to the digest, so that the content of one entry opens at no other.
    private static func context(_ digest: [UInt8]) -> [UInt8] {
        Array("recourse/audit-log/".utf8) + digest
    }

    // MARK: - Reading

    /// - Throws: `StoreFailure`, unavailable if a key is missing.
    package func entries(
        _ filter: AuditLogFilter, _ page: AuditLogPage, limit: Int
    ) async throws -> [LoggedAct] {
        try await letters.store.logEntries(filter, page, limit: limit).map(open)
    }

    package func count(_ filter: AuditLogFilter) async throws -> Int { try await letters.store.logCount(filter) }
    package func head() async throws -> AuditLogHead { try await letters.store.logHead() }

    private func open(_ entry: AuditLogEntry) throws -> LoggedAct {
        guard let sealed = entry.content else { return LoggedAct(entry, content: nil, fault: nil) }
        do throws(SealFailure) {
            let plain = try Envelope.open(sealed, Self.context(entry.digest), letters.keyring)
            guard Identifiers.digest(plain) == entry.digest else {
                return LoggedAct(entry, content: nil, fault: "its content is not what was written")
            }
            return LoggedAct(entry, content: AuditLogContent(reading: plain), fault: nil)
        } catch {
            guard error.ofOne == .corrupt else {
                throw StoreFailure(
                    .unavailable, operation: "opening entry \(entry.number) of the audit log", cause: error.description)
            }
            return LoggedAct(entry, content: nil, fault: "its content cannot be opened: \(error.description)")
        }
    }

    // MARK: - Keys and erasure

    private static let resealSize = 200

    /// Seals content with the current key that another has sealed, or none.
    ///
    /// - Returns: how much, and how much is damaged and still lies under another key.
    package static func reseal(beside letters: SealedDeadLetters) async throws -> (resealed: Int, damaged: Int) {
        var (position, resealed, damaged) = (Int64(0), 0, 0)
        while true {
            let page = try await letters.store.logEntries(AuditLogFilter(), .after(position), limit: resealSize)
            guard let last = page.last else { return (resealed, damaged) }
            position = last.number
            var fresh: [Int64: [UInt8]] = [:]
            for entry in page {
                guard let sealed = entry.content, Envelope.key(of: sealed) != letters.keyring.currentId else {
                    continue
                }
                do throws(SealFailure) {
                    let plain = try Envelope.open(sealed, context(entry.digest), letters.keyring)
                    fresh[entry.number] = try Self.seal(plain, entry.digest, letters.keyring)
                } catch {
                    guard error.ofOne == .corrupt else {
                        throw StoreFailure(
                            .unavailable, operation: "opening entry \(entry.number) of the audit log",
                            cause: error.description)
                    }
                    damaged += 1
                }
            }
            try await letters.store.resealLog(fresh)
            resealed += fresh.count
        }
    }

    private static func seal(_ plain: [UInt8], _ digest: [UInt8], _ keyring: Keyring) throws(SealFailure) -> [UInt8] {
        do {
            return try Envelope.seal(plain, context(digest), keyring)
        } catch {
            throw .wrong(key: keyring.currentId)
        }
    }
}

/// What somebody wrote is longer than the audit log keeps.
package struct OversizedAct: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(verb: String, characters: Int) {
        description =
            "\(verb): the reason has \(characters) characters, and may have \(OperatorAct.reasonLimit); say it shorter"
    }

    /// Few characters may be many bytes.
    init(verb: String, bytes: Int) {
        description =
            "\(verb): what the audit log would keep has \(bytes) bytes, and may have \(AuditLogDraft.contentLimit); say it shorter"
    }
}

/// What of an entry may be erased. The salt keeps anybody from finding out by trial what was erased.
struct AuditLogContent: Sendable, Hashable, Codable {
    let salt: String
    let objects: [OperatorAct.Object]
    let reason: String?
    let detail: String?

    init(salt: String, objects: [OperatorAct.Object], reason: String?, detail: String?) {
        (self.salt, self.objects, self.reason, self.detail) = (salt, objects, reason, detail)
    }

    /// What of it a program of a later release has written that this one does not know is left out.
    init(reading plain: [UInt8]) {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: plain)
        } catch {
            // Its digest is right, so it was written so; there is nothing in it for this program.
            json = .null
        }
        self.init(
            salt: json["salt"]?.string ?? "",
            objects: (json["objects"]?.elements ?? []).map { one in
                OperatorAct.Object(
                    one["object"]?.string ?? "", before: one["before"]?.string, after: one["after"]?.string)
            },
            reason: json["reason"]?.string, detail: json["detail"]?.string)
    }
}

/// An entry of the audit log, opened.
package struct LoggedAct: Sendable, Hashable {
    package let entry: AuditLogEntry
    package let objects: [OperatorAct.Object]
    package let reason: String?
    package let detail: String?
    /// The content is not what was written; nil: it is, or it was erased.
    package let fault: String?

    package var isErased: Bool { entry.content == nil }

    init(_ entry: AuditLogEntry, content: AuditLogContent?, fault: String?) {
        self.entry = entry
        objects = content?.objects ?? []
        reason = content?.reason
        detail = content?.detail
        self.fault = fault
    }
}
