import Broker
import Schema
import Store

/// Finds what waits of a person in one stage's waiting room, and takes it out.
///
/// The event stays, under its id, and is decided in the end with `erased` in the place of its texts. What leads to it lies
/// beside it, as keyed digests, so this costs what it finds.
package struct WaitingOfPersons {
    private let vault: PersonalVault
    private let digester: PersonalDigester

    /// An event of the person.
    package struct Found: Sendable {
        package let event: EventKey
        fileprivate let message: HeldMessage

        /// What it holds of persons.
        package var values: [String] { PersonalDocument(of: message.body)?.values ?? [] }
    }

    /// nil: the store knows nobody yet.
    package init?(_ vault: PersonalVault, in snapshot: any StoreSnapshot) throws {
        guard let digester = try vault.digester(in: snapshot) else { return nil }
        (self.vault, self.digester) = (vault, digester)
    }

    /// - Parameter person: knows in the end what those who are found are about.
    /// - Throws: `StoreFailure`, also if a key is missing.
    package func find(_ person: inout KnownPerson, in snapshot: any StoreSnapshot) throws -> [Found] {
        var found: [EventKey: Found] = [:]
        var traces = digester.traces(of: person.phones, person.subjects)
        while !traces.isEmpty {
            let before = person.subjects
            for waiting in try snapshot.waiting(tracedBy: traces.union([.overfull])) where found[waiting.event] == nil {
                guard let message = try message(of: waiting, in: snapshot) else { continue }
                // Of what is damaged nobody can say any more whose it is; nothing is lost with it.
                guard message.isDamaged || person.owns(LetterContent(message, sought: person.phones)) else { continue }
                found[waiting.event] = Found(event: waiting.event, message: message)
            }
            traces = digester.traces(of: [], person.subjects.subtracting(before))
        }
        return found.values.sorted { $0.event < $1.event }
    }

    private func message(of waiting: WaitingEvent, in snapshot: any StoreSnapshot) throws -> HeldMessage? {
        try snapshot.waitingMessage(of: waiting.event).map { try vault.openOrRemains($0, of: waiting) }
    }

    package func erase(_ found: [Found], in transaction: any StoreTransaction) throws {
        for one in found {
            try transaction.redactWaiting(one.event, try vault.seal(one.message.redacted, of: one.event))
        }
    }
}

extension HeldMessage {
    /// What the contract knows, with `erased` in the place of each personal text, under its name as the key; and of the
    /// properties what the message's own way was. Of what the contract does not accept nothing is left.
    fileprivate var redacted: HeldMessage {
        let name: String
        let kept: [UInt8]
        do throws(RefusedDocument) {
            let (event, document) = try Event.readDocument(body, limits: .checkedBefore)
            name = event.type.rawValue
            kept = document.body(of: event.replacingTexts { _ in PersonalResolver.erased })
        } catch {
            name = error.identity.type.flatMap { EventCatalogue.byWireName[$0] }?.type.rawValue ?? ""
            // What the contract refuses may hold anything anywhere.
            kept = []
        }
        var way = MessageProperties()
        way.headers = properties.headers.compactMap { field in
            guard FailureHeader.ofCopies.contains(field.name) else { return nil }
            return field.name == FailureHeader.routingKey ? HeaderField(field.name, .string(name)) : field
        }
        return HeldMessage(properties: way, body: kept)
    }
}

extension PersonalDigester {
    /// By what messages are found that hold one of these numbers, or are about one of these matters.
    func traces(of phones: Set<PhoneKey>, _ subjects: Set<PersonalSubject>) -> Set<PersonalTrace> {
        Set(phones.map { trace($0) } + subjects.map { PersonalTrace($0) })
    }

    /// By what a message with this content is found.
    func traces(of content: LetterContent) -> Set<PersonalTrace> {
        content.isOverfull ? [.overfull] : traces(of: content.numbers, content.subjects)
    }
}
