import Schema
import Store

/// The wakes of records, earliest first: a heap that may also hold wakes that no longer count. Whoever takes one asks
/// the records whether it does. So a change costs O(log n), and undoing one is adding the old wake again.
struct WakeQueue {
    struct Entry: Comparable {
        let at: Instant
        let order: Int
        let key: RecordKey

        static func < (a: Entry, b: Entry) -> Bool {
            if a.at != b.at { return a.at < b.at }
            if a.order != b.order { return a.order < b.order }
            return a.key < b.key
        }
    }

    private var heap: [Entry] = []

    var first: Entry? { heap.first }
    var count: Int { heap.count }

    mutating func add(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }

    mutating func replace(with entries: [Entry]) {
        // A sorted array is a heap.
        heap = entries.sorted()
    }
}
