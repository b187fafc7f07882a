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

    package static let shape = Shape.object([
        .required("name", .text(min: 1, max: 200), personal: true),
        .required("phone", .text(min: 1, max: 40), personal: true),
        .optional("address", .text(min: 0, max: 500), personal: true),
    ])

    /// What phones are compared by: the digits, without a leading 86; of a token the person.
    package var phoneKey: String {
        if let token = PersonalToken(phone) { return String(token.person) }
        return Self.phoneKey(of: phone)
    }

    package static func phoneKey(of phone: String) -> String {
        var digits = phone.utf8.filter { $0 &- UInt8(ascii: "0") < 10 }
        if digits.count > 11, digits.starts(with: "86".utf8) { digits.removeFirst(2) }
        return String(decoding: digits, as: UTF8.self)
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
