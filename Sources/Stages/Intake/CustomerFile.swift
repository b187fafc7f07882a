import Schema

/// The file of a customer, known by his phone (R21): which of his matters have a case, and whether it is open.
///
/// It holds a digest of the phone as its id, and nothing else of the person. A customer whose phone has no key is known to
/// nobody: each of his complaints has a file of its own.
package struct CustomerFile: Record, Equatable {
    package static let kind = "customer"
    /// No file keeps more cases than this; the ones opened first are forgotten first. Only cases opened within the
    /// window before a complaint can matter, and one customer has few of these.
    static let caseLimit = 200

    package struct Case: Codable, Hashable, Sendable {
        package let caseId: String
        package let category: String
        package let brand: String
        package let openedAt: Instant
        package var isOpen: Bool
        /// The `sequence` of the last event that told of its closing or reopening.
        package var sequence: Int64?
    }

    /// When the first complaint was received that made the file.
    package let since: Instant
    /// By `openedAt`; of one instant, in the order in which they were opened.
    package private(set) var cases: [Case] = []

    package init(since: Instant) {
        self.since = since
    }

    package var wake: Wake? { nil }

    /// The id of the file of a customer.
    ///
    /// - Parameter caseId: of his complaint, which stands for him where nothing else does.
    package static func id(of customer: Customer, caseId: String) -> String {
        customer.comparisonKey.map { id(ofKey: $0) } ?? Identifiers.uuid(["no-phone-key", caseId])
    }

    /// The same of a customer whom a key tells apart.
    ///
    /// - Parameter key: `Customer.comparisonKey`.
    package static func id(ofKey key: String) -> String { Identifiers.uuid(["phone", key]) }

    /// The youngest open case about the product's category and brand that was opened from `start` to `end`, both
    /// included.
    package func openCase(about product: Product, from start: Instant, through end: Instant) -> Case? {
        let (category, brand) = (product.categoryKey, product.brandKey)
        return cases.last {
            $0.isOpen && start <= $0.openedAt && $0.openedAt <= end
                && MatterKey($0.category) == category && MatterKey($0.brand) == brand
        }
    }

    package mutating func add(caseId: String, product: Product, openedAt: Instant) {
        let opened = Case(
            caseId: caseId, category: product.category, brand: product.brand, openedAt: openedAt, isOpen: true)
        let index = cases.lastIndex { $0.openedAt <= openedAt }.map { $0 + 1 } ?? 0
        cases.insert(opened, at: index)
        if cases.count > Self.caseLimit { cases.removeFirst(cases.count - Self.caseLimit) }
    }

    /// Notes that a case was closed or reopened; without effect if something newer is known, or the case is forgotten.
    package mutating func note(caseId: String, isOpen: Bool, sequence: Int64?) {
        guard let index = cases.firstIndex(where: { $0.caseId == caseId }) else { return }
        if let known = cases[index].sequence, let sequence, sequence < known { return }
        cases[index].isOpen = isOpen
        cases[index].sequence = sequence ?? cases[index].sequence
    }
}
