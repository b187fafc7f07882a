import Runtime
import Schema
import Store

/// One dead letter with everything that may be shown of it.
package struct DeadLetterDetail: OperationReport, Encodable, Hashable {
    package let letter: DeadLetterItem
    package let exchange: String
    package let routingKey: String
    /// Who published it, as far as the message says.
    package let sender: Sender
    /// What has happened, and what can be done.
    package let cause: String
    package let cure: String
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
    /// The masked body with each fault below the line that it is about, for people.
    let bodyLines: [String]
    /// What was done to it, the oldest first; of more than fifty acts the newest.
    package let history: [AuditLogItem]

    package struct Sender: Sendable, Hashable, Codable {
        /// RabbitMQ's user, which the broker has checked; nil: the sender has not set it.
        package let user: String?
        /// What the sender calls itself (`app_id`): as it may hold anything, only whether it is there is told.
        package let app: String?

        fileprivate init(properties: JSON?, headers: JSON?) {
            user = (headers?[FailureHeader.user] ?? properties?["userId"])?.string
            app = properties?["appId"] == nil ? nil : Masking.hidden
        }

        fileprivate var text: String {
            [user.map { "user \($0)" }, app.map { "app_id \($0)" }].compactMap { $0 }.joined(separator: ", ")
        }
    }

    private enum CodingKeys: String, CodingKey {
        case letter, exchange, routingKey, sender, cause, cure, faults, verdict, verdictDetail, properties, headers
        case bodyBytes, body, bodyNote, history
    }

    init(
        _ row: ParkedLetter, verdict: (ReplayVerdict, String), withBody: Bool, history: [AuditLogItem]
    ) {
        letter = DeadLetterItem(row)
        self.history = history
        let explanation = LetterCause(code: row.letter.code, fault: letter.fault)
        (cause, cure) = (explanation.cause, explanation.cure)
        exchange = row.letter.exchange
        routingKey = row.letter.routingKey
        let headers = DeadLetterDetail.json(row.letter.headers)
        faults = row.letter.faults
        (self.verdict, verdictDetail) = verdict
        let properties = DeadLetterDetail.json(row.letter.properties)
        sender = Sender(properties: properties, headers: headers)
        self.properties = properties.map(DeadLetterDetail.shownProperties)
        self.headers = headers.map(DeadLetterDetail.shown)
        bodyBytes = row.letter.body.count
        let shown = MaskedBody(row.letter, isWanted: withBody)
        (body, bodyNote, bodyLines) = (shown.json, shown.note, shown.lines)
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

    /// Headers of others may hold anything; their values are shown only where their meaning is known.
    static func shown(_ headers: JSON) -> JSON {
        .object(
            (headers.members ?? []).filter { $0.name != "x-fail-faults" }.map { member in
                let isKnown =
                    member.name.hasPrefix("x-fail-") || member.name.hasPrefix("x-replay-")
                    || member.name.hasPrefix("x-death") || member.name.hasPrefix("x-first-death-")
                    || ["x-delivery-count", "traceparent", EditedLetter.editOf].contains(member.name)
                return isKnown ? member : JSON.Member(member.name, .string(Masking.hidden))
            })
    }

    /// Properties are upstream's own: the texts of those that name the message are shown, as its event's are.
    static func shownProperties(_ properties: JSON) -> JSON {
        .object(
            (properties.members ?? []).map { member in
                let isHarmless = member.value.string == nil || Self.harmlessProperties.contains(member.name)
                return isHarmless ? member : JSON.Member(member.name, .string(Masking.hidden))
            })
    }

    private static let harmlessProperties: Set<String> = [
        "contentType", "contentEncoding", "messageId", "type", "userId",
    ]

    package var text: String {
        var table = TextTable("", "")
        let item = letter
        for (name, value) in [
            ("dead letter", item.id), ("state", item.state.rawValue), ("why", "\(item.failureClass) / \(item.code)"),
            ("message", item.message), ("cause", cause), ("cure", cure), ("queue", item.queue),
            ("published to", "\(exchange.isEmpty ? "(default exchange)" : exchange), key \(routingKey)"),
            ("sender", sender.text.isEmpty ? "not named" : sender.text),
            ("event", "\(item.type ?? "?") \(item.eventId ?? "?") of \(item.source ?? "?")"),
            ("case", item.caseId ?? "-"), ("attempts", String(item.attempts)), ("replays", String(item.replays)),
            ("first failure", item.firstAt.description), ("last failure", item.lastAt.description),
            ("parked", item.parkedAt.description), ("assigned to", item.assignee ?? "-"), ("note", item.note ?? "-"),
            ("followed by", item.successor ?? "-"),
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
        if !history.isEmpty { lines += [""] + AuditLogItem.table(history, withObjects: false) }
        if let bodyNote { lines += ["", "Body (\(bodyNote)):"] }
        lines += bodyLines.map(TextTable.printable)
        return lines.joined(separator: "\n")
    }
}
