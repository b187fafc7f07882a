import Runtime
import Schema
import Store

/// Replays as operations, which outlive whoever begins them.
extension DeadLetterOffice {
    /// How a replay is to go.
    package struct ReplayOrder: Sendable, Hashable {
        /// Letters a second, at most.
        package var rate = Self.usualRate
        /// One letter first, then ten, then the rest.
        package var hasCanary = true
        /// As the operator puts it.
        package var reason: String?

        package static let usualRate: Int64 = 50
        package static let rates: ClosedRange<Int64> = 1...1_000

        package init() {}
    }

    /// What runs an operation needs of the process that it runs in.
    package struct Desk: Sendable {
        let ports: OperationRunner.Ports

        /// - Parameters:
        ///   - name: of this process, unlike any other's.
        ///   - wall: wall time.
        ///   - pause: waits so many milliseconds.
        ///   - obstacle: why nothing may be sent to these stages; nil: nothing is in the way.
        ///   - isStopped: whether whoever sits there wants it to halt.
        ///   - progress: told how far it has come, often.
        package init(
            name: String, wall: @escaping @Sendable () -> Instant, pause: @escaping @Sendable (Int64) async -> Void,
            obstacle: @escaping @Sendable (Set<StageName>) throws -> String?,
            isStopped: @escaping @Sendable () -> Bool, progress: @escaping @Sendable (OperationView) -> Void
        ) {
            var ports = OperationRunner.Ports(name: name, wall: wall, pause: pause)
            (ports.obstacle, ports.isStopped, ports.progress) = (obstacle, isStopped, progress)
            self.ports = ports
        }

        init(_ ports: OperationRunner.Ports) {
            self.ports = ports
        }
    }

    private static let idTries = 5

    /// `dead-letters replay --execute`: freezes which letters, all of them, and sends them.
    ///
    /// - Parameter begun: told of the operation before anything is sent.
    /// - Throws: `StoreFailure`; `OfficeFailure` if an id is the beginning of several.
    package func replay(
        _ choice: Choice, _ order: ReplayOrder = ReplayOrder(), at desk: Desk,
        begun: (OperationView) -> Void = { _ in }
    ) async throws -> OperationView {
        let operation = try await begin(choice, order, at: desk)
        begun(OperationView(operation, try await counts(of: operation), wall: desk.ports.wall()))
        var runner = try await OperationRunner(self, operation, isNew: true, desk.ports)
        return try await runner.run()
    }

    func begin(_ choice: Choice, _ order: ReplayOrder, at desk: Desk) async throws -> LetterOperation {
        // Of which a letter dies again is compared with of what it has died before.
        try await parts.deadLetters.indexAll(limit: Self.indexLimit)
        let letters: OperationLetters
        switch choice {
        case .ids(let ids): letters = .named(try await resolve(ids))
        case .search(let search): letters = .matching(try await filter(of: search).filter)
        }
        for _ in 0..<Self.idTries {
            let now = desk.ports.wall()
            var operation = LetterOperation(
                id: ShortId.make(), verb: "replay", state: .running, operatorName: parts.log.who.name, at: now,
                rate: order.rate, step: order.hasCanary ? 1 : 0)
            (operation.runner, operation.runsUntil) = (
                desk.ports.name, now.adding(seconds: OperationRunner.leaseSeconds)
            )
            let act = OperatorAct(OperationRunner.verb, reason: order.reason)
            if let begun = try await parts.log.begin(operation, on: letters, as: act) { return begun }
        }
        throw OfficeFailure("dead-letters replay: no free id was found for the operation; try again")
    }

    /// `operations resume`: goes on where it was left, whoever left it. What a killed process held is free after some
    /// seconds, for which this waits.
    ///
    /// - Throws: `OfficeFailure` if there is none, it has ended, or somebody runs it; `StoreFailure`.
    package func resume(_ id: String, at desk: Desk) async throws -> OperationView {
        var operation = try await existing(operation: id, "resume")
        let patience = OperationRunner.leaseSeconds * 1_000 / Self.look
        for _ in 0..<patience where operation.isRun(at: desk.ports.wall()) && !desk.ports.isStopped() {
            let held = operation.runsUntil
            await desk.ports.pause(Self.look)
            operation = try await existing(operation: id, "resume")
            // It lives.
            if operation.runsUntil != held { break }
        }
        var runner = try await OperationRunner(self, operation, isNew: false, desk.ports)
        return try await runner.run()
    }

    private static let look: Int64 = 500

    /// `operations pause`, `operations cancel`: whoever runs it hears it within a second.
    ///
    /// - Parameter state: paused or cancelled.
    /// - Throws: `OfficeFailure` if there is none, or it has ended; `StoreFailure`.
    package func end(
        _ id: String, as state: LetterOperation.State, reason: String?, wall: Instant
    ) async throws -> OperationView {
        let verb = state == .cancelled ? "cancel" : "pause"
        // Whoever runs it changes it all the time.
        for _ in 0..<Self.changeTries {
            let operation = try await existing(operation: id, verb)
            // A pause must not hide why it stopped.
            guard !operation.state.hasEnded, state == .cancelled || operation.state == .running else {
                throw OfficeFailure("operations \(verb) \(id): it is \(operation.state.rawValue) already")
            }
            var ended = operation
            (ended.state, ended.runner) = (state, "")
            ended.cause = "\(verb == "pause" ? "paused" : "cancelled") by \(parts.log.who.name)"
            var change = OperationChange(ended)
            if state == .cancelled { (change.items, change.marks) = try await unconfirmed(of: operation) }
            let act = OperatorAct("operations \(verb)", reason: reason)
            let words = AuditLog.Words(letters: act, operation: act)
            guard let changed = try await parts.log.change(change, saying: words) else { continue }
            return OperationView(changed.operation, try await counts(of: changed.operation), wall: wall)
        }
        throw OfficeFailure("operations \(verb) \(id): it changed under our hands; try again")
    }

    private static let changeTries = 100

    /// Letters that were claimed, and are neither taken nor dead again: as far as is known they never went out, so they are open
    /// again. If one arrives all the same, its stage knows it by its id when it is sent once more.
    private func unconfirmed(
        of operation: LetterOperation
    ) async throws -> (items: [OperationItem], marks: [DeadLetterMark]) {
        let claimed = try await parts.deadLetters.operationItems(
            operation.id, in: [.claimed], after: 0, limit: Self.judgedAtOnce)
        let rows = try await parts.deadLetters.letters(claimed.map(\.letter))
        let sent = claimed.compactMap { rows[$0.letter] }.filter { $0.state == .sent }
        let fates = try await fates(of: sent.map { LetterOnItsWay($0, to: takers(of: $0.letter)) })
        let marks = sent.filter { fates[$0.letter.id] == nil }.map {
            DeadLetterMark(
                id: $0.letter.id, version: $0.version, state: .open,
                note: "operation \(operation.id) was cancelled before the broker had confirmed it")
        }
        let back = Set(marks.map(\.id))
        let items = claimed.filter { back.contains($0.letter) }.map { item in
            var item = item
            (item.state, item.detail) = (.skipped, "not confirmed when the operation was cancelled")
            return item
        }
        return (items, marks)
    }

    /// `operations list`: the newest first.
    ///
    /// - Parameter after: the `next` of the page before.
    package func operations(after: Int64?, limit: Int, wall: Instant) async throws -> OperationList {
        let size = min(max(limit, 1), Self.pageLimit)
        let found = try await parts.deadLetters.operations(below: after ?? .max, limit: size)
        var views: [OperationView] = []
        for one in found { views.append(OperationView(one, try await counts(of: one), wall: wall)) }
        return OperationList(operations: views, next: found.count == size ? found.last?.number : nil)
    }

    /// `operations show`.
    ///
    /// - Parameters:
    ///   - state: of the letters that are listed; nil: any.
    ///   - after: the `next` of the page before.
    /// - Throws: `OfficeFailure` if there is none; `StoreFailure`.
    package func show(
        operation id: String, items state: OperationItem.State?, after: Int64, limit: Int, wall: Instant
    ) async throws -> OperationDetail {
        let operation = try await existing(operation: id, "show")
        let size = min(max(limit, 0), Self.pageLimit)
        let states = state.map { [$0] } ?? Set(OperationItem.State.allCases)
        let items = try await parts.deadLetters.operationItems(id, in: states, after: after, limit: size)
        var filter = AuditLogFilter()
        filter.object = AuditLogObject.operation(id)
        let history = try await parts.log.entries(filter, .before(.max), limit: Self.historyLimit)
        return OperationDetail(
            operation: OperationView(operation, try await counts(of: operation), wall: wall),
            items: items.map(OperationDetail.Item.init), next: items.count == size ? items.last?.position : nil,
            history: history.reversed().map(AuditLogItem.init))
    }

    private func counts(of operation: LetterOperation) async throws -> OperationCounts {
        OperationCounts(try await parts.deadLetters.operationCounts(operation.id))
    }

    private func existing(operation id: String, _ verb: String) async throws -> LetterOperation {
        guard let operation = try await parts.deadLetters.operation(id) else {
            throw OfficeFailure("operations \(verb) \(id): no such operation; recourse operations list names them")
        }
        return operation
    }
}

/// An id that people type.
enum ShortId {
    /// Without those that are taken for one another.
    private static let letters = Array("23456789abcdefghjkmnpqrstuvwxyz")
    private static let length = 6

    static func make() -> String {
        String((0..<length).map { _ in letters[Int.random(in: letters.indices)] })
    }
}
