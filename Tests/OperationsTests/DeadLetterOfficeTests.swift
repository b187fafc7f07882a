import Broker
import Runtime
import Schema
import Stages
import Store
import Synchronization
import Testing

@testable import Operations

@Suite struct `The dead letter office` {
    /// Takes what is published, or refuses it.
    private final class Outbox: Sendable {
        let messages = Mutex<[ConfirmedPublisher.Message]>([])
        let failure: BrokerFailure?

        init(failing failure: BrokerFailure? = nil) {
            self.failure = failure
        }

        func publish(_ batch: [ConfirmedPublisher.Message]) throws -> [ConfirmedPublisher.Outcome] {
            if let failure { throw failure }
            messages.withLock { $0 += batch }
            return batch.map { _ in .confirmed }
        }

        var sent: [ConfirmedPublisher.Message] { messages.withLock { $0 } }
    }

    private func office(
        _ pipeline: MemoryPipeline, _ outbox: Outbox? = nil, limits: DocumentLimits = DocumentLimits(),
        isBound: (@Sendable (Topology.Binding) throws -> Bool)? = nil
    ) -> DeadLetterOffice {
        let letters = SealedDeadLetters(pipeline.deadLetters, keyring: .none)
        var parts = DeadLetterOffice.Parts(
            deadLetters: letters, log: AuditLog(for: Operator.tester, beside: letters), stores: pipeline.anyStores,
            routes: pipeline.routes, clock: pipeline.now)
        parts.stages = Pipeline.stages
        parts.policy = pipeline.policy
        if let outbox { parts.publish = { try outbox.publish($0) } }
        if let isBound { parts.isBound = { try isBound($0) } }
        parts.limits = limits
        return DeadLetterOffice(parts)
    }

    private func verdict(_ office: DeadLetterOffice, _ id: String) async throws -> String {
        let letter = try #require(try await office.rehearse(.ids([id])).letters.first)
        return "\(letter.verdict.rawValue): \(letter.detail)"
    }

    /// Sends them, and waits for as long as anybody would.
    private func send(_ ids: [String], _ office: DeadLetterOffice) async throws -> OperationView {
        let clock = Mutex(Instant(seconds: 1_780_000_000))
        let ports = OperationRunner.Ports(
            name: "here", wall: { clock.withLock { $0 } },
            pause: { milliseconds in
                clock.withLock { $0 = Instant(microseconds: $0.microseconds + milliseconds * 1_000) }
            })
        return try await office.replay(.ids(ids), at: DeadLetterOffice.Desk(ports))
    }

    /// The acceptance of C9 died before the complaint came.
    private func revived() async throws -> MemoryPipeline {
        var pipeline = try await Scenario.finished()
        try await pipeline.send(
            Scenario.complaint("C9", at: "2026-11-12T09:00:00+08:00"), at: "2026-11-12T09:00:00+08:00")
        return pipeline
    }

    @Test func `says for each letter what sending it again would lead to`() async throws {
        var pipeline = try await Scenario.finished()
        let before = office(pipeline)
        let ids = try await before.rehearse(.search(LetterSearch())).letters.map(\.id)
        #expect(ids == ["letter-1", "letter-2"])
        #expect(
            try await verdict(before, "letter-1")
                == "still refused: refers to case \(Scenario.unknownCase), which routing does not know")

        let known = pipeline.published[1]
        let done = try await pipeline.park(known, body: known.body(), queue: "recourse.routing", code: "stage-fault")
        #expect(try await verdict(before, done).hasPrefix("already done: applied by routing as entry "))

        let reused = Event(
            id: known.id, source: known.source, time: known.time, data: CaseAccepted(caseId: "X", by: Scenario.by))
        let other = try await pipeline.park(reused, body: reused.body(), queue: "recourse.routing", code: "id-reused")
        #expect(
            try await verdict(before, other)
                == "still refused: routing has taken another body under the same source and id")

        let broken = try await pipeline.park(
            nil, body: Array(#"{"specversion":"1.0"}"#.utf8), queue: "recourse.intake", class: "schema",
            code: "contract")
        #expect(try await verdict(before, broken).hasPrefix("still refused: not valid: /id: this member is missing"))

        let strange = try await pipeline.park(known, body: known.body(), queue: "elsewhere", code: "expired")
        #expect(try await verdict(before, strange) == "unknown: the queue elsewhere belongs to no stage")

        let again = try await revived()
        #expect(try await verdict(office(again), "letter-1") == "safe: valid, and routing has not taken this event yet")
        #expect(try await verdict(office(again), "letter-9") == "unknown: no such dead letter")
    }

    @Test func `sends an unroutable letter to its exchange once a stage takes it`() async throws {
        var pipeline = try await Scenario.finished()
        let event = pipeline.published[0]
        let row = try await pipeline.park(event, body: event.body(), queue: QueueName.dead, code: "unroutable")
        let outbox = Outbox()
        // The alternate exchange would take it, so nothing is sent before the broker's own bindings are known.
        #expect(
            try await verdict(office(pipeline, outbox), row)
                == "unknown: whether a queue is bound for it cannot be seen: "
                + "RECOURSE_MANAGEMENT_URL and RECOURSE_AMQP_URL are needed")
        let blind = office(pipeline, outbox) { _ in throw ManagementFailure(operation: "look", cause: "HTTP 401") }
        #expect(
            try await verdict(blind, row) == "unknown: whether a queue is bound for it cannot be seen: look: HTTP 401")
        let unbound = office(pipeline, outbox, isBound: { _ in false })
        #expect(
            try await verdict(unbound, row)
                == "still refused: the broker does not bind recourse.intake for complaint.received; "
                + "run recourse topology apply")
        let report = try await send([row], office(pipeline, outbox, isBound: { _ in true }))
        #expect(report[.applied] == 1, "intake has it, by another way")
        #expect(outbox.sent.map(\.exchange) == [ExchangeName.inbox])
        #expect(outbox.sent.map(\.routingKey) == ["complaint.received"])
    }

    @Test func `changes nothing in a dry run`() async throws {
        let pipeline = try await revived()
        let outbox = Outbox()
        let report = try await office(pipeline, outbox).rehearse(.ids(["letter-1", "letter-2"]))
        #expect(report.letters.map(\.verdict) == [.safe, .safe])
        #expect(outbox.sent.isEmpty)
        #expect(try await pipeline.deadLetters.get("letter-1")?.version == 1)
    }

    @Test func `sends the original body with new headers, and resolves it once it is taken`() async throws {
        var pipeline = try await revived()
        let outbox = Outbox()
        let office = office(pipeline, outbox)
        let report = try await send(["letter-1"], office)
        #expect(report.state == .paused && report[.sent] == 1, "nobody has answered")
        let message = try #require(outbox.sent.first)
        #expect(outbox.sent.count == 1)
        let row = try #require(try await pipeline.deadLetters.get("letter-1"))
        #expect(row.state == .sent)
        #expect(row.replays == 1)
        #expect(message.exchange.isEmpty)
        #expect(message.routingKey == "recourse.routing")
        #expect(message.mandatory)
        #expect(message.body == row.letter.body)
        #expect(message.properties.messageId == row.letter.eventId)
        #expect(
            message.properties.headers
                == [
                    HeaderField("x-replay-of", .string("letter-1")), HeaderField("x-replay-count", .int(1)),
                    HeaderField("x-fail-exchange", .string(ExchangeName.inbox)),
                    HeaderField("x-fail-routing-key", .string(row.letter.routingKey)),
                ], "the key under which it came must still fit it")

        #expect(try await verdict(office, "letter-1") == "unknown: it was sent again and has not been taken yet")
        #expect(try await office.refresh().actions.isEmpty)
        try await pipeline.deliver(message.body, to: .routing)
        #expect(try await office.refresh().actions.map(\.done) == [true])
        #expect(try await pipeline.deadLetters.get("letter-1")?.state == .resolved)
    }

    @Test func `does not send what came under another's routing key`() async throws {
        let pipeline = try await revived()
        let body = pipeline.published[3].body()
        let now = pipeline.now
        func letter(_ id: String, _ exchange: String, _ key: String) -> DeadLetter {
            var letter = DeadLetter(
                id: id, queue: "recourse.routing", failureClass: "schema", code: "misrouted", firstAt: now, lastAt: now,
                body: body)
            (letter.exchange, letter.routingKey) = (exchange, key)
            return letter
        }
        let letters = [
            letter("strayed", ExchangeName.inbox, "case.resolved"), letter("straight", "", "recourse.routing"),
        ]
        _ = try await pipeline.deadLetters.upsert(letters, parkedAt: now)
        let office = office(pipeline, Outbox())
        let told = "still refused: it came under the routing key case.resolved, which is not that of case.accepted"
        #expect(try await verdict(office, "strayed") == told)
        #expect(try await verdict(office, "straight").hasPrefix("safe"), "it came straight into the queue")
    }

    @Test func `sends under its name what came under a longer key, which no queue takes`() async throws {
        let pipeline = try await Scenario.finished()
        let event = pipeline.published[0]
        var letter = DeadLetter(
            id: "longer", queue: QueueName.dead, failureClass: "unroutable", code: "unroutable", firstAt: pipeline.now,
            lastAt: pipeline.now, body: event.body())
        (letter.exchange, letter.routingKey) = (ExchangeName.inbox, "complaint.received.shop-7")
        _ = try await pipeline.deadLetters.upsert([letter], parkedAt: pipeline.now)
        let outbox = Outbox()
        let report = try await send(["longer"], office(pipeline, outbox, isBound: { _ in true }))
        #expect(report[.sent] == 1 && outbox.sent.map(\.routingKey) == ["complaint.received"])
    }

    @Test func `takes a letter as large as the workers take one`() async throws {
        let pipeline = try await revived()
        let event = pipeline.published[3].body()
        let body = event + [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
        let letter = DeadLetter(
            id: "large", queue: "recourse.routing", failureClass: "permanent", code: "unknown-reference",
            firstAt: pipeline.now, lastAt: pipeline.now, body: body)
        _ = try await pipeline.deadLetters.upsert([letter], parkedAt: pipeline.now)
        #expect(try await verdict(office(pipeline), "large").hasPrefix("still refused: not valid"))
        #expect(try await verdict(office(pipeline, limits: .widest), "large").hasPrefix("safe"))
    }

    @Test func `counts earlier replays on`() async throws {
        var pipeline = try await revived()
        let event = pipeline.published[3]
        let row = try await pipeline.park(
            event, body: event.body(), queue: "recourse.handling", code: "unknown-reference",
            headers: #"{"x-replay-count":2,"x-death":[{"count":1}]}"#)
        let outbox = Outbox()
        _ = try await send([row], office(pipeline, outbox))
        #expect(outbox.sent.first?.properties[header: "x-replay-count"] == .int(3))
        #expect(outbox.sent.first?.properties[header: "x-death"] == nil)
    }

    @Test func `does not send what would die again, and resolves what is already done`() async throws {
        var pipeline = try await Scenario.finished()
        let known = pipeline.published[1]
        let done = try await pipeline.park(known, body: known.body(), queue: "recourse.routing", code: "stage-fault")
        let outbox = Outbox()
        let report = try await send(["letter-1", done], office(pipeline, outbox))
        #expect(report.counts.map(\.verdict) == ["already done", "still refused"] && report[.skipped] == 2)
        #expect(report.exitCode == 1, "one is still refused")
        #expect(outbox.sent.isEmpty)
        #expect(try await pipeline.deadLetters.get("letter-1")?.state == .open)
        #expect(try await pipeline.deadLetters.get(done)?.state == .resolved)
    }

    @Test func `says that a letter has died again`() async throws {
        var pipeline = try await revived()
        let office = office(pipeline, Outbox())
        _ = try await send(["letter-1"], office)
        let event = pipeline.published[3]
        // Its sender has sent it once more, and that has died too: another letter.
        try await pipeline.park(event, body: event.body(), queue: "recourse.routing", code: "stage-fault")
        #expect(try await office.refresh().actions.isEmpty)
        let death = DeadLetter.id(
            queue: "recourse.routing", messageId: event.id, content: event.body(), replays: 1)
        try await pipeline.park(
            event, body: event.body(), queue: "recourse.routing", code: "stage-fault", id: death)
        #expect(try await office.refresh().actions.map(\.detail) == ["died again as \(death)"])
        let row = try #require(try await pipeline.deadLetters.get("letter-1"))
        #expect(row.state == .resolved && row.standing == .diedAgain && row.successor == death)
        var search = LetterSearch()
        (search.filter.state, search.filter.isSucceeded) = LetterStanding.diedAgain.meaning
        #expect(try await office.list(search).letters.map(\.state) == [.diedAgain])
        (search.filter.state, search.filter.isSucceeded) = LetterStanding.resolved.meaning
        #expect(try await office.list(search).letters.isEmpty)
    }

    @Test func `discards with a reason, and restores`() async throws {
        let pipeline = try await Scenario.finished()
        let office = office(pipeline)
        let discarded = try await office.discard(["letter-1", "nothing"], reason: "a test")
        #expect(discarded.actions.map(\.done) == [true, false])
        let row = try #require(try await pipeline.deadLetters.get("letter-1"))
        #expect(row.state == .discarded)
        #expect(row.note == "a test")
        let restored = try await office.restore(["letter-1", "letter-2"], reason: "back")
        #expect(restored.actions.map(\.done) == [true, false])
    }

    @Test func `shows of upstream's properties what names the message, and hides the rest`() async throws {
        let pipeline = try await Scenario.finished()
        var letter = DeadLetter(
            id: "own", queue: QueueName.dead, failureClass: "schema", code: "contract", firstAt: pipeline.now,
            lastAt: pipeline.now, body: Array("{}".utf8))
        letter.properties = Array(#"{"messageId":"m-1","correlationId":"13800000000","appId":"王芳","timestamp":5}"#.utf8)
        _ = try await pipeline.deadLetters.upsert([letter], parkedAt: pipeline.now)
        let shown = try #require(try await office(pipeline).show("own")?.properties)
        #expect(shown["messageId"]?.string == "m-1" && shown["timestamp"]?.int == 5)
        #expect(shown["correlationId"]?.string == Masking.hidden && shown["appId"]?.string == Masking.hidden)
    }

    @Test func `lists pages and groups without bodies`() async throws {
        var pipeline = try await Scenario.finished()
        let event = pipeline.published[3]
        try await pipeline.park(event, body: event.body(), queue: "recourse.routing", code: "unknown-reference")
        let office = office(pipeline)
        let first = try await office.list(LetterSearch(), limit: 2)
        #expect(first.letters.map(\.id) == ["letter-3", "letter-2"])
        let second = try await office.list(LetterSearch(), after: first.next, limit: 2)
        #expect(second.letters.map(\.id) == ["letter-1"])
        #expect(second.next == nil)
        #expect(first.total == 3 && first.text.contains("2 of 3 that match"))
        let groups = try await office.groups(LetterSearch()).groups
        #expect(groups.map(\.count) == [2, 1])
        #expect(groups.first?.queue == "recourse.routing")
        #expect(groups.first?.example == "letter-3")
    }

    @Test func `shows why it died and no personal data`() async throws {
        var pipeline = try await Scenario.finished()
        let complaint = pipeline.published[0]
        let faults = #"[{\"pointer\":\"/data/remedy\",\"rule\":\"enum\",\"message\":\"one of repair\"}]"#
        let row = try await pipeline.park(
            complaint, body: complaint.body(), queue: "recourse.intake", class: "schema", code: "contract",
            headers: #"{"x-fail-faults":"\#(faults)","x-private":"Zhang Wei"}"#)
        let office = office(pipeline)
        let detail = try #require(try await office.show(row, withBody: true))
        #expect(detail.faults == [Fault(pointer: "/data/remedy", rule: "enum", message: "one of repair")])
        #expect(detail.body?["data"]?["customer"]?["name"] == "Z*")
        #expect(detail.body?["data"]?["customer"]?["phone"] == "*78")
        #expect(detail.body?["data"]?["product"]?["brand"] == "Acme")
        for secret in ["Zhang", "13812345678", "Long Street", "leaks"] {
            #expect(try !detail.json().contains(secret))
            #expect(!detail.text.contains(secret))
        }
        #expect(try await office.show(row)?.body == nil)

        let unknown = try await pipeline.park(
            nil, body: Array(#"{"type":"who.knows.v1","data":{"name":"Zhang Wei"}}"#.utf8), queue: "recourse.intake",
            code: "contract")
        let opaque = try #require(try await office.show(unknown, withBody: true))
        #expect(opaque.body == ["type": "***", "data": ["name": "***"]], "its structure alone")
        #expect(opaque.bodyNote?.hasPrefix("it is no event of a known type") == true)
        let noise = try await pipeline.park(
            nil, body: Array("Zhang Wei".utf8), queue: "recourse.intake", code: "contract")
        let hidden = try #require(try await office.show(noise, withBody: true))
        #expect(hidden.body == nil && hidden.bodyNote?.hasPrefix("not shown: it is no JSON") == true)
        #expect(!hidden.text.contains("Zhang"))
    }
}
