/// A setting of a database under which committed work can be lost, or deadlines go wrong.
package struct DatabaseWeakness: Sendable, Hashable {
    package let cause: String
    /// What to do.
    package let cure: String

    package init(_ cause: String, cure: String) {
        self.cause = cause
        self.cure = cure
    }
}
