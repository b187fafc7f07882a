extension ComplaintReceived {
    /// The channel of a complaint that intake makes of a dissatisfied callback about a service. Only inside another event
    /// (`takenShape`).
    package static let callbackChannel = "callback"
}
