// Any text as the broker's and the database's URL; nothing that is said of one shows the password in it.
import RabbitMQ
import StorePostgres

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    let secret = "hunter2swordfish"
    for url in [text, "amqp://u:\(secret)\(text)", "amqps://u:\(secret)@\(text)", "postgres://u:\(secret)\(text)",
        "postgres://u:\(secret)@\(text)",
    ] {
        var said = ""
        do throws(InvalidAMQPURL) {
            let settings = try RabbitMQConfiguration(url: url)
            said = settings.description + (settings.weakness ?? "")
            precondition(settings.password != secret || !said.contains(secret), said)
        } catch {
            said = error.description
            // A name of a query item is repeated, and nothing else.
            precondition(text.contains(secret) || text.contains("?") || !said.contains(secret), said)
        }
        do throws(InvalidPostgresURL) {
            let settings = try PostgresConfiguration(url: url)
            said = settings.description + (settings.weakness ?? "")
        } catch {
            said = error.faults.joined()
            precondition(text.contains(secret) || text.contains("?") || !said.contains(secret), said)
        }
    }
    return 0
}
