import Schema
import Testing

@Suite struct `Every event of the catalogue` {
    private static let because = Because(
        rule: "R04,R34", parameters: ["claimFen": 500_000], facts: ["说明": "无", "n": [1, .double(2.5), .null]],
        policy: "1")

    @Test func `has its own name, and an own name on the wire`() {
        let names = EventCatalogue.entries.map { $0.data.type.wireName }
        #expect(Set(names).count == names.count)
        #expect(names.count == 90)
        #expect(EventCatalogue.byWireName.count == names.count)
    }

    @Test func `has no member twice, and none that collides with what the catalogue adds`() {
        for entry in EventCatalogue.entries {
            let names = entry.data.shape.map(\.name)
            #expect(Set(names + ["because", "late"]).count == names.count + 2, "\(entry.data.type)")
        }
    }

    @Test(arguments: 1...20)
    func `decodes what its shape accepts, and writes what its shape accepts`(seed: Int) throws {
        var generator = DocumentGenerator(random: SeededRandom(seed: UInt64(seed)))
        for entry in EventCatalogue.entries {
            let document = generator.document(of: entry)
            let event: Event
            do {
                event = try Event.read(Array(document.utf8))
            } catch {
                Issue.record("\(entry.data.type) refused with \(error.faults): \(document)")
                continue
            }
            let because = entry.isOutgoing ? Self.because : nil
            let bytes = event.body(because: because, isLate: entry.isOutgoing)
            let again = try Event.read(bytes)
            #expect(again.body(because: because, isLate: entry.isOutgoing) == bytes, "\(document)")
            #expect(again.ruleTime == event.ruleTime)
            #expect(again.data.correlation == event.data.correlation)
        }
    }

    @Test(arguments: 1...20)
    func `is decoded whenever it is accepted, also near its bounds`(seed: Int) {
        var generator = DocumentGenerator(random: SeededRandom(seed: UInt64(1000 + seed)), nearMissOnceIn: 15)
        for entry in EventCatalogue.entries {
            let document = generator.document(of: entry)
            do {
                _ = try Event.read(Array(document.utf8))
            } catch {
                #expect(!error.faults.contains { $0.rule == "decode" }, "\(document)")
                #expect(!error.faults.isEmpty)
            }
        }
    }

    @Test func `takes the rule's time from the member that the rules name`() {
        let members = ["receivedAt", "occurredAt", "completedAt", "attemptAt", "resolvedAt", "at"]
        var generator = DocumentGenerator(random: SeededRandom(seed: 7))
        for entry in EventCatalogue.entries where !entry.isOutgoing {
            let named = entry.data.shape.first { members.contains($0.name) }?.name
            do {
                let json = try JSON(parsing: Array(generator.document(of: entry).utf8))
                let event = try Event.read(json)
                let expected = named.flatMap { json["data"]?[$0]?.string } ?? json["time"]?.string
                #expect(event.ruleTime == expected.flatMap(Instant.init(rfc3339:)), "\(entry.data.type)")
            } catch {
                Issue.record("\(entry.data.type): \(error)")
            }
        }
    }

    @Test func `is about a case where it has a caseId`() throws {
        var generator = DocumentGenerator(random: SeededRandom(seed: 8))
        for entry in EventCatalogue.entries {
            let json = try JSON(parsing: Array(generator.document(of: entry).utf8))
            let event = try Event.read(json)
            let data = json["data"]
            #expect(
                event.data.correlation == (data?["caseId"] ?? data?["about"]?["caseId"])?.string, "\(entry.data.type)")
        }
    }

    @Test func `marks names, phones, addresses and free text as personal`() {
        var found: Set<String> = []
        func collect(_ shape: Shape) {
            switch shape {
            case .object(let fields):
                for field in fields {
                    if field.isPersonal { found.insert(field.name) }
                    collect(field.shape)
                }
            case .array(let element, _, _): collect(element)
            default: break
            }
        }
        for entry in EventCatalogue.entries { collect(.object(entry.data.shape)) }
        #expect(
            found == [
                "name", "phone", "address", "description", "reason", "note", "solution", "liableParty", "facts",
                "grounds", "comments", "text", "subject", "remarks",
            ])
        #expect(BusinessRejected.shape.allSatisfy { !$0.isPersonal })
        #expect(NoticeIssued.shape.allSatisfy { !$0.isPersonal })
    }

    @Test func `lists only as many faults of a rejected document as its shape takes`() {
        let faults = (0..<500).map { Fault(pointer: "/data/violationIds/\($0)", rule: "type", message: "a string") }
        let rejected = EventRejected(EventIdentity(), queue: "recourse.intake", faults: faults)
        #expect(rejected.errors == Array(faults.prefix(EventRejected.errorLimit)))
    }
}
