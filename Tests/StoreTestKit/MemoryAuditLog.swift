import Store

/// The audit log in memory.
struct MemoryAuditLog {
    private struct Row {
        var entry: AuditLogEntry
        var objects: Set<String>
        var traces: Set<PersonalTrace>
    }

    /// Ascending, from 1.
    private var rows: [Row] = []

    var head: AuditLogHead {
        rows.last.map { AuditLogHead(number: $0.entry.number, hash: $0.entry.head) } ?? .origin
    }

    mutating func append(_ drafts: [AuditLogDraft]) -> AuditLogHead {
        rows += head.followed(by: drafts).map { entry, draft in
            Row(entry: entry, objects: draft.objects, traces: draft.traces)
        }
        return head
    }

    func matching(_ filter: AuditLogFilter) -> [AuditLogEntry] {
        rows.filter { filter.matches($0.entry.frame, objects: $0.objects) }.map(\.entry)
    }

    func entries(_ filter: AuditLogFilter, _ page: AuditLogPage, limit: Int) -> [AuditLogEntry] {
        let all = matching(filter)
        let wanted =
            page.isAscending
            ? all.filter { $0.number > page.bound } : all.filter { $0.number < page.bound }.reversed()
        return Array(wanted.prefix(max(0, limit)))
    }

    mutating func erase(_ traces: Set<PersonalTrace>) -> Int {
        erase { !$0.traces.isDisjoint(with: traces) }
    }

    mutating func erase(about letter: String) {
        _ = erase { $0.objects == [AuditLogObject.letter(letter)] }
    }

    private mutating func erase(_ isMeant: (Row) -> Bool) -> Int {
        var erased = 0
        for index in rows.indices where isMeant(rows[index]) {
            if rows[index].entry.content != nil { erased += 1 }
            rows[index].entry = rows[index].entry.withContent(nil)
            (rows[index].objects, rows[index].traces) = ([], [])
        }
        return erased
    }

    mutating func reseal(_ contents: [Int64: [UInt8]]) {
        for index in rows.indices where rows[index].entry.content != nil {
            guard let content = contents[rows[index].entry.number] else { continue }
            rows[index].entry = rows[index].entry.withContent(content)
        }
    }
}

extension AuditLogEntry {
    fileprivate func withContent(_ content: [UInt8]?) -> AuditLogEntry {
        AuditLogEntry(number: number, frame: frame, digest: digest, head: head, content: content)
    }
}
