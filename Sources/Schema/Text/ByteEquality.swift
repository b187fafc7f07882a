extension String {
    /// The same bytes in UTF-8. `==` takes different spellings of one character for equal, which no database does.
    package func hasSameBytes(as other: String) -> Bool {
        let (own, others) = (utf8, other.utf8)
        guard own.count == others.count else { return false }
        let areEqual = own.withContiguousStorageIfAvailable { own in
            others.withContiguousStorageIfAvailable {
                Self.areEqual(UnsafeRawBufferPointer(own), UnsafeRawBufferPointer($0))
            }
        }
        // Only a bridged text has no storage of its own.
        return (areEqual ?? nil) ?? own.elementsEqual(others)
    }

    /// Of the same length. By words: ids are compared for every event, and one by one bytes cost ten times as much.
    private static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        var place = 0
        while place + 8 <= a.count {
            let (one, other) = (
                a.loadUnaligned(fromByteOffset: place, as: UInt64.self),
                b.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            )
            guard one == other else { return false }
            place += 8
        }
        return a[place...].elementsEqual(b[place...])
    }
}
