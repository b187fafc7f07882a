/// How sealed bytes say which key has sealed them. What begins with no such mark is not sealed.
enum Envelope {
    private static let mark: [UInt8] = [0, 0x52, 0x53, 1]

    /// The id of the key; empty: not sealed.
    static func key(of bytes: [UInt8]) -> String { split(bytes)?.key ?? "" }

    static func seal(_ plain: [UInt8], _ context: [UInt8], _ keyring: Keyring) throws -> [UInt8] {
        if plain.isEmpty { return plain }
        let (key, sealed) = try keyring.seal(plain, context: context)
        // What only looks sealed is marked too, so that it comes out as it was.
        if key.isEmpty, !plain.starts(with: mark) { return plain }
        return mark + [UInt8(clamping: key.utf8.count)] + Array(key.utf8) + sealed
    }

    static func open(_ bytes: [UInt8], _ context: [UInt8], _ keyring: Keyring) throws(SealFailure) -> [UInt8] {
        guard let (key, sealed) = split(bytes) else { return bytes }
        return try keyring.open(sealed, key: key, context: context)
    }

    private static func split(_ bytes: [UInt8]) -> (key: String, sealed: [UInt8])? {
        guard bytes.starts(with: mark), bytes.count > mark.count else { return nil }
        let start = mark.count + 1
        let end = start + Int(bytes[mark.count])
        guard end <= bytes.count else { return nil }
        return (String(decoding: bytes[start..<end], as: UTF8.self), Array(bytes[end...]))
    }
}
