/// The letters that notices bring (R12, R16–R18, R49). The raw value names the template: `warning.zh.txt`.
package enum LetterKind: String, CaseIterable, Hashable, Sendable {
    case warning
    case rectification
    case stopDispatch = "stop-dispatch"
    /// After a rectification that was not passed.
    case stopAfterRectification = "stop-dispatch-rectification"
    case withdrawal
    /// After trainings that were failed in a row.
    case withdrawalAfterTraining = "withdrawal-training"
    /// For one violation with injury or fire.
    case warningGrave = "warning-grave"
    case rectificationGrave = "rectification-grave"
    case stopGrave = "stop-dispatch-grave"
    case withdrawalGrave = "withdrawal-grave"
    /// Somebody has recommended it.
    case withdrawalRecommended = "withdrawal-recommendation"
    case manufacturerPenalty = "manufacturer-penalty"
    case manufacturerReplacement = "manufacturer-replacement"
    /// Of what the fund has paid in advance, from whoever is liable.
    case recoveryDemand = "recovery-demand"
}

/// The languages in which every letter is written. The raw value is the name on the wire and in file names.
package enum LetterLanguage: String, CaseIterable, Codable, Hashable, Sendable {
    case zh, en
}

/// What a template may name in braces: `{number}`.
package enum LetterField: String, CaseIterable, Hashable, Sendable {
    /// Of the letter: its number, and to whom it goes.
    case number, addressee
    /// The letter's date; in a row the date of the fact.
    case date
    /// The rule upon which the letter is written, `R12`.
    case rule
    /// The month, year or quarter that was judged.
    case period
    /// How many facts there are.
    case count
    /// From how many on the rule applies.
    case threshold
    /// When the warning ends, or by when the rectification must be passed or the money be back.
    case deadline
    case appealUntil
    /// What is to be done with the orders in hand.
    case orders
    /// The number of the letter that had demanded the rectification.
    case earlier
    /// How incidents were counted: in a row, or in all.
    case counted
    /// Yuan that the addressee is to pay; a letter without a sum has none.
    case amount
    /// Yuan that have come back before or were given up; none if nothing has.
    case returned
    /// How many facts are not listed one by one; none if all are.
    case more
    /// In a row: its number, the case or service, the kind of failing, the incident, the results of a training, the
    /// request for an advance and the yuan that it was paid.
    case n, subject, category, incident, quarter, assessed, passed, request, paid

    /// No value is longer, in characters; so no letter can outgrow what an event may carry.
    var maxLength: Int {
        switch self {
        case .number, .earlier: 90
        case .addressee: 200
        case .subject: 100
        // Behind the name it may say how much it counts.
        case .category: LetterBook.categoryLimit + 20
        case .incident, .appealUntil, .orders, .request: 64
        case .date, .deadline, .period, .rule, .quarter: 24
        case .count, .threshold, .counted, .assessed, .passed, .amount, .returned, .paid, .more, .n: 24
        }
    }
}

extension LetterKind {
    /// What the letter must state: a template that lacks one is refused.
    var fields: [LetterField] {
        let head: [LetterField] = [.number, .date, .addressee, .rule]
        return switch self {
        case .warning, .rectification: head + [.period, .count, .threshold, .more, .deadline, .appealUntil]
        case .stopDispatch: head + [.period, .count, .threshold, .more, .orders, .appealUntil]
        case .stopAfterRectification: head + [.earlier, .count, .more, .orders, .appealUntil]
        case .withdrawal: head + [.period, .count, .threshold, .more, .appealUntil]
        case .withdrawalAfterTraining: head + [.period, .count, .threshold, .more, .appealUntil]
        case .warningGrave, .rectificationGrave: head + [.more, .deadline, .appealUntil]
        case .stopGrave: head + [.more, .orders, .appealUntil]
        case .withdrawalGrave: head + [.more, .appealUntil]
        case .withdrawalRecommended: head + [.period, .count, .more, .appealUntil]
        case .manufacturerPenalty: head + [.amount]
        case .manufacturerReplacement: head + [.period, .count, .threshold, .more]
        case .recoveryDemand: head + [.amount, .returned, .deadline]
        }
    }

    /// What else it may state outside the row: templates of before 0.3 do not know it.
    var optionalFields: [LetterField] {
        switch self {
        case .manufacturerReplacement: [.counted]
        default: []
        }
    }

    /// What the row of each fact must state, and what else it may.
    var row: (required: [LetterField], optional: [LetterField]) {
        switch self {
        case .warning, .rectification, .stopDispatch, .stopAfterRectification, .withdrawal, .warningGrave,
            .rectificationGrave, .stopGrave, .withdrawalGrave:
            ([.date, .subject], [.n, .category])
        case .withdrawalRecommended: ([.date], [.n])
        case .withdrawalAfterTraining: ([.quarter, .assessed, .passed], [.n])
        case .manufacturerPenalty, .manufacturerReplacement: ([.date, .incident], [.n, .category, .subject])
        case .recoveryDemand: ([.subject, .request, .paid], [.n, .date])
        }
    }
}
