/// Members that the contract does not know, and whose names are nearly those of members that it does: `storeID`,
/// `claim_fen`, `recievedAt`. The contract ignores unknown members, so such a slip costs upstream a fact without a word;
/// tools that check files tell of it. Nothing is refused for it.
package enum ResemblingMembers {
    package static let rule = "unknown-member"

    /// The slips in a document, at most `Fault.limit`; none in what is no JSON object.
    ///
    /// A name is a slip for a member that the object lacks if both are the same but for case, `_` and `-`, or differ in
    /// one letter more, less, other or exchanged with its neighbour, of seven and more letters in two.
    package static func slips(in body: [UInt8], limits: DocumentLimits = DocumentLimits()) -> [Fault] {
        guard body.count <= limits.bodyBytes else { return [] }
        do {
            let tape = try JSONTape(parsing: body, valueLimit: limits.values)
            var search = Search()
            search.document(tape)
            return search.found
        } catch {
            // Why it cannot be read is said by whoever checks it.
            return []
        }
    }

    private struct Search {
        private(set) var found: [Fault] = []

        mutating func document(_ tape: borrowing JSONTape) {
            guard tape.isObject(JSONTape.root) else { return }
            let ends: [Shape.Field] = [
                .optional("datacontenttype", .text(min: 0, max: 128)), .required("data", .anyObject),
            ]
            look(Event.publishedEnvelope + ends, JSONTape.root, "", tape)
            guard let contract = tape.string("type", of: JSONTape.root).flatMap({ EventCatalogue.contracts[$0] }),
                let data = tape.member("data", of: JSONTape.root)
            else { return }
            look(contract.shape, data, "/data", tape)
        }

        private mutating func look(_ shape: Shape, _ place: Int, _ pointer: String, _ tape: borrowing JSONTape) {
            switch shape {
            case .object(let fields): look(fields, place, pointer, tape)
            case .array(let element, _, _):
                guard tape.kind(place) == .array else { return }
                var position = tape.first(place)
                for index in 0..<tape.count(place) where found.count < Fault.limit {
                    look(element, position, "\(pointer)/\(index)", tape)
                    position = tape.next(position)
                }
            default: return
            }
        }

        private mutating func look(
            _ fields: [Shape.Field], _ place: Int, _ pointer: String, _ tape: borrowing JSONTape
        ) {
            guard tape.isObject(place) else { return }
            var unknown: [String] = []
            var present: Set<String> = []
            var position = tape.first(place)
            for _ in 0..<tape.count(place) {
                let name = tape.string(position) ?? ""
                if let field = fields.first(where: { $0.name == name }) {
                    present.insert(name)
                    look(field.shape, position + 1, pointer + "/" + name, tape)
                } else {
                    unknown.append(name)
                }
                position = tape.next(position + 1)
            }
            let absent = fields.map(\.name).filter { !present.contains($0) }
            for name in unknown where found.count < Fault.limit {
                guard let meant = ResemblingMembers.likeliest(name, among: absent) else { continue }
                found.append(
                    Fault(
                        pointer: pointer + "/" + name, rule: ResemblingMembers.rule,
                        message: "the contract knows no such member and ignores it; did you mean \(meant)?"))
            }
        }
    }

    /// Which of `known` the name stands for; nil: none, or it is too unlike any.
    static func likeliest(_ name: String, among known: [String]) -> String? {
        // Names of the contract are plain; so a slip is one that can be shown as it is, and is a JSON pointer unescaped.
        guard name.utf8.count <= 64, name.utf8.allSatisfy(isPlain) else { return nil }
        let folded = folded(name)
        var best: (name: String, distance: Int)?
        for candidate in known {
            let other = ResemblingMembers.folded(candidate)
            let allowed = other.count < 4 ? 0 : other.count < 7 ? 1 : 2
            let distance = distance(folded, other, atMost: allowed)
            guard distance <= allowed, distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || "_-. :".utf8.contains(byte)
    }

    private static func folded(_ name: String) -> [UInt8] {
        name.utf8.compactMap { byte in
            let isUpper = byte &- UInt8(ascii: "A") < 26
            return "_-. :".utf8.contains(byte) ? nil : isUpper ? byte | 0x20 : byte
        }
    }

    /// How many letters must be put in, left out, changed, or exchanged with their neighbour to make one of the other
    /// (optimal string alignment); more than `limit` counts as `limit + 1`.
    private static func distance(_ a: [UInt8], _ b: [UInt8], atMost limit: Int) -> Int {
        guard abs(a.count - b.count) <= limit else { return limit + 1 }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for row in 0..<a.count {
            var next = [row + 1]
            for column in 0..<b.count {
                let change = last[column] + (a[row] == b[column] ? 0 : 1)
                var least = min(change, last[column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, a[row] == b[column - 1], a[row - 1] == b[column] {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                next.append(least)
            }
            (beforeLast, last) = (last, next)
        }
        return min(last[b.count], limit + 1)
    }
}
