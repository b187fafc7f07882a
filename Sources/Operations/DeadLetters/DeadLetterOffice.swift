import Broker
import Policy
import Runtime
import Schema
import Stages
import Store

/// `recourse dead-letters`: find, understand, send again, discard.
///
/// Lists and details show no personal data. Nothing is sent without `execute`; who marks a row first has it. What is done,
/// and every look at a body, stands in the audit log.
package struct DeadLetterOffice: Sendable {
    package struct Parts: Sendable {
        package var deadLetters: SealedDeadLetters
        package var log: AuditLog
        package var stores: [StageName: any Store]
        package var routes: Routes
        /// For the dry run of a stage's decision; without them a verdict rests on schema and inbox alone.
        package var stages: [any Stage] = []
        package var policy: PolicyBook?
        /// Publishes with confirms, e.g. `ConfirmedPublisher.publish`; nil: nothing can be sent.
        package var publish: (@Sendable ([ConfirmedPublisher.Message]) async throws -> [ConfirmedPublisher.Outcome])?
        /// Whether the broker leads a routing key of an exchange to a queue; nil: it cannot be asked.
        package var isBound: (@Sendable (Topology.Binding) async throws -> Bool)?
        /// Those of the workers: what a stage would take is not refused here.
        package var limits = DocumentLimits()
        /// The business clock, for the dry run.
        package var clock: Instant

        package init(
            deadLetters: SealedDeadLetters, log: AuditLog, stores: [StageName: any Store], routes: Routes,
            clock: Instant
        ) {
            self.deadLetters = deadLetters
            self.log = log
            self.stores = stores
            self.routes = routes
            self.clock = clock
        }
    }

    let parts: Parts
    /// Bodies of a page are in memory.
    static let pageLimit = 200
    /// Of those that an older release has parked, how many one call indexes before it searches.
    static let indexLimit = 5_000

    package init(_ parts: Parts) {
        self.parts = parts
    }

    // MARK: - Reading

    /// `dead-letters list`: newest parked first.
    ///
    /// - Parameter after: the `next` of the page before.
    package func list(
        _ search: LetterSearch, after: Int64? = nil, limit: Int = 50
    ) async throws -> DeadLetterList {
        let (filter, left) = try await filter(of: search)
        let size = min(max(limit, 1), DeadLetterOffice.pageLimit)
        let rows = try await parts.deadLetters.list(
            filter, after: after.map { DeadLetterPlace(number: $0) }, limit: size)
        return DeadLetterList(
            letters: rows.map(DeadLetterItem.init), total: try await parts.deadLetters.count(filter),
            next: rows.count == size ? rows.last?.number : nil, unindexed: left)
    }

    /// `dead-letters show ID`; nil: no such row. The body only masked; to look at it is logged.
    ///
    /// - Throws: also `OfficeFailure` if the id is a beginning of several.
    package func show(_ id: String, withBody: Bool = false) async throws -> DeadLetterDetail? {
        guard let row = try await row(id) else { return nil }
        let object = AuditLogObject.letter(row.letter.id)
        if withBody { try await parts.log.write(OperatorAct("dead-letters show", [.init(object)])) }
        var filter = AuditLogFilter()
        filter.object = object
        let history = try await parts.log.entries(filter, .before(.max), limit: Self.historyLimit)
        return DeadLetterDetail(
            row, verdict: try await verdict(row), withBody: withBody, history: history.reversed().map(AuditLogItem.init)
        )
    }

    /// How many entries of the audit log are told of one letter, the newest.
    static let historyLimit = 50

    /// `dead-letters unmask ID --reason TEXT`: the letter as it is. Nothing is shown before it is logged.
    ///
    /// - Throws: also `OfficeFailure` if there is none.
    package func unmask(_ id: String, reason: String) async throws -> UnmaskedLetter {
        guard let row = try await row(id) else { throw OfficeFailure("dead-letters unmask \(id): no such dead letter") }
        let object = OperatorAct.Object(AuditLogObject.letter(row.letter.id))
        try await parts.log.write(OperatorAct("dead-letters unmask", [object], reason: reason))
        return UnmaskedLetter(row)
    }

    /// `dead-letters export`: every letter that matches, the oldest first, up to those there are now; masked unless there is a
    /// reason to see them as they are, which is logged before.
    ///
    /// - Parameter line: gets each as a line of JSON.
    /// - Returns: how many there were.
    package func export(
        _ search: LetterSearch, unmaskedBecause reason: String?, _ line: ([UInt8]) throws -> Void
    ) async throws -> Int {
        let (filter, _) = try await filter(of: search)
        var count = 0
        try await pages(of: filter) { places in
            let act = OperatorAct(
                reason == nil ? "dead-letters export" : "dead-letters export --unmasked",
                places.map { .init(AuditLogObject.letter($0.id)) }, reason: reason)
            try await parts.log.write(act)
            for place in places {
                guard let row = try await parts.deadLetters.get(place.id) else { continue }
                try line(try ExportedLetter(row, isMasked: reason == nil).bytes)
                count += 1
            }
        }
        return count
    }

    // MARK: - Finding

    /// What a search means to the store, and how many letters are not indexed yet, so that it cannot find them.
    func filter(of search: LetterSearch) async throws -> (filter: DeadLetterFilter, unindexed: Int) {
        // Fingerprints, groups and what letters are found by come with the index.
        try await parts.deadLetters.indexAll(limit: Self.indexLimit)
        var filter = search.filter
        filter.traces += try await parts.deadLetters.traces(of: search.terms)
        if let phone = search.phone { filter.traces.append(try await parts.deadLetters.trace(of: phone)) }
        return (filter, try await parts.deadLetters.unindexedCount())
    }

    /// The letter of this id, or the only one whose id begins so.
    func row(_ id: String) async throws -> ParkedLetter? {
        if let row = try await parts.deadLetters.get(id) { return row }
        guard let whole = try await wholeId(id) else { return nil }
        return try await parts.deadLetters.get(whole)
    }

    /// In characters.
    package static let shortestId = 4
    private static let toldIds = 5

    /// nil: none begins so.
    private func wholeId(_ start: String) async throws -> String? {
        guard start.count >= Self.shortestId else { return nil }
        let found = try await parts.deadLetters.ids(beginningWith: start, limit: Self.toldIds + 1)
        guard found.count > 1 else { return found.first }
        let told = found.prefix(Self.toldIds).joined(separator: ", ")
        throw OfficeFailure(
            "dead-letters: several ids begin with \(start): \(told)\(found.count > Self.toldIds ? ", …" : "")")
    }

    /// The whole ids of letters that were named by their beginnings; what names none stays as it is.
    package func resolve(_ ids: [String]) async throws -> [String] {
        var whole: [String] = []
        for id in ids {
            let isWhole = try await parts.deadLetters.get(id) != nil
            whole.append(isWhole ? id : try await wholeId(id) ?? id)
        }
        return whole
    }

    /// Hands over what matches now, the oldest first, so many at a time: later arrivals are not swept in.
    func pages(of filter: DeadLetterFilter, _ body: ([LetterPlace]) async throws -> Void) async throws {
        guard let newest = try await parts.deadLetters.list(filter, after: nil, limit: 1).first else { return }
        var filter = filter
        filter.upTo = min(filter.upTo ?? .max, newest.number)
        var position: Int64 = 0
        while true {
            let page = try await parts.deadLetters.places(
                filter, after: position, limit: AuditLog.objectsPerEntry)
            guard let last = page.last else { return }
            try await body(page)
            position = last.number
        }
    }
}
