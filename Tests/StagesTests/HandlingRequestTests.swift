import Policy
import Schema
import Stages
import Testing

/// R05: who may pay how much by himself, and who decides the rest.
@Suite struct HandlingRequestTests {
    @Test func `a store pays up to its cap at once`() throws {
        var fund = try FundFixtures()
        let out = try fund.request(50_000)
        #expect(out.types == ["compensation.authorised", "fund.disbursed"])
        #expect(
            out.all(FundDisbursed.self) == [
                FundDisbursed(
                    requestId: "Q1", amountFen: 50_000, balanceFen: -50_000, caseId: "C1", complaintId: "K1")
            ])
        #expect(out.outputs.first?.because.rule == "R05")
        #expect(out.outputs.first?.because.parameters == ["storeCapFen": 50_000])
        #expect(out.outputs.first?.because.facts["committedFen"] == 50_000)
        #expect(fund.file?.openRequests == [])
    }

    @Test func `one fen above goes to the region, whose decision within its own cap is carried out`() throws {
        var fund = try FundFixtures()
        let out = try fund.request(50_001)
        #expect(out.types == ["compensation.referred"])
        #expect(out.all(CompensationReferred.self).map(\.to) == [.region])
        #expect(try fund.decide(by: CaseFixtures.regional).types == ["compensation.authorised", "fund.disbursed"])
        #expect(fund.balanceFen == -50_001)
    }

    @Test func `what is above the region's cap too is referred once more, with the amount requested`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(200_001)
        let again = try fund.decide(by: CaseFixtures.regional)
        #expect(
            again.all(CompensationReferred.self) == [
                CompensationReferred(requestId: "Q1", amountFen: 200_001, to: .hq, caseId: "C1", complaintId: "K1")
            ])
        #expect(try fund.decide(by: CaseFixtures.officer).types == ["compensation.authorised", "fund.disbursed"])
    }

    @Test func `the region may approve so much less that it is within its cap`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(200_001)
        let out = try fund.decide(by: CaseFixtures.regional, amountFen: 200_000)
        #expect(out.all(FundDisbursed.self).map(\.amountFen) == [200_000])
        #expect(fund.file?.committedFen == 200_000)
    }

    @Test func `all amounts of a case count together, referred ones included`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(30_000, id: "Q1")
        #expect(try fund.request(20_001, id: "Q2").types == ["compensation.referred"])
        // 30,000 paid and 20,001 referred leave the store nothing.
        #expect(try fund.request(1, id: "Q3").types == ["compensation.referred"])
        _ = try fund.decide(false, id: "Q2", by: CaseFixtures.regional)
        _ = try fund.decide(false, id: "Q3", by: CaseFixtures.regional)
        #expect(fund.file?.committedFen == 30_000)
        #expect(try fund.request(20_000, id: "Q4").types == ["compensation.authorised", "fund.disbursed"])
    }

    @Test func `a request by an HQ person waits for another HQ person`() throws {
        var fund = try FundFixtures()
        let out = try fund.request(1, by: CaseFixtures.officer)
        #expect(out.all(CompensationReferred.self).map(\.to) == [.hq])
        #expect(try fund.decide(by: CaseFixtures.officer).rejection == Rejection("own-decision", ["of": "request"]))
        #expect(try fund.decide(by: CaseFixtures.director).types.last == "fund.disbursed")
    }

    @Test func `the tier that decides is the named one or a higher one`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(50_001)
        let business = Person(id: "b1", tier: "business")
        for person in [CaseFixtures.clerk, business] {
            #expect(try fund.decide(by: person).rejection?.reason == "wrong-tier")
        }
        #expect(try fund.decide(by: CaseFixtures.stranger).rejection?.reason == "unknown-person")
        #expect(try fund.decide(by: CaseFixtures.officer).rejection == nil)
    }

    @Test func `the decided amount is at least one fen and at most the requested one`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(60_000)
        for amount: Int64 in [0, 60_001] {
            let out = try fund.decide(amountFen: amount)
            #expect(
                out.rejection == Rejection("amount-out-of-range", ["amountFen": .int(amount), "requestedFen": 60_000]))
        }
        #expect(try fund.decide(amountFen: 1).all(FundDisbursed.self).map(\.amountFen) == [1])
    }

    @Test func `what is not approved is refused, and cannot be decided again`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(60_000)
        let out = try fund.decide(false, id: "Q1")
        #expect(out.all(CompensationRefused.self).map(\.reason) == [.notApproved])
        #expect(try fund.decide().rejection == Rejection("not-referred", ["state": "refused"]))
        #expect(fund.balanceFen == 0)
    }

    @Test func `the same request once more changes nothing, another one under its id is refused`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(100)
        #expect(try fund.request(100).outputs.isEmpty)
        #expect(try fund.request(101).rejection == Rejection("id-taken", ["requestId": "Q1"]))
        #expect(fund.balanceFen == -100)
    }

    @Test func `a request on a closed case is refused`() throws {
        var fund = try FundFixtures()
        #expect(try fund.resolve(2).types == ["case.closed"])
        #expect(try fund.request(100, .goodwill, on: 3).all(CompensationRefused.self).map(\.reason) == [.caseClosed])
    }

    @Test func `an open request keeps a resolved case from closing, its decision closes it`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(50_001)
        let blocked = try fund.resolve(3, "09:00:00")
        #expect(blocked.all(CaseCloseBlocked.self).map(\.missing) == [[.requests]])
        let out = try fund.decide(by: CaseFixtures.regional)
        #expect(out.types == ["compensation.authorised", "fund.disbursed", "case.closed"])
        #expect(out.all(CaseClosed.self).first?.closedAt == (try instant("2026-11-03T10:00:00+08:00")))
    }

    @Test func `documents and requests that are missing are named together`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(50_001)
        let out = try fund.send(CaseFixtures.resolved(at: "2026-11-03T10:00:00+08:00"), 3)
        #expect(out.all(CaseCloseBlocked.self).map(\.missing) == [[.documents, .requests]])
        #expect(try fund.decide(false, id: "Q1").types == ["compensation.refused"], "blocked is said once")
    }

    @Test func `what refers to an unknown case or request is waited for`() throws {
        var fund = try FundFixtures()
        let strayed = CompensationRequested(
            requestId: "Q9", caseId: "C9", amountFen: 1, cause: .outlet, by: CaseFixtures.clerk)
        for data: any EventData in [
            strayed, CompensationDecided(requestId: "Q8", approved: true, by: CaseFixtures.officer),
            RecoveryBooked(requestId: "Q8", amountFen: 1, by: CaseFixtures.officer),
        ] {
            guard case .unknownReference = try fund.send(data, 3).verdict else {
                Issue.record("expected an unknown reference for \(type(of: data).type)")
                continue
            }
        }
    }

    @Test func `with R05 switched off nobody below headquarters pays by himself`() throws {
        var fund = try FundFixtures(CaseFixtures.policy(off: [.r05]))
        #expect(try fund.request(1).all(CompensationReferred.self).map(\.to) == [.hq])
        #expect(try fund.decide().types == ["compensation.authorised", "fund.disbursed"])
    }

    @Test func `sums that could not be told on the wire are refused`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(Shape.integerLimit, id: "Q1")
        #expect(try fund.request(1, id: "Q2").rejection?.reason == "amount-too-large")
    }

    @Test func `a case waits for at most a hundred decisions`() throws {
        var fund = try FundFixtures()
        for number in 1...100 {
            #expect(try fund.request(50_001, id: "Q\(number)").rejection == nil)
        }
        let more = try fund.request(50_001, id: "Q101")
        #expect(more.rejection == Rejection("too-many-requests", ["open": 100, "limit": 100]))
    }
}
