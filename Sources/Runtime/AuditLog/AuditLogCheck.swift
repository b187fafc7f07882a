import Store

/// Walks the audit log from its first entry, and says where the chain breaks.
package struct AuditLogCheck: Sendable, Hashable {
    /// The first entry that is not what was written, and why it is known.
    package struct Break: Sendable, Hashable, Codable {
        package let number: Int64
        package let cause: String
    }

    /// Behind the entries seen so far.
    private var head = AuditLogHead.origin
    package private(set) var entries = 0
    /// Of these, whose content was erased.
    package private(set) var erased = 0
    package private(set) var broken: Break?
    /// Heads of before that are yet to be met.
    private var expected: [AuditLogHead]

    /// - Parameter expected: heads that were told at their time: each must be the chain's at its entry.
    package init(expecting expected: [AuditLogHead] = []) {
        self.expected = expected.sorted { $0.number < $1.number }
        meet()
    }

    /// Looks at the next entry, ascending; nothing behind the first break is looked at.
    package mutating func add(_ act: LoggedAct) {
        guard broken == nil else { return }
        let entry = act.entry
        guard entry.number == head.number + 1 else {
            return stop(head.number + 1, "it is missing: the next entry is \(entry.number)")
        }
        let next = head.followed(by: entry.frame, digest: entry.digest)
        guard next.hash == entry.head else {
            return stop(entry.number, "it, or one before it, was changed: the chain does not come to its head")
        }
        if let fault = act.fault { return stop(entry.number, fault) }
        head = next
        entries += 1
        if act.isErased { erased += 1 }
        meet()
    }

    /// - Parameter kept: the head as the store keeps it.
    package mutating func end(_ kept: AuditLogHead) {
        guard broken == nil else { return }
        if kept.number > head.number { return stop(head.number + 1, "it is missing: the last was \(kept.number)") }
        if kept != head { return stop(kept.number, "the head that is kept is not that of the last entry") }
        if let next = expected.first {
            stop(next.number, "it is missing: the head that was told of it is \(next.text)")
        }
    }

    private mutating func meet() {
        while let next = expected.first, next.number == head.number {
            expected.removeFirst()
            guard next == head else {
                return stop(next.number, "the log was written anew: the head that was told of it is \(next.text)")
            }
        }
    }

    private mutating func stop(_ number: Int64, _ cause: String) {
        broken = Break(number: number, cause: cause)
    }
}
