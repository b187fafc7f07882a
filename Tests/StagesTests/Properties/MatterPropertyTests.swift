import Schema
import Testing

@testable import Stages

/// Whatever the order in which reports, closings and calls arrive, each matter counts once (R45), also where the dossier
/// has to let go of what it holds: then of what concerns one case.
struct MatterPropertyTests {
    private enum Telling {
        case report(String, caseId: String?, serviceId: String?, category: String)
        case closing(String)
        case call(String, serviceId: String)

        var id: String {
            switch self {
            case .report(let id, _, _, _), .closing(let id): id
            case .call(let id, _): id
            }
        }
    }

    /// Each array is one matter. A case, told by its closing and two reports of one category; a service, told by a call, by
    /// the closing of the case that came of it, and by a report; what is told by derived violations alone.
    private static func matters(_ count: Int) -> [[Telling]] {
        (0..<count).map { number in
            let (caseId, service, call) = ("C\(number)", "S\(number)", "CB\(number)")
            let followUp = Identifiers.caseId(source: StageName.callback.source, complaintId: call)
            return switch number % 4 {
            case 0:
                [
                    .closing(caseId), .report("A\(number)", caseId: caseId, serviceId: nil, category: "late"),
                    .report("B\(number)", caseId: caseId, serviceId: nil, category: "late"),
                ]
            case 1:
                [
                    .call(call, serviceId: service), .closing(followUp),
                    .report("A\(number)", caseId: nil, serviceId: service, category: "rude"),
                ]
            case 2: [.call(call, serviceId: service), .closing(followUp)]
            default: [.closing(caseId)]
            }
        }
    }

    private func send(_ telling: Telling, to harness: inout StageHarness, at time: String) throws {
        switch telling {
        case .report(let id, let caseId, let serviceId, let category):
            try harness.report(id, at: time, category: category, caseId: caseId, serviceId: serviceId)
        case .closing(let caseId):
            _ = try harness.send(PenaltyDerivedTests.closed(caseId, received: time, at: time), at: time)
        case .call(let id, let serviceId):
            let call = CallbackDissatisfied(
                callbackId: id, about: .service(serviceId), serviceId: serviceId, atFault: .outlet, outletId: "O1",
                customer: Customer(name: "n", phone: "1"), by: "inspector")
            _ = try harness.send(call, at: time, source: StageName.callback.source)
        }
    }

    @Test(arguments: 1...8)
    func `each matter counts once in whatever order it is told`(seed: Int) throws {
        var random = SeededRandom(seed)
        let time = "2026-11-07T09:00:00+08:00"
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        // Every second time the dossier is too full for all of it; what fills it counts too.
        let fillers = seed % 2 == 0 ? 260 : 0
        let matters = Self.matters(fillers > 0 ? 15 : 20).enumerated()
            .filter { fillers == 0 || $0.offset % 4 != 1 }.map(\.element)
        var tellings = matters.flatMap { $0 }
        for index in tellings.indices.reversed() { tellings.swapAt(index, random.below(index + 1)) }
        var (sent, verified) = (0, 0)
        func fill(_ harness: inout StageHarness) throws {
            guard sent < fillers else { return }
            try harness.report("F\(sent)", at: time, caseId: "F\(sent)")
            try harness.verify("F\(sent)", at: time, by: PenaltyFixture.auditor)
            sent += 1
        }
        var waiting: [String] = []
        for telling in tellings {
            try send(telling, to: &harness, at: time)
            waiting.append(telling.id)
            for _ in 0..<random.below(12) { try fill(&harness) }
            while random.oneIn(2), !waiting.isEmpty {
                let id = waiting.remove(at: random.below(waiting.count))
                try harness.verify(id, at: time, by: PenaltyFixture.auditor)
                verified += 1
            }
        }
        while sent < fillers { try fill(&harness) }
        for id in waiting { try harness.verify(id, at: time, by: PenaltyFixture.auditor) }
        let proposal = try #require(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(proposal.count == matters.count + fillers, "seed \(seed)")
        #expect(verified > 0)
    }
}
