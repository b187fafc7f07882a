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
    /// Where it may die.
    let queues: Set<String>
    /// The last letter that was parked before it was sent.
    let behind: Int64

    init(_ row: ParkedLetter, to takers: [StageName], behind: Int64) {
        id = row.letter.id
        event = row.letter.event
        self.takers = takers
        queues = Set(takers.map(\.queue) + [row.letter.queue])
        self.behind = behind
    }
}

/// What has become of a letter that was sent again.
enum LetterFate: Sendable, Hashable {
    /// All that take it have it.
    case taken(String)
    /// - Parameter successor: the row that tells of the death; nil: its own, which is open again.
    case died(successor: String?, fingerprint: String, as: String)

    var successor: String? {
        if case .died(let successor, _, _) = self { successor } else { nil }
    }

    /// For people.
    var note: String {
        switch self {
        case .taken(let how): how
        case .died(_, _, let id): "died again as \(id)"
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
                        return "\(entry.fate.rawValue) by \(stage.rawValue) as entry \(entry.number)"
                    }
                    return waiting[event] == nil ? nil : "waits at \(stage.rawValue) for what it refers to"
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
        let dead = try await parts.deadLetters.find(Array(Set(open.compactMap(\.event))))
        for letter in open {
            let rows = letter.event.flatMap { dead[$0] } ?? []
            guard let row = rows.last(where: { $0.number > letter.behind && letter.queues.contains($0.letter.queue) })
            else { continue }
            let id = row.letter.id
            fates[letter.id] = .died(
                successor: id == letter.id ? nil : id, fingerprint: row.letter.fingerprint, as: id)
        }
        return fates
    }

    /// The number of the last letter that was parked; 0: there is none.
    func newestNumber() async throws -> Int64 {
        try await parts.deadLetters.list(DeadLetterFilter(), after: nil, limit: 1).first?.number ?? 0
    }
}
