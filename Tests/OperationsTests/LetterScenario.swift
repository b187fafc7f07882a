import Foundation
import Policy
import Schema
import Testing

/// A year of outlets and manufacturers, and of one that owes money, to which every kind of letter goes.
struct LetterScenario {
    /// The letters that go out, by number: their golden files.
    static let names: [String: String] = [
        "O-WARN-2026-1": "warning", "O-RECT-2026-1": "rectification", "O-RECT-2026-2": "stop-dispatch-rectification",
        "O-STOP-2026-1": "stop-dispatch", "O-WITH-2026-1": "withdrawal", "O-TRAIN-2026-1": "withdrawal-training",
        "M-NORTH-2026-1": "manufacturer-penalty", "M-NORTH-2026-2": "manufacturer-penalty-cooperation",
        "M-NORTH-2026-3": "manufacturer-penalty-quality", "M-NORTH-2026-4": "manufacturer-replacement",
        "O-OWES-2026-R1": "recovery-demand", "O-PART-2026-1": "withdrawal-recommendation",
    ]
    /// Those for one violation with a fire, by the rung that the policy has for it.
    static let graveKinds: [Rung: LetterKind] = [
        .warning: .warningGrave, .rectification: .rectificationGrave, .stopDispatch: .stopGrave,
        .withdrawal: .withdrawalGrave,
    ]

    private static let inspector = Person(id: "inspector", tier: "hq")
    private static let director = Person(id: "director", tier: "business")

    private(set) var pipeline: MemoryPipeline
    /// What stands in every free-text field of every event, if anything.
    private let planted: String?

    static func policy(
        version: String = "letters-1", letters: [PolicyFiles.Letter] = [], outletName: String = "长沙安捷家电服务部",
        graveRung: Rung = .stopDispatch
    ) throws -> PolicyBook {
        let settings = """
            version: \(version)
            penalty: {graveRung: \(graveRung.rawValue)}
            letters:
              nameCasesBy: complaint
              categories:
                late-visit: {zh: 上门迟到, en: late visit}
                no-show: {zh: 未按约上门, en: missed appointment}
            """
        let organisation = """
            since: 2026-01-01
            hq: {duty: inspector}
            regions: [{id: R1, duty: r1-duty}]
            outlets:
              - {id: O-TRAIN, region: R1, name: 株洲恒通维修中心}
              - {id: O-WARN, region: R1, since: 2026-11-01, name: '\(outletName)'}
              - {id: O-PART, region: R1, since: 2026-11-01, name: 湘潭快修服务部}
            manufacturers:
              - {id: M-NORTH, brands: [Northwind], name: 北方电器有限公司}
            """
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let calendar = try String(contentsOf: root.appending(path: "deploy/policy/calendar.csv"), encoding: .utf8)
        return try PolicyBook.load(
            PolicyFiles(policy: settings, organisation: organisation, calendar: calendar, letters: letters),
            currentYear: 2026
        ).get()
    }

    private init(_ policy: PolicyBook, planted: String?) async throws {
        pipeline = try await MemoryPipeline(at: "2026-01-01T00:00:00+08:00", policy: policy)
        self.planted = planted
    }

    static func finished(policy: PolicyBook? = nil, planted: String? = nil) async throws -> MemoryPipeline {
        var scenario = try await LetterScenario(try policy ?? Self.policy(), planted: planted)
        try await scenario.failTraining()
        try await scenario.owe()
        try await scenario.failCallbacks()
        try await scenario.violate()
        try await scenario.recommend()
        return scenario.pipeline
    }

    /// One violation with a fire, and what follows.
    static func grave(_ rung: Rung) async throws -> MemoryPipeline {
        var scenario = try await LetterScenario(try Self.policy(graveRung: rung), planted: nil)
        let outlet = "O-FIRE"
        try await scenario.violate(outlet, 1, hazards: ["fire"])
        try await scenario.decide(
            outlet, "grave", "\(outlet)-V1", rung.rawValue, 1, at: "2026-11-09T10:00:00+08:00")
        return scenario.pipeline
    }

    // MARK: - What happens

    /// Three quarters are failed, the second because nobody was assessed; then the retest.
    private mutating func failTraining() async throws {
        func assessed(_ quarter: String, _ passed: Int, of assessed: Int, retest: Bool? = nil) -> TrainingAssessed {
            TrainingAssessed(
                outletId: "O-TRAIN", quarter: quarter, assessed: assessed, passed: passed, retest: retest,
                by: Self.inspector)
        }
        try await send(assessed("2026-Q1", 7, of: 10), at: "2026-03-20T09:00:00+08:00")
        try await send(assessed("2026-Q3", 15, of: 20), at: "2026-09-21T09:00:00+08:00")
        try await send(assessed("2026-Q3", 11, of: 20, retest: true), at: "2026-10-20T09:00:00+08:00")
        try await decide("O-TRAIN", "training", "2026-Q3", "withdrawal", 4, at: "2026-10-21T10:00:00+08:00")
    }

    /// The fund has paid for an outlet, which has given a part of it back when the rest is demanded.
    private mutating func owe() async throws {
        let regional = Person(id: "r1-duty", tier: "region", regionId: "R1")
        let caseId = Identifiers.caseId(source: "upstream", complaintId: "TS-4711")
        let opened = "2026-10-22T09:00:00+08:00"
        try await send(
            ComplaintReceived(
                complaintId: "TS-4711", channel: "hotline", receivedAt: instant(opened),
                customer: Customer(name: "n", phone: "13800000001"), regionId: "R1",
                product: Product(category: "washer", brand: "Northwind", purchasedHere: true), outletId: "O-OWES",
                description: "d", remedy: "compensation"), at: opened)
        let told: [any EventData] = [
            CompensationRequested(
                requestId: "FK-0042", caseId: caseId, amountFen: 88_050, cause: .outlet, by: regional),
            IncidentReportSubmitted(requestId: "FK-0042", by: regional, facts: "f"),
            LiabilityProposed(
                requestId: "FK-0042", by: Self.inspector, liable: .init(kind: .outlet, id: "O-OWES"), reason: "r"),
            RecoveryBooked(requestId: "FK-0042", amountFen: 20_000, by: Self.director),
            LiabilityApproved(requestId: "FK-0042", by: Self.director, approved: true),
        ]
        for (index, data) in told.enumerated() { try await send(data, at: "2026-10-23T1\(index):00:00+08:00") }
    }

    private mutating func failCallbacks() async throws {
        let data = CallbackDissatisfied(
            callbackId: "CB0", about: .service("SV-0"), serviceId: "SV-0", atFault: .manufacturer,
            manufacturerId: "M-NORTH", customer: Customer(name: "n", phone: "1"), comments: "c")
        try await deliver(data, at: "2026-11-03T09:00:00+08:00")
        func report(_ id: String, _ kind: ManufacturerProblemReported.Kind, caseId: String?, at time: String)
            async throws
        {
            let problem = ManufacturerProblemReported(
                problemId: id, kind: kind, manufacturerId: "M-NORTH",
                by: Person(id: "clerk", tier: "store", storeId: "S1"), at: try instant(time), caseId: caseId,
                description: "d")
            try await send(problem, at: time)
        }
        try await report("P-7", .nonCooperation, caseId: "case-7", at: "2026-11-04T09:00:00+08:00")
        try await report("P-8", .quality, caseId: nil, at: "2026-11-05T09:00:00+08:00")
        for (minute, id) in ["CB0", "P-7", "P-8"].enumerated() {
            let handled = ManufacturerIncidentHandled(
                incidentId: Identifiers.incidentId(of: id), by: Self.inspector, amountFen: id == "CB0" ? 123_405 : nil)
            try await send(handled, at: "2026-11-06T09:0\(minute):00+08:00")
        }
        let proposalId = Identifiers.proposalId(replacementOf: "M-NORTH", quarter: "2026-Q4")
        try await send(
            ReplacementDecided(proposalId: proposalId, approved: true, by: Self.director, reason: "r"),
            at: "2026-11-06T10:00:00+08:00")
    }

    private mutating func violate() async throws {
        let outlets = [("O-RECT", 3), ("O-STOP", 5), ("O-WARN", 2), ("O-WITH", 8)]
        for (outlet, count) in outlets {
            for index in 1...count { try await violate(outlet, index) }
        }
        let decided = "2026-11-11T09:00:00+08:00"
        try await decide("O-RECT", "monthly", "2026-11", "rectification", 3, at: decided)
        try await decide("O-STOP", "monthly", "2026-11", "stop-dispatch", 5, at: decided)
        try await decide("O-WARN", "monthly", "2026-11", "warning", 2, at: decided)
        try await decide("O-WITH", "monthly", "2026-11", "withdrawal", 8, at: decided)
        let demand = Identifiers.noticeId(
            proposalId: Identifiers.proposalId(
                outletId: "O-RECT", ladder: "monthly", period: "2026-11", rung: "rectification", count: 3))
        try await send(
            RectificationReviewed(noticeId: demand, accepted: false, by: Self.inspector),
            at: "2026-11-20T09:00:00+08:00")
        try await decide("O-RECT", "rectification", demand, "stop-dispatch", 1, at: "2026-11-20T10:00:00+08:00")
    }

    private mutating func recommend() async throws {
        try await send(
            WithdrawalRecommended(outletId: "O-PART", by: Self.inspector, reason: "r"), at: "2026-11-23T09:00:00+08:00")
        try await decide(
            "O-PART", "recommendation", "2026-Q4", "withdrawal", 1, at: "2026-11-24T10:00:00+08:00")
    }

    private mutating func violate(_ outlet: String, _ index: Int, hazards: [String]? = nil) async throws {
        let time = "2026-11-07T09:\(index < 10 ? "0" : "")\(index):00+08:00"
        let id = "\(outlet)-V\(index)"
        try await send(
            ViolationReported(
                violationId: id, outletId: outlet, occurredAt: instant(time),
                category: index.isMultiple(of: 2) ? "no-show" : "late-visit", recordedBy: .store,
                by: Person(id: "clerk", tier: "store", storeId: "S1"), caseId: index == 3 ? nil : "case-\(id)",
                complaintId: index.isMultiple(of: 2) ? "TS-\(id)" : nil,
                serviceId: index == 3 ? "service-\(id)" : nil, description: "d",
                hazards: outlet == "O-STOP" ? ["media"] : hazards),
            at: time)
        try await send(ViolationVerified(violationId: id, upheld: true, by: Self.inspector), at: time)
    }

    private mutating func decide(
        _ outlet: String, _ ladder: String, _ period: String, _ rung: String, _ count: Int, at time: String
    ) async throws {
        let proposalId = Identifiers.proposalId(
            outletId: outlet, ladder: ladder, period: period, rung: rung, count: count)
        try await send(
            PenaltyDecided(proposalId: proposalId, approved: true, by: Self.director, reason: "r"), at: time)
    }

    // MARK: - Sending

    private mutating func send(_ data: any EventData, at time: String) async throws {
        try await pipeline.send(try planted.map { try Self.plant($0, in: data) } ?? data, at: time)
    }

    /// An event of another stage.
    private mutating func deliver(_ data: any EventData, at time: String) async throws {
        try await pipeline.advance(to: time)
        let data = try planted.map { try Self.plant($0, in: data) } ?? data
        let event = Event(
            id: Identifiers.uuid([time]), source: "recourse/callback", time: try instant(time), data: data)
        let because = Because(rule: "R10", parameters: [:], facts: [:], policy: "letters-1")
        try await pipeline.deliver(event.body(because: because), to: .penalty)
    }

    /// The same with `text` in every field that takes any text, in those that were left out too.
    private static func plant(_ text: String, in data: any EventData) throws -> any EventData {
        let event = Event(id: "planted", source: "test", time: try instant("2026-01-01T00:00:00+08:00"), data: data)
        let isOutgoing = EventCatalogue.isOutgoing(event.type)
        let because = isOutgoing ? Because(rule: "R10", parameters: [:], facts: [:], policy: "p") : nil
        let json = try JSON(parsing: event.body(because: because))
        let shape = Shape.object(type(of: data).shape)
        return try Event.read(json.setting("data", to: plant(text, in: json["data"], shape) ?? .null)).data
    }

    private static func plant(_ text: String, in json: JSON?, _ shape: Shape) -> JSON? {
        switch shape {
        case .text(_, let limit): return .string(String(text.prefix(limit)))
        case .array(let element, _, _):
            guard case .array(let elements)? = json else { return json }
            return .array(elements.map { plant(text, in: $0, element) ?? $0 })
        case .object(let fields):
            guard case .object(let members)? = json else { return json }
            let known = fields.compactMap { field in
                plant(text, in: json?[field.name], field.shape).map { JSON.Member(field.name, $0) }
            }
            return .object(known + members.filter { member in !fields.contains { $0.name == member.name } })
        default: return json
        }
    }
}
