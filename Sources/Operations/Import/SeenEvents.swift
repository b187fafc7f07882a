/// Which ids a table has given already, and by which row: 16 bytes a place, of which at most two thirds are taken.
///
/// Ids and bodies are known by 64 and 32 bits of a hash, so that a million events take some 32 MB; that two of a
/// million ids meet is less likely than one in thirty million.
package struct SeenEvents: Sendable {
    package enum Answer: Sendable, Hashable {
        case isNew
        /// The same event.
        case same(line: Int)
        /// Another event under the same id.
        case other(line: Int)
    }

    private struct Entry: Sendable {
        /// 0: the place is free.
        var id: UInt64 = 0
        var body: UInt32 = 0
        var line: UInt32 = 0
    }

    private var entries = [Entry](repeating: Entry(), count: 1 << 10)
    package private(set) var count = 0

    package init() {}

    /// In bytes.
    package var size: Int { entries.count * MemoryLayout<Entry>.stride }

    package func answer(id: String, body: [UInt8]) -> Answer {
        let key = Self.key(id)
        let entry = entries[place(of: key)]
        guard entry.id == key else { return .isNew }
        return entry.body == Self.content(body) ? .same(line: Int(entry.line)) : .other(line: Int(entry.line))
    }

    /// Notes an event that is new.
    package mutating func note(id: String, body: [UInt8], line: Int) {
        if (count + 1) * 3 > entries.count * 2 { grow() }
        let key = Self.key(id)
        entries[place(of: key)] = Entry(id: key, body: Self.content(body), line: UInt32(clamping: line))
        count += 1
    }

    private static func key(_ id: String) -> UInt64 { max(1, hash(id.utf8)) }
    private static func content(_ body: [UInt8]) -> UInt32 { UInt32(truncatingIfNeeded: hash(body)) }

    /// Where an id is, or would be put.
    private func place(of key: UInt64) -> Int {
        var place = Int(truncatingIfNeeded: key) & (entries.count - 1)
        while entries[place].id != 0, entries[place].id != key { place = (place + 1) & (entries.count - 1) }
        return place
    }

    private mutating func grow() {
        let old = entries
        entries = [Entry](repeating: Entry(), count: old.count * 2)
        for entry in old where entry.id != 0 { entries[place(of: entry.id)] = entry }
    }

    /// FNV-1a, and the last step of MurmurHash3, which spreads what differs over all bits.
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }
}
