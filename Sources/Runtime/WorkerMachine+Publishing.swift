import Broker
import Monitoring
import Schema
import Store

extension WorkerMachine {
    /// - Parameter sentAt: what the outputs say, also if they have to be sent once more: their receivers have waited since.
    mutating func publish(_ rows: [OutboxRow], sentAt: Instant, _ actions: inout [WorkerAction]) {
        guard !rows.isEmpty else { return }
        for row in rows {
            let output = row.output
            let type = EventType(output.type)
            var properties = MessageProperties.of(
                id: output.id, type: type.wireName, correlation: output.correlation, time: nil)
            properties.stamp(sentAt: sentAt)
            let publication = Publication(
                ticket: outgoing.nextTicket(), exchange: output.exchange, routingKey: output.routingKey,
                mandatory: routes.isPromised(exchange: output.exchange, type: type), properties: properties,
                body: output.body)
            outgoing.add(publication, row.key)
        }
        if outgoing.isReady { actions.append(.publish(outgoing.takeUnsent())) }
    }

    mutating func publisher(_ event: PublisherEvent, _ actions: inout [WorkerAction]) {
        switch event {
        case .ready:
            outgoing.connected()
        case .lost(let failure):
            outgoing.disconnected()
            isBlocked = false
            tally.losses.add(.publisher)
            actions.append(
                .log(LogLine(.warning, "publishing is interrupted; trying again", [("cause", "\(failure)")])))
        case .blocked(let reason):
            isBlocked = true
            actions.append(.log(LogLine(.warning, "the broker blocks publishing", [("reason", reason)])))
        case .unblocked:
            isBlocked = false
            actions.append(.log(LogLine(.info, "the broker takes messages again")))
        case .resolved(let outcomes):
            for (ticket, outcome) in outcomes { resolve(ticket, outcome, &actions) }
        case .closed:
            closed(.publisher)
        }
    }

    mutating func confirm(_ keys: [OutboxKey]) {
        guard !keys.isEmpty else { return }
        confirmed.add(keys, flushAt: Instant(microseconds: wall.microseconds + limits.flushMicroseconds))
    }

    private mutating func resolve(_ ticket: UInt64, _ outcome: PublishOutcome, _ actions: inout [WorkerAction]) {
        switch outcome {
        case .confirmed:
            tally.sent.add(.confirmed)
            switch outgoing.confirm(ticket) {
            case .output(let key): confirm([key])
            case .settles(let delivery): settle([delivery.tag], delivery.channel, &actions)
            case .ends(let event): room.confirmed.append(event)
            case .tells(let event): room.told.append(event)
            case .nothing: break
            }
        case .unknown(let failure):
            tally.sent.add(.lost)
            let publication = holdForAWhile(ticket)
            guard let publication, !failure.isRetriable else { break }
            say(
                Trouble(.error, "a message cannot be published; trying again"),
                place(of: publication) + [("cause", "\(failure)")], &actions)
        case .returned(let code, let text):
            tally.sent.add(.returned)
            returnedAt = wall
            guard let publication = holdForAWhile(ticket) else { break }
            say(
                Trouble(.error, "no queue takes a message that the topology promises one; trying again"),
                place(of: publication)
                    + [("cause", "\(code) \(text)"), ("remedy", "recourse topology apply")], &actions)
        case .nacked:
            tally.sent.add(.nacked)
            guard let publication = holdForAWhile(ticket) else { break }
            say(
                Trouble(.warning, "the broker refused a message; trying again"), place(of: publication), &actions)
        }
    }

    private func place(of publication: Publication) -> [(String, String)] {
        [("exchange", publication.exchange), ("routingKey", publication.routingKey)]
    }

    /// Published again in a second, or as soon as the publisher is back.
    private mutating func holdForAWhile(_ ticket: UInt64) -> Publication? {
        outgoing.resend(noLaterThan: wall.adding(seconds: 1))
        return outgoing.hold(ticket)
    }
}
