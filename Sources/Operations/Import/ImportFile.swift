import Foundation
import Policy
import Schema

/// `recourse import`: reads a table piece by piece, and writes what becomes of it.
///
/// Nothing is written before the whole table is known to be good: events go into a file without a name meanwhile, or
/// beside the one that they are for.
package struct ImportFile {
    package struct Options: Sendable {
        /// Instead of what the mapping says.
        package var encoding: TextEncoding?
        package var separator: Separator?
        package var isDryRun = false
        package var takesOthers = false
        package var limits = DocumentLimits()

        package init() {}
    }

    /// How much is looked at to tell encoding and separator.
    package static let sampleBytes = 1 << 20
    private static let piece = 1 << 18
    /// How .xlsx (as every .zip) and .xls begin.
    private static let spreadsheets: [[UInt8]] = [[0x50, 0x4B, 0x03, 0x04], [0xD0, 0xCF, 0x11, 0xE0]]

    private let path: String
    private let mapping: ImportMapping
    private let mappingName: String
    private let options: Options

    /// - Parameter path: `-` is standard input.
    package init(path: String, _ mapping: ImportMapping, mappingName: String, _ options: Options) {
        (self.path, self.mapping, self.mappingName, self.options) = (path, mapping, mappingName, options)
    }

    private var name: String { path == "-" ? "standard input" : path }

    /// - Parameters:
    ///   - form: told what the table is, before the first row is taken.
    ///   - progress: told rows and bytes now and then.
    ///   - emit: takes the body of each event.
    /// - Throws: `FileFault`, `MissingConverter`, `PolicyFaults` if the mapping does not fit the table, and what `emit`
    ///   throws.
    package func run(
        form: (ImportReport) -> Void, progress: (_ rows: Int, _ bytes: Int64) -> Void, _ emit: ([UInt8]) throws -> Void
    ) throws -> ImportReport {
        let handle = try open()
        let sample = try read(handle, Self.sampleBytes)
        let isWhole = sample.count < Self.sampleBytes
        if Self.spreadsheets.contains(where: { sample.starts(with: $0) }) {
            throw FileFault("read \(name): it is a spreadsheet's own file; save the sheet as CSV there")
        }
        let encoding = try encoding(of: sample, isWhole: isWhole)
        let separator = try separator(of: sample, isWhole: isWhole, encoding.encoding)
        let report = ImportReport(
            file: name, encoding: encoding, separator: separator, isDryRun: options.isDryRun,
            takesOthers: options.takesOthers)
        form(report)
        var run = ImportRun(mapping, mappingName: mappingName, limits: options.limits, report: report)
        let decoder = try TextDecoder(encoding.encoding)
        var reader = TableReader(separator: separator.separator.byte)
        do {
            var piece = sample
            var isLast = isWhole
            var bytes: Int64 = 0
            while true {
                bytes += Int64(piece.count)
                try reader.read(decoder.decode(piece, isLast: isLast)) { row throws(any Error) in
                    try run.take(row, emit)
                    if run.report.rows.isMultiple(of: 10_000) { progress(run.report.rows, bytes) }
                }
                if isLast { break }
                piece = try read(handle, Self.piece)
                isLast = piece.isEmpty
            }
            try reader.finish { row throws(any Error) in try run.take(row, emit) }
            try run.finish()
        } catch let unfit as ImportRun.Unfit {
            throw told(unfit, report)
        }
        return run.report
    }

    private func told(_ unfit: ImportRun.Unfit, _ report: ImportReport) -> any Error {
        switch unfit {
        case .noHeader(let line):
            return FileFault("read \(name): there is no header on line \(line) or below; \(report.form)")
        case .columns(let faults, let names):
            let found = names.map { name in
                String(String.UnicodeScalarView(name.unicodeScalars.prefix(40).map { $0.value < 32 ? " " : $0 }))
            }
            let shown = found.prefix(40).joined(separator: ", ") + (found.count > 40 ? ", …" : "")
            if faults.faults.count == mapping.columns.count, faults.faults.count > 1 {
                let fault = PolicyFault(
                    file: name, line: nil, subject: "the header",
                    problem: "has none of the \(faults.faults.count) names that \(mappingName) asks for, but: \(shown)",
                    allowed: "these names; look for another line, encoding or separator; \(report.form)")
                return PolicyFaults(faults: [fault])
            }
            let fault = PolicyFault(
                file: name, line: nil, subject: "the header", problem: "has \(found.count) names: \(shown)",
                allowed: "the names of the mapping; \(report.form)")
            return PolicyFaults(faults: faults.faults + [fault])
        }
    }

    // MARK: The form of the table

    private func encoding(of sample: [UInt8], isWhole: Bool) throws(FileFault) -> TextEncoding.Guess {
        let guess = TextEncoding.guess(sample, isWhole: isWhole)
        if let told = options.encoding ?? mapping.table.encoding {
            // Of the two forms of UTF-16 the bytes tell which.
            if told == .utf16, let guess, guess.encoding == .utf16BigEndian || guess.encoding == .utf16LittleEndian {
                return guess
            }
            return TextEncoding.Guess(encoding: told.form, reason: "told")
        }
        guard let guess else {
            throw FileFault(
                "read \(name): neither UTF-8, UTF-16 nor GB18030, as far as the bytes tell; say --encoding, or save it "
                    + "as UTF-8"
            )
        }
        return guess
    }

    private func separator(
        of sample: [UInt8], isWhole: Bool, _ encoding: TextEncoding
    ) throws(MissingConverter) -> Separator.Guess {
        if let told = options.separator ?? mapping.table.separator { return .init(separator: told, reason: "told") }
        let text = try TextDecoder(encoding).decode(sample, isLast: isWhole)
        return Separator.guess(text, headerLine: mapping.table.headerLine, names: mapping.columns.map(\.name))
    }

    // MARK: Reading

    private func open() throws(FileFault) -> FileHandle {
        if path == "-" { return FileHandle.standardInput }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw FileFault("read \(path): it is a folder; name a file")
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw FileFault("read \(path): the file cannot be opened")
        }
        return handle
    }

    /// So many bytes; fewer at the end alone.
    private func read(_ handle: FileHandle, _ count: Int) throws(FileFault) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while bytes.count < count, let data = try handle.read(upToCount: count - bytes.count), !data.isEmpty {
                bytes += data
            }
        } catch {
            throw FileFault("read \(name): \(error.localizedDescription)")
        }
        return bytes
    }
}
