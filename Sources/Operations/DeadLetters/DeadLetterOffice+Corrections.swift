import Runtime
import Schema
import Store

/// Letters whose senders have sent them again meanwhile, corrected, under the same id, as `event.rejected` tells them to.
extension DeadLetterOffice {
    static func correction(taken stage: StageName) -> String {
        "\(stage.rawValue) has taken another body under its source and id: its sender has corrected it; discard this one"
    }

    /// An invalid letter is not needed any more then, and an edited one in its place would count a second time.
    func heedingCorrections(_ judgements: [Judgement], of rows: [ParkedLetter]) async throws -> [Judgement] {
        let concerned = zip(judgements, rows).filter { judgement, row in
            judgement.verdict == .stillRefused || (judgement.verdict == .safe && Self.edited(row) != nil)
        }
        let corrected = try await corrected(concerned.map(\.1))
        if corrected.isEmpty { return judgements }
        return zip(judgements, rows).map { judgement, row in
            corrected[row.letter.id].map {
                Judgement(.stillRefused, "its sender has corrected it", Self.correction(taken: $0))
            } ?? judgement
        }
    }

    /// Of these letters, or of those that they stand in place of, what a stage has taken under the same source and id with another
    /// body. By letter. Ids that a sender has begun again tell nothing of the kind.
    func corrected(_ rows: [ParkedLetter]) async throws -> [String: StageName] {
        let originals = try await parts.deadLetters.letters(rows.compactMap(Self.edited))
        var asked: [StageName: [(id: String, event: EventKey, digest: [UInt8])]] = [:]
        for row in rows {
            let original = (Self.edited(row).flatMap { originals[$0] } ?? row).letter
            guard original.code != DeadLetterCode.idReused.rawValue, let event = original.event else { continue }
            let digest = Identifiers.digest(original.body.withoutByteOrderMark)
            for stage in takers(of: original) { asked[stage, default: []].append((row.letter.id, event, digest)) }
        }
        var corrected: [String: StageName] = [:]
        for (stage, letters) in asked {
            guard let store = parts.stores[stage] else { continue }
            let found = try await store.read { snapshot in
                try letters.filter { letter in
                    guard let entry = try snapshot.entry(taking: letter.event),
                        case .event(_, _, _, let taken, _) = entry.input
                    else { return false }
                    return taken != letter.digest
                }.map(\.id)
            }
            for id in found { corrected[id] = stage }
        }
        return corrected
    }

    /// The letter in whose place an edited one stands.
    private static func edited(_ row: ParkedLetter) -> String? {
        guard row.letter.code == EditedLetter.code.rawValue else { return nil }
        return DeadLetterDetail.json(row.letter.headers)?[EditedLetter.editOf]?.string
    }
}
