/// Of which release the programs are: one number for all of them, since they are built and rolled out together.
package enum Release {
    /// Semantic Versioning.
    package static let version = "0.3.0"
    /// Greater for every later release: 3,000 for 0.3.0.
    package static let number = version.split(separator: ".").prefix(3).reduce(0) { $0 * 1_000 + (Int($1) ?? 0) }
}
