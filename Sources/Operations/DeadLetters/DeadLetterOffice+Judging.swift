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
        /// The reason in words of ours alone, the same for all letters that it is true of.
        let why: String
        let detail: String
        var exchange = ""
        var routingKey = ""
        var event: Event?
        /// Those that take it.
        var stages: [StageName] = []

        /// - Parameter detail: nil: there is no more to tell.
        init(_ verdict: ReplayVerdict, _ why: String, _ detail: String? = nil) {
            (self.verdict, self.why, self.detail) = (verdict, why, detail ?? why)
        }

        func to(_ stages: [StageName], exchange: String = "", _ routingKey: String, _ event: Event) -> Judgement {
            var judgement = self
            (judgement.stages, judgement.exchange) = (stages, exchange)
            (judgement.routingKey, judgement.event) = (routingKey, event)
            return judgement
        }
    }

    func verdict(_ row: ParkedLetter) async throws -> (ReplayVerdict, String) {
        let judgement = try await judge(row)
        return (judgement.verdict, judgement.detail)
    }

    func judge(_ row: ParkedLetter) async throws -> Judgement {
        try await judge([row]).first ?? Judgement(.unknown, "it could not be judged")
    }

    /// In the order of the rows. Of each stage there is one look into its store, whatever their number.
    func judge(_ rows: [ParkedLetter]) async throws -> [Judgement] {
        var judgements: [Judgement] = []
        var asked: [StageName: [(place: Int, row: ParkedLetter, event: Event)]] = [:]
        for (place, row) in rows.enumerated() {
            switch await sight(row) {
            case .judged(let judgement): judgements.append(judgement)
            case .ask(let stage, let event):
                judgements.append(Judgement(.unknown, "it could not be judged"))
                asked[stage, default: []].append((place, row, event))
            }
        }
        for (stage, letters) in asked {
            for (letter, judgement) in zip(letters, try await judge(letters.map { ($0.row, $0.event) }, at: stage)) {
                judgements[letter.place] = judgement
            }
        }
        return try await heedingCorrections(judgements, of: rows)
    }

    private enum Sight {
        case judged(Judgement)
        /// A stage's store has to say.
        case ask(StageName, Event)
    }

    /// What can be told without a stage.
    private func sight(_ row: ParkedLetter) async -> Sight {
        if let judgement = Self.judge(state: row) { return .judged(judgement) }
        let event: Event
        do throws(RefusedDocument) {
            event = try Event.read(row.letter.body, limits: parts.limits)
        } catch {
            let faults = error.faults.prefix(3).map { "\($0.pointer.isEmpty ? "/" : $0.pointer): \($0.message)" }
            return .judged(Judgement(.stillRefused, "not valid", "not valid: " + faults.joined(separator: "; ")))
        }
        if row.letter.isPublished, !event.type.fits(routingKey: row.letter.routingKey) {
            let detail = "it came under the routing key \(row.letter.routingKey), which is not that of \(event.type)"
            return .judged(Judgement(.stillRefused, "it came under another event's routing key", detail))
        }
        if let stage = DeadLetterOffice.stage(of: row.letter.queue) { return .ask(stage, event) }
        return .judged(await unrouted(row, event))
    }

    private static func judge(state row: ParkedLetter) -> Judgement? {
        switch row.standing {
        case .open: break
        case .sent: return Judgement(.unknown, "it was sent again and has not been taken yet")
        case .resolved: return Judgement(.alreadyDone, "resolved", row.note ?? "resolved")
        case .diedAgain: return Judgement(.unknown, "it has died again", row.note)
        case .superseded: return Judgement(.unknown, "an edited letter has taken its place", row.note)
        case .discarded where row.isErased:
            return Judgement(.unknown, "its content was erased; there is nothing to send")
        case .discarded: return Judgement(.unknown, "it was discarded; restore it first")
        }
        guard row.isDamaged else { return nil }
        return Judgement(.unknown, "it is damaged: what is sealed of it cannot be opened any more")
    }

    /// No queue took it: it goes to its exchange again, if a stage takes it there now.
    private func unrouted(_ row: ParkedLetter, _ event: Event) async -> Judgement {
        guard row.letter.queue == QueueName.dead, row.letter.exchange == ExchangeName.inbox else {
            return Judgement(
                .unknown, "its queue belongs to no stage", "the queue \(row.letter.queue) belongs to no stage")
        }
        let takers = parts.routes.takers(fromInbox: event.type)
        guard event.type.fits(routingKey: row.letter.routingKey), !takers.isEmpty else {
            return Judgement(
                .stillRefused, "no stage takes it under its routing key",
                "no stage takes \(event.type) under the routing key \(row.letter.routingKey)")
        }
        let unseen = "whether a queue is bound for it cannot be seen"
        // The alternate exchange takes what no queue does, so the broker would not return it: it would die again.
        guard let isBound = parts.isBound else {
            return Judgement(
                .unknown, unseen, "\(unseen): RECOURSE_MANAGEMENT_URL and RECOURSE_AMQP_URL are needed")
        }
        for taker in takers {
            let key = event.type.rawValue
            let binding = Topology.Binding(exchange: ExchangeName.inbox, queue: taker.queue, routingKey: key)
            let isThere: Bool
            do {
                isThere = try await isBound(binding)
            } catch {
                // The other letters of a selection, and whatever else there is to show of this one, do without it.
                return Judgement(.unknown, unseen, "\(unseen): \(error)")
            }
            guard isThere else {
                return Judgement(
                    .stillRefused, "no queue is bound for it",
                    "the broker does not bind \(taker.queue) for \(key); run recourse topology apply")
            }
        }
        return Judgement(.safe, "a queue is bound for it now")
            .to(takers, exchange: ExchangeName.inbox, event.type.rawValue, event)
    }

    private func judge(
        _ letters: [(row: ParkedLetter, event: Event)], at stage: StageName
    ) async throws -> [Judgement] {
        guard parts.routes.subscriptions.contains(where: { $0.stage == stage }), let store = parts.stores[stage] else {
            let judgement = Judgement(
                .unknown, "its stage is not part of this installation",
                "the stage \(stage.rawValue) is not part of this installation")
            return letters.map { _ in judgement }
        }
        let runner = parts.policy.flatMap { policy in
            parts.stages.first { type(of: $0).name == stage }.map { StageRunner(stage: $0, policy: policy) }
        }
        let clock = parts.clock
        return try await store.read { snapshot in
            try letters.map { letter in
                try Self.judge(letter.row, letter.event, at: stage, runner, in: snapshot, clock: clock)
            }
        }
    }

    private static func judge(
        _ row: ParkedLetter, _ event: Event, at stage: StageName, _ runner: StageRunner?,
        in snapshot: any StoreSnapshot, clock: Instant
    ) throws -> Judgement {
        if let entry = try snapshot.entry(taking: EventKey(source: event.source, id: event.id)),
            case .event(_, _, _, let digest, _) = entry.input
        {
            guard digest == Identifiers.digest(row.letter.body.withoutByteOrderMark) else {
                return Judgement(
                    .stillRefused, "another body was taken under its source and id",
                    "\(stage.rawValue) has taken another body under the same source and id")
            }
            return Judgement(
                .alreadyDone, "taken meanwhile", "\(entry.fate.rawValue) by \(stage.rawValue) as entry \(entry.number)")
        }
        let safe = Judgement(
            .safe, "valid, and not taken yet", "valid, and \(stage.rawValue) has not taken this event yet"
        )
        .to([stage], stage.queue, event)
        guard let runner else { return safe }
        do {
            switch try runner.rehearse(event, in: snapshot, clock: clock) {
            case .applied: return safe
            case .refused(let rejection):
                return Judgement(
                    .safe, "a rule would reject it",
                    "\(stage.rawValue) would reject it by a rule: \(rejection.reason)"
                ).to([stage], stage.queue, event)
            case .unknownReference(let key), .waits(let key, orElse: _):
                return Judgement(
                    .stillRefused, "what it refers to is not known",
                    "refers to \(key.words), which \(stage.rawValue) does not know")
            }
        } catch let failure as StoreFailure {
            throw failure
        } catch {
            return Judgement(.stillRefused, "its stage cannot decide it", "the stage cannot decide: \(error)")
        }
    }
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
