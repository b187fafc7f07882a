/// The stages of the pipeline, in the order in which their timers of one instant run.
package enum StageName: String, CaseIterable, Sendable, Hashable, Codable, Comparable {
    case intake, routing, handling, callback, penalty, reports

    /// The CloudEvents `source` of what the stage emits.
    package var source: String { "recourse/" + rawValue }
    /// The queue that the stage's workers consume.
    package var queue: String { "recourse." + rawValue }

    package static func < (a: StageName, b: StageName) -> Bool {
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
}

/// Names one record of a stage.
package struct RecordKey: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The kind of record, e.g. `case`.
    package let kind: String
    package let id: String

    package init(kind: String, id: String) {
        self.kind = kind
        self.id = id
    }

    /// Few ids are those of records of two kinds, and every batch looks thousands of keys up.
    package func hash(into hasher: inout Hasher) { hasher.combine(id) }

    package static func < (a: RecordKey, b: RecordKey) -> Bool { (a.kind, a.id) < (b.kind, b.id) }
    /// `case/1f0c…`
    package var description: String { kind + "/" + id }
    /// As it is named to people: `case 1f0c…`.
    package var words: String { kind + " " + id }
}
