import Policy
import Schema

/// What is told of a failing of a manufacturer, by one of the three sources (R17).
struct IncidentReport: Sendable {
    let origin: Incident.Origin
    let manufacturerId: String
    /// How the manufacturer was found.
    let foundBy: Finding
    let kind: ManufacturerIncidentRecorded.Kind
    var caseId: String?
    var complaintId: String?
    var serviceId: String?
    var caller: String?

    enum Finding: String, Sendable {
        /// The event names it: the report of a store, or callback, which knows the owners of brands too.
        case named
        /// It owns the brand in the organisation file.
        case brand
    }

    var incidentId: String { Identifiers.incidentId(of: origin.id) }

    /// nil: the event tells of no failing of a manufacturer, or nobody knows of which one.
    init?(_ data: any EventData, _ policy: PolicyBook) {
        switch data {
        case let data as CallbackDissatisfied: self.init(data)
        case let data as ManufacturerProblemReported: self.init(data, policy)
        case let data as CompensationAuthorised: self.init(data, policy)
        default: return nil
        }
    }

    /// A dissatisfied call at fault of the manufacturer.
    private init?(_ data: CallbackDissatisfied) {
        guard let manufacturerId = data.manufacturerAtFault else { return nil }
        self.init(
            origin: .init(source: .call, id: data.callbackId), manufacturerId: manufacturerId, foundBy: .named,
            kind: .dissatisfied, caseId: data.caseOfAnswer, complaintId: data.about.complaintId,
            serviceId: data.serviceId ?? data.about.serviceId, caller: data.by)
    }

    /// A report of a store.
    private init?(_ data: ManufacturerProblemReported, _ policy: PolicyBook) {
        let owner = data.brand.flatMap { policy.organisation.manufacturer(ofBrand: $0)?.id }
        guard let manufacturerId = data.manufacturerId ?? owner else { return nil }
        let kind: ManufacturerIncidentRecorded.Kind =
            switch data.kind {
            case .quality: .quality
            case .nonCooperation: .nonCooperation
            }
        self.init(
            origin: .init(source: .problem, id: data.problemId, fingerprint: data.fingerprint()),
            manufacturerId: manufacturerId, foundBy: data.manufacturerId == nil ? .brand : .named, kind: kind,
            caseId: data.caseId)
    }

    /// An advance that HQ has approved because the manufacturer had not settled the matter. R06 refers every such
    /// request to HQ, and HQ alone records a severity; one that R05 has let pass, because R06 is off, has none.
    private init?(_ data: CompensationAuthorised, _ policy: PolicyBook) {
        guard policy.rules.isOn(.r06), data.cause == .manufacturer, data.severity != nil, let brand = data.brand,
            let owner = policy.organisation.manufacturer(ofBrand: brand)
        else { return nil }
        self.init(
            origin: .init(source: .advance, id: data.requestId), manufacturerId: owner.id, foundBy: .brand,
            kind: .nonCooperation, caseId: data.caseId, complaintId: data.complaintId)
    }

    private init(
        origin: Incident.Origin, manufacturerId: String, foundBy: Finding, kind: ManufacturerIncidentRecorded.Kind,
        caseId: String? = nil, complaintId: String? = nil, serviceId: String? = nil, caller: String? = nil
    ) {
        self.origin = origin
        self.manufacturerId = manufacturerId
        self.foundBy = foundBy
        self.kind = kind
        self.caseId = caseId
        self.complaintId = complaintId
        self.serviceId = serviceId
        self.caller = caller
    }
}

extension CallbackDissatisfied {
    /// The manufacturer on which the customer lays the fault, where it is known.
    var manufacturerAtFault: String? { atFault == .manufacturer ? manufacturerId : nil }
}
