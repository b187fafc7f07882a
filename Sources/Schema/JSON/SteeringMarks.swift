extension StringProtocol {
    /// The text without anything that a terminal or a page would act on instead of showing it: control characters, and
    /// marks that turn the direction of writing, are shown as `·`.
    package var withoutSteering: String {
        guard unicodeScalars.contains(where: \.isSteering) else { return String(self) }
        var clean = String.UnicodeScalarView()
        for scalar in unicodeScalars { clean.append(scalar.isSteering ? "·" : scalar) }
        return String(clean)
    }
}

extension Unicode.Scalar {
    fileprivate var isSteering: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
