import ArgumentParser
import Foundation
import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import Web

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Checks events against the contract, without a broker.",
        discussion: """
            Files hold one JSON document a line. A document may be as long as RECOURSE_BODY_LIMIT says (1 MiB). Members that
            the contract ignores and whose names look like slips (storeID for storeId) are warned of. Exit code 1 if a
            document is refused; warnings alone leave it 0.
            """)

    @Argument(help: "NDJSON files; - for standard input") var files: [String]
    @Flag(help: "One JSON object for each document that is refused or warned of") var json = false

    func run() async throws {
        try await perform {
            let limits = try Configuration.documentLimits()
            var valid = 0
            var refused = 0
            var warned = 0
            for file in files {
                try Output.lines(of: file) { number, bytes in
                    let place = "\(file):\(number)"
                    do throws(RefusedDocument) {
                        let (event, document) = try Event.readDocument(bytes, limits: limits)
                        valid += 1
                        guard document.hasMore else { return }
                        let slips = ResemblingMembers.slips(in: bytes, limits: limits)
                        guard !slips.isEmpty else { return }
                        warned += 1
                        tell(event.id, [], slips, place)
                    } catch {
                        refused += 1
                        let slips = ResemblingMembers.slips(in: bytes, limits: limits)
                        if !slips.isEmpty { warned += 1 }
                        tell(error.identity.id, error.faults, slips, place)
                    }
                }
            }
            if !json {
                Output.line("valid \(valid), refused \(refused)" + (warned > 0 ? "; \(warned) with warnings" : ""))
            }
            if refused > 0 { throw ExitCode(ExitStatus.wrong) }
        }
    }

    private func tell(_ id: String?, _ faults: [Fault], _ warnings: [Fault], _ place: String) {
        if json {
            let line: JSON = [
                "place": .string(place), "id": id.map { .string($0) } ?? .null, "errors": list(faults),
                "warnings": list(warnings),
            ]
            Output.line(String(decoding: line.serialized, as: UTF8.self))
        } else {
            for fault in faults { Output.line(fault.line(at: place)) }
            for warning in warnings { Output.line(warning.line(at: place + ": warning")) }
        }
    }

    private func list(_ faults: [Fault]) -> JSON {
        .array(
            faults.map { fault in
                ["pointer": .string(fault.pointer), "rule": .string(fault.rule), "message": .string(fault.message)]
            })
    }
}

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs all stages on virtual time: events in, every outgoing event as NDJSON out.",
        discussion: """
            No broker, no database. The same input gives the same bytes. What no stage can take is a line of type
            `dead-letter` and counted on standard error, and so is an event with the source and id of an earlier one and another body (`id-reused`); the
            same again is a duplicate. How many events have a time after --until is said on standard error, and with
            --json, but for --compare, counted as `left-out`. With --compare the same events and answers also run under another policy, and what is
            printed is what the two decide otherwise: by outlet with its violations, rungs and instants, and the
            totals of fund, escalations and callbacks.
            Exit codes: 0 done, whether the policies differ or not; 1 an answer could not be given, or a stage failed;
            64 usage, a file that cannot be read or written; 78 faults in a policy folder or the answers file.
            """)

    @Option(help: "Folder with policy.yaml, organisation.yaml, calendar.csv") var policy: String
    @Option(help: "Business time up to which to run") var until: String
    @Option(help: "How people react (docs/ANSWERS.md)") var answers: String?
    @Option(help: "Another policy folder: print what it decides otherwise") var compare: String?
    @Option(help: "With --compare: write the comparison as HTML, labels in Chinese and English") var html: String?
    @Flag(help: "Print only counts, or the comparison, as JSON") var json = false
    @Argument(help: "NDJSON file of inbound events") var file: String

    func validate() throws {
        if html != nil, compare == nil { throw ValidationError("--html needs --compare") }
    }

    func run() async throws {
        try await perform {
            guard let until = Instant(rfc3339: until), until <= .limit else {
                throw Failure(
                    ExitStatus.usage,
                    "--until: expected a time with offset before 2100, such as 2026-04-01T00:00:00+08:00")
            }
            var gatherer = FaultGatherer()
            let folders = [policy] + [compare].compactMap { $0 }
            let books = try gatherer.take { try PolicyLoading.load(directories: folders) } ?? []
            let answerBook = try answers.flatMap { path in
                try gatherer.take { try AnswerBook(parsing: try Output.bytes(of: path)) }
            }
            try gatherer.finish()
            if let compare {
                return try await self.compare(books, folders: [policy, compare], answerBook, until: until)
            }
            let writer = SimulationWriter(isCounting: json)
            let input = try read { writer.refused(line: $0, $1) }
            writer.leftOut(sayLeftOut(of: input, until))
            let simulation = Simulation(stages: Pipeline.stages, policy: books[0], answers: answerBook)
            try simulation.run(input, until: until) { try writer.take($0) }
            writer.finish()
            if writer.dead > 0 { Output.note("\(file): \(writer.dead) dead letters: no stage could take these events") }
            if writer.unanswered > 0 { throw ExitCode(ExitStatus.wrong) }
        }
    }

    private func compare(
        _ books: [PolicyBook], folders: [String], _ answers: AnswerBook?, until: Instant
    ) async throws {
        let sides = zip(books, folders).map { PolicyComparison.Candidate(policy: $0, folder: $1) }
        let input = try read { line, refusal in
            let first = refusal.faults.first.map { ": \($0.pointer) \($0.message)" } ?? ""
            Output.note("\(file):\(line): not valid, left out on both sides\(first)")
        }
        sayLeftOut(of: input, until)
        let comparison = try await PolicyComparison.run(
            sides[0], sides[1], stages: Pipeline.stages, answers: answers, input: input, until: until)
        if let html { try Output.write(comparison.html.text, to: html) }
        try show(comparison, json: json)
    }

    /// A wrong `--until` would else look like a run in which nothing happens.
    @discardableResult
    private func sayLeftOut(of input: [Simulation.InputEvent], _ until: Instant) -> Int {
        let count = Simulation.leftOut(of: input, until: until)
        if count > 0 {
            Output.note("\(file): \(count) of \(input.count) events left out: their time is after --until \(until)")
        }
        return count
    }

    private func read(refused: (Int, RefusedDocument) -> Void) throws -> [Simulation.InputEvent] {
        let limits = try Configuration.documentLimits()
        var events: [Simulation.InputEvent] = []
        try Output.lines(of: file) { number, bytes in
            do throws(RefusedDocument) {
                events.append(Simulation.InputEvent(event: try Event.read(bytes, limits: limits), body: bytes))
            } catch {
                refused(number, error)
            }
        }
        return events
    }
}

/// Writes what a simulation tells, buffered.
private final class SimulationWriter {
    private let isCounting: Bool
    private var buffer: [UInt8] = []
    private var counts: [String: Int] = [:]
    private(set) var unanswered = 0
    private(set) var dead = 0

    init(isCounting: Bool) {
        self.isCounting = isCounting
    }

    func take(_ output: Simulation.Output) throws {
        switch output {
        case .emitted(let event, let body):
            // What goes to the desks repeats what is announced, with the customer: it is no further decision.
            guard event.destination == .events else { return }
            write(body, event.event.type.rawValue)
        case .unrouted(let event): unrouted(event)
        case .answered: counts["answers", default: 0] += 1
        case .unanswered(let why):
            unanswered += 1
            Output.note(why)
        case .waiting(let stage, let event):
            let data: JSON = [
                "stage": .string(stage.rawValue), "source": .string(event.event.source), "id": .string(event.event.id),
                "type": .string(event.type), "reference": .string(event.reference.description),
                "until": .string(event.endsAt.description),
            ]
            let line: JSON = ["type": "waiting", "data": data]
            write(line.serialized, "waiting")
        case .deadLetter(let stage, let event, let code, let cause):
            deadLetter([
                "stage": .string(stage.rawValue), "source": .string(event.source), "id": .string(event.id),
                "type": .string(event.type.rawValue), "code": .string(code), "cause": .string(cause),
            ])
        }
    }

    private func unrouted(_ event: Event) {
        deadLetter([
            "source": .string(event.source), "id": .string(event.id), "type": .string(event.type.rawValue),
            "code": "unroutable", "cause": "no stage takes such an event from upstream",
        ])
    }

    func leftOut(_ count: Int) {
        if count > 0 { counts["left-out"] = count }
    }

    func refused(line: Int, _ refusal: RefusedDocument) {
        let errors = refusal.faults.map { fault -> JSON in
            ["pointer": .string(fault.pointer), "rule": .string(fault.rule), "message": .string(fault.message)]
        }
        deadLetter([
            "line": .int(Int64(line)), "source": refusal.identity.source.map { .string($0) } ?? .null,
            "id": refusal.identity.id.map { .string($0) } ?? .null, "code": "contract", "errors": .array(errors),
        ])
    }

    private func deadLetter(_ data: JSON) {
        dead += 1
        let line: JSON = ["type": "dead-letter", "data": data]
        write(line.serialized, "dead-letter")
    }

    private func write(_ line: [UInt8], _ type: String) {
        counts[type, default: 0] += 1
        guard !isCounting else { return }
        buffer += line
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count > 1 << 20 { flush() }
    }

    private func flush() {
        Output.bytes(Data(buffer))
        buffer.removeAll(keepingCapacity: true)
    }

    func finish() {
        if isCounting {
            let sorted = counts.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .int(Int64($0.value))) }
            Output.line(String(decoding: JSON.object(sorted).serialized, as: UTF8.self))
        }
        flush()
    }
}
