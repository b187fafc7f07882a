import Policy
import Schema
import Store
import Web

/// `recourse notice show | list`: the letters that went out, from the journals of the stages that issue them: penalty, and
/// handling, which demands money back.
///
/// A journal keeps the text of every letter as it was sent (R14), so neither the policy folder nor its templates are
/// needed to write it again.
package struct NoticeView: Sendable {
    /// Of one list call; an addressee who has few is continued by the next page.
    private static let scanLimit = 50_000

    private static let pageSize = 200

    private let stores: [any Store]

    package init(penalty: any Store, handling: any Store) {
        stores = [penalty, handling]
    }

    /// - Returns: nil if there is no such notice.
    package func show(
        _ noticeId: String, language: LetterLanguage, format: LetterFormat
    ) async throws -> NoticeReport? {
        for store in stores {
            guard let notice = try await store.read({ try NoticeView.notice(noticeId, in: $0) }) else { continue }
            return NoticeReport(notice, language: language, format: format)
        }
        return nil
    }

    /// Ascending by id.
    package func list(addressee: String? = nil, after: String = "", limit: Int = 50) async throws -> NoticeList {
        let size = min(max(limit, 1), 1_000)
        var notices: [NoticeItem] = []
        var scanned = 0
        var last = after
        while scanned < NoticeView.scanLimit {
            let page = try await page(after: last)
            guard !page.isEmpty else { return NoticeList(notices: notices, next: nil) }
            for (id, notice) in page {
                scanned += 1
                last = id
                if let notice, notice.data.addressee == addressee ?? notice.data.addressee {
                    notices.append(NoticeItem(notice))
                }
                if notices.count == size { return NoticeList(notices: notices, next: last) }
            }
        }
        return NoticeList(notices: notices, next: last)
    }

    private typealias Page = [(id: String, notice: StoredNotice?)]

    /// The next notices of all stores together. Behind the end of a full page its store may have more, and another one has
    /// notices that come later: these are for the page after it.
    private func page(after start: String) async throws -> Page {
        var all: Page = []
        var end: String?
        for store in stores {
            let page: Page = try await store.read { snapshot in
                try snapshot.records(kind: "notice", after: start, limit: NoticeView.pageSize).map { stored in
                    (id: stored.key.id, notice: try NoticeView.notice(stored.key.id, in: snapshot))
                }
            }
            if page.count == NoticeView.pageSize, let last = page.last?.id { end = min(end ?? last, last) }
            all += page
        }
        return all.filter { notice in end.map { notice.id <= $0 } ?? true }.sorted { $0.id < $1.id }
    }

    /// The entry that first wrote the notice's record is the one that issued it.
    private static func notice(_ id: String, in snapshot: any StoreSnapshot) throws -> StoredNotice? {
        let entry = try snapshot.journal(of: RecordKey(kind: "notice", id: id), limit: 1).first
        guard let entry else { return nil }
        for output in entry.outputs where output.type == NoticeIssued.type.rawValue {
            let event = try Event.read(output.body)
            guard let data = event.data as? NoticeIssued, data.noticeId == id else { continue }
            return StoredNotice(data: data, issuedAt: event.time, policy: entry.policyVersion)
        }
        return nil
    }
}

/// A notice as the journal has it.
private struct StoredNotice: Sendable {
    let data: NoticeIssued
    let issuedAt: Instant
    let policy: String
}

/// How a letter is shown.
package enum LetterFormat: String, CaseIterable, Codable, Hashable, Sendable {
    case text
    /// A page to print.
    case html
}

/// What a notice is, without its letter.
package struct NoticeItem: Codable, Hashable, Sendable {
    package let noticeId: String
    /// `O1-2026-1`
    package let number: String
    /// `penalty`, `manufacturer-penalty`, `manufacturer-replacement`, `recovery-demand`.
    package let kind: String
    package let rung: String?
    package let addressee: String
    package let issuedAt: Instant
    /// The policy under which it was decided and written.
    package let policy: String

    fileprivate init(_ notice: StoredNotice) {
        noticeId = notice.data.noticeId
        number = notice.data.number ?? ""
        kind = notice.data.kind.rawValue
        rung = notice.data.rung
        addressee = notice.data.addressee
        issuedAt = notice.issuedAt
        policy = notice.policy
    }
}

/// `notice show`: a letter as it was sent.
package struct NoticeReport: OperationReport, Codable, Hashable {
    package let notice: NoticeItem
    package let language: LetterLanguage
    package let format: LetterFormat
    /// The whole document, with the line feed at its end.
    package let letter: String

    fileprivate init(_ notice: StoredNotice, language: LetterLanguage, format: LetterFormat) {
        self.notice = NoticeItem(notice)
        self.language = language
        self.format = format
        let letters = notice.data.letter
        let text = language == .zh ? letters.zh : letters.en
        letter = format == .text ? text : LetterPage(text, language: language).html.text
    }

    /// Printed with a line feed behind it, this is the letter byte for byte.
    package var text: String { letter.hasSuffix("\n") ? String(letter.dropLast()) : letter }
}

package struct NoticeList: OperationReport, Codable, Hashable {
    package let notices: [NoticeItem]
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: String?

    package var text: String {
        var table = TextTable("NOTICE", "NUMBER", "KIND", "RUNG", "ADDRESSEE", "ISSUED", "POLICY")
        for one in notices {
            table.add(
                one.noticeId, one.number, one.kind, one.rung ?? "-", one.addressee, one.issuedAt.description,
                one.policy)
        }
        return (table.isEmpty ? "No notices match." : table.text) + (next.map { "\nMore: --after \($0)" } ?? "")
    }
}
