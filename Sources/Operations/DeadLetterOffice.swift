import Broker
import Policy
import Runtime
import Schema
import Stages
import Store

/// `recourse dead-letters`: read, understand, send again, discard.
///
/// Lists and details show no personal data. Nothing is sent without `execute`; who marks a row first has it.
package struct DeadLetterOffice: Sendable {
    package struct Parts: Sendable {
        package var deadLetters: any DeadLetterStore
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
            deadLetters: any DeadLetterStore, stores: [StageName: any Store], routes: Routes, clock: Instant
        ) {
            self.deadLetters = deadLetters
            self.stores = stores
            self.routes = routes
            self.clock = clock
        }
    }

    let parts: Parts
    /// Bodies of a page are in memory.
    static let pageLimit = 200

    package init(_ parts: Parts) {
        self.parts = parts
    }

    // MARK: - Reading

    /// `dead-letters list`: newest parked first.
    ///
    /// - Parameter after: the `next` of the page before.
    package func list(
        _ filter: DeadLetterFilter, after: Int64? = nil, limit: Int = 50
    ) async throws -> DeadLetterList {
        let size = min(max(limit, 1), DeadLetterOffice.pageLimit)
        let rows = try await parts.deadLetters.list(
            filter, after: after.map { DeadLetterPlace(number: $0) }, limit: size)
        return DeadLetterList(
            letters: rows.map(DeadLetterItem.init), next: rows.count == size ? rows.last?.number : nil)
    }

    /// `dead-letters show ID [--body]`; nil: no such row.
    package func show(_ id: String, withBody: Bool = false) async throws -> DeadLetterDetail? {
        guard let row = try await parts.deadLetters.get(id) else { return nil }
        return DeadLetterDetail(row, verdict: try await verdict(row), withBody: withBody)
    }

    /// `dead-letters groups`: by fingerprint, the largest first.
    package func groups(_ filter: DeadLetterFilter) async throws -> DeadLetterGroups {
        var groups: [String: DeadLetterGroup] = [:]
        try await scan(filter) { row in
            groups[row.letter.fingerprint, default: DeadLetterGroup(row)].add(row)
        }
        return DeadLetterGroups(
            groups: groups.values.sorted { ($1.count, $0.fingerprint) < ($0.count, $1.fingerprint) })
    }

    private func scan(_ filter: DeadLetterFilter, _ body: (ParkedLetter) -> Void) async throws {
        var place: DeadLetterPlace?
        while true {
            let page = try await parts.deadLetters.list(filter, after: place, limit: DeadLetterOffice.pageLimit)
            page.forEach(body)
            guard page.count == DeadLetterOffice.pageLimit, let last = page.last else { return }
            place = last.place
        }
    }

    /// Letters that are worked on together.
    package struct Selection: Sendable, Hashable {
        /// Oldest first.
        package let ids: [String]
        /// How many match in all.
        package let total: Int
        /// Give it as `after` for those behind; nil: there are none.
        package let next: Int64?

        package init(ids: [String], total: Int, next: Int64? = nil) {
            self.ids = ids
            self.total = total
            self.next = next
        }
    }

    /// How many letters one call works on.
    package static let selectionLimit = 1_000

    /// What matches now, the oldest first: later arrivals are not swept in.
    ///
    /// - Parameter after: the `next` of the selection before.
    package func select(
        _ filter: DeadLetterFilter, after: Int64 = 0, limit: Int = selectionLimit
    ) async throws -> Selection {
        var found: [(number: Int64, id: String)] = []
        try await scan(filter) { if $0.number > after { found.append(($0.number, $0.letter.id)) } }
        let chosen = found.reversed().prefix(limit)
        return Selection(
            ids: chosen.map(\.id), total: found.count, next: chosen.count < found.count ? chosen.last?.number : nil)
    }

    // MARK: - Deciding

    /// `dead-letters discard ID… --reason TEXT`: only rows that are open or sent.
    package func discard(_ ids: [String], reason: String) async throws -> DeadLetterActions {
        try await act(ids, to: .discarded, note: reason, word: "discarded")
    }

    /// `dead-letters restore ID… --reason TEXT`: discarded rows are open again.
    package func restore(_ ids: [String], reason: String) async throws -> DeadLetterActions {
        try await act(ids, to: .open, note: reason, word: "restored") {
            ($0.state == .discarded && !$0.isErased) || $0.state == .sent
        }
    }

    private func act(
        _ ids: [String], to state: DeadLetterState, note: String, word: String,
        where isFit: (ParkedLetter) -> Bool = { _ in true }
    ) async throws -> DeadLetterActions {
        var actions: [DeadLetterAction] = []
        for id in ids {
            guard let row = try await parts.deadLetters.get(id) else {
                actions.append(DeadLetterAction(id: id, verdict: nil, done: false, detail: "no such dead letter"))
                continue
            }
            guard row.state.next.contains(state), isFit(row) else {
                let detail = "left alone: it is \(row.isErased ? "erased" : row.state.rawValue)"
                actions.append(DeadLetterAction(id: id, verdict: nil, done: false, detail: detail))
                continue
            }
            let mark = DeadLetterMark(id: id, version: row.version, state: state, note: note)
            let moved = try await !parts.deadLetters.mark([mark]).isEmpty
            let detail = moved ? word : "left alone: somebody else has changed it"
            actions.append(DeadLetterAction(id: id, verdict: nil, done: moved, detail: detail))
        }
        return DeadLetterActions(actions: actions, executed: true)
    }

    /// `dead-letters refresh`: what was sent and has been taken since is resolved; what has died again says so.
    package func refresh() async throws -> DeadLetterActions {
        var filter = DeadLetterFilter()
        filter.state = .sent
        var actions: [DeadLetterAction] = []
        for id in try await select(filter, limit: .max).ids {
            guard let row = try await parts.deadLetters.get(id), row.state == .sent,
                let note = try await outcome(row)
            else { continue }
            let mark = DeadLetterMark(id: id, version: row.version, state: .resolved, note: note)
            let moved = try await !parts.deadLetters.mark([mark]).isEmpty
            actions.append(DeadLetterAction(id: id, verdict: nil, done: moved, detail: note))
        }
        return DeadLetterActions(actions: actions, executed: true)
    }

    /// What has become of a letter that was sent; nil: nothing yet.
    private func outcome(_ row: ParkedLetter) async throws -> String? {
        guard let event = row.letter.event else { return nil }
        var stages: [StageName] = []
        if let stage = DeadLetterOffice.stage(of: row.letter.queue) {
            stages = [stage]
        } else if let type = row.letter.type {
            stages = parts.routes.takers(fromInbox: EventType(DeadLetterOffice.name(type)))
        }
        var taken: [String] = []
        for stage in stages {
            if let entry = try await parts.stores[stage]?.read({ try $0.entry(taking: event) }) {
                taken.append("\(entry.fate.rawValue) by \(stage.rawValue) as entry \(entry.number)")
            }
        }
        if !stages.isEmpty, taken.count == stages.count { return taken.joined(separator: ", ") }
        let rows = try await parts.deadLetters.find([event])[event] ?? []
        let again = rows.last { $0.number > row.number && $0.letter.queue == row.letter.queue }
        return again.map { "died again as \($0.letter.id)" }
    }

    static func stage(of queue: String) -> StageName? { StageName.allCases.first { $0.queue == queue } }

    static func name(_ type: String) -> String { type.hasSuffix(".v1") ? String(type.dropLast(3)) : type }
}
