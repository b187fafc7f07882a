import Policy
import Schema

/// One input's turn: what it may read, and what it changes and emits.
package struct Turn: Sendable {
    package let policy: PolicyBook
    /// The rule's time: of the event, or the due time of the timer. Never the time of processing.
    package let now: Instant
    /// A timer of a record that the event needs has already acted at a later time than the event's.
    package let isLate: Bool
    /// It has waited as long as it may: what it waits for does not come. Also where a journal is run again, for what it holds
    /// was decided.
    package let isLast: Bool
    /// What `keys(for:given:policy:)` has named for this input, in its order; behind them what an earlier answer named.
    package let keys: [RecordKey]
    private let records: RecordReader
    private(set) var changes = RecordList()
    package private(set) var emissions: [Emission] = []
    /// What `makeKnown` has named.
    package private(set) var known: [RecordKey] = []

    package init(
        policy: PolicyBook, now: Instant, isLate: Bool, isLast: Bool = false, keys: [RecordKey] = [],
        records: RecordReader
    ) {
        self.policy = policy
        self.now = now
        self.isLate = isLate
        self.isLast = isLast
        self.keys = keys
        self.records = records
    }

    package func get<R: Record>(_ type: R.Type, _ id: String) -> R? {
        let key = RecordKey(kind: R.kind, id: id)
        if let changed = changes[key] { return changed as? R }
        return records.get(type, id)
    }

    /// Writes a record that was named by `keys(for:given:)`.
    package mutating func put<R: Record>(_ record: R, _ id: String) {
        changes.put(record, RecordKey(kind: R.kind, id: id))
    }

    /// Says that events which refer to `key` may be judged now, though no record of that name has come to be. A record
    /// that this turn makes need not be named. `keys(for:given:)` must name, for this turn as for the events that wait, one
    /// record that exists by then: both lock it, so neither overlooks the other, and those that a full transaction leaves
    /// behind are found through it.
    package mutating func makeKnown(_ key: RecordKey) { known.append(key) }

    /// Emits an event.
    ///
    /// - Parameters:
    ///   - about: the record whose version becomes the event's `sequence`.
    ///   - time: the event's CloudEvents time; `now` unless the rule says otherwise.
    ///   - rule: the rule's id, e.g. `R04`.
    ///   - parameters: the numbers of the policy that counted.
    ///   - facts: what was found; no personal data, and nothing that only the order of arrival within an instant decides.
    package mutating func emit(
        _ data: any EventData, id: String? = nil, about: RecordKey?, time: Instant? = nil,
        to destination: Destination = .events, rule: String, parameters: JSON = [:], facts: JSON = [:]
    ) {
        emissions.append(
            Emission(
                data: data, id: id, about: about, time: time ?? now, destination: destination, isLate: isLate,
                because: Because(rule: rule, parameters: parameters, facts: facts, policy: policy.version)))
    }
}

/// An event that a turn emits; the runtime gives it its id and sequence.
package struct Emission: Sendable {
    package let data: any EventData
    /// Of the event; nil: by what it follows from and its place there.
    package let id: String?
    package let about: RecordKey?
    package let time: Instant
    package let destination: Destination
    package let isLate: Bool
    package let because: Because
}

/// Where an emission goes.
package enum Destination: Sendable, Hashable {
    /// `recourse.events`; the routing key is the event's name, and `EventData.keySuffix` behind it.
    case events
    /// `recourse.handlers` with that routing key (`store.<id>`, `region.<id>`, `hq`).
    case handlers(String)
}
