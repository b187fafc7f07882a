import Schema
import Store
import Testing

@Suite("What is personal, apart", .timeLimit(.minutes(10)))
struct PersonalStoreTests {
    private func lookup(_ byte: UInt8) -> PersonalLookup { PersonalLookup(bytes: [UInt8](repeating: byte, count: 16)) }

    private func row(
        _ number: Int64, person: Int64, subject: Int64? = nil, content: Int64? = nil, at: Instant = start
    ) -> PersonalRow {
        PersonalRow(
            number: number, person: person, subject: subject.map { PersonalSubject(number: $0) }, content: content,
            at: at, key: "k1", sealed: [UInt8(truncatingIfNeeded: number), 0, 255])
    }

    private func inquiry(
        _ persons: [UInt8: Int64] = [:], subjects: [Int64] = [], contents: Set<Int64> = [], rows: Int = 0,
        now: Instant = start
    ) -> PersonalInquiry {
        var inquiry = PersonalInquiry(now: now)
        for (byte, number) in persons { inquiry.persons[lookup(byte)] = number }
        inquiry.subjects = Set(subjects.map { PersonalSubject(number: $0) })
        inquiry.contents = contents
        inquiry.rows = rows
        return inquiry
    }

    @Test(arguments: Adapter.allCases)
    func `a secret is made once, whoever comes first`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            #expect(try await store.read { try $0.personalSecret() } == nil)
            let first = PersonalSecret(key: "k1", sealed: [1, 2, 3])
            let second = PersonalSecret(key: "", sealed: [4])
            #expect(try await store.write { try $0.keepPersonalSecret(first) } == first)
            #expect(try await other.write { try $0.keepPersonalSecret(second) } == first)
            try await other.write { try $0.resealPersonalSecret(second) }
            #expect(try await store.read { try $0.personalSecret() } == second)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a person gets a number once, and keeps it until it is erased`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let (first, again) = (inquiry([1: 11, 2: 22], rows: 2), inquiry([1: 99, 3: 33], rows: 1))
            let made = try await store.write { try $0.findPersonal(first) }
            #expect(made.persons == [lookup(1): 11, lookup(2): 22])
            #expect(Set(made.rows).count == 2)
            let rows = [row(made.rows[0], person: 11), row(made.rows[1], person: 22)]
            try await store.write { try $0.keepPersonal(rows, subjects: [PersonalSubject(number: 7): 11]) }
            let found = try await other.write { try $0.findPersonal(again) }
            #expect(found.persons == [lookup(1): 11, lookup(3): 33])
            #expect(found.rows.count == 1 && !made.rows.contains(found.rows[0]))
            let one = lookup(1)
            let erased = try #require(try await other.write { try $0.erasePerson(.phone(one)) })
            #expect(erased.person == 11 && erased.rows == 1 && erased.subjects == [PersonalSubject(number: 7)])
            #expect(try await other.write { try $0.erasePerson(.phone(one)) } == nil)
            let later = inquiry([1: 99], subjects: [7])
            let anew = try await store.write { try $0.findPersonal(later) }
            #expect(anew.persons == [one: 99], "whoever comes with that phone now is somebody else")
            #expect(anew.subjects.isEmpty)
            #expect(try await store.read { try $0.personalRows(after: 0, limit: 9) } == [rows[1]])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a number is given once, however often a transaction asks`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let (few, more) = (inquiry(rows: 2), inquiry(rows: 3))
            let first = try await store.write { transaction in
                let asked = try transaction.findPersonal(few).rows
                let again = try transaction.findPersonal(more).rows
                // Of the first two one is used, and of the others none.
                try transaction.keepPersonal([row(asked[1], person: 5)], subjects: [:])
                return asked + again
            }
            #expect(Set(first).count == 5)
            let later = try await other.write { try $0.findPersonal(few).rows }
            #expect(Set(first).isDisjoint(with: later))
        }
    }

    @Test(arguments: Adapter.allCases)
    func `rows come back whole, by number and by content`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let wanted = inquiry(rows: 3)
            let numbers = try await store.write { try $0.findPersonal(wanted) }.rows
            let rows = [
                row(numbers[0], person: .max, content: .max), row(numbers[1], person: 5, subject: .max),
                row(numbers[2], person: 6),
            ]
            try await store.write { try $0.keepPersonal(rows, subjects: [:]) }
            #expect(try await other.read { try $0.personalRows(numbers + [numbers[2] + 1_000]) }.count == 3)
            #expect(try await other.read { try $0.personalRows(numbers) }[numbers[0]] == rows[0])
            #expect(try await other.read { try $0.personalRows(after: numbers[0], limit: 1) } == [rows[1]])
            let about = inquiry(contents: [.max, 1])
            let found = try await other.write { try $0.findPersonal(about).contents }
            #expect(found.keys.sorted() == [.max])
            #expect(found[.max]?.row == numbers[0] && found[.max]?.person == .max)
            var sealed = rows[2]
            (sealed.key, sealed.sealed) = ("k2", [])
            let next = sealed
            try await store.write { try $0.resealPersonal([next]) }
            #expect(try await other.read { try $0.personalRows(numbers) }[numbers[2]] == next)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an erasure takes what is about the person's matters too, and nothing of others`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, _ in
            let wanted = inquiry([1: 11, 2: 22], rows: 5)
            let numbers = try await store.write { try $0.findPersonal(wanted) }.rows
            let rows = [
                row(numbers[0], person: 11, at: start.adding(days: 1)), row(numbers[1], person: 901, subject: 7),
                row(numbers[2], person: 902, subject: 8), row(numbers[3], person: 22),
                row(numbers[4], person: 11, at: start.adding(days: 2)),
            ]
            let links = [PersonalSubject(number: 7): Int64(11), PersonalSubject(number: 8): 22]
            try await store.write { try $0.keepPersonal(rows, subjects: links) }
            // A subject stays with the person to whom it was given first.
            try await store.write { try $0.keepPersonal([], subjects: [PersonalSubject(number: 7): 22]) }
            let one = lookup(1)
            let summary = try #require(try await store.read { try $0.personalSummary(.phone(one)) })
            #expect(summary.rows == 3 && summary.since == start && summary.lastSeen == start)
            let own = try await store.read { try $0.personalRows(of: .phone(one), limit: 9) }
            #expect(own.map(\.number) == [numbers[0], numbers[1], numbers[4]])
            #expect(try await store.write { try $0.erasePerson(.phone(one)) } == summary)
            let left = try await store.read { try $0.personalRows(after: 0, limit: 9) }
            #expect(left == [rows[2], rows[3]])
            try await store.scrub()
        }
    }

    @Test(arguments: Adapter.allCases)
    func `who has no phone is found by a matter of his`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let wanted = inquiry([1: 11], rows: 5)
            let numbers = try await store.write { try $0.findPersonal(wanted) }.rows
            let rows = [
                row(numbers[0], person: 55), row(numbers[1], person: 901, subject: 7),
                row(numbers[2], person: 902, subject: 8), row(numbers[3], person: 11), row(numbers[4], person: 55),
            ]
            let links = [PersonalSubject(number: 7): Int64(55), PersonalSubject(number: 9): 11]
            try await store.write { try $0.keepPersonal(rows, subjects: links) }
            func summary(_ subject: Int64) async throws -> PersonalSummary? {
                try await store.read { try $0.personalSummary(.matter(PersonalSubject(number: subject))) }
            }
            let own = try #require(try await summary(7))
            #expect(own.person == 55 && own.lookup == nil && own.lastSeen == nil && own.rows == 3)
            #expect(try await summary(9)?.lookup == lookup(1))
            #expect(try await summary(8).map { [$0.rows] } == [1], "nobody knows whose it is")
            #expect(try await summary(3) == nil)
            for subject in [Int64(7), 8] {
                let handle = PersonalHandle.matter(PersonalSubject(number: subject))
                #expect(try await store.write { try $0.erasePerson(handle) } != nil)
                #expect(try await store.write { try $0.erasePerson(handle) } == nil)
            }
            #expect(try await store.read { try $0.personalRows(after: 0, limit: 9) } == [rows[3]])
            try await store.write { try $0.erasePersonal([numbers[3], numbers[0]]) }
            #expect(try await store.read { try $0.personalRows(after: 0, limit: 9) }.isEmpty)
            let known = lookup(1)
            #expect(try await store.read { try $0.personalSummary(.phone(known)) }?.rows == 0)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `who was not heard of is found by the time, to the microsecond`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let (first, second) = (inquiry([1: 11, 2: 22]), inquiry([2: 99], now: start.adding(days: 3)))
            try await store.write { _ = try $0.findPersonal(first) }
            try await store.write { _ = try $0.findPersonal(second) }
            func unseen(_ bound: Instant) async throws -> [PersonalLookup] {
                try await store.read { try $0.personsUnseen(since: bound, limit: 9) }
            }
            #expect(try await unseen(start).isEmpty)
            #expect(try await unseen(Instant(microseconds: start.microseconds + 1)) == [lookup(1)])
            #expect(try await unseen(start.adding(days: 4)) == [lookup(1), lookup(2)])
            #expect(try await store.read { try $0.personsUnseen(since: .limit, limit: 1) } == [lookup(1)])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `rows that belong to nobody go when they are old, page by page`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let wanted = inquiry([1: 11], rows: 4)
            let numbers = try await store.write { try $0.findPersonal(wanted) }.rows
            let rows = [
                row(numbers[0], person: 11), row(numbers[1], person: 12), row(numbers[2], person: 13),
                row(numbers[3], person: 14, at: start.adding(days: 1)),
            ]
            try await store.write { try $0.keepPersonal(rows, subjects: [:]) }
            let bound = start.adding(days: 1)
            let first = try await store.write { try $0.eraseStrayPersonal(before: bound, after: 0, limit: 2) }
            #expect(first.last == numbers[1] && first.erased == 1)
            let rest = try await store.write { try $0.eraseStrayPersonal(before: bound, after: numbers[1], limit: 9) }
            #expect(rest.last == numbers[3] && rest.erased == 1)
            let end = try await store.write { try $0.eraseStrayPersonal(before: bound, after: numbers[3], limit: 9) }
            #expect(end.last == nil && end.erased == 0)
            #expect(try await store.read { try $0.personalRows(after: 0, limit: 9) } == [rows[0], rows[3]])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `what a transaction has done is undone with it`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let wanted = inquiry([1: 11], rows: 2)
            let numbers = try await store.write { try $0.findPersonal(wanted) }.rows
            let (kept, lost) = (row(numbers[0], person: 11, content: 3), row(numbers[1], person: 11))
            try await store.write { try $0.keepPersonal([kept], subjects: [PersonalSubject(number: 7): 11]) }
            let (one, more) = (lookup(1), inquiry([2: 22]))
            await #expect(throws: Interruption.self) {
                try await store.write { (transaction) throws in
                    _ = try transaction.findPersonal(more)
                    try transaction.keepPersonal([lost], subjects: [PersonalSubject(number: 9): 11])
                    _ = try transaction.erasePerson(.phone(one))
                    throw Interruption()
                }
            }
            let summary = try await store.read { try $0.personalSummary(.phone(one)) }
            #expect(summary?.rows == 1 && summary?.subjects == [PersonalSubject(number: 7)])
            let two = lookup(2)
            #expect(try await store.read { try $0.personalSummary(.phone(two)) } == nil)
            let about = inquiry(contents: [3])
            #expect(try await store.write { try $0.findPersonal(about).contents[3]?.row } == numbers[0])
        }
    }
}
