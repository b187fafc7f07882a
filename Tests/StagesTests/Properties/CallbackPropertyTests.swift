import Policy
import Schema
import Stages
import Testing

/// Over random histories of services, closings and calls: nobody who was served is left out, no attempt is asked for
/// twice, and attempts lie on different dates (R10, R22, R25, R26).
struct CallbackPropertyTests {
    private struct Seen {
        var scheduled: CallbackScheduled?
        var asked: [Int] = []
        var missed = 0
        var ends = 0
        /// By the calls that were taken: number and date of each attempt proper.
        var attempts: [(number: Int, date: CivilDate)] = []
        var isDone = false
        /// The last attempt found the number wrong, and nobody has put it right.
        var waitsForNumber = false
    }

    private struct History {
        var random: SeededRandom
        var harness: StageHarness
        var now: Instant
        var tasks: [String: Seen] = [:]
        var order: [String] = []
        var expected: Set<String> = []
        var dissatisfied: Set<String> = []

        init(seed: Int) throws {
            random = SeededRandom(seed)
            harness = try CallbackFixtures.harness()
            now = try instant("2026-01-20T08:00:00+08:00")
        }

        mutating func take(_ outputs: [OutgoingEvent], _ label: String) throws {
            for output in outputs {
                _ = try Event.read(output.body())
                switch output.event.data {
                case let scheduled as CallbackScheduled:
                    #expect(tasks[scheduled.callbackId]?.scheduled == nil, "\(label): scheduled twice")
                    tasks[scheduled.callbackId, default: Seen()].scheduled = scheduled
                    order.append(scheduled.callbackId)
                case let due as CallbackDue: testDue(due, at: output.event.time, label)
                case let missed as CallbackMissed:
                    tasks[missed.callbackId]?.missed += 1
                    #expect(tasks[missed.callbackId]?.missed == 1, "\(label): missed twice")
                    #expect(output.event.time == missed.windowEnd || output.isLate, "\(label): missed at another time")
                case let exhausted as CallbackExhausted:
                    #expect(tasks[exhausted.callbackId]?.attempts.count == 3, "\(label): exhausted too early")
                case let letter as LetterDue:
                    #expect(letter.about.eventId != nil, "\(label): a letter without an event")
                case let answer as CallbackDissatisfied:
                    #expect(dissatisfied.insert(answer.callbackId).inserted, "\(label): counted twice")
                default: break
                }
            }
        }

        private mutating func testDue(_ due: CallbackDue, at time: Instant, _ label: String) {
            let seen = tasks[due.callbackId] ?? Seen()
            #expect(seen.scheduled != nil, "\(label): asked before it is scheduled")
            #expect(!seen.asked.contains(due.attempt), "\(label): attempt \(due.attempt) asked for twice")
            #expect(!seen.attempts.contains { $0.number == due.attempt }, "\(label): asked for what was reported")
            #expect(!seen.isDone, "\(label): asked after the end")
            #expect(!seen.waitsForNumber, "\(label): asked to call a number that is wrong")
            // Of an event that is announced too late the first call is due behind it.
            if seen.asked.isEmpty, seen.attempts.isEmpty, due.kind != .customerEvent {
                #expect(due.windowStart <= time && time < due.windowEnd, "\(label): first asked outside its window")
            }
            tasks[due.callbackId]?.asked.append(due.attempt)
        }

        mutating func send(_ data: any EventData, _ label: String) throws -> HarnessOutcome {
            let outcome = try harness.send(data, at: now)
            try take(outcome.before, label)
            return outcome
        }

        mutating func act(_ step: Int, _ label: String) throws {
            switch random.below(10) {
            case 0:
                expected.insert(Identifiers.callbackId(kind: "service-first", serviceId: "V\(step)"))
                let service = try CallbackFixtures.service("V\(step)", at: now.description)
                try take(send(service, label).outputs, label)
            case 1:
                expected.insert(Identifiers.callbackId(kind: "case-closed", caseId: "C\(step)", closing: 1))
                var closed = try CallbackFixtures.closed(at: now.description)
                closed.caseId = "C\(step)"
                try take(send(closed, label).outputs, label)
            case 2 where random.oneIn(3):
                let on = now.date.adding(days: random.below(30))
                let announced = CustomerEventAnnounced(
                    eventId: "E\(step)", on: on, title: "Fair",
                    customers: [
                        CaseFixtures.customer, CaseFixtures.customer, Customer(name: "王女士", phone: "13900000002"),
                    ])
                for index in [0, 2] {
                    expected.insert(
                        Identifiers.callbackId(kind: "customer-event", eventId: "E\(step)", customer: index))
                }
                try take(send(announced, label).outputs, label)
            case 3:
                guard let id = random.pick(order) else { return }
                try take(send(LetterSent(callbackId: id, by: CaseFixtures.officer, at: now), label).outputs, label)
            case 4:
                guard let id = random.pick(order.suffix(20)) else { return }
                let found = CustomerContactCorrected(callbackId: id, phone: "13700000000", by: CaseFixtures.officer)
                let outcome = try send(found, label)
                #expect(tasks[id]?.waitsForNumber != true || outcome.waitsFor == nil, "\(label): not taken")
                tasks[id]?.waitsForNumber = false
                try take(outcome.outputs, label)
            default: try call(label)
            }
        }

        private mutating func call(_ label: String) throws {
            guard let id = random.pick(order.suffix(20)), let seen = tasks[id], let window = seen.scheduled else {
                return
            }
            let outcome = random.pick(CallbackCompleted.Outcome.allCases + [.noAnswer, .noAnswer]) ?? .noAnswer
            let number = random.oneIn(4) ? 1 + random.below(4) : seen.attempts.count + 1
            let report = CallbackCompleted(
                callbackId: id, attempt: number, attemptAt: now, outcome: outcome, by: CaseFixtures.officer,
                score: random.oneIn(2) ? 1 + random.below(5) : nil, atFault: .outlet)
            let result = try send(report, label)
            let isAttempt = result.rejection == nil && now >= window.windowStart
            if isAttempt, !seen.isDone {
                let date = now.date
                #expect(!seen.attempts.contains { $0.date == date }, "\(label): two attempts on a date")
                #expect(!seen.attempts.contains { $0.number == number }, "\(label): an attempt twice")
                tasks[id]?.attempts.append((number, date))
                let isReached = outcome == .reached || outcome == .refused
                if isReached || seen.attempts.count == 2 { tasks[id]?.isDone = true }
                tasks[id]?.waitsForNumber = !isReached && outcome == .wrongNumber && seen.attempts.count < 2
                if outcome == .reached, window.kind == .serviceFirst, let serviceId = window.about.serviceId {
                    expected.insert(Identifiers.callbackId(kind: "service-second", serviceId: serviceId))
                }
            }
            try take(result.outputs, label)
        }

        mutating func pass(_ label: String) throws {
            now = now.adding(minutes: Int64(random.oneIn(10) ? 3_000 : random.below(400)))
            if random.oneIn(2) { try take(harness.advance(to: now.description), label) }
        }
    }

    @Test(arguments: 1...6)
    func `everyone who was served is called, and no attempt is asked for twice`(seed: Int) throws {
        var history = try History(seed: seed)
        for step in 0..<700 {
            let label = "seed \(seed), step \(step)"
            try history.act(step, label)
            try history.pass(label)
            let missing = history.expected.subtracting(history.tasks.keys)
            #expect(missing.isEmpty, "\(label): served and without a task")
            try #require(history.now.date.year == 2026 && history.now.date.components.month < 12, "the calendar ends")
        }
        try history.take(try history.harness.advance(to: "2026-12-24T00:00:00+08:00"), "seed \(seed), the end")
        let tasks = history.tasks
        #expect(tasks.values.allSatisfy { $0.isDone || $0.missed == 1 }, "seed \(seed): open and not missed")
        #expect(tasks.values.contains { $0.asked.count > 1 } && tasks.values.contains(where: \.isDone))
        #expect(tasks.count > 100)
    }
}
