import Runtime
import Schema
import Store

/// What somebody looks for among the dead letters: those that have every given value.
package struct LetterSearch: Sendable, Hashable {
    /// Columns of the letters.
    package var filter = DeadLetterFilter()
    /// What they name, wherever it stands in them.
    package var terms: [LetterTerm] = []
    /// A number that stands in them, however it is written.
    package var phone: PhoneKey?

    package init() {}

    package init(_ filter: DeadLetterFilter) {
        self.filter = filter
    }

    package var isEmpty: Bool { self == LetterSearch() }
}

/// Of letters of an older release, which the next call goes on to index.
enum Unindexed {
    static func lines(_ count: Int) -> [String] {
        count == 0
            ? []
            : [
                "\(count) letters of an older release are not indexed yet and may be missing here: ask again, each time "
                    + "indexes \(DeadLetterOffice.indexLimit) of them."
            ]
    }
}
