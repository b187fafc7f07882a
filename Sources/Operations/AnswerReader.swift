import Schema

/// Reads an answers file, gathering every fault.
struct AnswerReader {
    var faults: [String] = []

    mutating func read(_ bytes: [UInt8]) -> [AnswerBook.Rule] {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: bytes)
        } catch {
            faults.append("answers: not JSON, at byte \(error.offset): \(error.message)")
            return []
        }
        guard let members = json.members, let rules = json["answers"]?.elements else {
            faults.append("answers: expected an object with the list `answers`")
            return []
        }
        for member in members where member.name != "answers" {
            faults.append("answers: unknown key `\(member.name)`; allowed: answers")
        }
        return rules.enumerated().compactMap { rule($0.offset, $0.element) }
    }

    private mutating func rule(_ index: Int, _ json: JSON) -> AnswerBook.Rule? {
        let before = faults.count
        func fault(_ text: String) { faults.append("answers[\(index)]: \(text)") }
        guard let members = json.members else {
            fault("expected an object")
            return nil
        }
        let allowed = ["on", "when", "hash", "after", "publish", "data"]
        for member in members where !allowed.contains(member.name) {
            fault("unknown key `\(member.name)`; allowed: \(allowed.joined(separator: ", "))")
        }
        let on = json["on"]?.string ?? ""
        if !EventCatalogue.isOutgoing(EventType(on)) { fault("`on` names no outgoing event") }
        let publish = json["publish"]?.string ?? ""
        let isInbound =
            EventCatalogue.byWireName[publish + ".v1"] != nil && !EventCatalogue.isOutgoing(EventType(publish))
        if !isInbound { fault("`publish` names no inbound event") }
        if json["data"]?.members == nil { fault("`data` is missing or no object") }
        if json["when"] != nil, json["when"]?.members == nil { fault("`when` is no object") }
        var hash: AnswerBook.HashCondition?
        if let condition = json["hash"] {
            if let field = condition["field"]?.string, let modulo = condition["modulo"]?.int,
                let below = condition["below"]?.int, (1...1_000_000).contains(modulo), (0...modulo).contains(below)
            {
                hash = AnswerBook.HashCondition(field: field, modulo: modulo, below: below)
            } else {
                fault("`hash` needs field, modulo from 1 to 1000000, below from 0 to modulo")
            }
        }
        let after = after(json["after"])
        if after == nil { fault("`after` needs hours, or days and hour, or workingDays and hour") }
        guard faults.count == before, let after, let data = json["data"] else { return nil }
        return AnswerBook.Rule(
            index: index, on: on, when: json["when"]?.members ?? [], hash: hash, after: after, publish: publish,
            data: data)
    }

    private func after(_ json: JSON?) -> AnswerBook.After? {
        guard let json, let members = json.members else { return nil }
        if members.count == 1, let hours = json["hours"]?.int, (0...100_000).contains(hours) { return .hours(hours) }
        guard members.count == 2, let hour = json["hour"]?.int, (0...23).contains(hour) else { return nil }
        if let days = json["days"]?.int, (1...3660).contains(days) { return .days(Int(days), hour: Int(hour)) }
        if let days = json["workingDays"]?.int, (1...1000).contains(days) {
            return .workingDays(Int(days), hour: Int(hour))
        }
        return nil
    }
}
