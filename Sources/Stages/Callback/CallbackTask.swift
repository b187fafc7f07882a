import Policy
import Schema

/// One customer who is to be called: why, when, what has been tried, and how it ended.
package struct CallbackTask: Record, Equatable {
    package static let kind = "callback"

    /// How a task is done. A task without an outcome is open, also when its window is over.
    package enum Outcome: String, Codable, Sendable {
        case reached, refused, exhausted
        /// As releases before 0.3 ended one.
        case wrongNumber = "wrong-number"
    }

    /// One report of the call centre (R27).
    package struct Call: Codable, Sendable, Equatable {
        package enum Place: String, Codable, Sendable {
            /// Before the window: recorded, and no attempt.
            case early
            case attempt
            /// After the task was done: recorded without effect.
            case afterwards
        }

        package let attempt: Int
        package let at: Instant
        package let outcome: CallbackCompleted.Outcome
        package let place: Place
        /// Who called, and what was said; nil where R27 is switched off.
        package var by: String?
        package var satisfied: Bool?
        package var score: Int?
        package var comments: String?
        package var medium: CallbackCompleted.Medium?
    }

    /// A letter that was sent (R27).
    package struct Letter: Codable, Sendable, Equatable {
        package let at: Instant
        package var by: String?
        package var subject: String?
    }

    package let callKind: CallbackKind
    package let about: CallbackSubject
    package let customer: Customer
    package var product: Product?
    package var storeId: String?
    package var outletId: String?
    /// Of the service; nil where the call is about something else.
    package var inWarranty: Bool?
    /// What a customer event is called.
    package var title: String?
    /// Of the service that made the task, to tell its repetition from another service under its id.
    package var fingerprint: String?
    /// The date from which the window counts: of the service, the first call, the closing, or the customer event.
    package let base: CivilDate
    /// The first and the last moment of the window, as far as the calendar knows them.
    package var opens: Term
    package var ends: Term
    /// The next attempt; nil while none is planned.
    package var due: Term?
    /// `callback.scheduled` was said: the window is known.
    package var isScheduled = false
    /// The highest attempt that `callback.due` has asked for.
    package var asked = 0
    package var calls: [Call] = []
    package var letters: [Letter] = []
    package var outcome: Outcome?
    package var isMissed = false
    /// `callback.dissatisfied` was said: it counts once for a task.
    package var isDissatisfied = false
    /// The case of a closing is open again.
    package var isCaseReopened = false
    /// By when the store owes a right number; nil if it owes none, or is overdue already.
    package var numberDue: Term?
    /// The store owes a right number, overdue or not; nil: it does not, or a release before 0.3 ended the task on a wrong one.
    package var isNumberOwed: Bool?
    /// The number that was found after a wrong one: for calls alone, those of the second call included. Who the customer is
    /// `customer` says.
    package var correctedPhone: String?
    /// When that was told; one that is told of an earlier time does not take its place.
    package var correctedAt: Instant?
    /// By when a letter is owed; nil if none is, or it is overdue already.
    package var letterDue: Instant?

    /// More reports on one task than that are refused, so that a record stays bounded.
    package static let reportLimit = 200

    package init(
        _ callKind: CallbackKind, about: CallbackSubject, customer: Customer, base: CivilDate, opens: Term, ends: Term,
        due: Term
    ) {
        self.callKind = callKind
        self.about = about
        self.customer = customer
        self.base = base
        self.opens = opens
        self.ends = ends
        self.due = due
    }
}

extension CallbackTask {
    /// From the first moment of the window up to, and not including, the last; nil while the calendar does not tell.
    ///
    /// A first call that is due only after its customer event leaves a window of the event's date alone.
    package var window: (start: Instant, end: Instant)? {
        guard let start = opens.at, let end = ends.at else { return nil }
        return (min(start, end.adding(days: -1)), end)
    }

    /// Whom to call, at which number.
    var callee: Customer {
        guard let correctedPhone else { return customer }
        return Customer(name: customer.name, phone: correctedPhone, address: customer.address)
    }

    /// The attempts proper, without calls before the window and after the end.
    var attempts: [Call] { calls.filter { $0.place == .attempt } }

    /// The number of the next attempt to ask for: the first that was neither asked for nor made.
    var nextAttempt: Int {
        var number = asked + 1
        while calls.contains(where: { $0.attempt == number && $0.place != .early }) { number += 1 }
        return number
    }

    /// The rule that makes a task of this kind.
    var rule: String {
        switch callKind {
        case .serviceFirst: "R22"
        case .serviceSecond: "R25"
        case .caseClosed: "R10"
        case .customerEvent: "R26"
        }
    }

    /// The earliest of what is open. Until the window is known no attempt is asked for, as it could not be said how
    /// long it may take.
    package var wake: Wake? {
        var times: [Instant?] = [numberDue?.wake, letterDue]
        if isScheduled {
            times.append(due?.wake)
            if outcome == nil, !isMissed { times.append(window?.end) }
        } else {
            times += [opens.lookAt, ends.lookAt, due?.lookAt]
        }
        return times.compactMap { $0 }.min().map { Wake(at: $0) }
    }
}
