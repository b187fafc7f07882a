import Runtime
import Schema
import Store

/// `recourse waiting groups`: what is waited for, and since when; the longest first.
package struct WaitingGroups: OperationReport, Codable, Hashable {
    package struct Group: Sendable, Hashable, Codable {
        package let stage: StageName
        /// Such as `case 5f30…`.
        package let reference: String
        package fileprivate(set) var count: Int
        /// Business time at which the first of them came.
        package fileprivate(set) var since: Instant
        /// How long that is ago, in seconds of business time.
        package fileprivate(set) var ageSeconds: Int64
        /// Business time at which the first of them comes to its end.
        package fileprivate(set) var firstEnd: Instant
        /// Who has sent them, ascending; of more than five the first five.
        package fileprivate(set) var sources: [String]
    }

    package let groups: [Group]
    /// How many groups and events there are in all.
    package let total: Int
    package let events: Int

    private static let sourceLimit = 5

    /// - Parameter now: business time.
    /// - Throws: `StoreFailure`.
    package static func read(
        _ stores: [StageName: any Store], _ filter: WaitingList.Filter = WaitingList.Filter(), at now: Instant,
        limit: Int = WaitingList.limit
    ) async throws -> WaitingGroups {
        // No more than the stores may hold: 100,000 at a stage.
        var found: [StageName: [RecordKey: Group]] = [:]
        var events = 0
        try await WaitingList.each(stores, filter) { event, stage in
            events += 1
            var group =
                found[stage]?[event.reference]
                ?? Group(
                    stage: stage, reference: event.reference.words, count: 0, since: event.arrived, ageSeconds: 0,
                    firstEnd: event.endsAt, sources: [])
            group.count += 1
            group.since = min(group.since, event.arrived)
            group.ageSeconds = WaitingList.age(since: group.since, at: now)
            group.firstEnd = min(group.firstEnd, event.endsAt)
            if !group.sources.contains(event.event.source), group.sources.count < sourceLimit {
                group.sources.append(event.event.source)
            }
            found[stage, default: [:]][event.reference] = group
        }
        let all = found.values.flatMap(\.values).sorted { a, b in
            (a.since, a.stage, a.reference) < (b.since, b.stage, b.reference)
        }
        return WaitingGroups(groups: Array(all.prefix(max(0, limit))), total: all.count, events: events)
    }

    package var text: String {
        guard !groups.isEmpty else { return "Nothing waits." }
        var table = TextTable("STAGE", "WAITS FOR", ">EVENTS", ">AGE", "SINCE", "FIRST END", "SOURCES")
        for one in groups {
            table.add(
                one.stage.rawValue, one.reference, String(one.count), WaitingList.words(ageSeconds: one.ageSeconds),
                one.since.description, one.firstEnd.description, one.sources.joined(separator: ", "))
        }
        let counted = "\(groups.count) of \(total) things that are waited for, by \(events) events in all."
        return (table.lines + [counted]).joined(separator: "\n")
    }
}
