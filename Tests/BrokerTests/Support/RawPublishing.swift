import Broker
import Glibc
import Testing

@testable import RabbitMQ

/// Publishes frames written by hand: what no well-meaning encoder produces.
enum RawPublishing {
    /// The bytes of a header table (without its size) in which each field is a table in a field.
    static func nestedTable(depth: Int) -> [UInt8] {
        // Built from the inside out, backwards, so that nothing here recurses.
        var reversed: [UInt8] = []
        for _ in 0..<depth {
            let size = UInt32(reversed.count)
            reversed += withUnsafeBytes(of: size.littleEndian) { Array($0) }
            reversed += [UInt8(ascii: "F"), UInt8(ascii: "k"), 1]
        }
        return reversed.reversed()
    }

    /// Publishes one message with an empty body to a queue and waits until the broker has worked it off.
    static func publish(headers: [UInt8], queue: String, configuration: RabbitMQConfiguration) throws {
        let link = try Link.open(configuration, purpose: "raw")
        var channel = ChannelLife([], answerMilliseconds: 10_000)
        try channel.begin(link)
        try read(link) { frame in
            guard case .method(.answer(let id)) = frame else { return false }
            return try channel.answered(id, link)
        }
        let key = Array(queue.utf8)
        let method: [UInt8] = [0, 60, 0, 40, 0, 0, 0, UInt8(key.count)] + key + [0]
        var header: [UInt8] = [0, 60, 0, 0] + [UInt8](repeating: 0, count: 8) + [0x20, 0x00]
        header += withUnsafeBytes(of: UInt32(headers.count).bigEndian) { Array($0) } + headers
        let bytes = frame(1, method) + frame(2, header)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { rest in
                rest.baseAddress.map { Sockets.send(link.socket, $0, rest.count) } ?? 0
            }
            if count > 0 { sent += count } else { try #require(Sockets.wouldBlock) }
        }
        // The broker answers the goodbye only after it has routed the message.
        try link.sendConnectionClose()
        try read(link) { if case .method(.answer) = $0 { true } else { false } }
    }

    private static func frame(_ type: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [type, 0, 1] + withUnsafeBytes(of: UInt32(payload.count).bigEndian) { Array($0) } + payload + [0xCE]
    }

    private static func read(_ link: Link, until isLast: (InboundFrame) throws -> Bool) throws {
        let deadline = Uptime.milliseconds + 120_000
        while true {
            while let frame = try link.nextFrame() { if try isLast(frame) { return } }
            let left = deadline - Uptime.milliseconds
            try #require(left > 0, "the broker did not answer")
            _ = Sockets.wait(socket: link.socket, forReading: true, forWriting: false, signal: -1, milliseconds: left)
        }
    }
}
