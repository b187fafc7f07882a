import Policy
import Schema

/// Letters to manufacturers (R17, R18).
struct ManufacturerLetter {
    let number: String
    let manufacturerId: String
    let date: CivilDate
    let policy: PolicyBook

    /// The penalty upon an incident that headquarters has handled.
    func penalty(_ incident: Incident, _ incidentId: String, amountFen: Int64?) -> NoticeIssued.Letter {
        policy.letter(.manufacturerPenalty) { words in
            var fields = head(.r17, words)
            fields[.amount] = amountFen.map(words.yuan)
            return LetterFacts(fields: fields, rows: [words.incident(incidentId, incident)])
        }
    }

    /// The demand of another service provider; of those that were counted `incidents` are still known.
    func replacement(
        _ proposal: Replacement, incidents: [(id: String, incident: Incident)]
    ) -> NoticeIssued.Letter {
        policy.letter(.manufacturerReplacement) { words in
            var fields = head(.r18, words)
            fields[.period] = proposal.quarter.description
            fields[.count] = String(proposal.count)
            fields[.threshold] = String(proposal.threshold)
            fields[.counted] = words.counted(inARow: proposal.isInARow)
            return LetterFacts(
                fields: fields, rows: incidents.map { words.incident($0.id, $0.incident) },
                unlistedRows: proposal.count - incidents.count)
        }
    }

    private func head(_ rule: Rule, _ words: LetterWords) -> [LetterField: String] {
        [
            .number: number, .date: date.description, .rule: rule.rawValue,
            .addressee: words.addressee(manufacturerId, name: policy.organisation.manufacturer(manufacturerId)?.name),
        ]
    }
}
