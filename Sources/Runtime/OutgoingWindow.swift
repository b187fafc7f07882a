import Broker
import Schema
import Store

/// Points at a delivery that waits for its acknowledgement.
struct DeliveryReference: Hashable, Sendable {
    let tag: UInt64
    let channel: UInt64
}

/// What has been handed to the publisher and is not confirmed, and what waits to be.
///
/// Nothing leaves it but by a confirm; so whatever the connection does, it is published again.
struct OutgoingWindow: Sendable {
    enum Purpose: Sendable {
        case output(OutboxKey)
        /// One of `remaining` publications whose confirms settle a delivery.
        case settlement(DeliveryReference)
        /// The dead letter of an event that has waited in vain.
        case end(EventKey)
        /// That an event waits.
        case notice(EventKey)
    }

    enum Confirmed {
        case output(OutboxKey)
        /// The last confirm that this delivery waited for.
        case settles(DeliveryReference)
        case ends(EventKey)
        case tells(EventKey)
        case nothing
    }

    private struct Entry: Sendable {
        let publication: Publication
        let purpose: Purpose
    }

    private enum Link: Sendable {
        /// What is held is sent again with the next connection.
        case away
        case ready(resendAt: Instant?)
    }

    private var link = Link.away
    private var entries: [UInt64: Entry] = [:]
    private var remaining: [DeliveryReference: Int] = [:]
    private var unsent: [UInt64] = []
    private var held: [UInt64] = []
    private var lastTicket: UInt64 = 0

    /// The publisher is connected.
    var isReady: Bool { if case .ready = link { true } else { false } }
    var count: Int { entries.count }
    /// Of the bodies.
    private(set) var bytes = 0
    var isEmpty: Bool { entries.isEmpty }
    var hasUnsent: Bool { !unsent.isEmpty }

    mutating func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    mutating func add(_ publication: Publication, _ key: OutboxKey) {
        add(publication, .output(key))
    }

    mutating func add(_ publications: [Publication], settling delivery: DeliveryReference) {
        remaining[delivery, default: 0] += publications.count
        for publication in publications { add(publication, .settlement(delivery)) }
    }

    private mutating func add(_ publication: Publication, _ purpose: Purpose) {
        entries[publication.ticket] = Entry(publication: publication, purpose: purpose)
        unsent.append(publication.ticket)
        bytes += publication.body.count
    }

    mutating func add(_ publication: Publication, ending event: EventKey) {
        add(publication, .end(event))
    }

    mutating func add(_ publication: Publication, telling event: EventKey) {
        add(publication, .notice(event))
    }

    mutating func takeUnsent() -> [Publication] {
        defer { unsent.removeAll(keepingCapacity: true) }
        return unsent.compactMap { entries[$0]?.publication }
    }

    mutating func confirm(_ ticket: UInt64) -> Confirmed {
        guard let entry = entries.removeValue(forKey: ticket) else { return .nothing }
        bytes -= entry.publication.body.count
        switch entry.purpose {
        case .output(let key): return .output(key)
        case .end(let event): return .ends(event)
        case .notice(let event): return .tells(event)
        case .settlement(let delivery):
            let left = (remaining[delivery] ?? 1) - 1
            remaining[delivery] = left > 0 ? left : nil
            return left > 0 ? .nothing : .settles(delivery)
        }
    }

    /// Of these rows, those that are neither here nor in `confirmed`.
    func unknown(_ rows: [OutboxRow], besides confirmed: [OutboxKey]) -> [OutboxRow] {
        guard !rows.isEmpty else { return [] }
        var known = Set(confirmed)
        for case .output(let key) in entries.values.map(\.purpose) { known.insert(key) }
        return rows.filter { !known.contains($0.key) }
    }

    /// Of these dying events, those whose dead letters are neither here nor confirmed.
    func unknown(_ dying: [DyingMessage], besides confirmed: [EventKey]) -> [DyingMessage] {
        guard !dying.isEmpty else { return [] }
        var known = Set(confirmed)
        for case .end(let event) in entries.values.map(\.purpose) { known.insert(event) }
        return dying.filter { !known.contains($0.event) }
    }

    /// Of these that wait, those whose notices are neither here nor confirmed.
    func unknown(_ waiting: [WaitingEvent], besides confirmed: [EventKey]) -> [WaitingEvent] {
        guard !waiting.isEmpty else { return [] }
        var known = Set(confirmed)
        for case .notice(let event) in entries.values.map(\.purpose) { known.insert(event) }
        return waiting.filter { !known.contains($0.event) }
    }

    /// Keeps an unconfirmed publication for `resendHeld`; returns it.
    @discardableResult
    mutating func hold(_ ticket: UInt64) -> Publication? {
        guard let entry = entries[ticket] else { return nil }
        held.append(ticket)
        return entry.publication
    }

    // MARK: The publisher

    mutating func connected() {
        link = .ready(resendAt: nil)
        resendHeld()
    }

    mutating func disconnected() { link = .away }

    mutating func resend(noLaterThan instant: Instant) {
        if case .ready(let planned) = link { link = .ready(resendAt: planned ?? instant) }
    }

    mutating func resendDue(at wall: Instant) {
        guard case .ready(.some(let instant)) = link, wall >= instant else { return }
        link = .ready(resendAt: nil)
        resendHeld()
    }

    /// What was held is to be sent again, in the order of its first publication.
    mutating func resendHeld() {
        unsent = held.sorted() + unsent
        held.removeAll()
    }
}

/// Which deliveries of the channel are not yet acknowledged.
struct TagTracker: Sendable {
    enum Acknowledgement: Equatable {
        case through(UInt64)
        case single([UInt64])
        case none
    }

    let channel: UInt64
    /// With what each takes in memory.
    private var open: [UInt64: Int] = [:]
    private(set) var bytes = 0
    /// No open tag is below this one.
    private var lowest: UInt64 = 1
    private(set) var highest: UInt64 = 0

    init(channel: UInt64) { self.channel = channel }

    var count: Int { open.count }

    mutating func received(_ tag: UInt64, bytes: Int = 0) {
        open[tag] = bytes
        self.bytes += bytes
        highest = max(highest, tag)
    }

    /// Nothing up to `tag` is in hand.
    mutating func isSettled(through tag: UInt64) -> Bool {
        while lowest <= highest, open[lowest] == nil { lowest += 1 }
        return lowest > tag
    }

    mutating func forget(_ tags: [UInt64]) {
        for tag in tags { remove(tag) }
    }

    @discardableResult
    private mutating func remove(_ tag: UInt64) -> Bool {
        guard let size = open.removeValue(forKey: tag) else { return false }
        bytes -= size
        return true
    }

    /// `multiple` where no open delivery lies below, so that a batch costs one frame; each tag is acknowledged once.
    mutating func settle(_ tags: [UInt64]) -> Acknowledgement {
        let present = tags.filter { remove($0) }
        guard let last = present.max() else { return .none }
        while lowest <= highest, open[lowest] == nil { lowest += 1 }
        return lowest > last ? .through(last) : .single(present.sorted())
    }
}
