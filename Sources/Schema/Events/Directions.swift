extension EventCatalogue {
    /// What upstream publishes to `recourse.inbox`, in the order of the contract.
    static let inbound: [any EventData.Type] = [
        ComplaintReceived.self,
    ]

    /// What the stages emit, in the order of the contract.
    static let outgoing: [any EventData.Type] = [
        CaseOpened.self,
    ]
}
