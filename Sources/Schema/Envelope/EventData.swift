/// The name of an event, e.g. `complaint.received`. On the wire the CloudEvents `type` adds the version: `.v1`.
package struct EventType: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package init(_ name: String) {
        self.rawValue = name
    }

    /// `complaint.received.v1`.
    package var wireName: String { rawValue + ".v1" }

    /// May such an event be published under this routing key? It is the name, or goes on behind the name and a dot.
    package func fits(routingKey key: String) -> Bool { key == rawValue || key.hasPrefix(rawValue + ".") }

    package var description: String { rawValue }
}

/// What the contract declares: whole events, and what is in them.
package typealias ContractPart = Codable & JSONReadable & JSONWritable & PersonalTexts & Hashable & Sendable

/// The data of one event type. Declared in a `.contract` file, it is checked, published as JSON Schema and documented.
package protocol EventData: ContractPart {
    static var type: EventType { get }
    /// The members of `data`. For an event that a stage emits, `because` is added by the catalogue.
    static var shape: [Shape.Field] { get }
    /// See `ComparedByContent`.
    static var isCompared: Bool { get }
    /// The time of the rule, where the data name one (`receivedAt`, `occurredAt`, …); else the CloudEvents `time`
    /// holds.
    var ruleTime: Instant? { get }
    /// The case that the event is about, carried as AMQP `correlation_id`.
    var correlation: String? { get }
    /// What follows the event's name and a dot in the routing key of what is announced; nil: nothing.
    var keySuffix: String? { get }
    /// The money that the event says was moved, for the ledger in the database.
    var fundMovement: FundMovement? { get }
}

extension EventData {
    package static var isCompared: Bool { false }
    package var ruleTime: Instant? { nil }
    package var correlation: String? { nil }
    package var keySuffix: String? { nil }
    package var fundMovement: FundMovement? { nil }
}

/// Data that a stage compares with what came before under the same id (`id-taken`). The same content of such an event gets
/// the same tokens for its personal texts, so that it still compares equal.
package protocol ComparedByContent: EventData {}

extension ComparedByContent {
    package static var isCompared: Bool { true }
}

/// Why a stage decided as it did; every outgoing event carries one.
package struct Because: Sendable, Hashable, Codable, JSONReadable, JSONWritable {
    /// The rule's id, `R04`; several joined by a comma.
    package let rule: String
    /// The numbers of the policy that counted.
    package let parameters: JSON
    /// What was found. No personal data.
    package let facts: JSON
    /// The version of the policy.
    package let policy: String

    package init(rule: String, parameters: JSON, facts: JSON, policy: String) {
        self.rule = rule
        self.parameters = parameters
        self.facts = facts
        self.policy = policy
    }

    /// Of a document that the contract accepts.
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        rule = try members.required("rule", in: tape)
        parameters = try members.required("parameters", in: tape)
        facts = try members.required("facts", in: tape)
        policy = try members.required("policy", in: tape)
    }

    package static let shape: [Shape.Field] = [
        .required("rule", .text(min: 1, max: 64)),
        .required("parameters", .anyObject),
        .required("facts", .anyObject),
        .required("policy", .text(min: 1, max: 64)),
    ]

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("rule", rule)
        writer.member("parameters", parameters)
        writer.member("facts", facts)
        writer.member("policy", policy)
        writer.end()
    }
}
