import Broker
import Policy
import Runtime
import Schema
import Stages
import Store

/// What sending a dead letter again would lead to.
package enum ReplayVerdict: String, Sendable, Hashable, Codable, CaseIterable {
    /// It is valid now, its stage does not know it, and (where it could be tried) the stage would take it.
    case safe
    /// The stage has taken the event meanwhile: sending it again would change nothing.
    case alreadyDone = "already done"
    /// It would die again.
    case stillRefused = "still refused"
    /// Cannot be told.
    case unknown
}

extension DeadLetterOffice {
    /// A verdict with its reason, and where the letter would go.
    struct Judgement: Sendable {
        let verdict: ReplayVerdict
        let detail: String
        var exchange = ""
        var routingKey = ""
        var event: Event?

        /// For people.
        var place: String { exchange.isEmpty ? routingKey : "\(exchange), key \(routingKey)" }
    }

    /// `dead-letters replay ID…`: a dry run unless `execute`. Only what is `safe` is sent; what is already done is
    /// marked resolved.
    ///
    /// Each row is marked `sent` before it is published, through the default exchange to the queue in which it died
    /// (an unroutable one to its exchange), so that two people never send it twice. Headers are built anew. A row
    /// whose publishing failed is open again, with a note.
    /// - Throws: `StoreFailure`.
    package func replay(_ selection: Selection, execute: Bool) async throws -> DeadLetterActions {
        var actions: [DeadLetterAction] = []
        for id in try await resolve(selection.ids) {
            guard let row = try await parts.deadLetters.get(id) else {
                actions.append(DeadLetterAction(id: id, verdict: .unknown, done: false, detail: "no such dead letter"))
                continue
            }
            let judgement = try await judge(row)
            guard execute else {
                actions.append(
                    DeadLetterAction(id: id, verdict: judgement.verdict, done: false, detail: judgement.detail))
                continue
            }
            switch judgement.verdict {
            case .safe: actions.append(try await send(row, judgement))
            case .alreadyDone where row.state.next.contains(.resolved):
                let mark = DeadLetterMark(id: id, version: row.version, state: .resolved, note: judgement.detail)
                let moved = try await !self.mark([mark], [row], "replay", reason: nil).isEmpty
                actions.append(
                    DeadLetterAction(
                        id: id, verdict: .alreadyDone, done: moved, detail: judgement.detail + "; marked resolved"))
            case .alreadyDone, .stillRefused, .unknown:
                actions.append(
                    DeadLetterAction(id: id, verdict: judgement.verdict, done: false, detail: judgement.detail))
            }
        }
        return DeadLetterActions(
            actions: actions, executed: execute, selected: selection.total, next: selection.next)
    }

    /// Letters that were named one by one.
    package func replay(_ ids: [String], execute: Bool) async throws -> DeadLetterActions {
        try await replay(Selection(ids: ids, total: ids.count), execute: execute)
    }

    func verdict(_ row: ParkedLetter) async throws -> (ReplayVerdict, String) {
        let judgement = try await judge(row)
        return (judgement.verdict, judgement.detail)
    }

    // MARK: - Judging

    func judge(_ row: ParkedLetter) async throws -> Judgement {
        switch row.state {
        case .open: break
        case .sent: return Judgement(verdict: .unknown, detail: "it was sent again and has not been taken yet")
        case .resolved: return Judgement(verdict: .alreadyDone, detail: row.note ?? "resolved")
        case .discarded where row.isErased:
            return Judgement(verdict: .unknown, detail: "its content was erased; there is nothing to send")
        case .discarded: return Judgement(verdict: .unknown, detail: "it was discarded; restore it first")
        }
        if row.isDamaged {
            return Judgement(verdict: .unknown, detail: "it is damaged: what is sealed of it cannot be opened any more")
        }
        let event: Event
        do throws(RefusedDocument) {
            event = try Event.read(row.letter.body, limits: parts.limits)
        } catch {
            let faults = error.faults.prefix(3).map { "\($0.pointer.isEmpty ? "/" : $0.pointer): \($0.message)" }
            return Judgement(verdict: .stillRefused, detail: "not valid: " + faults.joined(separator: "; "))
        }
        if row.letter.isPublished, !event.type.fits(routingKey: row.letter.routingKey) {
            return Judgement(
                verdict: .stillRefused,
                detail: "it came under the routing key \(row.letter.routingKey), which is not that of \(event.type)")
        }
        if let stage = DeadLetterOffice.stage(of: row.letter.queue) { return try await judge(row, event, at: stage) }
        return try await unrouted(row, event)
    }

    /// No queue took it: it goes to its exchange again, if a stage takes it there now.
    private func unrouted(_ row: ParkedLetter, _ event: Event) async throws -> Judgement {
        guard row.letter.queue == QueueName.dead, row.letter.exchange == ExchangeName.inbox else {
            return Judgement(verdict: .unknown, detail: "the queue \(row.letter.queue) belongs to no stage")
        }
        let takers = parts.routes.takers(fromInbox: event.type)
        guard event.type.fits(routingKey: row.letter.routingKey), !takers.isEmpty else {
            return Judgement(
                verdict: .stillRefused,
                detail: "no stage takes \(event.type) under the routing key \(row.letter.routingKey)")
        }
        // The alternate exchange takes what no queue does, so the broker would not return it: it would die again.
        guard let isBound = parts.isBound else {
            return Judgement(
                verdict: .unknown,
                detail: "whether a queue is bound for it cannot be seen: RECOURSE_MANAGEMENT_URL and RECOURSE_AMQP_URL "
                    + "are needed")
        }
        for taker in takers {
            let key = event.type.rawValue
            let binding = Topology.Binding(exchange: ExchangeName.inbox, queue: taker.queue, routingKey: key)
            let isThere: Bool
            do {
                isThere = try await isBound(binding)
            } catch {
                // The other letters of a selection, and whatever else there is to show of this one, do without it.
                return Judgement(
                    verdict: .unknown, detail: "whether a queue is bound for it cannot be seen: \(error)")
            }
            guard isThere else {
                return Judgement(
                    verdict: .stillRefused,
                    detail: "the broker does not bind \(taker.queue) for \(key); run recourse topology apply")
            }
        }
        return Judgement(
            verdict: .safe, detail: "a queue is bound for it now", exchange: ExchangeName.inbox,
            routingKey: event.type.rawValue, event: event)
    }

    private func judge(_ row: ParkedLetter, _ event: Event, at stage: StageName) async throws -> Judgement {
        guard parts.routes.subscriptions.contains(where: { $0.stage == stage }), let store = parts.stores[stage] else {
            return Judgement(verdict: .unknown, detail: "the stage \(stage.rawValue) is not part of this installation")
        }
        let key = EventKey(source: event.source, id: event.id)
        if let entry = try await store.read({ try $0.entry(taking: key) }),
            case .event(_, _, _, let digest, _) = entry.input
        {
            if digest == Identifiers.digest(row.letter.body.withoutByteOrderMark) {
                let detail = "\(entry.fate.rawValue) by \(stage.rawValue) as entry \(entry.number)"
                return Judgement(verdict: .alreadyDone, detail: detail)
            }
            return Judgement(
                verdict: .stillRefused, detail: "\(stage.rawValue) has taken another body under the same source and id")
        }
        let safe = Judgement(
            verdict: .safe, detail: "valid, and \(stage.rawValue) has not taken this event yet",
            routingKey: stage.queue,
            event: event)
        guard let policy = parts.policy, let logic = parts.stages.first(where: { type(of: $0).name == stage }) else {
            return safe
        }
        let runner = StageRunner(stage: logic, policy: policy)
        let clock = parts.clock
        do {
            let verdict = try await store.read { try runner.rehearse(event, in: $0, clock: clock) }
            switch verdict {
            case .applied: return safe
            case .refused(let rejection):
                return Judgement(
                    verdict: .safe, detail: "\(stage.rawValue) would reject it by a rule: \(rejection.reason)",
                    routingKey: stage.queue, event: event)
            case .unknownReference(let key), .waits(let key, orElse: _):
                let detail = "refers to \(key.words), which \(stage.rawValue) does not know"
                return Judgement(verdict: .stillRefused, detail: detail)
            }
        } catch let failure as StoreFailure {
            throw failure
        } catch {
            return Judgement(verdict: .stillRefused, detail: "the stage cannot decide: \(error)")
        }
    }

    // MARK: - Sending

    private func send(_ row: ParkedLetter, _ judgement: Judgement) async throws -> DeadLetterAction {
        let id = row.letter.id
        func action(_ done: Bool, _ detail: String) -> DeadLetterAction {
            DeadLetterAction(id: id, verdict: .safe, done: done, detail: detail)
        }
        guard let publish = parts.publish, let event = judgement.event else {
            return action(false, "not sent: there is no broker")
        }
        let mark = DeadLetterMark(id: id, version: row.version, state: .sent, note: row.note)
        guard let moved = try await self.mark([mark], [row], "replay", reason: nil).first else {
            return action(false, "not sent: somebody else has changed it")
        }
        let message = ConfirmedPublisher.Message(
            exchange: judgement.exchange, routingKey: judgement.routingKey, mandatory: true,
            properties: DeadLetterOffice.properties(of: moved, event), body: row.letter.body)
        let fault: String
        do {
            let outcome = try await publish([message]).first
            switch outcome {
            case .confirmed: return action(true, "sent to \(judgement.place)")
            case .returned(let text): fault = "no queue took it: \(text)"
            case nil: fault = "the broker has not answered"
            }
        } catch {
            // It may have arrived all the same; the stage's inbox keeps it from counting twice.
            fault = "\(error)"
        }
        let note = "sending it again failed: \(fault)"
        let back = DeadLetterMark(id: id, version: moved.version, state: .open, note: note)
        _ = try await self.mark([back], [moved], "replay", reason: note)
        return action(false, "not sent: \(fault)")
    }

    /// Identity from the body, which is the truth; of the old headers the number of replays, and under which key it was
    /// published first, as that must still fit it.
    static func properties(of row: ParkedLetter, _ event: Event) -> MessageProperties {
        var properties = MessageProperties.of(event)
        let before = DeadLetterDetail.json(row.letter.headers)?[FailureHeader.replays]?.int ?? 0
        let count = min(max(before, 0), FailureHistory.mostReplays) + max(row.replays, 1)
        // A number that whoever reads it would cut back would be the number of this row.
        properties.headers += [
            HeaderField(replayOf, .string(row.letter.id)),
            HeaderField(FailureHeader.replays, .int(count > FailureHistory.mostReplays ? 1 : count)),
        ]
        if row.letter.isPublished {
            properties.headers += [
                HeaderField(FailureHeader.exchange, .string(row.letter.exchange)),
                HeaderField(FailureHeader.routingKey, .string(row.letter.routingKey)),
            ]
        }
        return properties
    }

    /// The header that names the dead letter.
    package static let replayOf = "x-replay-of"
}

extension DeadLetter {
    /// It came by an exchange, so that its routing key is that of its sender and not the name of a queue.
    fileprivate var isPublished: Bool { !exchange.isEmpty }
}

extension StageRunner {
    /// What the stage would say of an event now; changes nothing.
    func rehearse(_ event: Event, in snapshot: any StoreSnapshot, clock: Instant) throws -> Verdict {
        var set = WorkingSet()
        var search = KeySearch([.event(event)], self)
        while let missing = search.next(in: set) {
            for key in missing {
                set.note(key, try snapshot.record(key).map { try RecordCoding.live($0, of: stage) })
            }
        }
        return try run(.event(event), in: &set, clock: clock).verdict
    }
}
