import Schema
import Store
import Testing

@testable import StorePostgres

#if canImport(Glibc)
    import Glibc
#endif

/// Tables of their own for one test, in the server that the environment names.
struct TestPostgres: Sendable {
    static let url = variable("RECOURSE_TEST_POSTGRES_URL")
    static var isThere: Bool { url != nil }
    static let absence: Comment = "RECOURSE_TEST_POSTGRES_URL is not set; deploy/test starts a server"

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    static let wall: @Sendable () -> Instant = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    let namespace: String
    let configuration: PostgresConfiguration

    /// - Parameter namespace: nil for a fresh one.
    init(namespace: String? = nil, url: String? = Self.url) throws {
        self.namespace = namespace ?? "t" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        configuration = try PostgresConfiguration(
            url: try #require(url, Self.absence) + "?namespace=\(self.namespace)")
    }

    /// One that counts on being alone as soon as it may.
    func store(_ stage: StageName = .handling) throws -> PostgresStore {
        try PostgresStore(configuration, stage: stage, solitude: 0, wall: Self.wall)
    }

    /// A session beside the stores'.
    func administrator() -> Session { Session(configuration.named("administrator"), namespace: "tests") }

    /// Ends every session of the stage's stores; how many there were.
    @discardableResult
    func endSessions(_ stage: StageName = .handling) throws -> Int {
        let session = administrator()
        defer { session.closeNow() }
        return try session.statementNow(
            "ending sessions",
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1",
            [.text("\(namespace)_\(stage.rawValue)")]
        ).count
    }

    /// Waits until a session of the stage's stores waits for a lock.
    func awaitWaiting(_ stage: StageName = .handling) throws {
        let session = administrator()
        defer { session.closeNow() }
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(20)
        while clock.now < deadline {
            let waiting = try session.statementNow(
                "looking",
                "SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'",
                [.text("\(namespace)_\(stage.rawValue)")])
            if waiting.count > 0 { return }
            sched_yield()
        }
        Issue.record("nobody has come to wait for a lock")
    }

    /// Runs a statement beside the stores; the first column of the first row.
    @discardableResult
    func run(_ sql: String) throws -> Int64? {
        let session = administrator()
        defer { session.closeNow() }
        return try session.statementNow("preparing", sql).first?.int(0)
    }
}
