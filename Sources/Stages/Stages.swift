import Policy
import Schema

/// A stage decides: a pure, synchronous function over the records that it owns.
///
/// No I/O, no clock, no randomness: time and policy are arguments and ids are computed, so the same input over the same
/// records always gives the same output. Everything else – delivery, transactions, retries, timers – is the runtime's.
package protocol Stage: Sendable {
    static var name: StageName { get }
    /// What the stage takes from `recourse.inbox` (upstream's events).
    static var takesFromInbox: [EventType] { get }
    /// What the stage takes from `recourse.events` (other stages' events).
    static var takesFromEvents: [EventType] { get }
    /// The stages whose events it takes: they lie before it.
    static var follows: [StageName] { get }
    /// The kinds of record that the stage owns.
    static var recordTypes: [any Record.Type] { get }
    /// The stages whose word may meet deadlines here (`Wake.isMetByOthers`), and whose own that may depend on. Such a timer
    /// waits for them too.
    static var metBy: [StageName] { get }
    /// They are waited for only while an event waits for something of these kinds, which they may name; nil: always.
    static var metWhileWaitingFor: [String]? { get }

    /// The records that `input` needs, the one that it is about first. Of any of them a timer may have acted at a later
    /// time than an event's: then the event is late. One that was due before the event acts before it.
    ///
    /// Asked with nothing loaded, then once more with what the first answer named: so a request's id can lead to its
    /// case. A timer's own record is always loaded. Keys of records that do not exist are fine; a record that the step
    /// may create must be named here too.
    func keys(for input: Input, given records: RecordReader) -> [RecordKey]

    /// The same for a stage whose keys depend on the policy: what a timer will create, if a threshold is reached.
    /// This is what the runner asks; unless a stage says otherwise, it is `keys(for:given:)`.
    func keys(for input: Input, given records: RecordReader, policy: PolicyBook) -> [RecordKey]

    /// Records that exist from the start, without an event: the duties of listed stores and outlets.
    ///
    /// Written where they are absent, at start and when the policy is read again; `now` is the business clock then.
    func seeds(policy: PolicyBook, now: Instant) -> [(id: String, record: any Record)]

    /// Decides. Whatever was changed or emitted in `turn` counts only if the verdict is `.applied`.
    func step(_ input: Input, in turn: inout Turn) throws -> Verdict
}

extension Stage {
    package static var follows: [StageName] { [] }
    package static var metBy: [StageName] { [] }
    package static var metWhileWaitingFor: [String]? { nil }

    package func seeds(policy: PolicyBook, now: Instant) -> [(id: String, record: any Record)] { [] }

    package func keys(for input: Input, given records: RecordReader, policy: PolicyBook) -> [RecordKey] {
        keys(for: input, given: records)
    }
}

/// A record: what a stage remembers about one thing, e.g. a case. Written as JSON, members in order of declaration;
/// so no `Dictionary` or `Set` inside (`SortedMap`, sorted arrays).
package protocol Record: Codable, Sendable {
    static var kind: String { get }
    /// Members that earlier releases wrote and this one does not know any more. A record with any other member that is
    /// not known is a newer release's, and left to its workers: to write it again would lose that member.
    static var retiredMembers: [String] { get }
    /// When time alone next changes this record; nil: never. Derived from the record, so no timer can be forgotten.
    ///
    /// When it comes, the stage gets `Input.timer` with `now` = that instant, and must change the record so that `wake`
    /// is later or of a higher order (or nil).
    var wake: Wake? { get }
}

/// When a record wants to be woken.
package struct Wake: Hashable, Sendable, Comparable {
    package let at: Instant
    /// Among the timers of one instant in one stage the lower order comes first, whatever the record
    /// (penalty: obligations, ends of terms, training, month close, weekly evaluation).
    package let order: Int
    /// It acts only when the stage is at rest: what the queue holds may bear on it whatever its time, so no event runs
    /// it on the way. No part of what a wake equals.
    package let waitsForRest: Bool
    /// The word of another stage may meet the deadline: the timer waits for those too (`Stage.metBy`). No part of what a
    /// wake equals.
    package let isMetByOthers: Bool

    package init(at: Instant, order: Int = 0, waitsForRest: Bool = false, isMetByOthers: Bool = false) {
        self.at = at
        self.order = order
        self.waitsForRest = waitsForRest
        self.isMetByOthers = isMetByOthers
    }

    package static func == (a: Wake, b: Wake) -> Bool { (a.at, a.order) == (b.at, b.order) }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(at)
        hasher.combine(order)
    }

    package static func < (a: Wake, b: Wake) -> Bool { (a.at, a.order) < (b.at, b.order) }
}

/// What makes a stage decide.
package enum Input: Sendable {
    case event(Event)
    /// The record's `wake` has come.
    case timer(RecordKey, Wake)
}

/// What became of an input.
package enum Verdict: Sendable {
    /// The changes and emissions of the turn hold (there may be none: the input was recorded without effect).
    case applied
    /// A rule refuses the event: `business.rejected` with reason and figures, nothing else changes.
    case refused(Rejection)
    /// The event refers to something that this stage does not know yet, named by the key of its record: it waits for the
    /// step that makes the record. If none does, the event is dead in the end.
    case unknownReference(RecordKey)
    /// It refers to something that may still come, which `Turn.makeKnown` will name; if that does not come in time the event
    /// is no dead letter: the rule refuses it.
    case waits(RecordKey, orElse: Rejection)

    /// What the event waits for.
    var reference: RecordKey? {
        switch self {
        case .unknownReference(let key), .waits(let key, orElse: _): key
        case .applied, .refused: nil
        }
    }
}

/// Why a rule refuses a well-formed event.
package struct Rejection: Sendable, Hashable {
    /// A short stable word, e.g. `id-taken`, `unknown-person`, `attempt-known`.
    package let reason: String
    /// What was compared, e.g. `{"disbursedFen": 100, "recoveredFen": 120}`. No personal data.
    package let figures: JSON

    package init(_ reason: String, _ figures: JSON = [:]) {
        self.reason = reason
        self.figures = figures
    }
}

/// Reads the records that were loaded for an input.
package struct RecordReader: Sendable {
    /// Whether anything was asked for: an answer that has asked for nothing follows from the input alone.
    ///
    /// `@unchecked Sendable`: a reader is used by one call at a time, on its thread.
    final class Questions: @unchecked Sendable {
        fileprivate(set) var areAsked = false
    }

    private let records: RecordList
    private let questions: Questions?

    package init() {
        self.init(RecordList(), noting: nil)
    }

    init(_ records: RecordList, noting questions: Questions?) {
        self.records = records
        self.questions = questions
    }

    package subscript(_ key: RecordKey) -> (any Record)? {
        questions?.areAsked = true
        return records[key]
    }

    package func get<R: Record>(_ type: R.Type, _ id: String) -> R? {
        self[RecordKey(kind: R.kind, id: id)] as? R
    }
}

/// The few records of one input: of so few a list is looked through faster than a dictionary is made.
struct RecordList: Sendable {
    private(set) var entries: [(key: RecordKey, record: any Record)] = []

    subscript(key: RecordKey) -> (any Record)? {
        entries.first { $0.key == key }?.record
    }

    /// - Parameter key: of which there is none yet.
    mutating func add(_ record: any Record, _ key: RecordKey) { entries.append((key, record)) }

    mutating func put(_ record: any Record, _ key: RecordKey) {
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index].record = record
        } else {
            add(record, key)
        }
    }
}

extension Record {
    package static var retiredMembers: [String] { [] }

    package static func key(_ id: String) -> RecordKey { RecordKey(kind: kind, id: id) }
}
