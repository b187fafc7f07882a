// Written by scripts/generate_events.py from CommonTypes.contract; to change it, change that.

/// Who acted: the `by` of an event.
package struct Person: ContractPart {
    package var id: String
    /// `store`, `region`, `hq` or `business`.
    package var tier: String
    package var storeId: String?
    package var regionId: String?

    package init(
        id: String, tier: String, storeId: String? = nil, regionId: String? = nil
    ) {
        self.id = id
        self.tier = tier
        self.storeId = storeId
        self.regionId = regionId
    }

    package static let shape = Shape.object([
        .required("id", .id),
        .required("tier", .oneOf(["store", "region", "hq", "business"])),
        .optional("storeId", .id),
        .optional("regionId", .id),
    ])

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        id = try members.required("id", in: tape)
        tier = try members.required("tier", in: tape)
        storeId = try members.optional("storeId", in: tape)
        regionId = try members.optional("regionId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("id", id)
        writer.member("tier", tier)
        writer.member("storeId", storeId)
        writer.member("regionId", regionId)
        writer.end()
    }
}

package struct Customer: ContractPart {
    package var name: String
    package var phone: String
    package var address: String?

    package init(
        name: String, phone: String, address: String? = nil
    ) {
        self.name = name
        self.phone = phone
        self.address = address
    }

    package static let shape = Shape.object([
        .required("name", .text(min: 1, max: 200), personal: true),
        .required("phone", .text(min: 1, max: phoneLimit), personal: true),
        .optional("address", .text(min: 0, max: 500), personal: true),
    ])

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        name = try members.required("name", in: tape)
        phone = try members.required("phone", in: tape)
        address = try members.optional("address", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("name", name)
        writer.member("phone", phone)
        writer.member("address", address)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        name = name.replaced(replacement)
        phone = phone.replaced(replacement)
        address = address.replaced(replacement)
    }
}

package struct Product: ContractPart {
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
        .required("category", .text(min: 1, max: 100)),
        .required("brand", .text(min: 1, max: 200)),
        .optional("model", .text(min: 0, max: 100)),
        .optional("serial", .text(min: 0, max: 100)),
        .required("purchasedHere", .boolean),
        .optional("purchasedOn", .date),
    ])

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        category = try members.required("category", in: tape)
        brand = try members.required("brand", in: tape)
        model = try members.optional("model", in: tape)
        serial = try members.optional("serial", in: tape)
        purchasedHere = try members.required("purchasedHere", in: tape)
        purchasedOn = try members.optional("purchasedOn", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("category", category)
        writer.member("brand", brand)
        writer.member("model", model)
        writer.member("serial", serial)
        writer.member("purchasedHere", purchasedHere)
        writer.member("purchasedOn", purchasedOn)
        writer.end()
    }
}
