import ArgumentParser
import Foundation
import Operations
import Policy
import RabbitMQ
import Runtime
import Schema
import Stages
import Store
import Synchronization

struct ClockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock", abstract: "Shows or moves the business clock.",
        subcommands: [Show.self, Advance.self], defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the business time.")
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let settings = try common.configuration(requiring: [])
                let reading = try Installation(settings).clock().read()
                let mode =
                    switch reading.mode {
                    case .running: "running"
                    case .stepped: "stepped"
                    }
                guard reading.now > .distantPast else {
                    return Output.line(json ? "{\"now\":null,\"mode\":\"stepped\"}" : "the clock has not been set")
                }
                Output.line(json ? "{\"now\":\"\(reading.now)\",\"mode\":\"\(mode)\"}" : "\(reading.now)")
            }
        }
    }

    struct Advance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Moves the stepped clock from instant to instant.",
            discussion: "Exit code 69 if the pipeline does not come to rest within ten minutes.")
        @Option(help: "Business time to reach") var to: String
        @Option(help: "Wait first until so many programs that hand over events have announced themselves")
        var participants = 0
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                guard let target = Instant(rfc3339: to), target <= .limit else {
                    throw Failure(
                        ExitStatus.usage,
                        "--to: expected a time with offset before 2100, such as 2026-04-01T00:00:00+08:00")
                }
                let settings = try common.configuration(requiring: [.amqp, .database])
                guard settings.clock == .stepped else {
                    throw Failure(ExitStatus.configuration, "clock advance: RECOURSE_CLOCK is not stepped")
                }
                let installation = Installation(settings)
                try await installation.admit()
                let administration = try installation.broker(connectionName: "recourse clock").administration()
                let parts = ClockAdvance.Parts(
                    control: try installation.control(), stores: try installation.stores(),
                    deadLetters: try installation.unopenedDeadLetters(), routes: Routes(Pipeline.stages),
                    readyCount: { queue in try? await administration.queueDepth(queue)?.ready }, wall: Wall.now,
                    report: { Output.note("clock: " + $0) })
                var advance = ClockAdvance(parts)
                let started = Wall.now()
                try await advance.advance(to: target, participants: participants)
                administration.close()
                let aside = advance.timersAside.values.reduce(0, +)
                if aside > 0 {
                    Output.note(
                        "warning: \(aside) timers could not act and stay due; they are named above and in the workers' logs"
                    )
                }
                let seconds = Double(Wall.now().microseconds - started.microseconds) / 1_000_000
                Output.line(
                    json
                        ? "{\"now\":\"\(target)\",\"instants\":\(advance.instants),\"seconds\":\(seconds)}"
                        : "\(target) after \(advance.instants) instants")
            }
        }
    }
}

struct AnswerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer", abstract: "Gives the answers of a file to a running pipeline (docs/ANSWERS.md).",
        discussion: "Runs until SIGTERM. Exit code 1 if an answer could not be given.")
    @Option(help: "Answers file") var answers: String
    @Option(help: "The events that upstream publishes itself; what they answer is left to them") var input: String?
    @Flag(help: "Print the count at the end as JSON") var json = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            var gatherer = FaultGatherer()
            let settings = try gatherer.take { try common.configuration(requiring: [.amqp, .database, .policy]) }
            let book = try gatherer.take { try AnswerBook(parsing: try Output.bytes(of: answers)) }
            try gatherer.finish()
            guard let settings, let book else { return }
            let installation = Installation(settings)
            try await installation.admitPresent()
            var events: [JSON] = []
            if let input {
                // What is no JSON answers nothing.
                try Output.lines(of: input) { _, bytes in
                    if let event = try? JSON(parsing: bytes) { events.append(event) }
                }
            }
            let clock = try installation.clock()
            var parts = AnswerService.Parts(
                broker: try installation.broker(connectionName: "recourse answer"), clock: clock,
                control: settings.clock == .stepped ? try installation.control() : nil,
                stores: try installation.stores(), wall: Wall.now, report: { Output.note($0) })
            parts.keyring = settings.keyring
            var service = AnswerService(
                parts, book: book, calendar: try installation.policy(clock: clock).calendar, input: events)
            let signals = StopSignals()
            defer { withExtendedLifetime(signals) {} }
            try await service.run { [sign = signals.sign] in sign.isSet }
            Output.line(
                json
                    ? "{\"given\":\(service.given),\"unanswered\":\(service.unanswered)}"
                    : "gave \(service.given) answers")
            if service.unanswered > 0 { throw ExitCode(ExitStatus.wrong) }
        }
    }
}
