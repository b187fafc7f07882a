import Policy
import Schema

/// R36: when a case closes, what stands in its way, and what opens it again.
extension CaseFile {
    /// What the case still lacks once it is resolved, in the order of the contract.
    ///
    /// With R36 switched off nothing is demanded: a case closes with its resolution.
    private func missing(_ policy: PolicyBook) -> [CaseCloseBlocked.Missing] {
        guard policy.rules.isOn(.r36) else { return [] }
        return (documents.isEmpty ? [.documents] : []) + (openRequests.isEmpty ? [] : [.requests])
    }

    /// Closes the case if it is ready; if it is resolved and not ready, says so, once for each resolution.
    ///
    /// `closedAt` is the time at which the last of the conditions came to hold, whatever the order in which their
    /// events arrived. A case that routing has not assigned yet closes when its assignment comes. Where a resolution finds
    /// that it was completed later, that time has to come first: routing may have more to say of the time between.
    mutating func closeIfReady(_ id: String, in turn: inout Turn) {
        closesAt = nil
        guard !isClosed, let resolution else { return }
        let missing = missing(turn.policy)
        guard missing.isEmpty else {
            if !resolution.isBlockSaid { sayBlocked(id, missing, in: &turn) }
            return
        }
        guard let tier else { return }
        let completedAt = turn.policy.rules.isOn(.r36) ? [documentedAt, settledAt].compactMap { $0 } : []
        let closedAt = ([since, resolution.at] + completedAt).max() ?? resolution.at
        guard closedAt <= max(resolution.at, turn.now) else {
            closesAt = closedAt
            return
        }
        self.closedAt = closedAt
        closings += 1
        let closed = CaseClosed(
            caseId: id, complaintId: complaintId, closedAt: closedAt, closing: closings, customer: customer,
            product: product, storeId: storeId, regionId: regionId, outletId: outletId,
            liability: resolution.liability, tier: tier, resolvedAt: resolution.at, respondedAt: respondedAt,
            contactedAt: contactedAt, documents: documents.count,
            liableParty: resolution.by == nil ? nil : resolution.liableParty, receivedAt: firstReceivedAt,
            hazards: hazards, by: resolution.by)
        var facts: [JSON.Member] = [
            .init("resolvedAt", .string(resolution.at.description)), .init("documents", .int(Int64(documents.count))),
            .init("closing", .int(Int64(closings))),
        ]
        if resolution.liability == .outlet, turn.policy.rules.isOn(.r45) {
            // Whose violation it is, or that it is nobody's.
            facts.append(.init("outletLiable", closed.outletLiable(turn.policy).map { .string($0) } ?? .null))
        }
        turn.emit(closed, about: CaseFile.key(id), time: closedAt, rule: "R36", facts: .object(facts))
    }

    private mutating func sayBlocked(_ id: String, _ missing: [CaseCloseBlocked.Missing], in turn: inout Turn) {
        resolution?.isBlockSaid = true
        turn.emit(
            CaseCloseBlocked(caseId: id, complaintId: complaintId, missing: missing), about: CaseFile.key(id),
            rule: "R36",
            facts: ["documents": .int(Int64(documents.count)), "openRequests": .int(Int64(openRequests.count))])
    }

    /// Opens a closed case again at `tier`. Its documents have to be listed anew; those of a later time have been, and were
    /// only taken before the closing was known.
    mutating func reopen(_ id: String, at tier: HandlerTier, rule: String, facts: JSON, in turn: inout Turn) {
        self.tier = tier
        since = turn.now
        closedAt = nil
        closesAt = nil
        resolution = nil
        laterResolution = nil
        let anew = zip(documents, listedAt ?? []).filter { $0.1 > since }
        documents = anew.map(\.0)
        listedAt = anew.isEmpty ? nil : anew.map(\.1)
        documentedAt = anew.map(\.1).min()
        turn.emit(
            CaseReopened(caseId: id, complaintId: complaintId, tier: tier, closing: closings),
            about: CaseFile.key(id), rule: rule, facts: facts)
    }
}
