import Runtime
import Schema
import Store

/// `dead-letters edit`
package struct EditProposals: OperationReport, Codable, Hashable {
    package struct Proposal: Sendable, Hashable, Codable {
        /// nil: refused.
        package let edit: String?
        package let letter: String
        /// What sending the edited letter would lead to.
        package let verdict: ReplayVerdict?
        package let detail: String
    }

    /// Names all of them together.
    package let batch: String
    package private(set) var proposals: [Proposal] = []

    init(batch: String) {
        self.batch = batch
    }

    mutating func add(_ proposal: Proposal) { proposals.append(proposal) }

    /// 1 if one was refused.
    package var exitCode: Int32 { proposals.contains { $0.edit == nil } ? 1 : 0 }

    package var text: String {
        guard !proposals.isEmpty else { return "Nothing to do." }
        var table = TextTable("EDIT", "LETTER", "RESULT", "IF SENT", "DETAIL")
        for one in proposals {
            table.add(
                one.edit ?? "-", one.letter, one.edit == nil ? "refused" : "proposed", one.verdict?.rawValue ?? "-",
                one.detail)
        }
        let kept = proposals.count { $0.edit != nil }
        var lines = table.lines + ["batch \(batch): \(kept) proposed, \(proposals.count - kept) refused."]
        if kept > 0 { lines.append("Somebody else decides: recourse dead-letters approve --all-of \(batch)") }
        return lines.joined(separator: "\n")
    }
}

/// An edit in a list.
package struct EditItem: Sendable, Hashable, Codable {
    package let edit: String
    package let batch: String
    package let letter: String
    package let state: LetterEdit.State
    package let author: String
    package let at: Instant
    package let decidedBy: String?
    package let decidedAt: Instant?
    /// The letter that took the old one's place.
    package let successor: String?

    init(_ edit: LetterEdit) {
        (self.edit, batch, letter, state) = (edit.id, edit.batch, edit.letter, edit.state)
        (author, at) = (edit.author, edit.at)
        (decidedBy, decidedAt, successor) = (edit.decidedBy, edit.decidedAt, edit.successor)
    }
}

/// `dead-letters edits`
package struct EditList: OperationReport, Codable, Hashable {
    package let edits: [EditItem]
    /// How many match in all.
    package let total: Int
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: Int64?

    package var text: String {
        guard !edits.isEmpty else { return "No edits match." }
        var table = TextTable("EDIT", "BATCH", "LETTER", "STATE", "AUTHOR", "WHEN", "DECIDED BY", "NEW LETTER")
        for one in edits {
            table.add(
                one.edit, one.batch, one.letter, one.state.rawValue, one.author, one.at.description,
                one.decidedBy ?? "-", one.successor ?? "-")
        }
        let lines = table.lines + ["\(edits.count) of \(total) that match."]
        return (lines + (next.map { ["More: --after \($0)"] } ?? [])).joined(separator: "\n")
    }
}

/// `dead-letters edits ID`
package struct EditDetail: OperationReport, Codable, Hashable {
    /// A place of the document, before and after; what is personal is masked.
    package struct Change: Sendable, Hashable, Codable {
        package let pointer: String
        /// nil: it was not there.
        package let before: String?
        /// nil: it is not there any more.
        package let after: String?
    }

    package let edit: EditItem
    package let reason: String?
    /// What sending the edited letter would lead to.
    package let verdict: String?
    package let routingKey: String?
    /// Ascending by pointer.
    package let changes: [Change]

    init(_ edit: EditItem, row: ParkedLetter?, edited: EditedLetter?, verdict: String?) {
        self.edit = edit
        self.verdict = verdict
        reason = edited?.reason
        routingKey = edited?.routingKey == row?.letter.routingKey ? nil : edited?.routingKey
        guard let row, let edited else {
            changes = []
            return
        }
        let before = DeadLetterDetail.json(row.letter.body.withoutByteOrderMark) ?? .object([])
        changes = Self.changes(from: before, to: edited.document)
    }

    private static func changes(from before: JSON, to after: JSON) -> [Change] {
        let (old, new) = (before.leaves, after.leaves)
        let (oldShown, newShown) = (shown(before).leaves, shown(after).leaves)
        return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted().map { pointer in
            // The name of a member that no contract knows may be anything, too.
            let isShown = oldShown[pointer] != nil || newShown[pointer] != nil
            let place = isShown ? pointer : pointer.prefix { $0 != "/" } + "/" + Masking.hidden
            return Change(
                pointer: place.isEmpty ? "/" : place, before: old[pointer].map { _ in text(oldShown[pointer]) },
                after: new[pointer].map { _ in text(newShown[pointer]) })
        }
    }

    private static func shown(_ json: JSON) -> JSON { Masking.event(json) ?? Masking.structure(json) }

    private static func text(_ json: JSON?) -> String {
        json.map { String(decoding: $0.serialized, as: UTF8.self) } ?? Masking.hidden
    }

    package var text: String {
        var table = TextTable("", "")
        for (name, value) in [
            ("edit", edit.edit), ("batch", edit.batch), ("letter", edit.letter), ("state", edit.state.rawValue),
            ("author", edit.author), ("when", edit.at.description), ("why", reason ?? "-"),
            ("decided by", edit.decidedBy ?? "-"), ("new letter", edit.successor ?? "-"),
            ("if sent", verdict ?? "-"), ("routing key", routingKey ?? "as before"),
        ] {
            table.add(name, value)
        }
        guard !changes.isEmpty else { return table.text }
        var list = TextTable("POINTER", "BEFORE", "AFTER")
        for one in changes { list.add(one.pointer, one.before ?? "-", one.after ?? "-") }
        return (table.lines + [""] + list.lines).joined(separator: "\n")
    }
}

/// `dead-letters approve`, `dead-letters reject`
package struct EditDecisions: OperationReport, Codable, Hashable {
    package struct Decision: Sendable, Hashable, Codable {
        package let edit: String
        package let letter: String
        package let done: Bool
        package let detail: String
    }

    /// approve, reject
    package let verb: String
    package private(set) var edits: [Decision] = []
    /// Of the letters that took the place of others.
    package private(set) var fingerprints: [String] = []

    init(verb: String) {
        self.verb = verb
    }

    mutating func add(_ decision: Decision) { edits.append(decision) }

    mutating func note(_ fingerprint: String) {
        if !fingerprints.contains(fingerprint) { fingerprints.append(fingerprint) }
    }

    /// 1 if one was not decided.
    package var exitCode: Int32 { edits.allSatisfy(\.done) ? 0 : 1 }

    package var text: String {
        guard !edits.isEmpty else { return "Nothing to do." }
        let word = verb == "approve" ? "approved" : "rejected"
        var table = TextTable("EDIT", "LETTER", "RESULT", "DETAIL")
        for one in edits { table.add(one.edit, one.letter, one.done ? word : "left alone", one.detail) }
        var lines = table.lines + ["\(edits.count { $0.done }) \(word)."]
        for fingerprint in fingerprints {
            lines.append("Send them: recourse dead-letters replay --fingerprint \(fingerprint) --execute")
        }
        return lines.joined(separator: "\n")
    }
}
