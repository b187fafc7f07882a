import Dispatch
import Store
import Synchronization

/// The control store as a worker uses it: opened when it is first needed, and tried again each time until that succeeds,
/// so that whoever begins in a bad moment does without it for that moment only.
///
/// The store's calls keep their caller waiting, for a minute and more where a database does not answer: here it is a thread
/// of its own, and none of those few that all tasks of the process share.
final class SharedControl: Sendable {
    private let queue = DispatchQueue(label: "recourse.control")
    private let open: @Sendable () throws -> any ControlStore
    private let opened = Mutex<(any ControlStore)?>(nil)
    /// Why it could not be opened, and when: it is not tried again at once.
    private let failed = Mutex<(error: any Error, until: ContinuousClock.Instant)?>(nil)
    private static let pause = Duration.seconds(2)

    init(open: @escaping @Sendable () throws -> any ControlStore) {
        self.open = open
    }

    /// - Throws: what opening it or `body` throws.
    func use<T: Sendable>(_ body: @escaping @Sendable (any ControlStore) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body(try self.store()) }) }
        }
    }

    /// On the queue alone, so nothing is opened twice.
    private func store() throws -> any ControlStore {
        if let store = opened.withLock({ $0 }) { return store }
        if let failed = failed.withLock({ $0 }), ContinuousClock.now < failed.until { throw failed.error }
        do {
            let store = try open()
            opened.withLock { $0 = store }
            return store
        } catch {
            failed.withLock { $0 = (error, .now + Self.pause) }
            throw error
        }
    }
}
