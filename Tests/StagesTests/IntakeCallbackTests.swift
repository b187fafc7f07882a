import Policy
import Schema
import Stages
import Testing

struct IntakeCallbackTests {
    var intake: StageHarness

    init() throws {
        intake = try StageHarness(IntakeStage(), policy: CaseFixture.policy())
    }

    private func dissatisfied(
        about: CallbackSubject = .service("V1"), caseId: String? = nil, serviceId: String? = "V1",
        comments: String? = "Still loud.", product: Bool = true
    ) -> CallbackDissatisfied {
        CallbackDissatisfied(
            callbackId: "call-1", about: about, caseId: caseId, serviceId: serviceId, outletId: "O1",
            customer: Customer(name: "Li", phone: "13800000001"),
            product: product ? Product(category: "washer", brand: "Acme", purchasedHere: true) : nil, storeId: "S1",
            comments: comments)
    }

    private mutating func send(_ answer: CallbackDissatisfied, id: String? = nil) throws -> HarnessOutcome {
        try intake.send(answer, at: "2026-11-02T10:00:00+08:00", source: "recourse/callback", id: id)
    }

    @Test mutating func `a dissatisfied answer about a service opens a case`() throws {
        let opened = try #require(try send(dissatisfied()).all(CaseOpened.self).first)
        #expect(opened.caseId == Identifiers.caseId(source: "recourse/callback", complaintId: "call-1"))
        #expect(opened.complaint.complaintId == "call-1")
        #expect(opened.complaint.channel == "callback")
        #expect(opened.complaint.remedy == "information")
        #expect(opened.complaint.description == "Still loud.")
        #expect(opened.complaint.storeId == "S1")
        #expect(opened.complaint.outletId == "O1")
        #expect(opened.openedAt == (try instant("2026-11-02T10:00:00+08:00")))
    }

    @Test(arguments: [nil, ""]) func `without comments it has a fixed description`(comments: String?) throws {
        var tests = self
        let opened = try #require(try tests.send(dissatisfied(comments: comments)).all(CaseOpened.self).first)
        #expect(opened.complaint.description.contains("not satisfied"))
    }

    @Test mutating func `what it emits is valid by the contract`() throws {
        let output = try #require(try send(dissatisfied(comments: nil)).outputs.first)
        let read = try Event.read(output.body())
        #expect(read.type == CaseOpened.type)
    }

    @Test mutating func `it is linked to the open case of the same matter and counts in clusters`() throws {
        let first = try CaseFixture.complaint(at: "2026-11-01T10:00:00+08:00")
        _ = try intake.send(first, at: first.receivedAt)
        #expect(try send(dissatisfied()).all(CaseDuplicateLinked.self).first?.openCaseId == CaseFixture.caseId())
        // Nine days later the first complaint has left the window, the answer is still in it.
        let second = try CaseFixture.complaint("C2", at: "2026-11-09T09:00:00+08:00", phone: "13800000002")
        #expect(try intake.send(second, at: second.receivedAt).all(CaseOpened.self).first?.cluster.phones == 2)
    }

    @Test mutating func `the same answer again opens nothing, another one under its id is refused`() throws {
        _ = try send(dissatisfied(), id: "a")
        #expect(try send(dissatisfied(), id: "b").types == [])
        #expect(try send(dissatisfied(comments: "Other."), id: "c").rejection?.reason == "id-taken")
    }

    @Test mutating func `an answer about a case or a customer event opens none`() throws {
        let about = CallbackSubject.closing(1, caseId: "x", complaintId: "C1")
        let ofCase = try send(dissatisfied(about: about, caseId: "x", serviceId: nil))
        #expect(ofCase.types == [])
        #expect(ofCase.rejection == nil)
        #expect(try send(dissatisfied(about: .event("E1"), serviceId: nil, product: false)).types == [])
    }

    @Test mutating func `an answer about a service that names no product is refused`() throws {
        #expect(try send(dissatisfied(product: false)).rejection?.reason == "product-missing")
    }
}
