import Policy
import Schema

/// The rows of a table, one after the other, on their way to events. Pure: what it makes goes where the caller says.
///
/// Memory grows by `SeenEvents` alone.
package struct ImportRun {
    /// A table that has no header, or not the columns that the mapping names.
    package enum Unfit: Error, Sendable, Hashable {
        case noHeader(line: Int)
        case columns(PolicyFaults, found: [String])
    }

    /// How many faults are listed with their lines.
    package static let listed = 100
    /// How many events a report shows.
    package static let shown = 3

    private let mapping: ImportMapping
    private let mappingName: String
    private let limits: DocumentLimits
    private var rows: RowMapping?
    private var seen = SeenEvents()
    package private(set) var report: ImportReport

    /// - Parameter mappingName: by which faults call the mapping file.
    package init(_ mapping: ImportMapping, mappingName: String, limits: DocumentLimits, report: ImportReport) {
        (self.mapping, self.mappingName, self.limits, self.report) = (mapping, mappingName, limits, report)
    }

    /// What grows with the table, in bytes.
    package var heldBytes: Int { seen.size }

    /// Takes the next row; the first one that counts is the header.
    ///
    /// - Parameter emit: takes the body of each event.
    /// - Throws: `Unfit`, and what `emit` throws.
    package mutating func take(_ row: TableReader.Row, _ emit: ([UInt8]) throws -> Void) throws {
        if rows == nil {
            guard row.line >= mapping.table.headerLine, !row.isBlank, !Separator.isTold(by: row) else { return }
            rows = try bound(to: row)
            if mapping.table.headerLine > 0 { return }
        }
        guard let rows else { return }
        guard !row.isBlank || !row.faults.isEmpty else {
            report.blankRows += 1
            return
        }
        report.rows += 1
        switch rows.outcome(of: row) {
        case .events(let events):
            if events.isEmpty { report.rowsWithoutEvent += 1 }
            try take(events, of: row, emit)
        case .faults(let faults): fail(faults)
        }
    }

    /// - Throws: `Unfit` if there was no header.
    package mutating func finish() throws {
        guard rows == nil else { return }
        throw Unfit.noHeader(line: max(1, mapping.table.headerLine))
    }

    private func bound(to header: TableReader.Row) throws -> RowMapping {
        let collector = FaultCollector(file: mappingName)
        let bound = RowMapping(mapping, header: header, limits: limits) { column, problem in
            collector.add(
                column.line, column.subject, "names `\(column.name)`, which \(problem)",
                allowed: mapping.table.headerLine > 0
                    ? "a name of the header on line \(header.line)" : "a number from 1 to \(header.count)")
        }
        guard collector.faults.isEmpty else {
            throw Unfit.columns(PolicyFaults(faults: collector.faults), found: bound.names)
        }
        return bound
    }

    private mutating func take(
        _ events: [RowMapping.Made], of row: TableReader.Row, _ emit: ([UInt8]) throws -> Void
    ) throws {
        var fresh: [RowMapping.Made] = []
        for event in events {
            switch seen.answer(id: event.id, body: event.body) {
            case .isNew:
                if let twin = fresh.first(where: { $0.id == event.id }), twin != event {
                    return fail(taken(event, by: row.line, row))
                }
                fresh.append(event)
            case .same: report.repeated += 1
            case .other(let line): return fail(taken(event, by: line, row))
            }
        }
        for event in fresh {
            seen.note(id: event.id, body: event.body, line: row.line)
            report.count(event.type)
            if report.isDryRun, report.examples.count < Self.shown {
                report.examples.append(String(decoding: event.body, as: UTF8.self))
            }
            try emit(event.body)
        }
    }

    private func taken(_ event: RowMapping.Made, by line: Int, _ row: TableReader.Row) -> [RowFault] {
        let message = "the same id as an event of line \(line), with other content; `key` tells such rows apart"
        return [
            RowFault(
                line: row.line, columns: [], event: event.type.rawValue, member: "id", rule: "id-taken",
                message: message)
        ]
    }

    private mutating func fail(_ faults: [RowFault]) {
        report.failedRows += 1
        for fault in faults {
            report.count(fault)
            if report.findings.count < Self.listed { report.findings.append(fault) } else { report.unlisted += 1 }
        }
    }
}
