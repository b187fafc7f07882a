import Policy
import Schema

/// Takes complaints in: tells a new complaint from one that is known, a new matter from one that has an open case, and
/// counts who else complains of the same goods.
///
/// Nothing here asks where the goods were bought (R02), so switching R02 off changes nothing. Its decisions are in
/// `docs/stages/intake.md`.
package struct IntakeStage: Stage {
    package static let name = StageName.intake
    package static let takesFromInbox = [ComplaintReceived.type]
    package static let takesFromEvents = [CallbackDissatisfied.type, CaseClosed.type, CaseReopened.type]
    package static let follows: [StageName] = [.handling, .callback]
    package static let recordTypes: [any Record.Type] = [
        ComplaintRecord.self, CustomerFile.self, ClusterSpan.self,
    ]

    package init() {}

    /// Of all but complaints, whose clusters depend on the policy.
    package func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        guard case .event(let event) = input else { return [] }
        guard let caseId = Self.caseId(of: event) else { return [] }
        // The complaint that opened the case leads to the file that lists it.
        let complaint = records.get(ComplaintRecord.self, caseId)
        return [ComplaintRecord.key(caseId)] + (complaint.map { [CustomerFile.key($0.customer)] } ?? [])
    }

    package func keys(for input: Input, given records: RecordReader, policy: PolicyBook) -> [RecordKey] {
        guard case .event(let event) = input, let (complaint, source) = Self.complaint(of: event) else {
            return keys(for: input, given: records)
        }
        return ComplaintNames(complaint, from: source, policy).keys
    }

    package func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        // No record of intake wakes, so there are no timers.
        guard case .event(let event) = input else { return .applied }
        if let (complaint, _) = Self.complaint(of: event) {
            guard let names = ComplaintNames(turn.keys) else { throw ComplaintNames.missing }
            return try take(complaint, names, in: &turn)
        }
        switch event.data {
        case let closed as CaseClosed:
            return note(closed.caseId, isOpen: false, event.sequence, in: &turn)
        case let reopened as CaseReopened:
            return note(reopened.caseId, isOpen: true, event.sequence, in: &turn)
        case let callback as CallbackDissatisfied where Self.isAboutService(callback):
            // A complaint must say what it is about.
            return .refused(Rejection("product-missing", ["callbackId": .string(callback.callbackId)]))
        default:
            // A dissatisfied answer about a case is handling's, about a customer event nobody's.
            return .applied
        }
    }

    private func note(_ caseId: String, isOpen: Bool, _ sequence: Int64?, in turn: inout Turn) -> Verdict {
        guard let complaint = turn.get(ComplaintRecord.self, caseId),
            let known = turn.get(CustomerFile.self, complaint.customer)
        else { return .unknownReference(ComplaintRecord.key(caseId)) }
        var file = known
        file.note(caseId: caseId, isOpen: isOpen, sequence: sequence)
        if file != known { turn.put(file, complaint.customer) }
        return .applied
    }
}

// MARK: What an event says

extension IntakeStage {
    private static func caseId(of event: Event) -> String? {
        switch event.data {
        case let closed as CaseClosed: closed.caseId
        case let reopened as CaseReopened: reopened.caseId
        default: nil
        }
    }

    /// The complaint that an event makes, with the source that its case id derives from; nil if it makes none.
    static func complaint(of event: Event) -> (complaint: ComplaintReceived, source: String)? {
        switch event.data {
        case let complaint as ComplaintReceived: (complaint, event.source)
        case let callback as CallbackDissatisfied:
            complaint(of: callback, at: event.ruleTime).map { ($0, StageName.callback.source) }
        default: nil
        }
    }

    /// What stands for the words of a customer who was dissatisfied with a service and said no more.
    static let wordlessDescription = "The customer was not satisfied with the service when called back."

    /// The complaint in a dissatisfied answer about a service; nil if it is about something else.
    private static func complaint(of callback: CallbackDissatisfied, at instant: Instant) -> ComplaintReceived? {
        guard isAboutService(callback), let product = callback.product else { return nil }
        let comments = callback.comments ?? ""
        return ComplaintReceived(
            complaintId: callback.callbackId, channel: ComplaintReceived.callbackChannel, receivedAt: instant,
            customer: callback.customer, storeId: callback.storeId, product: product, outletId: callback.outletId,
            description: comments.isEmpty ? wordlessDescription : comments, remedy: "information")
    }

    private static func isAboutService(_ callback: CallbackDissatisfied) -> Bool {
        (callback.serviceId ?? callback.about.serviceId) != nil
    }
}

/// What a complaint is known by: worked out once, when it is asked which records it needs.
struct ComplaintNames {
    let caseId: String
    /// The id of the customer's file.
    let customer: String
    /// The ids of the records of its cluster, in order of time; none if it counts in none.
    let clusters: [String]

    init(_ complaint: ComplaintReceived, from source: String, _ policy: PolicyBook) {
        caseId = Identifiers.caseId(source: source, complaintId: complaint.complaintId)
        customer = CustomerFile.id(of: complaint.customer, caseId: caseId)
        // Whoever cannot be told from others counts in no cluster.
        clusters =
            complaint.customer.comparisonKey == nil
            ? []
            : ClusterSpan.ids(
                brand: complaint.product.brandKey, category: complaint.product.categoryKey,
                days: policy.intake.clusterWindowDays, upTo: complaint.receivedAt)
    }

    var keys: [RecordKey] {
        [ComplaintRecord.key(caseId), CustomerFile.key(customer)] + clusters.map { ClusterSpan.key($0) }
    }

    /// From `keys`; nil: it is another input's.
    init?(_ keys: [RecordKey]) {
        guard keys.count >= 2, keys[0].kind == ComplaintRecord.kind, keys[1].kind == CustomerFile.kind else {
            return nil
        }
        (caseId, customer) = (keys[0].id, keys[1].id)
        clusters = keys.filter { $0.kind == ClusterSpan.kind }.map(\.id)
    }

    static let missing = StageFault(description: "stage intake: a complaint came without its names")
}
