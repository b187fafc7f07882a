/// Every event type of the contract, and who may write it.
package enum EventCatalogue {
    /// Who publishes an event.
    package enum Origin: Sendable, Hashable {
        /// To `recourse.inbox`.
        case upstream
        /// On `recourse.events`, as all that follow.
        case stages([StageName])
        case anyStage

        static func stage(_ name: StageName...) -> Origin { .stages(name) }
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

    /// What a document of one type must be.
    struct Contract: Sendable {
        let data: any EventData.Type
        /// Of `data`, for outgoing events with `because`.
        let shape: Shape
        let isOutgoing: Bool

        init(_ entry: Entry) {
            (data, isOutgoing) = (entry.data, entry.isOutgoing)
            let because: [Shape.Field] =
                isOutgoing ? [.optional("late", .boolean), .required("because", .object(Because.shape))] : []
            shape = .object(data.shape + because)
        }
    }

    /// By the name on the wire.
    static let contracts: [String: Contract] = Dictionary(
        entries.map { ($0.data.type.wireName, Contract($0)) }, uniquingKeysWith: { first, _ in first })

    /// The shape of `data`, for outgoing events with `because`.
    package static func dataShape(of type: any EventData.Type) -> Shape {
        contracts[type.type.wireName]?.shape ?? .object(type.shape)
    }
}
