import Schema

/// How many deliveries may be unacknowledged, so that those in hand stay within the memory limit.
///
/// It begins with as many as are within the limit if each is as large as a body may be. When it has been full for a
/// while with little in it, it widens. If large messages come then, the adapter reads no further than twice the limit until
/// some of them are settled, and the width becomes smaller.
struct PrefetchWidth: Sendable {
    let limits: WorkerLimits
    private(set) var current: Int
    /// Since the subscription.
    private var deliveries = 0
    private var largest = 0
    private var mostBytes = 0
    private var mostDeliveries = 0

    init(_ limits: WorkerLimits) {
        self.limits = limits
        current = min(limits.prefetch, max(1, limits.memoryBytes / max(1, limits.document.bodyBytes)))
    }

    /// - Parameters:
    ///   - bytes: of this delivery.
    ///   - inHand: this one and all others that are not settled.
    mutating func received(bytes: Int, inHand: (count: Int, bytes: Int)) {
        deliveries += 1
        largest = max(largest, bytes)
        mostBytes = max(mostBytes, inHand.bytes)
        mostDeliveries = max(mostDeliveries, inHand.count)
    }

    /// A width that fits what has come better; nil: the present one will do.
    var better: Int? {
        if mostBytes > limits.memoryBytes {
            let narrower = max(1, min(current / 2, limits.memoryBytes / max(1, largest)))
            return narrower < current ? narrower : nil
        }
        guard current < limits.prefetch, deliveries >= 4 * current, mostDeliveries >= current,
            mostBytes <= limits.memoryBytes / 8
        else { return nil }
        return min(limits.prefetch, 2 * current)
    }

    mutating func use(_ width: Int) {
        current = width
        (deliveries, largest, mostBytes, mostDeliveries) = (0, 0, 0, 0)
    }
}
