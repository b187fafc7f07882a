import Broker
import Testing

@testable import RabbitMQ

@Suite struct `Acknowledgement ledger` {
    private func ledger(_ count: UInt64) -> AcknowledgementLedger {
        var ledger = AcknowledgementLedger()
        for tag in 1...count { _ = ledger.delivered(tag, bytes: 10) }
        return ledger
    }

    @Test func `a run from the front needs one acknowledgement, a gap needs single ones`() {
        var ledger = ledger(8)
        for tag: UInt64 in [2, 1, 3, 5, 8] { ledger.acknowledge(tag) }
        #expect(
            ledger.takeActions() == [
                .acknowledge(tag: 3, multiple: true), .acknowledge(tag: 5, multiple: false),
                .acknowledge(tag: 8, multiple: false),
            ])
        #expect(!ledger.hasActions)
        ledger.acknowledge(through: 6)
        #expect(ledger.takeActions() == [.acknowledge(tag: 6, multiple: true)])
        ledger.acknowledge(7)
        #expect(ledger.takeActions() == [.acknowledge(tag: 7, multiple: false)])
        #expect(ledger.takeActions() == [])
    }

    @Test func `what is handed back is never acknowledged along with its neighbours`() {
        var ledger = ledger(5)
        ledger.requeue(2)
        ledger.acknowledge(through: 4)
        #expect(ledger.takeActions() == [.requeue(tag: 2), .acknowledge(tag: 4, multiple: true)])
    }

    @Test func `a decision stands, and unknown tags have no effect`() {
        var ledger = ledger(2)
        ledger.acknowledge(1)
        ledger.requeue(1)
        ledger.requeue(3)
        ledger.acknowledge(through: 0)
        #expect(ledger.takeActions() == [.acknowledge(tag: 1, multiple: false)])
        ledger.requeue(1)
        ledger.acknowledge(1)
        #expect(ledger.takeActions() == [])
        let isNext = ledger.delivered(4, bytes: 10)
        #expect(!isNext)
    }

    @Test func `bytes are open until something is decided, however it is said`() {
        var ledger = ledger(5)
        #expect(ledger.openBytes == 50)
        ledger.acknowledge(through: 2)
        ledger.requeue(4)
        ledger.acknowledge(4)
        #expect(ledger.openBytes == 20)
        _ = ledger.takeActions()
        let isNext = ledger.delivered(6, bytes: 7)
        #expect(isNext && ledger.openBytes == 27)
        ledger.acknowledge(through: 6)
        #expect(ledger.openBytes == 0)
    }

    /// A model broker that knows only what it is told, against random decisions.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `the broker ends up with exactly what was decided`(_ seed: UInt64) {
        var random = Seeded(state: seed)
        var ledger = AcknowledgementLedger()
        var delivered: UInt64 = 0
        var open: Set<UInt64> = []
        var acknowledged: Set<UInt64> = []
        var requeued: Set<UInt64> = []
        var expectedAcknowledged: Set<UInt64> = []
        var expectedRequeued: Set<UInt64> = []
        var undecided: Set<UInt64> = []
        for _ in 0..<200 {
            let tag = UInt64.random(in: 0...delivered + 1, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                delivered += 1
                _ = ledger.delivered(delivered, bytes: 10)
                open.insert(delivered)
                undecided.insert(delivered)
            case 2:
                ledger.acknowledge(tag)
                if undecided.remove(tag) != nil { expectedAcknowledged.insert(tag) }
            case 3:
                ledger.requeue(tag)
                if undecided.remove(tag) != nil { expectedRequeued.insert(tag) }
            default:
                ledger.acknowledge(through: tag)
                expectedAcknowledged.formUnion(undecided.filter { $0 <= tag })
                undecided = undecided.filter { $0 > tag }
            }
            guard Bool.random(using: &random) else { continue }
            for action in ledger.takeActions() {
                switch action {
                case .requeue(let tag):
                    #expect(open.remove(tag) != nil, "RabbitMQ closes the channel for an unknown tag")
                    requeued.insert(tag)
                case .acknowledge(let tag, let multiple):
                    #expect(open.contains(tag), "RabbitMQ closes the channel for an unknown tag")
                    let meant = multiple ? open.filter { $0 <= tag } : [tag]
                    acknowledged.formUnion(meant)
                    open.subtract(meant)
                }
            }
            #expect(acknowledged == expectedAcknowledged)
            #expect(requeued == expectedRequeued)
            #expect(open == undecided)
        }
    }
}

/// SplitMix64: the same seed gives the same run everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct `Confirm ledger` {
    private func publication(_ ticket: UInt64, id: String? = nil, mandatory: Bool = true) -> Publication {
        var properties = MessageProperties()
        properties.messageId = id ?? "m-\(ticket)"
        return Publication(
            ticket: ticket, exchange: "x", routingKey: "k", mandatory: mandatory, properties: properties, body: [1])
    }

    private func resolve(_ ledger: inout ConfirmLedger, _ tag: UInt64, multiple: Bool = false, refused: Bool = false)
        -> [UInt64: PublishOutcome]
    {
        var outcomes: [(ticket: UInt64, outcome: PublishOutcome)] = []
        ledger.resolve(tag, multiple: multiple, refused: refused, into: &outcomes)
        return Dictionary(uniqueKeysWithValues: outcomes.map { ($0.ticket, $0.outcome) })
    }

    @Test func `confirms out of order and of many at once resolve each ticket once`() {
        var ledger = ConfirmLedger()
        for ticket: UInt64 in 101...106 { ledger.append(publication(ticket)) }
        #expect(resolve(&ledger, 3) == [103: .confirmed])
        #expect(resolve(&ledger, 3) == [:])
        #expect(resolve(&ledger, 4, multiple: true) == [101: .confirmed, 102: .confirmed, 104: .confirmed])
        #expect(resolve(&ledger, 99) == [:])
        #expect(resolve(&ledger, 5, refused: true) == [105: .nacked])
        #expect(ledger.count == 1)
        #expect(ledger.abandon() == [106])
        #expect(ledger.count == 0)
        ledger.append(publication(107))
        #expect(resolve(&ledger, 1) == [107: .confirmed])
    }

    @Test func `tag 0 with multiple means everything`() {
        var ledger = ConfirmLedger()
        #expect(resolve(&ledger, 0, multiple: true) == [:])
        for ticket: UInt64 in 1...3 { ledger.append(publication(ticket)) }
        #expect(resolve(&ledger, 0, multiple: true, refused: true) == [1: .nacked, 2: .nacked, 3: .nacked])
    }

    @Test func `a return belongs to the oldest message of its id that has none`() {
        var ledger = ConfirmLedger()
        ledger.append(publication(1))
        ledger.append(publication(2, id: "twice", mandatory: false))
        ledger.append(publication(3, id: "twice"))
        ledger.append(publication(4, id: "twice"))
        ledger.returned(code: 312, text: "NO_ROUTE", exchange: "x", routingKey: "k", messageId: "twice")
        ledger.returned(code: 312, text: "NO_ROUTE", exchange: "other", routingKey: "k", messageId: "m-1")
        let found = resolve(&ledger, 4, multiple: true)
        #expect(found[1] == .confirmed)
        #expect(found[2] == .confirmed)
        #expect(found[3] == .returned(code: 312, text: "NO_ROUTE"))
        #expect(found[4] == .confirmed)
    }

    @Test func `many thousands in flight keep their tickets`() {
        var ledger = ConfirmLedger()
        var seen: [UInt64: PublishOutcome] = [:]
        for ticket: UInt64 in 1...20_000 {
            ledger.append(publication(ticket))
            if ticket % 7 == 0 {
                seen.merge(resolve(&ledger, ticket - 3, multiple: ticket % 2 == 0)) { first, _ in first }
            }
        }
        seen.merge(resolve(&ledger, 20_000, multiple: true)) { first, _ in first }
        #expect(seen.count == 20_000)
        #expect(ledger.count == 0)
    }
}

@Suite struct `Content assembly` {
    private let method = InboundMethod.deliver(tag: 1, redelivered: false, exchange: "", routingKey: "q")

    private func take(_ assembly: inout ContentAssembly, _ bytes: [UInt8]) throws -> InboundMessage? {
        try bytes.withUnsafeBytes { try assembly.take($0) }
    }

    @Test func `frames out of order are a fault of the peer, not a crash`() throws {
        var assembly = ContentAssembly(bodyLimit: 10)
        #expect(throws: BrokerFailure.self) { try assembly.take(MessageHeader(bodySize: 1, properties: .init())) }
        #expect(throws: BrokerFailure.self) { try take(&assembly, [1]) }
        try assembly.begin(method)
        #expect(throws: BrokerFailure.self) { try assembly.begin(method) }
        #expect(throws: BrokerFailure.self) { try assembly.take(MessageHeader(bodySize: .max, properties: .init())) }
        let early = try assembly.take(MessageHeader(bodySize: 3, properties: .init()))
        #expect(early == nil)
        let half = try take(&assembly, [1, 2])
        #expect(half == nil)
        #expect(throws: BrokerFailure.self) { try take(&assembly, [3, 4]) }
        let whole = try take(&assembly, [3])
        #expect(whole?.body == [1, 2, 3])
    }

    @Test func `a body above the limit is counted and not kept`() throws {
        var assembly = ContentAssembly(bodyLimit: 2)
        try assembly.begin(method)
        let early = try assembly.take(MessageHeader(bodySize: 3, properties: .init()))
        #expect(early == nil)
        let half = try take(&assembly, [1, 2])
        #expect(half == nil)
        let last = try take(&assembly, [3])
        let message = try #require(last)
        #expect(message.body.isEmpty)
        #expect(message.size == 3)
        #expect(message.properties[header: MessageProperties.oversizedHeader] == .int(3))
    }
}

@Suite struct `Backoff pauses` {
    @Test func `they grow from 0.2 s to 10 s and start again after a healthy time`() {
        var backoff = Backoff()
        for attempt in 0..<50 {
            let ceiling = min(10_000, 400 << min(attempt, 10))
            let pause = backoff.next(at: 0)
            #expect((200...ceiling).contains(pause))
        }
        backoff.opened(at: 1_000)
        backoff.opened(at: 5_999)
        let healthy = backoff.next(at: 6_000)
        #expect((200...400).contains(healthy))
        backoff.opened(at: 7_000)
        let brief = backoff.next(at: 7_001)
        #expect((200...800).contains(brief))
    }
}
