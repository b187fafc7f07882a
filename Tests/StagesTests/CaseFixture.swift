import Policy
import Schema
import Stages
import Testing

/// The organisation, calendar and complaint that the tests of intake and routing start from.
///
/// Region R1 has the stores S1 (service supervisor, category supervisor for fridges, manager), S2 (manager alone) and
/// S3 (nobody); region R2 has none. The calendar knows 2026 and not 2027.
enum CaseFixture {
    /// An absence from 2026-11-02 10:00 to 2026-11-03 10:00.
    struct Absence {
        let person: String
        var delegate: String?
    }

    private static let places = """
        since: 2026-01-01
        hq: {duty: hq-duty, people: [hq-one]}
        business: {people: [judge]}
        regions:
          - {id: R1, duty: r1-duty, people: [r1-one]}
          - {id: R2, duty: r2-duty}
        stores:
          - id: S1
            region: R1
            serviceSupervisor: s1-supervisor
            categorySupervisors: {fridge: s1-fridges}
            manager: s1-manager
            people: [s1-clerk]
          - {id: S2, region: R1, manager: s2-manager}
          - {id: S3, region: R1}

        """

    static func organisation(absences: [Absence] = []) throws -> Organisation {
        var text = places
        if !absences.isEmpty { text += "absences:\n" }
        for absence in absences {
            let delegate = absence.delegate.map { ", delegate: \($0)" } ?? ""
            text += "  - {person: \(absence.person), from: 2026-11-02T10:00:00+08:00, "
            text += "to: 2026-11-03T10:00:00+08:00\(delegate)}\n"
        }
        let files = PolicyFiles(
            policy: "version: test\n", organisation: text, calendar: "date,kind\n2026-02-16,holiday_weekday\n")
        return try PolicyBook.load(files, currentYear: nil).get().organisation
    }

    static func calendar() throws -> WorkCalendar {
        let holidays = ["2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20", "2026-02-23"]
        let makeups = ["2026-02-14", "2026-02-28"]
        var exceptions: [CivilDate: CalendarException] = [:]
        for date in holidays { exceptions[try #require(CivilDate(date))] = .holiday }
        for date in makeups { exceptions[try #require(CivilDate(date))] = .makeup }
        return WorkCalendar(exceptions: exceptions)
    }

    static func policy(
        off rules: Set<Rule> = [], offParts: Set<RulePart> = [], intake: IntakePolicy = IntakePolicy(),
        absences: [Absence] = []
    ) throws -> PolicyBook {
        PolicyBook(
            version: "test", rules: RuleSwitches(off: rules, offParts: offParts), intake: intake,
            organisation: try organisation(absences: absences), calendar: try calendar())
    }

    static func complaint(
        _ id: String = "C1", at time: String = "2026-11-02T10:00:00+08:00", phone: String = "13800000001",
        category: String = "washer", brand: String = "Acme", store: String? = "S1", region: String? = nil,
        channel: String = "hotline", claimFen: Int64? = nil, hazards: [String]? = nil, purchasedHere: Bool = true
    ) throws -> ComplaintReceived {
        ComplaintReceived(
            complaintId: id, channel: channel, receivedAt: try instant(time),
            customer: Customer(name: "Li", phone: phone, address: "1 Long Street"), storeId: store, regionId: region,
            product: Product(category: category, brand: brand, purchasedHere: purchasedHere),
            description: "It leaks.", remedy: "repair", claimFen: claimFen, hazards: hazards)
    }

    static func caseId(_ complaintId: String = "C1") -> String {
        Identifiers.caseId(source: "upstream", complaintId: complaintId)
    }

    static func opened(_ complaint: ComplaintReceived, phones: Int = 1, major: Bool = false) -> CaseOpened {
        CaseOpened(
            caseId: caseId(complaint.complaintId), complaintId: complaint.complaintId,
            openedAt: complaint.receivedAt, complaint: complaint, cluster: .init(phones: phones, major: major))
    }

    static func linked(_ complaint: ComplaintReceived, to complaintId: String = "C1") -> CaseDuplicateLinked {
        CaseDuplicateLinked(
            caseId: caseId(complaint.complaintId), complaintId: complaint.complaintId,
            openCaseId: caseId(complaintId), complaint: complaint)
    }

    static func closed(_ complaintId: String = "C1", at time: String, tier: HandlerTier = .store) throws -> CaseClosed {
        CaseClosed(
            caseId: caseId(complaintId), complaintId: complaintId, closedAt: try instant(time), closing: 1,
            customer: Customer(name: "Li", phone: "13800000001"),
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), liability: .nobody, tier: tier)
    }

    static func reopened(_ complaintId: String = "C1", tier: HandlerTier) -> CaseReopened {
        CaseReopened(caseId: caseId(complaintId), complaintId: complaintId, tier: tier, closing: 1)
    }
}

extension HarnessOutcome {
    /// What everyone sees: without the copies for the desks.
    var announced: [String] { outputs.announced }
}

extension [OutgoingEvent] {
    /// The types of what goes to everyone.
    var announced: [String] { filter { $0.destination == .events }.map { $0.event.type.rawValue } }

    /// The data of the announced events of one type.
    func announced<D: EventData>(_ type: D.Type) -> [D] {
        filter { $0.destination == .events }.compactMap { $0.event.data as? D }
    }

    /// `type to key` of the copies for the desks.
    var desks: [String] {
        compactMap { output in
            guard case .handlers(let key) = output.destination else { return nil }
            return "\(output.event.type.rawValue) to \(key)"
        }
    }
}
