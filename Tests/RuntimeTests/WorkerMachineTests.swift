import Broker
import Schema
import Store
import Testing

@testable import Runtime

private let lost = BrokerFailure(.connection, operation: "use the connection", cause: "test")

@Suite struct WorkerMachineTests {
    // MARK: Start

    @Test func `The first event of any kind starts the work, and nothing else runs meanwhile`() throws {
        var worker = MachineHarness()
        #expect(worker.handle(.consumer(.subscribed(channel: 1))) == ["run start, at most 8"])
        #expect(try worker.deliver(["a"]) == [])
        #expect(worker.done() == ["run sweep at most 3, confirmed []"])
        #expect(worker.done() == ["run timers, confirmed []"])
        #expect(worker.done() == ["run events [\"a\"], confirmed []"])
    }

    @Test func `What a worker of this name left is published again as soon as the publisher is there`() {
        var worker = MachineHarness()
        _ = worker.handle(.consumer(.subscribed(channel: 1)))
        #expect(worker.done(rows: [1, 2]) == ["run sweep at most 3, confirmed []"])
        #expect(
            worker.handle(.publisher(.ready)) == [
                "publish 1 to recourse.events/case.opened", "publish 2 to recourse.events/case.opened",
            ])
    }

    @Test func `More rows than one take-over lists are fetched when there is room`() {
        var worker = MachineHarness(limits: MachineHarness.limits(batch: 1, unconfirmed: 2))
        _ = worker.handle(.publisher(.ready))
        let first = worker.done(rows: [1, 2])
        #expect(first.count == 3 && first.last == "run sweep at most 0, confirmed []")
        #expect(worker.done() == [])
        #expect(worker.resolve([1]) == ["run sweep at most 2, confirmed [1], own too"])
        #expect(worker.done(rows: [2, 3]).first == "publish 3 to recourse.events/case.opened")
    }

    // MARK: Batches

    @Test func `A batch is acknowledged once it is committed, and its events published`() throws {
        var worker = MachineHarness.running()
        #expect(try worker.deliver(["a", "b"]) == ["run events [\"a\", \"b\"], confirmed []"])
        #expect(
            worker.done([.applied, .refused], rows: [7]) == [
                "publish 1 to recourse.events/case.opened", "acknowledge through 2 on 1",
            ])
    }

    @Test func `Deliveries gather while a batch is in hand, and the next batch is no larger than its limit`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        #expect(try worker.deliver(["b", "c", "d", "e"], from: 2) == [])
        #expect(
            worker.done([.applied]) == [
                "acknowledge through 1 on 1", "run events [\"b\", \"c\", \"d\"], confirmed []",
            ])
    }

    @Test func `Confirmed rows are removed with the next batch`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [7])
        #expect(worker.resolve([1]) == [])
        #expect(!worker.machine.isIdle)
        #expect(try worker.deliver(["b"], from: 2) == ["run events [\"b\"], confirmed [7]"])
        _ = worker.done([.duplicate])
        #expect(worker.machine.isIdle)
    }

    @Test func `Confirmed rows are removed after a tenth of a second when no batch comes`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [7])
        _ = worker.resolve([1])
        #expect(worker.pass(milliseconds: 99) == [])
        #expect(worker.pass(milliseconds: 1) == ["run flush [7]"])
    }

    @Test func `Where a batch comes next, a look for timers leaves confirmed rows to it`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [7])
        #expect(try worker.deliver(["b"], from: 2) == ["run events [\"b\"], confirmed []"])
        _ = worker.resolve([1])
        _ = try worker.deliver(["c"], from: 3)
        _ = worker.pass(milliseconds: 250)
        #expect(worker.done([.applied]) == ["acknowledge through 2 on 1", "run timers, confirmed []"])
        #expect(worker.done() == ["run events [\"c\"], confirmed [7]"])
    }

    @Test func `No batch begins while too much is unconfirmed`() throws {
        var worker = MachineHarness.running(limits: MachineHarness.limits(unconfirmed: 2))
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [1, 2])
        #expect(try worker.deliver(["b"], from: 2) == [])
        #expect(worker.resolve([1]) == ["run events [\"b\"], confirmed [1]"])
    }

    // MARK: Trouble with one message

    @Test func `What the contract refuses is acknowledged when dead letter and event.rejected are both confirmed`()
        throws
    {
        var worker = MachineHarness.running()
        let bad = try MachineHarness.delivery("a", tag: 1, body: Array("{".utf8))
        let lines = worker.handle(.consumer(.delivered([bad])))
        #expect(lines.count == 2 && lines[0] == "publish 1 to recourse.dead/recourse.dead")
        #expect(lines[1].hasPrefix("publish 2 to recourse.events/event.rejected."))
        #expect(worker.resolve([1]) == [])
        #expect(worker.resolve([2]) == ["acknowledge through 1 on 1"])
    }

    @Test func `A neighbour of a refused message is acknowledged alone`() throws {
        var worker = MachineHarness.running()
        let bad = try MachineHarness.delivery("a", tag: 1, body: Array("{".utf8))
        _ = worker.handle(.consumer(.delivered([bad])))
        _ = try worker.deliver(["b"], from: 2)
        #expect(worker.done([.applied]) == ["acknowledge [2] on 1"])
        #expect(worker.resolve([1, 2]) == ["acknowledge through 1 on 1"])
    }

    @Test func `A reference to something unknown waits in a delay queue`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        #expect(worker.done([.unknownReference("case 1")]) == ["publish 1 to recourse.retry/recourse.intake.delay.5s"])
        #expect(worker.resolve([1]) == ["acknowledge through 1 on 1"])
    }

    /// What a worker does with an event of a type that it does not know.
    private func fate(ofType type: String, routingKey: String, waitedHours: Int64 = 0) throws -> [String] {
        var worker = MachineHarness.running()
        let known = try MachineHarness.delivery("a", tag: 1)
        var properties = MessageProperties()
        if waitedHours > 0 {
            let first = worker.wall.adding(hours: -waitedHours)
            properties.headers = [
                HeaderField(FailureHeader.firstAt, .string(first.description)),
                HeaderField(FailureHeader.exchange, .string(ExchangeName.inbox)),
                HeaderField(FailureHeader.routingKey, .string(routingKey)),
            ]
        }
        let body = String(decoding: known.body, as: UTF8.self).split(separator: "case.accepted.v1", maxSplits: 1)
        let delivery = Delivery(
            tag: 1, channel: 1, redelivered: false, exchange: waitedHours > 0 ? "" : ExchangeName.inbox,
            routingKey: waitedHours > 0 ? "recourse.intake" : routingKey,
            properties: properties, body: Array(body.joined(separator: type).utf8))
        return worker.handle(.consumer(.delivered([delivery]))).map { String($0.split(separator: " ").last ?? "") }
    }

    @Test func `An event of a newer release waits for its worker for a day, one that nobody has bound does not`() throws
    {
        let delayed = "recourse.retry/recourse.intake.delay.5s"
        #expect(try fate(ofType: "case.adorned.v1", routingKey: "case.adorned") == [delayed])
        #expect(try fate(ofType: "case.adorned.v1", routingKey: "case.adorned", waitedHours: 23) == [delayed])
        #expect(
            try fate(ofType: "case.adorned.v1", routingKey: "case.adorned", waitedHours: 24)
                == ["recourse.dead/recourse.dead"])
        for (type, key) in [("case.adorned.v1", "case.accepted"), ("case.accepted.v2", "case.accepted")] {
            let refused = try fate(ofType: type, routingKey: key)
            #expect(refused.first == "recourse.dead/recourse.dead")
            #expect(refused.last?.hasPrefix("recourse.events/event.rejected.") == true)
        }
    }

    /// What happens to an unknown reference that has failed so often before, the clock at `age` of its event.
    private func fate(after attempts: Int64, age: Int64, source: String = "upstream", waited: Int64 = 0) throws
        -> String
    {
        var worker = MachineHarness.running()
        worker.clock = ClockReading(now: Instant(microseconds: MachineHarness.eventTime.microseconds + age))
        let first = Instant(microseconds: worker.wall.microseconds - waited)
        let headers = [
            HeaderField(FailureHeader.attempts, .int(attempts)),
            HeaderField(FailureHeader.firstAt, .string(first.description)),
        ]
        // From a delay queue; what upstream writes into these headers is not believed.
        let delivery = try MachineHarness.delivery("a", tag: 1, source: source, headers: headers, exchange: "")
        _ = worker.pass(milliseconds: 0)
        _ = worker.handle(.consumer(.delivered([delivery])))
        return worker.done([.unknownReference("case 1")]).first ?? ""
    }

    private let day: Int64 = 86_400_000_000

    @Test func `A reference of upstream is dead when its event is a day old`() throws {
        #expect(try fate(after: 20, age: day - 1) == "publish 1 to recourse.retry/recourse.intake.delay.10m")
        #expect(try fate(after: 20, age: day) == "publish 1 to recourse.dead/recourse.dead")
    }

    @Test func `An event that is old when it comes goes through the short delays first`() throws {
        #expect(try fate(after: 0, age: 30 * day) == "publish 1 to recourse.retry/recourse.intake.delay.5s")
        #expect(try fate(after: 2, age: 30 * day) == "publish 1 to recourse.retry/recourse.intake.delay.5s")
        #expect(try fate(after: 3, age: 30 * day) == "publish 1 to recourse.dead/recourse.dead")
    }

    @Test func `An event of a stage waits a day of the wall clock, whatever its rule's time`() throws {
        let source = "recourse/routing"
        #expect(
            try fate(after: 99, age: 30 * day, source: source, waited: day - 1)
                == "publish 1 to recourse.retry/recourse.intake.delay.10m")
        #expect(try fate(after: 99, age: 0, source: source, waited: day) == "publish 1 to recourse.dead/recourse.dead")
    }

    @Test func `An event that says it comes from the future waits no longer than a day of the wall clock`() throws {
        let waiting = "publish 1 to recourse.retry/recourse.intake.delay.10m"
        #expect(try fate(after: 99, age: -9_000 * day, waited: day - 1) == waiting)
        #expect(try fate(after: 99, age: -9_000 * day, waited: day) == "publish 1 to recourse.dead/recourse.dead")
    }

    @Test func `Under the stepped clock the age of an event does not count`() throws {
        var worker = MachineHarness.running()
        worker.clock = ClockReading(now: MachineHarness.eventTime.adding(days: 30), mode: .stepped(.events))
        let headers = [HeaderField(FailureHeader.attempts, .int(99))]
        _ = worker.handle(
            .consumer(.delivered([try MachineHarness.delivery("a", tag: 1, headers: headers, exchange: "")])))
        #expect(worker.done([.unknownReference("case 1")]) == ["publish 1 to recourse.retry/recourse.intake.delay.10m"])
    }

    @Test func `A reference is dead at the last call of a stepped instant`() throws {
        var worker = MachineHarness.running()
        worker.clock = ClockReading(now: Instant(seconds: 1_799_999_000), mode: .stepped(.lastCall))
        _ = worker.pass(milliseconds: 0)
        while worker.machine.isAtWork { _ = worker.done() }
        _ = try worker.deliver(["a"])
        #expect(worker.done([.unknownReference("case 1")]) == ["publish 1 to recourse.dead/recourse.dead"])
    }

    @Test func `A reused id is told to upstream, a fault of the stage is not`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a", "b"])
        let lines = worker.done([.idReused, .failed("broken")])
        #expect(
            lines.map { $0.split(separator: "/").last?.prefix(14) } == [
                "recourse.dead", "event.rejected", "recourse.dead",
            ])
        #expect(worker.resolve([3]) == ["acknowledge [2] on 1"])
        #expect(worker.resolve([1, 2]) == ["acknowledge through 1 on 1"])
    }

    // MARK: Trouble with the store

    @Test func `A batch that failed is run again after a while, and its rows looked for`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        #expect(worker.fail() == [])
        #expect(worker.pass(milliseconds: 9) == [])
        #expect(worker.pass(milliseconds: 1) == ["run events [\"a\"], confirmed []"])
        #expect(
            worker.done([.duplicate]) == [
                "acknowledge through 1 on 1", "run sweep at most 3, confirmed [], own too",
            ])
    }

    @Test func `Rows that are on their way already are not published a second time`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [1, 2])
        _ = worker.resolve([1])
        _ = try worker.deliver(["b"], from: 2)
        _ = worker.fail()
        _ = worker.pass(milliseconds: 10)
        _ = worker.done([.duplicate])
        #expect(worker.done(rows: [2, 3]) == ["publish 3 to recourse.events/case.opened"])
    }

    // MARK: Connections

    @Test func `A lost subscription forgets its deliveries, and acknowledges none of them`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a", "b", "c", "d"])
        _ = worker.handle(.consumer(.lost(lost)))
        #expect(worker.done([.applied, .applied, .applied]) == [])
        #expect(worker.handle(.consumer(.subscribed(channel: 2))) == [])
        #expect(try worker.deliver(["a"], channel: 2) == ["run events [\"a\"], confirmed []"])
        #expect(worker.done([.duplicate]) == ["acknowledge through 1 on 2"])
    }

    @Test func `Deliveries of an earlier channel are left alone`() throws {
        var worker = MachineHarness.running()
        _ = worker.handle(.consumer(.subscribed(channel: 2)))
        #expect(try worker.deliver(["a"], channel: 1) == [])
    }

    @Test func `What was published when the connection went is published again, in its order`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [1, 2])
        _ = worker.handle(.publisher(.lost(lost)))
        #expect(worker.resolve([2, 1], .unknown(lost)) == [])
        #expect(
            worker.handle(.publisher(.ready)) == [
                "publish 1 to recourse.events/case.opened", "publish 2 to recourse.events/case.opened",
            ])
    }

    @Test func `What the broker refuses or returns is published again after a second`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [1, 2])
        #expect(worker.resolve([1], .nacked) == [])
        #expect(worker.resolve([2], .returned(code: 312, text: "NO_ROUTE")) == [])
        #expect(worker.pass(milliseconds: 999) == ["run timers, confirmed []"])
        _ = worker.done()
        #expect(
            worker.pass(milliseconds: 1) == [
                "publish 1 to recourse.events/case.opened", "publish 2 to recourse.events/case.opened",
            ])
    }

    // MARK: Time

    @Test func `The lease is renewed every third of its length`() {
        var worker = MachineHarness.running()
        #expect(worker.pass(milliseconds: 3_333).first == "run timers, confirmed []")
        _ = worker.done()
        #expect(worker.pass(milliseconds: 1) == ["run sweep at most 3, confirmed []"])
    }

    @Test func `A full batch of timers is followed by the next at once`() {
        var worker = MachineHarness.running()
        #expect(worker.pass(milliseconds: 200) == ["run timers, confirmed []"])
        #expect(worker.done(timers: 3, more: true) == ["run timers, confirmed []"])
        #expect(worker.done(timers: 1) == ["run timers, confirmed []"], "its record's next one may be due")
        #expect(worker.done() == [])
    }

    @Test func `Under the stepped clock timers run in the phase of their stage alone, until none is due`() {
        var worker = MachineHarness.running()
        let now = Instant(seconds: 1_800_000_000)
        worker.clock = ClockReading(now: now, mode: .stepped(.timers(.routing)))
        #expect(worker.pass(milliseconds: 250) == ["run waiting together"])
        #expect(worker.done() == [])
        worker.clock = ClockReading(now: now, mode: .stepped(.timers(.intake)))
        #expect(worker.pass(milliseconds: 1) == ["run timers, confirmed []"])
        #expect(worker.done(timers: 1) == ["run timers, confirmed []"])
        #expect(worker.done() == ["run waiting together"], "what has waited in vain ends behind all timers")
        #expect(worker.done() == [])
    }

    // MARK: Stop

    @Test func `A stop finishes the batch in hand, hands back the rest, publishes what is committed, and ends`() throws
    {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a", "b", "c", "d"])
        #expect(worker.handle(.stop) == ["cancel consumer"])
        #expect(worker.handle(.consumer(.cancelled)) == ["requeue [4] on 1"])
        #expect(
            worker.done([.applied, .applied, .applied], rows: [5]) == [
                "publish 1 to recourse.events/case.opened", "acknowledge through 3 on 1",
            ])
        #expect(worker.resolve([1]) == ["run end, confirmed [5]"])
        #expect(worker.done() == ["close consumer", "close publisher"])
        #expect(worker.handle(.publisher(.closed)) == [])
        #expect(worker.handle(.consumer(.closed)) == ["finished"])
    }

    @Test func `A second stop changes nothing`() {
        var worker = MachineHarness.running()
        #expect(worker.handle(.stop) == ["cancel consumer"])
        #expect(worker.handle(.stop) == [])
    }

    @Test func `Without a publisher the drain leaves rows to others`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.done([.applied], rows: [5])
        _ = worker.handle(.publisher(.lost(lost)))
        _ = worker.handle(.stop)
        #expect(worker.handle(.consumer(.cancelled)) == ["run end, confirmed []"])
    }

    @Test func `Where the database is away a drained worker ends all the same`() throws {
        var worker = MachineHarness.running()
        _ = worker.handle(.stop)
        #expect(worker.handle(.consumer(.cancelled)) == ["run end, confirmed []"])
        for attempt in 1..<WorkerMachine.endTries {
            #expect(worker.fail() == [])
            #expect(worker.pass(milliseconds: 10 << (Int64(attempt) - 1)) == ["run end, confirmed []"])
        }
        #expect(worker.fail() == ["close consumer", "close publisher"])
        #expect(worker.logged.last?.hasPrefix("the database cannot be told of the end") == true)
    }

    @Test func `The drain limit closes whatever is in hand`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a"])
        _ = worker.handle(.stop)
        #expect(worker.handle(.drainLimit) == ["close consumer", "close publisher"])
        _ = worker.done([.applied], rows: [5])
        _ = worker.handle(.publisher(.closed))
        #expect(worker.handle(.consumer(.closed)) == ["finished"])
    }
}
