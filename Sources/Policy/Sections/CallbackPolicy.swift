/// Section `callback` of the policy: windows and attempts of follow-up calls.
///
/// "Window D+a..D+b" runs from 00:00 of date D+a to 24:00 of date D+b.
package struct CallbackPolicy: Hashable, Sendable {
    /// R10: attempts on different dates without reaching the customer, after which the task is exhausted.
    package var maxAttempts = 3
    /// R10: working days within which the store owes a right number in place of a wrong one.
    package var wrongNumberWorkingDays = 3
    /// The hour at which an attempt becomes due.
    package var dueHour = 9
    /// R10: working days from an attempt without answer to the next one.
    package var nextAttemptWorkingDays = 1
    /// R22: first date of the first call's window, in dates after the service.
    package var serviceFirstFromDays = 3
    /// R22: last date of the first call's window, in dates after the service.
    package var serviceFirstToDays = 7
    /// R25: first date of the second call's window, in dates after the first call that reached the customer.
    package var serviceSecondFromDays = 7
    /// R25: last date of the second call's window, in dates after the first call that reached the customer.
    package var serviceSecondToDays = 14
    /// R10: the working day after the closing of a case on which its call is due and its window opens.
    package var caseClosedFromWorkingDays = 1
    /// R10: the working day after the closing of a case on which the window ends.
    package var caseClosedToWorkingDays = 3
    /// R26: dates before a customer event on which the call to the customer is due.
    package var customerEventNoticeDays = 14
    /// R26: days (of 24 h) after the call that reached the customer by which the letter must be sent.
    package var letterDays = 2
    /// A score of at most this is dissatisfied, a higher one satisfied, where the answer itself is not given.
    package var dissatisfiedMaxScore = 2

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(&maxAttempts, "maxAttempts", 1...100)
        section.read(&wrongNumberWorkingDays, "wrongNumberWorkingDays", Bounds.workingDays)
        section.read(&dueHour, "dueHour", Bounds.hour)
        section.read(&nextAttemptWorkingDays, "nextAttemptWorkingDays", Bounds.workingDays)
        section.read(&serviceFirstFromDays, "serviceFirstFromDays", Bounds.days)
        section.read(&serviceFirstToDays, "serviceFirstToDays", Bounds.days)
        section.ordered("serviceFirstFromDays", serviceFirstFromDays, atMost: "serviceFirstToDays", serviceFirstToDays)
        section.read(&serviceSecondFromDays, "serviceSecondFromDays", Bounds.days)
        section.read(&serviceSecondToDays, "serviceSecondToDays", Bounds.days)
        section.ordered(
            "serviceSecondFromDays", serviceSecondFromDays, atMost: "serviceSecondToDays", serviceSecondToDays)
        section.read(&caseClosedFromWorkingDays, "caseClosedFromWorkingDays", Bounds.workingDays)
        section.read(&caseClosedToWorkingDays, "caseClosedToWorkingDays", Bounds.workingDays)
        section.ordered(
            "caseClosedFromWorkingDays", caseClosedFromWorkingDays,
            atMost: "caseClosedToWorkingDays", caseClosedToWorkingDays)
        section.read(&customerEventNoticeDays, "customerEventNoticeDays", Bounds.days)
        section.read(&letterDays, "letterDays", Bounds.positiveDays)
        section.read(&dissatisfiedMaxScore, "dissatisfiedMaxScore", 1...4)
        section.finish()
    }
}
