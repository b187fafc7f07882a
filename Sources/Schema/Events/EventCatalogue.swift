/// Every event type of the contract, and who may write it.
package enum EventCatalogue {
    /// Who publishes an event.
    package enum Origin: Sendable, Hashable {
        /// To `recourse.inbox`.
        case upstream
        /// On `recourse.events`, as all that follow.
        case stage(StageName)
        case anyStage
    }

    package struct Entry: Sendable {
        package let data: any EventData.Type
        package let origin: Origin
        /// One sentence, for the published schemas.
        package let summary: String

        /// True if stages emit it.
        package var isOutgoing: Bool { origin != .upstream }
    }

    package static let byWireName: [String: any EventData.Type] = Dictionary(
        entries.map { ($0.data.type.wireName, $0.data) }, uniquingKeysWith: { first, _ in first })

    private static let outgoingTypes = Set(entries.filter(\.isOutgoing).map { $0.data.type })

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
