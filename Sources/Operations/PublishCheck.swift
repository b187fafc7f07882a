import Foundation
import Runtime
import Schema

/// What the lines of a file are, found out before any of them is sent; memory does not grow with the file, except by
/// 24 bytes for each line of one that is sent by time.
package struct PublishCheck: Sendable {
    /// A line that would become a dead letter, or that is warned of.
    package struct Finding: Sendable, Hashable, Codable {
        package let line: Int
        package let faults: [Fault]
    }

    /// Where a line lies, and when it is sent; a line without a time goes with the one before.
    struct Place: Sendable {
        let time: Instant
        let offset: Int64
        let length: Int
    }

    /// In bytes: what a broker takes at most unless it is told otherwise. A longer line cannot be sent at all.
    package static let longest = 16 << 20
    package static let findingLimit = 100

    package private(set) var lines = 0
    /// Lines that the contract refuses though a stage takes their type, or that are too long.
    package private(set) var refused = 0
    /// Lines that no stage takes.
    package private(set) var unrouted = 0
    /// The first of both, by line.
    package private(set) var findings: [Finding] = []
    /// Lines with members that the contract ignores and whose names look like slips; the first of them.
    package private(set) var warned = 0
    package private(set) var warnings: [Finding] = []
    private(set) var places: [Place]?
    private var lastTime = Instant.distantPast
    private let routes: Routes
    let limits: DocumentLimits

    /// - Parameter isPaced: the lines are sent by time.
    package init(_ routes: Routes, limits: DocumentLimits = DocumentLimits(), isPaced: Bool) {
        (self.routes, self.limits) = (routes, limits)
        places = isPaced ? [] : nil
    }

    /// Reads a file to its end.
    ///
    /// - Parameter progress: told the number of lines now and then.
    /// - Throws: `FileFault`.
    package mutating func read(_ file: RereadableFile, progress: (Int) -> Void = { _ in }) throws(FileFault) {
        var reader = try file.lines(longest: Self.longest)
        while let line = try reader.next() {
            take(line)
            if lines.isMultiple(of: 10_000) { progress(lines) }
        }
        // By time, and in the order of the file at the same time.
        places?.sort { ($0.time, $0.offset) < ($1.time, $1.offset) }
    }

    private mutating func take(_ line: LineReader.Line) {
        lines += 1
        guard let bytes = line.bytes else {
            refused += 1
            let message = "\(line.length) bytes, which no broker takes; at most \(Self.longest)"
            return find(line, [Fault(pointer: "", rule: "size", message: message)])
        }
        var time: Instant?
        do throws(RefusedDocument) {
            let (event, document) = try Event.readDocument(bytes, limits: limits)
            time = event.time
            if document.hasMore { warn(line, bytes) }
            if routes.takers(fromInbox: event.type).isEmpty {
                unrouted += 1
                let message = "no stage takes \(event.type) from upstream"
                find(line, [Fault(pointer: "/type", rule: "unroutable", message: message)])
            }
        } catch {
            let told = PublishFile.Line(bytes)
            time = told.time
            if told.isTaken(by: routes) { refused += 1 } else { unrouted += 1 }
            warn(line, bytes)
            find(line, error.faults)
        }
        lastTime = time ?? lastTime
        places?.append(Place(time: lastTime, offset: line.offset, length: line.length))
    }

    private mutating func find(_ line: LineReader.Line, _ faults: [Fault]) {
        guard findings.count < Self.findingLimit else { return }
        findings.append(Finding(line: line.number, faults: faults))
    }

    private mutating func warn(_ line: LineReader.Line, _ bytes: [UInt8]) {
        let slips = ResemblingMembers.slips(in: bytes, limits: limits)
        guard !slips.isEmpty else { return }
        warned += 1
        guard warnings.count < Self.findingLimit else { return }
        warnings.append(Finding(line: line.number, faults: slips))
    }

    /// Nothing would become a dead letter; warnings hold nothing back.
    package var isClean: Bool { refused == 0 && unrouted == 0 }
}

/// The result of `recourse publish`.
package struct PublishReport: OperationReport, Codable, Hashable {
    package internal(set) var published = 0
    package let total: Int
    /// Of the published ones, those that no stage takes: confirmed, and among the dead letters.
    package internal(set) var unrouted = 0
    /// Returned by the broker, as there is not even a queue for dead letters: the topology is not applied.
    package internal(set) var returned = 0
    /// Found before anything was sent.
    package let faulty: Int
    package let findings: [PublishCheck.Finding]
    /// Lines with members that are ignored and look like slips.
    package let warned: Int
    package let warnings: [PublishCheck.Finding]
    /// Something is wrong with the file, and so nothing was sent.
    package internal(set) var isHeldBack = false

    package init(_ check: PublishCheck, isHeldBack: Bool = false) {
        total = check.lines
        faulty = check.refused + check.unrouted
        findings = check.findings
        warned = check.warned
        warnings = check.warnings
        self.isHeldBack = isHeldBack
    }

    package var exitCode: Int32 { published == total ? 0 : 1 }

    package var text: String {
        guard !isHeldBack else {
            return "published nothing: \(faulty) of \(total) lines are faulty; --anyway sends them all the same"
        }
        var text = "published \(published) of \(total)"
        if faulty > 0 { text += "; the \(faulty) faulty ones become dead letters" }
        if returned > 0 { text += "; \(returned) were taken by no queue: run recourse topology apply" }
        return text
    }

    /// The findings, a line for each fault: `FILE:3: /type unknown-type: …`.
    package func findingLines(of file: String) -> [String] {
        var lines = findings.flatMap { finding in finding.faults.map { $0.line(at: "\(file):\(finding.line)") } }
        if faulty > findings.count { lines.append("\(file): \(faulty - findings.count) more faulty lines") }
        return lines
    }

    /// The warnings, a line for each: `FILE:3: warning: /data/storeID unknown-member: …`.
    package func warningLines(of file: String) -> [String] {
        var lines = warnings.flatMap { warning in
            warning.faults.map { $0.line(at: "\(file):\(warning.line): warning") }
        }
        if warned > warnings.count { lines.append("\(file): \(warned - warnings.count) more lines with warnings") }
        return lines
    }
}

extension Fault {
    /// One line for a person: `events.ndjson:3: /type unknown-type: not an event type of this contract`.
    package func line(at place: String) -> String {
        "\(place): " + (pointer.isEmpty ? "" : pointer + " ") + "\(rule): \(message)"
    }
}
