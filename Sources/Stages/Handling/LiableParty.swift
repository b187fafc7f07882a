import Policy
import Schema

/// Who bears a payment: by its cause, or as an opinion names him (R41).
struct LiableParty: Equatable {
    let kind: LiabilityProposed.Liable.Kind
    /// nil: not known, or the kind has none.
    let id: String?

    /// The party of the cause.
    init(of cause: CompensationCause, _ file: CaseFile?, _ policy: PolicyBook) {
        kind =
            switch cause {
            case .manufacturer, .product: .manufacturer
            case .outlet: .outlet
            case .ownPost: .person
            case .goodwill: .nobody
            }
        id = Self.id(of: kind, file, policy)
    }

    /// As an opinion names it; where that names no id, the one of its kind to which the case leads.
    init(_ named: LiabilityProposed.Liable, _ file: CaseFile?, _ policy: PolicyBook) {
        kind = named.kind
        id = named.id ?? Self.id(of: named.kind, file, policy)
    }

    private static func id(
        of kind: LiabilityProposed.Liable.Kind, _ file: CaseFile?, _ policy: PolicyBook
    ) -> String? {
        switch kind {
        case .manufacturer: file.flatMap { policy.organisation.manufacturer(ofBrand: $0.product.brand)?.id }
        case .outlet: file?.outletId
        case .person, .customer, .nobody: nil
        }
    }

    /// Whether an opinion names another one: of another kind, or another id where it is known.
    func isOther(than named: LiabilityProposed.Liable) -> Bool {
        named.kind != kind || (named.id.map { id != nil && $0 != id } ?? false)
    }

    /// What was expected and what was named.
    func figures(of cause: CompensationCause, _ named: LiabilityProposed.Liable) -> [JSON.Member] {
        var figures: [JSON.Member] = [
            .init("cause", .string(cause.rawValue)), .init("party", .string(kind.rawValue)),
            .init("named", .string(named.kind.rawValue)),
        ]
        if let id { figures.append(.init("partyId", .string(id))) }
        if let namedId = named.id { figures.append(.init("namedId", .string(namedId))) }
        return figures
    }
}
