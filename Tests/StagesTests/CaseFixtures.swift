import Policy
import Schema
import Stages
import Testing

/// People, places and a calendar for the tests of handling and callback.
enum CaseFixtures {
    static let customer = Customer(name: "陈先生", phone: "13800000001")
    static let product = Product(category: "air-conditioner", brand: "Polar", purchasedHere: true)
    static let clerk = Person(id: "clerk", tier: "store", storeId: "S1")
    static let stranger = Person(id: "stranger", tier: "store", storeId: "S1")
    static let regional = Person(id: "regional", tier: "region", regionId: "R1")
    static let officer = Person(id: "officer", tier: "hq")
    static let director = Person(id: "director", tier: "hq")
    static let treasurer = Person(id: "treasurer", tier: "business")

    /// 2025 and 2026 as published; 2027 is missing.
    static func calendar(without year: Int? = nil) throws -> WorkCalendar {
        let holidays = [
            "2025-01-01", "2025-10-01", "2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-02-18",
            "2026-02-19", "2026-02-20", "2026-02-23", "2026-05-01", "2026-05-04", "2026-05-05", "2026-09-25",
            "2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07",
        ]
        let makeup = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
        var exceptions: [CivilDate: CalendarException] = [:]
        for date in holidays { exceptions[try #require(CivilDate(date))] = .holiday }
        for date in makeup { exceptions[try #require(CivilDate(date))] = .makeup }
        return WorkCalendar(exceptions: exceptions.filter { $0.key.year != year })
    }

    /// The same with a first day of 2027, so that 2027 is known.
    static func calendarWith2027() throws -> WorkCalendar {
        WorkCalendar(exceptions: [
            try #require(CivilDate("2026-01-01")): .holiday, try #require(CivilDate("2027-01-01")): .holiday,
        ])
    }

    static func organisation() throws -> Organisation {
        let text = """
            since: 2026-01-01
            hq: {duty: officer, people: [officer, director]}
            regions: [{id: R1, duty: regional, people: [regional]}]
            stores: [{id: S1, region: R1, serviceSupervisor: clerk, people: []}]
            outlets: []
            manufacturers: [{id: M1, brands: [Polar]}]
            """
        let files = PolicyFiles(
            policy: "version: test", organisation: text, calendar: "date,kind\n2026-01-01,holiday_weekday")
        return try PolicyBook.load(files, currentYear: nil).get().organisation
    }

    static func policy(
        off rules: Set<Rule> = [], offParts: Set<RulePart> = [], calendar: WorkCalendar? = nil,
        authority: AuthorityPolicy = AuthorityPolicy(), handling: HandlingPolicy = HandlingPolicy()
    ) throws -> PolicyBook {
        PolicyBook(
            version: "test", rules: RuleSwitches(off: rules, offParts: offParts), handling: handling,
            authority: authority,
            organisation: try organisation(),
            calendar: try calendar ?? self.calendar())
    }

    static func complaint(at time: String, id: String = "K1") throws -> ComplaintReceived {
        ComplaintReceived(
            complaintId: id, channel: "hotline", receivedAt: try instant(time), customer: customer, storeId: "S1",
            product: product, outletId: "O1", description: "It leaks.", remedy: "repair")
    }

    static func opened(_ caseId: String = "C1", at time: String) throws -> CaseOpened {
        CaseOpened(
            caseId: caseId, complaintId: "K1", openedAt: try instant(time), complaint: try complaint(at: time),
            cluster: .init(phones: 1, major: false))
    }

    /// - Parameter reason: nil: as releases before 0.2 said it.
    static func assigned(
        _ tier: HandlerTier, _ reason: CaseAssigned.Reason? = .opened, _ caseId: String = "C1"
    ) throws -> CaseAssigned {
        CaseAssigned(
            caseId: caseId, complaintId: "K1", tier: tier, handlerId: tier == .hq ? "hq" : "S1", owner: "clerk",
            major: false, dueAt: try instant("2026-11-30T18:00:00+08:00"), reason: reason)
    }

    /// What a person reports.
    static func reported(
        _ caseId: String = "C1", at time: String, by: Person = clerk, documents: [String] = []
    ) throws -> CaseResolved {
        CaseResolved(
            caseId: caseId, by: by, resolvedAt: try instant(time), solution: "Pipe replaced.", liability: .outlet,
            liableParty: "O1", documents: documents)
    }

    /// What routing has accepted of it.
    static func resolved(
        _ caseId: String = "C1", at time: String, by: Person = clerk, documents: [String] = []
    ) throws -> CaseResolutionAccepted {
        CaseResolutionAccepted(
            caseId: caseId, complaintId: "K1", by: by, resolvedAt: try instant(time), solution: "Pipe replaced.",
            liability: .outlet, liableParty: "O1", documents: documents)
    }
}
