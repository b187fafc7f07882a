import Policy
import Runtime
import Schema
import Stages
import Store

/// What an office needs of an installation: its stores, opened for one question and closed after it, and its clock.
package protocol Premises: Sendable {
    /// - Throws: `StoreFailure`, also if there is none; configuration faults.
    func store(_ stage: StageName) throws -> any Store
    /// Of all stages.
    func stores() throws -> [StageName: any Store]
    func deadLetters() throws -> SealedDeadLetters
    /// The audit log that lies beside them, of whoever asks here.
    func auditLog(beside letters: SealedDeadLetters) -> AuditLog
    /// For whoever counts them and reads nothing of their content: sealed as they are kept, without a key.
    func unopenedDeadLetters() throws -> any DeadLetterStore
    /// nil: no broker is configured.
    func queueDepths() async throws -> QueueDepths?
    /// The business time.
    func now() throws -> Instant
    /// What the stepped clock says; nil where the clock runs by itself, and where it has never been stepped.
    func steppedClock() throws -> Instant?
    /// The time of this machine; nil: it is not told, and nothing is said of workers.
    var wall: Instant? { get }
    /// Of the policy folder; nil: none is configured.
    func currentPolicy() throws -> PolicyBook?
    var keyring: Keyring { get }
}

/// How many messages are ready in the broker's queues, for as long as somebody asks.
package struct QueueDepths: Sendable {
    /// nil where there is no such queue. Throws `BrokerFailure`.
    package let depth: @Sendable (String) async throws -> Int?
    package let close: @Sendable () -> Void

    package init(depth: @escaping @Sendable (String) async throws -> Int?, close: @escaping @Sendable () -> Void) {
        self.depth = depth
        self.close = close
    }
}

/// The one entrance to what an installation tells people, and to what they do to what it keeps. What is sent to a broker
/// or changes one (publishing, the topology, the clock's steps, letters sent again) is not the office's.
///
/// Each answer is a typed value (`OperationReport`) that others render: as text, JSON, CSV or a page. The command line asks
/// here, and whatever else shows the pipeline to people does too, so that all of them say the same.
///
/// Every method throws `StoreFailure` if a database is away, `OfficeFailure` if what is asked for is not there,
/// and what `Premises` throws.
package struct Office: Sendable {
    let premises: any Premises

    package init(_ premises: any Premises) {
        self.premises = premises
    }

    /// Asks the stores of all stages and closes them.
    func ask<Answer: Sendable>(
        _ question: ([StageName: any Store]) async throws -> Answer
    ) async throws -> Answer {
        let stores = try premises.stores()
        do {
            let answer = try await question(stores)
            for store in stores.values { await store.close() }
            return answer
        } catch {
            for store in stores.values { await store.close() }
            throw error
        }
    }

    /// The same for the store of one stage.
    func ask<Answer: Sendable>(
        _ stage: StageName, _ question: (any Store) async throws -> Answer
    ) async throws -> Answer {
        let store = try premises.store(stage)
        do {
            let answer = try await question(store)
            await store.close()
            return answer
        } catch {
            await store.close()
            throw error
        }
    }
}

/// There is no such thing as the office was asked for.
package struct OfficeFailure: Error, Hashable, CustomStringConvertible {
    /// Names the verb, what was asked for, and what to do.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

// MARK: - Cases, outlets, the fund, events

extension Office {
    /// A case's state at every stage, and its timeline.
    ///
    /// - Parameter id: of the case, or its complaint's.
    package func showCase(_ id: String) async throws -> Dossier {
        try await ask { stores in
            if let dossier = try await CaseView(stores: stores).showCase(id) { return dossier }
            var filter = WaitingList.Filter()
            filter.referenceId = id
            let waiting = try await WaitingList.read(stores, filter).total
            throw OfficeFailure(
                "case show \(id): no case and no complaint has this id"
                    + (waiting > 0 ? "; \(waiting) events wait for it: recourse waiting list --for \(id)" : ""))
        }
    }

    /// As routing sees them, ascending by case id.
    package func listCases(_ filter: CaseFilter, after: String, limit: Int) async throws -> CaseList {
        try await ask { try await CaseView(stores: $0).listCases(filter, after: after, limit: limit) }
    }

    /// Where an outlet stands now, and its timeline.
    package func showOutlet(_ id: String, withRecord: Bool) async throws -> Dossier {
        let now = try premises.now()
        return try await ask { stores in
            guard let dossier = try await CaseView(stores: stores).showOutlet(id, at: now, withRecord: withRecord)
            else {
                throw OfficeFailure("outlet show \(id): nothing is known of an outlet of this id")
            }
            return dossier
        }
    }

    /// The fund's balance and its requests.
    ///
    /// - Parameter request: only this one, with why it was decided so; nil: all.
    package func showFund(
        request: String?, isOpen: Bool, after: String, limit: Int, withRecord: Bool
    ) async throws -> FundReport {
        try await ask(.handling) { store in
            let report = try await FundView(handling: store)
                .show(request: request, isOpen: isOpen, after: after, limit: limit, withRecord: withRecord)
            guard let report else {
                throw OfficeFailure("fund show \(request ?? ""): there is no request of this id")
            }
            return report
        }
    }

    /// Why an event was emitted, back to the inbound events.
    package func explain(_ event: String) async throws -> Explanation {
        let dead = try await deadLetters(ofEvent: event)
        return try await ask { stores in
            let found = try await CaseView(stores: stores).explain(event)
            if found == nil, dead.isEmpty {
                throw OfficeFailure(
                    "explain \(event): no stage has taken or emitted an event of this id, none waits, and none died")
            }
            var explanation =
                found
                ?? Explanation(eventId: event, chain: [], waiting: [], origin: "No stage has taken or emitted it.")
            explanation.dead = dead
            return explanation
        }
    }

    /// Of one id there are as many as sources and queues, unless somebody plays tricks.
    private static let deadOfOneEvent = 20

    /// From the columns alone, so that no key is needed.
    private func deadLetters(ofEvent id: String) async throws -> [DeadLetterItem] {
        let letters = try premises.unopenedDeadLetters()
        var filter = DeadLetterFilter()
        filter.eventId = id
        do {
            let rows = try await letters.list(filter, after: nil, limit: Self.deadOfOneEvent)
            await letters.close()
            return rows.map(DeadLetterItem.init)
        } catch {
            await letters.close()
            throw error
        }
    }
}

// MARK: - Whether all adds up

extension Office {
    /// Whether every event has one fate at each stage that it reached, and nothing is missing.
    ///
    /// - Parameter published: a ledger of `recourse publish`; nil: only what stages emitted is expected.
    /// - Throws: also `FileFault`.
    package func audit(published: String?) async throws -> AuditReport {
        try await ask { try await audit(published: published, of: $0) }
    }

    /// What has happened, and the audit that it rests on.
    ///
    /// - Throws: also `FileFault`.
    package func summary(published: String?) async throws -> (summary: Summary, audit: AuditReport) {
        try await ask { stores in
            let audit = try await audit(published: published, of: stores)
            let summary = try await Summary.make(
                stores: stores, deadLetters: try premises.unopenedDeadLetters(),
                published: try published.map { try LedgerReader(path: $0) }, audit: audit)
            return (summary, audit)
        }
    }

    private func audit(published: String?, of stores: [StageName: any Store]) async throws -> AuditReport {
        let queues = try await premises.queueDepths()
        defer { queues?.close() }
        var parts = Audit.Parts(
            stores: stores, deadLetters: try premises.unopenedDeadLetters(), routes: Routes(Pipeline.stages),
            queueDepth: queues?.depth, probes: [MoneyProbe(), TaskProbe()],
            steppedClock: try premises.steppedClock())
        parts.wall = premises.wall
        return try await Audit(parts).run(published: try published.map { try LedgerReader(path: $0) })
    }
}

// MARK: - What has been published

extension Office {
    /// A report as it was published.
    ///
    /// - Parameter subject: the store, outlet or manufacturer that it is about; nil: the whole chain.
    package func showReport(_ kind: ReportKind, _ period: String, of subject: String?) async throws -> ReportDocument {
        try await ask(.reports) { store in
            guard let report = try await PublishedReports(store: store).show(kind, period, of: subject) else {
                let of = subject.map { " of \($0)" } ?? ""
                throw OfficeFailure(
                    "report show \(kind.rawValue) \(period): no such report\(of) was published; "
                        + "`recourse report list` shows those that were")
            }
            return report
        }
    }

    package func listReports(
        kind: ReportKind?, period: String?, after: String, limit: Int
    ) async throws -> ReportList {
        try await ask(.reports) {
            try await PublishedReports(store: $0)
                .list(kind: kind?.rawValue, period: period, after: after, limit: limit)
        }
    }
}

// MARK: - Letters

extension Office {
    private func letters<Answer: Sendable>(_ question: (NoticeView) async throws -> Answer) async throws -> Answer {
        try await ask(.penalty) { penalty in
            try await ask(.handling) { try await question(NoticeView(penalty: penalty, handling: $0)) }
        }
    }

    /// A letter as it went out (R14).
    package func showNotice(
        _ id: String, language: LetterLanguage, format: LetterFormat
    ) async throws -> NoticeReport {
        try await letters { view in
            guard let notice = try await view.show(id, language: language, format: format) else {
                throw OfficeFailure("notice show \(id): no notice has this id")
            }
            return notice
        }
    }

    /// Ascending by id.
    package func listNotices(addressee: String?, after: String, limit: Int) async throws -> NoticeList {
        try await letters { try await $0.list(addressee: addressee, after: after, limit: limit) }
    }
}

// MARK: - Persons

extension Office {
    private func persons<Answer: Sendable>(
        _ question: (PersonOffice) async throws -> Answer
    ) async throws -> Answer {
        let letters = try premises.deadLetters()
        return try await ask { stores in
            try await question(PersonOffice(stores: stores, deadLetters: letters, keyring: premises.keyring))
        }
    }

    /// What each stage keeps of a person.
    ///
    /// - Parameter unmask: with the texts themselves.
    package func showPerson(_ person: PersonSought, unmask: Bool) async throws -> PersonReport {
        try await look("person show", unmask: unmask, at: person)
        return try await persons { try await $0.show(person, unmask: unmask) }
    }

    /// Erases a person from every store and dead letter, and from what the audit log tells of them.
    package func erasePerson(_ person: PersonSought) async throws -> PersonErasure {
        // The log says that somebody was erased, and by whom; who it was is what is erased.
        try await log(OperatorAct("person erase"), outcome: .begun)
        let erased = try await persons { try await $0.erase(person) }
        var act = OperatorAct("person erase")
        act.detail = "from \(erased.stages.count) stages, \(erased.deadLetters) dead letters"
        try await log(act, outcome: .done)
        return erased
    }

    /// Seals everything with the first key of the key file.
    package func rekey() async throws -> PersonRekeying {
        try await log(OperatorAct("person rekey"), outcome: .begun)
        let done = try await persons { try await $0.rekey() }
        var act = OperatorAct("person rekey")
        act.detail = done.key.isEmpty ? "sealed with no key" : "sealed with the key \(done.key)"
        try await log(act, outcome: done.damaged.isEmpty ? .done : .failed)
        return done
    }

    /// What is known of a customer over all stages (R21).
    ///
    /// - Parameter unmask: with what was said and sent.
    package func showCustomer(_ person: PersonSought, unmask: Bool) async throws -> CustomerReport {
        try await look("customer show", unmask: unmask, at: person)
        return try await ask { stores in
            let view = CustomerView(stores: stores, keyring: premises.keyring)
            guard let report = try await view.show(person, unmask: unmask) else {
                throw OfficeFailure("customer show: nobody is known by that")
            }
            return report
        }
    }

    /// The calls or letters of a month (R27).
    ///
    /// - Parameter unmask: with what was said or sent.
    package func register(_ kind: Register.Kind, _ month: Month, unmask: Bool) async throws -> Register {
        if unmask {
            var act = OperatorAct("register --unmask")
            act.detail = "\(kind.rawValue) of \(month)"
            try await log(act, outcome: .done)
        }
        return try await ask(.callback) { store in
            try await Register.read(kind, month, from: store, unmask: unmask ? premises.keyring : nil)
        }
    }
}

// MARK: - Dead letters

extension Office {
    /// What the desk of dead letters needs of the installation; whoever sends letters again adds the broker.
    ///
    /// - Parameter limits: of the documents that a replay would be judged by.
    package func deadLetterParts(limits: DocumentLimits) throws -> DeadLetterOffice.Parts {
        let letters = try premises.deadLetters()
        var parts = DeadLetterOffice.Parts(
            deadLetters: letters, log: premises.auditLog(beside: letters), stores: try premises.stores(),
            routes: Routes(Pipeline.stages), clock: try premises.now())
        parts.limits = limits
        if let policy = try premises.currentPolicy() {
            parts.stages = Pipeline.stages
            parts.policy = policy
        }
        return parts
    }
}
