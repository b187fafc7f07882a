import Broker
import Policy
import Runtime
import Schema
import Store

/// `recourse answer`: gives the answers of a file to a running pipeline, at their business times.
///
/// It reads what the stages emit from their journals, so it misses nothing and needs no queue of its own. An answer's
/// id follows from what it answers: given twice it is one event.
package struct AnswerService: Sendable {
    package struct Parts: Sendable {
        package var broker: any Broker
        package var clock: any BusinessClock
        /// nil where the clock runs by itself: nobody waits for the answers then.
        package var control: (any ControlStore)?
        package var stores: [StageName: any Store]
        package var wall: @Sendable () -> Instant
        package var report: @Sendable (String) -> Void
        /// Opens what is personal: an answer may be about any member of an event.
        package var keyring = Keyring.none

        package init(
            broker: any Broker, clock: any BusinessClock, control: (any ControlStore)?,
            stores: [StageName: any Store], wall: @escaping @Sendable () -> Instant,
            report: @escaping @Sendable (String) -> Void
        ) {
            self.broker = broker
            self.clock = clock
            self.control = control
            self.stores = stores
            self.wall = wall
            self.report = report
        }
    }

    static let participant = "answer"
    private let parts: Parts
    private var agenda: AnswerAgenda
    private var positions: [StageName: Int64] = [:]
    private var announced: (next: Instant?, at: Instant)?
    package private(set) var given = 0
    package private(set) var unanswered = 0

    /// - Parameter input: the events that upstream publishes itself; what they answer is left to them.
    package init(_ parts: Parts, book: AnswerBook, calendar: WorkCalendar, input: [JSON]) {
        self.parts = parts
        agenda = AnswerAgenda(book: book, calendar: calendar, input: input)
    }

    /// Runs until `isStopped`.
    package mutating func run(isStopped: @Sendable () -> Bool) async throws {
        let publisher = ConfirmedPublisher(parts.broker, wall: parts.wall)
        do {
            try begin()
            while !isStopped() {
                try await look(publisher)
                try await Task.sleep(for: .microseconds(parts.clock.pollMicroseconds / 2))
            }
        } catch {
            // The clock waits for who takes over, as it does after a kill.
            await publisher.close()
            throw error
        }
        await publisher.close()
        try leave()
    }

    /// Takes its place among the participants. The clock is held until the journals have been read from their beginning:
    /// what was planned by a program that was killed is planned again before anything moves on.
    mutating func begin() throws {
        guard let control = parts.control else { return }
        try announce(try parts.clock.read().now)
        for stage in parts.stores.keys {
            try control.setWatermark(participant: AnswerService.participant, stage: stage, number: 0)
        }
    }

    /// One look at the journals and the clock, and what it leads to.
    mutating func look(_ publisher: ConfirmedPublisher) async throws {
        try await observe()
        try await publishDue(publisher)
        try announce(agenda.next)
    }

    private func leave() throws {
        try parts.control?.upsertParticipant(
            Participant(name: AnswerService.participant, next: nil, isDone: true, aliveUntil: parts.wall()))
    }

    private mutating func observe() async throws {
        var seen: [(StageName, Int64)] = []
        for stage in StageName.allCases {
            guard let store = parts.stores[stage] else { continue }
            while true {
                let after = positions[stage] ?? 0
                let entries = try await JournalScan.published(
                    store, of: stage, after: after, limit: 500, keyring: parts.keyring)
                for entry in entries {
                    for output in entry.outputs where output.exchange == ExchangeName.events {
                        try plan(output)
                    }
                    positions[stage] = entry.number
                }
                // To read all journals may take longer than the silent are waited for.
                if let announced { try announce(announced.next) }
                if let last = entries.last { seen.append((stage, last.number)) }
                if entries.count < 500 { break }
            }
        }
        // First what is planned, then the watermark: the clock never passes an answer that it has not been told of.
        guard !seen.isEmpty else { return }
        try announce(agenda.next)
        for (stage, number) in seen {
            try parts.control?.setWatermark(participant: AnswerService.participant, stage: stage, number: number)
        }
    }

    private mutating func plan(_ output: JournalOutput) throws {
        do {
            try agenda.plan(answersTo: output.type, output.body)
        } catch let cause as UnansweredRule {
            unanswered += 1
            parts.report(cause.description)
        }
    }

    private mutating func publishDue(_ publisher: ConfirmedPublisher) async throws {
        let reading = try parts.clock.read()
        guard reading.allowsAnswers else { return }
        let due = agenda.removeDue(at: reading.now, limit: 1_000)
        guard !due.isEmpty else { return }
        try parts.control?.appendHanded(
            due.map {
                HandedEvent(
                    key: EventKey(source: $0.event.source, id: $0.event.id), type: $0.event.type.rawValue)
            })
        let messages = due.map { answer in
            ConfirmedPublisher.Message(
                exchange: ExchangeName.inbox, routingKey: answer.event.type.rawValue, mandatory: true,
                properties: .of(answer.event), body: answer.body)
        }
        _ = try await publisher.publish(messages, limitSeconds: 300)
        given += due.count
    }

    /// Said again every two seconds, also where nothing is new: who is silent is not waited for.
    private mutating func announce(_ next: Instant?) throws {
        let wall = parts.wall()
        if let announced, announced.next == next, wall < announced.at.adding(seconds: 2) { return }
        announced = (next, wall)
        try parts.control?.upsertParticipant(
            Participant(
                name: AnswerService.participant, next: next, isDone: false, aliveUntil: wall.adding(seconds: 360)))
    }
}
