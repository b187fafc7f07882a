import Broker
import Schema
import Store
import Testing

@testable import Runtime

/// What the database refuses by what it carries: one message, one timer, or everything.
@Suite struct StoreTroubleTests {
    /// A worker that has just committed an event.
    private func proven() throws -> MachineHarness {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["first"])
        _ = worker.done([.applied])
        return worker
    }

    /// The work in hand is refused, and the sweep that follows is done.
    private func refuse(_ worker: inout MachineHarness) -> [String] {
        #expect(worker.fail(.corrupt) == ["run sweep at most 3, confirmed [], own too"])
        return worker.done()
    }

    @Test func `A batch that one message breaks runs one by one, and the bad one is given up`() throws {
        var worker = try proven()
        _ = try worker.deliver(["a", "b"], from: 2)
        #expect(refuse(&worker) == ["run events [\"a\"], confirmed []"])
        #expect(refuse(&worker) == ["run events [\"b\"], confirmed []"])
        #expect(
            worker.done([.applied]) == ["acknowledge [3] on 1", "publish 1 to recourse.dead/recourse.dead"])
        #expect(worker.resolve([1]) == ["acknowledge through 2 on 1"])
        #expect(worker.machine.subscription.inbox?.alone.isEmpty == true, "nothing is kept of what is settled")
    }

    @Test func `If one message after another is refused it is the database, and no message dies of it`() throws {
        var worker = try proven()
        _ = try worker.deliver(["a", "b", "c"], from: 2)
        #expect(refuse(&worker) == ["run events [\"a\"], confirmed []"])
        #expect(refuse(&worker) == ["run events [\"b\"], confirmed []"])
        #expect(refuse(&worker) == [])
        #expect(worker.logged.last == "the database refuses one event after another; none is given up, trying again")
        #expect(worker.pass(milliseconds: 19) == [])
        #expect(worker.pass(milliseconds: 1) == ["run events [\"c\"], confirmed []"])
        #expect(refuse(&worker) == [])
        #expect(worker.pass(milliseconds: 40) == ["run events [\"a\"], confirmed []"])
        #expect(refuse(&worker) == ["run events [\"b\"], confirmed []"])
        #expect(refuse(&worker) == [])
        #expect(worker.published.isEmpty)
    }

    @Test func `When the database is back, all go on that it has refused`() throws {
        var worker = try proven()
        _ = try worker.deliver(["a", "b", "c"], from: 2)
        for _ in 1...3 { _ = refuse(&worker) }
        #expect(worker.pass(milliseconds: 20) == ["run events [\"c\"], confirmed []"])
        #expect(worker.done([.applied]) == ["acknowledge [4] on 1", "run events [\"a\"], confirmed []"])
        #expect(worker.done([.applied]) == ["acknowledge through 2 on 1", "run events [\"b\"], confirmed []"])
        #expect(worker.done([.applied]) == ["acknowledge through 3 on 1"])
        #expect(worker.published.isEmpty && worker.machine.isIdle)
    }

    @Test(arguments: [.duplicate, .waiting, .idReused, .beyond("news"), .failed("no")] as [InputFate])
    func `What comes into no journal does not tell that the database takes anything`(_ fate: InputFate) throws {
        var worker = try proven()
        _ = try worker.deliver(["a", "b"], from: 2)
        #expect(refuse(&worker) == ["run events [\"a\"], confirmed []"])
        #expect(refuse(&worker) == ["run events [\"b\"], confirmed []"])
        _ = worker.done([fate])
        #expect(!worker.published.contains { $0.properties[header: FailureHeader.code] == .string("store-fault") })
        _ = worker.pass(milliseconds: 10)
        _ = worker.fail(.corrupt)
        #expect(worker.done() == [], "a once more, alone")
        _ = try worker.deliver(["c"], from: 4)
        _ = worker.pass(milliseconds: 20)
        #expect(worker.done([.applied]).contains { $0.hasPrefix("run events [\"a\"]") }, "and again when one is taken")
    }

    @Test func `The first that fails is not to blame before something has succeeded`() throws {
        var worker = MachineHarness.running()
        _ = try worker.deliver(["a", "b"])
        #expect(refuse(&worker) == ["run events [\"a\"], confirmed []"])
        #expect(refuse(&worker) == ["run events [\"b\"], confirmed []"])
        #expect(worker.done([.applied]) == ["acknowledge [2] on 1", "run events [\"a\"], confirmed []"])
        #expect(worker.done([.applied]) == ["acknowledge through 1 on 1"])
    }

    @Test func `A message that nobody else can judge is given up after a minute, and only one of them`() throws {
        var worker = try proven()
        for (tag, id) in [(2, "a"), (3, "b")] as [(UInt64, String)] {
            _ = try worker.deliver([id], from: tag)
            // 100 seconds in which the database takes all but this message.
            for _ in 1...20 {
                while worker.machine.isAtWork {
                    _ = worker.isTakingEvents ? worker.fail(.corrupt) : worker.done()
                }
                _ = worker.pass(milliseconds: 5_000)
            }
            #expect(worker.published.map(\.routingKey) == ["recourse.dead"])
        }
    }

    @Test func `A stop hands back what is in doubt`() throws {
        var worker = try proven()
        _ = try worker.deliver(["a"], from: 2)
        #expect(refuse(&worker) == ["run events [\"a\"], confirmed []"], "once more, without what waits for it")
        _ = refuse(&worker)
        #expect(worker.handle(.stop) == ["cancel consumer"])
        #expect(worker.handle(.consumer(.cancelled)) == ["requeue [2] on 1", "run end, confirmed []"])
    }

    @Test func `What fails while the worker stops is handed back`() throws {
        var worker = try proven()
        _ = try worker.deliver(["a"], from: 2)
        _ = worker.handle(.stop)
        #expect(worker.handle(.consumer(.cancelled)) == [])
        #expect(worker.fail(.corrupt) == ["requeue [2] on 1", "run end, confirmed []"])
    }

    @Test func `A table that is missing stops everything, with a pause, and costs no message anything`() throws {
        var worker = try proven()
        _ = try worker.deliver(["a", "b"], from: 2)
        #expect(worker.fail(.unavailable) == [])
        #expect(worker.logged.last == "the database failed; trying again")
        #expect(worker.pass(milliseconds: 10) == ["run events [\"a\", \"b\"], confirmed []"])
        #expect(worker.done([.applied, .applied]).first == "acknowledge through 3 on 1")
    }

    // MARK: Timers

    @Test func `A timer that breaks the batch is put aside alone, and the others act`() throws {
        var worker = try proven()
        let (bad, good) = (RecordKey(kind: "case", id: "bad"), RecordKey(kind: "case", id: "good"))
        #expect(worker.pass(milliseconds: 200) == ["run timers, confirmed []"])
        #expect(refuse(&worker) == ["run look for one timer"])
        #expect(worker.done(next: bad) == ["run timer case/bad alone"])
        #expect(refuse(&worker) == ["run put aside case/bad"])
        #expect(worker.done(next: good) == ["run timer case/good alone"])
        #expect(worker.done(timers: 1) == ["run timers, confirmed []"])
        #expect(worker.done() == [])
    }

    @Test func `Timers that step aside hold up neither the next batch nor events`() throws {
        var worker = try proven()
        #expect(worker.pass(milliseconds: 200) == ["run timers, confirmed []"])
        _ = try worker.deliver(["a"], from: 2)
        #expect(worker.done(more: true) == ["run timers, confirmed []"])
        #expect(worker.done(timers: 1) == ["run events [\"a\"], confirmed []"])
    }
}
