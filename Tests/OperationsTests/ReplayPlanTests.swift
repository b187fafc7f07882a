import Schema
import Store
import Testing

@testable import Operations

@Suite struct `What a replay does next` {
    private static let start = Instant(seconds: 1_780_000_000)
    private static func at(_ seconds: Int64) -> Instant { start.adding(seconds: seconds) }

    private func plan(
        step: Int64 = 1, rate: Int64 = 1_000, waiting: Int = 100, inherited: Int = 0
    ) -> ReplayPlan {
        ReplayPlan(step: step, rate: rate, waiting: waiting, inherited: inherited, at: Self.start)
    }

    @Test func `letters that are not sent do not count for the canary`() {
        var plan = plan()
        #expect(plan.next(at: Self.at(0)) == .claim(1))
        plan.claimed(1, sent: 0, at: Self.at(0))
        #expect(plan.next(at: Self.at(0)) == .claim(1) && plan.step == 1)
        plan.claimed(1, sent: 1, at: Self.at(0))
        #expect(plan.next(at: Self.at(1)) == .wait)
        plan.settled(.applied, wasInherited: false, at: Self.at(1))
        #expect(plan.next(at: Self.at(1)) == .claim(10) && plan.step == 10)
        plan.claimed(10, sent: 4, at: Self.at(1))
        #expect(plan.next(at: Self.at(2)) == .claim(6), "until ten were sent")
    }

    @Test func `no more go out in a second than the rate says`() {
        var plan = plan(step: 0, rate: 20)
        #expect(plan.next(at: Self.at(0)) == .claim(20))
        plan.claimed(20, sent: 10, at: Self.at(0))
        #expect(plan.next(at: Self.at(0)) == .wait)
        #expect(plan.next(at: Instant(microseconds: Self.start.microseconds + 500_000)) == .claim(20))
    }

    @Test func `no more are on their way than it can keep`() {
        var plan = plan(step: 0, waiting: 10_000)
        for second in 0..<10 {
            #expect(plan.next(at: Self.at(Int64(second))) == .claim(50))
            plan.claimed(50, sent: 50, at: Self.at(Int64(second)))
        }
        #expect(plan.next(at: Self.at(11)) == .wait)
        plan.settled(.applied, wasInherited: false, at: Self.at(11))
        #expect(plan.next(at: Self.at(11)) == .claim(1))
    }

    @Test func `what another has left is looked for, then sent once more, and only then something new`() {
        var plan = plan(step: 0, inherited: 2)
        #expect(plan.next(at: Self.at(9)) == .wait)
        plan.settled(.applied, wasInherited: true, at: Self.at(9))
        #expect(plan.next(at: Self.at(18)) == .wait, "there was news")
        #expect(plan.next(at: Self.at(19)) == .sendAgain)
        plan.sentAgain(at: Self.at(19))
        #expect(plan.next(at: Self.at(19)) == .claim(50))
    }

    @Test func `silence counts from the last news, not from what is sent meanwhile`() {
        var plan = plan(step: 0, rate: 1)
        for second in 0..<60 {
            #expect(plan.next(at: Self.at(Int64(second))) == .claim(1))
            plan.claimed(1, sent: 1, at: Self.at(Int64(second)))
        }
        guard case .end(.paused, let cause) = plan.next(at: Self.at(60)) else {
            Issue.record("it goes on though nobody answers")
            return
        }
        #expect(cause.contains("no answer"))
    }

    @Test func `a stage that works through a long queue is not silent`() {
        var plan = plan()
        plan.claimed(1, sent: 1, at: Self.at(0))
        plan.stagesMoved(at: Self.at(50))
        #expect(plan.next(at: Self.at(109)) == .wait)
        guard case .end(.paused, _) = plan.next(at: Self.at(110)) else {
            Issue.record("it waits for ever")
            return
        }
    }

    @Test func `whoever goes on after a stop begins with one letter again`() {
        var plan = plan(step: 0)
        plan.claimed(2, sent: 2, at: Self.at(0))
        plan.settled(.diedAgain(fingerprint: "f", isSame: true), wasInherited: false, at: Self.at(1))
        #expect(plan.step == 1)
        #expect(plan.halted?.0 == .stopped, "a halt by hand must not hide it")
    }

    @Test func `once it is to halt it sends nothing, and waits a while for what is on its way`() {
        var plan = plan(step: 0)
        plan.claimed(3, sent: 3, at: Self.at(0))
        plan.settled(.diedAgain(fingerprint: "f", isSame: true), wasInherited: false, at: Self.at(1))
        #expect(plan.next(at: Self.at(10)) == .wait)
        plan.settled(.applied, wasInherited: false, at: Self.at(10))
        #expect(plan.next(at: Self.at(19)) == .wait)
        guard case .end(.stopped, let cause) = plan.next(at: Self.at(20)) else {
            Issue.record("it waits for ever")
            return
        }
        #expect(cause.contains("fingerprint f"))
    }

    @Test func `failures count among the last two hundred alone`() {
        var plan = plan(step: 0, waiting: 10_000)
        for number in 0..<2_000 {
            plan.claimed(1, sent: 1, at: Self.at(0))
            let died = number.isMultiple(of: 25)
            plan.settled(
                died ? .diedAgain(fingerprint: "g", isSame: false) : .applied, wasInherited: false, at: Self.at(0))
        }
        #expect(plan.next(at: Self.at(1)) == .claim(50), "eight of two hundred are borne")
        for _ in 0..<3 {
            plan.claimed(1, sent: 1, at: Self.at(1))
            plan.settled(.failed, wasInherited: false, at: Self.at(1))
        }
        guard case .end(.stopped, _) = plan.next(at: Self.at(2)) else {
            Issue.record("ten of two hundred are not")
            return
        }
    }

    @Test func `it is done when every letter has its outcome`() {
        var plan = plan(waiting: 1)
        plan.claimed(1, sent: 1, at: Self.at(0))
        #expect(plan.next(at: Self.at(1)) == .wait)
        plan.settled(.applied, wasInherited: false, at: Self.at(1))
        #expect(plan.next(at: Self.at(1)) == .end(.done, cause: ""))
    }
}
