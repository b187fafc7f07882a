import Policy
import Schema

/// The after-sales fund: one for the whole chain. It begins with nothing, and its balance may go negative.
package struct FundLedger: Record, Equatable {
    package static let kind = "fund"
    /// There is one.
    package static let id = "main"

    /// Fen, each since the beginning.
    package private(set) var disbursedFen: Int64 = 0
    package private(set) var recoveredFen: Int64 = 0
    package private(set) var writtenOffFen: Int64 = 0

    package init() {}

    package var wake: Wake? { nil }
    /// What the fund holds; a write-off gives up a claim and moves no money.
    package var balanceFen: Int64 { recoveredFen - disbursedFen }

    /// Whether that much can be paid out and still be told on the wire.
    func canDisburse(_ amountFen: Int64) -> Bool { disbursedFen <= Shape.integerLimit - amountFen }

    mutating func disburse(_ amountFen: Int64) { disbursedFen += amountFen }
    mutating func recover(_ amountFen: Int64) { recoveredFen += amountFen }
    mutating func writeOff(_ amountFen: Int64) { writtenOffFen += amountFen }
}
