import Runtime
import Schema
import Store

/// How a stage's journal is read from its first entry to its last.
package enum JournalScan {
    /// Without bodies a page is a few hundred kilobytes; with bodies a few megabytes.
    package static let pageSize = 2_000

    /// Entries with a number above `after`, their outputs as they were published.
    ///
    /// - Throws: `StoreFailure`, also if a key is missing.
    package static func published(
        _ store: any Store, of stage: StageName, after: Int64, limit: Int, keyring: Keyring
    ) async throws -> [JournalEntry] {
        try await store.read { snapshot in
            let entries = try snapshot.journal(after: after, limit: limit, withBodies: true)
            var resolver = PersonalResolver(vault: PersonalVault(stage: stage, keyring: keyring))
            return try resolver.resolve(entries, in: snapshot)
        }
    }

    /// Calls `body` with page after page, ascending. Memory is bounded by one page.
    ///
    /// - Parameter last: reads no entry with a higher number; nil: all there are.
    /// - Returns: the number of the last entry read, `after` if there was none.
    @discardableResult
    package static func run(
        _ store: any Store, after: Int64 = 0, through last: Int64? = nil, withBodies: Bool,
        _ body: ([JournalEntry]) async throws -> Void
    ) async throws -> Int64 {
        var position = after
        let size = withBodies ? pageSize / 10 : pageSize
        while true {
            let start = position
            var page = try await store.read { try $0.journal(after: start, limit: size, withBodies: withBodies) }
            let isLast = page.count < size
            if let last { page.removeAll { $0.number > last } }
            guard let end = page.last?.number else { return position }
            try await body(page)
            position = end
            if isLast || last.map({ position >= $0 }) ?? false { return position }
        }
    }
}
