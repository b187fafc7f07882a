import Schema
import Stages
import Synchronization

/// Values of records that were read or written not long ago, by the bytes that tell them: a hot record – the span of a brand
/// that everybody complains of – is in batch after batch, and to decode it costs more than all else that is done with it.
///
/// Bytes are compared, so it does not matter who wrote them, or whether the transaction was rolled back.
final class DecodedRecords: Sendable {
    private struct Known {
        let body: [UInt8]
        let value: any Record
    }

    /// What was asked for since the turn of generations, and what was before; of the latter nothing is left at the next.
    private struct Generations {
        var young: [RecordKey: Known] = [:]
        var old: [RecordKey: Known] = [:]
        /// Of the bodies in `young`.
        var bytes = 0
    }

    /// In bytes of bodies, for each of the two generations; values take a few times as much.
    private let limit: Int
    private let generations = Mutex(Generations())

    init(limit: Int = 1 << 20) {
        self.limit = limit
    }

    func value(of key: RecordKey, body: [UInt8]) -> (any Record)? {
        generations.withLock { generations in
            if let known = generations.young[key] { return known.body == body ? known.value : nil }
            guard let known = generations.old[key], known.body == body else { return nil }
            note(known, key, &generations)
            return known.value
        }
    }

    /// - Parameter value: what `body` tells.
    func note(_ value: any Record, of key: RecordKey, body: [UInt8]) {
        generations.withLock { note(Known(body: body, value: value), key, &$0) }
    }

    private func note(_ known: Known, _ key: RecordKey, _ generations: inout Generations) {
        // It would take the place of all others.
        guard known.body.count <= limit / 4 else { return }
        if generations.bytes + known.body.count > limit {
            generations.old = generations.young
            generations.young = [:]
            generations.bytes = 0
        }
        let former = generations.young.updateValue(known, forKey: key)
        generations.bytes += known.body.count - (former?.body.count ?? 0)
    }
}
