import Schema

/// The personal values of one event, sealed together. The order is that of the event type's shape.
package struct PersonalRow: Sendable, Hashable {
    package let number: Int64
    /// Part of every token that leads here: the person's number, or one drawn for this row.
    package let person: Int64
    /// What the values are about where the person was not known; then an erasure finds them by that.
    package let subject: PersonalSubject?
    /// Equal for equal content, where an event is compared by its content: the same content keeps its tokens.
    package let content: Int64?
    /// Business time of the event.
    package let at: Instant
    /// The id of the key that sealed it; empty: not sealed.
    package var key: String
    package var sealed: [UInt8]

    package init(
        number: Int64, person: Int64, subject: PersonalSubject?, content: Int64?, at: Instant, key: String,
        sealed: [UInt8]
    ) {
        self.number = number
        self.person = person
        self.subject = subject
        self.content = content
        self.at = at
        self.key = key
        self.sealed = sealed
    }
}

/// What a batch wants to know before its events can be given tokens.
package struct PersonalInquiry: Sendable {
    /// By what a person's phone is looked up (a keyed digest), with the number that a person not known yet shall get.
    package var persons: [PersonalLookup: Int64] = [:]
    package var subjects: Set<PersonalSubject> = []
    package var contents: Set<Int64> = []
    /// How many numbers of rows are needed.
    package var rows = 0
    /// Business time; persons are noted as seen then.
    package var now: Instant

    package init(now: Instant) {
        self.now = now
    }
}

package struct PersonalFindings: Sendable {
    /// Every person that was asked for.
    package var persons: [PersonalLookup: Int64] = [:]
    package var subjects: [PersonalSubject: Int64] = [:]
    /// Number and person of the row with that content.
    package var contents: [Int64: (row: Int64, person: Int64)] = [:]
    /// Numbers for rows, ascending, as many as were asked for.
    package var rows: [Int64] = []

    package init() {}
}

/// A keyed digest of a telephone number, 16 bytes.
package struct PersonalLookup: Hashable, Sendable, Comparable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package static func < (a: PersonalLookup, b: PersonalLookup) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}

/// By what a sealed message is found for a person: a keyed digest of a telephone number, or what the message is about.
package struct PersonalTrace: Hashable, Sendable {
    package let number: Int64

    package init(number: Int64) {
        self.number = number
    }

    package init(_ subject: PersonalSubject) {
        number = subject.number
    }

    /// The message holds more than is kept of it.
    package static let overfull = PersonalTrace(number: 0)
}

/// By what somebody's data are found.
package enum PersonalHandle: Hashable, Sendable {
    case phone(PersonalLookup)
    /// Whoever a case, callback, service or request is about; known by a phone or not.
    case matter(PersonalSubject)
}

/// What is kept of a person in one store.
package struct PersonalSummary: Sendable, Hashable {
    /// nil: rows about the matter alone, and nobody knows whose it is.
    package let person: Int64?
    /// nil: nobody can look the person up by a phone.
    package let lookup: PersonalLookup?
    /// nil: not noted of whom no phone is known.
    package let lastSeen: Instant?
    /// Events whose values are kept, and the business time of the first.
    package let rows: Int
    package let since: Instant?
    /// What the values are about; numbers, see `PersonalSubject`.
    package let subjects: Set<PersonalSubject>

    package init(
        person: Int64?, lookup: PersonalLookup?, lastSeen: Instant?, rows: Int, since: Instant?,
        subjects: Set<PersonalSubject>
    ) {
        self.person = person
        self.lookup = lookup
        self.lastSeen = lastSeen
        self.rows = rows
        self.since = since
        self.subjects = subjects
    }
}

/// A secret of the store, sealed like a row.
package struct PersonalSecret: Sendable, Hashable {
    package let key: String
    package let sealed: [UInt8]

    package init(key: String, sealed: [UInt8]) {
        self.key = key
        self.sealed = sealed
    }
}

/// Reads what is kept apart.
package protocol PersonalSnapshot {
    /// The secret that phones are digested with; nil: none was made yet.
    func personalSecret() throws -> PersonalSecret?
    /// Those that are there; rows of an erased person are not.
    func personalRows(_ numbers: [Int64]) throws -> [Int64: PersonalRow]
    /// Rows with a number above `after`, ascending.
    func personalRows(after: Int64, limit: Int) throws -> [PersonalRow]
    /// nil: nobody is known by that.
    func personalSummary(_ handle: PersonalHandle) throws -> PersonalSummary?
    /// All rows of a person, his subjects' included, ascending.
    func personalRows(of handle: PersonalHandle, limit: Int) throws -> [PersonalRow]
    /// Up to `limit` persons who were last seen before `bound`, the longest ago first.
    func personsUnseen(since bound: Instant, limit: Int) throws -> [PersonalLookup]
}

/// Writes what is kept apart.
package protocol PersonalTransaction: PersonalSnapshot {
    /// Keeps `secret` if there is none yet. Returns the one that is kept.
    func keepPersonalSecret(_ secret: PersonalSecret) throws -> PersonalSecret
    /// Replaces the secret as sealed by another key; the secret itself never changes.
    func resealPersonalSecret(_ secret: PersonalSecret) throws
    /// Answers a batch's questions; makes persons that are not known, and keeps those that are from being erased until
    /// this transaction ends. A number is given once, however often a transaction asks and whether or not it is used.
    func findPersonal(_ inquiry: PersonalInquiry) throws -> PersonalFindings
    /// Inserts rows under numbers that `findPersonal` gave, and notes whose matter a subject is, unless it is known.
    func keepPersonal(_ rows: [PersonalRow], subjects: [PersonalSubject: Int64]) throws
    /// Replaces key and content of rows that are still there.
    func resealPersonal(_ rows: [PersonalRow]) throws
    /// Deletes everything of a person: the person, his subjects, his rows, and the rows of unknown persons about his
    /// subjects. Returns what there was.
    func erasePerson(_ handle: PersonalHandle) throws -> PersonalSummary?
    /// Deletes these rows alone.
    func erasePersonal(_ numbers: [Int64]) throws
    /// Looks at up to `limit` rows with a number above `after`, and deletes those of before `bound` that belong to no
    /// person who is known. Returns the number of the last row looked at, nil at the end, and how many are gone.
    func eraseStrayPersonal(before bound: Instant, after: Int64, limit: Int) throws -> (last: Int64?, erased: Int)
}
