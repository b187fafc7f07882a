import Broker
import Dispatch
import Foundation
import Logging
import Store
import Synchronization

/// Every SIGHUP since this was made; several that come close together count as one.
///
/// Made before the policy folder is first read, so that none is lost in between. It also keeps the signal from ending
/// the process, as it would by itself.
///
/// Unchecked, as the source, which no module calls Sendable, is only made and cancelled.
final class HangupSignals: @unchecked Sendable {
    let all: AsyncStream<Void>
    private let source: any DispatchSourceSignal

    init() {
        signal(SIGHUP, SIG_IGN)
        let (stream, announce) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        all = stream
        source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: DispatchQueue(label: "recourse.hangup"))
        source.setEventHandler { announce.yield() }
        source.resume()
    }

    deinit { source.cancel() }

    /// Runs `body`, and `act` after each signal, one at a time, until `body` returns.
    func calling(_ act: @escaping @Sendable () async -> Void, during body: () async -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask { [all] in
                for await _ in all { await act() }
            }
            await body()
            group.cancelAll()
        }
    }
}

/// Whether the program is to stop, and what is done about it from then on.
final class StopSign: Sendable {
    private struct State {
        var isSet = false
        var act: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isSet: Bool { state.withLock { $0.isSet } }

    func set() {
        let act = state.withLock { state in
            state.isSet = true
            return state.act
        }
        act?()
    }

    /// Runs `body`; `stop` is called when the sign is set, at once if it is already.
    func calling(_ stop: @escaping @Sendable () -> Void, during body: () async throws -> Void) async rethrows {
        let isSet = state.withLock { state in
            state.act = stop
            return state.isSet
        }
        if isSet { stop() }
        defer { state.withLock { $0.act = nil } }
        try await body()
    }
}

/// Sets a sign at SIGTERM, SIGINT, and the end of a supervisor's pipe. Made before a program first waits for its database or
/// its broker, so that it can be stopped there too; the first process of a container is not ended by these signals otherwise.
final class StopSignals {
    let sign = StopSign()
    private let sources: [any DispatchSourceProtocol]

    init() {
        let (queue, sign) = (DispatchQueue(label: "recourse.signals"), sign)
        var sources: [any DispatchSourceProtocol] = [SIGTERM, SIGINT].map { number in
            // Not ignored before: what comes until the source listens, some milliseconds on a busy machine, would be lost, and
            // the program would run on. So it ends the process, which holds nothing yet.
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { sign.set() }
            source.resume()
            return source
        }
        if ProcessInfo.processInfo.environment["RECOURSE_SUPERVISED"] == "1" {
            // The supervisor holds the other end of standard input: its end, however it comes, ends the worker too.
            let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: queue)
            source.setEventHandler {
                var byte: UInt8 = 0
                if read(STDIN_FILENO, &byte, 1) <= 0 {
                    source.cancel()
                    sign.set()
                }
            }
            source.resume()
            sources.append(source)
        }
        self.sources = sources
    }

    deinit { for source in sources { source.cancel() } }
}

/// The program was told to stop before its work began: it has nothing to finish.
struct StoppedWhileWaiting: Error {}

/// Tries what needs the database or the broker until they are there, or until the program is told to stop.
struct Patience: Sendable {
    let logger: Logger
    let sign: StopSign

    /// Of causes for which database or broker cannot be used, each is said once, and so many at most.
    private static let mostSaid = 10
    private static let longestPause = Duration.seconds(5)
    private static let look = Duration.milliseconds(100)

    /// - Throws: `StoppedWhileWaiting`; what `body` throws and no waiting helps against, such as `ConfigurationFaults`.
    func callAsFunction<T>(_ body: () async throws -> T) async throws -> T {
        var said: Set<String> = []
        var pause = Self.look
        while !sign.isSet {
            let (what, failure): (String, any Error)
            do {
                return try await body()
            } catch let error as StoreFailure where error.kind == .transient || error.kind == .unavailable {
                (what, failure) = ("database", error)
            } catch let error as BrokerFailure where error.isRetriable || error.kind == .access || error.kind == .login
            {
                (what, failure) = ("broker", error)
            }
            if said.insert("\(what) \(failure)").inserted, said.count <= Self.mostSaid {
                logger.error("the \(what) cannot be used; trying again", metadata: ["cause": "\(failure)"])
            }
            pause = min(pause * 2, Self.longestPause)
            var left = pause
            while left > .zero, !sign.isSet {
                try await Task.sleep(for: Self.look)
                left -= Self.look
            }
        }
        throw StoppedWhileWaiting()
    }
}
