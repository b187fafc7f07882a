import Policy
import Schema
import Stages
import Testing

struct IntakeTests {
    var intake: StageHarness

    init() throws {
        intake = try StageHarness(IntakeStage(), policy: CaseFixture.policy())
    }

    private mutating func send(_ complaint: ComplaintReceived, id: String? = nil) throws -> HarnessOutcome {
        try intake.send(complaint, at: complaint.receivedAt, id: id)
    }

    @Test mutating func `a complaint opens a case with the complaint, the time of receipt and the cluster`() throws {
        let complaint = try CaseFixture.complaint()
        let out = try send(complaint)
        let opened = try #require(out.all(CaseOpened.self).first)
        #expect(opened == CaseFixture.opened(complaint, phones: 1, major: false))
        #expect(out.outputs.first?.event.sequence == 1)
        #expect(out.outputs.first?.event.time == complaint.receivedAt)
        #expect(out.outputs.first?.because.rule == "R02,R04,R21")
    }

    @Test mutating func `the customer's file is there with the complaint, without the phone itself`() throws {
        _ = try send(CaseFixture.complaint())
        let id = CustomerFile.id(of: Customer(name: "", phone: "13800000001"), caseId: CaseFixture.caseId())
        let file = try #require(intake.record(CustomerFile.self, id))
        #expect(file.cases.map { $0.caseId } == [CaseFixture.caseId()])
        #expect(file.since == (try instant("2026-11-02T10:00:00+08:00")))
        let text = String(decoding: try JSONEncoding.bytes(of: file), as: UTF8.self)
        #expect(!text.contains("13800000001"))
        #expect(!text.contains("Li"))
    }

    @Test mutating func `a complaint is taken whether the goods were bought here or elsewhere`() throws {
        #expect(try send(CaseFixture.complaint(purchasedHere: false)).types == ["case.opened"])
    }

    @Test mutating func `the same complaint published twice opens one case and counts once`() throws {
        let complaint = try CaseFixture.complaint()
        _ = try send(complaint, id: "a")
        let again = try send(complaint, id: "b")
        #expect(again.types == [])
        #expect(again.rejection == nil)
        let third = try send(CaseFixture.complaint("C2", phone: "13800000002"))
        #expect(third.all(CaseOpened.self).first?.cluster.phones == 2)
    }

    @Test mutating func `the same complaintId with another content is refused and changes nothing`() throws {
        _ = try send(CaseFixture.complaint())
        let out = try send(CaseFixture.complaint(brand: "Bolt"))
        #expect(out.rejection?.reason == "id-taken")
        #expect(out.types == ["business.rejected"])
        let other = try send(CaseFixture.complaint("C2", phone: "13800000002", brand: "Bolt"))
        #expect(other.all(CaseOpened.self).first?.cluster.phones == 1)
    }

    @Test mutating func `the same complaintId from another source is another case`() throws {
        let complaint = try CaseFixture.complaint()
        _ = try send(complaint)
        let out = try intake.send(CaseFixture.complaint(brand: "Bolt"), at: complaint.receivedAt, source: "other")
        #expect(
            out.all(CaseOpened.self).first?.caseId == Identifiers.caseId(source: "other", complaintId: "C1"))
    }

    // MARK: Same matter again

    @Test mutating func `the same phone, category and brand is linked to the open case`() throws {
        _ = try send(CaseFixture.complaint())
        let again = try CaseFixture.complaint("C2", at: "2026-11-03T10:00:00+08:00")
        let out = try send(again)
        #expect(out.types == ["case.duplicate-linked"])
        #expect(out.all(CaseDuplicateLinked.self).first == CaseFixture.linked(again))
    }

    @Test(arguments: [
        "+86 138-0000-0001", "8613800000001", "138 0000 0001", "0086-13800000001", "(+86)138-0000-0001",
        "013800000001", "+8613800000001#2", "１３８０００００００１",
    ])
    func `phones are compared by their key, however they are written`(phone: String) throws {
        var intake = intake
        let first = try CaseFixture.complaint()
        _ = try intake.send(first, at: first.receivedAt)
        let again = try CaseFixture.complaint("C2", at: "2026-11-03T10:00:00+08:00", phone: phone)
        #expect(try intake.send(again, at: again.receivedAt).types == ["case.duplicate-linked"])
    }

    @Test mutating func `another phone, category or brand is another matter`() throws {
        _ = try send(CaseFixture.complaint())
        #expect(try send(CaseFixture.complaint("C2", phone: "13800000002")).types == ["case.opened"])
        #expect(try send(CaseFixture.complaint("C3", category: "fridge")).types == ["case.opened"])
        #expect(try send(CaseFixture.complaint("C4", brand: "Bolt")).types == ["case.opened"])
    }

    @Test mutating func `customers whose phones are written in full width are told apart`() throws {
        #expect(try send(CaseFixture.complaint("C1", phone: "１３８００００００００")).types == ["case.opened"])
        let other = try send(CaseFixture.complaint("C2", phone: "１３９１１１１２２２２"))
        #expect(other.types == ["case.opened"] && other.all(CaseOpened.self).first?.cluster.phones == 2)
    }

    @Test(arguments: ["see remarks", "无", "0000", "no phone, ask at 12"])
    func `a customer whose phone has no key is linked to nobody and counts in no cluster`(phone: String) throws {
        var intake = intake
        for number in 1...4 {
            let complaint = try CaseFixture.complaint("C\(number)", phone: phone)
            let out = try intake.send(complaint, at: complaint.receivedAt)
            #expect(out.types == ["case.opened"], "\(number)")
            #expect(out.all(CaseOpened.self).first?.cluster == CaseOpened.Cluster(phones: 0, major: false))
        }
        let closed = try intake.send(
            CaseFixture.closed(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        #expect(closed.rejection == nil && closed.types == [])
        let known = try CaseFixture.complaint("C5")
        let count = try intake.send(known, at: known.receivedAt).all(CaseOpened.self).first?.cluster.phones
        #expect(count == 1)
    }

    @Test(arguments: ["ACME", "Ａｃｍｅ", " acme\u{3000}"])
    func `brands are the same whatever their case, width and blanks`(brand: String) throws {
        var intake = intake
        let first = try CaseFixture.complaint(brand: "Acme")
        _ = try intake.send(first, at: first.receivedAt)
        let again = try CaseFixture.complaint("C2", at: "2026-11-03T10:00:00+08:00", brand: brand)
        #expect(try intake.send(again, at: again.receivedAt).types == ["case.duplicate-linked"])
    }

    @Test(arguments: [
        ("2026-11-09T10:00:00+08:00", "case.duplicate-linked"), ("2026-11-09T10:00:01+08:00", "case.opened"),
        ("2026-11-02T10:00:00+08:00", "case.duplicate-linked"), ("2026-11-02T09:59:59+08:00", "case.opened"),
    ])
    func `the open case was opened at most seven days before, and not after`(time: String, expected: String) throws {
        var intake = intake
        let first = try CaseFixture.complaint()
        _ = try intake.send(first, at: first.receivedAt)
        let again = try CaseFixture.complaint("C2", at: time)
        #expect(try intake.send(again, at: again.receivedAt).types == [expected])
    }

    @Test mutating func `a closed case takes no more complaints, a reopened one does`() throws {
        _ = try send(CaseFixture.complaint())
        _ = try intake.send(CaseFixture.closed(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        #expect(try send(CaseFixture.complaint("C2", at: "2026-11-04T10:00:00+08:00")).types == ["case.opened"])
        _ = try intake.send(
            CaseFixture.closed("C2", at: "2026-11-04T11:00:00+08:00"), at: "2026-11-04T11:00:00+08:00")
        _ = try intake.send(CaseFixture.reopened(tier: .region), at: "2026-11-04T12:00:00+08:00")
        let out = try send(CaseFixture.complaint("C3", at: "2026-11-05T10:00:00+08:00"))
        #expect(out.all(CaseDuplicateLinked.self).first?.openCaseId == CaseFixture.caseId("C1"))
    }

    @Test mutating func `of several open cases the youngest is the one`() throws {
        _ = try send(CaseFixture.complaint())
        _ = try intake.send(CaseFixture.closed(at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        _ = try send(CaseFixture.complaint("C2", at: "2026-11-04T10:00:00+08:00"))
        _ = try intake.send(CaseFixture.reopened(tier: .region), at: "2026-11-04T12:00:00+08:00")
        let out = try send(CaseFixture.complaint("C3", at: "2026-11-05T10:00:00+08:00"))
        #expect(out.all(CaseDuplicateLinked.self).first?.openCaseId == CaseFixture.caseId("C2"))
    }

    @Test func `a closing that is older than a known reopening is ignored`() throws {
        var file = CustomerFile(since: try instant("2026-11-02T10:00:00+08:00"))
        let product = try CaseFixture.complaint().product
        let at = try instant("2026-11-02T10:00:00+08:00")
        file.add(caseId: "x", product: product, openedAt: at)
        file.note(caseId: "x", isOpen: true, sequence: 7)
        file.note(caseId: "x", isOpen: false, sequence: 5)
        #expect(file.openCase(about: product, from: at, through: at)?.caseId == "x")
        file.note(caseId: "x", isOpen: false, sequence: 9)
        #expect(file.openCase(about: product, from: at, through: at) == nil)
    }

    @Test mutating func `the closing of a case that intake does not know waits`() throws {
        let out = try intake.send(
            CaseFixture.closed("C9", at: "2026-11-03T10:00:00+08:00"), at: "2026-11-03T10:00:00+08:00")
        guard case .unknownReference = out.verdict else {
            Issue.record("expected an unknown reference, found \(out.verdict)")
            return
        }
    }

    @Test func `a file keeps a bounded number of cases, the youngest`() throws {
        let first = try instant("2026-11-02T10:00:00+08:00")
        var file = CustomerFile(since: first)
        let product = try CaseFixture.complaint().product
        for number in 0...200 {
            file.add(caseId: "case-\(number)", product: product, openedAt: first.adding(minutes: Int64(number)))
        }
        #expect(file.cases.count == 200)
        #expect(file.cases.first?.caseId == "case-1")
        #expect(file.cases.last?.caseId == "case-200")
    }
}
