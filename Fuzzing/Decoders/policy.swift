// Any text as policy.yaml and as organisation.yaml: a book or faults, and each fault in one line.
import Policy

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    let calendar = "date,kind\n2026-01-01,holiday_weekday\n"
    for files in [
        PolicyFiles(policy: text, organisation: "", calendar: calendar),
        PolicyFiles(policy: "version: t", organisation: text, calendar: calendar),
    ] {
        guard case .failure(let found) = PolicyBook.load(files, currentYear: nil) else { continue }
        precondition(!found.faults.isEmpty)
        precondition(found.faults.allSatisfy { !$0.description.contains("\n") })
    }
    return 0
}
