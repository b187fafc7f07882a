/// The codes that this program gives dead letters, and those words of the broker's for a death that are known.
package enum DeadLetterCode: String, Sendable, CaseIterable {
    // The message is not what the contract demands.
    case contract, oversized, misrouted
    case contentEncoding = "content-encoding"
    case binaryMode = "binary-mode"
    case idReused = "id-reused"
    // It waited in vain.
    case unknownReference = "unknown-reference"
    case newerRelease = "newer-release"
    // It could not be decided, or kept.
    case stageFault = "stage-fault"
    case storeFault = "store-fault"
    case unstorable
    case unroutable
    /// It did not die: two operators have put it in the place of one that did.
    case edited
    // What `x-death` says of it.
    case deliveryLimit = "delivery_limit"
    case expired, rejected, maxlen
    /// The broker does not say why.
    case unknown
}
