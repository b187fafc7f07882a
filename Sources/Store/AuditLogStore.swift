import Schema

/// The audit log: who did what to what, and who looked at what, as a chain of digests that shows every later change of it.
///
/// Each entry has a frame, which stays for ever, and content, which may be erased: the chain goes over the content's digest,
/// so it holds without it.
///
/// - Throws: every call throws `StoreFailure`.
package protocol AuditLogStore: Sendable {
    /// Adds entries behind the last, in this order, and returns the head that is the last one's. Durable when it returns.
    /// Two that write at once stand in line for the head.
    func writeLog(_ drafts: [AuditLogDraft]) async throws -> AuditLogHead
    /// The head of the last entry; `AuditLogHead.origin` before the first.
    func logHead() async throws -> AuditLogHead
    /// Entries that match, in the order of the page.
    func logEntries(_ filter: AuditLogFilter, _ page: AuditLogPage, limit: Int) async throws -> [AuditLogEntry]
    /// How many entries match in all.
    func logCount(_ filter: AuditLogFilter) async throws -> Int
    /// Erases the content of the entries that hold one of these, and by what they are found; so too that of edits that
    /// wait. Returns how many entries had content.
    func eraseLog(of traces: Set<PersonalTrace>) async throws -> Int
    /// Replaces content as sealed by another key, of entries that still have theirs.
    func resealLog(_ contents: [Int64: [UInt8]]) async throws
}

/// What of an entry is never erased.
package struct AuditLogFrame: Sendable, Hashable {
    /// How long an operator's name, a system user's or a verb may be, in characters.
    package static let nameLimit = 64

    /// Wall time.
    package let at: Instant
    /// As they call themselves (`RECOURSE_OPERATOR`); else the system user.
    package let operatorName: String
    /// As the system knows them.
    package let systemUser: String
    /// As on the command line: `dead-letters discard`.
    package let verb: String
    /// A word: `done`, `failed`, `begun`, `refused`.
    package let outcome: String

    package init(at: Instant, operatorName: String, systemUser: String, verb: String, outcome: String) {
        self.at = at
        self.operatorName = operatorName
        self.systemUser = systemUser
        self.verb = verb
        self.outcome = outcome
    }

    /// Each text behind its length, so that no two frames are written alike.
    fileprivate var bytes: [UInt8] {
        var bytes = bigEndian(UInt64(bitPattern: at.microseconds))
        for text in [operatorName, systemUser, verb, outcome] {
            bytes += bigEndian(UInt64(text.utf8.count)) + Array(text.utf8)
        }
        return bytes
    }
}

private func bigEndian(_ number: UInt64) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

/// An entry that is to be written.
package struct AuditLogDraft: Sendable, Hashable {
    /// Of the content as it lies in the table, in bytes.
    package static let contentLimit = 32 * 1024
    package static let objectLimit = 100

    package let frame: AuditLogFrame
    /// SHA-256 of the content before it was sealed.
    package let digest: [UInt8]
    package let content: [UInt8]
    /// By what the entry is found: `dead-letter:ID`, `case:ID`, `person:DIGEST`.
    package let objects: Set<String>
    /// Of the telephone numbers in it.
    package let traces: Set<PersonalTrace>

    package init(
        frame: AuditLogFrame, digest: [UInt8], content: [UInt8], objects: Set<String>, traces: Set<PersonalTrace>
    ) {
        self.frame = frame
        self.digest = digest
        self.content = content
        self.objects = objects
        self.traces = traces
    }
}

/// An entry as it is kept.
package struct AuditLogEntry: Sendable, Hashable {
    /// 1 for the first; without gaps.
    package let number: Int64
    package let frame: AuditLogFrame
    package let digest: [UInt8]
    /// What the chain came to with this entry.
    package let head: [UInt8]
    /// Sealed as it lies in the table; nil: erased.
    package let content: [UInt8]?

    package init(number: Int64, frame: AuditLogFrame, digest: [UInt8], head: [UInt8], content: [UInt8]?) {
        self.number = number
        self.frame = frame
        self.digest = digest
        self.head = head
        self.content = content
    }
}

/// How far the chain has come: the number of the last entry, and a digest that every entry up to it has part in.
package struct AuditLogHead: Sendable, Hashable {
    package let number: Int64
    /// 32 bytes.
    package let hash: [UInt8]

    /// Before the first entry.
    package static let origin = AuditLogHead(number: 0, hash: [UInt8](repeating: 0, count: 32))

    package init(number: Int64, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// `17:` and 64 hexadecimal digits, as logs and backups tell it; nil: it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int64(parts[0]), number >= 0, parts[1].utf8.count == 64 else { return nil }
        var hash: [UInt8] = []
        var digits = parts[1][...]
        while let byte = UInt8(digits.prefix(2), radix: 16) {
            hash.append(byte)
            digits = digits.dropFirst(2)
        }
        guard hash.count == 32 else { return nil }
        self.init(number: number, hash: hash)
    }

    package var text: String { "\(number):\(Identifiers.hexadecimal(hash))" }

    /// The head behind one more entry: SHA-256 of this one, the entry's number, and the digests of its frame and content.
    package func followed(by frame: AuditLogFrame, digest: [UInt8]) -> AuditLogHead {
        let next = number + 1
        let link = hash + bigEndian(UInt64(next)) + Identifiers.digest(frame.bytes) + digest
        return AuditLogHead(number: next, hash: Identifiers.digest(link))
    }

    /// The entries that `drafts` become behind this head.
    package func followed(by drafts: [AuditLogDraft]) -> [(entry: AuditLogEntry, draft: AuditLogDraft)] {
        var head = self
        return drafts.map { draft in
            head = head.followed(by: draft.frame, digest: draft.digest)
            let entry = AuditLogEntry(
                number: head.number, frame: draft.frame, digest: draft.digest, head: head.hash, content: draft.content)
            return (entry, draft)
        }
    }
}

/// Which entries: those that have every given value.
package struct AuditLogFilter: Sendable, Hashable {
    package var operatorName: String?
    /// The verb, or its first word: `dead-letters`.
    package var verb: String?
    /// One of the entry's objects.
    package var object: String?

    package init() {}

    package func matches(_ frame: AuditLogFrame, objects: Set<String>) -> Bool {
        (operatorName ?? frame.operatorName) == frame.operatorName
            && (verb.map { frame.verb == $0 || frame.verb.hasPrefix($0 + " ") } ?? true)
            && (object.map(objects.contains) ?? true)
    }
}

/// Where a page begins, and which way it goes.
package enum AuditLogPage: Sendable, Hashable {
    /// Ascending, behind this number.
    case after(Int64)
    /// Descending, below this number.
    case before(Int64)

    /// What an adapter compares numbers with, and the order.
    package var bound: Int64 {
        switch self {
        case .after(let number), .before(let number): number
        }
    }

    package var isAscending: Bool {
        switch self {
        case .after: true
        case .before: false
        }
    }
}

/// What the tables of the audit log have in common in all databases.
package enum AuditLogTable {
    package static let columns = """
        l.number, l.at, l.operator, l.system_user, l.verb, l.outcome, l.digest, l.head, c.content IS NULL, c.content
        """

    /// A row of `columns`.
    package static func entry(_ row: some ColumnReading) -> AuditLogEntry {
        let frame = AuditLogFrame(
            at: Instant(microseconds: row.int(1)), operatorName: row.text(2), systemUser: row.text(3),
            verb: row.text(4), outcome: row.text(5))
        return AuditLogEntry(
            number: row.int(0), frame: frame, digest: row.bytes(6), head: row.bytes(7),
            content: row.int(8) == 0 ? row.bytes(9) : nil)
    }

    /// A condition of a row `o` of the objects: its entry has no other.
    ///
    /// - Parameter table: the objects' name.
    package static func isAlone(in table: String) -> String {
        "NOT EXISTS (SELECT 1 FROM \(table) AS a WHERE a.number = o.number AND a.object <> o.object)"
    }

    /// The texts that `filter` compares, each with a condition in which `?` stands for it.
    package static func conditions(
        of filter: AuditLogFilter, objects: String
    ) -> [(condition: String, value: String)] {
        var all: [(String, String)] = []
        if let name = filter.operatorName { all.append(("l.operator = ?", name)) }
        if let verb = filter.verb {
            all.append(("(l.verb = ? OR substr(l.verb, 1, length(?) + 1) = ? || ' ')", verb))
        }
        if let object = filter.object {
            all.append(("l.number IN (SELECT number FROM \(objects) WHERE object = ?)", object))
        }
        return all
    }
}

/// How the log names what was acted on.
package enum AuditLogObject {
    package static func letter(_ id: String) -> String { "dead-letter:" + id }
    /// An event that waits.
    package static func waiting(_ id: String) -> String { "waiting:" + id }
    package static func `case`(_ id: String) -> String { "case:" + id }
    package static func operation(_ id: String) -> String { "operation:" + id }
    package static func edit(_ id: String) -> String { "edit:" + id }
    package static func complaint(_ id: String) -> String { "complaint:" + id }
    /// Whoever has a telephone number, by its keyed digest.
    package static func person(_ trace: PersonalTrace) -> String {
        "person:" + String(UInt64(bitPattern: trace.number), radix: 16)
    }
}
