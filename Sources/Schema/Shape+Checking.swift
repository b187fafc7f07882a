/// Where in a document the check stands; its text is only built for a fault.
private struct Position {
    private enum Step {
        case member(String)
        case element(Int)
    }

    private let root: String
    private var steps: [Step] = []

    init(root: String) {
        self.root = root
    }

    mutating func enter(member: String) { steps.append(.member(member)) }
    mutating func enter(element: Int) { steps.append(.element(element)) }
    mutating func leave() { steps.removeLast() }

    /// RFC 6901. Only names of the contract occur, which need no escaping.
    var pointer: String {
        steps.reduce(root) { text, step in
            switch step {
            case .member(let name): text + "/" + name
            case .element(let index): text + "/" + String(index)
            }
        }
    }
}

extension Shape {
    /// Appends everything that is wrong with `json`, up to `Fault.limit`. Members that the shape does not know are
    /// ignored.
    ///
    /// - Parameter pointer: where `json` lies in its document (RFC 6901).
    package func check(_ json: JSON, at pointer: String, into faults: inout [Fault]) {
        var position = Position(root: pointer)
        check(json, &position, &faults)
    }

    private func check(_ json: JSON, _ position: inout Position, _ faults: inout [Fault]) {
        guard faults.count < Fault.limit else { return }
        switch self {
        case .object(let fields): checkObject(fields, json, &position, &faults)
        case .array(let element, let min, let max): checkArray(element, min, max, json, &position, &faults)
        case .integer(let min, let max):
            guard case .int(let value) = json else { return wrongKind("integer", json, position, &faults) }
            if value < min {
                faults.append(Fault(pointer: position.pointer, rule: "minimum", message: "at least \(min)"))
            }
            if value > max {
                faults.append(Fault(pointer: position.pointer, rule: "maximum", message: "at most \(max)"))
            }
        case .sequence:
            if case .string(let text) = json {
                guard !SequenceText.isDigits(text) else { return }
                faults.append(
                    Fault(
                        pointer: position.pointer, rule: "pattern",
                        message: "1 to \(SequenceText.digitLimit) digits, or a number"))
            } else {
                Shape.integer(min: 0, max: Shape.integerLimit).check(json, &position, &faults)
            }
        case .boolean:
            guard case .bool = json else { return wrongKind("boolean", json, position, &faults) }
        case .anyObject:
            guard case .object = json else { return wrongKind("object", json, position, &faults) }
        case .id, .text, .time, .date, .week, .quarter, .oneOf:
            guard case .string(let text) = json else { return wrongKind("string", json, position, &faults) }
            if let (rule, message) = fault(ofText: text) {
                faults.append(Fault(pointer: position.pointer, rule: rule, message: message))
            }
        }
    }

    private func wrongKind(_ expected: String, _ json: JSON, _ position: Position, _ faults: inout [Fault]) {
        faults.append(
            Fault(
                pointer: position.pointer, rule: "type", message: "expected \(expected), found \(json.kindName)"))
    }

    private func checkObject(_ fields: [Field], _ json: JSON, _ position: inout Position, _ faults: inout [Fault]) {
        guard case .object(let members) = json else { return wrongKind("object", json, position, &faults) }
        for field in fields {
            guard let value = members.present(field.name) else {
                if field.isRequired {
                    position.enter(member: field.name)
                    faults.append(
                        Fault(pointer: position.pointer, rule: "required", message: "this member is missing"))
                    position.leave()
                }
                continue
            }
            position.enter(member: field.name)
            field.shape.check(value, &position, &faults)
            position.leave()
        }
    }

    private func checkArray(
        _ element: Shape, _ min: Int, _ max: Int, _ json: JSON, _ position: inout Position, _ faults: inout [Fault]
    ) {
        guard case .array(let elements) = json else { return wrongKind("array", json, position, &faults) }
        if elements.count < min {
            faults.append(Fault(pointer: position.pointer, rule: "minItems", message: "at least \(min) elements"))
        }
        if elements.count > max {
            faults.append(Fault(pointer: position.pointer, rule: "maxItems", message: "at most \(max) elements"))
            return
        }
        for (index, value) in elements.enumerated() {
            position.enter(element: index)
            element.check(value, &position, &faults)
            position.leave()
        }
    }

    /// Rule and message of what is wrong with a string; nil if nothing is.
    private func fault(ofText text: String) -> (rule: String, message: String)? {
        switch self {
        case .id:
            return Identifier.isValid(text)
                ? nil : ("pattern", "an id: 1 to 64 of letters, digits, _ : -, the first a letter or digit")
        case .text(let min, let max): return Shape.lengthFault(text, min, max)
        case .time:
            return Shape.isTime(text) ? nil : ("date-time", "a time with offset, as 2026-11-21T18:00:00+08:00")
        case .date: return CivilDate(text) != nil ? nil : ("date", "a date, as 2026-11-21")
        case .week: return PeriodText.isWeek(text) ? nil : ("pattern", "a week, as 2026-W47")
        case .quarter: return PeriodText.isQuarter(text) ? nil : ("pattern", "a quarter, as 2026-Q4")
        case .oneOf(let allowed):
            return allowed.contains(text) ? nil : ("enum", "one of " + allowed.joined(separator: ", "))
        case .integer, .boolean, .array, .object, .anyObject, .sequence: return nil
        }
    }

    /// The first and the last year are refused, as in the published pattern: there, the zone decides what exists.
    private static func isTime(_ text: String) -> Bool {
        Instant(rfc3339: text) != nil && !text.utf8.starts(with: "0001".utf8) && !text.utf8.starts(with: "9999".utf8)
    }

    private static func lengthFault(_ text: String, _ min: Int, _ max: Int) -> (rule: String, message: String)? {
        // A code point takes one to four bytes, so the bytes alone mostly decide, and need not be walked through.
        let bytes = text.utf8.count
        if bytes <= max, (bytes + 3) / 4 >= min { return nil }
        let count = text.unicodeScalars.count
        if count < min { return ("minLength", "at least \(min) characters") }
        return count <= max ? nil : ("maxLength", "at most \(max) characters")
    }
}
