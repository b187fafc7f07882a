import Runtime
import Schema
import Store

/// `recourse waiting list`: the events that came before what they refer to, with what they wait for and until when.
package struct WaitingList: OperationReport, Codable, Hashable {
    package struct Item: Sendable, Hashable, Codable {
        package let stage: StageName
        package let source: String
        package let eventId: String
        package let type: String
        /// What it waits for, such as `case 5f30…`.
        package let reference: String
        /// Business time of its arrival here.
        package let arrived: Instant
        /// Business time of the end of its waiting: a dead letter then.
        package let endsAt: Instant

        init(_ waiting: WaitingEvent, at stage: StageName) {
            self.stage = stage
            source = waiting.event.source
            eventId = waiting.event.id
            type = waiting.type
            reference = waiting.reference.words
            arrived = waiting.arrived
            endsAt = waiting.endsAt
        }

        /// One line for a person.
        package var text: String { "\(stage.rawValue): waits for \(reference), until \(endsAt)" }
    }

    /// Which: those that have every given value.
    package struct Filter: Sendable, Hashable {
        package var stage: StageName?
        package var eventId: String?
        /// The id of what they wait for.
        package var referenceId: String?

        package init() {}

        fileprivate func matches(_ event: WaitingEvent) -> Bool {
            (eventId ?? event.event.id) == event.event.id && (referenceId ?? event.reference.id) == event.reference.id
        }
    }

    /// By stage, then by source and id.
    package let waiting: [Item]
    /// How many match in all.
    package let total: Int

    package static let limit = 1_000
    private static let pageSize = 500

    /// - Throws: `StoreFailure`.
    package static func read(
        _ stores: [StageName: any Store], _ filter: Filter = Filter(), limit: Int = limit
    ) async throws -> WaitingList {
        var (items, total) = ([Item](), 0)
        try await each(stores, filter) { event, stage in
            total += 1
            if items.count < limit { items.append(Item(event, at: stage)) }
        }
        return WaitingList(waiting: items, total: total)
    }

    /// Goes through all that match, by stage, then by source and id.
    static func each(
        _ stores: [StageName: any Store], _ filter: Filter = Filter(), _ body: (WaitingEvent, StageName) -> Void
    ) async throws {
        for stage in StageName.allCases where (filter.stage ?? stage) == stage {
            guard let store = stores[stage] else { continue }
            var position: EventKey?
            while true {
                let after = position
                let page = try await store.read { try $0.waiting(after: after, limit: pageSize) }
                for event in page where filter.matches(event) { body(event, stage) }
                guard page.count == pageSize, let last = page.last else { break }
                position = last.event
            }
        }
    }

    /// In seconds of business time; 0 before the clock has come so far.
    static func age(since: Instant, at now: Instant) -> Int64 {
        max(0, now.microseconds / 1_000_000 - since.microseconds / 1_000_000)
    }

    /// For people: hours and minutes, or seconds where it is less than a minute.
    static func words(ageSeconds seconds: Int64) -> String {
        seconds < 60
            ? "\(seconds) s" : seconds < 3_600 ? "\(seconds / 60) min" : "\(seconds / 3_600) h \(seconds / 60 % 60) min"
    }

    package var text: String {
        guard !waiting.isEmpty else { return "Nothing waits." }
        var table = TextTable("STAGE", "TYPE", "EVENT", "SOURCE", "WAITS FOR", "ARRIVED", "UNTIL")
        for one in waiting {
            table.add(
                one.stage.rawValue, one.type, one.eventId, one.source, one.reference, one.arrived.description,
                one.endsAt.description)
        }
        return (table.lines + ["\(waiting.count) of \(total) that wait."]).joined(separator: "\n")
    }
}
