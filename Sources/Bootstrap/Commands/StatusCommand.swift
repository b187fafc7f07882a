import ArgumentParser
import Foundation
import Operations
import Runtime
import Schema
import Store

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Is all well: queues, rates, workers, timers, what waits, dead letters.",
        discussion: """
            Looks twice, --seconds apart, for the rates. OLDEST is for how long the oldest message lies in the queue, as the history of
            the broker's HTTP API tells it, to some seconds (to a minute beyond ten). OUT/S counts what a stage has decided, timers too; DONE IN is when its
            queue is empty at these rates; NEEDED with --goal how many workers it would take. LATE is how far the first due timer
            is behind, in business time. Exit codes: 0 all is well; 1 somebody must look, as it says; 69 something could not be seen.
            """)
    @Flag(help: "Look again and again until Ctrl-C") var watch = false
    @Option(help: "Seconds between two looks (1 to 3600)") var seconds = 2
    @Option(help: "Within how many seconds the queues are to be empty") var goal: Int64?
    @Flag(help: "Print as JSON, with --watch one line a look") var json = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds: 1 to 3600") }
        if let goal, goal < 1 { throw ValidationError("--goal: 1 or more") }
    }

    func run() async throws {
        try await perform {
            let installation = Installation(try common.configuration(requiring: [.database]))
            let clock = try installation.clock()
            let stores = try installation.stores()
            let deadLetters = try installation.unopenedDeadLetters()
            let workforce = try installation.workforce()
            let depths = try await installation.queueDepths()
            let probe = StatusProbe(
                stores: stores, deadLetters: deadLetters, workforce: workforce, depths: depths,
                ages: try installation.queueAges(), wall: Wall.now, now: { try clock.read().now })
            var failure: (any Error)?
            do {
                try await look(probe)
            } catch {
                failure = error
            }
            depths?.close()
            workforce.close()
            await deadLetters.close()
            for store in stores.values { await store.close() }
            if let failure { throw failure }
        }
    }

    private func look(_ probe: StatusProbe) async throws {
        var before = try await probe.look()
        repeat {
            try await Task.sleep(for: .seconds(seconds))
            let now = try await probe.look()
            let report = StatusReport(now, since: before, goalSeconds: goal)
            before = now
            if !watch { return try show(report, json: json) }
            if json {
                Output.line(try report.json())
            } else {
                // A terminal shows the last look alone; a file keeps all of them.
                Output.line((isatty(STDOUT_FILENO) == 1 ? "\u{1B}[H\u{1B}[2J" : "") + report.text)
            }
        } while watch
    }
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks for what is unsafe or does not work, each with its cause and cure.",
        discussion: """
            Configuration, database, keys, policy and calendar, broker and what it has, workers, timers, what waits. Changes
            nothing but for the schema steps that any program of this release does first. Exit codes: 0 in order, or warnings; 1 something is wrong; 69 something could not be looked at; 78 configuration.
            """)
    @Flag(help: "Print as JSON") var json = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            let settings = try common.configuration(requiring: [.database])
            try show(await InstallationDoctor(Installation(settings)).examine(), json: json)
        }
    }
}
