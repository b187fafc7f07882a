import Broker
import Runtime
import Schema
import Store
import Synchronization
import Testing

@testable import Operations

@Suite struct `A replay that one can trust` {
    private func order(rate: Int64 = 1_000, canary: Bool = true) -> DeadLetterOffice.ReplayOrder {
        var order = DeadLetterOffice.ReplayOrder()
        (order.rate, order.hasCanary) = (rate, canary)
        order.reason = "mended"
        return order
    }

    private static var open: DeadLetterOffice.Choice {
        var filter = DeadLetterFilter()
        filter.state = .open
        return .search(LetterSearch(filter))
    }

    @Test func `one letter goes first, then ten, then the rest, each when those before have arrived`() async throws {
        let rig = try await ReplayRig(letters: 30)
        let waits = Mutex<[Int]>([])
        let desk = rig.desk(whileWaiting: { waits.withLock { $0.append(rig.sent.count) } })
        let view = try await rig.office().replay(Self.open, order(), at: desk)
        #expect(view.state == .done && view.exitCode == 0 && view[.applied] == 30)
        #expect(try await rig.states() == ["resolved": 30])
        #expect(rig.sent == (0..<30).map { "D\($0)" }, "the oldest first, each once")
        #expect(Set(waits.withLock { $0 }) == [1, 11, 30])
        #expect(try await rig.office().parts.log.verify(expecting: []).exitCode == 0)
    }

    @Test func `it stops at a letter that dies again of the same`() async throws {
        let rig = try await ReplayRig(letters: 30)
        rig.answer { $0.properties.messageId == "D4" ? .die(code: "stage-fault") : .apply }
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        #expect(view.state == .stopped && view.exitCode == 1)
        #expect(view[.applied] == 10 && view[.diedAgain] == 1 && view[.waiting] == 19)
        #expect(view.cause?.contains("died again of the same") == true)
        let dead = try #require(try await rig.letters.get(rig.ids[4]))
        #expect(dead.standing == .diedAgain && dead.state == .resolved, "a state that the release before knows")
        let successor = try #require(dead.successor)
        #expect(try await rig.letters.get(successor)?.state == .open)
        #expect(dead.note == "died again as \(successor)")
        // The cause is mended: it begins with one letter again.
        rig.answer { _ in .apply }
        let rest = try await rig.office(as: "li").resume(view.id, at: rig.desk("there:2"))
        #expect(rest.state == .done && rest[.applied] == 29 && rest.exitCode == 1, "one has died")
        #expect(rig.sent.count == 30)
    }

    @Test func `it stops when too many of the last die of something else, and not at the first`() async throws {
        let rig = try await ReplayRig(letters: 60)
        rig.answer { message in
            let number = Int(message.properties.messageId?.dropFirst() ?? "") ?? 0
            return number >= 11 && number.isMultiple(of: 2) ? .die(code: "unknown-reference") : .apply
        }
        let view = try await rig.office().replay(Self.open, order(rate: 5), at: rig.desk())
        #expect(view.state == .stopped && view[.diedAgain] == 10)
        #expect(view.cause?.contains("10 of the last") == true)
        #expect(view[.waiting] > 20)
    }

    @Test func `any death among the first eleven stops it`() async throws {
        let rig = try await ReplayRig(letters: 12)
        rig.answer { _ in .die(code: "unknown-reference") }
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        #expect(view.state == .stopped && rig.sent == ["D0"])
        #expect(view.cause?.contains("of something else") == true)
    }

    @Test func `it pauses when nobody answers, and goes on when somebody does`() async throws {
        let rig = try await ReplayRig(letters: 12)
        rig.answer { _ in .silence }
        let begun = rig.now
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        #expect(view.state == .paused && view.exitCode == 1 && view.left == 12)
        #expect(view.cause == "no answer from the stage's workers within 60 s")
        #expect(rig.now < begun.adding(seconds: 70))
        rig.answer { _ in .apply }
        let rest = try await rig.office().resume(view.id, at: rig.desk())
        #expect(rest.exitCode == 0)
        #expect(rig.sent.count == 12, "it lay in the queue, and did not go out a second time")
    }

    @Test func `what was taken under its id with another body is not the letter`() async throws {
        let rig = try await ReplayRig(letters: 1)
        rig.answer { _ in .silence }
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        // Its sender has sent it again, corrected, before the replay arrived.
        let body = try #require(try await rig.letters.get(rig.ids[0])).letter.body
        try await rig.take(body + [UInt8(ascii: " ")])
        let rest = try await rig.office().resume(view.id, at: rig.desk())
        #expect(rest.state == .paused && rest[.applied] == 0)
        #expect(try await rig.states() == ["sent": 1])
    }

    @Test func `cancelled, it gives back what was claimed and never confirmed`() async throws {
        let rig = try await ReplayRig(letters: 2)
        rig.broker { _ in throw BrokerFailure(.timeout, operation: "publish", cause: "no answer") }
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        #expect(try await rig.states() == ["sent": 1, "open": 1])
        let cancelled = try await rig.office(as: "li").end(view.id, as: .cancelled, reason: nil, wall: rig.now)
        #expect(cancelled.state == .cancelled && cancelled[.skipped] == 1 && cancelled[.waiting] == 1)
        #expect(try await rig.states() == ["open": 2])
    }

    @Test func `what stopped is not paused by hand`() async throws {
        let rig = try await ReplayRig(letters: 2)
        rig.answer { _ in .die(code: "stage-fault") }
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        #expect(view.state == .stopped)
        await #expect(throws: OfficeFailure.self) {
            try await rig.office().end(view.id, as: .paused, reason: nil, wall: rig.now)
        }
        let operation = try await rig.operation()
        #expect(operation.state == .stopped && operation.step == 1)
    }

    @Test func `it pauses while its stage does`() async throws {
        let rig = try await ReplayRig(letters: 3)
        let view = try await rig.office().replay(
            Self.open, order(), at: rig.desk(obstacle: { "intake is paused by li" }))
        #expect(view.state == .paused && view.cause == "intake is paused by li")
        #expect(rig.sent.isEmpty)
        #expect(try await rig.states() == ["open": 3])
    }

    @Test func `without a broker it pauses, and what may have gone out is looked for first`() async throws {
        let rig = try await ReplayRig(letters: 2)
        rig.broker { _ in throw BrokerFailure(.timeout, operation: "publish", cause: "no answer") }
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        #expect(view.state == .paused && view.exitCode == 69)
        #expect(try await rig.states() == ["sent": 1, "open": 1])
        rig.broker { _ in .confirmed }
        #expect(try await rig.office().resume(view.id, at: rig.desk()).exitCode == 0)
        #expect(rig.sent == ["D0", "D1"])
    }

    @Test func `what no queue takes is open again`() async throws {
        let rig = try await ReplayRig(letters: 2)
        rig.broker { _ in .returned("312 NO_ROUTE") }
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        #expect(view.state == .stopped && view[.failed] == 1)
        #expect(try await rig.states() == ["open": 2])
        #expect(try await rig.letters.get(rig.ids[0])?.note?.contains("no queue took it") == true)
    }

    @Test func `whoever halts it goes on with it later, and a cancelled one is over`() async throws {
        let rig = try await ReplayRig(letters: 40)
        let office = rig.office()
        let desk = rig.desk(whileWaiting: {
            guard rig.sent.count == 11 else { return }
            let id = try await rig.operation().id
            _ = try await rig.office(as: "li").end(id, as: .paused, reason: "wait", wall: rig.now)
        })
        let view = try await office.replay(Self.open, order(), at: desk)
        #expect(view.state == .paused && view.cause == "paused by li" && rig.sent.count == 11)
        #expect(try await office.resume(view.id, at: rig.desk()).exitCode == 0)
        #expect(rig.sent.count == 40, "what had arrived meanwhile was found")
        await #expect(throws: OfficeFailure.self) { try await office.resume(view.id, at: rig.desk()) }
        await #expect(throws: OfficeFailure.self) {
            try await office.end(view.id, as: .cancelled, reason: nil, wall: rig.now)
        }

        let other = try await ReplayRig(letters: 5)
        let operation = try await other.office().begin(Self.open, order(), at: other.desk())
        let cancelled = try await other.office().end(operation.id, as: .cancelled, reason: nil, wall: other.now)
        #expect(cancelled.state == .cancelled && cancelled[.waiting] == 5)
        #expect(try await other.states() == ["open": 5])
    }

    @Test func `two operators at once on one selection send each letter once`() async throws {
        let rig = try await ReplayRig(letters: 60)
        async let one = rig.office(as: "li").replay(Self.open, order(rate: 7), at: rig.desk("a:1"))
        async let other = rig.office(as: "wang").replay(Self.open, order(rate: 7), at: rig.desk("b:2"))
        let views = try await [one, other]
        #expect(views.map(\.state) == [.done, .done])
        #expect(views.map { $0[.applied] }.reduce(0, +) == 60)
        #expect(rig.sent.count == 60 && Set(rig.sent).count == 60)
        #expect(try await rig.states() == ["resolved": 60])
    }

    @Test func `an operation that somebody runs is nobody else's, until that process is gone`() async throws {
        let rig = try await ReplayRig(letters: 3)
        let operation = try await rig.office().begin(Self.open, order(), at: rig.desk())
        // It renews its lease.
        let lives = rig.desk(
            "b:2",
            whileWaiting: {
                var renewed = try await rig.operation()
                renewed.runsUntil = rig.now.adding(seconds: 15)
                _ = try await rig.letters.change(OperationChange(renewed)) { _ in [] }
            })
        await #expect(throws: OfficeFailure.self) { try await rig.office().resume(operation.id, at: lives) }
        #expect(try await rig.office().resume(operation.id, at: rig.desk("b:2")).exitCode == 0)
    }

    @Test func `only what is safe is sent, and a dry run says of all what would be`() async throws {
        let rig = try await ReplayRig(letters: 70)
        // One was taken meanwhile.
        let body = try #require(try await rig.letters.get(rig.ids[7])).letter.body
        let row = DeadLetterMark(id: rig.ids[9], version: 1, state: .discarded, note: "not needed")
        _ = try await rig.letters.mark([row])
        try await rig.take(body)
        let office = rig.office()
        let dry = try await office.rehearse(.ids(rig.ids + ["nothing"]))
        #expect(dry.total == 71 && dry.letters.count == 50)
        #expect(
            dry.counts.map { "\($0.verdict.rawValue) \($0.why) \($0.count)" } == [
                "safe valid, and not taken yet 68", "already done taken meanwhile 1",
                "unknown it was discarded; restore it first 1", "unknown no such dead letter 1",
            ])
        #expect(rig.sent.isEmpty)
        let view = try await office.replay(.ids(rig.ids), order(), at: rig.desk())
        #expect(view.state == .done && view[.applied] == 68 && view[.skipped] == 2 && rig.sent.count == 68)
        #expect(try await rig.letters.get(rig.ids[7])?.state == .resolved)
        #expect(try await rig.letters.get(rig.ids[9])?.state == .discarded)
    }

    @Test(.timeLimit(.minutes(10))) func `killed at any step, it loses nothing and applies nothing twice`() async throws
    {
        for moment in 1...1_000 {
            let rig = try await ReplayRig(letters: 13)
            rig.kill(at: moment)
            var isKilled = false
            do {
                _ = try await rig.office().replay(Self.open, order(), at: rig.desk())
            } catch is ReplayRig.Killed {
                isKilled = true
            }
            rig.kill(at: nil)
            guard isKilled else {
                #expect(moment > 40, "it was killed at each of its steps")
                return
            }
            guard let operation = try await rig.letters.operations(below: .max, limit: 1).first else {
                #expect(try await rig.states() == ["open": 13], "it had not begun")
                continue
            }
            try await rig.deliver()
            if operation.state.hasEnded { continue }
            let view = try await rig.office(as: "li").resume(operation.id, at: rig.desk("b:2"))
            #expect(view.exitCode == 0 && view[.applied] == 13, "killed at \(moment): \(view.text)")
            #expect(try await rig.states() == ["resolved": 13], "killed at \(moment)")
            #expect(Set(rig.sent).count == 13 && rig.sent.count <= 13, "what had gone out was found: \(moment)")
            #expect(try await rig.office().parts.log.verify(expecting: []).exitCode == 0)
        }
        Issue.record("it was never done")
    }

    @Test func `two thousand letters take no more memory than a few, and none is left out`() async throws {
        let rig = try await ReplayRig(letters: 2_000)
        #expect(try await rig.office().rehearse(Self.open).total == 2_000)
        let view = try await rig.office().replay(Self.open, order(), at: rig.desk())
        #expect(view.exitCode == 0 && view[.applied] == 2_000 && Set(rig.sent).count == 2_000)
        let page = try await rig.office().show(
            operation: view.id, items: .applied, after: 1_990, limit: 20, wall: rig.now)
        #expect(page.items.count == 10 && page.next == nil && page.history.count == 2)
    }
}
