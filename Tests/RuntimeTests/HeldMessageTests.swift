import Broker
import Schema
import Store
import Testing

@testable import Runtime

@Suite struct `A message that waits in the store` {
    private let body = Array(#"{"id":"1"}"#.utf8)

    @Test func `comes out as its copy would, byte for byte`() throws {
        var properties = MessageProperties()
        properties.contentType = "application/cloudevents+json"
        properties.contentEncoding = "identity"
        (properties.messageId, properties.type) = ("6f1c7a52", "Acme.Complaints.CaseAccepted")
        (properties.correlationId, properties.appId) = ("K1", "crm\n\"é\"")
        properties.timestamp = 1_800_000_000
        properties.headers = [
            HeaderField(FailureHeader.routingKey, .string("case.accepted.north")),
            HeaderField(FailureHeader.attempts, .int(1)),
        ]
        let held = try HeldMessage(bytes: HeldMessage(properties: properties, body: body).bytes)
        #expect(held.properties == properties && held.body == body)
        let bare = try HeldMessage(bytes: HeldMessage(properties: MessageProperties(), body: []).bytes)
        #expect(bare.properties == MessageProperties() && bare.body == [])
    }

    @Test(arguments: ["", "{}", "{\n{}", "[1]x\n"])
    func `that somebody has damaged is told to be unreadable`(text: String) {
        #expect(throws: StoreFailure.self) { try HeldMessage(bytes: Array(text.utf8)) }
    }
}
