import Policy
import Schema

extension PolicyBook {
    /// Why an order to erase a customer is not carried out, anywhere; nil: it is.
    ///
    /// - Parameter order: its phone as upstream has written it, or the token that stands for it.
    package func rejection(of order: CustomerErasureRequested) -> Rejection? {
        if let rejection = rejection(of: order.by) ?? rejection(of: order.by, .eraseCustomer) { return rejection }
        let named = [order.phone, order.caseId, order.complaintId].compactMap { $0 }.count
        let request: JSON = ["requestId": .string(order.requestId)]
        // Who names nobody erases nobody, and a number without a key is nobody's.
        guard named == 1 else {
            let figures = request.setting("named", to: .int(Int64(named)))
                .setting("expected", to: "exactly one of phone, caseId and complaintId")
            return Rejection(named == 0 ? "nobody-named" : "several-named", figures)
        }
        guard order.phone == nil || order.comparisonKey != nil else {
            return .noPhoneKey(request.setting("instead", to: "name the person by caseId or complaintId"))
        }
        return nil
    }

    /// Why the person of an event may not act, or nil if he may: he must belong to the place for which he acts.
    ///
    /// Who is missing from the organisation file's people of that place is refused (`unknown-person`); a place without
    /// any list accepts everyone.
    package func rejection(of by: Person) -> Rejection? {
        guard !organisation.knows(by) else { return nil }
        var figures: JSON = ["person": .string(by.id), "tier": .string(by.tier)]
        if let storeId = by.storeId { figures = figures.setting("storeId", to: .string(storeId)) }
        if let regionId = by.regionId { figures = figures.setting("regionId", to: .string(regionId)) }
        return Rejection("unknown-person", figures)
    }
}

extension Rejection {
    /// A telephone number that nobody can be known by or called under.
    static func noPhoneKey(_ figures: JSON) -> Rejection {
        Rejection("no-phone-key", figures.setting("expected", to: "a phone of 5 to 15 digits"))
    }
}
