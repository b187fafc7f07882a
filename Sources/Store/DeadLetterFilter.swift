import Schema

/// Where a page of a list ended.
package struct DeadLetterPlace: Sendable, Hashable {
    package let number: Int64

    package init(number: Int64) {
        self.number = number
    }
}

/// Which rows: those that have every given value.
package struct DeadLetterFilter: Sendable, Hashable {
    package var state: DeadLetterState?
    /// Whether another row has taken its place (`LetterStanding`).
    package var isSucceeded: Bool?
    package var failureClass: String?
    package var queue: String?
    /// An event's name, or its type with the version: letters have either, as what died told it.
    package var type: String?
    package var eventId: String?
    package var source: String?
    package var fingerprint: String?
    package var assignee: String?
    /// Of the last failure, wall time: from this instant on.
    package var from: Instant?
    /// Before this one.
    package var until: Instant?
    /// Parked no later than the row of this number.
    package var upTo: Int64?
    /// Those that are found by every one of these (`LetterTracing`); not what is not indexed yet.
    package var traces: [PersonalTrace] = []
    /// Contained in the id, source, event id, type, case id, code, message, pointer or rule; ASCII letters match in either case.
    package var text: String?

    package init() {}

    /// As which `type` may stand in a letter; empty: any.
    package var types: [String] {
        guard let type else { return [] }
        let name = type.hasSuffix(".v1") ? String(type.dropLast(3)) : type
        return [name, name + ".v1"]
    }
}

/// A row of a selection, without content.
package struct LetterPlace: Sendable, Hashable {
    package let number: Int64
    package let id: String
    package let state: DeadLetterState
    package let version: Int64
    /// See `ParkedLetter.isErased`.
    package let isErased: Bool
    /// Another row has taken its place.
    package let isSucceeded: Bool

    package init(
        number: Int64, id: String, state: DeadLetterState, version: Int64, isErased: Bool, isSucceeded: Bool
    ) {
        self.number = number
        self.id = id
        self.state = state
        self.version = version
        self.isErased = isErased
        self.isSucceeded = isSucceeded
    }
}

/// Letters that have failed in one way.
package struct LetterGroup: Sendable, Hashable {
    package let fingerprint: String
    package let queue: String
    package let failureClass: String
    package let code: String
    package let pointer: String
    package let rule: String
    package let count: Int
    package let open: Int
    package let firstAt: Instant
    package let lastAt: Instant
    /// How many sources and event types there are among them, and the first of each in the order of their bytes.
    package let sources: Int
    package let source: String?
    package let types: Int
    package let type: String?
    /// The newest parked of them.
    package let newest: Int64

    package init(
        fingerprint: String, queue: String, failureClass: String, code: String, pointer: String, rule: String,
        count: Int, open: Int, firstAt: Instant, lastAt: Instant, sources: Int, source: String?, types: Int,
        type: String?, newest: Int64
    ) {
        self.fingerprint = fingerprint
        self.queue = queue
        self.failureClass = failureClass
        self.code = code
        self.pointer = pointer
        self.rule = rule
        self.count = count
        self.open = open
        self.firstAt = firstAt
        self.lastAt = lastAt
        self.sources = sources
        self.source = source
        self.types = types
        self.type = type
        self.newest = newest
    }
}
