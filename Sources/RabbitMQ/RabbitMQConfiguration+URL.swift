extension RabbitMQConfiguration {
    /// Reads `amqp[s]://user:password@host:port/vhost?heartbeat=…`, as RabbitMQ's URI specification has it.
    ///
    /// Every part may be percent-encoded. Without a path the virtual host is `/`; `/%2F` says the same. Query:
    /// `heartbeat` (seconds), `connection_timeout` (milliseconds), `cacertfile`, `certfile`, `keyfile`, `verify`
    /// (`verify_peer` or `verify_none`). All faults are listed at once; none shows a secret.
    package init(url: String, connectionName: String = "recourse") throws(InvalidAMQPURL) {
        self.init()
        self.connectionName = connectionName
        var faults: [String] = []
        guard let schemeEnd = url.firstRange(of: "://") else {
            throw InvalidAMQPURL(faults: ["it must begin with amqp:// or amqps://"])
        }
        switch url[..<schemeEnd.lowerBound].lowercased() {
        case "amqp": break
        case "amqps":
            encryption = Encryption()
            port = 5671
        default: faults.append("the scheme must be amqp or amqps")
        }
        var rest = url[schemeEnd.upperBound...]
        if rest.contains("#") { faults.append("a fragment (#…) has no meaning; write # as %23") }
        var query: Substring = ""
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        if let slash = rest.firstIndex(of: "/") {
            readVirtualHost(rest[rest.index(after: slash)...], &faults)
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            readUser(rest[..<at], &faults)
            rest = rest[rest.index(after: at)...]
        }
        readHost(rest, &faults)
        readQuery(query, &faults)
        if !faults.isEmpty { throw InvalidAMQPURL(faults: faults) }
    }

    private mutating func readVirtualHost(_ path: Substring, _ faults: inout [String]) {
        if path.contains("/") {
            faults.append("the virtual host holds a /; write it as %2F")
        } else if let decoded = percentDecoded(path) {
            if decoded.utf8.count > 255 { faults.append("the virtual host is longer than 255 bytes") }
            // `amqp://host/` names the empty virtual host by the letter of the specification; nobody means it.
            if !decoded.isEmpty { virtualHost = decoded }
        } else {
            faults.append("the virtual host is not percent-encoded UTF-8")
        }
    }

    private mutating func readUser(_ part: Substring, _ faults: inout [String]) {
        let colon = part.firstIndex(of: ":")
        if let name = percentDecoded(part[..<(colon ?? part.endIndex)]), !name.isEmpty {
            user = name
        } else {
            faults.append("the user is empty or not percent-encoded UTF-8")
        }
        guard let colon else { return }
        if let secret = percentDecoded(part[part.index(after: colon)...]) {
            password = secret
        } else {
            faults.append("the password is not percent-encoded UTF-8")
        }
    }

    private mutating func readHost(_ part: Substring, _ faults: inout [String]) {
        var name = part
        var number: Substring?
        if part.first == "[" {
            guard let end = part.firstIndex(of: "]") else {
                faults.append("the IPv6 address lacks its ]")
                return
            }
            name = part[part.index(after: part.startIndex)..<end]
            let after = part[part.index(after: end)...]
            if after.first == ":" {
                number = after.dropFirst()
            } else if !after.isEmpty {
                faults.append("after ] only a port may follow")
            }
        } else if let colon = part.firstIndex(of: ":") {
            name = part[..<colon]
            number = part[part.index(after: colon)...]
        }
        if let decoded = percentDecoded(name) {
            if !decoded.isEmpty { host = decoded }
        } else {
            faults.append("the host is not percent-encoded UTF-8")
        }
        guard let number, !number.isEmpty else { return }
        // `Int` alone would also read +5672.
        if let value = Int(number), (1...65_535).contains(value), number.first?.isNumber == true {
            port = value
        } else {
            faults.append("the port must be a number from 1 to 65535")
        }
    }

    private mutating func readQuery(_ query: Substring, _ faults: inout [String]) {
        var settings = encryption ?? Encryption()
        var touchesEncryption = false
        for item in query.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = percentDecoded(parts[0]), let value = percentDecoded(parts[1]) else {
                faults.append("a query item is not percent-encoded NAME=VALUE")
                continue
            }
            switch name {
            case "heartbeat": read(value, name, 0...65_535, &heartbeatSeconds, &faults)
            case "connection_timeout": read(value, name, 1...600_000, &connectMilliseconds, &faults)
            case "cacertfile": settings.authorities = value
            case "certfile": settings.certificate = value
            case "keyfile": settings.key = value
            case "verify" where value == "verify_peer": settings.verifies = true
            case "verify" where value == "verify_none": settings.verifies = false
            case "verify": faults.append("verify must be verify_peer or verify_none")
            default: faults.append("unknown query item \(name)")
            }
            touchesEncryption = touchesEncryption || ["cacertfile", "certfile", "keyfile", "verify"].contains(name)
        }
        if touchesEncryption && encryption == nil {
            faults.append("cacertfile, certfile, keyfile and verify need amqps://")
        }
        if (settings.certificate == nil) != (settings.key == nil) {
            faults.append("certfile and keyfile must be given together")
        }
        if encryption != nil { encryption = settings }
    }

    private func read(
        _ text: String, _ name: String, _ range: ClosedRange<Int>, _ target: inout Int, _ faults: inout [String]
    ) {
        if let value = Int(text), range.contains(value) {
            target = value
        } else {
            faults.append("\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

/// Nil if an escape is incomplete, or the bytes are not UTF-8, or hold a NUL (C strings end there).
private func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit) else { return nil }
        bytes.append(high << 4 | low)
    }
    if bytes.contains(0) { return nil }
    return String(validating: bytes, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
