import Runtime
import Store

/// What waits in the stores for what it refers to.
extension Office {
    package func listWaiting(_ filter: WaitingList.Filter) async throws -> WaitingList {
        try await ask { try await WaitingList.read($0, filter) }
    }

    /// What is waited for, the longest first.
    package func groupWaiting(_ filter: WaitingList.Filter) async throws -> WaitingGroups {
        let now = try premises.now()
        return try await ask { try await WaitingGroups.read($0, filter, at: now) }
    }

    /// Everything about the events of these ids, and those that wait for what has one of them.
    ///
    /// - Parameter withBody: masked; the look is logged.
    package func showWaiting(_ ids: [String], withBody: Bool) async throws -> WaitingDetail {
        let now = try premises.now()
        let found = try await ask { stores in
            try await WaitingDetail.read(stores, ids, withBody: withBody, keyring: premises.keyring, at: now)
        }
        guard !found.waiting.isEmpty else {
            throw OfficeFailure(
                "waiting show \(ids.joined(separator: " ")): no event of this id waits, and none waits for it; recourse explain "
                    + "tells what became of an event")
        }
        if withBody {
            let objects = found.waiting.map { OperatorAct.Object(AuditLogObject.waiting($0.event.eventId)) }
            try await log(OperatorAct("waiting show --body", objects))
        }
        return found
    }
}
