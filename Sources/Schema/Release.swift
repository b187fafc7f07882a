/// Of which release the programs are: one number for all of them, since they are built and rolled out together.
package enum Release {
    /// Semantic Versioning.
    package static let version = "0.2.0"
}
