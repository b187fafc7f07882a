import Dispatch
import Foundation

/// Every SIGHUP since this was made; several that come close together count as one.
///
/// Made before the policy folder is first read, so that none is lost in between. It also keeps the signal from ending
/// the process, as it would by itself.
final class HangupSignals {
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
