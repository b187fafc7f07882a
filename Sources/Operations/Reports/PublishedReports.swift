import Schema
import Stages
import Store

/// A report as it was published.
package struct ReportDocument: OperationReport, Encodable, Hashable {
    package let kind: String
    package let period: String
    /// The store or outlet that it is about; nil: the whole chain.
    package let subject: String?
    package let publishedAt: Instant
    package let eventId: String
    package let body: JSON

    /// From an event's document; nil if it is no report.
    package init?(_ document: JSON) {
        guard let data = document["data"], let kind = data["kind"]?.string, let period = data["period"]?.string,
            let body = data["body"], let time = document["time"]?.string.flatMap(Instant.init(rfc3339:)),
            let id = document["id"]?.string, document["type"]?.string.map(Self.types.contains) == true
        else { return nil }
        (self.kind, self.period, self.body) = (kind, period, body)
        subject = data["subject"]?.string
        publishedAt = time
        eventId = id
    }

    private static let types = [ReportPublished.type.wireName, WeeklySummaryPublished.type.wireName]

    package var text: String { ReportText.text(self) }
}

/// `recourse report list` in one line.
package struct ReportItem: Sendable, Hashable, Codable {
    package let kind: String
    package let period: String
    package let subject: String?
    package let publishedAt: String
}

package struct ReportList: OperationReport, Codable, Hashable {
    package let reports: [ReportItem]
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: String?

    package var text: String {
        var table = TextTable("KIND", "PERIOD", "OF", "PUBLISHED")
        for one in reports { table.add(one.kind, one.period, one.subject ?? "", one.publishedAt) }
        return (table.isEmpty ? "No reports match." : table.text) + (next.map { "\nMore: --after \($0)" } ?? "")
    }
}

/// `recourse report list --file`: the reports in a file of outgoing events, in the order and the pages of a store's.
package struct ReportsOfFile: Sendable {
    private let kind: String?
    private let period: String?
    /// By the id under which a store would have it.
    private var found: [String: ReportItem] = [:]

    package init(kind: String?, period: String?) {
        (self.kind, self.period) = (kind, period)
    }

    /// Of two that are the same report the first counts, as for `report show --file`.
    package mutating func take(_ report: ReportDocument) {
        guard kind ?? report.kind == report.kind, period ?? report.period == report.period else { return }
        guard let kind = ReportKind(rawValue: report.kind) else { return }
        let id = PublishedReport.id(kind, report.period, report.subject)
        guard found[id] == nil else { return }
        found[id] = ReportItem(
            kind: report.kind, period: report.period, subject: report.subject,
            publishedAt: report.publishedAt.description)
    }

    package func list(after: String, limit: Int) -> ReportList {
        let rest = found.filter { $0.key > after }.sorted { $0.key < $1.key }
        let page = rest.prefix(min(max(limit, 1), PublishedReports.pageLimit))
        return ReportList(reports: page.map(\.value), next: page.count < rest.count ? page.last?.key : nil)
    }
}

/// `recourse report list | report show`: the reports that the reports stage has published, read from its journal.
package struct PublishedReports: Sendable {
    private let store: any Store
    /// Of one list call; a filter that few match is continued by the next page.
    private static let scanLimit = 50_000
    fileprivate static let pageLimit = 1_000

    /// - Parameter store: of the reports stage.
    package init(store: any Store) {
        self.store = store
    }

    /// Ascending by kind, period and subject.
    ///
    /// - Throws: `StoreFailure`.
    package func list(
        kind: String? = nil, period: String? = nil, after: String = "", limit: Int = 50
    ) async throws -> ReportList {
        let size = min(max(limit, 1), Self.pageLimit)
        return try await store.read { snapshot in
            var found: [ReportItem] = []
            var last = after
            var scanned = 0
            while scanned < Self.scanLimit {
                let page = try snapshot.records(kind: PublishedReport.kind, after: last, limit: 500)
                for stored in page {
                    last = stored.key.id
                    scanned += 1
                    let parts = last.split(separator: "/", maxSplits: 2).map(String.init)
                    guard parts.count >= 2, kind ?? parts[0] == parts[0], period ?? parts[1] == parts[1] else {
                        continue
                    }
                    let body = DeadLetterDetail.json(stored.body)
                    found.append(
                        ReportItem(
                            kind: parts[0], period: parts[1], subject: parts.count > 2 ? parts[2] : nil,
                            publishedAt: body?["publishedAt"]?.string ?? ""))
                    if found.count == size { return ReportList(reports: found, next: last) }
                }
                if page.count < 500 { return ReportList(reports: found, next: nil) }
            }
            return ReportList(reports: found, next: last)
        }
    }

    /// - Returns: nil if there is no such report.
    /// - Throws: `StoreFailure`.
    package func show(_ kind: ReportKind, _ period: String, of subject: String?) async throws -> ReportDocument? {
        let key = PublishedReport.key(PublishedReport.id(kind, period, subject))
        return try await store.read { snapshot in
            for entry in try snapshot.journal(of: key, limit: 10) {
                for output in entry.outputs {
                    guard let report = DeadLetterDetail.json(output.body).flatMap(ReportDocument.init),
                        report.kind == kind.rawValue, report.period == period, report.subject == subject
                    else { continue }
                    return report
                }
            }
            return nil
        }
    }
}
