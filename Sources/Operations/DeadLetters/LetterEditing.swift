import Broker
import Runtime
import Schema
import Store

/// What somebody wants of a letter: another document, or some members of its own with other values.
package struct EditOrder: Sendable, Hashable {
    /// A member by its JSON pointer (RFC 6901), and its new value.
    package struct Setting: Sendable, Hashable {
        package let pointer: String
        package let value: JSON

        package init(pointer: String, value: JSON) {
            self.pointer = pointer
            self.value = value
        }

        /// - Parameter text: `/data/storeId=S014`; what stands behind `=` is JSON, or else a text.
        package init?(_ text: String) {
            guard let sign = text.firstIndex(of: "="), text.first == "/" else { return nil }
            pointer = String(text[..<sign])
            let value = String(text[text.index(after: sign)...])
            do throws(JSONSyntaxError) {
                self.value = try JSON(parsing: Array(value.utf8))
            } catch {
                // Whoever means a text need not write its quotes.
                self.value = .string(value)
            }
        }
    }

    /// The whole document; nil: that of the letter.
    package var document: [UInt8]?
    package var settings: [Setting] = []
    /// nil: that of the letter.
    package var routingKey: String?
    /// As the operator puts it.
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// An edited document and the letter that it would be. Pure.
struct EditedLetter: Sendable {
    /// Why a letter cannot be edited so.
    struct Refusal: Error, Hashable {
        let text: String
    }

    let document: JSON
    let routingKey: String
    let reason: String
    let letter: DeadLetter

    /// The header that names the letter in whose place it stands.
    static let editOf = "x-edit-of"
    /// The code of a letter that was edited and not sent yet.
    static let code = DeadLetterCode.edited

    /// - Parameters:
    ///   - wall: wall time.
    init(
        _ row: ParkedLetter, _ order: EditOrder, wall: Instant, limits: DocumentLimits
    ) throws(Refusal) {
        guard row.state == .open else { throw Refusal(text: "left alone: it is \(row.standing.rawValue)") }
        guard !row.isDamaged else { throw Refusal(text: "it is damaged: what is sealed of it cannot be opened") }
        let former = DeadLetterDetail.json(row.letter.body.withoutByteOrderMark)
        guard var document = order.document.map({ DeadLetterDetail.json($0.withoutByteOrderMark) }) ?? former else {
            throw Refusal(
                text: order.document == nil
                    ? "it is no JSON: give a whole document with --file" : "the document is no JSON")
        }
        for setting in order.settings {
            guard let set = document.setting(pointer: setting.pointer[...], to: setting.value) else {
                throw Refusal(text: "\(setting.pointer): there is no such place in it")
            }
            document = set
        }
        // The sender may send the event once more under its own id, corrected: the edited one must not take that from it. What
        // has died at several stages stays one event.
        if document["id"] == nil || document["id"] == former?["id"] {
            let content = Identifiers.hexadecimal(Identifiers.digest(document.serialized))
            let id = Identifiers.uuid(["edit", row.letter.source ?? "", row.letter.eventId ?? "", content])
            document = document.setting("id", to: .string(id))
        }
        try self.init(
            row, document, routingKey: order.routingKey ?? row.letter.routingKey, reason: order.reason, wall, limits)
    }

    /// One that was kept.
    init(
        _ row: ParkedLetter, content: [UInt8], wall: Instant, limits: DocumentLimits
    ) throws(Refusal) {
        guard let kept = DeadLetterDetail.json(content), let document = kept["document"] else {
            throw Refusal(text: "what was proposed cannot be read")
        }
        try self.init(
            row, document, routingKey: kept["routingKey"]?.string ?? "", reason: kept["reason"]?.string ?? "", wall,
            limits)
    }

    private init(
        _ row: ParkedLetter, _ document: JSON, routingKey: String, reason: String, _ wall: Instant,
        _ limits: DocumentLimits
    ) throws(Refusal) {
        let body = document.serialized
        let event: Event
        do throws(RefusedDocument) {
            event = try Event.read(body, limits: limits)
        } catch {
            let faults = error.faults.map { "\($0.pointer.isEmpty ? "/" : $0.pointer): \($0.message)" }
            throw Refusal(text: "not valid: " + faults.joined(separator: "; "))
        }
        guard !StageName.allCases.contains(where: { $0.source == event.source }) || event.source == row.letter.source
        else {
            throw Refusal(text: "the source \(event.source) is that of a stage, which has not said this")
        }
        if !row.letter.exchange.isEmpty, !event.type.fits(routingKey: routingKey) {
            throw Refusal(
                text: "the routing key \(routingKey) is not that of \(event.type); give --routing-key \(event.type)")
        }
        var letter = DeadLetter(
            id: DeadLetter.id(queue: row.letter.queue, messageId: event.id, content: body, replays: 0),
            queue: row.letter.queue, failureClass: row.letter.failureClass, code: Self.code.rawValue, firstAt: wall,
            lastAt: wall, body: body)
        (letter.exchange, letter.routingKey) = (row.letter.exchange, routingKey)
        (letter.source, letter.eventId, letter.type) = (event.source, event.id, event.type.wireName)
        letter.caseId = event.data.correlation
        letter.message = "edited, in place of \(row.letter.id)"
        letter.headers = JSON.object([.init(Self.editOf, .string(row.letter.id))]).serialized
        letter.properties = JSON.object([]).serialized
        letter.readFailure()
        (self.document, self.routingKey, self.reason, self.letter) = (document, routingKey, reason, letter)
    }

    /// As an edit keeps it.
    var content: [UInt8] {
        JSON.object([
            .init("routingKey", .string(routingKey)), .init("reason", .string(reason)), .init("document", document),
        ]).serialized
    }
}

extension JSON {
    /// This document with another value at a place; nil: there is no such place. A member that is not there is added.
    ///
    /// - Parameter pointer: RFC 6901.
    func setting(pointer: Substring, to value: JSON) -> JSON? {
        guard !pointer.isEmpty else { return value }
        guard pointer.first == "/" else { return nil }
        let path = pointer.dropFirst()
        let token = path.prefix { $0 != "/" }
        let rest = path.dropFirst(token.count)
        let name = String(token).replacing("~1", with: "/").replacing("~0", with: "~")
        switch self {
        case .object:
            let inner = self[name]
            if inner == nil, !rest.isEmpty { return nil }
            return (inner ?? .null).setting(pointer: rest, to: value).map { setting(name, to: $0) }
        case .array(var elements):
            guard let index = Int(name), elements.indices.contains(index),
                let inner = elements[index].setting(pointer: rest, to: value)
            else { return nil }
            elements[index] = inner
            return .array(elements)
        default: return nil
        }
    }

    /// Every value that holds no others, by its pointer.
    var leaves: [String: JSON] {
        var all: [String: JSON] = [:]
        func walk(_ json: JSON, _ pointer: String) {
            switch json {
            case .object(let members) where !members.isEmpty:
                for member in members {
                    walk(
                        member.value,
                        pointer + "/" + member.name.replacing("~", with: "~0").replacing("/", with: "~1"))
                }
            case .array(let elements) where !elements.isEmpty:
                for (index, element) in elements.enumerated() { walk(element, pointer + "/\(index)") }
            default: all[pointer] = json
            }
        }
        walk(self, "")
        return all
    }
}
