/// What a person does, by the event that tells of it, and who may (R48): the one table of the whole pipeline.
///
/// For each act it has the tiers whose people may do it, which a policy can change (`AuthorityPolicy`), and which of their
/// places fits, which it cannot. Whether a person belongs to the place that he names is asked before.
package enum Act: String, Sendable, Hashable, CaseIterable {
    case resolve = "case.resolved"
    case askForEscalation = "case.escalation-requested"
    case accept = "case.accepted"
    case recordContact = "contact.recorded"
    case listDocuments = "documents.archived"
    case requestAdvance = "compensation.requested"
    case decideAdvance = "compensation.decided"
    case reportIncident = "incident-report.submitted"
    case proposeLiability = "liability.proposed"
    case approveLiability = "liability.approved"
    case bookRecovery = "recovery.booked"
    case proposeWriteOff = "write-off.proposed"
    case approveWriteOff = "write-off.approved"
    case reportCall = "callback.completed"
    case reportLetter = "letter.sent"
    case eraseCustomer = "customer.erasure-requested"
    case reportViolation = "violation.reported"
    case verifyViolation = "violation.verified"
    case reportWeek = "weekly-report.submitted"
    case decidePenalty = "penalty.decided"
    case reviewRectification = "rectification.reviewed"
    case lodgeAppeal = "appeal.lodged"
    case decideAppeal = "appeal.decided"
    case reinstateOutlet = "outlet.reinstated"
    case assessTraining = "training.assessed"
    case checkSite = "outlet.site-checked"
    case handleIncident = "manufacturer-incident.handled"
    case submitForm = "feedback-form.submitted"

    /// Which place of a tier fits. Headquarters and the business division are one place each.
    package enum Fit: Sendable {
        /// Any place.
        case any
        /// This place alone.
        case place
        /// This place or one above it: its region, headquarters. Who is below it has the wrong tier.
        case placeOrAbove
        /// One of these places, or one above: whoever has a share in the matter, whoever holds it now.
        case shared
    }

    /// One line of the table.
    package struct Row: Sendable {
        /// Unless the policy says otherwise.
        package let tiers: [Tier]
        package let fit: Fit

        init(_ tiers: [Tier], _ fit: Fit) {
            (self.tiers, self.fit) = (tiers, fit)
        }
    }

    package var row: Row {
        switch self {
        // The place that holds the case.
        case .resolve: Row([.store, .region, .hq], .placeOrAbove)
        case .askForEscalation: Row([.store, .region, .hq], .place)
        // The stores of the case's complaints, their regions, headquarters.
        case .accept, .recordContact, .listDocuments, .requestAdvance: Row([.store, .region, .hq], .shared)
        // The case's region; how much is R05's.
        case .decideAdvance: Row([.region, .hq], .shared)
        // The case's store; without one its region; without one headquarters.
        case .reportIncident: Row([.store, .region, .hq], .placeOrAbove)
        case .proposeLiability, .proposeWriteOff: Row([.hq], .any)
        case .approveLiability, .bookRecovery, .eraseCustomer, .assessTraining: Row([.hq, .business], .any)
        case .approveWriteOff, .decidePenalty, .decideAppeal, .reinstateOutlet: Row([.business], .any)
        case .verifyViolation, .handleIncident: Row([.hq], .any)
        // The store that it is about.
        case .reportWeek: Row([.store], .place)
        // The outlet's region.
        case .checkSite, .reviewRectification: Row([.region, .hq], .shared)
        case .reportCall, .reportLetter, .reportViolation, .submitForm, .lodgeAppeal: Row(Tier.allCases, .any)
        }
    }
}
