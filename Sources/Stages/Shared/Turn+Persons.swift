import Schema

extension Turn {
    /// Why the person of an event may not act, or nil if he may.
    package func rejection(of by: Person) -> Rejection? { policy.rejection(of: by) }
}
