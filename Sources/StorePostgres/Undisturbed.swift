import Synchronization

/// Whether a transaction may count on nobody else writing to the store beside it.
///
/// Such a transaction locks nothing that is absent and asks for no number of the journal: at its end the row of counters
/// tells whether anybody has written meanwhile; if so it is taken back and runs again, with locks. It is tried when for a
/// number of transactions on end the store was left as this worker's last one had left it; where several are at work that
/// does not happen, as they come in turns. After a vain try the number is doubled.
final class Undisturbed: Sendable {
    private struct State {
        /// The last transaction of this store that has written the counters.
        var last: Int64?
        /// One has begun, and has not told yet that it is committed.
        var isTrying = false
        /// How many on end must have found the store as it was left, and how many have.
        var needed: Int
        var found = 0
    }

    static let usual = 16
    private static let most = 4_096
    private let least: Int
    private let state: Mutex<State>

    /// - Parameter least: how many must have found the store as it was left.
    init(least: Int) {
        self.least = least
        state = Mutex(State(needed: least))
    }

    /// For a transaction that begins, and has to tell of its commit.
    ///
    /// - Parameter writer: the transaction that has written the counters.
    func mayTry(behind writer: Int64) -> Bool {
        state.withLock { state in
            if state.isTrying {
                state.isTrying = false
                state.needed = min(max(2 * state.needed, Self.usual), Self.most)
                state.found = 0
            }
            guard state.last == writer else {
                state.found = 0
                return false
            }
            guard state.found >= state.needed else {
                state.found += 1
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
            state.needed = max(state.needed / 2, least)
        }
    }
}

/// How the counters call a transaction, once they have answered it; outlives it until its commit.
final class Written {
    var writer: Int64?
}
