import Policy
import Schema

/// How people react to what the pipeline says: the rules of an answers file (`docs/ANSWERS.md`).
package struct AnswerBook: Sendable {
    package struct Rule: Sendable {
        let index: Int
        let on: String
        let when: [JSON.Member]
        let hash: HashCondition?
        let after: After
        let publish: String
        let data: JSON
    }

    struct HashCondition: Sendable {
        let field: String
        let modulo: Int64
        let below: Int64
    }

    enum After: Sendable {
        case hours(Int64)
        case days(Int, hour: Int)
        case workingDays(Int, hour: Int)
    }

    package let rules: [Rule]

    /// - Throws: `AnswerFaults` with every fault, each naming the rule by its index.
    package init(parsing bytes: [UInt8]) throws(AnswerFaults) {
        var reader = AnswerReader()
        rules = reader.read(bytes)
        guard reader.faults.isEmpty else { throw AnswerFaults(faults: reader.faults) }
    }
}

package struct AnswerFaults: Error, Sendable, CustomStringConvertible {
    package let faults: [String]
    package var description: String { faults.joined(separator: "\n") }
}

/// An answer that is to be published at its time.
package struct Answer: Sendable {
    package let event: Event
    package let body: [UInt8]
    /// What it is about, to find the input's own answer: type and the values that the rule copies.
    package let subject: AnswerSubject
    /// The index of its rule.
    let rule: Int
    /// The time of the event that it answers.
    let asked: Instant
}

/// The same thing: the event type and the top-level fields that a rule copies, with their values.
package struct AnswerSubject: Hashable, Sendable {
    package let type: String
    package let fields: [JSON.Member]
}

/// Why a rule that matches gives no answer.
package struct UnansweredRule: Error, Sendable, CustomStringConvertible {
    package let description: String
}

extension AnswerBook {
    static let source = "recourse/answers"

    /// The answers to one outgoing event, in the order of the rules.
    ///
    /// - Parameter body: the event as published.
    /// - Throws: `UnansweredRule` where the calendar lacks a year or the answer would break the contract.
    package func answers(to body: JSON, calendar: WorkCalendar) throws -> [Answer] {
        guard let wireType = body["type"]?.string, wireType.hasSuffix(".v1") else { return [] }
        let name = String(wireType.dropLast(3))
        var answers: [Answer] = []
        for rule in rules where rule.on == name {
            if let answer = try rule.answer(to: body, calendar: calendar) { answers.append(answer) }
        }
        return answers
    }

    /// For each rule, the subject that an input event has in that rule's eyes; nil where it is not of its type.
    package func subjects(of input: JSON) -> [AnswerSubject] {
        guard let wireType = input["type"]?.string, let data = input["data"] else { return [] }
        return rules.filter { $0.publish + ".v1" == wireType }.map { $0.subject(in: data) }
    }
}

extension AnswerBook.Rule {
    fileprivate func answer(to trigger: JSON, calendar: WorkCalendar) throws -> Answer? {
        guard let data = trigger["data"], let id = trigger["id"]?.string, let source = trigger["source"]?.string,
            let time = trigger["time"]?.string.flatMap(Instant.init(rfc3339:)), matches(data)
        else { return nil }
        let due: Instant
        switch after {
        case .hours(let count): due = time.adding(hours: count)
        case .days(let count, let hour): due = time.date.adding(days: count).at(hour: hour)
        case .workingDays(let count, let hour):
            do {
                due = try calendar.workingDay(count, after: time.date).at(hour: hour)
            } catch {
                throw UnansweredRule(description: "answer \(index) to \(on) \(id): \(error)")
            }
        }
        let answer = substitute(self.data, from: data, now: due) ?? .object([])
        let event: JSON = [
            "specversion": "1.0", "id": .string(Identifiers.uuid(["answer", String(index), source, id])),
            "source": .string(AnswerBook.source), "type": .string(publish + ".v1"),
            "time": .string(due.description), "data": answer,
        ]
        do throws(RefusedDocument) {
            return Answer(
                event: try Event.read(event), body: event.serialized, subject: subject(in: answer),
                rule: index, asked: time)
        } catch {
            let faults = error.faults.map { "\($0.pointer) \($0.message)" }.joined(separator: "; ")
            throw UnansweredRule(description: "answer \(index) to \(on) \(id): not valid: \(faults)")
        }
    }

    private func matches(_ data: JSON) -> Bool {
        for member in when where value(at: member.name, in: data) != member.value { return false }
        guard let hash else { return true }
        guard let value = value(at: hash.field, in: data) else { return false }
        return AnswerBook.number(of: value) % hash.modulo < hash.below
    }

    fileprivate func subject(in answer: JSON) -> AnswerSubject {
        let copied = (data.members ?? []).filter { member in
            guard case .string(let text) = member.value else { return false }
            return text.hasPrefix("$") && !text.hasPrefix("$$") && text != "$now"
        }
        return AnswerSubject(
            type: publish,
            fields: copied.compactMap { member in
                answer[member.name].map { JSON.Member(member.name, $0) }
            })
    }

    private func substitute(_ template: JSON, from data: JSON, now: Instant) -> JSON? {
        switch template {
        case .string("$now"): return .string(now.description)
        case .string(let text) where text.hasPrefix("$$"): return .string(String(text.dropFirst()))
        case .string(let text) where text.hasPrefix("$"): return value(at: String(text.dropFirst()), in: data)
        case .array(let elements): return .array(elements.compactMap { substitute($0, from: data, now: now) })
        case .object(let members):
            return .object(
                members.compactMap { member in
                    substitute(member.value, from: data, now: now).map { JSON.Member(member.name, $0) }
                })
        default: return template
        }
    }

    private func value(at path: String, in data: JSON) -> JSON? {
        var value: JSON? = data
        for name in path.split(separator: ".") { value = value?[String(name)] }
        return value
    }
}

extension AnswerBook {
    /// The number of a value for `hash`: the first four bytes of uuid5(`answer-hash`, its text).
    static func number(of value: JSON) -> Int64 {
        let text: String = value.string ?? String(decoding: value.serialized, as: UTF8.self)
        return Int64(Identifiers.uuid(["answer-hash", text]).prefix(8), radix: 16) ?? 0
    }
}
