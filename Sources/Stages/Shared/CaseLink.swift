import Schema

/// A complaint that was linked to a case that was open already. Whatever names the id that it would have had as a case of its
/// own is about that case.
package struct CaseLink: Record, Equatable {
    package static let kind = "link"

    package let openCaseId: String
    /// The case knows the place of the complaint (`SharedCase`); nil: a release before 0.3 took the link, and whoever names
    /// the case by it has a share.
    package private(set) var hasShare: Bool?

    package init(openCaseId: String, hasShare: Bool? = nil) {
        (self.openCaseId, self.hasShare) = (openCaseId, hasShare)
    }

    package var wake: Wake? { nil }
}

extension CaseLink {
    /// The keys of the case that an event names and, if that is a linked complaint, of the case that it belongs to; that
    /// one first, as the event is about it.
    static func keys<Case: Record>(_ type: Case.Type, _ caseId: String, given records: RecordReader) -> [RecordKey] {
        let named = [Case.key(caseId), key(caseId)]
        return (records.get(CaseLink.self, caseId).map { [Case.key($0.openCaseId)] } ?? []) + named
    }
}

extension Turn {
    /// The id of the case that `caseId` stands for: of a linked complaint the open case, else the same.
    func openCase(of caseId: String) -> String { get(CaseLink.self, caseId)?.openCaseId ?? caseId }

    /// Keeps to which case a complaint was linked. Until now nothing was known of `named`, the key that its own id makes.
    mutating func link(_ linked: CaseDuplicateLinked, _ named: RecordKey) {
        guard get(CaseLink.self, linked.caseId) == nil else { return }
        put(CaseLink(openCaseId: linked.openCaseId, hasShare: true), linked.caseId)
        makeKnown(named)
    }
}
