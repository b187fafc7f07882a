import Synchronization

/// Whether a transaction may count on nobody else writing to the store beside it.
///
/// Such a transaction locks nothing that is absent and asks for no number of the journal: at its end the row of counters
/// tells whether anybody has written meanwhile; if so it is taken back and runs again, with locks. It is tried where nobody
/// has written since this store's last transaction; and after a vain try the next comes later.
final class Undisturbed: Sendable {
    private struct State {
        /// The last transaction of this store that has written the counters.
        var last: Int64?
        /// One has begun, and has not told yet that it is committed.
        var isTrying = false
        /// How many that might be undisturbed take locks after a vain try, and how many of them are still to come.
        var pause = 0
        var left = 0
    }

    private static let pauses = 16...4_096
    private let state = Mutex(State())

    /// For a transaction that begins, and has to tell of its commit.
    ///
    /// - Parameter writer: the transaction that has written the counters.
    func mayTry(behind writer: Int64) -> Bool {
        state.withLock { state in
            if state.isTrying {
                state.isTrying = false
                state.pause = min(max(2 * state.pause, Self.pauses.lowerBound), Self.pauses.upperBound)
                state.left = state.pause
            }
            guard state.last == writer else { return false }
            guard state.left == 0 else {
                state.left -= 1
                return false
            }
            state.isTrying = true
            return true
        }
    }

    /// - Parameter writer: the transaction; nil: it has not written the counters.
    func committed(_ writer: Int64?) {
        state.withLock { state in
            if let writer { state.last = writer }
            guard state.isTrying else { return }
            state.isTrying = false
            state.pause /= 2
        }
    }
}

/// How the counters call a transaction, once they have answered it; outlives it until its commit.
final class Written {
    var writer: Int64?
}
