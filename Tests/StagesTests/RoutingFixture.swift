import Policy
import Schema
import Stages
import Testing

/// The routing stage with a case `C1`, received on Monday 2026-11-02 at 10:00 and assigned to store S1.
struct RoutingFixture {
    var routing: StageHarness

    static let storeClerk = Person(id: "s1-clerk", tier: "store", storeId: "S1")
    static let regionPerson = Person(id: "r1-one", tier: "region", regionId: "R1")
    static let hqPerson = Person(id: "hq-one", tier: "hq")

    init(_ policy: PolicyBook? = nil) throws {
        routing = try StageHarness(RoutingStage(), policy: policy ?? CaseFixture.policy())
    }

    @discardableResult
    mutating func open(_ complaint: ComplaintReceived, cluster: Bool = false) throws -> [OutgoingEvent] {
        try routing.send(
            CaseFixture.opened(complaint, phones: cluster ? 3 : 1, major: cluster), at: complaint.receivedAt
        ).outputs
    }

    mutating func link(_ complaint: ComplaintReceived) throws -> [OutgoingEvent] {
        try routing.send(CaseFixture.linked(complaint), at: complaint.receivedAt).outputs
    }

    mutating func accept(by: Person = hqPerson, at time: String) throws -> HarnessOutcome {
        try routing.send(CaseAccepted(caseId: CaseFixture.caseId(), by: by), at: time)
    }

    mutating func requestEscalation(by: Person, at time: String) throws -> HarnessOutcome {
        try routing.send(
            CaseEscalationRequested(caseId: CaseFixture.caseId(), by: by, reason: "too hard"), at: time)
    }

    mutating func contact(
        _ party: ContactRecorded.Party = .customer, by: Person = storeClerk, at time: String
    ) throws -> HarnessOutcome {
        try routing.send(
            ContactRecorded(caseId: CaseFixture.caseId(), with: party, by: by, at: instant(time)), at: time)
    }

    mutating func resolve(by: Person = storeClerk, at time: String) throws -> HarnessOutcome {
        try routing.send(
            CaseResolved(
                caseId: CaseFixture.caseId(), by: by, resolvedAt: instant(time), solution: "New pump.",
                liability: .nobody, documents: []),
            at: time)
    }

    mutating func close(at time: String, tier: HandlerTier = .store) throws {
        _ = try routing.send(CaseFixture.closed(at: time, tier: tier), at: time)
    }

    mutating func reopen(tier: HandlerTier, at time: String) throws -> [OutgoingEvent] {
        try routing.send(CaseFixture.reopened(tier: tier), at: time).outputs
    }

    /// Time passes; returns the announced types with their times, `case.escalated at 2026-11-04T10:00:00+08:00`.
    mutating func wait(until time: String) throws -> [String] {
        try routing.advance(to: time).filter { $0.destination == .events }
            .map { "\($0.event.type.rawValue) at \($0.event.time)" }
    }

    var record: RoutedCase? { routing.record(RoutedCase.self, CaseFixture.caseId()) }
}

extension [OutgoingEvent] {
    /// `tier handlerId owner` of the one assignment that was announced; nil if there is none or more.
    var assignment: String? {
        let assigned = announced(CaseAssigned.self)
        guard assigned.count == 1 else { return nil }
        return assigned.first.map { "\($0.tier.rawValue) \($0.handlerId) \($0.owner)" }
    }
}
