import Policy
import Schema

extension IntakeStage {
    /// Takes a complaint in: known already, linked to the open case of the same matter, or a case of its own.
    func take(_ complaint: ComplaintReceived, from source: String, in turn: inout Turn) throws -> Verdict {
        let caseId = Identifiers.caseId(source: source, complaintId: complaint.complaintId)
        let fingerprint = try complaint.fingerprint()
        if let known = turn.get(ComplaintRecord.self, caseId) {
            if known.fingerprint == fingerprint { return .applied }
            return .refused(
                Rejection("id-taken", ["caseId": .string(caseId), "complaintId": .string(complaint.complaintId)]))
        }
        let customer = CustomerFile.id(of: complaint.customer, caseId: caseId)
        let cluster = count(complaint, phone: customer, in: &turn)
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
        return .applied
    }

    /// Counts the phone in its cluster, and the distinct phones of the window up to this complaint (R04).
    ///
    /// Linked complaints count too. With R04 or its part switched off the record is still kept, so that the rule finds
    /// its past when it is on again, but nothing is counted: the number depends on the order of complaints of one
    /// instant, and a decision that is not made must not.
    private func count(
        _ complaint: ComplaintReceived, phone: String, in turn: inout Turn
    ) -> CaseOpened.Cluster {
        let end = complaint.receivedAt
        let start = end.adding(days: -Int64(turn.policy.intake.clusterWindowDays))
        let ids = Self.clusterIds(of: complaint, turn.policy)
        guard let own = ids.last else { return CaseOpened.Cluster(phones: 0, major: false) }
        let known = turn.get(ClusterSpan.self, own)
        var span = known ?? ClusterSpan()
        span.note(phone: phone, at: end)
        if span != known { turn.put(span, own) }
        guard turn.policy.rules.isOn(.majorByCluster) else { return CaseOpened.Cluster(phones: 0, major: false) }
        // This one counts though it may come so late that later complaints have taken its place.
        var phones: Set<String> = [phone]
        for id in ids {
            phones.formUnion(turn.get(ClusterSpan.self, id)?.phones(from: start, through: end) ?? [])
        }
        return CaseOpened.Cluster(
            phones: min(phones.count, IntakePolicy.clusterPhoneLimit),
            major: phones.count >= turn.policy.intake.clusterPhones)
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
