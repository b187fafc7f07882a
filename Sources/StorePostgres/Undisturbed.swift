import Synchronization

/// Whether a transaction may count on nobody else writing to the store beside it.
///
/// Such a transaction locks nothing that is absent and asks for no number of the journal: at its end the row of counters
/// tells whether anybody has written meanwhile; if so it is taken back and runs again, with locks. While others are at
/// work that would be wasted, so after each vain try the next comes later.
final class Undisturbed: Sendable {
    private struct State {
        /// One has begun, and has not told yet that it is committed.
        var isTrying = false
        /// How many transactions take locks after a vain try, and how many of them are still to come.
        var pause = 0
        var left = 0
    }

    private static let pauses = 16...4_096
    private let state = Mutex(State())

    /// For a transaction that begins; whoever is told yes has to tell of its commit.
    func mayTry() -> Bool {
        state.withLock { state in
            if state.isTrying {
                state.isTrying = false
                state.pause = min(max(2 * state.pause, Self.pauses.lowerBound), Self.pauses.upperBound)
                state.left = state.pause
            }
            guard state.left == 0 else {
                state.left -= 1
                return false
            }
            state.isTrying = true
            return true
        }
    }

    func committed() {
        state.withLock { state in
            state.isTrying = false
            state.pause /= 2
        }
    }
}
