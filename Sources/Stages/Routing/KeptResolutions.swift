import Schema

/// What routing has accepted about one case that is resolved or closed, under its id. If the case turns out to have been
/// escalated, or closed and reopened, before one of them, that one resolves it anew.
///
/// Apart from the case, so that only resolutions, and what may need them again, pay for their documents.
package struct KeptResolutions: Record, Equatable {
    package static let kind = "kept-resolutions"
    /// No case keeps more; those of the earliest times are forgotten first.
    static let limit = 10

    /// By time.
    package private(set) var kept: [CaseResolved] = []

    package var wake: Wake? { nil }

    mutating func keep(_ resolved: CaseResolved) {
        kept.insert(resolved, at: kept.firstIndex { $0.resolvedAt > resolved.resolvedAt } ?? kept.endIndex)
        if kept.count > Self.limit { kept.removeFirst() }
    }

    mutating func keep(where fits: (CaseResolved) -> Bool) { kept.removeAll { !fits($0) } }
}
