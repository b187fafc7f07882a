import Schema

/// What a database says of the installation that its stores belong to.
package struct InstallationRecord: Sendable, Hashable {
    package let id: String
    /// The stores that were made: a stage's by its name, `parking`, `control`.
    package let stores: Set<String>

    package init(id: String, stores: Set<String>) {
        self.id = id
        self.stores = stores
    }
}

package enum InstallationReading: Sendable, Hashable {
    /// The database has no id: it is empty, or only releases before 0.2.0 have written to it.
    case none
    case record(InstallationRecord)
    /// The role of this program may not see it.
    case hidden
}

/// To which installation the stores of a database belong, so that none is ever made anew in passing: a moved folder or a
/// wrong address would give an empty store beside the real one.
///
/// All calls are synchronous, seldom and short.
/// - Throws: every call throws `StoreFailure`.
package protocol InstallationStore: Sendable {
    /// The stores that there are, by name. Makes nothing, not even a folder.
    func present() throws -> Set<String>
    /// Makes nothing.
    func reading() throws -> InstallationReading
    /// Notes the id, unless there is one already, and that `stores` were made.
    ///
    /// - Returns: what counts then; nil if the role of this program may not note it.
    func enter(_ id: String, stores: Set<String>) throws -> InstallationRecord?
}

/// The name of what holds the id, beside the stores themselves.
package enum InstallationName {
    package static let store = "installation"
    package static let parking = "parking"
    package static let control = "control"
    /// The names of all stores that there can be.
    package static let stores = Set(StageName.allCases.map(\.rawValue) + [parking, control])
}
