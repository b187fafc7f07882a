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

    /// An event about `needs-x` refers to a record of that name, which one about `makes-x` makes. One about `awaits-x` refers
    /// to what `names-x` makes known without a record of that key; `both-x` needs the record, then the name; `namer-x` needs
    /// the record, and makes the name known.
    func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        guard case .event(let event) = input else { return [] }
        let subject = Self.subject(of: event)
        guard let dash = subject.firstIndex(of: "-") else { return [ProbeRecord.key(subject)] }
        let what = subject[subject.index(after: dash)...]
        return ["needs-" + what, "names-" + what].map(ProbeRecord.key) + [ProbeRecord.key(subject)]
    }

    static func name(of what: Substring) -> RecordKey { RecordKey(kind: "name", id: String(what)) }

    func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        switch input {
        case .event(let event):
            let subject = Self.subject(of: event)
            if let reference = Self.settle(subject, in: &turn) { return .unknownReference(reference) }
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

    /// Makes what the subject makes; returns what it needs in vain.
    private static func settle(_ subject: String, in turn: inout Turn) -> RecordKey? {
        guard let dash = subject.firstIndex(of: "-") else { return nil }
        let (verb, what) = (subject[..<dash], subject[subject.index(after: dash)...])
        let (record, naming) = ("needs-" + what, "names-" + what)
        if ["needs", "both", "namer"].contains(verb), turn.get(ProbeRecord.self, record) == nil {
            return ProbeRecord.key(record)
        }
        if ["awaits", "both"].contains(verb), turn.get(ProbeRecord.self, naming) == nil { return name(of: what) }
        if verb == "makes" { turn.put(ProbeRecord(wakes: []), record) }
        if ["names", "namer"].contains(verb) {
            turn.put(ProbeRecord(wakes: []), naming)
            turn.makeKnown(name(of: what))
        }
        return nil
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

    init(text: String) { self.text = text }

    init(reading place: Int, in tape: borrowing JSONTape) throws { text = tape.string("text", of: place) ?? "" }

    func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("text", text)
        writer.end()
    }
}

enum ProbePolicy {
    static let book = PolicyBook(
        version: "probe", organisation: Organisation(hq: .init(duty: "duty", people: nil)),
        calendar: WorkCalendar(exceptions: [:]))
}
