internal import CPostgreSQL

/// The values of a statement's `$1`, `$2` …, in PostgreSQL's binary format: bodies go as they are, and an array of any
/// length is one value, so the number of statements does not grow with the batch.
enum Argument {
    case int(Int64?)
    case text(String?)
    case bytes([UInt8]?)
    case ints([Int64?])
    case texts([String?])
    case blobs([[UInt8]?])
}

struct Arguments {
    /// Object ids of types; PostgreSQL never changes them.
    private enum TypeId {
        static let bytea: Oid = 17
        static let int8: Oid = 20
        static let text: Oid = 25
        static let byteaArray: Oid = 1001
        static let textArray: Oid = 1009
        static let int8Array: Oid = 1016
    }

    private var types: [Oid] = []
    /// nil: NULL.
    private var places: [Range<Int>?] = []
    private var buffer: [UInt8] = []

    init(_ arguments: [Argument]) {
        for argument in arguments { add(argument) }
        // An empty value needs a pointer too: without one it would be NULL.
        buffer.append(0)
    }

    private mutating func add(_ argument: Argument) {
        switch argument {
        case .int(let value): add(TypeId.int8, value) { $0.append(integer: $1) }
        case .text(let value): add(TypeId.text, value) { $0.append(contentsOf: $1.utf8) }
        case .bytes(let value): add(TypeId.bytea, value) { $0.append(contentsOf: $1) }
        case .ints(let values):
            array(TypeId.int8Array, of: TypeId.int8, values) { $0.append(integer: $1) }
        case .texts(let values):
            array(TypeId.textArray, of: TypeId.text, values) { $0.append(contentsOf: $1.utf8) }
        case .blobs(let values):
            array(TypeId.byteaArray, of: TypeId.bytea, values) { $0.append(contentsOf: $1) }
        }
    }

    private mutating func add<Value>(_ type: Oid, _ value: Value?, _ write: (inout [UInt8], Value) -> Void) {
        types.append(type)
        guard let value else {
            places.append(nil)
            return
        }
        let start = buffer.count
        write(&buffer, value)
        places.append(start..<buffer.count)
    }

    /// The layout of `array_recv`: dimensions, whether there are NULLs, the element's type, length and lower bound; then
    /// each element with its length.
    private mutating func array<Value>(
        _ type: Oid, of element: Oid, _ values: [Value?], _ write: (inout [UInt8], Value) -> Void
    ) {
        add(type, values) { buffer, values in
            buffer.append(integer: Int32(values.isEmpty ? 0 : 1))
            buffer.append(integer: Int32(1))
            buffer.append(integer: element)
            guard !values.isEmpty else { return }
            buffer.append(integer: Int32(clamping: values.count))
            buffer.append(integer: Int32(1))
            for value in values {
                let start = buffer.count
                buffer.append(integer: Int32(-1))
                guard let value else { continue }
                write(&buffer, value)
                let length = Int32(clamping: buffer.count - start - 4)
                withUnsafeBytes(of: length.bigEndian) { bytes in
                    for (offset, byte) in bytes.enumerated() { buffer[start + offset] = byte }
                }
            }
        }
    }

    /// Sends `sql` with these values; results come in binary format too.
    func send(_ sql: String, on handle: OpaquePointer) -> Bool {
        buffer.withUnsafeBytes { bytes in
            let base = bytes.bindMemory(to: CChar.self).baseAddress
            let values = places.map { place in place.flatMap { place in base.map { $0 + place.lowerBound } } }
            let lengths = places.map { Int32(clamping: $0?.count ?? 0) }
            let formats = [Int32](repeating: 1, count: places.count)
            return PQsendQueryParams(handle, sql, Int32(places.count), types, values, lengths, formats, 1) == 1
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(integer: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: integer.bigEndian) { append(contentsOf: $0) }
    }
}
