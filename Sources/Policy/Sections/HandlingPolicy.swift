/// Section `handling` of the policy: advances from the after-sales fund, and what is owed after each.
package struct HandlingPolicy: Hashable, Sendable {
    package var storeCapFen: Int64 = 50_000
    package var regionCapFen: Int64 = 200_000
    package var manufacturerContactRetrySeconds = 5
    package var manufacturerWaitWorkingDays = 1
    package var ownPostWaitWorkingDays = 1
    package var incidentReportWorkingDays = 3
    package var liabilityOpinionWorkingDays = 5
    package var liabilityApprovalWorkingDays = 5
    package var recoveryDays = 30
    package var recoveryLadder = RecoveryLadder()

    package init() {}

    /// - Parameter checked: the ranges of the ladder must join (R44).
    mutating func read(_ section: MappingReader, checked: Bool) {
        section.read(
            &storeCapFen, "storeCapFen", Bounds.fen,
            "R05: what a store may pay in advance on one case, all requests together. Fen")
        section.read(
            &regionCapFen, "regionCapFen", Bounds.fen,
            "R05: what a region may pay in advance on one case, all requests together. Fen. Headquarters has no cap")
        section.ordered("storeCapFen", storeCapFen, atMost: "regionCapFen", regionCapFen)
        section.read(
            &manufacturerContactRetrySeconds, "manufacturerContactRetrySeconds", 1...3600,
            "R06: seconds of real time after which a request without the manufacturer's contacts is looked at again")
        section.read(
            &manufacturerWaitWorkingDays, "manufacturerWaitWorkingDays", Bounds.workingDays,
            "R06: working days that the manufacturer has after the later of the two first contacts")
        section.read(
            &ownPostWaitWorkingDays, "ownPostWaitWorkingDays", Bounds.workingDays,
            "R07: working days that the store has, from the request, to settle its own fault")
        section.read(
            &incidentReportWorkingDays, "incidentReportWorkingDays", Bounds.workingDays,
            "R08: working days from the disbursement to the incident report")
        section.read(
            &liabilityOpinionWorkingDays, "liabilityOpinionWorkingDays", Bounds.workingDays,
            "R08: working days from the report to the liability opinion, and from a refusal to a new opinion")
        section.read(
            &liabilityApprovalWorkingDays, "liabilityApprovalWorkingDays", Bounds.workingDays,
            "R08: working days from the opinion to its approval")
        section.read(
            &recoveryDays, "recoveryDays", Bounds.positiveDays,
            "R08: days (of 24 h) from the approval until the money is recovered or written off")
        if let ladder = RecoveryLadder.read(section, "recoveryLadder", checked: checked) { recoveryLadder = ladder }
        section.finish()
    }
}
