import Schema

/// The failings of the chain's own people at one store in a month, by the ids of what tells of them (§8).
struct PostFaults: Codable, Sendable {
    /// Of cases that closed with liability own-post; the first hundred by their coming.
    private(set) var caseIds: [String] = []
    /// Of calls that lay the fault on the chain's own people; the first hundred.
    private(set) var callbackIds: [String] = []

    /// - Returns: whether it is new; of more than a hundred nobody can tell.
    mutating func add(caseId: String) -> Bool { Self.add(caseId, to: &caseIds) }

    /// - Returns: as of a case.
    mutating func add(callbackId: String) -> Bool { Self.add(callbackId, to: &callbackIds) }

    private static func add(_ id: String, to ids: inout [String]) -> Bool {
        guard !ids.contains(id) else { return false }
        if ids.count < NamedIds.limit { ids.append(id) }
        return true
    }

    static func json(_ faults: PostFaults?, _ tallies: Tallies) -> JSON {
        .array([
            line("cases", faults?.caseIds ?? [], tallies[.postFaultCases]),
            line("callbacks", faults?.callbackIds ?? [], tallies[.postFaultCallbacks]),
        ])
    }

    private static func line(_ kind: String, _ ids: [String], _ count: Int64) -> JSON {
        let named = NamedIds(ids.sorted(), of: Int(count))
        return .object([.init("kind", .string(kind)), .init("count", .int(count))] + named.members("ids"))
    }
}
