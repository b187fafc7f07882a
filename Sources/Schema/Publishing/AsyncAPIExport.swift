/// The AsyncAPI 3.0 document: exchanges as channels, events as messages, seen from the pipeline.
package enum AsyncAPIExport {
    package static let fileName = "asyncapi.yaml"

    /// The messages to the handlers' desks, with customer, product and description.
    private static let deskTypes = [CaseAssigned.type, CaseEscalated.type, CaseReopened.type]

    package static var document: JSON {
        let inbound = EventCatalogue.entries.filter { !$0.isOutgoing }.map { $0.data.type }
        let outgoing = EventCatalogue.entries.filter(\.isOutgoing).map { $0.data.type }
        return [
            "asyncapi": "3.0.0",
            "id": "urn:recourse",
            "info": [
                "title": "Recourse",
                "version": "1.0.0",
                "description": .string(
                    "After-sales complaints over AMQP 0-9-1. Bodies are CloudEvents 1.0 in structured JSON; the "
                        + "routing key is the event's name."),
            ],
            "defaultContentType": "application/cloudevents+json",
            "channels": [
                "inbox": channel(
                    exchange: "recourse.inbox", key: "event", keyMeaning: "The name of the event.",
                    summary: "What upstream systems publish.", messages: inbound),
                "events": channel(
                    exchange: "recourse.events", key: "event",
                    keyMeaning:
                        "The name of the event; event.rejected and event.waiting have one more word: the first 8 digits of "
                        + "uuid5(source), or unknown; customer.remark too: its class.",
                    summary: "What the stages decide. Anyone may bind a queue of his own.", messages: outgoing),
                "handlers": channel(
                    exchange: "recourse.handlers", key: "desk",
                    keyMeaning: "store.<storeId>, region.<regionId> or hq.",
                    summary: "Cases for the desks that handle them.", messages: deskTypes),
            ],
            "operations": [
                "takeFromUpstream": operation("receive", "inbox", inbound, mandatory: true),
                "announce": operation("send", "events", outgoing, mandatory: false),
                "tellDesks": operation("send", "handlers", deskTypes, mandatory: true),
            ],
            "components": [
                "messages": .object(EventCatalogue.entries.map { JSON.Member(key($0.data.type), message($0)) })
            ],
        ]
    }

    /// Keys of AsyncAPI's maps hold no points.
    private static func key(_ type: EventType) -> String { type.rawValue.replacing(".", with: "_") }

    private static func channel(
        exchange: String, key parameter: String, keyMeaning: String, summary: String, messages: [EventType]
    ) -> JSON {
        [
            "address": .string("{\(parameter)}"),
            "title": .string(exchange),
            "summary": .string(summary),
            "parameters": .object([JSON.Member(parameter, ["description": .string(keyMeaning)])]),
            "messages": .object(
                messages.map { JSON.Member(key($0), ["$ref": .string("#/components/messages/\(key($0))")]) }),
            "bindings": [
                "amqp": [
                    "is": "routingKey",
                    "exchange": [
                        "name": .string(exchange), "type": "topic", "durable": true, "autoDelete": false,
                    ],
                    "bindingVersion": "0.3.0",
                ]
            ],
        ]
    }

    private static func operation(
        _ action: String, _ channel: String, _ messages: [EventType], mandatory: Bool
    ) -> JSON {
        [
            "action": .string(action),
            "channel": ["$ref": .string("#/channels/\(channel)")],
            "messages": .array(
                messages.map { ["$ref": .string("#/channels/\(channel)/messages/\(key($0))")] }),
            "bindings": [
                "amqp": [
                    "deliveryMode": 2, "mandatory": .bool(mandatory), "ack": true, "bindingVersion": "0.3.0",
                ]
            ],
        ]
    }

    private static func message(_ entry: EventCatalogue.Entry) -> JSON {
        let type = entry.data.type
        return [
            "name": .string(type.wireName),
            "title": .string(type.rawValue),
            "summary": .string(entry.summary),
            "contentType": "application/cloudevents+json",
            "payload": [
                "schemaFormat": "application/schema+json;version=draft-2020-12",
                "schema": ["$ref": .string("./" + JSONSchemaExport.fileName(of: type))],
            ],
            "bindings": ["amqp": ["messageType": .string(type.wireName), "bindingVersion": "0.3.0"]],
        ]
    }
}
