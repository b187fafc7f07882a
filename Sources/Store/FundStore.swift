import Schema

/// A row of the fund's ledger: one movement of money, beside the output that announces it. Rows are only ever added, and
/// the database itself refuses what must not be (R08): an amount of nothing, a request paid twice, more back and given
/// up than was paid.
package struct FundPosting: Hashable, Sendable {
    /// The output of the journal that announces it.
    package let place: OutboxKey
    package let movement: FundMovement

    package init(place: OutboxKey, movement: FundMovement) {
        self.place = place
        self.movement = movement
    }
}

/// The sums of the fund's ledger, or of a part of it; in fen.
package struct FundTotals: Hashable, Sendable {
    package var disbursedFen: Int64 = 0
    package var recoveredFen: Int64 = 0
    package var writtenOffFen: Int64 = 0

    package init(disbursedFen: Int64 = 0, recoveredFen: Int64 = 0, writtenOffFen: Int64 = 0) {
        self.disbursedFen = disbursedFen
        self.recoveredFen = recoveredFen
        self.writtenOffFen = writtenOffFen
    }

    package subscript(side: FundMovement.Side) -> Int64 {
        get {
            switch side {
            case .disbursed: disbursedFen
            case .recovered: recoveredFen
            case .writtenOff: writtenOffFen
            }
        }
        set {
            switch side {
            case .disbursed: disbursedFen = newValue
            case .recovered: recoveredFen = newValue
            case .writtenOff: writtenOffFen = newValue
            }
        }
    }
}

/// Reading the fund's ledger.
package protocol FundSnapshot {
    /// The ledger's sums.
    func fundTotals() throws -> FundTotals
}

/// Writing the fund's ledger, within one transaction.
package protocol FundTransaction: FundSnapshot {
    /// Adds rows, after `append` of the entries that announce them.
    ///
    /// - Throws: a `StoreFailure`, corrupt, if the ledger's constraints do not allow one of them.
    func post(_ postings: [FundPosting]) throws
}
