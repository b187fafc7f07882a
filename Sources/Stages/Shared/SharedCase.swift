import Policy
import Schema

/// A case as a stage knows it, with the places whose people have a share in it (R48).
protocol SharedCase {
    /// Of its own complaint.
    var storeId: String? { get }
    var regionId: String? { get }
    /// Of the complaints that were linked to it, each once; nil: none that is another.
    var linkedPlaces: [LinkedPlace]? { get set }
}

/// The store and the region that a linked complaint names.
package struct LinkedPlace: Codable, Hashable, Sendable {
    package let storeId: String?
    package let regionId: String?

    /// Of one case no more are kept; who belongs to a further one waits as for one that is not known.
    static let limit = 100
}

extension SharedCase {
    /// The place of its own complaint.
    func place(_ policy: PolicyBook) -> Place { policy.place(storeId: storeId, regionId: regionId) }

    /// The places of all its complaints.
    func places(_ policy: PolicyBook) -> [Place] {
        [place(policy)] + (linkedPlaces ?? []).map { policy.place(storeId: $0.storeId, regionId: $0.regionId) }
    }

    /// Gives the places of a linked complaint a share, and lets those come who waited for that.
    mutating func share(with linked: CaseDuplicateLinked, in turn: inout Turn) {
        let complaint = linked.complaint
        let place = LinkedPlace(storeId: complaint.storeId, regionId: complaint.regionId)
        let known = linkedPlaces ?? []
        let shared = turn.policy.place(storeId: place.storeId, regionId: place.regionId)
        guard shared != .hq, !places(turn.policy).contains(shared), known.count < LinkedPlace.limit else { return }
        linkedPlaces = known + [place]
        for placeId in [shared.storeId, shared.regionId].compactMap(\.self) {
            turn.makeKnown(CaseShare.key(linked.openCaseId, placeId))
        }
    }

    /// What becomes of an event by which somebody who has no share in the case acts on it; nil: he has one.
    ///
    /// His place may have one by a complaint that intake has linked and this stage has not heard of: he waits for that.
    ///
    /// - Parameter named: the case, or a complaint that was linked to it.
    func verdict(on by: Person, _ act: Act, named: String, in turn: Turn) -> Verdict? {
        guard let rejection = turn.policy.rejection(of: by, act, at: places(turn.policy)) else { return nil }
        let caseId = turn.openCase(of: named)
        let placeId = by.tier == Tier.store.rawValue ? by.storeId : by.regionId
        guard rejection.reason == "wrong-place", let placeId else { return .refused(rejection) }
        if let link = turn.get(CaseLink.self, named), link.hasShare == nil { return nil }
        return .waits(CaseShare.key(caseId, placeId), orElse: rejection)
    }
}

/// What stands for a place's share in a case, for events that come before the link that gives it.
enum CaseShare {
    static let kind = "case-share"

    static func key(_ caseId: String, _ placeId: String) -> RecordKey {
        RecordKey(kind: kind, id: caseId + " " + placeId)
    }
}
