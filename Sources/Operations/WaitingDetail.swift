import Broker
import Runtime
import Schema
import Store

/// `recourse waiting show`: everything about the events of some ids, and those that wait for what has one of them.
package struct WaitingDetail: OperationReport, Encodable, Hashable {
    package struct Item: Sendable, Hashable, Encodable {
        package let event: WaitingList.Item
        /// RabbitMQ's user, which the broker has checked; nil: the sender has not set it.
        package let user: String?
        package let ageSeconds: Int64
        /// What will become of it.
        package let outlook: String
        package let bodyBytes: Int
        /// Masked; nil: not asked for, or not to be shown.
        package let body: JSON?
        package let bodyNote: String?
        let bodyLines: [String]

        private enum CodingKeys: String, CodingKey {
            case event, user, ageSeconds, outlook, bodyBytes, body, bodyNote
        }

        /// - Parameters:
        ///   - delivery: the message as it would come out of a delay queue; nil: it has been decided meanwhile.
        ///   - now: business time.
        init(_ waiting: WaitingEvent, at stage: StageName, _ delivery: Delivery?, withBody: Bool, now: Instant) {
            event = WaitingList.Item(waiting, at: stage)
            if case .string(let name)? = delivery?.properties[header: FailureHeader.user] {
                user = name
            } else {
                user = nil
            }
            ageSeconds = WaitingList.age(since: waiting.arrived, at: now)
            outlook = Self.outlook(waiting, now: now)
            let bytes = delivery?.body ?? []
            bodyBytes = bytes.count
            guard withBody else {
                (body, bodyNote, bodyLines) = (nil, nil, [])
                return
            }
            guard let json = DeadLetterDetail.json(bytes.withoutByteOrderMark) else {
                (body, bodyNote, bodyLines) = (nil, "there is none: it was erased", [])
                return
            }
            let masked = Masking.event(json) ?? Masking.structure(json)
            body = masked
            bodyNote = "names, phone numbers, addresses, free text and unknown members are masked"
            bodyLines = PointedJSON(masked, of: json, faults: []).lines
        }

        private static func outlook(_ waiting: WaitingEvent, now: Instant) -> String {
            if waiting.endsAt <= now {
                return "its time is over: it becomes a dead letter (unknown-reference) as soon as its stage is at rest"
            }
            if waiting.reference.kind == DeadLetterCode.newerRelease.rawValue {
                return
                    "the first worker of a newer release decides it; if none has come by \(waiting.endsAt), it is a dead letter"
            }
            return
                "it is decided as soon as \(waiting.reference.words) is known; if it is not by \(waiting.endsAt), it is a dead "
                + "letter (unknown-reference)"
        }

        fileprivate var lines: [String] {
            var table = TextTable("", "")
            for (name, value) in [
                ("event", "\(event.type) \(event.eventId) of \(event.source)"), ("stage", event.stage.rawValue),
                ("sender", user.map { "user \($0)" } ?? "not named"), ("waits for", event.reference),
                ("since", "\(event.arrived) (\(WaitingList.words(ageSeconds: ageSeconds)))"),
                ("until", event.endsAt.description), ("outlook", outlook),
                ("body", "\(bodyBytes) bytes"),
            ] {
                table.add(name, value)
            }
            return table.lines + (bodyNote.map { ["", "Body (\($0)):"] } ?? [])
                + bodyLines.map { TextTable.printable($0) }
        }
    }

    /// By stage, then by source and id.
    package let waiting: [Item]
    /// How many there are in all.
    package let total: Int
    /// Ids under which nothing waits.
    package let missing: [String]

    package static let limit = 100

    /// - Parameters:
    ///   - ids: of events, or of what events wait for.
    ///   - now: business time.
    /// - Throws: `StoreFailure`, also if a key is missing.
    package static func read(
        _ stores: [StageName: any Store], _ ids: [String], withBody: Bool, keyring: Keyring, at now: Instant
    ) async throws -> WaitingDetail {
        var found: [(event: WaitingEvent, stage: StageName)] = []
        let sought = Set(ids)
        var (total, missing) = (0, sought)
        try await WaitingList.each(stores) { event, stage in
            let here = sought.intersection([event.event.id, event.reference.id])
            guard !here.isEmpty else { return }
            missing.subtract(here)
            total += 1
            if found.count < limit { found.append((event, stage)) }
        }
        var items: [Item] = []
        for (event, stage) in found {
            let vault = PersonalVault(stage: stage, keyring: keyring)
            let delivery = try await stores[stage]?.read { try vault.waitingDelivery(event, in: $0) }
            items.append(Item(event, at: stage, delivery, withBody: withBody, now: now))
        }
        return WaitingDetail(waiting: items, total: total, missing: missing.sorted())
    }

    package var exitCode: Int32 { missing.isEmpty ? 0 : 1 }

    package var text: String {
        let shown = waiting.map { $0.lines.joined(separator: "\n") }
        let rest = total > waiting.count ? ["\(waiting.count) of \(total); recourse waiting list shows more."] : []
        let none = missing.map { "Nothing waits under \(TextTable.printable($0))." }
        return (shown + rest + none).joined(separator: "\n\n")
    }
}
