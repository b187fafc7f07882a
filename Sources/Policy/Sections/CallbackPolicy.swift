/// Section `callback` of the policy: windows and attempts of follow-up calls.
///
/// "Window D+a..D+b" runs from 00:00 of date D+a to 24:00 of date D+b.
package struct CallbackPolicy: Hashable, Sendable {
    package var maxAttempts = 3
    package var wrongNumberWorkingDays = 3
    package var dueHour = 9
    package var nextAttemptWorkingDays = 1
    package var serviceFirstFromDays = 3
    package var serviceFirstToDays = 7
    package var serviceSecondFromDays = 7
    package var serviceSecondToDays = 14
    package var caseClosedFromWorkingDays = 1
    package var caseClosedToWorkingDays = 3
    package var customerEventNoticeDays = 14
    package var customerEventLetters = Letters.asked
    package var letterDays = 2
    package var dissatisfiedMaxScore = 2

    /// Who is sent a letter about a customer event (R26).
    package enum Letters: String, Hashable, Sendable, CaseIterable {
        /// Whoever asks for one in the call.
        case asked
        /// Everyone who was reached.
        case always
    }

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(
            &maxAttempts, "maxAttempts", 1...100,
            "R10: attempts on different dates without reaching the customer, after which the task is exhausted")
        section.read(
            &wrongNumberWorkingDays, "wrongNumberWorkingDays", Bounds.workingDays,
            "R10: working days within which the store owes a right number in place of a wrong one")
        section.read(&dueHour, "dueHour", Bounds.hour, "R10: the hour at which an attempt becomes due")
        section.read(
            &nextAttemptWorkingDays, "nextAttemptWorkingDays", Bounds.workingDays,
            "R10: working days from an attempt without answer to the next one")
        section.read(
            &serviceFirstFromDays, "serviceFirstFromDays", Bounds.days,
            "R22: first date of the first call's window, in dates after the service")
        section.read(
            &serviceFirstToDays, "serviceFirstToDays", Bounds.days,
            "R22: last date of the first call's window, in dates after the service")
        section.ordered("serviceFirstFromDays", serviceFirstFromDays, atMost: "serviceFirstToDays", serviceFirstToDays)
        section.read(
            &serviceSecondFromDays, "serviceSecondFromDays", Bounds.days,
            "R25: first date of the second call's window, in dates after the first call that reached the customer")
        section.read(
            &serviceSecondToDays, "serviceSecondToDays", Bounds.days,
            "R25: last date of the second call's window, in dates after the first call that reached the customer")
        section.ordered(
            "serviceSecondFromDays", serviceSecondFromDays, atMost: "serviceSecondToDays", serviceSecondToDays)
        section.read(
            &caseClosedFromWorkingDays, "caseClosedFromWorkingDays", Bounds.workingDays,
            "R10: the working day after the closing of a case on which its call is due and its window opens")
        section.read(
            &caseClosedToWorkingDays, "caseClosedToWorkingDays", Bounds.workingDays,
            "R10: the working day after the closing of a case on which the window ends")
        section.ordered(
            "caseClosedFromWorkingDays", caseClosedFromWorkingDays,
            atMost: "caseClosedToWorkingDays", caseClosedToWorkingDays)
        section.read(
            &customerEventNoticeDays, "customerEventNoticeDays", Bounds.days,
            "R26: dates before a customer event on which the call to the customer is due")
        let letters = section.choice(
            "customerEventLetters", of: Letters.self,
            "R26: who is sent a letter about a customer event: asked, whoever asks for it in the call; always, everyone "
                + "who was reached")
        if let letters { customerEventLetters = letters }
        section.read(
            &letterDays, "letterDays", Bounds.positiveDays,
            "R26: days (of 24 h) after the call that reached the customer by which the letter must be sent")
        section.read(
            &dissatisfiedMaxScore, "dissatisfiedMaxScore", 1...4,
            "R10: a score of at most this is dissatisfied, a higher one satisfied, where the answer itself is not given"
        )
        section.finish()
    }
}
