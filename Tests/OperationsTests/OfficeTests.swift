import Foundation
import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing
import Web

/// A store that several questions are asked of, though each closes it behind itself.
private struct StoreKeptOpen: Store {
    let store: any Store

    func write<T: Sendable>(_ body: @escaping @Sendable (any StoreTransaction) throws -> T) async throws -> T {
        try await store.write(body)
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (any StoreSnapshot) throws -> T) async throws -> T {
        try await store.read(body)
    }

    func scrub() async throws { try await store.scrub() }
    func close() async {}
}

/// A pipeline in memory as the premises of an office.
struct MemoryPremises: Premises {
    let all: [StageName: any Store]
    let letters: any DeadLetterStore
    let instant: Instant
    let policy: PolicyBook
    var keyring: Keyring = .none

    init(_ pipeline: MemoryPipeline) {
        all = pipeline.stores.mapValues { StoreKeptOpen(store: $0) }
        (letters, instant, policy) = (pipeline.deadLetters, pipeline.now, pipeline.policy)
    }

    func store(_ stage: StageName) throws -> any Store {
        guard let store = all[stage] else {
            throw StoreFailure(.unavailable, operation: "open the store", cause: "there is none")
        }
        return store
    }

    func stores() throws -> [StageName: any Store] { all }
    func deadLetters() throws -> SealedDeadLetters { SealedDeadLetters(letters, keyring: keyring) }
    func auditLog(beside letters: SealedDeadLetters) -> AuditLog { AuditLog(for: Operator.tester, beside: letters) }
    func unopenedDeadLetters() throws -> any DeadLetterStore { letters }
    func queueDepths() async throws -> QueueDepths? { nil }
    func now() throws -> Instant { instant }
    func steppedClock() throws -> Instant? { nil }
    var wall: Instant? { nil }
    func currentPolicy() throws -> PolicyBook? { policy }
}

@Suite struct `The office` {
    private static let stranger = Customer(name: "Bystander Bianca", phone: "13600000001", address: "1 Open Square")
    private static let event = Identifiers.callbackId(
        kind: CallbackKind.customerEvent.rawValue, eventId: "EV1", customer: 0)

    /// The scenario, then a call about the service, a customer event with its letter, and another customer's case.
    private func pipeline() async throws -> MemoryPipeline {
        var pipeline = try await Scenario.finished()
        let call = Identifiers.callbackId(kind: CallbackKind.serviceFirst.rawValue, serviceId: "SV1")
        try await pipeline.send(
            CallbackCompleted(
                callbackId: call, attempt: 1, attemptAt: instant("2026-11-12T10:00:00+08:00"), outcome: .noAnswer,
                by: Scenario.by, comments: "nobody at home", medium: .phone,
                remarks: [.init(class: .suggestion, text: "Open earlier.")]),
            at: "2026-11-12T10:00:00+08:00")
        try await pipeline.send(
            CustomerEventAnnounced(
                eventId: "EV1", on: try #require(CivilDate("2026-12-20")), title: "Open day",
                customers: [Scenario.customer]),
            at: "2026-11-13T09:00:00+08:00")
        try await pipeline.send(
            LetterSent(
                callbackId: Self.event, by: Scenario.by, at: instant("2026-12-01T09:00:00+08:00"),
                subject: "Invitation to Zhang"),
            at: "2026-12-01T09:00:00+08:00")
        var other = try Scenario.complaint("C5", at: "2026-12-02T09:00:00+08:00")
        other.customer = Self.stranger
        try await pipeline.send(other, at: "2026-12-02T09:00:00+08:00")
        return pipeline
    }

    private func office(_ pipeline: MemoryPipeline) -> Office { Office(MemoryPremises(pipeline)) }

    // MARK: What is not there

    @Test func `says of each thing that there is none, with the verb that asked`() async throws {
        let office = office(try await MemoryPipeline())
        let questions: [(String, () async throws -> Void)] = [
            ("case show K", { _ = try await office.showCase("K") }),
            ("outlet show O9", { _ = try await office.showOutlet("O9", withRecord: false) }),
            (
                "fund show Q",
                { _ = try await office.showFund(request: "Q", isOpen: false, after: "", limit: 1, withRecord: false) }
            ),
            ("notice show N", { _ = try await office.showNotice("N", language: .zh, format: .text) }),
            ("explain E", { _ = try await office.explain("E") }),
            (
                "report show weekly-form 2026-W01",
                { _ = try await office.showReport(.weeklyForm, "2026-W01", of: "S1") }
            ),
            ("customer show", { _ = try await office.showCustomer(.phone("13812345678"), unmask: false) }),
        ]
        for (words, ask) in questions {
            let failure = await #expect(throws: OfficeFailure.self) { try await ask() }
            #expect(failure?.description.hasPrefix(words + ":") == true, "\(failure?.description ?? "")")
        }
    }

    @Test func `tells of events that wait for a case that is not there`() async throws {
        var waiting = WaitingLimits()
        waiting.perReference = 10
        var pipeline = try await MemoryPipeline(waiting: waiting)
        try await pipeline.send(
            CaseAccepted(caseId: Scenario.unknownCase, by: Scenario.by), at: "2026-11-02T10:20:00+08:00")
        let failure = await #expect(throws: OfficeFailure.self) {
            try await office(pipeline).showCase(Scenario.unknownCase)
        }
        #expect(failure?.description.contains("2 events wait for it: recourse waiting list --for") == true)
    }

    @Test func `explains an event that died, where that is all there is of it`() async throws {
        let pipeline = try await Scenario.finished()
        let dead = try #require(try await pipeline.deadLetters.get("letter-1"))
        let explanation = try await office(pipeline).explain(try #require(dead.letter.eventId))
        #expect(explanation.dead.first?.id == "letter-1" || explanation.dead.last?.id == "letter-1")
        #expect(explanation.text.contains("died in recourse.routing: transient / unknown-reference, open"))
        #expect(explanation.text.contains("recourse dead-letters show letter-1"))
    }

    // MARK: Who looked

    @Test func `every look at a customer is written down before it is answered, also one that finds nobody`()
        async throws
    {
        let pipeline = try await pipeline()
        let office = office(pipeline)
        _ = try await office.showCustomer(.phone(Scenario.customer.phone), unmask: true)
        _ = try await office.showPerson(.cases([Scenario.caseId]), unmask: false)
        await #expect(throws: OfficeFailure.self) {
            try await office.showCustomer(.phone("13999999999"), unmask: false)
        }
        let phone = try #require(PhoneKey(Scenario.customer.phone))
        let looks = try await office.listAuditLog(AuditLogFilter(), phone: phone, after: nil, limit: 9)
        #expect(looks.entries.map(\.verb) == ["customer show --unmask"])
        #expect(!looks.text.contains(Scenario.customer.phone))
        let all = try await office.listAuditLog(AuditLogFilter(), phone: nil, after: nil, limit: 9)
        #expect(all.entries.map(\.verb) == ["customer show", "person show", "customer show --unmask"])
        #expect(all.entries[1].objects.map(\.object) == ["case:" + Scenario.caseId])
        #expect(try await office.verifyAuditLog(expecting: []).exitCode == 0)
        _ = try await office.erasePerson(.phone(Scenario.customer.phone))
        let after = try await office.listAuditLog(AuditLogFilter(), phone: phone, after: nil, limit: 9)
        #expect(after.entries.isEmpty, "whom somebody looked at is gone with the person")
        let result = try await office.verifyAuditLog(expecting: [])
        #expect(result.exitCode == 0 && result.erased == 1 && result.entries == 5)
    }

    // MARK: Whether all adds up

    @Test func `counts what has happened, and says whether all adds up`() async throws {
        let office = office(try await pipeline())
        let (summary, audit) = try await office.summary(published: nil)
        // Nobody can tell without the broker what waits there.
        #expect(audit.answer == .unseen, "\(audit.text)")
        #expect(try await office.audit(published: nil).answer == audit.answer)
        #expect(summary.audit == audit.answer)
        let counted = summary.sections.flatMap(\.figures)
        #expect(counted.first { $0.name == "cases opened" }?.value == 2, "\(summary.text)")
    }

    // MARK: A customer

    @Test func `shows a customer over all stages`() async throws {
        let office = office(try await pipeline())
        let report = try await office.showCustomer(.phone("138 1234 5678"), unmask: false)
        #expect(report.cases.map(\.caseId) == [Scenario.caseId])
        #expect(report.cases.first?.state == "closed" && report.cases.first?.closings == 1)
        #expect(Set(report.tasks.map(\.task)) == ["case-closed", "service-first", "customer-event"])
        #expect(report.calls.map(\.outcome) == ["reached", "no-answer"])
        #expect(report.calls.map(\.by) == ["s1-supervisor", "s1-supervisor"])
        #expect(report.calls.last?.medium == "phone")
        #expect(report.letters.map(\.callbackId) == [Self.event])
        #expect(report.remarks.map(\.kind) == ["suggestion"] && report.remarks.first?.text == nil)
        #expect(report.stages.map(\.stage).contains(.handling))
        let byCase = try await office.showCustomer(.cases([Scenario.caseId]), unmask: false)
        #expect(byCase.cases == report.cases)
    }

    @Test func `shows no other customer, and no text unless it is asked for`() async throws {
        let office = office(try await pipeline())
        let masked = try await office.showCustomer(.phone("13812345678"), unmask: false)
        for text in [masked.text, try masked.json()] {
            for secret in ["nobody at home", "Open earlier", "Invitation", "Zhang", "13812345678", "~"] {
                #expect(!text.contains(secret))
            }
        }
        let told = try await office.showCustomer(.phone("13812345678"), unmask: true)
        #expect(told.calls.last?.text == "nobody at home")
        #expect(told.letters.first?.text == "Invitation to Zhang")
        #expect(told.remarks.first?.text == "Open earlier.")
        let stranger = try await office.showCustomer(.phone("13600000001"), unmask: true)
        #expect(stranger.cases.count == 1 && stranger.tasks.isEmpty && stranger.calls.isEmpty)
    }

    // MARK: Registers

    @Test func `registers the calls and letters of a month, in the order of their time`() async throws {
        let office = office(try await pipeline())
        let november = Month(year: 2026, month: 11)
        let calls = try await office.register(.calls, november, unmask: false)
        #expect(calls.entries.map(\.outcome) == ["reached", "no-answer"])
        #expect(calls.entries.allSatisfy { $0.text == nil })
        #expect(try await office.register(.calls, november.next, unmask: false).entries.isEmpty)
        #expect(try await office.register(.letters, november, unmask: false).entries.isEmpty)
        let letters = try await office.register(.letters, november.next, unmask: true)
        #expect(letters.entries.map(\.text) == ["Invitation to Zhang"])
    }

    @Test func `prints a register as text, CSV and a page`() async throws {
        let office = office(try await pipeline())
        let register = try await office.register(.calls, Month(year: 2026, month: 11), unmask: true)
        #expect(register.text.contains("回访登记簿 Register of calls 2026-11: 2"))
        let lines = register.csv.components(separatedBy: "\r\n")
        #expect(lines.first == "at,task,about,storeId,by,medium,attempt,outcome,answer,text,callbackId")
        #expect(lines.count == 4 && lines[2].contains(",no-answer,,nobody at home,"))
        let page = register.html.text
        #expect(page.contains("回访登记簿") && page.contains("<td>nobody at home</td>") && !page.contains("<script"))
        let empty = try await office.register(.letters, Month(year: 2026, month: 1), unmask: false)
        #expect(empty.text == "信函登记簿 Register of letters 2026-01: 0")
    }
}
