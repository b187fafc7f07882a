import ArgumentParser
import Foundation
import Operations
import RabbitMQ
import Runtime
import Schema
import Testing

@testable import Bootstrap

@Suite struct `The configuration of a program` {
    private let good = [
        "RECOURSE_AMQP_URL": "amqp://recourse:secret@localhost", "RECOURSE_DATABASE_URL": "sqlite:/data",
        "RECOURSE_POLICY": "/policy",
    ]

    @Test func `is read from the environment, and a flag wins`() throws {
        let settings = try Configuration(
            environment: good.merging(["RECOURSE_BATCH": "10"]) { $1 }, flags: ["BATCH": "20"],
            requiring: [.amqp, .database, .policy])
        #expect(settings.limits.batch == 20)
        #expect(settings.database == .sqlite(directory: "/data"))
        #expect(settings.clock == .wall)
    }

    @Test func `tells the faults of the policy folder together with its own`() throws {
        let bad = good.merging(["RECOURSE_BATCH": "0", "RECOURSE_POLICY": "/nowhere"]) { $1 }
        let error = try #require(throws: ConfigurationFaults.self) {
            try Configuration.checked(environment: bad, flags: [:], requiring: [.amqp, .database, .policy])
        }
        #expect(error.faults.contains { $0.hasPrefix("RECOURSE_BATCH: ") })
        for name in ["policy.yaml", "organisation.yaml", "calendar.csv"] {
            #expect(error.faults.contains { $0.hasPrefix("read /nowhere/\(name)") })
        }
    }

    @Test func `has its faults gathered with those of other files`() throws {
        var gatherer = FaultGatherer()
        let policies = try gatherer.take { try PolicyLoading.load(directories: ["/nowhere", "/neither"]) }
        let answers = try gatherer.take { try AnswerBook(parsing: Array("{".utf8)) }
        #expect(policies == nil && answers == nil)
        #expect(try gatherer.take { 3 } == 3)
        let error = try #require(throws: ConfigurationFaults.self) { try gatherer.finish() }
        #expect(error.faults.count == 7, "three files of each folder, and the answers: \(error)")
    }

    @Test func `tells every fault at once and no secret`() throws {
        let bad = [
            "RECOURSE_DATABASE_URL": "mysql://user:secret@host", "RECOURSE_PREFETCH": "0",
            "RECOURSE_CLOCK": "sometimes",
            "RECOURSE_LOG": "loud",
        ]
        let error = try #require(throws: ConfigurationFaults.self) {
            try Configuration(environment: bad, requiring: [.amqp, .database, .policy])
        }
        #expect(error.faults.count == 6)
        #expect(!error.description.contains("secret"))
    }

    @Test(arguments: [
        ("scaled 2026-01-01T00:00:00+08:00 60 now", true), ("scaled 2026-01-01T00:00:00+08:00 0 now", false),
        ("scaled 2101-01-01T00:00:00+08:00 60 now", false), ("stepped", true), ("wall", true), ("wall 1", false),
    ])
    func `knows its clocks; beyond 2100 there is none`(text: String, isGood: Bool) {
        let settings = try? Configuration(environment: ["RECOURSE_CLOCK": text], requiring: [])
        #expect((settings != nil) == isGood)
    }

    @Test func `the database is a folder or a PostgreSQL server, and its secret is never shown`() throws {
        func database(_ url: String) throws -> Configuration.Database? {
            try Configuration(environment: ["RECOURSE_DATABASE_URL": url], requiring: [.database]).database
        }
        guard case .postgres(let settings) = try database("postgresql://me:secret@db/work") else {
            Issue.record("not PostgreSQL")
            return
        }
        #expect("\(settings)" == "database work at db")
        let error = try #require(throws: ConfigurationFaults.self) { try database("postgres://me:secret@db/") }
        #expect(error.faults == ["RECOURSE_DATABASE_URL: it names no database"])
    }

    @Test func `a secret may lie in a file`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data("amqp://a:b@c\n".utf8).write(to: file)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
        let settings = try Configuration(environment: ["RECOURSE_AMQP_URL_FILE": file.path], requiring: [.amqp])
        #expect(settings.amqpURL == "amqp://a:b@c")
    }

    @Test(arguments: [(0o600, false), (0o640, false), (0o644, true)])
    func `a file of a secret that everybody may read is told`(mode: Int, isTold: Bool) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data("amqp://a:hunter2@localhost".utf8).write(to: file)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        let settings = try Configuration(environment: ["RECOURSE_AMQP_URL_FILE": file.path], requiring: [.amqp])
        #expect(settings.warnings.contains { $0.contains(file.path) } == isTold)
        #expect(!settings.warnings.joined().contains("hunter2"))
    }

    @Test func `a line of the log is one line, whatever others have written`() {
        #expect(LineLogHandler.quoted("plain-1") == "plain-1")
        #expect(LineLogHandler.quoted("王") == "王")
        #expect(LineLogHandler.quoted("a b\n\"c\"\\") == #""a b\n\"c\"\\""#)
        #expect(LineLogHandler.quoted("x\u{1B}[2J\r\u{2028}\u{202E}") == #""x\u{1b}[2J\u{d}\u{2028}\u{202e}""#)
    }

    @Test func `parking keeps what the stages may take, whatever it is told itself, and holds fewer at once`() throws {
        let settings = try Configuration(
            environment: ["RECOURSE_AMQP_URL": "amqp://a:b@localhost", "RECOURSE_BODY_LIMIT": "2048"], requiring: [])
        let installation = Installation(settings)
        #expect(try installation.broker(connectionName: "stage").configuration.bodyLimitBytes == 2_048)
        let parking = try installation.parkingBroker(connectionName: "parking")
        #expect(parking.configuration.bodyLimitBytes == 16 << 20)
        #expect(settings.limits.parkingPrefetch * (16 << 20) <= settings.limits.memoryBytes)
    }

    @Test func `a line-up names programs and counts; everything else is refused`() throws {
        let slots = try #require(Supervisor.lineup("intake=2,parking=0", programs: ["intake", "routing", "parking"]))
        #expect(slots.map(\.name) == ["intake-1", "intake-2", "routing-1"])
        #expect(Supervisor.lineup("intake=x", programs: ["intake"]) == nil)
        #expect(Supervisor.lineup("stranger=1", programs: ["intake"]) == nil)
    }

    @Test func `takes keys from a file that not everybody may read, and tells every fault without a key`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { do { try FileManager.default.removeItem(at: file) } catch { Issue.record("\(error)") } }
        let key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
        func read(_ text: String, mode: Int) throws -> Result<Configuration, ConfigurationFaults> {
            try Data(text.utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            return Result { () throws(ConfigurationFaults) in
                try Configuration(environment: ["RECOURSE_PERSONAL_KEY_FILE": file.path], requiring: [])
            }
        }
        #expect(try read("# keys\n\nk2 \(key)\nk1 \(key)\n", mode: 0o600).get().keyring.currentId == "k2")
        #expect(try read("k1 \(key)", mode: 0o640).get().keyring.currentId == "k1")
        let faults: [(String, Int, [String])] = [
            ("k1 \(key)", 0o644, ["chmod 600"]), ("", 0o600, ["holds no key"]),
            ("k1 \(key)\nk1 \(key)\nk2 AQE=\n! x\nk3", 0o602, ["everybody", "twice", "2 bytes", "id must", "line 5"]),
        ]
        for (text, mode, expected) in faults {
            let told = try #require(throws: ConfigurationFaults.self) { try read(text, mode: mode).get() }
            #expect(told.faults.count == expected.count)
            for word in expected { #expect(told.description.contains(word), "\(told.description)") }
            #expect(!told.description.contains(key))
        }
        let missing = try #require(throws: ConfigurationFaults.self) {
            try Configuration(environment: ["RECOURSE_PERSONAL_KEY_FILE": "/none/there"], requiring: [])
        }
        #expect(missing.description.contains("/none/there cannot be read"))
    }
}

@Suite struct `The help of a verb` {
    private static func verbs(_ type: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        [type] + type.configuration.subcommands.flatMap { verbs($0) }
    }

    /// The options in a help text, in its order.
    private static func options(_ help: String) -> [String] {
        help.split(separator: "\n").compactMap { line in
            let words = line.drop { $0 == " " }
            guard line.hasPrefix("  "), words.hasPrefix("-") else { return nil }
            return words.split { " ,".contains($0) }.last { $0.hasPrefix("--") }.map(String.init)
        }
    }

    @Test func `tells its own options before those that every program has`() {
        let common = Self.options(WorkerOptions.helpMessage()).filter { $0 != "--version" && $0 != "--help" }
        #expect(common.first == "--amqp-url" && common.count > 10)
        let verbs = Self.verbs(RecourseCommand.self)
        #expect(verbs.count > 40)
        for verb in verbs {
            let options = Self.options(verb.helpMessage()).filter { $0 != "--version" && $0 != "--help" }
            guard options.contains("--amqp-url") else { continue }
            #expect(Array(options.suffix(common.count)) == common, "\(verb): \(options)")
        }
    }

    @Test func `tells every exit code of the program`() {
        let help = RecourseCommand.helpMessage()
        for code in ["0 done", "1 found", "64 usage", "69 something", "75 not at rest", "78 configuration"] {
            #expect(help.contains(code), "\(code)")
        }
    }
}
