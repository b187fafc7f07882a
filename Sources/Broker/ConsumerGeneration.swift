/// What a consumer's tag tells the HTTP API about its release.
///
/// A queue that only older releases write to may go when none of their workers is left. AMQP has no other place in which a
/// worker could say of which release it is that everybody may see who sees the queue.
package enum ConsumerGeneration {
    /// Rises when workers need something in the broker no longer. Workers before 0.2.0 have no mark: they are of the first.
    private static let mark = " #2"

    package static func tag(_ name: String) -> String { name + mark }

    /// Is it a worker that writes to what this release has retired?
    package static func isOlder(_ tag: String) -> Bool { !tag.hasSuffix(mark) }
}
