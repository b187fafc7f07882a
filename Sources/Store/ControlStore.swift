import Schema

/// What all programs of one installation share beside the stages' stores: the stepped clock, what is needed to say that
/// an instant is quiet, and how far each stage has come.
///
/// All calls are synchronous and short. They are polled, so reads cost microseconds. Writes are atomic each, and
/// survive the end of any process; a loss of power may undo the last of them, which is no harm: the stepped clock is
/// for tests and drills, and never ahead of what it allowed.
///
/// - Throws: every call throws `StoreFailure`.
package protocol ControlStore: Sendable {
    /// nil: the clock has never been set.
    func clock() throws -> ControlReading?
    /// Sets the clock. Its time never goes back: an earlier one is refused (`.unavailable`). Phases may change freely.
    func setClock(_ reading: ControlReading) throws

    /// Says what a program that hands over events at business times will do next. `aliveUntil` is wall time.
    func upsertParticipant(_ participant: Participant) throws
    /// Ascending by name. Those whose time has run out are listed too.
    func participants() throws -> [Participant]
    func removeParticipant(_ name: String) throws

    /// Notes what a participant has handed to `recourse.inbox`; before it is handed over, so that nothing in flight is
    /// overlooked. Events noted already (same source and id) are left out.
    func appendHanded(_ events: [HandedEvent]) throws
    /// What was handed over, with a number above `after`, ascending.
    func handed(after: Int64, limit: Int) throws -> [NumberedHandedEvent]

    /// Says how far `participant` has read the journal of `stage`. Never lowers a watermark.
    func setWatermark(participant: String, stage: StageName, number: Int64) throws
    /// Ascending by participant, then stage.
    func watermarks() throws -> [Watermark]

    /// Says up to which business time `stage` has taken what its queue held, all that followed from it being published.
    /// Never lowers it.
    func setMark(_ mark: Instant, of stage: StageName) throws
    /// What the stages have said. One that has not said anything is absent.
    func marks() throws -> [StageName: Instant]

    /// Ends all use.
    func close()
}

/// What the stepped clock says.
package struct ControlReading: Sendable, Hashable {
    package let now: Instant
    package let phase: ClockPhase

    package init(now: Instant, phase: ClockPhase) {
        self.now = now
        self.phase = phase
    }
}

/// What every control store refuses.
package enum ClockFailure {
    /// - Throws: `StoreFailure` if `next` is earlier than `present`.
    package static func requireForward(from present: ControlReading, to next: ControlReading) throws {
        guard next.now >= present.now else {
            throw StoreFailure(
                .unavailable, operation: "setting the stepped clock to \(next.now)",
                cause: "it reads \(present.now) and never goes back; name a later time")
        }
    }

    /// Not corrupt: the phase passes, and a worker that does not know it tries again until then.
    package static func unknownPhase(_ code: Int64) -> StoreFailure {
        StoreFailure(
            .unavailable, operation: "reading the stepped clock",
            cause: "its phase \(code) is one of a newer release; run programs of one release under the stepped clock")
    }
}

extension ClockPhase {
    /// How the phase is stored. A code never means another phase later on: a new stage takes the next that is free,
    /// whatever its place among the stages.
    package var code: Int {
        switch self {
        case .events: 0
        case .timers(.intake): 1
        case .timers(.routing): 2
        case .timers(.handling): 3
        case .timers(.callback): 4
        case .timers(.penalty): 5
        case .timers(.reports): 6
        case .lastCall: 7
        case .answers: 8
        }
    }

    /// nil: no phase has this code.
    package init?(code: Int) {
        guard let phase = Self.byCode[code] else { return nil }
        self = phase
    }

    private static let byCode: [Int: ClockPhase] = {
        let phases: [ClockPhase] = [.events, .lastCall, .answers] + StageName.allCases.map { ClockPhase.timers($0) }
        return Dictionary(uniqueKeysWithValues: phases.map { ($0.code, $0) })
    }()
}

/// A program that hands over events at business times: `publish --paced`, `answer`.
package struct Participant: Sendable, Hashable {
    package let name: String
    /// The business time of its next event; nil: it waits for what happens.
    package let next: Instant?
    /// It will hand over nothing more.
    package let isDone: Bool
    /// Wall time until which it is to be waited for.
    package let aliveUntil: Instant

    package init(name: String, next: Instant?, isDone: Bool, aliveUntil: Instant) {
        self.name = name
        self.next = next
        self.isDone = isDone
        self.aliveUntil = aliveUntil
    }
}

package struct HandedEvent: Sendable, Hashable {
    package let key: EventKey
    package let type: String

    package init(key: EventKey, type: String) {
        self.key = key
        self.type = type
    }
}

package struct NumberedHandedEvent: Sendable, Hashable {
    /// Ascending from 1.
    package let number: Int64
    package let event: HandedEvent

    package init(number: Int64, event: HandedEvent) {
        self.number = number
        self.event = event
    }
}

package struct Watermark: Sendable, Hashable {
    package let participant: String
    package let stage: StageName
    package let number: Int64

    package init(participant: String, stage: StageName, number: Int64) {
        self.participant = participant
        self.stage = stage
        self.number = number
    }
}
