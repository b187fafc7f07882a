extension CustomerRemark {
    /// By its class, so that whoever answers consultations need not hear complaints.
    package var keySuffix: String? { `class`.rawValue }
}
