import Runtime
import Schema
import Stages
import Store
import Testing

@testable import Operations

@Suite struct `What waits` {
    private static let note = "Angry; lives at 5 Elm Street."

    /// Two notes about one case that nobody knows, and an hour later one about another.
    private func pipeline() async throws -> MemoryPipeline {
        var pipeline = try await MemoryPipeline(waiting: WaitingLimits())
        for (id, caseId, time) in [
            ("N1", "first", "2026-11-12T09:00:00+08:00"), ("N2", "first", "2026-11-12T09:30:00+08:00"),
            ("N3", "second", "2026-11-12T10:00:00+08:00"),
        ] {
            try await pipeline.send(
                ContactRecorded(
                    caseId: caseId, with: .customer, by: Scenario.by, at: try instant(time), note: Self.note),
                at: time, id: id)
        }
        return pipeline
    }

    @Test func `is grouped by what it waits for, the longest first`() async throws {
        let pipeline = try await pipeline()
        let office = Office(MemoryPremises(pipeline))
        var filter = WaitingList.Filter()
        filter.stage = .handling
        let groups = try await office.groupWaiting(filter)
        #expect(groups.groups.map(\.reference) == ["case first", "case second"], "\(groups.text)")
        #expect(groups.groups.map(\.count) == [2, 1] && groups.total == 2 && groups.events == 3)
        let first = try #require(groups.groups.first)
        let nine = try instant("2026-11-12T09:00:00+08:00")
        #expect(first.since == nine && first.sources == ["upstream"])
        #expect(first.ageSeconds == 3_600 && first.firstEnd == first.since.adding(hours: 24))
        #expect(groups.text.contains("1 h 0 min") && groups.text.contains("2 of 2 things"))
        filter.referenceId = "second"
        #expect(try await office.groupWaiting(filter).groups.map(\.reference) == ["case second"])
        let cut = try await WaitingGroups.read(pipeline.anyStores, at: pipeline.now, limit: 1)
        #expect(cut.groups.count == 1 && cut.total > 1 && cut.text.contains("1 of \(cut.total)"))
        filter.referenceId = "third"
        #expect(try await office.groupWaiting(filter).text == "Nothing waits.")
    }

    @Test func `is shown by its own id, and by that of what it waits for`() async throws {
        let office = Office(MemoryPremises(try await pipeline()))
        let own = try await office.showWaiting(["N1"], withBody: false)
        #expect(Set(own.waiting.map(\.event.eventId)) == ["N1"] && own.waiting.map(\.event.stage).contains(.handling))
        let item = try #require(own.waiting.first)
        #expect(item.event.reference == "case first" && item.ageSeconds == 3_600)
        #expect(item.outlook.hasPrefix("it is decided as soon as case first is known; if it is not by 2026-11-13"))
        #expect(item.body == nil && item.bodyBytes > 0 && own.exitCode == 0)
        let both = try await office.showWaiting(["first"], withBody: false)
        #expect(Set(both.waiting.map(\.event.eventId)) == ["N1", "N2"])
        let some = try await office.showWaiting(["N3", "nobody"], withBody: false)
        #expect(some.missing == ["nobody"] && some.exitCode == 1 && some.text.contains("Nothing waits under nobody."))
        let failure = await #expect(throws: OfficeFailure.self) {
            try await office.showWaiting(["nobody"], withBody: false)
        }
        #expect(failure?.description.hasPrefix("waiting show nobody: no event of this id waits") == true)
    }

    @Test func `shows bodies masked, and writes the look down`() async throws {
        let office = Office(MemoryPremises(try await pipeline()))
        func looks() async throws -> [String] {
            try await office.listAuditLog(AuditLogFilter(), phone: nil, after: nil, limit: 9).entries.map(\.verb)
        }
        let plain = try await office.showWaiting(["N1"], withBody: false)
        #expect(!(try plain.json()).contains("\"note\""))
        #expect(try await looks().isEmpty)
        let shown = try await office.showWaiting(["N1"], withBody: true)
        for text in [shown.text, try shown.json()] {
            #expect(text.contains("\"note\"") && text.contains(Masking.hidden) && !text.contains("Elm Street"))
        }
        #expect(try await looks() == ["waiting show --body"])
    }

    @Test func `is told to be at its end when its time is over`() throws {
        let arrived = Instant(seconds: 1_793_592_000)
        func item(_ reference: RecordKey, after hours: Int64) -> WaitingDetail.Item {
            WaitingDetail.Item(
                WaitingEvent(
                    event: EventKey(source: "s", id: "1"), type: "case.accepted", digest: [1], reference: reference,
                    ruleTime: arrived, arrived: arrived, endsAt: arrived.adding(hours: 24), size: 1),
                at: .handling, nil, withBody: true, now: arrived.adding(hours: hours))
        }
        let reference = RecordKey(kind: "case", id: "x")
        #expect(item(reference, after: 23).outlook.hasPrefix("it is decided as soon as case x is known"))
        #expect(item(reference, after: 24).outlook.hasPrefix("its time is over"))
        #expect(item(RecordKey(kind: "newer-release", id: "1"), after: 1).outlook.contains("a newer release decides"))
        #expect(item(reference, after: -1).ageSeconds == 0)
        #expect(item(reference, after: 1).bodyNote == "there is none: it was erased")
    }
}
