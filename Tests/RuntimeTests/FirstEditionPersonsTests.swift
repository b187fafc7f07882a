import Schema
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// What release 0.1 has kept under its own key.
@Suite struct `Persons of the release before` {
    /// Rows under the key of the digits, as that release wrote them: name, phone, text.
    private func keep(
        _ customers: [(name: String, phone: String)], in store: any Store, _ vault: PersonalVault
    ) async throws {
        for (number, customer) in customers.enumerated() {
            let subject = try #require(PersonalSubject(member: "caseId", id: "case-\(number)"))
            try await store.write { transaction in
                let digester = try vault.establishDigester(in: transaction)
                let lookup = digester.firstEditionLookup(phone: customer.phone)
                var inquiry = PersonalInquiry(now: WorkerScene.noon)
                inquiry.persons[lookup] = Int64(number + 1)
                inquiry.rows = 1
                let found = try transaction.findPersonal(inquiry)
                let (row, person) = (try #require(found.rows.first), try #require(found.persons[lookup]))
                let values = [customer.name, customer.phone, "text of \(customer.name)"]
                let (key, sealed) = try vault.seal(values, number: row, person: person)
                try transaction.keepPersonal(
                    [
                        PersonalRow(
                            number: row, person: person, subject: nil, content: nil, at: WorkerScene.noon, key: key,
                            sealed: sealed)
                    ], subjects: [subject: person])
            }
        }
    }

    private func names(_ person: PersonSought, _ store: any Store, _ vault: PersonalVault) async throws -> [String] {
        try await store.read { snapshot in
            try PersonalErasure(vault, in: snapshot)?.find(person, in: snapshot).flatMap {
                $0.rows.map { $0.values[0] }
            }
        } ?? []
    }

    @Test func `are found under both keys, and strangers who had the same one are left alone`() async throws {
        let (store, vault) = (MemoryStore(), PersonalVault(stage: .intake))
        try await keep(
            [
                ("landline", "0731-82345678"), ("mobile", "13800000000"), ("wide", "１３９１１１１２２２２"),
                ("words", "看备注"), ("short", "8234567转2"), ("stranger", "82345672"),
            ], in: store, vault)
        for (phone, name) in [
            ("0731-8234 5678", "landline"), ("+86 138 0000 0000", "mobile"), ("13911112222", "wide"),
            ("１３９１１１１２２２２", "wide"), ("8234567转2", "short"), ("82345672", "stranger"),
        ] {
            #expect(try await names(.phone(phone), store, vault) == [name], "\(phone)")
        }
        #expect(try await names(.phone("看备注"), store, vault) == [])
        try await store.write { transaction in
            let erasure = try #require(try PersonalErasure(vault, in: transaction))
            for phone in ["13911112222", "8234567转2"] {
                try erasure.erase(try erasure.find(.phone(phone), in: transaction), in: transaction)
            }
        }
        let left = try await store.read { snapshot in
            try snapshot.personalRows(after: 0, limit: 9).map { try vault.values(of: $0)[0] }
        }
        #expect(left == ["landline", "mobile", "words", "stranger"])
        // A case of one whom that release took for another is no handle for both.
        #expect(try await names(.cases(["case-3"]), store, vault) == [])
        #expect(try await names(.cases(["case-0"]), store, vault) == ["landline"])
    }
}
