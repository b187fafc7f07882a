// Any bytes as a message: an event or a list of faults, never both; what is taken is written and taken again, and no list
// of faults is long, empty, or without words.
import Schema

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(RefusedDocument) {
        let event = try Event.read(bytes)
        guard let written = try? event.body() else { preconditionFailure("what was taken cannot be written") }
        // The reason of a stage's event is not part of its data, so it is not complete without.
        guard !EventCatalogue.isOutgoing(event.type) else { return 0 }
        guard let again = try? Event.read(written) else { preconditionFailure("what was written is refused") }
        precondition((try? again.body()) == written, "what was taken again is written otherwise")
    } catch {
        precondition(!error.faults.isEmpty && error.faults.count <= Fault.limit + 3)
        precondition(error.faults.allSatisfy { !$0.rule.isEmpty && !$0.message.isEmpty && $0.pointer.utf8.count < 1024 })
    }
    return 0
}
