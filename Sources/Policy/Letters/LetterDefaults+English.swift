extension LetterDefaults {
    static func english(_ kind: LetterKind) -> String {
        switch kind {
        case .warning:
            ladder("Warning", sanction: "a warning", demand: warned)
        case .rectification:
            ladder("Demand for rectification", sanction: "rectification within a term", demand: rectify)
        case .stopDispatch: ladder("Stop of dispatch", sanction: "a stop of dispatch", demand: stop)
        case .stopAfterRectification:
            outlet(
                "Stop of dispatch",
                facts: "The rectification that letter {earlier} demanded was not passed in time (failure {count}). "
                    + "It concerned:",
                row: violation, rule: "a rectification that is not passed leads to a stop of dispatch.", demand: stop)
        case .withdrawal:
            ladder("Withdrawal", sanction: "withdrawal", demand: withdrawn, unappealed: final)
        case .warningGrave: grave("Warning", sanction: "a warning", demand: warned)
        case .rectificationGrave:
            grave("Demand for rectification", sanction: "rectification within a term", demand: rectify)
        case .stopGrave: grave("Stop of dispatch", sanction: "a stop of dispatch", demand: stop)
        case .withdrawalGrave: grave("Withdrawal", sanction: "withdrawal", demand: withdrawn, unappealed: final)
        case .withdrawalRecommended:
            outlet(
                "Withdrawal",
                facts: "A withdrawal was recommended (number {count} in the quarter {period}) and approved by the "
                    + "business division.",
                row: "{n}. {date}: withdrawal recommended upon inspection and evaluation",
                rule:
                    "outlets are inspected and evaluated; who supervises them may recommend a withdrawal, and if it is "
                    + "approved, the outlet is withdrawn.",
                demand: withdrawn, unappealed: final)
        case .withdrawalAfterTraining:
            outlet(
                "Withdrawal",
                facts: "Training assessments failed in a row: {count} (work was stopped after quarter {period}; "
                    + "retests are included).",
                row: "{n}. {quarter}: {assessed} assessed, {passed} passed",
                rule: "{threshold} failures in a row stop the work of an outlet; if it fails again after training, its "
                    + "contract ends.",
                demand: "Your contract ends. \(withdrawn)", unappealed: final)
        case .manufacturerPenalty:
            manufacturer(
                "Penalty of a manufacturer",
                facts: "In this matter your after-sales service has failed:\n"
                    + "{each}\n\(incident)\n{end}",
                rule: "after-sales problems that a store meets, and dissatisfied callbacks, lead to a penalty of the "
                    + "manufacturer, once the service department has handled them.",
                demand: "You are to pay a penalty of CNY {amount}.\n"
                    + "Find the cause and see that it does not happen again.")
        case .manufacturerReplacement:
            manufacturer(
                "Demand for another service provider",
                facts: "Failings of your after-sales service that were upheld in the quarter {period}: {count}.\n"
                    + "{each}\n\(incident)\n{end}\n\(more)",
                rule:
                    "upon {threshold} or more incidents in a quarter, counted {counted}, the manufacturer is asked for "
                    + "another service provider.",
                demand: "Appoint another service provider and tell the service department in writing.")
        case .recoveryDemand:
            letter(
                "Demand for repayment", to: "Liable party",
                facts: "The after-sales fund has paid in advance for the matter below; by the approved opinion on "
                    + "liability it falls to you:\n{each}\n\(advance)\n{end}\n\(returned)",
                rule: "what was paid in advance is borne by whoever is liable.",
                demand:
                    "Pay the CNY {amount} still owed back to the after-sales fund by {deadline}. What is not back by "
                    + "then is collected step by step; the settlement of a service outlet is held back.",
                end: "4. Appeal\nThis letter demands a repayment; there is no appeal against it.")
        }
    }

    private static let violation = "{n}. {date}, {category}, {subject}"
    private static let incident = "{n}. {date}, {category}, {subject}, incident {incident}"
    private static let advance = "{n}. {date}, {subject}, request {request}, CNY {paid} paid in advance"
    private static let returned = "Of this, CNY {returned} have come back or were given up."
    private static let more = "The dossier lists {more} more."
    private static let stop =
        "From the date of this letter you are given no more orders, until you are told otherwise. "
        + "Orders in hand: {orders}."
    private static let withdrawn =
        "From the date of this letter you are no longer a service outlet. Hand over the orders in hand at once."
    private static let warned =
        "You are warned from the date of this letter until {deadline}. Correct the faults at once and "
        + "see that they do not happen again."
    private static let rectify =
        "Put things right and pass the review by {deadline}; otherwise a stop of dispatch will be proposed."
    private static let accepted = "the decision counts as accepted"
    private static let final = "the withdrawal is final"

    private static func ladder(
        _ title: String, sanction: String, demand: String, unappealed: String = accepted
    ) -> String {
        outlet(
            title, facts: "Verified violations in the period {period}: {count}.", row: violation,
            rule: "{threshold} or more verified violations in the period lead to \(sanction).", demand: demand,
            unappealed: unappealed)
    }

    private static func grave(
        _ title: String, sanction: String, demand: String, unappealed: String = accepted
    ) -> String {
        outlet(
            title, facts: "This grave violation, with injury or fire, was verified:", row: violation,
            rule: "a verified grave violation leads to \(sanction), however few there are.", demand: demand,
            unappealed: unappealed)
    }

    private static func outlet(
        _ title: String, facts: String, row: String, rule: String, demand: String, unappealed: String = accepted
    ) -> String {
        letter(
            title, to: "Service outlet", facts: "\(facts)\n{each}\n\(row)\n{end}\n\(more)", rule: rule, demand: demand,
            end: "4. Appeal\nYou may appeal until {appealUntil}; after that \(unappealed).")
    }

    private static func manufacturer(_ title: String, facts: String, rule: String, demand: String) -> String {
        letter(
            title, to: "Manufacturer", facts: facts, rule: rule, demand: demand,
            end: "4. Objections\nIf you dispute these facts, tell the service department in writing.")
    }

    private static func letter(
        _ title: String, to: String, facts: String, rule: String, demand: String, end: String
    ) -> String {
        """
        \(title)
        Number: {number}
        Date: {date}
        To: \(to) {addressee}
        From: Service department

        1. Facts
        \(facts)

        2. Rule
        Rule {rule}: \(rule)

        3. Decision and demand
        \(demand)

        \(end)

        """
    }
}
