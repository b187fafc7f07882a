// Any bytes as the properties of a message, as librabbitmq reads them off the wire: they are copied within bounds, kept as
// JSON that can be read, and written again into one frame.
import Broker
import CRabbitMQ
import Schema
import Store

@testable import RabbitMQ
@testable import Runtime

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var pool = amqp_pool_t()
    init_amqp_pool(&pool, 4096)
    defer { empty_amqp_pool(&pool) }
    var decoded: UnsafeMutableRawPointer?
    let encoded = amqp_bytes_t(len: count, bytes: UnsafeMutableRawPointer(mutating: start))
    guard amqp_decode_properties(UInt16(AMQP_BASIC_CLASS), &pool, encoded, &decoded) >= 0, let decoded else { return 0 }
    let properties = MessageProperties(decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee)
    for exchange in [ExchangeName.inbox, ExchangeName.dead, ""] {
        let delivery = Delivery(
            tag: 1, channel: 1, redelivered: false, exchange: exchange, routingKey: "k", properties: properties, body: [])
        let letter = DeadLetter(parking: delivery, at: Instant(seconds: 0))
        guard (try? JSON(parsing: letter.headers)) != nil, (try? JSON(parsing: letter.properties)) != nil else {
            preconditionFailure("what is kept of headers cannot be read")
        }
        let messages = FailureMessages(stage: .intake, worker: "w")
        for copy in [
            messages.retry(delivery, ticket: 1, wall: Instant(seconds: 0)),
            messages.deadLetter(
                delivery, DeadLetterReason(.schema, code: "c", message: "m"), ticket: 1, wall: Instant(seconds: 0)),
        ] {
            let arena = NativeArena()
            var buffer = OutputBuffer()
            guard var native = try? arena.properties(copy.properties),
                (try? buffer.appendHeader(&native, bodySize: 0, channel: 1, frameMaximum: 8192)) != nil
            else { preconditionFailure("a copy does not fit into a frame") }
        }
    }
    return 0
}
