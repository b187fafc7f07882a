import ArgumentParser
import Broker
import Foundation
import Operations
import Runtime
import Schema
import Store
import Synchronization

struct OperationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operations", abstract: "Replays that were begun: how far they are, and how they go on.",
        discussion: """
            recourse dead-letters replay --execute begins one. It lies in the store, so whoever runs it may be killed, and anybody
            may go on with it.
            """,
        subcommands: [List.self, Show.self, Pause.self, Resume.self, Cancel.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists operations, the newest first.")
        @Option(help: "Most rows, up to 200") var limit = 50
        @Option(help: "The number with which the last page ended") var after: Int64?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let office = try common.deadLetterOffice()
                try show(try await office.operations(after: after, limit: limit, wall: Wall.now()), json: json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How far an operation is, what became of its letters, and who did what to it.",
            discussion: "Exit codes as those of replay --execute: 0 done, and every letter has arrived; else 1.")
        @Argument(help: "Id of the operation") var id: String
        @Option(help: "Only letters of this state: waiting, claimed, sent, applied, died-again, skipped or failed")
        var items: String?
        @Option(help: "Most letters, up to 200") var limit = 20
        @Option(help: "The number with which the last page ended") var after: Int64 = 0
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try Choice.check("--items", items, of: OperationItem.State.allCases.map(\.rawValue))
                let office = try common.deadLetterOffice()
                try show(
                    try await office.show(
                        operation: id, items: items.flatMap(OperationItem.State.init(rawValue:)), after: after,
                        limit: limit, wall: Wall.now()),
                    json: json)
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Halts an operation; whoever runs it hears it within a second.",
            discussion: "What is on its way stays so. Exit code 1 if there is none, or it has ended.")
        @Argument(help: "Id of the operation") var id: String
        @Option(help: "Why") var reason: String?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform { try await common.end(self, id, as: .paused, reason: reason, json: json) }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends an operation for good; what was not sent, or never confirmed by the broker, is open.",
            discussion: """
                Of what is on its way recourse dead-letters refresh finds the outcome. Exit code 1 if there is no such
                operation, or it has ended.
                """)
        @Argument(help: "Id of the operation") var id: String
        @Option(help: "Why") var reason: String?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform { try await common.end(self, id, as: .cancelled, reason: reason, json: json) }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Goes on with an operation where it was left, whoever began it.",
            discussion: """
                What a killed process has left on its way is first looked for in the journals and among the dead letters; what is
                nowhere after 10 seconds goes out once more, which harms nothing: the stage knows an event by source and id. Behind
                a stop it begins with one letter again. Exit codes as those of dead-letters replay --execute.
                """)
        @Argument(help: "Id of the operation") var id: String
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let view = try await common.sending { office, desk in try await office.resume(id, at: desk) }
                try show(view, json: json)
            }
        }
    }
}

extension DeadLettersCommand {
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says what a replay would do; with --execute sends the letters to their queues again.",
            discussion: """
                Of a selection the open letters, whatever their number. With --execute it is an operation: which letters is settled
                when it begins; one letter goes first, then ten, then the rest, each when those before have their outcome. It stops
                when a letter dies again of the same, or too many fail, and pauses when nobody answers. Ctrl-C pauses it:
                recourse operations resume goes on.
                Exit codes with --execute: 0 every letter has arrived, or had already; 1 one has not, or it did not come to its end;
                69 broker or database are away.
                """)
        @OptionGroup var selection: Selection
        @Argument(help: "Ids, or their beginnings; without them a selection is needed") var ids: [String] = []
        @Flag(help: "Do it") var execute = false
        @Option(help: "Letters a second, at most, 1 to 1000") var rate = DeadLetterOffice.ReplayOrder.usualRate
        @Flag(help: "All of them at once, without trying one and then ten first") var noCanary = false
        @Option(help: "Why") var reason: String?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if ids.isEmpty == selection.isEmpty {
                throw ValidationError("name ids, or select with --state, --class, --queue, --type, …; not both")
            }
            guard DeadLetterOffice.ReplayOrder.rates.contains(rate) else {
                throw ValidationError("--rate: expected a number from 1 to 1000, found \(rate)")
            }
        }

        func run() async throws {
            try await perform {
                let choice = try selection.choice(ids)
                guard execute else {
                    let report = try await common.deadLetterOffice().rehearse(choice) { done, total in
                        if ProgressLine.isTerminal { Output.progress("\r\(done) of \(total) judged ") }
                    }
                    if ProgressLine.isTerminal { Output.progress("\r\u{1B}[K") }
                    return try show(report, json: json)
                }
                var order = DeadLetterOffice.ReplayOrder()
                (order.rate, order.hasCanary) = (rate, !noCanary)
                order.reason = try reason.map { try Reason.check($0) }
                let wanted = order
                let view = try await common.sending { office, desk in
                    try await office.replay(choice, wanted, at: desk) { begun in
                        Output.note(
                            "operation \(begun.id): replay of \(begun.total) letters; Ctrl-C pauses it, "
                                + "`recourse operations resume \(begun.id)` goes on")
                    }
                }
                try show(view, json: json)
            }
        }
    }
}

/// How far an operation is, on one line of a terminal; elsewhere a line for each part of it.
private final class ProgressLine: Sendable {
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    private let last = Mutex("")

    private func isNew(_ text: String) -> Bool {
        last.withLock { last in
            defer { last = text }
            return last != text
        }
    }

    func show(_ view: OperationView) {
        if Self.isTerminal {
            let text = "\(view.id): \(view.summary)"
            if isNew(text) { Output.progress("\r\(text)\u{1B}[K") }
        } else if isNew("\(view.step)") {
            Output.note("\(view.id): \(view.step == 0 ? "the rest" : "canary of \(view.step)"): \(view.summary)")
        }
    }

    func end() {
        if Self.isTerminal { Output.progress("\n") }
    }
}

extension CommonOptions {
    fileprivate func end(
        _ command: some AsyncParsableCommand, _ id: String, as state: LetterOperation.State, reason: String?,
        json: Bool
    ) async throws {
        let reason = try reason.map { try Reason.check($0) }
        let view = try await deadLetterOffice().end(id, as: state, reason: reason, wall: Wall.now())
        // What it has come to is not this verb's fault.
        Output.line(json ? try view.json() : view.text)
    }

    /// Runs `body` with an office that can send, until it is done or somebody halts it.
    fileprivate func sending(
        _ body: (DeadLetterOffice, DeadLetterOffice.Desk) async throws -> OperationView
    ) async throws -> OperationView {
        let installation = Installation(try configuration(requiring: [.amqp, .database]))
        let signals = StopSignals()
        let sign = signals.sign
        defer { withExtendedLifetime(signals) {} }
        try await installation.admitPresent()
        let publisher = ConfirmedPublisher(
            try installation.broker(connectionName: "recourse dead-letters"), wall: Wall.now)
        let workforce = try installation.workforce()
        let line = ProgressLine()
        let desk = DeadLetterOffice.Desk(
            name: "\(ProcessInfo.processInfo.hostName):\(ProcessInfo.processInfo.processIdentifier)", wall: Wall.now,
            pause: { milliseconds in
                // Ended early only with the program.
                _ = try? await Task.sleep(for: .milliseconds(milliseconds))
            },
            obstacle: { stages in
                StageReadiness.obstacle(
                    to: stages, signs: try workforce.signs(), orders: try workforce.orders(), wall: Wall.now())
            },
            isStopped: { sign.isSet }, progress: { line.show($0) })
        func close() async {
            line.end()
            workforce.close()
            await publisher.close()
        }
        do {
            let view = try await body(try deadLetterOffice(publisher), desk)
            await close()
            return view
        } catch {
            await close()
            throw error
        }
    }
}
