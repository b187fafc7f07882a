extension Customer {
    /// Characters of a telephone number as written.
    package static let phoneLimit = 40

    /// By what customers are compared: the key of the phone; of a token, which stands for such a phone, the person.
    ///
    /// nil: the phone has no key, so this is nobody else, and two such customers are never the same.
    package var comparisonKey: String? { Self.comparisonKey(ofPhone: phone) }

    package static func comparisonKey(ofPhone phone: String) -> String? {
        guard let token = PersonalToken(phone) else { return PhoneKey(phone)?.digits }
        return token.isOfKeylessPhone ? nil : String(token.person)
    }
}

extension CustomerErasureRequested {
    /// That of the phone, as a customer's.
    package var comparisonKey: String? { phone.flatMap { Customer.comparisonKey(ofPhone: $0) } }
}
