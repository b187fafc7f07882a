import Policy
import Schema

extension CaseClosed {
    /// The outlet that is liable for the case: the party that the resolution names, if it is a listed outlet, else that of
    /// the complaint; nil if another party is liable, or no outlet is known (R45).
    func outletLiable(_ policy: PolicyBook) -> String? {
        guard liability == .outlet else { return nil }
        if let liableParty, policy.organisation.outlet(liableParty) != nil { return liableParty }
        return outletId
    }

    /// Under this category it is recorded that an outlet was liable.
    static let violationCategory = "complaint"

    /// The manufacturer that is liable: the one named, if it is listed, else the owner of the brand; nil: nobody knows it.
    func manufacturer(_ policy: PolicyBook) -> String? {
        guard liability == .manufacturer else { return nil }
        let named = liableParty.flatMap { policy.organisation.manufacturer($0)?.id }
        return named ?? policy.organisation.manufacturer(ofBrand: product.brand)?.id
    }
}
