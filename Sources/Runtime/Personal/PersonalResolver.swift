import Schema
import Store

/// Puts personal values back into documents that hold tokens.
package struct PersonalResolver {
    /// What stands for a value that is no more.
    package static let erased = "erased"

    private let vault: PersonalVault
    private var known: [Int64: (person: Int64, values: [String])]
    /// A bound on memory, however many documents.
    private static let knownLimit = 10_000

    init(vault: PersonalVault, known: [Int64: (person: Int64, values: [String])]) {
        self.vault = vault
        self.known = known
    }

    package init(vault: PersonalVault) {
        self.init(vault: vault, known: [:])
    }

    /// - Throws: `StoreFailure`, also if the key that sealed a value is not there.
    mutating func resolve(_ rows: [OutboxRow], in snapshot: any StoreSnapshot) throws -> [OutboxRow] {
        let bodies = try resolve(rows.map(\.output.body), in: snapshot)
        return zip(rows, bodies).map { row, body in OutboxRow(key: row.key, output: row.output.with(body: body)) }
    }

    /// Entries with their outputs as they are published; their inputs stay as they are.
    package mutating func resolve(_ entries: [JournalEntry], in snapshot: any StoreSnapshot) throws -> [JournalEntry] {
        var bodies = try resolve(entries.flatMap { $0.outputs.map(\.body) }, in: snapshot)[...]
        return entries.map { entry in
            let outputs = entry.outputs.map { $0.with(body: bodies.popFirst() ?? []) }
            var resolved = JournalEntry(
                input: entry.input, fate: entry.fate, now: entry.now, isLate: entry.isLate,
                policyVersion: entry.policyVersion, records: entry.records, outputs: outputs)
            resolved.number = entry.number
            return resolved
        }
    }

    /// Documents of outgoing events as they are published.
    package mutating func resolve(_ bodies: [[UInt8]], in snapshot: any StoreSnapshot) throws -> [[UInt8]] {
        let places = bodies.map { PersonalToken.places(in: $0) }
        var missing: Set<Int64> = []
        for (_, token) in places.joined() where known[token.row] == nil { missing.insert(token.row) }
        if !missing.isEmpty {
            if known.count > Self.knownLimit { known.removeAll() }
            missing.formUnion(places.joined().map(\.token.row).filter { known[$0] == nil })
            for (number, row) in try snapshot.personalRows(missing.sorted()) {
                known[number] = (row.person, try vault.values(of: row))
            }
        }
        return zip(bodies, places).map { body, places in places.isEmpty ? body : replace(places, in: body) }
    }

    private func replace(_ places: [(place: Range<Int>, token: PersonalToken)], in body: [UInt8]) -> [UInt8] {
        var gone: Set<String>?
        return PersonalToken.replacing(places, in: body) { token in
            if let row = known[token.row], row.person == token.person, token.index < row.values.count {
                return row.values[token.index]
            }
            // Rare: the value is erased, or somebody has named a thing like that. The shape tells.
            if gone == nil { gone = Self.personalTexts(of: body) }
            return gone?.contains(token.text) == true ? Self.erased : nil
        }
    }

    private static func personalTexts(of body: [UInt8]) -> Set<String> {
        // A stage writes JSON; what is none has nothing to resolve.
        Set(PersonalDocument(of: body)?.values ?? [])
    }
}

extension JournalOutput {
    func with(body: [UInt8]) -> JournalOutput {
        JournalOutput(
            id: id, type: type, exchange: exchange, routingKey: routingKey, correlation: correlation, body: body)
    }
}
