import Policy
import Schema
import Testing

@testable import Stages

/// Which deadlines of a request wait for other stages too.
@Suite struct RequestWakeTests {
    @Test func `Routing's word may meet what waits for a resolution, and nothing that follows a payment`() throws {
        let time = try instant("2026-11-02T10:00:00+08:00")
        var request = AdvanceRequest(
            CompensationRequested(
                requestId: "Q1", caseId: "C1", amountFen: 100, cause: .manufacturer,
                by: Person(id: "clerk", tier: "store", storeId: "S1")),
            caseId: "C1", complaintId: "K1", fingerprint: "f", at: time)
        #expect(request.wake?.isMetByOthers == true)
        request.state = .pending
        request.until = Term(at: time)
        #expect(request.wake?.isMetByOthers == true)
        request.state = .disbursed
        request.owed = AdvanceRequest.Owed(step: .report, term: Term(at: time))
        #expect(request.wake?.isMetByOthers == false)
    }
}
