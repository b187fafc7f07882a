import Store

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// The turn of writers to one SQLite file, first come first served, over all processes and connections.
///
/// SQLite's own busy handler sleeps and tries again, so a process that commits often keeps others out for seconds; and
/// the kernel hands `flock` to whoever runs first, which is most often the one that has just released it. Here every
/// writer draws a number, write-locks the byte of that number in a small file, and waits until no lower byte is locked.
/// The locks belong to the open file (`F_OFD_SETLK`), so they hold between connections of one process too, and the
/// kernel drops them when a process ends, however it ends: a killed writer, or one killed while it waited, delays
/// nobody. Waiting looks every fraction of a millisecond, more rarely the further back it stands: a blocking lock could
/// not be given a limit.
final class WriterTurn {
    private let file: Int32
    private let operation: FileOperation
    /// The number in hand; 0: none.
    private var number: Int64 = 0

    /// Locked while a number is drawn; beyond every number.
    private static let counterByte = Int64.max - 1
    /// `F_OFD_GETLK` and `F_OFD_SETLK` of Linux, which the C library's module does not show.
    private static let getLock: Int32 = 36
    private static let setLock: Int32 = 37
    private static let longestPauseMicroseconds: Int64 = 2_000
    private static let pausePerPlaceMicroseconds: Int64 = 150

    /// - Throws: `StoreFailure`, unavailable, if the file cannot be opened.
    init(path: String) throws {
        operation = FileOperation(verb: "waiting for the writers' turn at", path: path)
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw operation.failure(call: "open", code: errno) }
    }

    deinit {
        close(file)
    }

    /// Waits for the turn.
    ///
    /// - Throws: `StoreFailure`, transient, if it has not come within `limitSeconds`.
    func take(limitSeconds: Int64) throws {
        let deadline = Self.monotonicMicroseconds() + limitSeconds * 1_000_000
        while try !lock(F_WRLCK, from: Self.counterByte, count: 1) { try pause(places: 0, until: deadline) }
        var mine: Int64 = 0
        do {
            mine = try draw()
            guard try lock(F_WRLCK, from: mine, count: 1) else {
                throw operation.failure(.transient, "the number \(mine) is taken already")
            }
            number = mine
        } catch {
            try lock(F_UNLCK, from: Self.counterByte, count: 1)
            throw error
        }
        try lock(F_UNLCK, from: Self.counterByte, count: 1)
        do {
            while let ahead = try firstLocked(below: mine) { try pause(places: mine - ahead, until: deadline) }
        } catch {
            try release()
            throw error
        }
    }

    /// Gives the turn to the next.
    func release() throws {
        guard number > 0 else { return }
        try lock(F_UNLCK, from: number, count: 1)
        number = 0
    }

    /// The next number, from 1: the file holds the last one. A file that was cut short starts anew, which is harmless
    /// once the processes of before are gone.
    private func draw() throws -> Int64 {
        var last: Int64 = 0
        let size = MemoryLayout<Int64>.size
        let got = pread(file, &last, size, 0)
        guard got >= 0 else { throw operation.failure(call: "pread", code: errno) }
        if got < size || last < 0 || last >= Self.counterByte - 1 { last = 0 }
        var next = last + 1
        guard pwrite(file, &next, size, 0) == size else { throw operation.failure(call: "pwrite", code: errno) }
        return next
    }

    /// False if another holds a conflicting lock.
    @discardableResult
    private func lock(_ type: Int32, from start: Int64, count: Int64) throws -> Bool {
        var range = Self.range(type, from: start, count: count)
        if fcntl(file, Self.setLock, &range) == 0 { return true }
        if errno == EAGAIN || errno == EACCES || errno == EINTR { return false }
        throw operation.failure(call: "fcntl", code: errno)
    }

    /// A number below `mine` that somebody holds: the writer at work, or one who waits before us.
    private func firstLocked(below mine: Int64) throws -> Int64? {
        guard mine > 1 else { return nil }
        var range = Self.range(F_WRLCK, from: 1, count: mine - 1)
        guard fcntl(file, Self.getLock, &range) == 0 else { throw operation.failure(call: "fcntl", code: errno) }
        return Int32(range.l_type) == F_UNLCK ? nil : Int64(range.l_start)
    }

    private static func range(_ type: Int32, from start: Int64, count: Int64) -> flock {
        var range = flock()
        range.l_type = Int16(type)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = off_t(start)
        range.l_len = off_t(count)
        return range
    }

    private func pause(places: Int64, until deadline: Int64) throws {
        guard Self.monotonicMicroseconds() < deadline else {
            throw operation.failure(.transient, "other processes have been writing for too long")
        }
        if places == 0 {
            sched_yield()
            return
        }
        let wait = min(places * Self.pausePerPlaceMicroseconds, Self.longestPauseMicroseconds)
        var time = timespec(tv_sec: 0, tv_nsec: Int(wait * 1_000))
        nanosleep(&time, nil)
    }

    private static func monotonicMicroseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
