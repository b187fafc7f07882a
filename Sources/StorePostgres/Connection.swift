internal import CPostgreSQL

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// One connection of libpq in pipeline mode: statements are sent without waiting, and `exchange` collects the answers to
/// all of them in one round trip. Used on one thread at a time.
///
/// Statements are neither named nor prepared: a batch has about ten, whose parsing costs less than a round trip, and
/// nothing is left in the session that a pooler in transaction mode would lose.
final class Connection {
    private let handle: OpaquePointer
    private var isWaiting = false
    /// Synchronisations since the last exchange.
    private var pushes = 0
    /// After a loss or a silence there is no way back.
    private(set) var isBroken = false
    /// Round trips so far.
    private(set) var exchanges = 0

    /// Connects.
    init(_ parameters: [String: String], limitMilliseconds: Int) throws(PostgresError) {
        let names = parameters.keys.sorted()
        let started = withCStrings(names.map { $0 }) { keywords in
            withCStrings(names.map { parameters[$0] ?? "" }) { PQconnectStartParams(keywords, $0, 0) }
        }
        guard let started else { throw PostgresError(kind: .lost, message: "out of memory") }
        // From here on `deinit` ends it, also if this throws.
        handle = started
        try Self.connect(started, limitMilliseconds)
        // Notices would go to standard error, which belongs to the log.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw Self.loss(handle) }
    }

    deinit {
        PQfinish(handle)
    }

    var serverVersion: Int { Int(PQserverVersion(handle)) }
    var serverEncoding: String { PQparameterStatus(handle, "server_encoding").map { String(cString: $0) } ?? "" }

    private static func connect(_ handle: OpaquePointer, _ limit: Int) throws(PostgresError) {
        let deadline = Monotonic.milliseconds + limit
        // As its documentation has it: at first as if PQconnectPoll had asked to write.
        var events = Int16(POLLOUT)
        while PQstatus(handle) != CONNECTION_BAD {
            guard try wait(handle, events, until: deadline) else {
                throw PostgresError(kind: .silent, message: "no connection within \(limit) ms")
            }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: throw loss(handle)
            }
        }
        throw loss(handle)
    }

    /// Says what libpq says, without the line feeds.
    private static func loss(_ handle: OpaquePointer) -> PostgresError {
        let text = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        let words = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return PostgresError(kind: .lost, message: words.isEmpty ? "the server has closed it" : words)
    }

    /// False if nothing has happened in time.
    private static func wait(
        _ handle: OpaquePointer, _ events: Int16, until deadline: Int
    ) throws(PostgresError) -> Bool {
        while true {
            var watched = pollfd(fd: PQsocket(handle), events: events, revents: 0)
            guard watched.fd >= 0 else { throw loss(handle) }
            let left = deadline - Monotonic.milliseconds
            guard left > 0 else { return false }
            let found = poll(&watched, 1, Int32(clamping: left))
            if found > 0 { return true }
            if found < 0, errno != EINTR, errno != EAGAIN {
                throw PostgresError(kind: .lost, message: "poll failed with system error \(errno)")
            }
        }
    }

    // MARK: Statements

    /// Sends a statement; its answer comes with the next `exchange`.
    func send(_ sql: String, _ arguments: [Argument]) throws(PostgresError) {
        guard Arguments(arguments).send(sql, on: handle) else { throw broken(Self.loss(handle)) }
        isWaiting = true
    }

    /// Lets the server begin with what was sent. With a synchronisation of its own, so that the server's limit for a
    /// transaction that stands still holds from then on.
    func push() throws(PostgresError) {
        guard isWaiting else { return }
        guard PQpipelineSync(handle) == 1 else { throw broken(Self.loss(handle)) }
        pushes += 1
    }

    /// Waits for the answers to all statements since the last time, in order.
    ///
    /// - Throws: what the first of them has failed with; those behind it were then not run.
    func exchange(limitMilliseconds: Int) throws(PostgresError) -> [Rows] {
        guard isWaiting else { return [] }
        isWaiting = false
        guard PQpipelineSync(handle) == 1 else { throw broken(Self.loss(handle)) }
        exchanges += 1
        var synchronisations = pushes + 1
        pushes = 0
        let deadline = Monotonic.milliseconds + limitMilliseconds
        var answers: [Rows] = []
        var failure: PostgresError?
        while true {
            do {
                try awaitAnswer(limitMilliseconds, until: deadline)
            } catch {
                // The server says why it hangs up before it does.
                throw failure ?? error
            }
            guard let result = PQgetResult(handle) else {
                // The end of one statement's answer.
                if PQstatus(handle) == CONNECTION_BAD { throw broken(failure ?? Self.loss(handle)) }
                continue
            }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: answers.append(Rows(result))
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                synchronisations -= 1
                guard synchronisations == 0 else { continue }
                if let failure { throw failure }
                return answers
            case PGRES_PIPELINE_ABORTED: PQclear(result)
            default:
                if failure == nil { failure = Self.error(result) }
                PQclear(result)
                if PQstatus(handle) == CONNECTION_BAD { throw broken(failure ?? Self.loss(handle)) }
            }
        }
    }

    /// Writes what is left to write and reads until the next answer is complete. Both at once: a server that cannot get
    /// rid of its answers stops reading.
    private func awaitAnswer(_ limit: Int, until deadline: Int) throws(PostgresError) {
        while true {
            let left = PQflush(handle)
            guard left >= 0 else { throw broken(Self.loss(handle)) }
            if left == 0, PQisBusy(handle) == 0 { return }
            guard try Self.wait(handle, Int16(POLLIN) | (left == 1 ? Int16(POLLOUT) : 0), until: deadline) else {
                throw broken(PostgresError(kind: .silent, message: "no answer within \(limit) ms"))
            }
            guard PQconsumeInput(handle) == 1 else { throw broken(Self.loss(handle)) }
        }
    }

    /// Nothing more is to be tried on it.
    func giveUp() { isBroken = true }

    private func broken(_ error: PostgresError) -> PostgresError {
        isBroken = true
        return error
    }

    private static func error(_ result: OpaquePointer) -> PostgresError {
        func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        // The codes of postgres_ext.h are macros of characters, which Swift does not see.
        let state = field(Int32(UInt8(ascii: "C")))
        let message = field(Int32(UInt8(ascii: "M"))) ?? PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
        let words = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return PostgresError(
            kind: state.map { .refused($0) } ?? .lost, message: words, constraint: field(Int32(UInt8(ascii: "n"))))
    }
}

enum Monotonic {
    static var milliseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}

/// A NULL-terminated array of C strings, for the time of `body`.
private func withCStrings<T>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> T?
) -> T? {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let pointers: [UnsafePointer<CChar>?] = copies.map { $0.map { UnsafePointer($0) } } + [nil]
    return pointers.withUnsafeBufferPointer { $0.baseAddress.flatMap(body) }
}
