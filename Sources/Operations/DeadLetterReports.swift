import Schema
import Store

/// A dead letter in a list: what is known of it, without body and headers.
package struct DeadLetterItem: Sendable, Hashable, Codable {
    package let id: String
    package let state: DeadLetterState
    package let queue: String
    package let failureClass: String
    package let code: String
    package let message: String
    package let fingerprint: String
    package let type: String?
    package let source: String?
    package let eventId: String?
    package let caseId: String?
    package let attempts: Int64
    package let replays: Int64
    package let firstAt: Instant
    package let lastAt: Instant
    package let parkedAt: Instant
    package let note: String?

    package init(_ row: ParkedLetter) {
        let letter = row.letter
        id = letter.id
        state = row.state
        queue = letter.queue
        failureClass = letter.failureClass
        code = letter.code
        message = letter.message
        fingerprint = letter.fingerprint
        type = letter.type
        source = letter.source
        eventId = letter.eventId
        caseId = letter.caseId
        attempts = letter.attempts
        replays = row.replays
        firstAt = letter.firstAt
        lastAt = letter.lastAt
        parkedAt = row.parkedAt
        note = row.note
    }
}

package struct DeadLetterList: OperationReport, Codable, Hashable {
    package let letters: [DeadLetterItem]
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: Int64?

    package var text: String {
        guard !letters.isEmpty else { return "No dead letters match." }
        var table = TextTable(
            "ID", "STATE", "QUEUE", "CLASS", "CODE", "TYPE", "EVENT", "CASE", ">ATTEMPTS", "LAST FAILURE")
        for one in letters {
            table.add(
                one.id, one.state.rawValue, one.queue, one.failureClass, one.code, one.type ?? "-",
                one.eventId ?? "-", one.caseId ?? "-",
                String(one.attempts), one.lastAt.description)
        }
        return table.text + (next.map { "\nMore: --after \($0)" } ?? "")
    }
}

package struct DeadLetterGroup: Sendable, Hashable, Codable {
    package let fingerprint: String
    package let queue: String
    package let failureClass: String
    package let code: String
    package private(set) var count = 0
    package private(set) var open = 0
    package private(set) var firstAt: Instant
    package private(set) var lastAt: Instant
    /// The newest of them.
    package let example: String

    init(_ row: ParkedLetter) {
        fingerprint = row.letter.fingerprint
        queue = row.letter.queue
        failureClass = row.letter.failureClass
        code = row.letter.code
        firstAt = row.letter.firstAt
        lastAt = row.letter.lastAt
        example = row.letter.id
    }

    mutating func add(_ row: ParkedLetter) {
        count += 1
        if row.state == .open { open += 1 }
        firstAt = min(firstAt, row.letter.firstAt)
        lastAt = max(lastAt, row.letter.lastAt)
    }
}

package struct DeadLetterGroups: OperationReport, Codable, Hashable {
    package let groups: [DeadLetterGroup]

    package var text: String {
        guard !groups.isEmpty else { return "No dead letters match." }
        var table = TextTable("FINGERPRINT", "QUEUE", "CLASS", "CODE", ">COUNT", ">OPEN", "FIRST", "LAST", "EXAMPLE")
        for one in groups {
            table.add(
                one.fingerprint, one.queue, one.failureClass, one.code, String(one.count), String(one.open),
                one.firstAt.description, one.lastAt.description, one.example)
        }
        return table.text
    }
}

/// One dead letter with everything that may be shown of it.
package struct DeadLetterDetail: OperationReport, Codable, Hashable {
    package let letter: DeadLetterItem
    package let exchange: String
    package let routingKey: String
    /// What the contract found wrong, with JSON pointers.
    package let faults: [Fault]
    /// What sending it again would lead to.
    package let verdict: ReplayVerdict
    package let verdictDetail: String
    package let properties: JSON?
    package let headers: JSON?
    package let bodyBytes: Int
    /// Masked; nil: not asked for, or it cannot be masked.
    package let body: JSON?
    package let bodyNote: String?

    init(_ row: ParkedLetter, verdict: (ReplayVerdict, String), withBody: Bool) {
        letter = DeadLetterItem(row)
        exchange = row.letter.exchange
        routingKey = row.letter.routingKey
        let headers = DeadLetterDetail.json(row.letter.headers)
        faults = DeadLetterDetail.faults(headers)
        (self.verdict, verdictDetail) = verdict
        properties = DeadLetterDetail.json(row.letter.properties).map(DeadLetterDetail.shownProperties)
        self.headers = headers.map(DeadLetterDetail.shown)
        bodyBytes = row.letter.body.count
        guard withBody else {
            body = nil
            bodyNote = nil
            return
        }
        body = DeadLetterDetail.json(row.letter.body).flatMap(Masking.event)
        bodyNote =
            body == nil
            ? "not shown: it is no event of a known type, so what is personal in it cannot be told"
            : "names, phone numbers, addresses, free text and unknown members are masked"
    }

    static func json(_ bytes: [UInt8]) -> JSON? {
        guard !bytes.isEmpty else { return nil }
        do throws(JSONSyntaxError) {
            return try JSON(parsing: bytes)
        } catch {
            // What is not JSON has nothing to show; one such row must not hide the others.
            return nil
        }
    }

    private static func faults(_ headers: JSON?) -> [Fault] {
        guard let text = headers?["x-fail-faults"]?.string else { return [] }
        return (json(Array(text.utf8))?.elements ?? []).map { one in
            Fault(
                pointer: one["pointer"]?.string ?? "", rule: one["rule"]?.string ?? "",
                message: one["message"]?.string ?? "")
        }
    }

    /// Headers of others may hold anything; their values are shown only where their meaning is known.
    private static func shown(_ headers: JSON) -> JSON {
        .object(
            (headers.members ?? []).filter { $0.name != "x-fail-faults" }.map { member in
                let isKnown =
                    member.name.hasPrefix("x-fail-") || member.name.hasPrefix("x-replay-")
                    || member.name.hasPrefix("x-death") || member.name.hasPrefix("x-first-death-")
                    || ["x-delivery-count", "traceparent"].contains(member.name)
                return isKnown ? member : JSON.Member(member.name, .string(Masking.hidden))
            })
    }

    /// Properties are upstream's own: the texts of those that name the message are shown, as its event's are.
    private static func shownProperties(_ properties: JSON) -> JSON {
        .object(
            (properties.members ?? []).map { member in
                let isHarmless = member.value.string == nil || Self.harmlessProperties.contains(member.name)
                return isHarmless ? member : JSON.Member(member.name, .string(Masking.hidden))
            })
    }

    private static let harmlessProperties: Set<String> = ["contentType", "contentEncoding", "messageId", "type"]

    package var text: String {
        var table = TextTable("", "")
        let item = letter
        for (name, value) in [
            ("dead letter", item.id), ("state", item.state.rawValue), ("why", "\(item.failureClass) / \(item.code)"),
            ("message", item.message), ("queue", item.queue),
            ("published to", "\(exchange.isEmpty ? "(default exchange)" : exchange), key \(routingKey)"),
            ("event", "\(item.type ?? "?") \(item.eventId ?? "?") of \(item.source ?? "?")"),
            ("case", item.caseId ?? "-"), ("attempts", String(item.attempts)), ("replays", String(item.replays)),
            ("first failure", item.firstAt.description), ("last failure", item.lastAt.description),
            ("parked", item.parkedAt.description), ("note", item.note ?? "-"),
            ("if sent again", "\(verdict.rawValue): \(verdictDetail)"), ("body", "\(bodyBytes) bytes"),
        ] {
            table.add(name, value)
        }
        var lines = table.lines
        if !faults.isEmpty {
            var list = TextTable("POINTER", "RULE", "FAULT")
            for fault in faults { list.add(fault.pointer.isEmpty ? "/" : fault.pointer, fault.rule, fault.message) }
            lines += [""] + list.lines
        }
        if let members = headers?.members, !members.isEmpty {
            var list = TextTable("HEADER", "VALUE")
            for member in members {
                list.add(member.name, member.value.string ?? String(decoding: member.value.serialized, as: UTF8.self))
            }
            lines += [""] + list.lines
        }
        if let bodyNote { lines += ["", "Body (\(bodyNote)):"] }
        if let body { lines.append(TextTable.printable(String(decoding: body.serialized, as: UTF8.self))) }
        return lines.joined(separator: "\n")
    }
}

/// What was (or would be) done about one dead letter.
package struct DeadLetterAction: Sendable, Hashable, Codable {
    package let id: String
    package let verdict: ReplayVerdict?
    package let done: Bool
    package let detail: String
}

package struct DeadLetterActions: OperationReport, Codable, Hashable {
    package let actions: [DeadLetterAction]
    /// false: a dry run.
    package let executed: Bool
    /// How many letters matched; more than there are actions if one call does not work on so many.
    package let selected: Int
    /// Give it as `--after` for the letters behind; nil: all were looked at.
    package let next: Int64?

    package init(actions: [DeadLetterAction], executed: Bool, selected: Int? = nil, next: Int64? = nil) {
        self.actions = actions
        self.executed = executed
        self.selected = selected ?? actions.count
        self.next = next
    }

    /// 1 if something that was to be done was not.
    package var exitCode: Int32 { executed && actions.contains { !$0.done } ? 1 : 0 }

    package var text: String {
        guard !actions.isEmpty else { return "Nothing to do." }
        var table = TextTable("ID", "VERDICT", "DONE", "DETAIL")
        for one in actions { table.add(one.id, one.verdict?.rawValue ?? "", one.done ? "yes" : "no", one.detail) }
        var lines = table.lines + ["\(actions.count) of \(selected) selected letters."]
        if let next { lines.append("The oldest come first. The others were not looked at: --after \(next)") }
        if !executed { lines.append("A dry run: nothing was sent. Say --execute to send what is safe.") }
        return lines.joined(separator: "\n")
    }
}
