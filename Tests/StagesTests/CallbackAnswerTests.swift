import Policy
import Schema
import Stages
import Testing

/// Whether a customer is satisfied, and what the others are told of it.
@Suite struct CallbackAnswerTests {
    typealias Fixtures = CallbackFixtures

    private func answer(
        satisfied: Bool? = nil, score: Int? = nil, outcome: CallbackCompleted.Outcome = .reached
    ) throws -> [String] {
        var harness = try Fixtures.served(CaseFixtures.policy(off: [.r25]), now: "2026-11-05T09:00:00+08:00")
        return try harness.send(
            Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", outcome, satisfied: satisfied, score: score)
        ).types
    }

    @Test func `what the customer says counts before his score`() throws {
        #expect(try answer(satisfied: true, score: 1) == ["callback.satisfied", "callback.done"])
        #expect(try answer(satisfied: false, score: 5) == ["callback.dissatisfied", "callback.done"])
    }

    @Test func `a score of 2 is dissatisfied, one of 3 satisfied, and nothing is unknown`() throws {
        #expect(try answer(score: 2) == ["callback.dissatisfied", "callback.done"])
        #expect(try answer(score: 3) == ["callback.satisfied", "callback.done"])
        #expect(try answer() == ["callback.done"])
    }

    // MARK: Remarks (R54)

    private static func remark(_ kind: CustomerRemark.Class) -> CustomerRemark.Remark {
        CustomerRemark.Remark(class: kind, text: "The hotline is never free.")
    }

    private func say(
        _ kinds: [CustomerRemark.Class], satisfied: Bool? = nil, score: Int? = nil,
        outcome: CallbackCompleted.Outcome = .reached, at time: String = "2026-11-05T10:00:00+08:00",
        off: Set<Rule> = [.r25]
    ) throws -> HarnessOutcome {
        var harness = try Fixtures.served(CaseFixtures.policy(off: off), now: time)
        var call = try Fixtures.call(1, at: time, outcome, satisfied: satisfied, score: score)
        call.remarks = kinds.map(Self.remark)
        return try harness.send(call)
    }

    @Test func `each remark is told, to whom it concerns by the key of its class`() throws {
        let out = try say([.consultation, .suggestion, .report, .suggestion], score: 5)
        #expect(
            out.types == ["callback.satisfied", "callback.done"] + Array(repeating: "customer.remark", count: 4))
        let remarks = out.all(CustomerRemark.self)
        #expect(remarks.map(\.class) == [.consultation, .suggestion, .report, .suggestion])
        #expect(remarks.allSatisfy { $0.callbackId == Fixtures.first && $0.storeId == "S1" && !$0.text.isEmpty })
        #expect(remarks.map(\.keySuffix) == ["consultation", "suggestion", "report", "suggestion"])
    }

    @Test(arguments: [
        ([CustomerRemark.Class.complaint], nil as Bool?, 5 as Int?, "callback.dissatisfied", "remark"),
        ([.complaint], true, nil, "callback.satisfied", "answer"),
        ([.complaint], nil, nil, "callback.dissatisfied", "remark"),
        ([.consultation, .report, .suggestion], nil, 3, "callback.satisfied", "score"),
        ([.consultation, .report, .suggestion], nil, 2, "callback.dissatisfied", "score"),
    ])
    func `an answer decides before a complaint among the remarks, and that before the score`(
        kinds: [CustomerRemark.Class], satisfied: Bool?, score: Int?, type: String, by: String
    ) throws {
        let out = try say(kinds, satisfied: satisfied, score: score)
        #expect(out.types.first == type)
        #expect(out.outputs.first?.because.facts["by"] == .string(by))
    }

    @Test(arguments: [CallbackCompleted.Outcome.refused, .noAnswer, .wrongNumber])
    func `remarks of a call that reached nobody are told and judge nothing`(outcome: CallbackCompleted.Outcome) throws {
        let out = try say([.complaint], outcome: outcome)
        #expect(out.all(CustomerRemark.self).count == 1)
        #expect(out.all(CallbackDissatisfied.self).isEmpty)
    }

    @Test func `a complaint in a call before the window counts as one`() throws {
        let out = try say([.complaint], at: "2026-11-03T10:00:00+08:00")
        #expect(out.types == ["callback.dissatisfied", "customer.remark"])
    }

    @Test func `with R54 switched off remarks are kept to themselves`() throws {
        #expect(try say([.complaint], score: 5, off: [.r25, .r54]).types == ["callback.satisfied", "callback.done"])
    }

    @Test func `who was not reached has not answered`() throws {
        #expect(try answer(satisfied: false, outcome: .refused) == ["callback.done"])
    }

    @Test func `about a service, outlet and manufacturer are those of the service and the brand`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        let out = try harness.send(
            Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached, satisfied: false, atFault: .manufacturer))
        let data = try #require(out.all(CallbackDissatisfied.self).first)
        #expect(data.serviceId == "V1")
        #expect(data.caseId == nil)
        #expect(data.outletId == "O1")
        #expect(data.manufacturerId == "M1")
        #expect(data.atFault == .manufacturer)
        #expect(data.customer == CaseFixtures.customer)
        #expect(data.product == CaseFixtures.product)
        #expect(data.storeId == "S1")
        #expect(data.comments == "Too late.")
        #expect(data.by == CaseFixtures.officer.id)
        #expect(out.outputs.first?.because.rule == "R10,R17")
        #expect(out.outputs.first?.because.facts["manufacturerBy"] == "brand")
    }

    @Test func `what the report names counts before what is known`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        var call = try Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached, satisfied: false, atFault: .outlet)
        call.outletId = "O2"
        call.manufacturerId = "M2"
        let out = try harness.send(call)
        #expect(out.all(CallbackDissatisfied.self).map(\.outletId) == ["O2"])
        #expect(out.all(CallbackDissatisfied.self).map(\.manufacturerId) == ["M2"])
        #expect(out.outputs.first?.because.facts["manufacturerBy"] == "report")
    }

    @Test func `where no outlet or manufacturer is known, the reasons say so`() throws {
        var harness = try Fixtures.harness()
        let product = Product(category: "air-conditioner", brand: "Nobody's", purchasedHere: false)
        let service = try Fixtures.service(outlet: nil, product: product)
        _ = try harness.send(service, at: service.completedAt)
        let out = try harness.send(
            Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached, satisfied: false, atFault: .manufacturer))
        let data = try #require(out.all(CallbackDissatisfied.self).first)
        #expect(data.outletId == nil)
        #expect(data.manufacturerId == nil)
        #expect(out.outputs.first?.because.facts["outlet"] == "unknown")
        #expect(out.outputs.first?.because.facts["manufacturer"] == "unknown")
    }

    @Test func `about a closing, the answer names the case`() throws {
        var harness = try Fixtures.harness()
        _ = try harness.send(Fixtures.closed(), at: "2026-11-05T16:00:00+08:00")
        let out = try harness.send(
            Fixtures.call(Fixtures.closingId(), 1, at: "2026-11-06T10:00:00+08:00", .reached, score: 1))
        let data = try #require(out.all(CallbackDissatisfied.self).first)
        #expect(out.types == ["callback.dissatisfied", "callback.done"], "a closing has no second call")
        #expect(data.caseId == "C1")
        #expect(data.serviceId == nil)
        #expect(data.about == .closing(1, caseId: "C1", complaintId: "K1"))
        #expect(data.kind == .caseClosed)
    }
}
