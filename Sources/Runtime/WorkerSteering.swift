import Dispatch
import Logging
import Schema
import Store
import Synchronization

/// What a process says of itself in the control store, and what it hears there: once every two seconds.
///
/// A store that is away changes nothing: what was asked last still counts, and what is to be said is said again. Its calls
/// keep their caller waiting, so here that is a thread of its own.
package final class WorkerSteering: Sendable {
    /// How a process stands, at one moment.
    package struct Standing: Sendable, Hashable {
        package var state: WorkerSign.State
        package var policy = ""
        package var loopAt: Instant?
        package var appliedAt: Instant?
        package var detail = ""

        package init(_ state: WorkerSign.State) {
            self.state = state
        }
    }

    package struct Identity: Sendable, Hashable {
        package let name: String
        package let role: String
        package let host: String
        package let pid: Int64

        package init(name: String, role: String, host: String, pid: Int64) {
            self.name = name
            self.role = role
            self.host = host
            self.pid = pid
        }
    }

    /// How often it says and hears.
    package static let interval = Duration.seconds(2)
    /// For how long a sign holds: who has missed several is frozen, or gone without a word.
    package static let signSeconds: Int64 = 15
    /// After how long those are forgotten that ended without a word.
    private static let memorySeconds: Int64 = 86_400

    private let identity: Identity
    private let startedAt: Instant
    private let wall: @Sendable () -> Instant
    private let logger: Logger
    private let queue = DispatchQueue(label: "recourse.steering")
    private let open: @Sendable () throws -> any WorkforceStore
    private let opened = Mutex<(any WorkforceStore)?>(nil)
    private let heard = Mutex<[SteeringOrder]>([])
    private let hasFailed = Mutex(false)
    /// The last word is said: what comes behind it is not.
    private let hasLeft = Mutex(false)

    /// - Parameter open: called until it succeeds once.
    package init(
        _ identity: Identity, wall: @escaping @Sendable () -> Instant, logger: Logger,
        open: @escaping @Sendable () throws -> any WorkforceStore
    ) {
        self.identity = identity
        self.wall = wall
        self.logger = logger
        self.open = open
        startedAt = wall()
    }

    /// What is asked of this worker, as it was heard last; nil: to work.
    package var wish: SteeringOrder? {
        heard.withLock { $0 }.wish(for: identity.name, role: identity.role, startedAt: startedAt)
    }

    /// Everything that is asked of anybody, as it was heard last.
    package var orders: [SteeringOrder] { heard.withLock { $0 } }

    /// How many of each role this supervisor was asked to run.
    package var counts: [String: Int] {
        heard.withLock { $0 }.counts(for: identity.name, startedAt: startedAt)
    }

    /// Says once how the process stands, and hears what is asked. Ends when the store has answered or refused, within its
    /// own limits.
    package func exchange(_ standing: Standing) async {
        let alive = standing.state == .drained || standing.state == .ended ? 0 : Self.signSeconds
        let now = wall()
        let sign = WorkerSign(
            name: identity.name, role: identity.role, host: identity.host, pid: identity.pid,
            release: Release.version, policy: standing.policy, state: standing.state, startedAt: startedAt,
            aliveUntil: now.adding(seconds: alive), loopAt: standing.loopAt, appliedAt: standing.appliedAt,
            detail: standing.detail)
        do {
            let isLast = standing.state == .drained || standing.state == .ended
            let orders = try await use { [self] store in
                let isLate = self.hasLeft.withLock { left in
                    defer { left = left || isLast }
                    return left
                }
                if !isLate { try store.say(sign, forgetting: now.adding(seconds: -Self.memorySeconds)) }
                return try store.orders()
            }
            heard.withLock { $0 = orders }
            hasFailed.withLock { $0 = false }
        } catch {
            let isNew = hasFailed.withLock { failed in
                defer { failed = true }
                return !failed
            }
            // Who waits for the store says so himself.
            guard isNew, standing.state != .starting else { return }
            logger.warning(
                "the control store cannot be used: this process is not seen by recourse workers, and cannot be steered",
                metadata: ["cause": "\(error)"])
        }
    }

    /// Runs `body`; meanwhile says how the process stands, and tells `hear` after each time what is asked.
    package func during(
        _ standing: @escaping @Sendable () -> Standing, hear: @escaping @Sendable (SteeringOrder?) -> Void = { _ in },
        _ body: () async -> Void
    ) async {
        // Not a child: a store that does not answer must not hold up the end.
        let talk = Task {
            while !Task.isCancelled {
                await exchange(standing())
                if Task.isCancelled { return }
                hear(wish)
                guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
            }
        }
        await body()
        talk.cancel()
    }

    /// The same, and goes on without an answer after `limit`.
    package func exchange(_ standing: Standing, limit: Duration) async {
        await Self.atMost(limit) { await self.exchange(standing) }
    }

    /// Says the last word and ends all use; waits for a store that does not answer no longer than `limit`.
    package func leave(_ state: WorkerSign.State, limit: Duration = .seconds(5)) async {
        await Self.atMost(limit) { [self] in
            await exchange(Standing(state))
            queue.sync {
                opened.withLock { store in
                    store?.close()
                    store = nil
                }
            }
        }
    }

    /// What is not done by then goes on by itself.
    private static func atMost(_ limit: Duration, _ body: @escaping @Sendable () async -> Void) async {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        Task {
            await body()
            end.finish()
        }
        let limiting = Task {
            // Cancelled: it is done.
            try? await Task.sleep(for: limit)
            end.finish()
        }
        for await _ in ended {}
        limiting.cancel()
    }

    /// Asks something of others.
    ///
    /// - Throws: `StoreFailure`.
    package func give(_ order: SteeringOrder) async throws {
        try await use { try $0.give(order) }
    }

    /// Asks it no more.
    ///
    /// - Throws: `StoreFailure`.
    package func withdraw(_ target: SteeringTarget) async throws {
        _ = try await use { try $0.withdrawOrder(for: target) }
    }

    private func use<T: Sendable>(_ body: @escaping @Sendable (any WorkforceStore) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body(try self.store()) }) }
        }
    }

    /// On the queue alone, so nothing is opened twice.
    private func store() throws -> any WorkforceStore {
        if let store = opened.withLock({ $0 }) { return store }
        if hasLeft.withLock({ $0 }) {
            throw StoreFailure(.unavailable, operation: "tell of this process", cause: "its last word is said")
        }
        let store = try open()
        opened.withLock { $0 = store }
        return store
    }
}
