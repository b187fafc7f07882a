import Schema
import Testing

@testable import Policy
@testable import Stages

/// A reports stage over the real holidays of 2026, with the store S1. Facts of the outlet O1 count though it is not listed; a
/// listed one has a report of each month besides.
enum ReportsFixture {
    static let clerk = Person(id: "clerk", tier: "store", storeId: "S1")
    static let stranger = Person(id: "stranger", tier: "hq")
    static let customer = Customer(name: "王芳", phone: "13800000000")

    static func harness(
        off: Set<Rule> = [], years: [Int] = [2025, 2027, 2028], stores: [String] = ["S1"],
        outlets: [String] = [], outletsSince: String = "2026-01-01", brandsOfM1: [String] = []
    ) throws -> StageHarness {
        let since = try #require(CivilDate("2026-01-01"))
        let joined = try #require(CivilDate(outletsSince))
        let policy = try PenaltyFixture.policy(off: off, years: years, since: "2026-01-01", stores: stores)
        return try StageHarness(
            ReportsStage(),
            policy: PolicyBook(
                version: policy.version, rules: policy.rules,
                organisation: Organisation(
                    since: since, hq: .init(duty: "inspector", people: ["inspector"]),
                    business: .init(people: ["director"]),
                    stores: stores.map {
                        .init(
                            id: $0, region: "R1", since: since, serviceSupervisor: nil, categorySupervisors: [:],
                            manager: "clerk", people: nil)
                    },
                    outlets: outlets.map { .init(id: $0, region: "R1", since: joined) },
                    manufacturers: brandsOfM1.isEmpty ? [] : [.init(id: "M1", brands: brandsOfM1)]),
                calendar: policy.calendar),
            clock: instant("2026-01-01T00:00:00+08:00"))
    }

    static func product(_ serial: String?) -> Product {
        Product(category: "washer", brand: "B", serial: serial, purchasedHere: true)
    }

    static func service(
        _ id: String, at time: String, kind: ServiceCompleted.Kind = .repair, serial: String? = nil,
        store: String = "S1", onTime: Bool? = nil, firstVisit: Bool? = nil
    ) throws -> ServiceCompleted {
        ServiceCompleted(
            serviceId: id, kind: kind, completedAt: try instant(time), customer: customer, storeId: store,
            outletId: "O1", product: product(serial), inWarranty: true, onTime: onTime, firstVisit: firstVisit)
    }

    static func complaint(_ id: String, at time: String, store: String? = "S1") throws -> ComplaintReceived {
        ComplaintReceived(
            complaintId: id, channel: "hotline", receivedAt: try instant(time), customer: customer, storeId: store,
            product: product(nil), outletId: "O1", description: "Too late.", remedy: "repair")
    }

    static func opened(_ id: String, at time: String, store: String? = "S1") throws -> CaseOpened {
        let complaint = try complaint(id, at: time, store: store)
        return CaseOpened(
            caseId: "case-" + id, complaintId: id, openedAt: complaint.receivedAt, complaint: complaint,
            cluster: .init(phones: 1, major: false))
    }

    static func linked(_ id: String, to open: String, at time: String) throws -> CaseDuplicateLinked {
        CaseDuplicateLinked(
            caseId: "case-" + id, complaintId: id, openCaseId: "case-" + open, complaint: try complaint(id, at: time))
    }

    static func responded(_ id: String, at time: String) throws -> CaseResponded {
        CaseResponded(caseId: "case-" + id, complaintId: id, at: try instant(time))
    }

    static func closed(
        _ id: String, at time: String, contacted: Bool = true, documents: Int = 1,
        liability: CaseResolved.Liability = .outlet, party: String? = nil, responded: String? = nil
    ) throws -> CaseClosed {
        let time = try instant(time)
        return CaseClosed(
            caseId: "case-" + id, complaintId: id, closedAt: time, closing: 1, customer: customer,
            product: product(nil), storeId: "S1", outletId: "O1", liability: liability, tier: .store,
            respondedAt: try responded.map { try instant($0) }, contactedAt: contacted ? time : nil,
            documents: documents, liableParty: party)
    }

    static func task(_ id: String, ends: String, kind: CallbackKind = .serviceFirst) throws -> CallbackScheduled {
        let end = try instant(ends)
        return CallbackScheduled(
            callbackId: id, kind: kind, windowStart: end.adding(days: -5), windowEnd: end, about: .service(id),
            storeId: "S1", outletId: "O1", inWarranty: kind == .serviceFirst ? true : nil)
    }

    static func done(
        _ id: String, _ outcome: CallbackDone.Outcome, ends: String, kind: CallbackKind = .serviceFirst,
        survey: [SurveyAnswer]? = nil
    ) throws -> CallbackDone {
        let end = try instant(ends)
        return CallbackDone(
            callbackId: id, kind: kind, outcome: outcome, windowStart: end.adding(days: -5), windowEnd: end,
            about: .service(id), storeId: "S1", outletId: "O1", inWarranty: kind == .serviceFirst ? true : nil,
            survey: survey)
    }

    static func satisfied(_ id: String) -> CallbackSatisfied {
        CallbackSatisfied(
            callbackId: id, about: .service(id), outletId: "O1", customer: customer, product: product(nil),
            storeId: "S1")
    }

    static func dissatisfied(_ id: String) -> CallbackDissatisfied {
        CallbackDissatisfied(
            callbackId: id, about: .service(id), outletId: "O1", customer: customer, product: product(nil),
            storeId: "S1")
    }

    static func weekly(_ week: String, store: String = "S1", by: Person = clerk, _ ids: [String] = [])
        -> WeeklyReportSubmitted
    {
        WeeklyReportSubmitted(storeId: store, week: week, violationIds: ids, by: by)
    }

    static func recorded(
        _ id: String, at time: String, upheld: Bool? = nil, caseId: String? = nil
    ) throws -> ViolationRecorded {
        ViolationRecorded(
            violationId: id, outletId: "O1", verified: upheld != nil, upheld: upheld, category: "late-visit",
            occurredAt: try instant(time), knownAt: upheld == nil ? try instant(time) : nil,
            storeId: upheld == nil ? "S1" : nil, caseId: caseId)
    }
}

/// A report that was published.
struct Published {
    let kind: String
    let period: String
    let subject: String?
    let body: JSON
    let time: Instant

    init?(_ output: OutgoingEvent) {
        time = output.event.time
        switch output.event.data {
        case let report as ReportPublished:
            (kind, period, subject, body) = (report.kind, report.period, report.subject, report.body)
        case let summary as WeeklySummaryPublished:
            (kind, period, subject, body) = (summary.kind, summary.period, summary.subject, summary.body)
        default: return nil
        }
    }

    /// `19/20`
    func rate(_ name: String) -> String? {
        guard let rate = body["rates"]?.elements?.first(where: { $0["name"]?.string == name }),
            let numerator = rate["numerator"]?.int, let denominator = rate["denominator"]?.int
        else { return nil }
        return "\(numerator)/\(denominator)"
    }

    func count(_ name: String) -> Int64? { body["counts"]?[name]?.int }
}

extension [OutgoingEvent] {
    var reports: [Published] { compactMap(Published.init) }

    func report(_ kind: ReportKind, _ period: String) -> Published? {
        reports.first { $0.kind == kind.rawValue && $0.period == period }
    }

    /// Kind, period and time, for short expectations.
    var published: [String] { reports.map { "\($0.kind) \($0.period) \($0.time.description.prefix(16))" } }
}
