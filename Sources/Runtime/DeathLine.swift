import Broker
import Schema
import Store

/// What the log tells of a message that dies: nothing of its content, and the ids by which it is found.
struct DeathLine {
    let delivery: Delivery
    let identity: EventIdentity
    let reason: DeadLetterReason

    /// `error` where upstream is not told, for then somebody here has to look.
    func trouble(_ level: LogLine.Level) -> Trouble {
        Trouble(level, "dead letter", [("class", reason.class.rawValue), ("code", reason.code)])
    }

    /// - Parameters:
    ///   - queue: where it dies.
    ///   - wall: when.
    func details(queue: String, wall: Instant) -> [(String, String)] {
        var details = [
            (LogKey.eventId, identity.id.map(LoggedId.text) ?? "unknown"),
            (LogKey.eventSource, identity.source.map(LoggedId.text) ?? "unknown"),
            (LogKey.letter, letterId(queue: queue, wall: wall)),
        ]
        if let fault = reason.faults.first {
            details.append((LogKey.pointer, LoggedId.text(FailureMessages.clip(fault.pointer, to: 200))))
            details.append((LogKey.rule, fault.rule))
        } else {
            details.append(("cause", LoggedId.text(FailureMessages.clip(reason.message, to: 500))))
        }
        if let trace = TraceId.of(delivery.properties) { details.append((LogKey.trace, trace)) }
        return details
    }

    /// Under which `recourse-parking` will keep it.
    private func letterId(queue: String, wall: Instant) -> String {
        DeadLetter.id(
            queue: queue, messageId: FailureMessages.short(delivery.properties.messageId),
            content: delivery.oversized.map { Array("\($0) \(wall)".utf8) } ?? delivery.body,
            replays: FailureHistory(delivery).replays)
    }
}

/// The trace that a message belongs to (W3C trace context).
enum TraceId {
    /// nil: it belongs to none, or what it says is not of that form.
    static func of(_ properties: MessageProperties) -> String? {
        guard case .string(let text)? = properties[header: "traceparent"], text.utf8.count == 55 else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.utf8.count) == [2, 32, 16, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } }),
            parts[1].contains(where: { $0 != "0" })
        else { return nil }
        return String(parts[1])
    }
}
