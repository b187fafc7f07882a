import Testing

@testable import Schema

@Suite struct PersonalDocumentTests {
    private func token(_ number: Int) -> String {
        PersonalToken(person: .max, row: 99_999_999_999_999, index: number).text
    }

    /// Puts tokens in the place of the texts, in the event and so in the bytes, puts the texts back, and compares.
    ///
    /// - Returns: the bytes with tokens.
    @discardableResult
    private func roundTrip(_ text: String) throws -> [UInt8] {
        let (event, document) = try Event.readDocument(Array(text.utf8))
        let values = document.values
        var texts: [String] = []
        let seen = event.replacingTexts { text in
            defer { texts.append(text) }
            return token(texts.count)
        }
        #expect(texts == values, "\(text)")
        let bytes = document.body(of: seen)
        _ = try Event.read(bytes)
        let places = PersonalToken.places(in: bytes)
        #expect(places.map(\.token.index) == Array(values.indices), "\(text)")
        let back = PersonalToken.replacing(places, in: bytes) { values[$0.index] }
        #expect(back == document.body(of: event), "\(text)")
        #expect(document.parts.flatMap(\.values).count { !$0.isEmpty } == values.count)
        return bytes
    }

    @Test func `Every example keeps its bytes through tokens and back`() throws {
        var personal = 0
        for entry in EventCatalogue.entries {
            for isFull in [true, false] {
                let text = try EventExample.text(of: entry, isFull: isFull)
                let tokens = String(decoding: try roundTrip(text), as: UTF8.self)
                let (event, document) = try Event.readDocument(Array(text.utf8))
                #expect(!document.hasMore)
                #expect(String(decoding: document.body(of: event), as: UTF8.self) == text)
                if !document.values.isEmpty { personal += 1 }
                for planted in ["王小明", "138 0013 8000", "五一大道"] { #expect(!tokens.contains(planted)) }
            }
        }
        #expect(personal > 20, "the examples hold personal texts")
    }

    @Test func `Generated documents keep theirs`() throws {
        var generator = DocumentGenerator(random: SeededRandom(seed: 20))
        for entry in EventCatalogue.entries {
            for _ in 0..<40 {
                let text = generator.document(of: entry)
                guard (try? Event.read(Array(text.utf8))) != nil else { continue }
                try roundTrip(text)
            }
        }
    }

    @Test func `A member that is null counts as absent, and is not kept`() throws {
        func document(_ more: String) throws -> (PersonalDocument, Event) {
            let text =
                #"{"specversion":"1.0","id":"1","source":"s","type":"customer.contact-corrected.v1","#
                + #""time":"2026-11-21T10:00:00+08:00","data":{"callbackId":"c","phone":"138","#
                + #""by":{"id":"p","tier":"hq""# + more + "}}}"
            let (event, document) = try Event.readDocument(Array(text.utf8))
            return (document, event)
        }
        let plain = try document("")
        let nulls = try document(#","storeId":null,"regionId":null"#)
        #expect(!plain.0.hasMore && nulls.0.hasMore)
        #expect(nulls.0.body(of: nulls.1) == plain.0.body(of: plain.1))
    }

    @Test func `A token is read back, and nothing else is taken for one`() {
        let token = PersonalToken(person: 7, row: 1, index: 0)
        #expect(PersonalToken(token.text) == token)
        for text in ["", "~", "~1.2", "~1.2.3.4", "~1.2.3 ", "1.2.3", "~01.2.3", "~-1.2.3", "~1.2.99999", "~1..3"] {
            #expect(PersonalToken(text) == nil, "\(text)")
        }
        #expect(PersonalToken("~9223372036854775808.1.1") == nil)
        #expect(PersonalToken(person: .max, row: 99_999_999_999_999, index: 99).text.count <= 40)
    }

    @Test func `The token of a phone says whether it has a key, and no other one does`() throws {
        for (phone, isKeyless) in [("13800138000", false), ("１３８００１３８０００", false), ("ask at the door", true)] {
            let event = Event(
                id: "1", source: "s", time: try #require(Instant(rfc3339: "2026-11-21T10:00:00+08:00")),
                data: CustomerErasureRequested(requestId: "R", phone: phone, by: Person(id: "p", tier: "hq")))
            let document = try #require(PersonalDocument(of: event.body()))
            let index = try #require(document.places.first).index
            #expect(PersonalToken(person: 1, row: 1, index: index).isOfKeylessPhone == isKeyless, "\(phone)")
        }
        // Else the token of a number with a key could say that it has none.
        for entry in EventCatalogue.entries {
            let document = try #require(
                PersonalDocument(of: Array(try EventExample.text(of: entry, isFull: true).utf8)))
            for (place, text) in zip(document.places, document.values) where PhoneKey(text) != nil {
                #expect(place.index < 8, "\(entry.data.type)")
            }
        }
    }

    @Test func `Only whole strings count, whatever stands in texts`() {
        let body = Array(#"{"a":"~1.2.3","b":"x ~1.2.3","c":"\"~1.2.3\"","d":["~4.5.6"],"~7.8.9":1}"#.utf8)
        #expect(PersonalToken.places(in: body).map(\.token.person) == [1, 4, 7])
        let same = PersonalToken.replacing(PersonalToken.places(in: body), in: body) { _ in nil }
        #expect(same == body)
    }

    @Test func `Several customers are parts of their own, and members that nobody knows are left out`() throws {
        let text = """
            {"specversion":"1.0","id":"1","source":"s","type":"customer-event.announced.v1","secret":"13800138000",
            "time":"2026-11-21T10:00:00+08:00","data":{"eventId":"E","on":"2026-12-01","title":"T","more":"王小明",
            "customers":[{"name":"A","phone":"+86 138 0013 8000","email":"a@b"},{"name":"B","phone":"2"}]}}
            """
        let (_, document) = try Event.readDocument(Array(text.utf8))
        #expect(document.hasMore)
        #expect(document.parts.map(\.owner) == [.phone(try #require(PhoneKey("13800138000"))), .keyless])
        let values = document.parts.map { $0.values.filter { !$0.isEmpty } }
        #expect(values == [["A", "+86 138 0013 8000"], ["B", "2"]])
        let kept = String(decoding: try roundTrip(text), as: UTF8.self)
        for gone in ["secret", "13800138000", "王小明", "a@b", "email"] { #expect(!kept.contains(gone)) }
    }

    @Test func `What a body is about is found in its bytes as in its document`() throws {
        for entry in EventCatalogue.entries where entry.isOutgoing {
            let text = Array(try EventExample.text(of: entry, isFull: true).utf8)
            let document = try #require(PersonalDocument(of: text))
            #expect(Set(PersonalSubject.named(in: text)) == Set(document.subjects), "\(entry.data.type)")
        }
    }

    /// A text that anybody may write freely is personal, unless it is one of these.
    @Test func `Every free text is marked as personal`() {
        let known: Set<String> = [
            "category", "brand", "model", "serial", "title", "source", "type", "eventType", "queue", "pointer", "rule",
            "message", "kind", "number", "zh", "en", "policy", "documents", "step", "reference",
        ]
        func texts(_ shape: Shape, _ name: String, isPersonal: Bool) -> [(String, Bool)] {
            switch shape {
            case .text: [(name, isPersonal)]
            case .array(let element, _, _): texts(element, name, isPersonal: isPersonal)
            case .object(let fields):
                fields.flatMap { texts($0.shape, $0.name, isPersonal: $0.isPersonal) }
            default: []
            }
        }
        for entry in EventCatalogue.entries {
            for (name, isPersonal) in texts(.object(entry.data.shape), "data", isPersonal: false) where !isPersonal {
                // The word for a refusal, which a rule gives.
                if entry.data.type == BusinessRejected.type, name == "reason" { continue }
                #expect(known.contains(name), "\(entry.data.type): \(name)")
            }
        }
    }
}
