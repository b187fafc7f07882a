import Policy
import Schema

extension IntakeStage {
    /// Takes a complaint in: known already, linked to the open case of the same matter, or a case of its own.
    func take(_ complaint: ComplaintReceived, _ names: ComplaintNames, in turn: inout Turn) throws -> Verdict {
        let (caseId, customer) = (names.caseId, names.customer)
        let fingerprint = complaint.fingerprint()
        if let known = turn.get(ComplaintRecord.self, caseId) {
            if known.fingerprint == fingerprint { return .applied }
            return .refused(
                Rejection("id-taken", ["caseId": .string(caseId), "complaintId": .string(complaint.complaintId)]))
        }
        let cluster = count(complaint, names, in: &turn)
        var file = turn.get(CustomerFile.self, customer) ?? CustomerFile(since: complaint.receivedAt)
        let start = complaint.receivedAt.adding(days: -Int64(turn.policy.intake.duplicateWindowDays))
        let open = file.openCase(about: complaint.product, from: start, through: complaint.receivedAt)
        turn.put(ComplaintRecord(fingerprint: fingerprint, customer: customer, linkedTo: open?.caseId), caseId)
        if let open {
            link(complaint, caseId, to: open, in: &turn)
        } else {
            file.add(caseId: caseId, product: complaint.product, openedAt: complaint.receivedAt)
            turn.put(file, customer)
            self.open(complaint, caseId, cluster, in: &turn)
        }
        if cluster.major, let span = names.clusters.last { alert(complaint, cluster, span: span, in: &turn) }
        return .applied
    }

    /// Counts the phone in its cluster, and the distinct phones of the window up to this complaint (R04).
    ///
    /// Linked complaints count too. With R04 or its part switched off the record is still kept, so that the rule finds
    /// its past when it is on again, but nothing is counted: the number depends on the order of complaints of one
    /// instant, and a decision that is not made must not.
    private func count(
        _ complaint: ComplaintReceived, _ names: ComplaintNames, in turn: inout Turn
    ) -> CaseOpened.Cluster {
        let end = complaint.receivedAt
        let start = end.adding(days: -Int64(turn.policy.intake.clusterWindowDays))
        guard let own = names.clusters.last else { return CaseOpened.Cluster(phones: 0, major: false) }
        var span = turn.get(ClusterSpan.self, own) ?? ClusterSpan()
        if span.note(phone: names.customer, at: end) { turn.put(span, own) }
        guard turn.policy.rules.isOn(.majorByCluster) else { return CaseOpened.Cluster(phones: 0, major: false) }
        let spans = names.clusters.compactMap { turn.get(ClusterSpan.self, $0) }
        let phones = ClusterSpan.count(of: spans, from: start, through: end, besides: names.customer)
        return CaseOpened.Cluster(
            phones: min(phones, IntakePolicy.clusterPhoneLimit), major: phones >= turn.policy.intake.clusterPhones)
    }

    /// The complaint that completes a cluster says so, once for each span of dates (R52).
    private func alert(
        _ complaint: ComplaintReceived, _ cluster: CaseOpened.Cluster, span id: String, in turn: inout Turn
    ) {
        let (product, instant) = (complaint.product, complaint.receivedAt)
        guard turn.policy.rules.isOn(.r52), var span = turn.get(ClusterSpan.self, id), span.alert(at: instant) else {
            return
        }
        turn.put(span, id)
        let intake = turn.policy.intake
        let number = ClusterSpan.number(of: instant, days: intake.clusterWindowDays)
        turn.emit(
            BatchAlerted(brand: product.brand, category: product.category, span: Int(number), phones: cluster.phones),
            id: Identifiers.batchId(
                brand: MatterKey(product.brand), category: MatterKey(product.category), span: number),
            about: ClusterSpan.key(id), rule: "R52",
            parameters: [
                "clusterPhones": .int(Int64(intake.clusterPhones)),
                "clusterWindowDays": .int(Int64(intake.clusterWindowDays)),
            ],
            facts: ["receivedAt": .string(instant.description)])
    }

    private func open(
        _ complaint: ComplaintReceived, _ caseId: String, _ cluster: CaseOpened.Cluster, in turn: inout Turn
    ) {
        let intake = turn.policy.intake
        // R02 refuses nothing and R21 is the file above, which the link needs anyway: off, they are not named.
        let rules = [Rule.r02, .r04, .r21].filter { turn.policy.rules.isOn($0) }.map { $0.rawValue }
        turn.emit(
            CaseOpened(
                caseId: caseId, complaintId: complaint.complaintId, openedAt: complaint.receivedAt,
                complaint: complaint, cluster: cluster),
            about: ComplaintRecord.key(caseId), rule: rules.isEmpty ? "new-matter" : rules.joined(separator: ","),
            parameters: [
                "duplicateWindowDays": .int(Int64(intake.duplicateWindowDays)),
                "clusterPhones": .int(Int64(intake.clusterPhones)),
                "clusterWindowDays": .int(Int64(intake.clusterWindowDays)),
            ],
            facts: ["purchasedHere": .bool(complaint.product.purchasedHere)])
    }

    /// The rule has no number among the sources: it is named `same-matter`.
    private func link(
        _ complaint: ComplaintReceived, _ caseId: String, to open: CustomerFile.Case, in turn: inout Turn
    ) {
        turn.emit(
            CaseDuplicateLinked(
                caseId: caseId, complaintId: complaint.complaintId, openCaseId: open.caseId, complaint: complaint),
            about: ComplaintRecord.key(caseId), rule: "same-matter",
            parameters: ["duplicateWindowDays": .int(Int64(turn.policy.intake.duplicateWindowDays))],
            facts: ["openedAt": .string(open.openedAt.description)])
    }
}
