import Schema
import Store

/// Whom an order, or somebody at the command line, means.
package enum PersonSought: Sendable, Hashable {
    /// Whoever has this phone, as written. Without a key it is nobody's.
    case phone(String)
    /// The customer of these cases.
    case cases([String])

    /// - Parameter source: the order's: a complaint is known by its source and id.
    package init?(_ order: CustomerErasureRequested, from source: String) {
        if let phone = order.phone {
            self = .phone(phone)
        } else if let caseId = order.caseId {
            self = .cases([caseId])
        } else if let complaintId = order.complaintId {
            self = .complaint(complaintId, from: source)
        } else {
            return nil
        }
    }

    /// The complaint of that source, or the one that intake has made of a callback.
    package static func complaint(_ complaintId: String, from source: String) -> PersonSought {
        .cases([source, StageName.callback.source].map { Identifiers.caseId(source: $0, complaintId: complaintId) })
    }

    package var phoneKey: PhoneKey? {
        if case .phone(let phone) = self { PhoneKey(phone) } else { nil }
    }

    /// What is about the person, as far as the order itself says.
    package var subjects: Set<PersonalSubject> {
        guard case .cases(let ids) = self else { return [] }
        return Set(ids.compactMap { PersonalSubject(member: "caseId", id: $0) })
    }
}

/// Finds and erases what one stage's store keeps of a person.
///
/// Release 0.1 has kept strangers as one person where their numbers had the same ASCII digits, or none. Of such a person
/// only those rows are somebody's that hold his own number.
package struct PersonalErasure {
    private let vault: PersonalVault
    private let digester: PersonalDigester

    /// What is kept of a person.
    package struct Found: Sendable {
        package let summary: PersonalSummary
        /// The person's own, ascending, and what they hold.
        package let rows: [(row: PersonalRow, values: [String])]
        /// The numbers by which the person was known.
        package let phones: Set<PhoneKey>
        fileprivate let handle: PersonalHandle
        /// All that is kept under the handle is this person's.
        package let isWhole: Bool
    }

    /// nil: the store knows nobody yet.
    package init?(_ vault: PersonalVault, in snapshot: any StoreSnapshot) throws {
        guard let digester = try vault.digester(in: snapshot) else { return nil }
        self.init(vault, digester)
    }

    init(_ vault: PersonalVault, _ digester: PersonalDigester) {
        self.vault = vault
        self.digester = digester
    }

    /// Each only once; what is known of the person under the key of this release first.
    ///
    /// - Parameter more: what others know to be about the person. It counts where this store cannot tell whose it is.
    package func find(
        _ person: PersonSought, about more: Set<PersonalSubject> = [], in snapshot: any StoreSnapshot
    ) throws -> [Found] {
        var found: [Found] = []
        for handle in handles(of: person) {
            guard let one = try find(handle, person.phoneKey, in: snapshot) else { continue }
            let isKnown = one.summary.person != nil && found.contains { $0.summary.person == one.summary.person }
            if !isKnown { found.append(one) }
        }
        for subject in more.subtracting(person.subjects).sorted(by: { $0.number < $1.number }) {
            guard let one = try find(.matter(subject), nil, in: snapshot), one.summary.person == nil else { continue }
            found.append(one)
        }
        return found
    }

    private func handles(of person: PersonSought) -> [PersonalHandle] {
        switch person {
        case .phone(let phone):
            guard let key = PhoneKey(phone) else { return [] }
            let (present, former) = (digester.lookup(key), digester.firstEditionLookup(phone: phone))
            // Numbers in other digits than ours had all the same key.
            let shared = digester.firstEditionLookup(phone: "")
            var lookups = [present]
            for lookup in [former, shared] where !lookups.contains(lookup) { lookups.append(lookup) }
            return lookups.map { .phone($0) }
        case .cases: return person.subjects.sorted { $0.number < $1.number }.map { .matter($0) }
        }
    }

    private func find(
        _ handle: PersonalHandle, _ wanted: PhoneKey?, in snapshot: any StoreSnapshot
    ) throws -> Found? {
        guard let summary = try snapshot.personalSummary(handle) else { return nil }
        let rows = try snapshot.personalRows(of: handle, limit: .max).map {
            (row: $0, values: try readableValues(of: $0))
        }
        let numbers = summary.lookup.map { self.numbers(in: rows.map(\.values), under: $0) } ?? []
        let isWhole =
            if let wanted {
                numbers == [wanted] || numbers.isEmpty && handle == .phone(digester.lookup(wanted))
            } else {
                numbers.count <= 1 && !numbers.contains(nil)
            }
        let phones = Set(numbers.compactMap { $0 })
        if isWhole { return Found(summary: summary, rows: rows, phones: phones, handle: handle, isWhole: true) }
        let own = rows.filter { row, values in
            if let wanted { return values.contains { PhoneKey($0) == wanted } }
            if case .matter(let subject) = handle { return row.subject == subject }
            return false
        }
        if own.isEmpty { return nil }
        return Found(summary: summary, rows: own, phones: phones, handle: handle, isWhole: false)
    }

    /// What is damaged can be erased all the same.
    private func readableValues(of row: PersonalRow) throws -> [String] {
        do {
            return try vault.values(of: row)
        } catch let failure as StoreFailure where failure.kind == .corrupt {
            return []
        }
    }

    /// Whose numbers have led to a person: of the texts kept, those under whose present or former key it is looked up.
    private func numbers(in rows: [[String]], under lookup: PersonalLookup) -> Set<PhoneKey?> {
        var found: Set<PhoneKey?> = []
        for text in rows.joined() where !text.isEmpty && text.unicodeScalars.count <= Customer.phoneLimit {
            let key = PhoneKey(text)
            let isPresent = key.map { digester.lookup($0) == lookup } ?? false
            if isPresent || digester.firstEditionLookup(phone: text) == lookup { found.insert(key) }
        }
        return found
    }

    /// Erases it; what is others' stays.
    package func erase(_ found: [Found], in transaction: any StoreTransaction) throws {
        for one in found {
            if one.isWhole {
                _ = try transaction.erasePerson(one.handle)
            } else {
                try transaction.erasePersonal(one.rows.map(\.row.number))
            }
        }
    }
}
