// Written by scripts/generate_events.py from CommonTypes.contract; to change it, change that.

/// Who acted: the `by` of an event.
package struct Person: ContractPart {
    /// Who he is, as the organisation file names him.
    package var id: String
    /// For which place he acts: `store`, `region`, `hq` or `business`, the business division.
    package var tier: String
    /// His store; of tier `store` alone.
    package var storeId: String?
    /// His region; of tier `region` alone.
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
        .required("id", .id, says: "Who he is, as the organisation file names him."),
        .required(
            "tier", .oneOf(["store", "region", "hq", "business"]),
            says: "For which place he acts: `store`, `region`, `hq` or `business`, the business division."),
        .optional("storeId", .id, says: "His store; of tier `store` alone."),
        .optional("regionId", .id, says: "His region; of tier `region` alone."),
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
    /// The customer's name.
    package var name: String
    /// His telephone number, by the digits of which he is known again.
    package var phone: String
    /// Where he lives.
    package var address: String?

    package init(
        name: String, phone: String, address: String? = nil
    ) {
        self.name = name
        self.phone = phone
        self.address = address
    }

    package static let shape = Shape.object([
        .required("name", .text(min: 1, max: 200), personal: true, says: "The customer's name."),
        .required(
            "phone", .text(min: 1, max: phoneLimit), personal: true,
            says: "His telephone number, by the digits of which he is known again."),
        .optional("address", .text(min: 0, max: 500), personal: true, says: "Where he lives."),
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
    /// The kind of goods, compared without width, case and doubled blanks.
    package var category: String
    /// The brand, compared in the same way.
    package var brand: String
    /// The model, as the manufacturer calls it.
    package var model: String?
    /// The serial number, by which a repair of the same piece is known again.
    package var serial: String?
    /// Whether it was bought from the chain; nothing is refused for that (R02).
    package var purchasedHere: Bool
    /// The date on which it was bought.
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
        .required(
            "category", .text(min: 1, max: 100),
            says: "The kind of goods, compared without width, case and doubled blanks."),
        .required("brand", .text(min: 1, max: 200), says: "The brand, compared in the same way."),
        .optional("model", .text(min: 0, max: 100), says: "The model, as the manufacturer calls it."),
        .optional(
            "serial", .text(min: 0, max: 100),
            says: "The serial number, by which a repair of the same piece is known again."),
        .required(
            "purchasedHere", .boolean,
            says: "Whether it was bought from the chain; nothing is refused for that (R02)."),
        .optional("purchasedOn", .date, says: "The date on which it was bought."),
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
