/// Which deliveries of a channel are open, and the fewest acknowledgements that say what has been decided.
///
/// Tags count from 1 without a gap, one consumer per channel. What is decided twice, or was never delivered, is
/// ignored: the broker would close the channel for an unknown tag (406).
struct AcknowledgementLedger {
    enum Action: Equatable {
        case acknowledge(tag: UInt64, multiple: Bool)
        case requeue(tag: UInt64)
    }

    private enum Mark { case open, acknowledged, requeued, settled }

    /// The tag of `marks[0]`.
    private var first: UInt64 = 1
    private var marks: [Mark] = []
    /// Of each, in bytes.
    private var sizes: [Int] = []
    private(set) var hasActions = false
    /// Of the deliveries that nothing has been decided about.
    private(set) var openBytes = 0

    /// False if the tag is not the next one.
    mutating func delivered(_ tag: UInt64, bytes: Int) -> Bool {
        guard tag == first + UInt64(marks.count) else { return false }
        marks.append(.open)
        sizes.append(bytes)
        openBytes += bytes
        return true
    }

    mutating func acknowledge(through tag: UInt64) {
        guard tag >= first else { return }
        for index in 0..<Int(min(tag - first + 1, UInt64(marks.count))) { decide(index, .acknowledged) }
    }

    mutating func acknowledge(_ tag: UInt64) { decide(tag, .acknowledged) }

    mutating func requeue(_ tag: UInt64) { decide(tag, .requeued) }

    private mutating func decide(_ tag: UInt64, _ mark: Mark) {
        guard tag >= first, tag - first < UInt64(marks.count) else { return }
        decide(Int(tag - first), mark)
    }

    private mutating func decide(_ index: Int, _ mark: Mark) {
        guard marks[index] == .open else { return }
        marks[index] = mark
        openBytes -= sizes[index]
        hasActions = true
    }

    /// What to tell the broker now, in this order.
    ///
    /// Requeues come first: an acknowledgement "of all up to" would otherwise take them along.
    mutating func takeActions() -> [Action] {
        guard hasActions else { return [] }
        hasActions = false
        var actions: [Action] = []
        for index in marks.indices where marks[index] == .requeued {
            actions.append(.requeue(tag: first + UInt64(index)))
            marks[index] = .settled
        }
        let prefix = marks.firstIndex(of: .open) ?? marks.count
        let acknowledged = marks[..<prefix].filter { $0 == .acknowledged }.count
        if acknowledged > 0, let last = marks[..<prefix].lastIndex(of: .acknowledged) {
            actions.append(.acknowledge(tag: first + UInt64(last), multiple: acknowledged > 1))
        }
        for index in marks.indices.dropFirst(prefix) where marks[index] == .acknowledged {
            actions.append(.acknowledge(tag: first + UInt64(index), multiple: false))
            marks[index] = .settled
        }
        marks.removeFirst(prefix)
        sizes.removeFirst(prefix)
        first += UInt64(prefix)
        return actions
    }
}
