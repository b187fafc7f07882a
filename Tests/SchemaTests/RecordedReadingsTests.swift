import Foundation
import Testing

@testable import Schema

/// Documents, most of them damaged, with what was made of each when the reader was another one: a tree, checked, decoded and
/// then looked through for personal texts, each on its own. Databases hold what follows from that – subjects, digests, the
/// bodies that are kept – and other programs the faults.
@Suite struct `A document is read as it was recorded` {
    @Test func `with all faults, and everything that is personal`() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "Readings/readings.ndjson")
        let lines = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count > 200)
        for (number, line) in lines.enumerated() {
            let record = try JSON(parsing: Array(line))
            let bytes = record["document"]?.string.map { Array($0.utf8) } ?? Self.bytes(of: record["hexadecimal"])
            #expect(Self.verdict(on: bytes) == record["verdict"]?.string, "line \(number + 1)")
        }
    }

    private static func bytes(of hexadecimal: JSON?) -> [UInt8] {
        let digits = Array((hexadecimal?.string ?? "").utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }

    private static func verdict(on bytes: [UInt8]) -> String {
        do throws(RefusedDocument) {
            let (event, document) = try Event.readDocument(bytes)
            return accepted(event, document)
        } catch {
            let identity = [error.identity.source, error.identity.id, error.identity.type].map { quoted($0 ?? "-") }
            let faults = error.faults.map { quoted("\($0.pointer)|\($0.rule)|\($0.message)") }
            return "refused \(identity.joined(separator: " ")) \(faults.joined(separator: ";"))"
        }
    }

    /// What is personal, and what is kept with tokens in its place.
    private static func accepted(_ event: Event, _ document: PersonalDocument) -> String {
        var text = "accepted more=\(document.hasMore) subjects=\(document.subjects.map(\.number))"
        text += " places=\(document.places)"
        for part in document.parts {
            switch part.owner {
            case .unnamed: text += " unnamed"
            case .keyless: text += " keyless"
            case .phone(let key): text += " phone:" + key.digits
            }
            text += "[" + part.values.map { quoted($0) }.joined(separator: ",") + "]"
        }
        var places = document.places[...]
        let body = document.body(
            of: event.replacingTexts { _ in
                guard let place = places.popFirst() else { return "" }
                return PersonalToken(person: 7 << 40 + Int64(place.part), row: 12, index: place.index).text
            })
        text += " kept=" + String(decoding: body, as: UTF8.self)
        return text + " named=\(PersonalSubject.named(in: body).map(\.number))"
    }

    private static func quoted(_ text: String) -> String {
        String(decoding: JSON.string(text).serialized, as: UTF8.self)
    }
}
