/// What may hold personal texts.
package protocol PersonalTexts {
    /// Puts another text in the place of each personal one that is not empty, in the order of the shape.
    mutating func replaceTexts(_ replacement: (String) -> String)
}

extension PersonalTexts {
    /// It holds none.
    package mutating func replaceTexts(_ replacement: (String) -> String) {}

    package func replacingTexts(_ replacement: (String) -> String) -> Self {
        var copy = self
        copy.replaceTexts(replacement)
        return copy
    }
}

extension String {
    func replaced(_ replacement: (String) -> String) -> String { isEmpty ? self : replacement(self) }
}

extension String? {
    func replaced(_ replacement: (String) -> String) -> String? { self?.replaced(replacement) }
}
