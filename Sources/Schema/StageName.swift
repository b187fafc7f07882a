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
    /// Of the id; few ids are those of records of two kinds. A key is made once and looked up dozens of times.
    private let hashOfId: Int

    private enum CodingKeys: CodingKey {
        case kind, id
    }

    package init(kind: String, id: String) {
        self.kind = kind
        self.id = id
        hashOfId = id.hashValue
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            kind: try members.decode(String.self, forKey: .kind), id: try members.decode(String.self, forKey: .id))
    }

    package static func == (a: RecordKey, b: RecordKey) -> Bool {
        a.hashOfId == b.hashOfId && a.id == b.id && a.kind == b.kind
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(hashOfId) }

    package static func < (a: RecordKey, b: RecordKey) -> Bool { (a.kind, a.id) < (b.kind, b.id) }
    /// `case/1f0c…`
    package var description: String { kind + "/" + id }
    /// As it is named to people: `case 1f0c…`.
    package var words: String { kind + " " + id }
}
