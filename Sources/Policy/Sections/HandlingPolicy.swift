/// Section `handling` of the policy: advances from the after-sales fund, and what is owed after each.
package struct HandlingPolicy: Hashable, Sendable {
    /// R05: what a store may pay in advance on one case, all requests together. Fen.
    package var storeCapFen: Int64 = 50_000
    /// R05: what a region may pay in advance on one case, all requests together. Fen. Headquarters has no cap.
    package var regionCapFen: Int64 = 200_000
    /// R06: seconds of real time after which a request without the manufacturer's contacts is looked at again.
    package var manufacturerContactRetrySeconds = 5
    /// R06: working days that the manufacturer has after the later of the two first contacts.
    package var manufacturerWaitWorkingDays = 1
    /// R07: working days that the store has, from the request, to settle its own fault.
    package var ownPostWaitWorkingDays = 1
    /// R08: working days from the disbursement to the incident report.
    package var incidentReportWorkingDays = 3
    /// R08: working days from the report to the liability opinion, and from a refusal to a new opinion.
    package var liabilityOpinionWorkingDays = 5
    /// R08: working days from the opinion to its approval.
    package var liabilityApprovalWorkingDays = 5
    /// R08: days (of 24 h) from the approval until the money is recovered or written off.
    package var recoveryDays = 30

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(&storeCapFen, "storeCapFen", Bounds.fen)
        section.read(&regionCapFen, "regionCapFen", Bounds.fen)
        section.ordered("storeCapFen", storeCapFen, atMost: "regionCapFen", regionCapFen)
        section.read(&manufacturerContactRetrySeconds, "manufacturerContactRetrySeconds", 1...3600)
        section.read(&manufacturerWaitWorkingDays, "manufacturerWaitWorkingDays", Bounds.workingDays)
        section.read(&ownPostWaitWorkingDays, "ownPostWaitWorkingDays", Bounds.workingDays)
        section.read(&incidentReportWorkingDays, "incidentReportWorkingDays", Bounds.workingDays)
        section.read(&liabilityOpinionWorkingDays, "liabilityOpinionWorkingDays", Bounds.workingDays)
        section.read(&liabilityApprovalWorkingDays, "liabilityApprovalWorkingDays", Bounds.workingDays)
        section.read(&recoveryDays, "recoveryDays", Bounds.positiveDays)
        section.finish()
    }
}
