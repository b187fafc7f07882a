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
    case reassignCase = "case.reassigned"
    case declareCrisis = "crisis.declared"
    case correctContact = "customer.contact-corrected"
    case reportProblem = "manufacturer-problem.reported"
    case decideReplacement = "replacement.decided"
    case evaluateOutlet = "outlet.evaluated"
    case recommendWithdrawal = "withdrawal.recommended"

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
        /// Those that the policy may name: others have no such place, or another rule shuts them out.
        package let possible: [Tier]
        /// One that the policy must name, or what comes to lie there could never be done.
        package let needed: Tier?
        /// Also with R48 switched off: another rule names the tier (R03, R11, R17, R20), or the order of an erasure does.
        package let isAskedAlways: Bool

        init(
            _ tiers: [Tier], _ fit: Fit, of possible: [Tier] = Tier.allCases, needed: Tier? = nil, always: Bool = false
        ) {
            (self.tiers, self.fit, self.possible, self.needed) = (tiers, fit, possible, needed)
            isAskedAlways = always
        }
    }

    private static let handlers: [Tier] = [.store, .region, .hq]

    package var row: Row {
        switch self {
        // The place that holds the case.
        case .resolve: Row(Self.handlers, .placeOrAbove, of: Self.handlers, needed: .hq)
        case .askForEscalation: Row(Self.handlers, .place, of: Self.handlers, always: true)
        // Which person of that place, or of one above, is R51's.
        case .reassignCase: Row(Self.handlers, .placeOrAbove, of: Self.handlers, needed: .hq, always: true)
        // The stores of the case's complaints, their regions, headquarters.
        case .accept, .recordContact, .listDocuments, .requestAdvance: Row(Self.handlers, .shared, of: Self.handlers)
        // The case's region; how much is R05's.
        case .decideAdvance: Row([.region, .hq], .shared, of: [.region, .hq], needed: .hq)
        // The case's store; without one its region; without one headquarters.
        case .reportIncident: Row(Self.handlers, .placeOrAbove, of: Self.handlers, needed: .hq)
        case .proposeLiability, .proposeWriteOff: Row([.hq], .any)
        case .approveLiability, .bookRecovery, .assessTraining: Row([.hq, .business], .any)
        case .eraseCustomer: Row([.hq, .business], .any, of: [.hq, .business], always: true)
        case .approveWriteOff: Row([.business], .any, of: [.business])
        case .decidePenalty, .decideAppeal, .reinstateOutlet, .decideReplacement:
            Row([.business], .any, of: [.business], always: true)
        case .verifyViolation: Row([.hq], .any)
        case .handleIncident: Row([.hq], .any, always: true)
        // The store that it is about.
        case .reportWeek: Row([.store], .place, of: [.store])
        // The outlet's region.
        case .checkSite, .reviewRectification, .evaluateOutlet, .recommendWithdrawal:
            Row([.region, .hq], .shared, of: [.region, .hq])
        // The task's store, its region, headquarters; a task without a store is everybody's.
        case .correctContact: Row(Self.handlers, .shared, of: Self.handlers)
        case .reportCall, .reportLetter, .reportViolation, .reportProblem, .declareCrisis, .submitForm, .lodgeAppeal:
            Row(Tier.allCases, .any)
        }
    }
}
