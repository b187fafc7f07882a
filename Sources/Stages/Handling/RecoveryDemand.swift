import Policy
import Schema

/// The letter that demands back what the fund has paid (R49, R14). It names the case, the request and sums, and a person
/// by his id alone.
struct RecoveryDemand {
    let number: String
    let addressee: String
    let requestId: String
    let request: AdvanceRequest
    let recovery: AdvanceRequest.Recovery
    let date: CivilDate
    let policy: PolicyBook

    /// The number of an addressee's nth letter. Penalty numbers its own letters to the same one.
    static func number(_ addressee: String, _ n: Int, on date: CivilDate) -> String {
        "\(addressee)-\(Period.text(year: date.year))-R\(n)"
    }

    /// The numbers of the policy that the letter states.
    var parameters: JSON {
        policy.parameters(
            of: .recoveryDemand, [JSON.Member("recoveryDays", .int(Int64(policy.handling.recoveryDays)))])
    }

    var letter: NoticeIssued.Letter {
        policy.letter(.recoveryDemand) { words in
            var fields: [LetterField: String] = [
                .number: number, .date: date.description, .rule: Rule.r49.rawValue,
                .addressee: words.addressee(addressee, name: name), .amount: words.yuan(request.outstandingFen),
                .deadline: words.time(recovery.dueAt),
            ]
            let returnedFen = request.recoveredFen + request.writtenOffFen
            if returnedFen > 0 { fields[.returned] = words.yuan(returnedFen) }
            let complaintId = policy.letters.namesComplaints ? request.complaintId : nil
            var row: [LetterField: String] = [
                .date: request.requestedAt.date.description, .request: requestId,
                .paid: words.yuan(request.disbursedFen),
            ]
            row[.subject] = words.subject(caseId: request.caseId, complaintId: complaintId, serviceId: nil)
            return LetterFacts(fields: fields, rows: [row])
        }
    }

    private var name: String? {
        switch recovery.kind {
        case .outlet: policy.organisation.outlet(addressee)?.name
        case .manufacturer: policy.organisation.manufacturer(addressee)?.name
        case .person, .customer, .nobody: nil
        }
    }
}

/// Leads from a demand to its request; the notices are found by it.
struct DemandIndex: Record, Equatable {
    static let kind = "notice"

    let requestId: String

    var wake: Wake? { nil }
}

/// Who has been asked for money, by his id.
struct Debtor: Record, Equatable {
    static let kind = "debtor"

    var lettersIssued = 0

    var wake: Wake? { nil }
}
