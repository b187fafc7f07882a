/// Money that the after-sales fund has paid, got back or given up for one request (R05–R08).
package struct FundMovement: Hashable, Sendable {
    package enum Side: Int, Sendable, CaseIterable {
        case disbursed = 0
        case recovered = 1
        /// A claim is given up; no money moves.
        case writtenOff = 2
    }

    package let side: Side
    package let requestId: String
    /// Above 0.
    package let amountFen: Int64

    package init(_ side: Side, requestId: String, amountFen: Int64) {
        self.side = side
        self.requestId = requestId
        self.amountFen = amountFen
    }
}
