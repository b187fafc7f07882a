import Broker

/// The messages of a channel that the broker has not yet confirmed.
///
/// Tags count from 1 per channel. The broker resolves each exactly once, in any order, alone or "all up to"; a `return`
/// carries no tag and precedes the confirm of its message.
struct ConfirmLedger {
    private struct Entry {
        let publication: Publication
        var returned: (code: Int, text: String)?
    }

    /// The tag of `entries[head]`.
    private var first: UInt64 = 1
    private var entries: [Entry?] = []
    private var head = 0
    private(set) var count = 0

    mutating func append(_ publication: Publication) {
        // The body is not needed again.
        let kept = Publication(
            ticket: publication.ticket, exchange: publication.exchange, routingKey: publication.routingKey,
            mandatory: publication.mandatory, properties: publication.properties, body: [])
        entries.append(Entry(publication: kept))
        count += 1
    }

    /// Attributes a return to the oldest mandatory message with the same route and id that has none yet.
    ///
    /// The broker works through a channel in order, so the oldest is the right one even if an id is in flight twice.
    mutating func returned(code: Int, text: String, exchange: String, routingKey: String, messageId: String?) {
        for index in head..<entries.count {
            guard let entry = entries[index], entry.publication.mandatory, entry.returned == nil,
                entry.publication.routingKey == routingKey, entry.publication.exchange == exchange,
                entry.publication.properties.messageId == messageId
            else { continue }
            entries[index]?.returned = (code, text)
            return
        }
    }

    /// Resolves one tag or all up to it; unknown tags are ignored.
    mutating func resolve(
        _ tag: UInt64, multiple: Bool, refused: Bool, into outcomes: inout [(ticket: UInt64, outcome: PublishOutcome)]
    ) {
        // Tag 0 with `multiple` means everything so far (AMQP 0-9-1, basic.ack).
        let last = tag == 0 && multiple ? first + UInt64(entries.count - head) - 1 : tag
        guard last >= first, last - first < UInt64(entries.count - head) else { return }
        let end = head + Int(last - first)
        for index in (multiple ? head : end)...end {
            guard let entry = entries[index] else { continue }
            entries[index] = nil
            count -= 1
            let outcome: PublishOutcome =
                if refused { .nacked } else if let returned = entry.returned {
                    .returned(code: returned.code, text: returned.text)
                } else { .confirmed }
            outcomes.append((entry.publication.ticket, outcome))
        }
        advance()
    }

    private mutating func advance() {
        while head < entries.count, entries[head] == nil {
            head += 1
            first += 1
        }
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 4096 && head > entries.count / 2 {
            entries.removeFirst(head)
            head = 0
        }
    }

    /// The channel is gone: all that is left, in the order of publishing. Tags start again at 1.
    mutating func abandon() -> [UInt64] {
        defer { self = ConfirmLedger() }
        return entries[head...].compactMap { $0?.publication.ticket }
    }
}
