// Any bytes: the parser takes them or says why not; what it takes is written and read again as the same.
import Schema

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let json = try? JSON(parsing: bytes) else { return 0 }
    let written = json.serialized
    guard let again = try? JSON(parsing: written) else { preconditionFailure("what was written cannot be read") }
    precondition(again.serialized == written, "what was read again is written otherwise")
    return 0
}
