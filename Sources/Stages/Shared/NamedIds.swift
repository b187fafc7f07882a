import Schema

/// The ids that an outgoing event names: at most a hundred, and how many more there are.
struct NamedIds: Hashable, Sendable {
    static let limit = 100

    let ids: [String]
    /// nil: all are named.
    let more: Int?

    /// - Parameter count: how many there are in all; nil: as many as `ids`.
    init(_ ids: [String], of count: Int? = nil) {
        self.ids = Array(ids.prefix(Self.limit))
        let left = max(count ?? ids.count, ids.count) - self.ids.count
        more = left > 0 ? left : nil
    }

    /// As members of `because`.
    func members(_ name: String) -> [JSON.Member] {
        [JSON.Member(name, .array(ids.map { .string($0) }))]
            + (more.map { [JSON.Member("more", .int(Int64($0)))] } ?? [])
    }
}
