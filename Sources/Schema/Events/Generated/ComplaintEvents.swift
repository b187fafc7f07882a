// Written by scripts/generate_events.py from ComplaintEvents.contract; to change it, change that.

/// `complaint.received`: A customer complains (R02, R04).
package struct ComplaintReceived: ComparedByContent {
    package static let type = EventType("complaint.received")

    package static let channels = ["hotline", "counter", "web", "app", "manufacturer", "authority"]
    package static let remedies = ["repair", "exchange", "refund", "compensation", "apology", "information"]
    package static let hazards = ["injury", "fire", "media", "authority-letter"]

    /// What the complaint is about, as who took it down sees it.
    package enum ComplaintType: String, ContractPart, CaseIterable {
        case quality, installation, repair, attitude, delivery, billing, other
    }

    /// The name that the source gives this complaint; no other of the source has it.
    package var complaintId: String
    /// By what way it came; by `authority` it is major (R04).
    package var channel: String
    /// When it was received; terms run from it. At most 5 minutes ahead of the business clock.
    package var receivedAt: Instant
    package var customer: Customer
    /// The store that it names; an unknown one is passed over.
    package var storeId: String?
    /// The region that it names; an unknown one is passed over.
    package var regionId: String?
    package var product: Product
    /// The outlet that served the customer, if one did.
    package var outletId: String?
    /// What the customer complains of, in words.
    package var description: String
    /// What the customer wants.
    package var remedy: String
    /// How much money the customer claims, in fen (CNY 0.01); much of it is major (R04).
    package var claimFen: Int64?
    package var hazards: [String]?
    /// What kind of complaint it is, for the monthly analysis.
    package var complaintType: ComplaintType?

    package init(
        complaintId: String, channel: String, receivedAt: Instant, customer: Customer, storeId: String? = nil,
        regionId: String? = nil, product: Product, outletId: String? = nil, description: String, remedy: String,
        claimFen: Int64? = nil, hazards: [String]? = nil, complaintType: ComplaintType? = nil
    ) {
        self.complaintId = complaintId
        self.channel = channel
        self.receivedAt = receivedAt
        self.customer = customer
        self.storeId = storeId
        self.regionId = regionId
        self.product = product
        self.outletId = outletId
        self.description = description
        self.remedy = remedy
        self.claimFen = claimFen
        self.hazards = hazards
        self.complaintType = complaintType
    }

    package var ruleTime: Instant? { receivedAt }

    package static let shape: [Shape.Field] = [
        .required(
            "complaintId", .id,
            says: "The name that the source gives this complaint; no other of the source has it."),
        .required("channel", .oneOf(channels), says: "By what way it came; by `authority` it is major (R04)."),
        .required(
            "receivedAt", .time,
            says: "When it was received; terms run from it. At most 5 minutes ahead of the business clock."),
        .required("customer", Customer.shape, says: "The customer whom it is about."),
        .optional("storeId", .id, says: "The store that it names; an unknown one is passed over."),
        .optional("regionId", .id, says: "The region that it names; an unknown one is passed over."),
        .required("product", Product.shape, says: "The goods that it is about."),
        .optional("outletId", .id, says: "The outlet that served the customer, if one did."),
        .required(
            "description", .text(min: 1, max: 4000), personal: true,
            says: "What the customer complains of, in words."),
        .required("remedy", .oneOf(remedies), says: "What the customer wants."),
        .optional(
            "claimFen", .fen,
            says: "How much money the customer claims, in fen (CNY 0.01); much of it is major (R04)."),
        .optional(
            "hazards", .array(.oneOf(hazards), min: 0, max: 4),
            says: "The dangers and public matters that it tells of."),
        .optional(
            "complaintType", .names(ComplaintType.self),
            says: "What kind of complaint it is, for the monthly analysis."),
    ]

    package static let takenShape = Shape.object(
        shape.map { $0.name == "channel" ? .required("channel", .oneOf(channels + ["callback"])) : $0 })

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        complaintId = try members.required("complaintId", in: tape)
        channel = try members.required("channel", in: tape)
        receivedAt = try members.required("receivedAt", in: tape)
        customer = try members.required("customer", in: tape)
        storeId = try members.optional("storeId", in: tape)
        regionId = try members.optional("regionId", in: tape)
        product = try members.required("product", in: tape)
        outletId = try members.optional("outletId", in: tape)
        description = try members.required("description", in: tape)
        remedy = try members.required("remedy", in: tape)
        claimFen = try members.optional("claimFen", in: tape)
        hazards = try members.optional("hazards", in: tape)
        complaintType = try members.optional("complaintType", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("complaintId", complaintId)
        writer.member("channel", channel)
        writer.member("receivedAt", receivedAt)
        writer.member("customer", customer)
        writer.member("storeId", storeId)
        writer.member("regionId", regionId)
        writer.member("product", product)
        writer.member("outletId", outletId)
        writer.member("description", description)
        writer.member("remedy", remedy)
        writer.member("claimFen", claimFen)
        writer.member("hazards", hazards)
        writer.member("complaintType", complaintType)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customer.replaceTexts(replacement)
        description = description.replaced(replacement)
    }
}

/// `case.opened`: Intake has opened a case for a complaint.
package struct CaseOpened: EventData {
    package static let type = EventType("case.opened")

    package struct Cluster: ContractPart {
        /// Distinct phones that complained of the same brand and category within the window, this one included.
        package var phones: Int
        package var major: Bool

        package init(
            phones: Int, major: Bool
        ) {
            self.phones = phones
            self.major = major
        }

        package static let shape = Shape.object([
            .required(
                "phones", .integer(min: 0, max: Shape.integerLimit),
                says: """
                    Distinct phones that complained of the same brand and category within the window, this one \
                    included.
                    """),
            .required("major", .boolean),
        ])

        package init(reading place: Int, in tape: borrowing JSONTape) throws {
            var members = try MemberPlaces(of: place, in: tape)
            phones = try members.required("phones", in: tape)
            major = try members.required("major", in: tape)
        }

        package func write(to writer: inout JSONWriter) {
            writer.begin()
            writer.member("phones", phones)
            writer.member("major", major)
            writer.end()
        }
    }

    package var caseId: String
    package var complaintId: String
    package var openedAt: Instant
    package var complaint: ComplaintReceived
    package var cluster: Cluster

    package init(
        caseId: String, complaintId: String, openedAt: Instant, complaint: ComplaintReceived, cluster: Cluster
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.openedAt = openedAt
        self.complaint = complaint
        self.cluster = cluster
    }

    package var ruleTime: Instant? { openedAt }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("openedAt", .time),
        .required("complaint", ComplaintReceived.takenShape),
        .required("cluster", Cluster.shape),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        openedAt = try members.required("openedAt", in: tape)
        complaint = try members.required("complaint", in: tape)
        cluster = try members.required("cluster", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("openedAt", openedAt)
        writer.member("complaint", complaint)
        writer.member("cluster", cluster)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        complaint.replaceTexts(replacement)
    }
}

/// `batch.alerted`: A complaint has completed a cluster; once for each span (R52).
package struct BatchAlerted: EventData {
    package static let type = EventType("batch.alerted")

    package var brand: String
    package var category: String
    /// The number of the span of `clusterWindowDays` dates, counted from 1970-01-01.
    package var span: Int
    /// How many phones have complained; at most 100.
    package var phones: Int

    package init(
        brand: String, category: String, span: Int, phones: Int
    ) {
        self.brand = brand
        self.category = category
        self.span = span
        self.phones = phones
    }

    package static let shape: [Shape.Field] = [
        .required("brand", .text(min: 1, max: 200)),
        .required("category", .text(min: 1, max: 100)),
        .required(
            "span", .anyInteger,
            says: "The number of the span of `clusterWindowDays` dates, counted from 1970-01-01."),
        .required(
            "phones", .integer(min: 0, max: Shape.integerLimit),
            says: "How many phones have complained; at most 100."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        brand = try members.required("brand", in: tape)
        category = try members.required("category", in: tape)
        span = try members.required("span", in: tape)
        phones = try members.required("phones", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("brand", brand)
        writer.member("category", category)
        writer.member("span", span)
        writer.member("phones", phones)
        writer.end()
    }
}
