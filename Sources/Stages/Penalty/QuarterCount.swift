import Schema

/// What counts in one quarter towards the replacement of a manufacturer's service provider (R18).
struct QuarterCount: Codable, Hashable, Sendable {
    /// An upheld incident; of those of one case the earliest stands for all.
    struct Upheld: Codable, Hashable, Sendable, Comparable {
        let incidentId: String
        let caseId: String?
        let at: Instant

        static func < (a: Upheld, b: Upheld) -> Bool { (a.at, a.incidentId) < (b.at, b.incidentId) }

        func isSameMatter(as other: Upheld) -> Bool {
            incidentId == other.incidentId || (caseId != nil && caseId == other.caseId)
        }
    }

    /// No list is longer; the policy asks for no more (`replacementIncidents`).
    static let limit = NamedIds.limit

    let quarter: Quarter
    /// How many incidents releases before 0.3 have counted, which counted them when they were recorded, less those that
    /// have been handled since.
    var count = 0
    /// The first of these.
    var incidentIds: [String] = []
    /// A replacement was proposed for the quarter, or demanded by a release before 0.3. Nothing counts any more.
    var isDemanded = false
    /// By time.
    private var upheld: [Upheld]?
    /// With `strictConsecutive`: when customers were satisfied. Between two incidents the first and the last time are
    /// enough.
    private var satisfied: [Instant]?
    /// With `strictConsecutive`: when incidents occurred, whether they are handled or not.
    private var recorded: [Instant]?
    /// What had occurred by then is forgotten.
    private var forgotten: Instant?

    init(quarter: Quarter) {
        self.quarter = quarter
    }

    /// Everything that is counted together with what occurred at `instant`, by time.
    ///
    /// - Parameter isStrict: what lies beyond a satisfied callback is not. One of the very instant comes behind it.
    func counted(with instant: Instant, isStrict: Bool) -> (ids: [String], count: Int) {
        let marks = isStrict ? satisfied ?? [] : []
        func run(_ at: Instant) -> Int { marks.count { $0 < at } }
        let own = run(instant)
        let ids = incidentIds + (upheld ?? []).filter { run($0.at) == own }.map(\.incidentId)
        return (ids, count + ids.count - incidentIds.count)
    }

    /// Counts an upheld incident.
    mutating func uphold(_ incident: Upheld) {
        dismiss(incident.incidentId)
        guard !isDemanded, forgotten.map({ $0 < incident.at }) ?? true else { return }
        var all = upheld ?? []
        if let index = all.firstIndex(where: { $0.isSameMatter(as: incident) }) {
            guard incident < all[index] else { return }
            all.remove(at: index)
        }
        all.append(incident)
        all.sort()
        if all.count > Self.limit { all.removeFirst() }
        upheld = all
    }

    /// Takes an incident out of what an earlier release has counted.
    mutating func dismiss(_ incidentId: String) {
        guard let index = incidentIds.firstIndex(of: incidentId) else { return }
        incidentIds.remove(at: index)
        count -= 1
    }

    /// The replacement is proposed; nothing more is counted.
    mutating func close() {
        self = QuarterCount(quarter: quarter)
        isDemanded = true
    }
}

// MARK: In a row

extension QuarterCount {
    /// With `strictConsecutive`: an incident has occurred.
    mutating func note(incidentAt instant: Instant) {
        guard !isDemanded else { return }
        var times = recorded ?? []
        times.insertOnce(instant)
        if times.count > Self.limit {
            let first = max(times.removeFirst(), forgotten ?? .distantPast)
            forgotten = first
            upheld = upheld?.filter { $0.at > first }
            satisfied = satisfied?.filter { $0 >= first }
        }
        recorded = times
    }

    /// With `strictConsecutive`: a customer was satisfied; what has occurred before is not in a row with what follows.
    mutating func restart(at instant: Instant) {
        guard !isDemanded else { return }
        (count, incidentIds) = (0, [])
        var marks = satisfied ?? []
        marks.insertOnce(instant)
        let times = recorded ?? []
        var index = 1
        while index < marks.count - 1 {
            let (before, after) = (marks[index - 1], marks[index + 1])
            if times.contains(where: { before < $0 && $0 <= after }) {
                index += 1
            } else {
                marks.remove(at: index)
            }
        }
        satisfied = marks
    }
}

extension [Instant] {
    /// Into an ascending list.
    fileprivate mutating func insertOnce(_ instant: Instant) {
        let index = firstIndex { $0 >= instant } ?? endIndex
        if index == endIndex || self[index] != instant { insert(instant, at: index) }
    }
}
