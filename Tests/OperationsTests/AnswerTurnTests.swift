import Operations
import Schema
import Store
import Testing

@Suite("Answers beside upstream's events")
struct AnswerTurnTests {
    private static let now = Instant(seconds: 1_780_000_000)

    private func isTurn(_ others: [Participant], wall: Instant = now) throws -> Bool {
        let control = MemoryControl()
        for other in others { try control.upsertParticipant(other) }
        return try AnswerService.isTurn(at: Self.now, wall: wall, control: control)
    }

    private func publisher(next: Instant?, isDone: Bool = false) -> Participant {
        Participant(name: "publish", next: next, isDone: isDone, aliveUntil: Self.now.adding(seconds: 60))
    }

    @Test func `answers of an instant wait for upstream's events of the same instant, and no longer`() throws {
        #expect(try !isTurn([publisher(next: Self.now)]))
        #expect(try !isTurn([publisher(next: Self.now.adding(seconds: -1))]))
        #expect(try isTurn([publisher(next: Self.now.adding(seconds: 1))]))
        #expect(try isTurn([publisher(next: nil)]))
        #expect(try isTurn([publisher(next: Self.now, isDone: true)]))
    }

    @Test func `they do not wait for the dead, for themselves, or where the clock runs by itself`() throws {
        #expect(try isTurn([publisher(next: Self.now)], wall: Self.now.adding(seconds: 60)))
        #expect(try !isTurn([publisher(next: Self.now)], wall: Self.now.adding(seconds: 59)))
        let own = Participant(
            name: "answer", next: Self.now, isDone: false, aliveUntil: Self.now.adding(seconds: 60))
        #expect(try isTurn([own]))
        #expect(try AnswerService.isTurn(at: Self.now, wall: Self.now, control: nil))
    }
}
