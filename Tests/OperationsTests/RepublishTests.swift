import Operations
import Runtime
import Schema
import Stages
import Store
import Testing

@Suite struct `Republishing after a restore` {
    private func republish(
        _ pipeline: MemoryPipeline, since: Instant? = nil, isDry: Bool = false
    ) async throws -> RepublishReport {
        let republish = Republish(
            stores: pipeline.anyStores, deadLetters: pipeline.deadLetters, routes: pipeline.routes)
        return try await republish.run(since: since, isDry: isDry)
    }

    private func outbox(_ pipeline: MemoryPipeline) async throws -> [StageName: Int] {
        var counts: [StageName: Int] = [:]
        for (stage, store) in pipeline.anyStores { counts[stage] = try await store.read { try $0.outboxCount() } }
        return counts.filter { $0.value > 0 }
    }

    @Test func `puts back what a stage lacks, and nothing else, as often as it is run`() async throws {
        var pipeline = try await MemoryPipeline()
        pipeline.loses = { stage, event in stage == .routing && event.type == CaseClosed.type }
        try await Scenario.run(&pipeline)
        let dry = try await republish(pipeline, isDry: true)
        #expect(dry.stages.filter { $0.lacking > 0 }.map(\.stage) == [.handling])
        #expect(try await outbox(pipeline).isEmpty)
        let report = try await republish(pipeline)
        let lacking = try #require(report.stages.first { $0.stage == .handling }).lacking
        #expect(lacking == dry.stages.map(\.lacking).reduce(0, +))
        #expect(try await outbox(pipeline) == [.handling: lacking])
        #expect(try await republish(pipeline).stages.map(\.returned).reduce(0, +) == 0)
        #expect(try await outbox(pipeline) == [.handling: lacking])
    }

    @Test func `finds nothing to do where everything was taken, unless a time is given`() async throws {
        let pipeline = try await Scenario.finished()
        #expect(try await republish(pipeline).stages.allSatisfy { $0.wanted == 0 })
        let since = try await republish(pipeline, since: .distantPast)
        #expect(since.stages.allSatisfy { $0.lacking == 0 && $0.returned == $0.outputs })
        #expect(since.stages.contains { $0.returned > 0 })
    }

    @Test func `what lies among the dead letters is left there, what was sent from there is not`() async throws {
        var pipeline = try await MemoryPipeline()
        var lost: [Event] = []
        pipeline.loses = { stage, event in stage == .routing && event.type == CaseClosed.type }
        try await Scenario.run(&pipeline)
        let store = try #require(pipeline.anyStores[.handling])
        let closed = try await store.read { snapshot in
            try snapshot.journal(after: 0, limit: 999, withBodies: true).flatMap(\.outputs)
                .filter { $0.type == CaseClosed.type.rawValue }
        }
        for output in closed {
            let event = try Event.read(output.body)
            lost.append(event)
            try await pipeline.park(
                event, body: output.body, queue: StageName.routing.queue, class: "transient", code: "newer-release")
        }
        try #require(!lost.isEmpty)
        #expect(try await republish(pipeline).stages.allSatisfy { $0.wanted == 0 })
    }
}

@Suite struct `The audit of doctored stores` {
    private func audit(_ pipeline: MemoryPipeline, clock: Instant? = nil) async throws -> AuditReport {
        let audit = Audit(
            .init(
                stores: pipeline.anyStores, deadLetters: pipeline.deadLetters, routes: pipeline.routes,
                queueDepth: { _ in 0 }, steppedClock: clock))
        return try await audit.run()
    }

    /// A pipeline whose penalty has taken no closed case, and notes since when it takes them; nil: it notes nothing.
    private func pipeline(penaltyTakesClosedCasesSince since: Instant?) async throws -> MemoryPipeline {
        var pipeline = try await MemoryPipeline(notesWhatItTakes: false)
        pipeline.loses = { stage, event in stage == .penalty && event.type == CaseClosed.type }
        try await Scenario.run(&pipeline)
        guard let since else { return pipeline }
        var types = Dictionary(PenaltyStage.takesFromEvents.map { ($0.rawValue, Instant.distantPast) }) { $1 }
        types[CaseClosed.type.rawValue] = since
        let noted = types
        try await #require(pipeline.anyStores[.penalty]).write { try $0.subscribe(noted) }
        return pipeline
    }

    @Test(arguments: [nil, Instant(seconds: 1_700_000_000)])
    func `what was emitted before a stage took it is neither missing nor sent there`(_ since: Instant?) async throws {
        let pipeline = try await pipeline(penaltyTakesClosedCasesSince: since)
        #expect(try await audit(pipeline).check("nothing lost")?.ok == true)
        let republish = Republish(
            stores: pipeline.anyStores, deadLetters: pipeline.deadLetters, routes: pipeline.routes)
        #expect(try await republish.run(since: nil, isDry: true).stages.allSatisfy { $0.lacking == 0 })
    }

    @Test func `what was emitted since is missing`() async throws {
        let pipeline = try await pipeline(penaltyTakesClosedCasesSince: .distantPast)
        #expect(try await audit(pipeline).check("nothing lost")?.ok == false)
    }

    @Test func `a record that the journal has not led to is named`() async throws {
        let pipeline = try await Scenario.finished()
        #expect(try await audit(pipeline).check("stores whole")?.ok == true)
        let store = try #require(pipeline.anyStores[.handling])
        let key = RecordKey(kind: "case", id: Scenario.caseId)
        try await store.write { (store) throws in
            guard var record = try store.load([key])[key] else { return }
            record.version += 1
            try store.save([record])
        }
        let report = try await audit(pipeline)
        #expect(!report.ok && report.exitCode == 1)
        #expect(report.check("stores whole")?["wrong"] == 1)
        #expect(report.check("stores whole")?.examples.first?.hasPrefix("handling: case") == true)
    }

    @Test func `a timer that the stepped clock has passed is named`() async throws {
        var pipeline = try await MemoryPipeline()
        try await Scenario.run(&pipeline)
        #expect(try await audit(pipeline, clock: pipeline.now).check("timers")?.ok == true)
        let late = try await audit(pipeline, clock: .limit)
        #expect(!late.ok)
        #expect((late.check("timers")?["stagesBehind"] ?? 0) > 0)
    }
}
