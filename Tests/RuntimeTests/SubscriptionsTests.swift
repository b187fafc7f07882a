import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// Since when a stage takes what others emit.
@Suite struct SubscriptionsTests {
    private static let wall = Instant(seconds: 1_700_000_000)
    private static let types = PenaltyStage.takesFromEvents

    private func entry(_ id: String, at writtenAt: Instant?) -> JournalEntry {
        var entry = JournalEntry(
            input: .event(source: "crm", id: id, type: "case.accepted", digest: Array(id.utf8), body: []),
            fate: .applied, now: Self.wall, isLate: false, policyVersion: "1", records: [], outputs: [])
        entry.writtenAt = writtenAt
        return entry
    }

    private func noted(_ types: [EventType] = types, at wall: Instant = wall, in store: MemoryStore) async throws
        -> [String: Instant]
    {
        try await store.write {
            try Subscriptions.note(types, of: .penalty, wall: wall, in: $0)
            return try $0.subscriptions()
        }
    }

    @Test func `a new store takes everything ever since`() async throws {
        let noted = try await noted(in: MemoryStore())
        #expect(noted.count == Self.types.count)
        #expect(noted.values.allSatisfy { $0 == .distantPast })
    }

    @Test func `a store with a past takes since now what its release adds, and the rest ever since`() async throws {
        let store = MemoryStore()
        try await store.write { _ = try $0.append([entry("a", at: nil)], owner: "one") }
        let noted = try await noted(in: store)
        #expect(noted[CaseClosed.type.rawValue] == Self.wall)
        #expect(noted[ViolationRecorded.type.rawValue] == nil)
        #expect(noted[CallbackDissatisfied.type.rawValue] == .distantPast)
        #expect(
            try await self.noted(at: Self.wall.adding(hours: 1), in: store) == noted, "a later start changes nothing")
    }

    @Test func `what a later release adds is taken since its first start`() async throws {
        let store = MemoryStore()
        let first = try await noted([CaseClosed.type], in: store)
        #expect(first == [CaseClosed.type.rawValue: .distantPast])
        let later = Self.wall.adding(hours: 1)
        let second = try await noted([CaseClosed.type, CaseReopened.type], at: later, in: store)
        #expect(second == [CaseClosed.type.rawValue: .distantPast, CaseReopened.type.rawValue: later])
    }

    @Test func `what was written before, or when nobody told, never came there`() {
        let (type, other) = (CaseClosed.type, CallbackDissatisfied.type)
        let noted = Subscriptions([.penalty: [type.rawValue: Self.wall, other.rawValue: .distantPast]])
        #expect(noted.reached(.penalty, type, writtenAt: Self.wall))
        #expect(!noted.reached(.penalty, type, writtenAt: Self.wall.adding(seconds: -1)))
        #expect(!noted.reached(.penalty, type, writtenAt: nil))
        #expect(noted.reached(.penalty, other, writtenAt: nil))
        #expect(noted.start(of: .penalty, type) == Self.wall)
        #expect(noted.start(of: .penalty, other) == .distantPast)
        #expect(noted.isComplete)
    }

    @Test func `before the first worker of the release what it adds has not come, and the rest has`() {
        let none = Subscriptions([.penalty: [:]])
        #expect(!none.reached(.penalty, CaseClosed.type, writtenAt: Self.wall))
        #expect(none.start(of: .penalty, CaseClosed.type) == nil)
        #expect(none.reached(.penalty, CallbackDissatisfied.type, writtenAt: nil))
        #expect(!none.isComplete)
        #expect(Subscriptions().reached(.penalty, CaseClosed.type, writtenAt: nil), "a store that nobody has asked")
    }

    @Test func `the first entry of a moment is found among those that tell no time, and behind the last`() async throws
    {
        let store = MemoryStore()
        let seconds: [Int64?] = [nil, nil, 0, 0, 5, 9]
        let times = seconds.map { $0.map { Self.wall.adding(seconds: $0) } }
        try await store.write { transaction in
            for (index, time) in times.enumerated() {
                _ = try transaction.append([entry("\(index)", at: time)], owner: "one")
            }
        }
        for (seconds, first) in [(-1, 3), (0, 3), (1, 5), (5, 5), (9, 6), (10, 7)] as [(Int64, Int64)] {
            let moment = Self.wall.adding(seconds: seconds)
            #expect(try await store.read { try $0.firstEntry(writtenFrom: moment) } == first)
        }
        #expect(try await MemoryStore().read { try $0.firstEntry(writtenFrom: Self.wall) } == 1)
    }
}
