import Foundation
import Glibc

/// Where events wait until all of a table is known to be good; then they are the file that they are for, or go to
/// standard output. Until then nobody sees any of them.
package final class EventSpool {
    private let handle: FileHandle
    /// nil: they go to standard output, and wait in a file without a name, which goes when the program ends.
    private let target: String?
    private let part: String
    private var buffer: [UInt8] = []
    private var isDone = false

    /// - Throws: `FileFault` if no file can be made.
    package init(for target: String?) throws(FileFault) {
        self.target = target
        part = target.map { $0 + ".part" } ?? NSTemporaryDirectory() + "/recourse-import-" + UUID().uuidString
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | (target == nil ? O_EXCL : O_TRUNC)
        let descriptor = open(part, flags, target == nil ? 0o600 : 0o644)
        guard descriptor >= 0 else { throw FileFault("write \(part): \(String(cString: strerror(errno)))") }
        if target == nil { unlink(part) }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    deinit {
        if !isDone, target != nil { unlink(part) }
    }

    /// - Throws: `FileFault`.
    package func append(_ event: [UInt8]) throws(FileFault) {
        buffer += event
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count > 1 << 20 { try flush() }
    }

    private func flush() throws(FileFault) {
        do {
            try handle.write(contentsOf: Data(buffer))
        } catch {
            throw FileFault("write \(part): \(error.localizedDescription)")
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Hands over all of them.
    ///
    /// - Parameter output: takes them where they are for standard output.
    /// - Throws: `FileFault`.
    package func release(_ output: (Data) -> Void) throws(FileFault) {
        try flush()
        do {
            if let target {
                try handle.synchronize()
                guard rename(part, target) == 0 else {
                    throw FileFault("write \(target): \(String(cString: strerror(errno)))")
                }
            } else {
                try handle.seek(toOffset: 0)
                while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { output(data) }
            }
            isDone = true
        } catch let fault as FileFault {
            throw fault
        } catch {
            throw FileFault("write \(target ?? "standard output"): \(error.localizedDescription)")
        }
    }
}
