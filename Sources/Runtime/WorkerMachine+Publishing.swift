import Broker
import Schema
import Store

extension WorkerMachine {
    mutating func publish(_ rows: [OutboxRow], _ actions: inout [WorkerAction]) {
        guard !rows.isEmpty else { return }
        for row in rows {
            let output = row.output
            let type = EventType(output.type)
            let publication = Publication(
                ticket: outgoing.nextTicket(), exchange: output.exchange, routingKey: output.routingKey,
                mandatory: routes.isPromised(exchange: output.exchange, type: type),
                properties: .of(
                    id: output.id, type: type.wireName, correlation: output.correlation, time: nil),
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
            actions.append(
                .log(LogLine(.warning, "publishing is interrupted; trying again", [("cause", "\(failure)")])))
        case .blocked(let reason):
            actions.append(.log(LogLine(.warning, "the broker blocks publishing", [("reason", reason)])))
        case .unblocked:
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
            switch outgoing.confirm(ticket) {
            case .output(let key): confirm([key])
            case .settles(let delivery): settle([delivery.tag], delivery.channel, &actions)
            case .ends(let event): room.confirmed.append(event)
            case .nothing: break
            }
        case .unknown(let failure):
            let publication = holdForAWhile(ticket)
            guard let publication, !failure.isRetriable else { break }
            actions.append(
                .log(
                    LogLine(
                        .error, "a message cannot be published; trying again",
                        [
                            ("exchange", publication.exchange), ("routingKey", publication.routingKey),
                            ("cause", "\(failure)"),
                        ])))
        case .returned(let code, let text):
            guard let publication = holdForAWhile(ticket) else { break }
            actions.append(
                .log(
                    LogLine(
                        .error, "no queue takes a message that the topology promises one; trying again",
                        [
                            ("exchange", publication.exchange), ("routingKey", publication.routingKey),
                            ("cause", "\(code) \(text)"), ("remedy", "recourse topology apply"),
                        ])))
        case .nacked:
            guard let publication = holdForAWhile(ticket) else { break }
            actions.append(
                .log(
                    LogLine(
                        .warning, "the broker refused a message; trying again",
                        [("exchange", publication.exchange), ("routingKey", publication.routingKey)])))
        }
    }

    /// Published again in a second, or as soon as the publisher is back.
    private mutating func holdForAWhile(_ ticket: UInt64) -> Publication? {
        outgoing.resend(noLaterThan: wall.adding(seconds: 1))
        return outgoing.hold(ticket)
    }
}
