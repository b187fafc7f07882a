internal import Crypto

/// SHA-256 of what comes in pieces: a file that is longer than memory.
package struct RunningDigest {
    private var hash = SHA256()

    package init() {}

    package mutating func add(_ bytes: [UInt8]) { hash.update(data: bytes) }

    package var hexadecimal: String { Identifiers.hexadecimal(Array(hash.finalize())) }
}
