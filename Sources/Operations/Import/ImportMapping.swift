import Schema

/// What a mapping file says: how a row of a table becomes events. Every name of a column is a slot, a number by which a
/// row has its text; which column of a table that is, only the table's header tells (`RowMapping`).
package struct ImportMapping: Sendable {
    /// The form of the table, as far as it is told.
    package struct Table: Sendable, Hashable {
        /// nil: told by the bytes.
        package var encoding: TextEncoding?
        /// nil: told by the header.
        package var separator: Separator?
        /// The line on which the header begins; 0: there is none, and columns have numbers only.
        package var headerLine = 1
        /// A row may have fewer cells than the header.
        package var allowsShortRows = false
    }

    /// A name of a column, where the mapping file has it first.
    package struct Column: Sendable, Hashable {
        package let name: String
        package let line: Int
        package let subject: String
    }

    /// A text with the texts of columns in it.
    package struct Template: Sendable, Hashable {
        package enum Piece: Sendable, Hashable {
            case literal(String)
            case column(Int)
            /// The id of the row (`{:row}`).
            case row
        }

        package let pieces: [Piece]

        package var columns: [Int] {
            pieces.compactMap { if case .column(let slot) = $0 { slot } else { nil } }
        }
    }

    /// What a row must say, so that something is made of it.
    package struct Condition: Sendable, Hashable {
        package enum Test: Sendable, Hashable {
            case isOneOf(Set<String>)
            case isNoneOf(Set<String>)
            case isFilled(Bool)
        }

        package let column: Int
        package let test: Test

        /// Words are compared as brands and categories are: without case, width and doubled blanks.
        package func holds(for text: String) -> Bool {
            switch test {
            case .isOneOf(let words): words.contains(MatterKey(text).text)
            case .isNoneOf(let words): !words.contains(MatterKey(text).text)
            case .isFilled(let isFilled): text.isEmpty != isFilled
            }
        }
    }

    /// An event that a row may give.
    package struct EventRule: Sendable {
        package let type: EventType
        package let source: String
        /// The how-manieth of its type in the mapping, from 0.
        package let ordinal: Int
        package let conditions: [Condition]
        /// nil: made of the id of the row.
        package let id: ValueRule?
        /// nil: the only time that `data` must have.
        package let time: ValueRule?
        /// Of `data`.
        package let values: [ValueRule]
        /// Where `time` stands in `values`, if the event has no own.
        let timeValue: Int?
        let tree: MemberTree
    }

    package let source: String
    package let table: Table
    /// By which columns a row is known again; empty: by all of its cells.
    package let key: [Int]
    /// For all events.
    package let conditions: [Condition]
    package let events: [EventRule]
    /// By slot.
    package let columns: [Column]
}

/// Where the values of an event's data stand in it.
indirect enum MemberTree: Sendable {
    /// The place of a rule in `EventRule.values`.
    case value(Int)
    case object([(name: String, tree: MemberTree)])
    case list([MemberTree])

    /// Puts a value at a path; in a list the steps are numbers from 1, which only tell its elements apart.
    mutating func insert(_ value: Int, at path: ArraySlice<String>) {
        guard let step = path.first else {
            self = .value(value)
            return
        }
        switch self {
        case .object(var members):
            if let index = members.firstIndex(where: { $0.name == step }) {
                members[index].tree.insert(value, at: path.dropFirst())
            } else {
                var tree = MemberTree.object([])
                tree.insert(value, at: path.dropFirst())
                members.append((step, tree))
            }
            self = .object(members)
        case .value, .list: break
        }
    }

    /// With lists where all names are numbers, their elements in the order of the numbers.
    var withLists: MemberTree {
        guard case .object(let members) = self else { return self }
        let trees = members.map { (name: $0.name, tree: $0.tree.withLists) }
        let numbers = trees.compactMap { Int($0.name) }
        guard !trees.isEmpty, numbers.count == trees.count else { return .object(trees) }
        return .list(zip(numbers, trees).sorted { $0.0 < $1.0 }.map(\.1.tree))
    }

    /// The document; nil: there is nothing in it.
    func document(_ values: [JSON?]) -> JSON? {
        switch self {
        case .value(let index): return values[index]
        case .object(let members):
            let present = members.compactMap { member in
                member.tree.document(values).map { JSON.Member(member.name, $0) }
            }
            return present.isEmpty ? nil : .object(present)
        case .list(let elements):
            let present = elements.compactMap { $0.document(values) }
            return present.isEmpty ? nil : .array(present)
        }
    }

    /// The place of the rule that a step-by-step path leads to; below a value it goes no further.
    ///
    /// - Parameter values: those of the document, in whose lists the path counts from 0.
    func rule(at path: ArraySlice<String>, _ values: [JSON?]) -> Int? {
        switch self {
        case .value(let index): return index
        case .object(let members):
            return members.first { $0.name == path.first }?.tree.rule(at: path.dropFirst(), values)
        case .list(let elements):
            let present = elements.filter { $0.document(values) != nil }
            guard let place = path.first.flatMap({ Int($0) }), present.indices.contains(place) else { return nil }
            return present[place].rule(at: path.dropFirst(), values)
        }
    }
}
