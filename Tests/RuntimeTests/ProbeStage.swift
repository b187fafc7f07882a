import Schema
import Stages

@testable import Policy

/// A stage that only tells when it acts: with every event, and whenever one of its records wakes.
struct ProbeStage<Name: ProbeName>: Stage {
    static var name: StageName { Name.stage }
    static var takesFromInbox: [EventType] { [CaseAccepted.type] }
    static var takesFromEvents: [EventType] { Name.hears }
    static var recordTypes: [any Record.Type] { [ProbeRecord.self] }

    /// The records that exist from the start, by id.
    var records: [(id: String, wakes: [ProbeRecord.Moment])] = []

    func seeds(policy: PolicyBook, now: Instant) -> [(id: String, record: any Record)] {
        records.map { ($0.id, ProbeRecord(wakes: $0.wakes)) }
    }

    /// An event about `needs-…` refers to a record of that name, which one about `makes-…` makes.
    func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        guard case .event(let event) = input else { return [] }
        let subject = Self.subject(of: event)
        return [ProbeRecord.key(subject), ProbeRecord.key(Self.made(by: subject))]
    }

    func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        switch input {
        case .event(let event):
            let subject = Self.subject(of: event)
            if subject.hasPrefix("needs-"), turn.get(ProbeRecord.self, subject) == nil {
                return .unknownReference(ProbeRecord.key(subject))
            }
            if subject.hasPrefix("makes-") { turn.put(ProbeRecord(wakes: []), Self.made(by: subject)) }
            // Nobody answers himself.
            if subject.hasPrefix(Self.name.rawValue) { return .applied }
            say("\(subject)", in: &turn)
        case .timer(let key, let wake):
            guard var record = turn.get(ProbeRecord.self, key.id) else { return .applied }
            if !record.isStuck { record.wakes.removeFirst() }
            turn.put(record, key.id)
            say("timer \(key.id) \(wake.order)", in: &turn)
        }
        return .applied
    }

    private func say(_ text: String, in turn: inout Turn) {
        turn.emit(ProbeNote(text: "\(Self.name.rawValue): \(text)"), about: nil, rule: "probe")
    }

    private static func made(by subject: String) -> String {
        subject.hasPrefix("makes-") ? "needs-" + subject.dropFirst("makes-".count) : subject
    }

    private static func subject(of event: Event) -> String {
        (event.data as? CaseAccepted)?.caseId ?? (event.data as? ProbeNote)?.text ?? ""
    }
}

protocol ProbeName: Sendable {
    static var stage: StageName { get }
    static var hears: [EventType] { get }
}

/// Hears nobody.
enum FirstProbe: ProbeName {
    static let stage = StageName.intake
    static let hears: [EventType] = []
}

/// Hears the first one, and itself.
enum SecondProbe: ProbeName {
    static let stage = StageName.routing
    static let hears = [ProbeNote.type]
}

struct ProbeRecord: Record, Equatable {
    struct Moment: Codable, Sendable, Equatable {
        let at: Instant
        let order: Int
    }

    static let kind = "probe"
    /// Ascending.
    var wakes: [Moment]
    /// Wakes again at the same time, which no stage may do.
    var isStuck: Bool { wakes.first?.order == 99 }

    var wake: Wake? { wakes.first.map { Wake(at: $0.at, order: $0.order) } }
}

struct ProbeNote: EventData {
    static let type = EventType("probe.noted")
    static let shape: [Shape.Field] = [.required("text", .text(min: 1, max: 200))]
    let text: String
}

enum ProbePolicy {
    static let book = PolicyBook(
        version: "probe", organisation: Organisation(hq: .init(duty: "duty", people: nil)),
        calendar: WorkCalendar(exceptions: [:]))
}
