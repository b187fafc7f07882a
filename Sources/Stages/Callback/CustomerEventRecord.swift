import Schema

/// A customer event that was announced: its id is taken (R26). Its customers' tasks are records of their own.
package struct CustomerEventRecord: Record, Equatable {
    package static let kind = "customer-event"

    /// Of the announcement, to tell its repetition from another one under its id.
    package let fingerprint: String

    package init(fingerprint: String) {
        self.fingerprint = fingerprint
    }

    package var wake: Wake? { nil }
}
