/// A label's closed set of values. Counted by their places, written by their texts; never an id, a person or an error's text.
package protocol LabelValue: CaseIterable, Hashable, RawRepresentable, Sendable where RawValue == Int {
    static var label: String { get }
    /// What the values are, for the documentation.
    static var meaning: String { get }
    var text: String { get }
}

extension LabelValue {
    package var text: String { "\(self)" }
}

/// What became of a message. All that was received is in one of them, in hand, or went back with a lost connection.
package enum Outcome: Int, LabelValue {
    case applied, rejected, duplicate, waiting, delayed, dead, returned

    package static let label = "outcome"
    package static let meaning = """
        `applied`; `rejected` by a rule (`business.rejected`); `duplicate`; `waiting` in the store for what it refers to; \
        `delayed` through a delay queue; `dead`; `returned` to the queue, at a stop
        """
}

/// What became of a message that was handed to the broker. One that is `nacked`, `returned` or `lost` is sent again.
package enum SendResult: Int, LabelValue {
    case confirmed, nacked, returned, lost

    package static let label = "result"
    package static let meaning = """
        `confirmed`; `nacked`: a queue is full or failed; `returned`: no queue is bound, though the topology promises one; \
        `lost`: the connection went before the confirm
        """
}

/// Why a message is a dead letter.
package enum DeathCode: Int, LabelValue {
    case contract, contentEncoding, binaryMode, misrouted, oversized, idReused, unknownReference, newerRelease,
        stageFault,
        storeFault
    case unroutable, unstorable, deliveryLimit, maxlen, expired, other

    package static let label = "code"
    package static let meaning = """
        the code of the dead letter; `delivery_limit`, `maxlen` and `expired` are the broker's; what is none of them is `other`
        """

    private static let byText = Dictionary(uniqueKeysWithValues: allCases.map { ($0.text, $0) })

    package init(code: String) { self = Self.byText[code] ?? .other }

    package var text: String {
        // The broker's own spelling.
        if self == .deliveryLimit { return "delivery_limit" }
        return "\(self)".reduce(into: "") { text, letter in
            text += letter.isUppercase ? "-\(letter.lowercased())" : "\(letter)"
        }
    }
}

/// What a transaction was for.
package enum WorkKind: Int, LabelValue {
    case events, timers, waiting, upkeep

    package static let label = "work"
    package static let meaning = "`events`; `timers`; `waiting`: events that waited; `upkeep`: lease and outbox"
}

/// By which way a message came, told by its exchange: only stages publish to that of the events.
package enum Origin: Int, LabelValue {
    case stages, upstream, replay

    package static let label = "origin"
    package static let meaning = "`stages`; `upstream`: `recourse.inbox`, where it says when it was sent; `replay`"
}

package enum LinkName: Int, LabelValue {
    case consumer, publisher

    package static let label = "connection"
    package static let meaning = "`consumer`, `publisher`: each has a connection of its own"
}

/// As `StoreFailure.Kind` has them.
package enum StoreTrouble: Int, LabelValue {
    case transient, unavailable, damaged, corrupt

    package static let label = "kind"
    package static let meaning = """
        `transient`: busy, or the connection was lost; `unavailable`: goes on only when a person helps; `damaged`: the file \
        itself; `corrupt`: what a message or record holds
        """
}

/// What the parking worker did about a message of `recourse.dead`.
package enum ParkedFate: Int, LabelValue {
    case fresh, known

    package static let label = "fate"
    package static let meaning = "`fresh`: a new row, or one that is open again; `known`: it was there"
}
