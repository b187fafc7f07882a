/// `complaint.received`: a customer complains (intake).
package struct ComplaintReceived: ComparedByContent, Hashable {
    package static let type = EventType("complaint.received")

    /// What the complaint is about, as who took it down sees it.
    package enum ComplaintType: String, Codable, Hashable, Sendable, CaseIterable {
        case quality, installation, repair, attitude, delivery, billing, other
    }

    package var complaintId: String
    package var channel: String
    package var receivedAt: Instant
    package var customer: Customer
    package var storeId: String?
    package var regionId: String?
    package var product: Product
    package var outletId: String?
    package var description: String
    package var remedy: String
    package var claimFen: Int64?
    package var hazards: [String]?
    package var complaintType: ComplaintType?

    package init(
        complaintId: String, channel: String, receivedAt: Instant, customer: Customer, storeId: String? = nil,
        regionId: String? = nil, product: Product, outletId: String? = nil, description: String, remedy: String,
        claimFen: Int64? = nil, hazards: [String]? = nil,
        complaintType: ComplaintType? = nil
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

    package static let channels = ["hotline", "counter", "web", "app", "manufacturer", "authority"]
    package static let remedies = ["repair", "exchange", "refund", "compensation", "apology", "information"]
    package static let hazards = ["injury", "fire", "media", "authority-letter"]

    package static let shape: [Shape.Field] = fields(channels: channels)

    /// The channel of a complaint that intake makes of a dissatisfied callback about a service.
    package static let callbackChannel = "callback"

    /// A complaint inside `case.opened` and `case.duplicate-linked`; it may also come from a callback.
    package static let takenShape = Shape.object(fields(channels: channels + [callbackChannel]))

    private static func fields(channels: [String]) -> [Shape.Field] {
        [
            .required("complaintId", .id), .required("channel", .oneOf(channels)), .required("receivedAt", .time),
            .required("customer", Customer.shape), .optional("storeId", .id), .optional("regionId", .id),
            .required("product", Product.shape), .optional("outletId", .id),
            .required("description", .text(min: 1, max: 4000), personal: true),
            .required("remedy", .oneOf(remedies)), .optional("claimFen", .fen),
            .optional("hazards", .array(.oneOf(hazards), min: 0, max: 4)),
            .optional("complaintType", .names(ComplaintType.self)),
        ]
    }
}

/// `case.opened`: intake has opened a case for a complaint.
package struct CaseOpened: EventData, Hashable {
    package static let type = EventType("case.opened")

    package struct Cluster: Codable, Hashable, Sendable {
        /// Distinct phones that complained of the same brand and category within the window, this one included.
        package var phones: Int
        package var major: Bool

        package init(phones: Int, major: Bool) {
            self.phones = phones
            self.major = major
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
        .required("caseId", .id), .required("complaintId", .id), .required("openedAt", .time),
        .required("complaint", ComplaintReceived.takenShape),
        .required(
            "cluster",
            .object([.required("phones", .integer(min: 0, max: Shape.integerLimit)), .required("major", .boolean)])),
    ]
}

/// `batch.alerted`: a complaint has completed a cluster; once for each span (R52).
package struct BatchAlerted: EventData, Hashable {
    package static let type = EventType("batch.alerted")

    package var brand: String
    package var category: String
    /// The number of the span of `clusterWindowDays` dates, counted from 1970-01-01.
    package var span: Int
    /// How many phones have complained; at most 100.
    package var phones: Int

    package init(brand: String, category: String, span: Int, phones: Int) {
        self.brand = brand
        self.category = category
        self.span = span
        self.phones = phones
    }

    package static let shape: [Shape.Field] = [
        .required("brand", .text(min: 1, max: 200)), .required("category", .text(min: 1, max: 100)),
        .required("span", .anyInteger), .required("phones", .integer(min: 0, max: Shape.integerLimit)),
    ]
}
