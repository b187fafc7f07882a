import Broker
import Schema

/// CloudEvents' binary mode: the attributes of an event stand in headers, as `cloudEvents:id`, `cloudEvents_id` or `ce-id`,
/// and the body is its `data` alone. Libraries offer it beside the structured mode; here it is refused, in words that
/// say what to do, because an event that is kept, replayed and read by people must be whole in one place.
enum BinaryMode {
    static let fault = Fault(
        pointer: "", rule: "binary-mode",
        message:
            "a CloudEvent in binary mode: its attributes stand in AMQP headers; send it in structured mode, the whole "
            + "event as one JSON object in the body, content type application/cloudevents+json")

    /// Two are of the AMQP binding of CloudEvents, and one of the RabbitMQ binding.
    private static let prefixes = ["cloudEvents:", "cloudEvents_", "ce-"]

    /// Who an event in binary mode is, as its headers tell; so upstream hears of the refusal under its own source.
    ///
    /// - Parameter faults: what the contract finds in the body. A body that is a CloudEvent itself is judged as one,
    ///   whatever its headers say.
    /// - Returns: nil if the message is not in binary mode.
    static func identity(_ properties: MessageProperties, refusedFor faults: [Fault]) -> EventIdentity? {
        guard attribute("specversion", properties) != nil, faults.contains(where: isOfNoCloudEvent) else { return nil }
        return EventIdentity(
            source: attribute("source", properties), named: attribute("id", properties),
            type: attribute("type", properties))
    }

    private static func isOfNoCloudEvent(_ fault: Fault) -> Bool {
        fault.pointer.isEmpty ? fault.rule != "size" : fault.pointer == "/specversion" && fault.rule == "required"
    }

    private static func attribute(_ name: String, _ properties: MessageProperties) -> String? {
        for prefix in prefixes {
            if case .string(let text)? = properties[header: prefix + name] { return text }
        }
        return nil
    }
}
