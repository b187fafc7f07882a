import Schema

extension ComparedByContent {
    /// The first 128 bits of the SHA-256 of the data as Recourse writes them, in hexadecimal.
    ///
    /// Kept beside an id that upstream gives, to tell a repetition of the same thing from another thing under its id
    /// (`id-taken`), without keeping the data.
    package func fingerprint() -> String {
        var writer = JSONWriter(reserving: 512)
        write(to: &writer)
        return Identifiers.hexadecimal(Array(Identifiers.digest(writer.bytes).prefix(16)))
    }
}
