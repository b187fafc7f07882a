import Broker

/// Messages in a row: taken from the front, added at the back, put back to the front; all at constant cost.
struct MemoryLine {
    private var items: [MemoryMessage] = []
    private var head = 0
    /// Of all bodies.
    private(set) var bytes = 0

    var count: Int { items.count - head }
    var isEmpty: Bool { count == 0 }
    var first: MemoryMessage? { isEmpty ? nil : items[head] }
    var all: ArraySlice<MemoryMessage> { items[head...] }

    mutating func append(_ message: MemoryMessage) {
        items.append(message)
        bytes += message.body.count
    }

    mutating func popFirst() -> MemoryMessage? {
        guard let message = first else { return nil }
        head += 1
        bytes -= message.body.count
        if head > 64 && head > items.count / 2 {
            items.removeFirst(head)
            head = 0
        }
        return message
    }

    mutating func prepend(_ message: MemoryMessage) { insert(message, at: 0) }

    /// `index` counts from the front, and is at most `count`.
    mutating func insert(_ message: MemoryMessage, at index: Int) {
        bytes += message.body.count
        if index == 0 && head > 0 {
            head -= 1
            items[head] = message
        } else {
            items.insert(message, at: head + index)
        }
    }

    /// Nil if there is none at that place.
    mutating func remove(at index: Int) -> MemoryMessage? {
        guard (0..<count).contains(index) else { return nil }
        let message = items.remove(at: head + index)
        bytes -= message.body.count
        return message
    }

    subscript(index: Int) -> MemoryMessage? { (0..<count).contains(index) ? items[head + index] : nil }
}
