import Broker
internal import CRabbitMQ

/// One frame from the broker, as far as Recourse cares about it.
enum InboundFrame {
    case method(InboundMethod)
    case header(MessageHeader)
    /// Valid until the next frame is read.
    case body(UnsafeRawBufferPointer)
}

/// The content header of a message.
struct MessageHeader {
    let bodySize: UInt64
    let properties: MessageProperties
}

enum InboundMethod {
    case deliver(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
    case returned(code: Int, text: String, exchange: String, routingKey: String)
    case acknowledged(tag: UInt64, multiple: Bool)
    case refused(tag: UInt64, multiple: Bool)
    /// The broker ended the subscription, e.g. because the queue was deleted.
    case cancelled
    case blocked(reason: String)
    case unblocked
    case channelClosed(code: Int, text: String)
    case connectionClosed(code: Int, text: String)
    case queueDeclared(ready: Int, consumers: Int)
    /// The answer to one of our methods (`…-ok`), by method id.
    case answer(UInt32)
}

extension InboundMethod {
    /// Copies what is needed out of the library's memory.
    init(_ method: amqp_method_t) {
        func fields<Fields>(_ type: Fields.Type, _ make: (Fields) -> InboundMethod) -> InboundMethod {
            guard let decoded = method.decoded else { return .answer(method.id) }
            return make(decoded.assumingMemoryBound(to: type).pointee)
        }
        switch method.id {
        case AMQP_BASIC_DELIVER_METHOD:
            self = fields(amqp_basic_deliver_t.self) {
                .deliver(
                    tag: $0.delivery_tag, redelivered: $0.redelivered != 0, exchange: String($0.exchange),
                    routingKey: String($0.routing_key)
                )
            }
        case AMQP_BASIC_ACK_METHOD:
            self = fields(amqp_basic_ack_t.self) { .acknowledged(tag: $0.delivery_tag, multiple: $0.multiple != 0) }
        case AMQP_BASIC_NACK_METHOD:
            self = fields(amqp_basic_nack_t.self) { .refused(tag: $0.delivery_tag, multiple: $0.multiple != 0) }
        case AMQP_BASIC_RETURN_METHOD:
            self = fields(amqp_basic_return_t.self) {
                .returned(
                    code: Int($0.reply_code), text: String($0.reply_text), exchange: String($0.exchange),
                    routingKey: String($0.routing_key)
                )
            }
        case AMQP_BASIC_CANCEL_METHOD: self = .cancelled
        case AMQP_CONNECTION_BLOCKED_METHOD:
            self = fields(amqp_connection_blocked_t.self) { .blocked(reason: String($0.reason)) }
        case AMQP_CONNECTION_UNBLOCKED_METHOD: self = .unblocked
        case AMQP_CHANNEL_CLOSE_METHOD:
            self = fields(amqp_channel_close_t.self) {
                .channelClosed(code: Int($0.reply_code), text: String($0.reply_text))
            }
        case AMQP_CONNECTION_CLOSE_METHOD:
            self = fields(amqp_connection_close_t.self) {
                .connectionClosed(code: Int($0.reply_code), text: String($0.reply_text))
            }
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            self = fields(amqp_queue_declare_ok_t.self) {
                .queueDeclared(ready: Int($0.message_count), consumers: Int($0.consumer_count))
            }
        default: self = .answer(method.id)
        }
    }
}

extension String {
    /// Repairs what is not UTF-8: such a name cannot be one of ours, and a comparison with it fails.
    init(_ bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}
