import Schema
import Store

/// What failures of one kind have in common: queue, class and code, and of the first fault the rule and the place.
package struct FailureKind: Sendable, Hashable {
    let queue: String
    let failureClass: String
    let code: String
    /// See `DeadLetter.pointer`.
    package let pointer: String
    package let rule: String
    /// In bytes. Of a deeper place the beginning is told.
    private static let pointerLimit = 256

    /// - Parameter fault: the first; nil: the failure is about no part of the document.
    package init(queue: String, class failureClass: String, code: String, fault: Fault?) {
        self.queue = queue
        self.failureClass = failureClass
        self.code = code
        pointer = fault.map { Self.place($0.pointer) } ?? ""
        rule = fault.map { Self.word($0.rule) } ?? ""
    }

    /// Eight hexadecimal digits, equal for failures of one kind.
    package var fingerprint: String {
        String(Identifiers.uuid(["fingerprint", queue, failureClass, code, pointer, rule]).prefix(8))
    }

    /// A JSON pointer without what is upstream's own: it stands in a column, and names of members may be anything.
    static func place(_ pointer: String) -> String {
        var place = ""
        for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let isIndex = !token.isEmpty && token.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
            let part = isIndex ? "*" : ContractNames.members.contains(String(token)) ? String(token) : "?"
            guard place.utf8.count + part.utf8.count < pointerLimit else { break }
            place += "/" + part
        }
        return place
    }

    /// Rules are words of ours; a letter may come with others.
    private static func word(_ rule: String) -> String {
        let isWord = rule.utf8.allSatisfy { $0 == UInt8(ascii: "-") || ($0 | 0x20) &- UInt8(ascii: "a") < 26 }
        return isWord && rule.utf8.count <= 64 ? rule : "?"
    }
}

/// The names of members that the contract knows.
package enum ContractNames {
    package static let members: Set<String> = {
        var names = Set(Event.publishedEnvelope.map(\.name) + ["data", "datacontenttype", "dataschema", "subject"])
        func read(_ shape: Shape) {
            switch shape {
            case .object(let fields):
                for field in fields {
                    names.insert(field.name)
                    read(field.shape)
                }
            case .array(let element, _, _): read(element)
            default: break
            }
        }
        for entry in EventCatalogue.entries { read(.object(entry.data.shape)) }
        return names
    }()
}

extension DeadLetter {
    /// What the contract found wrong, as far as the headers tell.
    package var faults: [Fault] {
        guard let headers = Self.json(headers), let text = headers[FailureHeader.faults]?.string,
            let list = Self.json(Array(text.utf8))?.elements
        else { return [] }
        return list.map { one in
            Fault(
                pointer: one["pointer"]?.string ?? "", rule: one["rule"]?.string ?? "",
                message: one["message"]?.string ?? "")
        }
    }

    private static func json(_ bytes: [UInt8]) -> JSON? {
        guard !bytes.isEmpty else { return nil }
        do throws(JSONSyntaxError) {
            return try JSON(parsing: bytes)
        } catch {
            // What is not JSON tells of no fault; one such letter must not hide the others.
            return nil
        }
    }

    /// Sets fingerprint, pointer and rule by what the letter tells of its failure.
    package mutating func readFailure() {
        let kind = FailureKind(queue: queue, class: failureClass, code: code, fault: faults.first)
        (fingerprint, pointer, rule) = (kind.fingerprint, kind.pointer, kind.rule)
    }
}
