/// Who acted: the `by` of an event.
package struct Person: Codable, Hashable, Sendable {
    package var id: String
    /// `store`, `region`, `hq` or `business`.
    package var tier: String
    package var storeId: String?
    package var regionId: String?

    package init(id: String, tier: String, storeId: String? = nil, regionId: String? = nil) {
        self.id = id
        self.tier = tier
        self.storeId = storeId
        self.regionId = regionId
    }

    package static let shape = Shape.object([
        .required("id", .id), .required("tier", .oneOf(["store", "region", "hq", "business"])),
        .optional("storeId", .id), .optional("regionId", .id),
    ])
}

package struct Customer: Codable, Hashable, Sendable {
    package var name: String
    package var phone: String
    package var address: String?

    package init(name: String, phone: String, address: String? = nil) {
        self.name = name
        self.phone = phone
        self.address = address
    }

    /// Characters of a telephone number as written.
    package static let phoneLimit = 40

    package static let shape = Shape.object([
        .required("name", .text(min: 1, max: 200), personal: true),
        .required("phone", .text(min: 1, max: phoneLimit), personal: true),
        .optional("address", .text(min: 0, max: 500), personal: true),
    ])

    /// By what customers are compared: the key of the phone; of a token, which stands for such a phone, the person.
    ///
    /// nil: the phone has no key, so this is nobody else, and two such customers are never the same.
    package var comparisonKey: String? { Self.comparisonKey(ofPhone: phone) }

    package static func comparisonKey(ofPhone phone: String) -> String? {
        guard let token = PersonalToken(phone) else { return PhoneKey(phone)?.digits }
        return token.isOfKeylessPhone ? nil : String(token.person)
    }
}

package struct Product: Codable, Hashable, Sendable {
    package var category: String
    package var brand: String
    package var model: String?
    package var serial: String?
    package var purchasedHere: Bool
    package var purchasedOn: CivilDate?

    package init(
        category: String, brand: String, model: String? = nil, serial: String? = nil, purchasedHere: Bool,
        purchasedOn: CivilDate? = nil
    ) {
        self.category = category
        self.brand = brand
        self.model = model
        self.serial = serial
        self.purchasedHere = purchasedHere
        self.purchasedOn = purchasedOn
    }

    package static let shape = Shape.object([
        .required("category", .text(min: 1, max: 100)), .required("brand", .text(min: 1, max: 200)),
        .optional("model", .text(min: 0, max: 100)), .optional("serial", .text(min: 0, max: 100)),
        .required("purchasedHere", .boolean), .optional("purchasedOn", .date),
    ])
}
