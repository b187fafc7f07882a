import Runtime
import Schema
import Stages
import Store

/// `recourse fund show`: what the after-sales fund has paid, what came back, and who still owes what.
package struct FundReport: OperationReport, Encodable, Hashable {
    /// A decision about a request, with its reason. No personal data.
    package struct Decision: Sendable, Hashable, Codable {
        package let at: Instant
        package let event: String
        package let eventId: String
        package let amountFen: Int64?
        package let balanceFen: Int64?
        /// Of a refusal.
        package let reason: String?
        package let rule: String?
        package let parameters: JSON?
        package let facts: JSON?
        package let policy: String?
        /// Who decided; nil: the rule alone.
        package let by: TimelineEntry.Person?
    }

    package struct Request: Sendable, Hashable, Codable {
        package let requestId: String
        package let caseId: String
        package let complaintId: String
        package let cause: String
        /// Who asked for it; empty: not known.
        package let requestedBy: String
        /// `unreadable` where the record is; all figures are 0 then.
        package let state: String
        package let requestedFen: Int64
        package let disbursedFen: Int64
        package let recoveredFen: Int64
        package let writtenOffFen: Int64
        /// Paid and neither back nor given up.
        package let outstandingFen: Int64
        /// The tier that is to decide; nil: nobody is asked.
        package let referredTo: String?
        /// The step that is owed next (R08): report, opinion, approval, recovery; nil: nothing is owed.
        package let owed: String?
        /// nil: nothing is owed, or the calendar does not know the year yet.
        package let owedBy: Instant?
        package let isOverdue: Bool
        /// Who is liable by the approved opinion: manufacturer, outlet, person, customer, none; nil: none was approved yet.
        package let liableKind: String?
        /// Its id; nil: not known.
        package let liableId: String?
        /// The step of the recovery ladder that was told of last (R49); nil: none was.
        package let recoveryStep: String?
        /// In the order in which they were made.
        package let decisions: [Decision]
        /// As handling keeps it, masked; nil: it was not asked for.
        package let record: JSON?
    }

    package let disbursedFen: Int64
    package let recoveredFen: Int64
    package let writtenOffFen: Int64
    package let balanceFen: Int64
    /// Ascending by request id.
    package let requests: [Request]
    /// Give it as `--after` for the next page; nil: this was the last.
    package let next: String?
    /// The text tells every decision, not the tables alone.
    let isDetailed: Bool

    private enum CodingKeys: String, CodingKey {
        case disbursedFen, recoveredFen, writtenOffFen, balanceFen, requests, next
    }
}

/// Reads handling's store.
package struct FundView: Sendable {
    private static let entryLimit = 500
    private let store: any Store

    package init(handling store: any Store) {
        self.store = store
    }

    /// - Parameters:
    ///   - id: only this request; nil: all, page by page.
    ///   - isOpen: only those with something outstanding or undecided.
    ///   - withRecord: the records as they are kept, too.
    /// - Returns: nil if there is no request of that id.
    /// - Throws: `StoreFailure`, `StageFault` if the ledger cannot be read. A request that cannot be is listed as that.
    package func show(
        request id: String? = nil, isOpen: Bool = false, after: String = "", limit: Int = 50,
        withRecord: Bool = false
    ) async throws -> FundReport? {
        let size = min(max(limit, 1), 1_000)
        return try await store.read { snapshot in
            let fund = try snapshot.record(FundLedger.key(FundLedger.id)).map(FundView.ledger)
            var requests: [FundReport.Request] = []
            var next: String?
            if let id {
                guard let stored = try snapshot.record(AdvanceRequest.key(id)) else { return nil }
                requests.append(try FundView.request(stored, snapshot, withRecord))
            } else {
                var last = after
                while requests.count < size {
                    let page = try snapshot.records(kind: AdvanceRequest.kind, after: last, limit: size)
                    guard let end = page.last?.key.id else { break }
                    for stored in page where requests.count < size {
                        last = stored.key.id
                        let request = try FundView.request(stored, snapshot, withRecord)
                        if !isOpen || request.isOpen { requests.append(request) }
                    }
                    if requests.count == size, last != end || page.count == size { next = last }
                }
            }
            let ledger = fund ?? FundLedger()
            return FundReport(
                disbursedFen: ledger.disbursedFen, recoveredFen: ledger.recoveredFen,
                writtenOffFen: ledger.writtenOffFen, balanceFen: ledger.balanceFen, requests: requests, next: next,
                isDetailed: id != nil || withRecord)
        }
    }

    /// A request that the rules grant or refuse at once was asked for by its sender, and decided by nobody.
    private static func decider(of entry: JournalEntry) -> TimelineEntry.Person? {
        guard case .event(_, _, let type, _, let body) = entry.input,
            type != CompensationRequested.type.rawValue, type != CompensationRequested.type.wireName
        else { return nil }
        return TimelineEntry.Person(of: body)
    }

    private static func ledger(_ stored: StoredRecord) throws -> FundLedger {
        do {
            return try JSONDecoding.decode(FundLedger.self, from: stored.body)
        } catch {
            throw StageFault(
                description:
                    "show the fund: its ledger, \(stored.key), cannot be read: recourse journal replay tells what it "
                    + "must be")
        }
    }

    private static func request(
        _ stored: StoredRecord, _ snapshot: any StoreSnapshot, _ withRecord: Bool
    ) throws -> FundReport.Request {
        let id = stored.key.id
        let request: AdvanceRequest
        do {
            request = try JSONDecoding.decode(AdvanceRequest.self, from: stored.body)
        } catch {
            // It must not hide the others; what it should be, the journal knows.
            return FundReport.Request(unreadable: id)
        }
        let entries = try snapshot.journal(of: stored.key, limit: entryLimit)
        let decisions = entries.flatMap { entry in
            TimelineEntry(entry, of: .handling).emitted.filter {
                $0.data["requestId"]?.string == id || $0.data["subject"]?.string == id
            }.map { FundReport.Decision($0, at: entry.now, by: FundView.decider(of: entry)) }
        }
        return FundReport.Request(
            requestId: id, caseId: request.caseId, complaintId: request.complaintId, cause: request.cause.rawValue,
            requestedBy: request.requestedBy, state: request.state.rawValue, requestedFen: request.requestedFen,
            disbursedFen: request.disbursedFen,
            recoveredFen: request.recoveredFen, writtenOffFen: request.writtenOffFen,
            outstandingFen: request.disbursedFen - request.recoveredFen - request.writtenOffFen,
            referredTo: request.referredTo?.rawValue, owed: request.owed?.step.rawValue,
            owedBy: request.owed?.term.at, isOverdue: request.owed?.isOverdue ?? false,
            liableKind: request.liableKind?.rawValue, liableId: request.liableId,
            recoveryStep: request.recovery?.step, decisions: decisions,
            record: withRecord ? DeadLetterDetail.json(stored.body).map(Masking.record) : nil)
    }
}

extension FundReport.Request {
    fileprivate init(unreadable id: String) {
        self.init(
            requestId: id, caseId: "", complaintId: "", cause: "", requestedBy: "", state: "unreadable",
            requestedFen: 0,
            disbursedFen: 0, recoveredFen: 0, writtenOffFen: 0, outstandingFen: 0, referredTo: nil, owed: nil,
            owedBy: nil, isOverdue: false, liableKind: nil, liableId: nil, recoveryStep: nil, decisions: [], record: nil
        )
    }

    /// Something is outstanding or undecided.
    var isOpen: Bool { outstandingFen != 0 || !["refused", "disbursed"].contains(state) }
}

extension FundReport.Decision {
    fileprivate init(_ emitted: TimelineEntry.Emitted, at instant: Instant, by person: TimelineEntry.Person?) {
        at = instant
        by = person
        event = emitted.type
        eventId = emitted.id
        amountFen = emitted.data["amountFen"]?.int
        balanceFen = emitted.data["balanceFen"]?.int
        reason = emitted.data["reason"]?.string
        rule = emitted.rule
        parameters = emitted.parameters
        facts = emitted.facts
        policy = emitted.policy
    }
}
