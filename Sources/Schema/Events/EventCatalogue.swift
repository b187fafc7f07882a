/// Every event type of the contract, and who may write it.
package enum EventCatalogue {
    package struct Entry: Sendable {
        package let data: any EventData.Type
        /// True if stages emit it (on `recourse.events`), false if upstream publishes it (to `recourse.inbox`).
        package let isOutgoing: Bool
    }

    package static let entries: [Entry] =
        inbound.map { Entry(data: $0, isOutgoing: false) } + outgoing.map { Entry(data: $0, isOutgoing: true) }

    package static let byWireName: [String: any EventData.Type] = Dictionary(
        entries.map { ($0.data.type.wireName, $0.data) }, uniquingKeysWith: { first, _ in first })

    private static let outgoingTypes = Set(outgoing.map { $0.type })

    package static func isOutgoing(_ type: EventType) -> Bool { outgoingTypes.contains(type) }

    private static let dataShapes: [EventType: Shape] = Dictionary(
        entries.map { entry in
            let because: [Shape.Field] =
                entry.isOutgoing
                ? [.optional("late", .boolean), .required("because", .object(Because.shape))] : []
            return (entry.data.type, .object(entry.data.shape + because))
        },
        uniquingKeysWith: { first, _ in first })

    /// The shape of `data`, for outgoing events with `because`.
    package static func dataShape(of type: any EventData.Type) -> Shape {
        dataShapes[type.type] ?? .object(type.shape)
    }
}
