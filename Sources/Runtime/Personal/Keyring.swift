internal import Crypto
import Schema
import Store

/// The keys that personal values are sealed with at rest (AES-256-GCM): the first seals, all open. Without any, values
/// are kept as they are.
package struct Keyring: Sendable {
    private struct Key: Sendable {
        let id: String
        let key: SymmetricKey
    }

    private let keys: [Key]

    /// Seals nothing.
    package static let none = Keyring(keys: [])

    private init(keys: [Key]) {
        self.keys = keys
    }

    /// The id of the key that seals; empty: none.
    package var currentId: String { keys.first?.id ?? "" }

    /// Reads a key file: a line `ID BASE64` for each key, the one that seals first; 32 bytes each. Empty lines and those
    /// that begin with `#` are passed over.
    ///
    /// - Throws: `KeyringFaults` with every fault; no key is in its text.
    package init(parsing text: String) throws(KeyringFaults) {
        var faults: [String] = []
        var keys: [Key] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map(String.init)
            guard let id = words.first, !id.hasPrefix("#") else { continue }
            let place = "line \(index + 1)"
            guard Identifier.isValid(id) else {
                faults.append("\(place): the key's id must be 1 to 64 letters, digits, _ : -")
                continue
            }
            guard words.count == 2, let bytes = Base64.decode(words[1]) else {
                faults.append("\(place): expected the id and the key in base64, with a space between")
                continue
            }
            guard bytes.count == 32 else {
                faults.append("\(place): the key has \(bytes.count) bytes, and must have 32")
                continue
            }
            guard !keys.contains(where: { $0.id == id }) else {
                faults.append("\(place): the id \(id) comes twice")
                continue
            }
            keys.append(Key(id: id, key: SymmetricKey(data: bytes)))
        }
        if keys.isEmpty, faults.isEmpty { faults.append("it holds no key") }
        guard faults.isEmpty else { throw KeyringFaults(faults: faults) }
        self.keys = keys
    }

    /// - Parameter context: where the result belongs; it opens nowhere else.
    func seal(_ plain: [UInt8], context: [UInt8]) throws -> (key: String, sealed: [UInt8]) {
        guard let current = keys.first else { return ("", plain) }
        let box = try AES.GCM.seal(plain, using: current.key, authenticating: context)
        // Nonce, ciphertext and tag; there are always all three, as the nonce has the usual length.
        return (current.id, box.combined.map { Array($0) } ?? Array(box.nonce) + box.ciphertext + box.tag)
    }

    /// - Throws: `SealFailure`.
    func open(_ sealed: [UInt8], key id: String, context: [UInt8]) throws(SealFailure) -> [UInt8] {
        if id.isEmpty { return sealed }
        guard let key = keys.first(where: { $0.id == id }) else { throw .missing(key: id) }
        guard sealed.count >= 28 else { throw .wrong(key: id) }
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: sealed.prefix(12)), ciphertext: sealed.dropFirst(12).dropLast(16),
                tag: sealed.suffix(16))
            return Array(try AES.GCM.open(box, using: key.key, authenticating: context))
        } catch {
            throw .wrong(key: id)
        }
    }
}

/// Everything that is wrong with a key file.
package struct KeyringFaults: Error, Sendable {
    package let faults: [String]
}

/// Something sealed cannot be opened.
package enum SealFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case missing(key: String)
    case wrong(key: String)

    /// What it means of one thing among many. The keys were tried before the work began, so what a key that is there does
    /// not open is damaged.
    var ofOne: StoreFailure.Kind {
        switch self {
        case .missing: .unavailable
        case .wrong: .corrupt
        }
    }

    package var description: String {
        switch self {
        case .missing(let key):
            "it is sealed with the key \(key), which is not in the key file (RECOURSE_PERSONAL_KEY_FILE); add its line"
        case .wrong(let key):
            "the key \(key) of the key file does not open it: it is another key under that id, or the data are damaged"
        }
    }
}

/// RFC 4648 §4, with padding.
enum Base64 {
    /// nil: not base64.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes = Array(text.utf8)
        guard bytes.count.isMultiple(of: 4) else { return nil }
        var padding = 0
        while padding < 2, bytes.last == UInt8(ascii: "=") {
            bytes.removeLast()
            padding += 1
        }
        var decoded: [UInt8] = []
        var (bits, held) = (UInt32(0), 0)
        for byte in bytes {
            guard let value = value(byte) else { return nil }
            bits = bits << 6 | value
            held += 6
            if held >= 8 {
                held -= 8
                decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return decoded
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
