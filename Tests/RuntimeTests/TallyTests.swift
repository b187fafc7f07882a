import Broker
import Monitoring
import Schema
import Stages
import Store
import Testing

@testable import Runtime

@Suite struct `What a worker counts` {
    @Test func `is each message by what became of it, and nothing twice`() throws {
        var worker = MachineHarness.running(limits: MachineHarness.limits(batch: 8))
        _ = try worker.deliver(["a", "b", "c", "d", "e", "f", "g"])
        _ = worker.done([
            .applied, .refused, .duplicate, .waiting, .unknownReference("case x"), .idReused, .failed("a fault"),
        ])
        _ = worker.handle(
            .consumer(.delivered([try MachineHarness.delivery("h", tag: 8, body: Array("{}".utf8))])))
        let tally = worker.machine.tally
        #expect(tally.received == 8)
        for (outcome, count): (Outcome, Int) in [
            (.applied, 1), (.rejected, 1), (.duplicate, 1), (.waiting, 1), (.delayed, 1), (.dead, 3), (.returned, 0),
        ] { #expect(tally.settled[outcome] == count, "\(outcome)") }
        #expect(tally.settled.total == tally.received)
        #expect(tally.deadLetters[.idReused] == 1 && tally.deadLetters[.stageFault] == 1)
        #expect(tally.deadLetters[.contract] == 1 && tally.deadLetters.total == 3)
        #expect(tally.lastApplied == worker.wall.microseconds)
    }

    @Test func `is what goes back to the queue at a stop`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a", "b", "c", "d", "e"])
        _ = worker.handle(.stop)
        _ = worker.handle(.consumer(.cancelled))
        #expect(worker.machine.tally.settled[.returned] == 2, "three are in a transaction")
        #expect(worker.machine.condition.isDraining && !worker.machine.condition.isConsuming)
    }

    @Test func `is what the broker did about what was sent`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [1, 2, 3])
        let tickets = worker.published.map(\.ticket)
        _ = worker.resolve([tickets[0]])
        _ = worker.resolve([tickets[1]], .nacked)
        _ = worker.resolve([tickets[2]], .returned(code: 312, text: "NO_ROUTE"))
        let sent = worker.machine.tally.sent
        #expect(sent[.confirmed] == 1 && sent[.nacked] == 1 && sent[.returned] == 1 && sent[.lost] == 0)
        #expect(worker.machine.condition.isPromiseBroken)
        _ = worker.pass(milliseconds: 6_000)
        #expect(!worker.machine.condition.isPromiseBroken)
    }

    @Test func `is how its connections, its broker and its database are`() throws {
        var worker = MachineHarness.running()
        #expect(worker.machine.condition.isConsuming && worker.machine.condition.isPublishing)
        _ = worker.handle(.publisher(.blocked(reason: "memory")))
        #expect(worker.machine.condition.isBlocked)
        _ = worker.handle(.publisher(.lost(BrokerFailure(.connection, operation: "read", cause: "reset"))))
        _ = worker.handle(.consumer(.lost(BrokerFailure(.connection, operation: "read", cause: "reset"))))
        var condition = worker.machine.condition
        #expect(!condition.isBlocked && !condition.isConsuming && !condition.isPublishing)
        #expect(worker.machine.tally.losses[.consumer] == 1 && worker.machine.tally.losses[.publisher] == 1)
        _ = worker.handle(.consumer(.subscribed(channel: 2)))
        while worker.machine.isAtWork { _ = worker.done() }
        _ = try worker.deliver(["a"], channel: 2)
        for failures in 1...3 {
            #expect(!worker.machine.condition.isStoreFailing, "after \(failures - 1)")
            _ = worker.fail(.unavailable)
            _ = worker.pass(milliseconds: 60_000)
        }
        condition = worker.machine.condition
        #expect(condition.isStoreFailing && condition.inHand == 1)
        #expect(worker.machine.tally.storeFailures[.unavailable] == 3)
    }

    @Test func `is how long a message was on its way, where its sender says when it sent it`() throws {
        let vitals = Vitals(stage: "intake")
        let now = Instant(seconds: 1_700_000_000)
        func sent(_ microseconds: Int64?, exchange: String) throws -> InboundEvent {
            let headers = microseconds.map { [HeaderField(MessageProperties.sentAtHeader, .int($0))] } ?? []
            let delivery = try MachineHarness.delivery("a", tag: 1, headers: headers, exchange: exchange)
            let event = try Event.read(delivery.body)
            return InboundEvent(event: event, body: delivery.body, delivery: delivery)
        }
        let inputs = [
            try sent(now.microseconds - 2_000_000, exchange: ExchangeName.events),
            try sent(now.microseconds + 5, exchange: ExchangeName.events),
            try sent(nil, exchange: ExchangeName.events), try sent(1, exchange: ExchangeName.events),
            try sent(-1, exchange: ExchangeName.events), try sent(now.microseconds - 9, exchange: ExchangeName.inbox),
            try sent(now.microseconds - 1_000_000, exchange: ExchangeName.events),
        ]
        let fates = [InputFate](repeating: .applied, count: 6) + [.deferred]
        vitals.committed(.events(inputs, confirmed: []), fates, took: .milliseconds(3), wall: now)
        let figures = vitals.figures
        #expect(figures.wait[.stages].count == 2 && figures.wait[.stages].sum == 2)
        #expect(figures.wait[.upstream].count == 1 && figures.wait[.replay].count == 0)
        #expect(figures.batchMessages.count == 1 && figures.batchSeconds[.events].sum == 0.003)
    }

    @Test func `outputs say when they were sent, and say the same when they are sent again`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [1])
        let first = try #require(worker.published.last)
        #expect(first.properties.sentAt == worker.wall)
        _ = worker.resolve([first.ticket], .nacked)
        _ = worker.pass(milliseconds: 2_000)
        #expect(worker.published.count == 2 && worker.published.last?.properties == first.properties)
    }
}

@Suite struct `Troubles in the log` {
    private let noon = Instant(seconds: 1_700_000_000)

    private func spoil(_ worker: inout MachineHarness, _ tags: ClosedRange<UInt64>) throws {
        let deliveries = try tags.map { try MachineHarness.delivery("x", tag: $0, body: Array("{}".utf8)) }
        _ = worker.handle(.consumer(.delivered(deliveries)))
    }

    @Test func `A thousand bad messages of one kind are one line, and one more when the minute ends`() throws {
        var worker = MachineHarness.running()
        try spoil(&worker, 1...1_000)
        #expect(worker.logged.count { $0 == "dead letter" } == 1)
        _ = worker.pass(milliseconds: 59_000)
        #expect(!worker.logged.contains("dead letter: more of the same"))
        _ = worker.pass(milliseconds: 2_000)
        #expect(worker.logged.count { $0 == "dead letter: more of the same" } == 1)
        // The next minute begins with one that is told in full.
        try spoil(&worker, 1_001...1_001)
        #expect(worker.logged.count { $0 == "dead letter" } == 2)
        _ = worker.pass(milliseconds: 61_000)
        #expect(worker.logged.count { $0 == "dead letter: more of the same" } == 1, "there were no more")
    }

    @Test func `Kinds are told apart, counted exactly, and bounded`() throws {
        var troubles = Troubles()
        let many = Trouble(.warning, "a", [("code", "x")])
        #expect(troubles.meet(many, at: noon) && !troubles.meet(many, at: noon) && !troubles.meet(many, at: noon))
        for number in 1..<1_000 {
            let isTold = troubles.meet(Trouble(.error, "kind \(number)"), at: noon.adding(seconds: 1))
            #expect(isTold == (number < Troubles.most))
        }
        #expect(troubles.takeEnded(at: noon.adding(seconds: 59)).isEmpty)
        let lines = troubles.takeEnded(at: noon.adding(seconds: 61))
        #expect(lines.map(\.message) == ["a: more of the same", "troubles of other kinds: more of the same"])
        #expect(lines.first?.details.contains { $0 == ("count", "2") } == true)
        #expect(lines.last?.details.contains { $0 == ("count", "\(1_000 - Troubles.most)") } == true)
        #expect(troubles.takeEnded(at: noon.adding(seconds: 600), isLast: true).isEmpty)
    }

    @Test func `A worker that ends tells what it has counted`() throws {
        var troubles = Troubles()
        for _ in 0..<3 { _ = troubles.meet(Trouble(.warning, "a"), at: noon) }
        #expect(troubles.takeEnded(at: noon, isLast: true).first?.details.contains { $0 == ("count", "2") } == true)
    }

    @Test func `A dead letter's line has the ids by which it is found, its first fault, and nothing of its content`()
        throws
    {
        let body = Array(#"{"specversion":"1.0","id":"c-13800138000","source":"shop/counter","secret":"王芳"}"#.utf8)
        let trace = "0af7651916cd43dd8448eb211c80319c"
        let delivery = try MachineHarness.delivery(
            "x", tag: 1, headers: [HeaderField("traceparent", .string("00-\(trace)-b7ad6b7169203331-01"))], body: body)
        let reason = DeadLetterReason(
            .schema, code: .contract, message: "2 faults",
            faults: [
                Fault(pointer: "/data/x", rule: "required", message: "m"),
                Fault(pointer: "/y", rule: "r", message: "m"),
            ])
        let identity = EventIdentity(source: "shop/counter", id: "c-13800138000")
        let line = DeathLine(delivery: delivery, identity: identity, reason: reason)
        let told = Dictionary(uniqueKeysWithValues: line.details(queue: "recourse.intake", wall: noon))
        #expect(told[LogKey.eventId] == "c-138***" && told[LogKey.eventSource] == "shop/counter")
        #expect(told[LogKey.pointer] == "/data/x" && told[LogKey.rule] == "required" && told[LogKey.trace] == trace)
        #expect(!told.values.contains { $0.contains("王芳") })
        // The id under which parking keeps what the worker sends it.
        let letter = FailureMessages(stage: .intake, worker: "one").deadLetter(delivery, reason, ticket: 1, wall: noon)
        let parked = DeadLetter(
            parking: Delivery(
                tag: 1, channel: 1, redelivered: false, exchange: letter.exchange, routingKey: letter.routingKey,
                properties: letter.properties, body: letter.body), at: noon)
        #expect(told[LogKey.letter] == parked.id)
    }

    @Test(arguments: [
        "", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "0-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033311-01",
    ]) func `A trace that is none is not told`(text: String) {
        var properties = MessageProperties()
        properties.headers = [HeaderField("traceparent", .string(text))]
        #expect(TraceId.of(properties) == nil)
    }
}
