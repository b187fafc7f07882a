import Schema

/// A failing of an outlet, as far as decisions need it: no description, no customer.
struct Violation: Codable, Hashable, Sendable, MatterMember {
    let id: String
    let category: String
    let caseId: String?
    /// Of the case; nil: not known, or letters do not name it.
    var complaintId: String?
    let serviceId: String?
    let occurredAt: Instant
    /// When it was reported.
    let knownAt: Instant
    /// Who reported it, made the call that it comes from, or resolved the case: he may not verify it. nil: a release before
    /// 0.2 told of the call or the closing.
    let reporter: String?
    let hazards: [String]?
    /// When it was upheld or turned down; a verification that comes late counts from the last close that it missed.
    var verifiedAt: Instant?
    var upheld: Bool?
    /// Where it counted in a proposal, and so stays.
    var countedMonth: Month?
    var countedYear: Int?
    /// Its group has been counted and has left the dossier without it: it counts no more.
    var isCounted: Bool?
    /// Nobody typed it: it follows from a closed case or from a call (R45). nil: it was reported, or a release before 0.3
    /// took it from a call.
    var derived: Bool?

    /// One of its group has been proposed as a grave one, or waits to be: so the group is not proposed again (R46).
    var isGraveTaken: Bool?

    var isDerived: Bool { derived ?? false }
    /// Upheld, with injury or fire.
    var isGrave: Bool { upheld == true && (hazards ?? []).contains(where: Self.graveHazards.contains) }
    var violationId: String { id }

    /// Whether one may have something to do with the other's group (`Matters`): the same case or the same service, and the
    /// same category where both were reported.
    func mayJoin(_ other: Violation) -> Bool {
        (category == other.category || isDerived || other.isDerived) && sharesSubject(with: other)
    }

    /// The same case or the same service.
    func sharesSubject(with other: Violation) -> Bool {
        (caseId != nil && caseId == other.caseId) || (serviceId != nil && serviceId == other.serviceId)
    }

    static let graveHazards = ["injury", "fire"]

    func isUpheld(by instant: Instant) -> Bool {
        guard upheld == true, let verifiedAt else { return false }
        return verifiedAt <= instant
    }
}
