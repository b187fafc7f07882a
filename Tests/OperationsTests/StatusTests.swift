import Operations
import Runtime
import Schema
import Store
import StoreTestKit
import Testing

@Suite struct `Status and the state of workers` {
    private let wall = Instant(seconds: 1_700_000_000)

    private func sign(
        _ name: String, role: String = "intake", _ state: WorkerSign.State = .working, ago: Int64 = 0,
        loopAgo: Int64 = 0, detail: String = "", host: String = "h"
    ) -> WorkerSign {
        WorkerSign(
            name: name, role: role, host: host, pid: 7, release: "0.4.0", policy: "4", state: state,
            startedAt: wall.adding(hours: -1), aliveUntil: wall.adding(seconds: 15 - ago),
            loopAt: wall.adding(seconds: -loopAgo), detail: detail)
    }

    private func report(_ signs: [WorkerSign], _ orders: [SteeringOrder] = []) -> WorkforceReport {
        WorkforceReport(signs: signs, orders: orders, wall: wall)
    }

    @Test func `a worker is judged by its last word`() {
        let cases: [(WorkerSign, WorkforceReport.Health)] = [
            (sign("a"), .working), (sign("a", .starting), .starting), (sign("a", .draining), .draining),
            (sign("a", .paused), .paused), (sign("a", .drained, ago: 99), .drained), (sign("a", ago: 15), .working),
            (sign("a", ago: 16), .lost), (sign("a", .paused, ago: 16), .lost), (sign("a", loopAgo: 30), .working),
            (sign("a", loopAgo: 31), .stuck), (sign("a", detail: "not consuming"), .disconnected),
            (sign("h", role: WorkerSign.supervisor, detail: "intake=1"), .working),
        ]
        for (sign, health) in cases { #expect(report([sign]).processes.first?.health == health, "\(sign)") }
    }

    @Test func `one that has ended is listed for some minutes, one that was lost until it is forgotten`() {
        #expect(report([sign("a", .ended, ago: 600)]).processes.count == 1)
        #expect(report([sign("a", .ended, ago: 700)]).processes.isEmpty)
        #expect(report([sign("a", ago: 80_000)]).processes.first?.health == .lost)
    }

    @Test func `nothing is sent to a stage that is paused or has no worker at work, as far as that is known`() {
        func obstacle(_ signs: [WorkerSign], _ orders: [SteeringOrder] = []) -> String? {
            StageReadiness.obstacle(to: [.intake], signs: signs, orders: orders, wall: wall)
        }
        #expect(obstacle([]) == nil, "workers of an older release tell nothing of themselves")
        #expect(obstacle([sign("a")]) == nil && obstacle([sign("a", .starting)]) == nil)
        #expect(obstacle([sign("a", ago: 99)])?.contains("no worker of intake") == true)
        #expect(obstacle([sign("a", .paused), sign("b")]) == nil && obstacle([sign("a", .paused)]) != nil)
        #expect(obstacle([sign("r", role: "routing", ago: 99)]) == nil, "another stage's")
        let pause = SteeringOrder(.role("intake"), .pause, by: "li", at: wall)
        #expect(obstacle([sign("a")], [pause])?.contains("paused by li") == true)
        #expect(obstacle([sign("a")], [SteeringOrder(.role("intake"), .drain, by: "li", at: wall)]) == nil)
    }

    @Test func `replays that halted and edits that wait are told, and are no trouble`() {
        var look = look(0, entry: 0)
        (look.operationsHalted, look.editsWaiting) = (["k3m9q2"], 30)
        let report = StatusReport(look)
        #expect(report.exitCode == 0)
        #expect(report.text.contains("replays that halted: k3m9q2") && report.text.contains("approval: 30"))
        #expect(!StatusReport(self.look(0, entry: 0)).text.contains("halted"))
    }

    @Test func `a replay that stopped, and letters that are open, are trouble`() {
        var look = look(0, entry: 0)
        look.operationsStopped = ["k3m9q2"]
        #expect(StatusReport(look).exitCode == 1 && StatusReport(look).text.contains("! replay k3m9q2 has stopped"))
        look = self.look(0, entry: 0)
        look.deadLetters = [
            DeadLetterCount(queue: "recourse.intake", failureClass: "schema", state: .open, count: 3),
            DeadLetterCount(queue: "recourse.intake", failureClass: "schema", state: .resolved, count: 9),
        ]
        #expect(StatusReport(look).exitCode == 1 && StatusReport(look).text.contains("! dead letters: 3 are open"))
        look.deadLetters.removeFirst()
        #expect(StatusReport(look).exitCode == 0)
    }

    private func look(
        _ depth: Int?, entry: Int64, seconds: Int64 = 0, workers: Int = 1, late: Int64? = nil, aside: Int = 0
    ) -> StatusLook {
        let all = (StageName.allCases.map(\.rawValue) + [InstallationName.parking]).flatMap { role in
            (0..<workers).map { sign("\(role)-\($0)", role: role) }
        }
        var look = StatusLook(wall: wall.adding(seconds: seconds), now: wall, workforce: report(all))
        look.stages = StageName.allCases.map { name in
            var stage = StatusLook.Stage(name)
            (stage.depth, stage.lastEntry) = name == .intake ? (depth, entry) : (0, 0)
            if name == .intake { (stage.timerLateSeconds, stage.timersAside) = (late, aside) }
            return stage
        }
        return look
    }

    @Test func `rates, the time to the end and the workers that a goal takes follow from two looks`() throws {
        let before = look(1_000, entry: 0, workers: 2)
        let after = look(900, entry: 300, seconds: 10, workers: 2)
        let line = try #require(StatusReport(after, since: before, goalSeconds: 30).stages.first)
        #expect(line.takenPerSecond == 30 && line.comingPerSecond == 20)
        #expect(line.drainedInSeconds == 90)
        // 20 come and 900 / 30 are to go each second: 50, of which one worker takes 15.
        #expect(line.workersForGoal == 4)
        let growing = try #require(StatusReport(look(1_500, entry: 300, seconds: 10), since: before).stages.first)
        #expect(growing.drainedInSeconds == nil && growing.comingPerSecond == 80)
        let unseen = try #require(StatusReport(look(nil, entry: 300, seconds: 10), since: before).stages.first)
        #expect(unseen.takenPerSecond == 30 && unseen.comingPerSecond == nil)
        #expect(StatusReport(look(5, entry: 0)).stages.first?.takenPerSecond == nil)
    }

    @Test func `a healthy pipeline is well, and each trouble is named with what to do`() {
        #expect(StatusReport(look(0, entry: 1)).exitCode == 0)
        #expect(StatusReport(look(0, entry: 1)).text.hasSuffix("All is well."))
        let empty = StatusReport(look(7, entry: 1, workers: 0))
        #expect(empty.troubles.first == "intake: no worker works, 7 messages lie there; start one: recourse-intake")
        #expect(empty.exitCode == 1)
        #expect(empty.troubles.last == "parking: no worker works; start one: recourse-parking")
        #expect(StatusReport(look(0, entry: 1, late: 60)).troubles.isEmpty)
        #expect(StatusReport(look(0, entry: 1, late: 61)).troubles.count == 1)
        #expect(StatusReport(look(0, entry: 1, aside: 1)).troubles.first?.contains("recourse audit") == true)
        var late = look(3, entry: 1)
        late.stages[0].oldest = MessageAge(seconds: 90, isAtLeast: true)
        late.overdueDelays = ["recourse.intake.delay.5s: 2 messages are older than 35 s"]
        let told = StatusReport(late)
        #expect(told.stages[0].oldest?.seconds == 90 && told.text.contains("> 90 s") && told.exitCode == 1)
        #expect(told.troubles.first?.hasPrefix("recourse.intake.delay.5s: 2 messages") == true)
        var unseen = look(nil, entry: 1)
        unseen.unseen = ["queues: away"]
        #expect(StatusReport(unseen).exitCode == 69)
    }

    @Test func `orders name who is meant, and a name that nobody bears is refused`() async throws {
        let control = MemoryControl()
        try control.say(sign("a"), forgetting: .distantPast)
        try control.say(sign("h", role: WorkerSign.supervisor), forgetting: .distantPast)
        var acts: [String] = []
        let foreman = Foreman(control, by: "ann", wall: wall) { acts += [$0.verb] + $0.objects.map(\.object) }
        _ = try await foreman.ask(.pause, ["a"], role: nil, roles: ["intake"])
        #expect(try control.orders().map(\.target) == [.worker("a", role: "intake")])
        #expect(try foreman.list().processes.first?.asked == "pause by ann at \(wall)")
        await #expect(throws: Foreman.Refusal.self) {
            try await foreman.ask(.pause, ["b"], role: nil, roles: ["intake"])
        }
        await #expect(throws: Foreman.Refusal.self) {
            try await foreman.ask(.pause, ["a"], role: "routing", roles: ["intake"])
        }
        _ = try await foreman.ask(.pause, [], role: "intake", roles: ["intake", "routing"])
        #expect(try await foreman.resume(["a"], role: nil, roles: ["intake"]).hint.contains("still asked to pause"))
        _ = try await foreman.resume([], role: "intake", roles: ["intake"])
        #expect(try control.orders().isEmpty)
        _ = try await foreman.scale(["intake": 3], host: nil)
        #expect(try control.orders().counts(for: "h", startedAt: .distantPast) == ["intake": 3])
        await #expect(throws: Foreman.Refusal.self) { try await foreman.scale(["intake": 3], host: "other") }
        #expect(acts.prefix(2) == ["workers pause", "worker:intake/a"] && acts.last == "supervisor:h/intake")
    }

    @Test func `the doctor names lost workers, other policies and clocks that are ahead`() {
        var other = sign("b", role: "routing")
        other.policy = "5"
        var doctor = DoctorReport()
        doctor.findWorkers(
            report([sign("a"), other, sign("c", ago: 99)]), roles: ["intake", "routing", "parking"], wall: wall)
        let causes = doctor.findings.map(\.cause)
        #expect(causes.contains { $0.contains("intake c") && $0.contains("lost") })
        #expect(causes.contains("no worker of parking works"))
        #expect(causes.contains { $0.contains("different policies: 4, 5") })
        #expect(doctor.exitCode == 1 && doctor.findings.allSatisfy { $0.verdict == .ok || !$0.cure.isEmpty })
        var well = DoctorReport()
        well.findWorkers(report([sign("a")]), roles: ["intake"], wall: wall)
        #expect(well.exitCode == 0 && well.findings.count == 1)
        var ahead = DoctorReport()
        ahead.findWorkers(report([sign("a")]), roles: ["intake"], wall: wall.adding(hours: -2))
        #expect(ahead.findings.contains { $0.part == "clock" })
    }

    @Test(arguments: [
        ("3.9.29", DoctorReport.Verdict.wrong), ("3.10.8", .ok), ("3.13.7", .ok), ("4.0.9", .ok), ("4.3.0-rc.1", .ok),
        ("", .wrong),
    ])
    func `a broker's version tells what counts as a delivery`(_ version: String, _ verdict: DoctorReport.Verdict) {
        #expect(BrokerVersion.finding(version).verdict == verdict)
    }

    @Test func `an operator's policy that takes messages away is told, one that only mirrors is not`() throws {
        let policies = try JSON(
            parsing: Array(
                """
                [{"name":"cap","pattern":"^recourse","definition":{"max-length":10,"queue-mode":"lazy"}},
                {"name":"others","pattern":"^shop","definition":{"max-length":10}},
                {"name":"odd","pattern":"(","definition":{"max-length":10}},
                {"name":"lazy","pattern":".*","definition":{"queue-mode":"lazy"}}]
                """.utf8))
        let findings = OperatorPolicies.findings(policies, queues: ["recourse.intake"])
        #expect(findings.map(\.cause) == ["cap sets max-length for recourse.intake, above what the pipeline declares"])
    }
}
