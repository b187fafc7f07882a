import Schema
import Store

/// The personal values in memory. Every change notes its opposite, like those of `MemoryState`.
struct MemoryPersonal {
    struct Person {
        var number: Int64
        var lastSeen: Instant
    }

    private(set) var secret: PersonalSecret?
    private(set) var persons: [PersonalLookup: Person] = [:]
    private(set) var subjects: [PersonalSubject: Int64] = [:]
    private(set) var rows: [Int64: PersonalRow] = [:]
    private var contents: [Int64: Int64] = [:]
    private var lastRow: Int64 = 0
    private var undo: [(inout MemoryPersonal) -> Void] = []

    mutating func commit() { undo.removeAll(keepingCapacity: true) }

    mutating func rollback() {
        while let step = undo.popLast() { step(&self) }
    }

    mutating func set(secret next: PersonalSecret) {
        let before = secret
        undo.append { $0.secret = before }
        secret = next
    }

    private mutating func set(_ lookup: PersonalLookup, _ person: Person?) {
        let before = persons[lookup]
        undo.append { $0.persons[lookup] = before }
        persons[lookup] = person
    }

    private mutating func set(_ subject: PersonalSubject, _ person: Int64?) {
        let before = subjects[subject]
        undo.append { $0.subjects[subject] = before }
        subjects[subject] = person
    }

    mutating func set(_ number: Int64, _ row: PersonalRow?) {
        let before = rows[number]
        undo.append { $0.put(number, before) }
        put(number, row)
    }

    private mutating func put(_ number: Int64, _ row: PersonalRow?) {
        if let content = rows[number]?.content { contents[content] = nil }
        rows[number] = row
        if let content = row?.content { contents[content] = number }
    }

    mutating func find(_ inquiry: PersonalInquiry) -> PersonalFindings {
        var found = PersonalFindings()
        for (lookup, fresh) in inquiry.persons {
            let known = persons[lookup]
            found.persons[lookup] = known?.number ?? fresh
            guard known.map({ $0.lastSeen.adding(days: 1) <= inquiry.now }) ?? true else { continue }
            set(lookup, Person(number: known?.number ?? fresh, lastSeen: inquiry.now))
        }
        for subject in inquiry.subjects { found.subjects[subject] = subjects[subject] }
        for content in inquiry.contents {
            if let row = contents[content].flatMap({ rows[$0] }) { found.contents[content] = (row.number, row.person) }
        }
        // Numbers are not given back, as with a database's sequence.
        found.rows = (0..<inquiry.rows).map { lastRow + 1 + Int64($0) }
        lastRow += Int64(inquiry.rows)
        return found
    }

    mutating func keep(_ fresh: [PersonalRow], subjects links: [PersonalSubject: Int64]) {
        for row in fresh { set(row.number, row) }
        for (subject, person) in links where subjects[subject] == nil { set(subject, person) }
    }

    private func person(_ handle: PersonalHandle) -> Int64? {
        switch handle {
        case .phone(let lookup): persons[lookup]?.number
        case .matter(let subject): subjects[subject]
        }
    }

    func rows(of handle: PersonalHandle) -> [PersonalRow] {
        let person = person(handle)
        return rows.values.filter { row in
            if let subject = row.subject, handle == .matter(subject) { return true }
            guard let person else { return false }
            return row.person == person || row.subject.flatMap { subjects[$0] } == person
        }.sorted { $0.number < $1.number }
    }

    func summary(_ handle: PersonalHandle) -> PersonalSummary? {
        let (person, own) = (person(handle), rows(of: handle))
        guard person != nil || !own.isEmpty else { return nil }
        let known = persons.first { $0.value.number == person }
        return PersonalSummary(
            person: person, lookup: known?.key, lastSeen: known?.value.lastSeen, rows: own.count,
            since: own.map(\.at).min(), subjects: Set(subjects.filter { $0.value == person }.keys))
    }

    mutating func erase(_ handle: PersonalHandle) -> PersonalSummary? {
        guard let summary = summary(handle) else { return nil }
        for row in rows(of: handle) { set(row.number, nil) }
        for subject in summary.subjects { set(subject, nil) }
        if let lookup = summary.lookup { set(lookup, nil) }
        return summary
    }

    mutating func eraseStray(before bound: Instant, in page: [PersonalRow]) -> Int {
        let known = Set(persons.values.map(\.number))
        let stray = page.filter { $0.at < bound && !known.contains($0.person) }
        for row in stray { set(row.number, nil) }
        return stray.count
    }
}

extension MemorySnapshot {
    func personalSecret() throws -> PersonalSecret? { state.personal.secret }

    func personalRows(_ numbers: [Int64]) throws -> [Int64: PersonalRow] {
        var found: [Int64: PersonalRow] = [:]
        for number in numbers { found[number] = state.personal.rows[number] }
        return found
    }

    func personalRows(after: Int64, limit: Int) throws -> [PersonalRow] {
        Array(
            state.personal.rows.values.filter { $0.number > after }.sorted { $0.number < $1.number }
                .prefix(max(0, limit)))
    }

    func personalSummary(_ handle: PersonalHandle) throws -> PersonalSummary? { state.personal.summary(handle) }

    func personalRows(of handle: PersonalHandle, limit: Int) throws -> [PersonalRow] {
        Array(state.personal.rows(of: handle).prefix(max(0, limit)))
    }

    func personsUnseen(since bound: Instant, limit: Int) throws -> [PersonalLookup] {
        state.personal.persons.filter { $0.value.lastSeen < bound }
            .sorted { ($0.value.lastSeen, $0.key) < ($1.value.lastSeen, $1.key) }.prefix(max(0, limit)).map(\.key)
    }
}

extension MemoryTransaction {
    func keepPersonalSecret(_ secret: PersonalSecret) throws -> PersonalSecret {
        if let kept = state.personal.secret { return kept }
        state.personal.set(secret: secret)
        return secret
    }

    func resealPersonalSecret(_ secret: PersonalSecret) throws { state.personal.set(secret: secret) }

    func findPersonal(_ inquiry: PersonalInquiry) throws -> PersonalFindings { state.personal.find(inquiry) }

    func keepPersonal(_ rows: [PersonalRow], subjects: [PersonalSubject: Int64]) throws {
        state.personal.keep(rows, subjects: subjects)
    }

    func resealPersonal(_ rows: [PersonalRow]) throws {
        for row in rows where state.personal.rows[row.number] != nil { state.personal.set(row.number, row) }
    }

    func erasePerson(_ handle: PersonalHandle) throws -> PersonalSummary? { state.personal.erase(handle) }

    func erasePersonal(_ numbers: [Int64]) throws {
        for number in numbers { state.personal.set(number, nil) }
    }

    func eraseStrayPersonal(before bound: Instant, after: Int64, limit: Int) throws -> (last: Int64?, erased: Int) {
        let page = try personalRows(after: after, limit: limit)
        return (page.last?.number, state.personal.eraseStray(before: bound, in: page))
    }
}
