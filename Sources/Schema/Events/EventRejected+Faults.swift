extension EventRejected {
    /// No event lists more faults than that.
    package static let errorLimit = Fault.limit

    /// Lists the first `errorLimit` of the faults.
    package init(_ identity: EventIdentity, queue: String, faults: [Fault]) {
        self.init(
            source: identity.source, eventId: identity.id, eventType: identity.type, queue: queue,
            errors: Array(faults.prefix(Self.errorLimit)))
    }
}
