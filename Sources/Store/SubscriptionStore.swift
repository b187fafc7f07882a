import Schema

/// Since when a stage takes what other stages emit. The store keeps it, as releases differ: what was emitted before a
/// stage was bound to its type never came there, and is not missing.
///
/// - Throws: every call throws `StoreFailure`.
package protocol SubscriptionSnapshot {
    /// By the name of the type, wall time; `distantPast`: ever since.
    func subscriptions() throws -> [String: Instant]
}

extension StoreSnapshot {
    /// The first entry that was written at `moment` of the wall clock or later; behind the last one if there is none.
    ///
    /// - Throws: `StoreFailure`.
    package func firstEntry(writtenFrom moment: Instant) throws -> Int64 {
        var low: Int64 = 1
        var high = try outboxSpan().lastEntry + 1
        while low < high {
            let middle = low + (high - low) / 2
            let entry = try journal(after: middle - 1, limit: 1, withBodies: false).first
            if let entry, entry.writtenAt ?? .distantPast < moment {
                low = max(middle, entry.number) + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

package protocol SubscriptionTransaction: SubscriptionSnapshot {
    /// Notes types that are not noted yet; the others stay as they are.
    func subscribe(_ types: [String: Instant]) throws
}
