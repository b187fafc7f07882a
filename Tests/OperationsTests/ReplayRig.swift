import Broker
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Synchronization
import Testing

@testable import Operations

/// A pipeline with dead letters, a broker between them that does as it is told, and a clock that goes on while somebody
/// waits.
final class ReplayRig: Sendable {
    /// What becomes of a message once it is in its queue.
    enum Answer: Sendable {
        case apply
        case die(code: String)
        /// Its stage's workers take nothing.
        case silence
    }

    /// The process was killed.
    struct Killed: Error {}

    private struct State {
        var now: Instant
        var queue: [ConfirmedPublisher.Message] = []
        var sent: [ConfirmedPublisher.Message] = []
        /// The moment at which the process is killed; nil: it is not.
        var killAt: Int?
        var moments = 0
    }

    private let state: Mutex<State>
    private let processor: BatchProcessor
    private let answers: Mutex<@Sendable (ConfirmedPublisher.Message) -> Answer>
    private let outcomes: Mutex<@Sendable (ConfirmedPublisher.Message) throws -> ConfirmedPublisher.Outcome>
    let letters: SealedDeadLetters
    let stores: [StageName: any Store]
    let ids: [String]
    private let routes = Routes(Pipeline.stages)
    private let clock: Instant

    private static let policy = Result { try MemoryPipeline.policy() }

    /// - Parameter count: how many letters lie there, each of which intake would take now.
    init(letters count: Int) async throws {
        let kill = KillSwitch()
        let store = MemoryDeadLetterStore(isKeptOpen: true) { try kill.pass() }
        clock = try instant("2026-11-02T10:00:00+08:00")
        let intake = try #require(Pipeline.stages.first { type(of: $0).name == .intake })
        processor = BatchProcessor(
            runner: StageRunner(stage: intake, policy: try Self.policy.get()), worker: "rig",
            vault: PersonalVault(stage: .intake, keyring: .none), waiting: MemoryPipeline.noRoom)
        let taken = MemoryStore()
        let (processor, clock) = (processor, clock)
        try await taken.write { try processor.plant(clock: clock, in: $0) }
        stores = [.intake: taken]
        let parked = try (0..<count).map { number in
            let event = Event(
                id: "D\(number)", source: "upstream", time: clock,
                data: try Scenario.complaint("C\(number)", at: "2026-11-02T10:00:00+08:00"))
            return Self.letter("letter-\(number)", event, event.body(), code: "stage-fault", at: clock)
        }
        ids = parked.map(\.id)
        letters = SealedDeadLetters(store, keyring: .none)
        _ = try await letters.upsert(parked, parkedAt: clock)
        state = Mutex(State(now: Instant(seconds: 1_780_000_000)))
        answers = Mutex { _ in .apply }
        outcomes = Mutex { _ in .confirmed }
        kill.rig.withLock { $0 = Weak(self) }
    }

    private static func letter(
        _ id: String, _ event: Event, _ body: [UInt8], code: String, at: Instant
    ) -> DeadLetter {
        var letter = DeadLetter(
            id: id, queue: StageName.intake.queue, failureClass: "transient", code: code, firstAt: at, lastAt: at,
            body: body)
        (letter.source, letter.eventId) = (event.source, event.id)
        (letter.type, letter.headers) = (event.type.rawValue, Array("{}".utf8))
        letter.readFailure()
        return letter
    }

    /// Between the store, which is made first, and the rig.
    private final class KillSwitch: Sendable {
        let rig = Mutex<Weak?>(nil)

        func pass() throws { try rig.withLock { $0 }?.rig?.pass() }
    }

    private struct Weak: Sendable {
        weak let rig: ReplayRig?

        init(_ rig: ReplayRig) {
            self.rig = rig
        }
    }

    // MARK: - What happens

    func answer(_ answer: @escaping @Sendable (ConfirmedPublisher.Message) -> Answer) {
        answers.withLock { $0 = answer }
    }

    func broker(_ outcome: @escaping @Sendable (ConfirmedPublisher.Message) throws -> ConfirmedPublisher.Outcome) {
        outcomes.withLock { $0 = outcome }
    }

    /// The process is killed at this moment, counted from now: before or after any use of the letters' store.
    func kill(at moment: Int?) {
        state.withLock { state in (state.killAt, state.moments) = (moment, 0) }
    }

    private func pass() throws {
        let isKilled = state.withLock { state in
            guard let killAt = state.killAt else { return false }
            state.moments += 1
            return state.moments >= killAt
        }
        if isKilled { throw Killed() }
    }

    func pass(seconds: Int64) { state.withLock { $0.now = $0.now.adding(seconds: seconds) } }

    var now: Instant { state.withLock { $0.now } }
    /// Ids of the events, in the order in which they went out.
    var sent: [String] { state.withLock { $0.sent }.compactMap(\.properties.messageId) }

    private func publish(_ batch: [ConfirmedPublisher.Message]) throws -> [ConfirmedPublisher.Outcome] {
        try pass()
        let outcome = outcomes.withLock { $0 }
        let all = try batch.map { message in
            let result = try outcome(message)
            if result == .confirmed {
                state.withLock { state in
                    state.queue.append(message)
                    state.sent.append(message)
                }
            }
            return result
        }
        try pass()
        return all
    }

    /// What lies in the queues arrives.
    func deliver() async throws {
        let queue = state.withLock { state in
            let queue = state.queue
            state.queue = []
            return queue
        }
        let answer = answers.withLock { $0 }
        for message in queue {
            switch answer(message) {
            case .apply: try await take(message.body)
            case .die(let code): try await bury(message, code: code)
            case .silence: state.withLock { $0.queue.append(message) }
            }
        }
    }

    /// Intake takes a document.
    func take(_ body: [UInt8]) async throws {
        let inbound = InboundEvent(event: try Event.read(body), body: body)
        let (processor, clock) = (processor, clock)
        _ = try await stores[.intake]?.write {
            try processor.process([inbound], confirmed: [], clock: clock, in: $0)
        }
    }

    private func bury(_ message: ConfirmedPublisher.Message, code: String) async throws {
        let event = try Event.read(message.body)
        guard case .int(let replays) = message.properties[header: FailureHeader.replays] else {
            throw StoreFailure(.corrupt, operation: "bury a message", cause: "it is no replay")
        }
        // As parking calls it.
        let id = DeadLetter.id(
            queue: StageName.intake.queue, messageId: message.properties.messageId, content: message.body,
            replays: replays)
        let at = now
        let letter = Self.letter(id, event, message.body, code: code, at: at)
        _ = try await letters.upsert([letter], parkedAt: at)
    }

    // MARK: - Who acts

    func office(as name: String = "tess") -> DeadLetterOffice {
        let log = AuditLog(beside: letters, of: Operator(name: name, systemUser: "oncall")) { self.now }
        var parts = DeadLetterOffice.Parts(
            deadLetters: letters, log: log, stores: stores, routes: routes, clock: clock)
        parts.publish = { try self.publish($0) }
        return DeadLetterOffice(parts)
    }

    func desk(
        _ name: String = "here:1", obstacle: @escaping @Sendable () -> String? = { nil },
        whileWaiting: @escaping @Sendable () async throws -> Void = {}
    ) -> DeadLetterOffice.Desk {
        var ports = OperationRunner.Ports(
            name: name, wall: { self.now },
            pause: { milliseconds in
                self.state.withLock { $0.now = Instant(microseconds: $0.now.microseconds + milliseconds * 1_000) }
                do {
                    // The workers live on while an operator is killed.
                    let kill = self.state.withLock { state in
                        let kill = state.killAt
                        state.killAt = nil
                        return kill
                    }
                    try await whileWaiting()
                    try await self.deliver()
                    self.state.withLock { state in if state.killAt == nil { state.killAt = kill } }
                } catch {
                    Issue.record(error)
                }
            })
        ports.obstacle = { _ in obstacle() }
        return DeadLetterOffice.Desk(ports)
    }

    func states() async throws -> [String: Int] {
        try await letters.letters(ids).values.reduce(into: [:]) { $0[$1.standing.rawValue, default: 0] += 1 }
    }

    func operation() async throws -> LetterOperation {
        try #require(try await letters.operations(below: .max, limit: 1).first)
    }
}
