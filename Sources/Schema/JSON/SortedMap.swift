/// A map whose order is that of its keys, so that it is written the same way every time.
///
/// Swift's `Dictionary` has a different order in each process and must not be written into records or events.
package struct SortedMap<Value: Sendable>: Sendable {
    package private(set) var entries: [(key: String, value: Value)] = []

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }
    // A closure: a key path of a generic type is built anew at each call, which cost a fifth of `simulate`.
    package var values: [Value] { entries.map { $0.value } }

    private func position(of key: String) -> (index: Int, found: Bool) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return (low, low < entries.count && entries[low].key == key)
    }

    package subscript(key: String) -> Value? {
        get {
            let (index, found) = position(of: key)
            return found ? entries[index].value : nil
        }
        set {
            let (index, found) = position(of: key)
            switch (newValue, found) {
            case (let value?, true): entries[index].value = value
            case (let value?, false): entries.insert((key, value), at: index)
            case (nil, true): entries.remove(at: index)
            case (nil, false): break
            }
        }
    }
}

extension SortedMap: Equatable where Value: Equatable {
    package static func == (a: SortedMap, b: SortedMap) -> Bool {
        a.entries.elementsEqual(b.entries) { $0.key == $1.key && $0.value == $1.value }
    }
}

private struct NameKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension SortedMap: Encodable where Value: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NameKey.self)
        for (key, value) in entries { try container.encode(value, forKey: NameKey(stringValue: key)) }
    }
}

extension JSONWriter {
    mutating func value(_ map: SortedMap<Instant>) {
        raw("{")
        for (index, entry) in map.entries.enumerated() {
            if index > 0 { raw(",") }
            string(entry.key)
            raw(":")
            time(entry.value)
        }
        raw("}")
    }
}

extension SortedMap: Decodable where Value: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: NameKey.self)
        let keys = container.allKeys
        entries.reserveCapacity(keys.count)
        for key in keys {
            let value = try container.decode(Value.self, forKey: key)
            // Written in their order, so each goes behind the others.
            if entries.last.map({ $0.key < key.stringValue }) ?? true {
                entries.append((key.stringValue, value))
            } else {
                self[key.stringValue] = value
            }
        }
    }
}
