import Policy
import Schema
import Store

/// Where personal values turn into tokens and back, for one transaction.
///
/// What comes in is taken apart before any stage sees it, and put together again when it is handed to the publisher. In
/// between – records, journal, outbox – there are tokens alone.
///
/// A text that is nothing but the id of a listed outlet stays as it is: it tells of no person, and stages have to know which
/// outlet a resolution holds liable.
struct PersonalEdge {
    private let vault: PersonalVault
    private let organisation: Organisation
    /// nil: no event has come in yet.
    private var digester: PersonalDigester?
    private let transaction: any StoreTransaction
    /// Rows that may be kept at the end, and the values in them.
    private var pending: [Int64: PersonalRow] = [:]
    private var known: [Int64: (person: Int64, values: [String])] = [:]
    /// Rows that the store has already, of an event that is here once more.
    private var present: Set<Int64> = []
    private var links: [PersonalSubject: Int64] = [:]
    /// Rows of this transaction by their content: the store does not know them before its end.
    private var given: [Int64: (row: Int64, person: Int64)] = [:]
    private var kept: [Int64] = []

    /// An event as the stage sees it.
    struct Admitted {
        let inbound: InboundEvent
        fileprivate var rows: [Int64] = []
        /// nil: not known whom it is about, or several.
        fileprivate var person: Int64?
        fileprivate var subjects: [PersonalSubject] = []
    }

    /// What an event that comes in is looked up by, part by part.
    private struct Opened {
        let document: PersonalDocument
        let lookups: [PersonalLookup?]
        let contents: [Int64?]
    }

    init(vault: PersonalVault, organisation: Organisation, transaction: any StoreTransaction) {
        self.vault = vault
        self.organisation = organisation
        self.transaction = transaction
    }

    // MARK: In

    /// Gives events their tokens, in order.
    ///
    /// - Parameter clock: the business clock.
    mutating func admit(_ inputs: [InboundEvent], clock: Instant) throws -> [Admitted] {
        guard !inputs.isEmpty else { return [] }
        // A secret made here is committed with the rest, or not at all.
        let digester = try self.digester ?? vault.establishDigester(in: transaction)
        self.digester = digester
        let opened = inputs.map { Self.open($0, digester) }
        var inquiry = PersonalInquiry(now: clock)
        for case let one? in opened {
            for case let lookup? in one.lookups { inquiry.persons[lookup] = Self.newPerson(at: clock) }
            if one.lookups.contains(nil) || (one.lookups.isEmpty && one.document.subjects.count > 1) {
                inquiry.subjects.formUnion(one.document.subjects)
            }
            for case let content? in one.contents { inquiry.contents.insert(content) }
            inquiry.rows += one.document.parts.count
        }
        let isNeeded = inquiry.rows > 0 || !inquiry.persons.isEmpty || !inquiry.subjects.isEmpty
        var found = isNeeded ? try transaction.findPersonal(inquiry) : PersonalFindings()
        // What waited comes in behind the batch that makes its reference known, in one transaction with it.
        for content in inquiry.contents where found.contents[content] == nil {
            found.contents[content] = given[content]
        }
        for subject in inquiry.subjects where found.subjects[subject] == nil {
            found.subjects[subject] = links[subject]
        }
        var free = found.rows[...]
        var admitted: [Admitted] = []
        admitted.reserveCapacity(inputs.count)
        for (inbound, one) in zip(inputs, opened) {
            guard let one else {
                admitted.append(Admitted(inbound: inbound))
                continue
            }
            admitted.append(try admit(inbound, one, &found, &free, clock))
        }
        return admitted
    }

    /// The number of somebody who is met now: 43 bits that nobody can guess, behind 20 that make those who are met within
    /// four seconds lie together in a store's indices, where a random place for each would cost a page. Should two be
    /// alike, the store refuses the second, and the batch runs again.
    static func newPerson(at clock: Instant) -> Int64 {
        let time = clock.microseconds / 4_000_000 & (1 << 20 - 1)
        return time << 43 | Int64.random(in: 1..<1 << 43)
    }

    private static func open(_ inbound: InboundEvent, _ digester: PersonalDigester) -> Opened? {
        guard let document = inbound.document else { return nil }
        let type = inbound.event.type
        let isCompared = Swift.type(of: inbound.event.data).isCompared
        return Opened(
            document: document,
            lookups: document.parts.map { part in
                if case .phone(let key) = part.owner { digester.lookup(key) } else { nil }
            },
            contents: document.parts.map {
                isCompared ? digester.content(type: type, $0, about: document.subjects) : nil
            })
    }

    private mutating func admit(
        _ inbound: InboundEvent, _ one: Opened, _ found: inout PersonalFindings, _ free: inout ArraySlice<Int64>,
        _ clock: Instant
    ) throws -> Admitted {
        let document = one.document
        let about = document.subjects.compactMap { found.subjects[$0] }.first
        let event = inbound.event
        guard !document.parts.isEmpty else {
            let body = document.hasMore ? document.body(of: event) : inbound.body
            return Admitted(inbound: inbound.kept(event, as: body), person: about, subjects: document.subjects)
        }
        var rows: [(row: Int64, person: Int64)] = []
        var person: Int64?
        for (index, part) in document.parts.enumerated() {
            person = one.lookups[index].map { found.persons[$0] } ?? about
            // Nobody can be found by such a phone. What is about his matters leads to him.
            if person == nil, part.owner == .keyless { person = Self.newPerson(at: clock) }
            let row: (row: Int64, person: Int64)
            if let content = one.contents[index], let before = found.contents[content] {
                row = before
                if pending[row.row] == nil { present.insert(row.row) }
            } else {
                guard let next = free.popFirst() else {
                    throw StoreFailure(.corrupt, operation: "giving tokens", cause: "the store gave too few numbers")
                }
                row = (next, person ?? Self.newPerson(at: clock))
                pending[next] = PersonalRow(
                    number: next, person: row.person, subject: person == nil ? document.subjects.first : nil,
                    content: one.contents[index], at: clock, key: "", sealed: [])
                if let content = one.contents[index] {
                    found.contents[content] = row
                    given[content] = row
                }
            }
            known[row.row] = (row.person, part.values)
            rows.append(row)
        }
        var places = document.places[...]
        var isSame = true
        let seen = event.replacingTexts { text in
            // The document and the event name the same texts, in the same order.
            guard let place = places.popFirst(), document.parts[place.part].values[place.index] == text else {
                isSame = false
                return ""
            }
            if organisation.outlet(text) != nil { return text }
            let (row, person) = rows[place.part]
            return PersonalToken(person: person, row: row, index: place.index).text
        }
        guard isSame, places.isEmpty else {
            throw StoreFailure(
                .corrupt, operation: "giving tokens",
                cause: "\(event.type) and its document name different personal texts")
        }
        let isOne = document.parts.count == 1
        return Admitted(
            inbound: inbound.kept(seen, as: document.body(of: seen)), rows: rows.map(\.row),
            person: isOne ? person : nil, subjects: document.subjects)
    }

    // MARK: Kept

    /// The event is in the journal, so its values stay; and what it and its outputs are about belongs to its person.
    mutating func keep(_ admitted: Admitted, outputs: [JournalOutput]) {
        kept += admitted.rows.filter { !present.contains($0) }
        guard let person = admitted.person else { return }
        for subject in admitted.subjects { links[subject] = person }
        for output in outputs {
            for subject in PersonalSubject.named(in: output.body) { links[subject] = person }
        }
    }

    /// What a timer emits about a customer belongs to him too.
    mutating func keepTimer(outputs: [JournalOutput]) {
        for output in outputs {
            guard let person = PersonalToken.ofCustomer(in: output.body)?.person else { continue }
            for subject in PersonalSubject.named(in: output.body) { links[subject] = person }
        }
    }

    /// Writes what is kept.
    mutating func finish() throws {
        var rows: [PersonalRow] = []
        for number in kept {
            guard var row = pending.removeValue(forKey: number), let values = known[number]?.values else { continue }
            (row.key, row.sealed) = try vault.seal(values, number: number, person: row.person)
            rows.append(row)
        }
        if !rows.isEmpty || !links.isEmpty { try transaction.keepPersonal(rows, subjects: links) }
        kept.removeAll()
        links.removeAll()
        given.removeAll()
    }

    // MARK: Out

    /// The outputs as they are published.
    mutating func resolve(_ rows: [OutboxRow]) throws -> [OutboxRow] {
        var resolver = PersonalResolver(vault: vault, known: known)
        return try resolver.resolve(rows, in: transaction)
    }
}
