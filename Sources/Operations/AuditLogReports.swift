import Runtime
import Schema
import Store

/// An entry of the audit log.
package struct AuditLogItem: Sendable, Hashable, Codable {
    package let number: Int64
    package let at: Instant
    package let operatorName: String
    package let systemUser: String
    package let verb: String
    /// done, begun, failed
    package let outcome: String
    package let objects: [OperatorAct.Object]
    package let reason: String?
    package let detail: String?
    /// What of it could be a person's was erased; only who did what, and when, is left.
    package let isErased: Bool
    package let head: String

    init(_ act: LoggedAct) {
        let (entry, frame) = (act.entry, act.entry.frame)
        (number, at, operatorName, systemUser) = (entry.number, frame.at, frame.operatorName, frame.systemUser)
        (verb, outcome, objects) = (frame.verb, frame.outcome, act.objects)
        (reason, detail) = (act.reason, act.fault ?? act.detail)
        isErased = act.isErased
        head = AuditLogHead(number: entry.number, hash: entry.head).text
    }

    private var who: String {
        operatorName == systemUser ? operatorName : "\(operatorName) (\(systemUser))"
    }

    private var what: String {
        guard let first = objects.first else { return isErased ? "erased" : "-" }
        return objects.count > 1 ? "\(first.object) and \(objects.count - 1) more" : first.object
    }

    /// From which state or person to which, where that is the same for all objects.
    private var change: String {
        let changes = Set(
            objects.compactMap { one in one.after.map { "\(one.before ?? "-") -> \($0)" } })
        return changes.count > 1 ? "several" : changes.first ?? "-"
    }

    static func table(_ items: [AuditLogItem], withObjects: Bool = true) -> [String] {
        var table = TextTable(
            titles: [">ENTRY", "AT", "WHO", "DID", "OUTCOME"] + (withObjects ? ["TO"] : []) + ["CHANGE", "WHY"])
        for one in items {
            let why = [one.reason, one.detail].compactMap { $0 }.joined(separator: "; ")
            table.add(
                [String(one.number), one.at.description, one.who, one.verb, one.outcome]
                    + (withObjects ? [one.what] : []) + [
                        one.change, why.isEmpty ? (one.isErased ? "erased" : "-") : why,
                    ])
        }
        return table.lines
    }
}

/// `recourse audit-log list`.
package struct AuditLogList: OperationReport, Codable, Hashable {
    /// The newest first.
    package let entries: [AuditLogItem]
    /// How many match in all.
    package let total: Int
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: Int64?

    package var text: String {
        guard !entries.isEmpty else { return "No entries match." }
        let lines = AuditLogItem.table(entries) + ["\(entries.count) of \(total) that match."]
        return (lines + (next.map { ["More: --after \($0)"] } ?? [])).joined(separator: "\n")
    }
}

/// `recourse audit-log verify`.
package struct AuditLogVerification: OperationReport, Codable, Hashable {
    package let entries: Int
    /// Of these, whose content was erased.
    package let erased: Int
    /// The last entry's number and head.
    package let head: String
    /// The first entry that is not what was written; nil: all are.
    package let broken: AuditLogCheck.Break?

    package var exitCode: Int32 { broken == nil ? 0 : 1 }

    package var text: String {
        let seen = "\(entries) entries, of \(erased) the content was erased; head \(head)"
        guard let broken else { return "The chain holds: \(seen)" }
        return "The chain breaks at entry \(broken.number): \(broken.cause)\nBefore it: \(seen)"
    }
}

extension AuditLog {
    private static let pageLimit = 200
    private static let checkedAtOnce = 500

    /// The newest first.
    ///
    /// - Parameter after: the `next` of the page before.
    package func list(_ filter: AuditLogFilter, after: Int64?, limit: Int) async throws -> AuditLogList {
        let size = min(max(limit, 1), Self.pageLimit)
        let page = try await entries(filter, .before(after ?? .max), limit: size)
        return AuditLogList(
            entries: page.map(AuditLogItem.init), total: try await count(filter),
            next: page.count == size && page.last?.entry.number != 1 ? page.last?.entry.number : nil)
    }

    /// Reads the whole log.
    ///
    /// - Parameter expected: heads that were told before, such as a backup's.
    package func verify(expecting expected: [AuditLogHead]) async throws -> AuditLogVerification {
        var check = AuditLogCheck(expecting: expected)
        // Told before the walk, so that what comes meanwhile is not missed at its end.
        let kept = try await head()
        var (position, last) = (Int64(0), AuditLogHead.origin)
        while position < kept.number, check.broken == nil {
            let page = try await entries(AuditLogFilter(), .after(position), limit: Self.checkedAtOnce)
            guard let end = page.last?.entry.number else { break }
            for act in page where act.entry.number <= kept.number {
                check.add(act)
                if check.broken == nil { last = AuditLogHead(number: act.entry.number, hash: act.entry.head) }
            }
            position = end
        }
        check.end(kept)
        return AuditLogVerification(
            entries: check.entries, erased: check.erased, head: last.text, broken: check.broken)
    }
}
