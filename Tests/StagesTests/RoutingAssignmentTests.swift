import Policy
import Schema
import Stages
import Testing

struct RoutingAssignmentTests {
    private func assignment(_ complaint: ComplaintReceived, _ policy: PolicyBook? = nil) throws -> String? {
        var fixture = try RoutingFixture(policy)
        return try fixture.open(complaint).assignment
    }

    // MARK: Where (R04)

    @Test func `a known store gets the case, else a known region, else headquarters`() throws {
        #expect(try assignment(CaseFixture.complaint(store: "S1")) == "store S1 s1-supervisor")
        #expect(try assignment(CaseFixture.complaint(store: nil, region: "R2")) == "region R2 r2-duty")
        #expect(try assignment(CaseFixture.complaint(store: nil)) == "hq hq hq-duty")
    }

    @Test func `an unknown store or region falls to the next tier, and because says so`() throws {
        var fixture = try RoutingFixture()
        let region = try fixture.open(CaseFixture.complaint(store: "S9", region: "R2"))
        #expect(region.assignment == "region R2 r2-duty")
        #expect(region.first?.because.facts["unknownStore"]?.string == "S9")
        fixture = try RoutingFixture()
        let hq = try fixture.open(CaseFixture.complaint(store: "S9", region: "R9"))
        #expect(hq.assignment == "hq hq hq-duty")
        #expect(hq.first?.because.facts["unknownRegion"]?.string == "R9")
    }

    @Test func `the region of a known store counts, not the one the complaint names`() throws {
        #expect(try assignment(CaseFixture.complaint(store: "S3", region: "R2")) == "region R1 r1-duty")
    }

    @Test func `the assignment says who, how severe and until when, counted from the receipt`() throws {
        var fixture = try RoutingFixture()
        let out = try fixture.open(CaseFixture.complaint())
        let assigned = try #require(out.announced(CaseAssigned.self).first)
        #expect(!assigned.major)
        #expect(assigned.dueAt == (try instant("2026-11-04T10:00:00+08:00")))
        #expect(assigned.customer == nil)
        #expect(out.first?.because.rule == "R04,R01")
        #expect(out.first?.because.parameters == ["storeTermDays": 2])
        #expect(out.first?.event.sequence == 1)
    }

    @Test(arguments: [
        ("S1" as String?, nil as String?, "store.S1"), (nil, "R2", "region.R2"), (nil, nil, "hq"),
    ])
    func `the desk gets customer, product and description`(store: String?, region: String?, key: String) throws {
        var fixture = try RoutingFixture()
        let complaint = try CaseFixture.complaint(store: store, region: region)
        let out = try fixture.open(complaint)
        #expect(out.desks == ["case.assigned to \(key)"])
        let desk = try #require(out.first { $0.destination == .handlers(key) })
        let data = try #require(desk.event.data as? CaseAssigned)
        #expect(data.customer == complaint.customer)
        #expect(data.product == complaint.product)
        #expect(data.description == "It leaks.")
        #expect(Set(out.map { $0.event.id }).count == out.count)
    }

    @Test func `what routing emits is valid by the contract`() throws {
        var fixture = try RoutingFixture()
        for output in try fixture.open(CaseFixture.complaint(hazards: ["fire"])) {
            #expect(try Event.read(output.body()).type == output.event.type)
        }
        for output in try fixture.routing.advance(to: "2026-12-31T00:00:00+08:00") {
            #expect(try Event.read(output.body()).type == output.event.type)
        }
    }

    // MARK: Major (R04)

    @Test(arguments: ["injury", "fire", "media", "authority-letter"])
    func `any hazard takes the case to headquarters at once`(hazard: String) throws {
        var fixture = try RoutingFixture()
        let out = try fixture.open(CaseFixture.complaint(hazards: [hazard]))
        #expect(out.assignment == "hq hq hq-duty")
        #expect(out.announced(CaseAssigned.self).first?.major == true)
        #expect(out.first?.because.facts["major"] == ["hazard"])
        #expect(out.announced(CaseAssigned.self).first?.dueAt == (try instant("2026-11-07T10:00:00+08:00")))
    }

    @Test func `a cluster names its numbers and how many phones there are`() throws {
        var fixture = try RoutingFixture()
        let out = try fixture.open(CaseFixture.complaint(), cluster: true)
        let because = try #require(out.first).because
        #expect(because.parameters["clusterPhones"] == 3 && because.parameters["clusterWindowDays"] == 7)
        #expect(because.facts["major"] == ["cluster"] && because.facts["phones"] == 3)
    }

    @Test func `the channel authority and a cluster make it major`() throws {
        #expect(try assignment(CaseFixture.complaint(channel: "authority")) == "hq hq hq-duty")
        var fixture = try RoutingFixture()
        #expect(try fixture.open(CaseFixture.complaint(), cluster: true).assignment == "hq hq hq-duty")
    }

    @Test(arguments: [(499_999 as Int64, "store S1 s1-supervisor"), (500_000, "hq hq hq-duty")])
    func `a claim is major from the limit on`(fen: Int64, expected: String) throws {
        #expect(try assignment(CaseFixture.complaint(claimFen: fen)) == expected)
    }

    @Test func `a part of the rule, or all of it, can be switched off`() throws {
        let store = "store S1 s1-supervisor"
        let hazard = try CaseFixture.complaint(hazards: ["authority-letter"])
        #expect(try assignment(hazard, CaseFixture.policy(offParts: [.majorByHazard])) == store)
        let authority = try CaseFixture.complaint(channel: "authority")
        #expect(try assignment(authority, CaseFixture.policy(offParts: [.majorByAuthority])) == store)
        #expect(try assignment(authority, CaseFixture.policy(offParts: [.majorByHazard])) == "hq hq hq-duty")
        let claim = try CaseFixture.complaint(claimFen: 500_000)
        #expect(try assignment(claim, CaseFixture.policy(offParts: [.majorByClaim])) == store)
        #expect(try assignment(claim, CaseFixture.policy(off: [.r04])) == store)
        var fixture = try RoutingFixture(CaseFixture.policy(offParts: [.majorByCluster]))
        #expect(try fixture.open(CaseFixture.complaint(), cluster: true).assignment == store)
    }

    // MARK: Who (R01, R28)

    @Test func `the owner is the service supervisor, else the category's, else the manager, else the region`()
        throws
    {
        #expect(try assignment(CaseFixture.complaint(category: "fridge")) == "store S1 s1-supervisor")
        #expect(try assignment(CaseFixture.complaint(store: "S2")) == "store S2 s2-manager")
        #expect(try assignment(CaseFixture.complaint(store: "S3")) == "region R1 r1-duty")
    }

    private func absence(_ person: String, delegate: String? = nil) -> CaseFixture.Absence {
        CaseFixture.Absence(person: person, delegate: delegate)
    }

    @Test func `an absent owner is replaced by the delegate, and by that one's`() throws {
        let policy = try CaseFixture.policy(
            absences: [absence("s1-supervisor", delegate: "s1-clerk"), absence("s1-clerk", delegate: "s1-manager")])
        #expect(try assignment(CaseFixture.complaint(), policy) == "store S1 s1-manager")
        let before = try CaseFixture.complaint(at: "2026-11-02T09:59:59+08:00")
        #expect(try assignment(before, policy) == "store S1 s1-supervisor")
        let after = try CaseFixture.complaint(at: "2026-11-03T10:00:00+08:00")
        #expect(try assignment(after, policy) == "store S1 s1-supervisor")
    }

    @Test func `without a delegate the next one owns the case, and because says who was passed`() throws {
        var fixture = try RoutingFixture(CaseFixture.policy(absences: [absence("s1-supervisor")]))
        let out = try fixture.open(CaseFixture.complaint(category: "fridge"))
        #expect(out.assignment == "store S1 s1-fridges")
        #expect(out.first?.because.rule == "R04,R01,R28")
        #expect(out.first?.because.facts["passedOver"] == ["s1-supervisor"])
        #expect(out.announced(CaseAssigned.self).first?.dueAt == (try instant("2026-11-04T10:00:00+08:00")))
        let everyone = ["s1-supervisor", "s1-manager"].map { absence($0) }
        let policy = try CaseFixture.policy(absences: everyone)
        #expect(try assignment(CaseFixture.complaint(), policy) == "region R1 r1-duty")
    }

    @Test func `a duty owner without a delegate stays, with one he is replaced`() throws {
        let complaint = try CaseFixture.complaint(store: nil, region: "R2")
        let alone = try CaseFixture.policy(absences: [absence("r2-duty")])
        #expect(try assignment(complaint, alone) == "region R2 r2-duty")
        let replaced = try CaseFixture.policy(absences: [absence("r2-duty", delegate: "r1-duty")])
        #expect(try assignment(complaint, replaced) == "region R2 r1-duty")
    }

    @Test func `with R28 off absences do not count, with R01 off the manager owns the case`() throws {
        let absences = [absence("s1-supervisor")]
        #expect(
            try assignment(CaseFixture.complaint(), CaseFixture.policy(off: [.r28], absences: absences))
                == "store S1 s1-supervisor")
        #expect(try assignment(CaseFixture.complaint(), CaseFixture.policy(off: [.r01])) == "store S1 s1-manager")
        #expect(
            try assignment(CaseFixture.complaint(store: "S3"), CaseFixture.policy(off: [.r01])) == "region R1 r1-duty")
    }
}
