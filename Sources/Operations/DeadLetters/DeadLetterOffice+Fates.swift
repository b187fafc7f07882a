import Broker
import Runtime
import Schema
import Stages
import Store

/// A letter that was sent again, and where it is to arrive.
struct LetterOnItsWay: Sendable, Hashable {
    let id: String
    let event: EventKey?
    let takers: [StageName]
    /// Of its body. The sender may send the same id with another one, corrected.
    let digest: [UInt8]
    /// The rows that would tell of its death: it may die in more than one queue, and what its sender sends under the same id is
    /// another letter.
    let deaths: Set<String>

    init(_ row: ParkedLetter, to takers: [StageName]) {
        id = row.letter.id
        event = row.letter.event
        self.takers = takers
        digest = Identifiers.digest(row.letter.body.withoutByteOrderMark)
        let replay = DeadLetterOffice.replayNumber(of: row)
        let queues = Set(takers.map(\.queue) + [row.letter.queue])
        deaths = Set(
            queues.map {
                DeadLetter.id(
                    queue: $0, messageId: row.letter.eventId, content: row.letter.body, replays: replay)
            })
    }
}

/// What has become of a letter that was sent again.
enum LetterFate: Sendable, Hashable {
    /// All that take it have it.
    case taken(String)
    /// - Parameter as: the row that tells of the death.
    case died(fingerprint: String, as: String)

    var successor: String? {
        if case .died(_, let id) = self { id } else { nil }
    }

    /// For people.
    var note: String {
        switch self {
        case .taken(let how): how
        case .died(_, let id): "died again as \(id)"
        }
    }
}

extension DeadLetterOffice {
    static func stage(of queue: String) -> StageName? { StageName.allCases.first { $0.queue == queue } }

    /// The stages whose word decides whether a letter was taken.
    func takers(of letter: DeadLetter) -> [StageName] {
        if let stage = Self.stage(of: letter.queue) { return [stage] }
        guard let type = letter.type else { return [] }
        let name = type.hasSuffix(".v1") ? String(type.dropLast(3)) : type
        return parts.routes.takers(fromInbox: EventType(name))
    }

    /// What has become of letters; those of which nothing is known yet are left out.
    ///
    /// - Parameter deaths: false: nothing was parked since the last look, so only the stages are asked.
    func fates(of letters: [LetterOnItsWay], deaths: Bool = true) async throws -> [String: LetterFate] {
        var words: [String: [String]] = [:]
        for stage in Set(letters.flatMap(\.takers)) {
            guard let store = parts.stores[stage] else { continue }
            let asked = letters.filter { $0.takers.contains(stage) }
            let found = try await store.read { snapshot in
                let waiting = try snapshot.waiting(among: asked.compactMap(\.event))
                return try asked.map { letter -> String? in
                    guard let event = letter.event else { return nil }
                    if let entry = try snapshot.entry(taking: event) {
                        guard case .event(_, _, _, letter.digest, _) = entry.input else { return nil }
                        return "\(entry.fate.rawValue) by \(stage.rawValue) as entry \(entry.number)"
                    }
                    return waiting[event] == letter.digest ? "waits at \(stage.rawValue) for what it refers to" : nil
                }
            }
            for (letter, word) in zip(asked, found) { if let word { words[letter.id, default: []].append(word) } }
        }
        var fates: [String: LetterFate] = [:]
        var open: [LetterOnItsWay] = []
        for letter in letters {
            if let taken = words[letter.id], taken.count == letter.takers.count {
                fates[letter.id] = .taken(taken.joined(separator: ", "))
            } else {
                open.append(letter)
            }
        }
        guard deaths, !open.isEmpty else { return fates }
        // What a program of an older release has parked gets its fingerprint with the index.
        try await parts.deadLetters.indexAll(limit: Self.indexLimit)
        for start in stride(from: 0, to: open.count, by: Self.judgedAtOnce) {
            let some = open[start..<min(start + Self.judgedAtOnce, open.count)]
            let dead = try await parts.deadLetters.letters(some.flatMap(\.deaths))
            for letter in some {
                guard let row = letter.deaths.lazy.compactMap({ dead[$0] }).first else { continue }
                fates[letter.id] = .died(fingerprint: row.letter.fingerprint, as: row.letter.id)
            }
        }
        return fates
    }

    /// The number of the last letter that was parked; 0: there is none.
    func newestNumber() async throws -> Int64 {
        try await parts.deadLetters.list(DeadLetterFilter(), after: nil, limit: 1).first?.number ?? 0
    }
}
