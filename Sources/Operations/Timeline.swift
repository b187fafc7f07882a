import Runtime
import Schema
import Stages
import Store

/// One decision of a stage, as it is told to people: what came in, what was decided, and why. No personal data.
package struct TimelineEntry: Sendable, Hashable, Codable {
    /// An event that the decision emitted.
    package struct Emitted: Sendable, Hashable, Codable {
        package let id: String
        package let type: String
        /// `recourse.events`, or a desk.
        package let to: String
        /// Masked; without the copies of customer, product and complaint.
        package let data: JSON
        package let rule: String?
        package let parameters: JSON?
        package let facts: JSON?
        package let policy: String?
    }

    /// Who has said it.
    package struct Person: Sendable, Hashable, Codable {
        package let id: String
        /// store, region, hq, business; nil: the event does not say.
        package let tier: String?

        /// Of an event, as the contract lets it be shown; nil: nobody in person.
        init?(of body: [UInt8]) {
            let by = DeadLetterDetail.json(body).flatMap(Masking.event)?["data"]?["by"]
            guard let id = by?["id"]?.string, PersonalToken(id) == nil else { return nil }
            self.id = id
            tier = by?["tier"]?.string
        }

        var text: String { tier.map { "\(id) (\($0))" } ?? id }
    }

    /// To what the event of a person or of upstream refers.
    package struct Reference: Sendable, Hashable, Codable {
        /// The member that names it: `requestId`.
        package let kind: String
        package let id: String
    }

    package let time: Instant
    package let stage: StageName
    package let entry: Int64
    /// The event's name, `timer`, or `policy`: it was taken into use.
    package let input: String
    /// The event's id, the record whose timer it was, or the policy's version.
    package let inputId: String
    /// The event's source; nil for timers and policies.
    package let source: String?
    /// Who has said what came in; nil: a program, a stage, or time alone.
    package let by: Person?
    /// `applied` or `refused`.
    package let fate: String
    package let late: Bool
    package let policyVersion: String
    package let emitted: [Emitted]
    /// In an explanation: what the input refers to, where the decision after this one in the chain made it known.
    package internal(set) var concerns: Reference?

    init(_ entry: JournalEntry, of stage: StageName) {
        time = entry.now
        self.stage = stage
        self.entry = entry.number
        switch entry.input {
        case .event(let source, let id, let type, _, let body):
            (input, inputId, self.source, by) = (type, id, source, Person(of: body))
        case .timer(let key, _, _) where key.kind == KeptPolicy.kind:
            (input, inputId, source, by) = ("policy", key.id, nil, nil)
        case .timer(let key, _, _): (input, inputId, source, by) = ("timer", key.description, nil, nil)
        }
        fate = entry.fate.rawValue
        late = entry.isLate
        policyVersion = entry.policyVersion
        emitted = entry.outputs.map(Emitted.init)
    }
}

extension TimelineEntry.Emitted {
    private static let copies: Set<String> = ["because", "customer", "product", "complaint", "description", "letter"]

    init(_ output: JournalOutput) {
        id = output.id
        type = output.type
        to = output.exchange == ExchangeName.handlers ? output.routingKey : output.exchange
        let document = DeadLetterDetail.json(output.body)
        let because = document?["data"]?["because"]
        let shown = document.flatMap(Masking.event)?["data"]?.members ?? []
        data = .object(shown.filter { !Self.copies.contains($0.name) })
        rule = because?["rule"]?.string
        parameters = because?["parameters"]
        facts = because?["facts"]
        policy = because?["policy"]?.string
    }
}

extension TimelineEntry {
    /// The lines of one entry.
    var lines: [String] {
        let came =
            source.map { "\(input) \(inputId) from \($0)" }
            ?? (input == "policy" ? "policy \(inputId) taken into use" : "timer of \(inputId)")
        let said = by.map { " by \($0.text)" } ?? ""
        var lines = ["\(time)  \(stage.rawValue)  \(came)\(said): \(fate)" + (late ? ", late" : "")]
        for one in emitted {
            lines.append("    \(one.type) to \(one.to)  \(Self.short(one.data))")
            guard let rule = one.rule else { continue }
            var why = "        because \(rule)"
            for (word, json) in [("with", one.parameters), ("as", one.facts)] {
                if let json, json.members?.isEmpty == false { why += "  \(word) \(Self.short(json))" }
            }
            lines.append(why)
        }
        if let concerns { lines.append("    about \(concerns.kind) \(concerns.id), which came by:") }
        return lines.map(TextTable.printable)
    }

    /// `name value, …`
    static func short(_ json: JSON) -> String {
        (json.members ?? []).map { member in
            member.name + " " + (member.value.string ?? String(decoding: member.value.serialized, as: UTF8.self))
        }.joined(separator: ", ")
    }
}

/// A record as its stage keeps it now, masked.
package struct StageRecord: Sendable, Hashable, Codable {
    package let stage: StageName
    package let record: String
    package let version: Int64
    /// When time alone next changes it.
    package let wakesAt: Instant?
    package let body: JSON

    init(_ stored: StoredRecord, of stage: StageName) {
        self.stage = stage
        record = stored.key.description
        version = stored.version
        wakesAt = stored.wakeAt
        body = DeadLetterDetail.json(stored.body).map(Masking.record) ?? .null
    }

    var lines: [String] {
        var table = TextTable("", "")
        if body.members == nil { table.add("  It cannot be read: compare `recourse journal replay`.", "") }
        for member in body.members ?? [] {
            table.add(
                "  " + member.name, member.value.string ?? String(decoding: member.value.serialized, as: UTF8.self))
        }
        let wake = wakesAt.map { ", wakes at \($0)" } ?? ""
        return ["\(stage.rawValue): \(record), version \(version)\(wake)"] + table.lines
    }
}

/// Everything that the stages know of one thing, and how it came about.
package struct Dossier: OperationReport, Codable, Hashable {
    /// `case`, `outlet`.
    package let kind: String
    package let id: String
    /// Of an outlet, where it stands.
    package internal(set) var position: OutletPosition?
    /// Other cases with the same complaint id, from other sources.
    package let others: [String]
    package let records: [StageRecord]
    /// By time, then stage.
    package let timeline: [TimelineEntry]
    /// false: the timeline shows the first entries of a record that has more.
    package let isComplete: Bool

    package var text: String {
        var lines = position?.lines.map(TextTable.printable) ?? ["\(kind) \(id)"]
        if !others.isEmpty { lines.append("The same complaint id names also: " + others.joined(separator: ", ")) }
        for record in records { lines += [""] + record.lines }
        if !timeline.isEmpty { lines += position == nil ? [""] : ["", "What was decided:"] }
        for entry in timeline { lines += entry.lines }
        if !isComplete { lines.append("There is more: the timeline shows the first entries only.") }
        return lines.joined(separator: "\n")
    }
}

/// Where an event comes from: the newest decision first, back to what the matter began with.
package struct Explanation: OperationReport, Codable, Hashable {
    package let eventId: String
    /// Of an event of upstream first what each stage decided about it.
    package let chain: [TimelineEntry]
    /// The stages where the event still waits for what it refers to.
    package let waiting: [WaitingList.Item]
    /// The dead letters of an event of this id, the newest first.
    package internal(set) var dead: [DeadLetterItem] = []
    /// What stands at the beginning.
    package let origin: String

    package var text: String {
        var lines = ["event \(eventId)"]
        lines += waiting.map { TextTable.printable($0.text) }
        for one in dead {
            let fault = one.fault.map { " at \($0)" } ?? ""
            lines.append(
                TextTable.printable(
                    "\(one.lastAt)  died in \(one.queue): \(one.failureClass) / \(one.code)\(fault), \(one.state.rawValue)"
                ))
            lines.append("    recourse dead-letters show \(one.id)")
        }
        for entry in chain { lines += entry.lines }
        lines.append(origin)
        return lines.joined(separator: "\n")
    }
}
