import Broker
internal import CRabbitMQ

/// The one place where the library's and the broker's refusals become a `BrokerFailure`.
enum Failures {
    /// A status of librabbitmq (`amqp_status_enum`, negative).
    static func library(_ status: Int32, _ operation: String) -> BrokerFailure {
        let text = String(cString: amqp_error_string2(status))
        switch status {
        case AMQP_STATUS_TIMEOUT.rawValue:
            return BrokerFailure(.timeout, operation: operation, cause: "no answer within the limit")
        case AMQP_STATUS_BAD_AMQP_DATA.rawValue, AMQP_STATUS_UNKNOWN_CLASS.rawValue,
            AMQP_STATUS_UNKNOWN_METHOD.rawValue, AMQP_STATUS_WRONG_METHOD.rawValue,
            AMQP_STATUS_UNEXPECTED_STATE.rawValue, AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION.rawValue,
            AMQP_STATUS_TABLE_TOO_BIG.rawValue, AMQP_STATUS_INVALID_PARAMETER.rawValue:
            return BrokerFailure(.protocol, operation: operation, cause: text)
        default:
            return BrokerFailure(.connection, operation: operation, cause: text)
        }
    }

    /// A `channel.close` or `connection.close` (AMQP 0-9-1 §1.2 lists the codes).
    static func refused(_ code: Int, _ text: String, _ operation: String) -> BrokerFailure {
        let kind: BrokerFailure.Kind =
            switch code {
            // ACCESS_REFUSED, and NOT_ALLOWED: the virtual host is missing or forbidden.
            case 403, 530: .access
            // CONNECTION_FORCED (an operator, a shutdown) and INTERNAL_ERROR.
            case 320, 541: .connection
            case 501...506, 540: .protocol
            default: .channel
            }
        return BrokerFailure(kind, operation: operation, cause: text, code: code)
    }
}
