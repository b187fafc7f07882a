import Foundation
import Glibc
import Schema

/// A file that cannot be read. The text names the file and the cause.
package struct FileFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Reads a text line by line; memory is bounded by one piece and the longest line that is kept.
///
/// Blank lines are counted and passed over. A byte-order mark before the first line is no part of it.
package struct LineReader {
    package struct Line: Sendable, Hashable {
        /// From 1.
        package let number: Int
        /// Of its first byte, from the beginning of the file.
        package let offset: Int64
        /// In bytes, without the line feed.
        package let length: Int
        /// nil: the line is longer than is kept.
        package let bytes: [UInt8]?
    }

    private let name: String
    private let handle: FileHandle
    private let longest: Int
    private var buffer: [UInt8] = []
    /// Where the line in hand begins in the buffer, and how far it has been searched for its end.
    private var start = 0
    private var searched = 0
    /// How many bytes of the line in hand were dropped before the buffer, and how many of the file altogether.
    private var dropped = 0
    private var passed: Int64 = 0
    private var number = 0
    private var isAtEnd = false
    private static let chunk = 1 << 18

    /// - Parameters:
    ///   - name: by which faults call the file.
    ///   - longest: in bytes; of a longer line only the length is told.
    package init(_ handle: FileHandle, name: String, longest: Int) {
        (self.handle, self.name, self.longest) = (handle, name, longest)
    }

    /// - Throws: `FileFault` if the file cannot be opened.
    package init(path: String, name: String? = nil, longest: Int) throws(FileFault) {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw FileFault("read \(name ?? path): the file cannot be opened")
        }
        self.init(handle, name: name ?? path, longest: longest)
    }

    /// The next line that is not blank; nil: the end.
    ///
    /// - Throws: `FileFault`.
    package mutating func next() throws(FileFault) -> Line? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                if let line = take(to: end, next: end + 1) { return line }
            } else if !isAtEnd {
                try refill()
            } else {
                guard start < buffer.count || dropped > 0 else { return nil }
                if let line = take(to: buffer.count, next: buffer.count) { return line }
            }
        }
    }

    private mutating func refill() throws(FileFault) {
        if buffer.count - start > longest {
            dropped += buffer.count - start
            start = buffer.count
        }
        passed += Int64(start)
        buffer.removeFirst(start)
        start = 0
        searched = buffer.count
        do {
            let data = try handle.read(upToCount: LineReader.chunk) ?? Data()
            isAtEnd = data.isEmpty
            buffer.append(contentsOf: data)
        } catch {
            throw FileFault("read \(name): \(error.localizedDescription)")
        }
    }

    /// nil: the line is blank.
    private mutating func take(to end: Int, next: Int) -> Line? {
        number += 1
        if number == 1, dropped == 0, buffer[start..<end].starts(with: JSON.byteOrderMark) {
            start += JSON.byteOrderMark.count
        }
        let length = dropped + end - start
        let offset = passed + Int64(start) - Int64(dropped)
        let bytes = length > longest ? nil : Array(buffer[start..<end])
        (start, searched, dropped) = (next, next, 0)
        if let bytes, !bytes.contains(where: { $0 > UInt8(ascii: " ") }) { return nil }
        return Line(number: number, offset: offset, length: length, bytes: bytes)
    }
}

/// A file that is read more than once. What cannot be read twice – standard input, a pipe – is kept in a file without a
/// name meanwhile, which goes when the program ends, however it ends.
package final class RereadableFile {
    package let name: String
    private let handle: FileHandle
    private var seen: State?

    private struct State: Equatable {
        let size: Int64
        let seconds: Int
        let nanoseconds: Int
    }

    /// - Parameter path: `-` is standard input.
    /// - Throws: `FileFault`.
    package init(path: String) throws(FileFault) {
        name = path == "-" ? "standard input" : path
        guard let opened = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path) else {
            throw FileFault("read \(path): the file cannot be opened")
        }
        var status = stat()
        let kind = fstat(opened.fileDescriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
        guard kind != S_IFDIR else { throw FileFault("read \(path): it is a folder; name a file") }
        let isFile = kind == S_IFREG
        handle = isFile ? opened : try Self.kept(opened, name)
    }

    private static func kept(_ source: FileHandle, _ name: String) throws(FileFault) -> FileHandle {
        let path = NSTemporaryDirectory() + "/recourse-" + UUID().uuidString
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw FileFault("keep \(name) to read it twice: \(String(cString: strerror(errno)))")
        }
        unlink(path)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            while let data = try source.read(upToCount: 1 << 20), !data.isEmpty { try file.write(contentsOf: data) }
        } catch {
            throw FileFault("keep \(name) to read it twice: \(error.localizedDescription)")
        }
        return file
    }

    /// Reads from the beginning.
    ///
    /// - Throws: `FileFault`, also if the file has changed since it was read for the first time.
    package func lines(longest: Int) throws(FileFault) -> LineReader {
        var status = stat()
        guard fstat(handle.fileDescriptor, &status) == 0 else {
            throw FileFault("read \(name): \(String(cString: strerror(errno)))")
        }
        let state = State(
            size: Int64(status.st_size), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        guard seen == nil || seen == state else {
            throw FileFault("read \(name): it has changed since it was checked; write it to the end first")
        }
        seen = state
        try seek(to: 0)
        return LineReader(handle, name: name, longest: longest)
    }

    /// - Throws: `FileFault`, also if the file ends before.
    package func bytes(at offset: Int64, count: Int) throws(FileFault) -> [UInt8] {
        try seek(to: offset)
        do {
            let data = try handle.read(upToCount: count) ?? Data()
            if data.count == count { return Array(data) }
        } catch {
            throw FileFault("read \(name): \(error.localizedDescription)")
        }
        throw FileFault("read \(name): it has become shorter since it was checked")
    }

    private func seek(to offset: Int64) throws(FileFault) {
        do {
            try handle.seek(toOffset: UInt64(offset))
        } catch {
            throw FileFault("read \(name): \(error.localizedDescription)")
        }
    }
}
