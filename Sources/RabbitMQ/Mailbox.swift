internal import CRabbitMQ
import Glibc
import Synchronization

/// Commands on their way to a connection's thread.
///
/// Any thread may post, none ever waits. The thread sleeps in poll(2) on `signal`, an eventfd that a post makes
/// readable. Unbounded by itself: every command answers to something bounded (a prefetch count, the caller's window).
final class Mailbox<Command: Sendable>: Sendable {
    private struct State {
        var commands: [Command] = []
        var isOpen = true
    }

    private let state = Mutex(State())
    /// Negative when the process is out of descriptors; `Sockets.wait` then looks ten times a second.
    let signal: Int32

    init() {
        signal = recourse_eventfd()
    }

    deinit { if signal >= 0 { close(signal) } }

    /// False when the thread has ended and nobody will take the command.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let wasEmpty: Bool? = state.withLock { state in
            guard state.isOpen else { return nil }
            defer { state.commands.append(command) }
            return state.commands.isEmpty
        }
        guard let wasEmpty else { return false }
        if wasEmpty { ring() }
        return true
    }

    private func ring() {
        guard signal >= 0 else { return }
        var one: UInt64 = 1
        // Fails only when the counter is full, and then the signal is readable anyway.
        _ = write(signal, &one, MemoryLayout<UInt64>.size)
    }

    /// All commands so far, in the order of the calls; silences the signal.
    func take() -> [Command] {
        var count: UInt64 = 0
        // Fails when nothing has been posted since, which is as good.
        if signal >= 0 { _ = read(signal, &count, MemoryLayout<UInt64>.size) }
        return state.withLock { state in
            defer { state.commands.removeAll() }
            return state.commands
        }
    }

    /// Ends the mailbox; what came too late is returned so that it can be answered.
    func shut() -> [Command] {
        state.withLock { state in
            state.isOpen = false
            defer { state.commands = [] }
            return state.commands
        }
    }
}
