import Policy
import Schema

/// What is counted of a manufacturer, month by month: incidents (R17), cases that it is liable for, repairs of its brands.
struct ManufacturerDesk: Record {
    static let kind = "manufacturer"

    let id: String
    var book = PeriodBook()

    var wake: Wake? { book.wake }

    init(id: String) {
        self.id = id
    }

    /// As a store's. Nothing is handed on: the chain counts these facts at their stores.
    mutating func pass(in turn: inout Turn) {
        var left = PeriodBook.passLimit
        while left > 0, let wake = book.wake, wake.at <= turn.now {
            left -= 1
            for month in book.dueMonths(in: &turn) {
                if let period = book.close(month) { publish(month, period.tallies, in: &turn) }
            }
            // The chain's year has the facts already.
            for year in book.dueYears(in: &turn) { _ = book.close(year: year) }
        }
    }

    private func publish(_ month: Month, _ tallies: Tallies, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r17) else { return }
        var body = ReportBody(from: month.firstDate, through: month.next.firstDate.adding(days: -1))
        let kinds = ManufacturerIncidentRecorded.Kind.allCases
        body.add(
            "incidents",
            .array(kinds.map { ["kind": .string($0.rawValue), "incidents": .int(tallies[.incidents($0)])] }))
        body.add(
            "handled", ["upheld": .int(tallies[.incidentsUpheld]), "dismissed": .int(tallies[.incidentsDismissed])])
        body.add("work", ["cases": .int(tallies[.closed]), "repairs": .int(tallies[.services(.repair)])])
        turn.publish(.makerMonth, month.description, subject: id, rule: "R17", body: body.json)
    }
}
