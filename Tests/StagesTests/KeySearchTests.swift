import Policy
import Schema
import Stages
import Testing

/// The keys of what an input needs are worked out once, and again when what they followed from has changed.
@Suite struct KeySearchTests {
    private let time = Instant(seconds: 1_793_592_000)

    private func event(_ data: any EventData) -> Input { .event(Event(id: "E", source: "S", time: time, data: data)) }

    private var runner: StageRunner {
        get throws { StageRunner(stage: IntakeStage(), policy: try CaseFixtures.policy()) }
    }

    @Test func `What leads to more is looked at again once it has come to be there, or is changed`() throws {
        let reopened = event(CaseReopened(caseId: "C1", complaintId: "K1", tier: .hq))
        var set = WorkingSet()
        let early = KeySearch.complete(reopened, try runner, in: set)
        #expect(early.keys == [ComplaintRecord.key("C1")])
        #expect(early.holds(in: set))
        // Nothing of its own.
        set.note(CustomerFile.key("other"), nil)
        #expect(early.holds(in: set))
        // As an input before it in the batch may make it.
        let record = ComplaintRecord(fingerprint: "F", customer: "P", linkedTo: nil)
        set[ComplaintRecord.key("C1")] = LiveRecord(value: record, version: 1)
        #expect(!early.holds(in: set))
        let later = KeySearch.complete(reopened, try runner, in: set)
        #expect(later.keys == [ComplaintRecord.key("C1"), CustomerFile.key("P")])
        #expect(later.holds(in: set))
        set[CustomerFile.key("P")] = LiveRecord(value: CustomerFile(since: time), version: 1)
        #expect(!later.holds(in: set))
    }

    @Test func `What has asked for no record holds whatever comes to be there`() throws {
        let complaint = event(try CaseFixtures.complaint(at: "2026-11-02T09:00:00+08:00"))
        var set = WorkingSet()
        let found = KeySearch.complete(complaint, try runner, in: set)
        #expect(found.keys.count == 4)
        for key in found.keys where key.kind == CustomerFile.kind {
            set[key] = LiveRecord(value: CustomerFile(since: time), version: 1)
        }
        #expect(found.holds(in: set))
        #expect(KeySearch.complete(complaint, try runner, in: set).keys == found.keys)
    }
}
