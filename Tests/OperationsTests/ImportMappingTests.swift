import Foundation
import Operations
import Policy
import Schema
import Testing

/// The faults of a mapping file, as a person sees them without its name.
func mappingFaults(_ text: String) -> [String] {
    do throws(PolicyFaults) {
        _ = try ImportMapping.read(text, name: "m")
        return []
    } catch {
        return error.faults.map { String($0.description.dropFirst(2)) }
    }
}

/// A mapping of `case.resolved`-like smallness: one event that needs little.
private func weekly(_ lines: String...) -> String {
    let head = """
        source: urn:example:stores
        events:
          - type: weekly-report.submitted
            time: {column: Sent}
            data:
              storeId: {column: Store}
              week: {column: Week}
              violationIds: {column: Ids}
              by.id: {column: By}
              by.tier: {constant: store}

        """
    return head + lines.map { $0 + "\n" }.joined()
}

@Suite struct `A mapping file` {
    @Test func `that is good has no faults`() {
        #expect(mappingFaults(weekly()) == [])
    }

    @Test func `is told all its faults at once, by line`() {
        let text = """
            table: {encoding: latin-1, headerLine: -1, stranger: 1}
            key: [Id, Id]
            when:
              - {column: State}
              - {in: [a]}
            events:
              - type: complaint.received
                data:
                  complaintId: {column: Id, constant: x}
                  channel: {column: From, lookup: {Phone: telephone}}
                  receivedAt: {column: At, formats: [yyyy-MM]}
                  customer.nam: {column: Name}
                  customer: {column: Name}
                  product.category: {}
                  product.purchasedHere: {constant: perhaps}
                  description: {text: "{Text"}
                  claimFen: {column: Claim}
                  hazards.x: {column: Hazard}
                  storeId: {column: Store, formats: [yyyy-M-d], lookupNamed: stores}
              - type: case.opened
                data: {}
            """
        let expected = [
            "1: the file lacks `source`", "1: table.encoding is `latin-1`", "1: table.headerLine is -1",
            "1: table.stranger is not a known key", "2: key[2] repeats `Id`",
            "4: when[1] has 0 of `in`, `notIn`, `filled`", "5: when[2] lacks `column`",
            "8: events[1].data lacks `customer.name`", "8: events[1].data lacks `customer.phone`",
            "8: events[1].data lacks `product.brand`", "8: events[1].data lacks `remedy`",
            "9: events[1].data.complaintId has column and constant of `column`, `constant`, `text`, `uuid`",
            "10: events[1].data.channel.lookup is `telephone`", "11: events[1].data.receivedAt.formats[1] is `yyyy-MM`",
            "12: events[1].data.customer.nam is no member", "13: events[1].data.customer is an object",
            "14: events[1].data.product.category has none of `column`, `constant`, `text`, `uuid`",
            "15: events[1].data.product.purchasedHere.constant is `perhaps`",
            "16: events[1].data.description.text has a `{` without a name and `}` behind it",
            "17: events[1].data.claimFen lacks `unit`", "18: events[1].data.hazards.x is no element",
            "19: events[1].data.storeId.lookupNamed is `stores`",
            "19: events[1].data.storeId.formats has no meaning here", "20: events[2].type is `case.opened`",
        ]
        let found = mappingFaults(text)
        for fault in expected { #expect(found.contains { $0.hasPrefix(fault) }, "\(fault) is not told") }
        for fault in found {
            #expect(
                expected.contains { fault.hasPrefix($0) } || fault.contains("lacks `product.category`")
                    || fault.contains("lacks `description`"), "unexpected: \(fault)")
        }
    }

    @Test func `names what is right instead`() {
        let text = weekly("      extra: {column: X}")
        #expect(
            mappingFaults(text) == [
                "11: events[1].data.extra is no member; allowed: storeId, week, violationIds, by"
            ])
    }

    @Test func `must tell the time where the data have none`() {
        let text = weekly().replacing("    time: {column: Sent}\n", with: "")
        #expect(mappingFaults(text).map { $0.prefix(25) } == ["3: events[1] lacks `time`;"].map { $0.prefix(25) })
    }

    @Test(arguments: [
        ("by.storeId: {column: S, otherwise: x}", "otherwise has no lookup beside it"),
        ("by.storeId: {column: S, lookup: {a: x}, otherwise: y, unlisted: keep}", "otherwise stands beside `unlisted`"),
        ("by.storeId: {column: S, lookup: {a: 'x y'}}", "lookup is `x y`"),
        ("by.storeId: {column: S, lookup: {a: x, A: y}}", "lookup has the word `A` more than once, by width or case"),
        ("by.storeId: {constant: S, default: x}", "default stands beside a constant"),
        ("by.storeId: {column: S, split: [x]}", "split has no meaning here"),
        ("by.storeId: {column: S, at: '09:00'}", "at has no meaning here"),
        ("by.storeId: {column: S, unit: yuan}", "unit has no meaning here"),
        ("by.storeId: {column: S, yes: [a], no: [A]}", "has a word for yes and no"),
        ("by.storeId: {text: 'a}'}", "text has a `}` without a `{` before it"),
        ("by.storeId: {text: '{}'}", "text has a `{` without a name and `}` behind it"),
        ("by.storeId: {uuid: []}", "uuid has no parts"),
    ])
    func `is refused what means nothing`(line: String, problem: String) {
        let found = mappingFaults(weekly("      " + line))
        #expect(found.contains { $0.contains(problem) }, "\(found)")
    }

    @Test func `has no form without a year unless one is told`() {
        let text = weekly().replacing("{column: Sent}", with: "{column: Sent, formats: [M月d日]}")
        #expect(mappingFaults(text).first?.contains("has a form without a year") == true)
        let told = text.replacing("formats:", with: "year: 2026, formats:")
        #expect(mappingFaults(told) == [])
    }

    @Test func `that is no YAML, or empty, is told so`() {
        #expect(mappingFaults("a: [").first?.contains("is not YAML") == true)
        #expect(mappingFaults("").count == 2)
        #expect(mappingFaults("- a").first?.contains("is no mapping") == true)
    }

    /// With RECOURSE_WRITE_SCHEMAS=1 the file is written instead.
    @Test func `has a fresh schema for editors`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        for file in ImportMapping.schemas() {
            let url = root.appending(path: "schemas/\(file.path)")
            if ProcessInfo.processInfo.environment["RECOURSE_WRITE_SCHEMAS"] == "1" {
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.text.utf8).write(to: url)
            }
            #expect((try? Data(contentsOf: url)) == Data(file.text.utf8), "run the tests with RECOURSE_WRITE_SCHEMAS=1")
        }
    }
}
