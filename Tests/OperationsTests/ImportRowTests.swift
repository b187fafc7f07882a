import Policy
import Schema
import Testing

@testable import Operations

/// A table and a mapping, run in memory.
struct ImportTrial {
    var mapping: String
    var limits = DocumentLimits()

    struct Result {
        let report: ImportReport
        let events: [JSON]
        /// Its faults, as a person sees them without the file's name.
        var faults: [String] { report.findingLines(showsValues: false).map { String($0.dropFirst(2)) } }
    }

    func run(_ table: String, takesOthers: Bool = false) throws -> Result {
        let report = ImportReport(
            file: "t", encoding: .init(encoding: .utf8, reason: "told"),
            separator: .init(separator: .comma, reason: "told"), isDryRun: false, takesOthers: takesOthers)
        var run = ImportRun(
            try ImportMapping.read(mapping, name: "m"), mappingName: "m", limits: limits, report: report)
        var events: [JSON] = []
        var reader = TableReader(separator: Separator.comma.byte)
        func take(_ row: TableReader.Row) throws {
            try run.take(row) { body in
                _ = try Event.read(body)
                events.append(try JSON(parsing: body))
            }
        }
        try reader.read(table.utf8) { row throws(any Error) in try take(row) }
        try reader.finish { row throws(any Error) in try take(row) }
        try run.finish()
        return Result(report: run.report, events: events)
    }
}

@Suite struct `A row of a table` {
    private static let head = "No,At,From,Name,Phone,Store,Sort,Brand,Here,Text,Wish,Claim,Danger"
    private static let good = "A1,2026-03-05 14:00,Phone,张三,13800000001,五一店,空调,Polar,是,漏水,维修,,"
    private static let mapping = """
        source: urn:example:hotline
        key: [No]
        table: {empty: [无]}
        events:
          - type: complaint.received
            data:
              complaintId: {column: No}
              channel: {column: From, lookup: {Phone: hotline, 门店: counter}}
              receivedAt: {column: At}
              customer.name: {column: Name, default: 未留名}
              customer.phone: {column: Phone}
              storeId: {column: Store, lookup: {五一店: S-1}, unlisted: leave-out}
              product.category: {column: Sort}
              product.brand: {column: Brand}
              product.purchasedHere: {column: Here}
              description: {column: Text}
              remedy: {column: Wish, lookup: {维修: repair}, otherwise: information, default: information}
              claimFen: {column: Claim, unit: yuan}
              hazards: {column: Danger, lookup: {起火: fire, 受伤: injury}}

        """
    private static let resolved = """
          - type: case.resolved
            when:
              - {column: Wish, in: [done, 已结]}
            data:
              caseId: {uuid: [case, urn:example:hotline, "{No}"]}
              by.id: {constant: p-1}
              by.tier: {constant: hq}
              resolvedAt: {column: At, at: "18:00"}
              solution: {text: "{Sort}: {Text}"}
              liability: {constant: none}
              documents: {column: Claim}

        """
    private static func ofLookup(_ words: String) -> String {
        "a word of the lookup, which has \(words); add the one that is missing, or say what becomes of such words by "
            + "`otherwise` or `unlisted`"
    }
    private static func table(_ rows: String...) -> String { ([head] + rows).joined(separator: "\n") + "\n" }
    private static func changed(_ old: String, _ new: String) -> String { good.replacing(old, with: new) }

    private func run(_ rows: String..., mapping: String = Self.mapping, takesOthers: Bool = false) throws
        -> ImportTrial.Result
    {
        try ImportTrial(mapping: mapping).run(([Self.head] + rows).joined(separator: "\n"), takesOthers: takesOthers)
    }

    @Test func `becomes an event that the contract takes`() throws {
        let result = try run(Self.good)
        let event = try #require(result.events.first)
        #expect(result.faults == [] && result.events.count == 1)
        #expect(event["source"]?.string == "urn:example:hotline")
        #expect(event["type"]?.string == "complaint.received.v1")
        #expect(event["time"]?.string == "2026-03-05T14:00:00+08:00")
        let data: JSON = [
            "complaintId": "A1", "channel": "hotline", "receivedAt": "2026-03-05T14:00:00+08:00",
            "customer": ["name": "张三", "phone": "13800000001"], "storeId": "S-1",
            "product": ["category": "空调", "brand": "Polar", "purchasedHere": true], "description": "漏水",
            "remedy": "repair",
        ]
        #expect(event["data"] == data)
    }

    @Test func `has defaults, lists and money, and leaves out what is not there`() throws {
        let row = "A2,2026/3/5,门店,,138,别店,空调,Polar,否,漏水,吵闹,\"1,200.50\",起火、受伤"
        let data = try #require(try run(row).events.first?["data"])
        #expect(data["customer"]?["name"] == "未留名")
        #expect(data["storeId"] == nil)
        #expect(data["remedy"] == "information")
        #expect(data["claimFen"] == 120_050)
        #expect(data["hazards"] == ["fire", "injury"])
        #expect(data["product"]?["purchasedHere"] == false)
        let none = try #require(try run(row.replacing("起火、受伤", with: "无")).events.first?["data"])
        #expect(none["hazards"] == nil)
    }

    @Test func `that cannot be mapped is told by line, column and member`() throws {
        let result = try run(
            Self.good, Self.changed("2026-03-05 14:00", "2026-02-30"), Self.changed("Phone", "Fax"),
            Self.changed("13800000001", ""), Self.changed("13800000001", "1.38E+10"), Self.changed("A1", "A 1"),
            Self.changed("是", "也许"), Self.changed("维修,,", "维修,1.005,"), Self.changed("维修,,", "维修,,水"))
        #expect(
            result.faults == [
                "3: column 2 (At): complaint.received receivedAt: time: a day that exists",
                "4: column 3 (From): complaint.received channel: lookup: " + Self.ofLookup("Phone, 门店"),
                "5: column 5 (Phone): complaint.received customer.phone: required: a value; there is none",
                "6: column 5 (Phone): complaint.received customer.phone: shortened: a spreadsheet wrote a long number "
                    + "as 1.38E+10, and its digits are lost: make the column text there",
                "7: column 1 (No): complaint.received complaintId: pattern: an id: 1 to 64 of letters, digits, _ : -, "
                    + "the first a letter or digit",
                "8: column 9 (Here): complaint.received product.purchasedHere: boolean: a word for yes or no",
                "9: column 12 (Claim): complaint.received claimFen: number: an amount with at most 2 digits behind the "
                    + "point",
                "10: column 13 (Danger): complaint.received hazards: lookup: " + Self.ofLookup("起火, 受伤"),
            ])
        #expect((result.report.rows, result.report.failedRows) == (9, 8))
        #expect(result.report.exitCode == 1 && !result.report.isTaken)
    }

    @Test func `is told the first ten words of a long lookup, and how many more there are`() throws {
        let words = (1...12).map { "W\($0): hotline" }.joined(separator: ", ")
        let mapping = Self.mapping.replacing("Phone: hotline, 门店: counter", with: words)
        let told = (1...10).map { "W\($0)" }.joined(separator: ", ") + " and 2 more"
        #expect(
            try run(Self.good, mapping: mapping).faults == [
                "2: column 3 (From): complaint.received channel: lookup: " + Self.ofLookup(told)
            ])
    }

    @Test func `is told all its faults, and no value unless asked`() throws {
        let result = try run(Self.changed("2026-03-05 14:00,Phone", "soon,Fax"))
        #expect(result.faults.count == 2)
        #expect(!result.faults.joined().contains("Fax"))
        let shown = result.report.findingLines(showsValues: true)
        #expect(shown.first?.hasSuffix("; found: Fax") == true && shown.last?.hasSuffix("; found: soon") == true)
        #expect(result.report.withoutValues.findings.allSatisfy { $0.value == nil })
    }

    @Test func `is told by the line on which it begins`() throws {
        let result = try run(Self.changed("漏水", "\"漏\n水\""), Self.changed("Phone", "Fax").replacing("A1", with: "A2"))
        #expect(result.faults.map { $0.prefix(2) } == ["4:"])
        #expect(result.events.first?["data"]?["description"] == "漏\n水")
    }

    @Test func `is refused what the contract refuses`() throws {
        let long = String(repeating: "水", count: 4_001)
        let result = try run(
            Self.changed("漏水", String(long.dropLast())), Self.changed("A1", "A2").replacing("漏水", with: long))
        #expect(
            result.faults == ["3: column 10 (Text): complaint.received description: maxLength: at most 4000 characters"]
        )
    }

    @Test func `with other cells than the header is a fault`() throws {
        let result = try run(Self.good + ",x", Self.good + ",,", "A1,2026-03-05", takesOthers: true)
        #expect(
            result.faults.map { $0.prefix(33) }
                == ["2: cells: 14 cells, but the header", "4: cells: 2 cells, but the header "].map { $0.prefix(33) })
        #expect(result.events.count == 1)
        let short = Self.mapping.replacing("table: {", with: "table: {shortRows: on, ")
        #expect(try run("A1,2026-03-05", mapping: short).faults.allSatisfy { $0.contains("required") })
    }

    @Test func `whose bytes are no text is a fault of the cell that is read`() throws {
        #expect(
            try run(Self.changed("张三", "张\u{FFFD}")).faults == [
                "2: column 4 (Name): complaint.received customer.name: encoding: text: bytes that are no characters, "
                    + "or marks that stand for such"
            ])
    }

    @Test func `gives several events, each if its conditions hold`() throws {
        let result = try run(
            Self.good, Self.changed("A1", "A2").replacing("维修,", with: "DONE,"),
            mapping: Self.mapping + Self.resolved)
        #expect(
            result.events.compactMap { $0["type"]?.string } == [
                "complaint.received.v1", "complaint.received.v1", "case.resolved.v1",
            ])
        let data = try #require(result.events.last?["data"])
        #expect(data["caseId"]?.string == Identifiers.caseId(source: "urn:example:hotline", complaintId: "A2"))
        #expect(data["solution"] == "空调: 漏水")
        #expect(result.report.events == [Figure("complaint.received", 2), Figure("case.resolved", 1)])
    }

    @Test func `that must have a list may have an empty one`() throws {
        let row = Self.changed("维修", "已结")
        #expect(try run(row, mapping: Self.mapping + Self.resolved).events.last?["data"]?["documents"] == [])
    }

    @Test func `fails as a whole if one of its events does`() throws {
        let result = try run(
            Self.changed("维修,", "done,").replacing("漏水", with: ""), Self.changed("A1", "A3"),
            mapping: Self.mapping + Self.resolved,
            takesOthers: true)
        #expect(result.report.failedRows == 1)
        #expect(result.events.compactMap { $0["data"]?["complaintId"]?.string } == ["A3"])
        #expect(result.report.exitCode == 0)
    }

    // MARK: Ids

    @Test func `gives the same ids wherever it stands, and other ones for another key`() throws {
        let ids = try run(Self.good, Self.changed("A1", "A2")).events.compactMap { $0["id"]?.string }
        let again = try run("", Self.changed("A1", "A2"), Self.good).events.compactMap { $0["id"]?.string }
        #expect(Set(ids) == Set(again) && Set(ids).count == 2)
        let row = Identifiers.uuid(["row", "urn:example:hotline", #"["A1"]"#])
        #expect(ids.first == Identifiers.uuid(["import", "urn:example:hotline", "complaint.received", "0", row]))
    }

    @Test func `that is there twice gives one event, and is counted`() throws {
        let result = try run(Self.good, Self.good, Self.good)
        #expect(result.events.count == 1 && result.report.repeated == 2 && result.faults == [])
    }

    @Test func `of the same key with other content is a fault`() throws {
        let result = try run(Self.good, Self.changed("漏水", "漏电"))
        #expect(
            result.faults == [
                "3: complaint.received id: id-taken: the same id as an event of line 2, with other content; `key` "
                    + "tells such rows apart"
            ])
    }

    @Test func `without a key is known by all of its cells`() throws {
        let keyless = Self.mapping.replacing("key: [No]\n", with: "").replacing(
            "complaintId: {column: No}", with: "complaintId: {text: '{:row}'}")
        let two = try run(Self.good, Self.changed("漏水", "漏电"), Self.good, mapping: keyless)
        #expect(two.events.count == 2 && two.report.repeated == 1)
        // Also by those that the mapping does not name, but not by the blanks around them.
        let other = try run(Self.changed("A1", "Z9"), Self.changed("A1", " A1 "), mapping: keyless)
        #expect(other.events.first?["id"] != two.events.first?["id"])
        #expect(other.events.last?["id"] == two.events.first?["id"])
    }

    @Test func `with an empty key is a fault`() throws {
        #expect(
            try run(Self.changed("A1", "")).faults == [
                "2: column 1 (No): key: something to know the row by; it is empty"
            ])
    }

    // MARK: The table

    @Test func `is passed over if it is blank, or its conditions do not hold`() throws {
        let mapping = Self.mapping.replacing(
            "events:\n", with: "when:\n  - {column: Name, notIn: [测试]}\n  - {column: Store, filled: on}\nevents:\n")
        let result = try run(
            Self.good, "", ",,,,,,,,,,,,", Self.changed("张三", "测试"), Self.changed("五一店", ""), mapping: mapping)
        #expect((result.report.rows, result.report.blankRows, result.report.rowsWithoutEvent) == (3, 2, 2))
        #expect(result.events.count == 1)
    }

    @Test func `is found below a title, by names in any width and case`() throws {
        let mapping = Self.mapping.replacing("table: {", with: "table: {headerLine: 3, ")
        let head = Self.head.replacing("Phone", with: " ＰＨＯＮＥ ")
        let result = try ImportTrial(mapping: mapping).run("Title\n\n\(head)\n\(Self.good)\n")
        #expect(result.events.count == 1)
    }

    @Test func `has numbers for columns where there is no header`() throws {
        let mapping = """
            source: s
            table: {headerLine: 0}
            events:
              - type: feedback-form.submitted
                data: {serviceId: {column: 1}, by.id: {column: "2"}, by.tier: {constant: hq}, at: {column: 3}}
            """
        let result = try ImportTrial(mapping: mapping).run("S-1,p-1,2026-03-05\nS 2,p-1,2026-03-05\n")
        #expect(result.events.count == 1)
        #expect(result.faults.first?.hasPrefix("2: column 1: feedback-form.submitted serviceId: pattern") == true)
        #expect(throws: ImportRun.Unfit.self) { try ImportTrial(mapping: mapping).run("S-1,p-1\n") }
    }

    @Test func `is not looked at where the table lacks columns; all of them are told`() throws {
        let head = Self.head.replacing("Phone", with: "Tel").replacing("Brand", with: "Name")
        do {
            _ = try ImportTrial(mapping: Self.mapping).run(head + "\n" + Self.good)
            Issue.record("the table fits")
        } catch ImportRun.Unfit.columns(let faults, let found) {
            #expect(found.count == 13)
            let told = faults.faults.map { String($0.description.prefix { $0 != ";" }) }
            #expect(
                told == [
                    "m:10: events[1].data.customer.name.column names `Name`, which is there more than once, "
                        + "as columns 4 and 8",
                    "m:11: events[1].data.customer.phone.column names `Phone`, which is no column of the table",
                    "m:14: events[1].data.product.brand.column names `Brand`, which is no column of the table",
                ])
        }
        #expect(throws: ImportRun.Unfit.self) { try ImportTrial(mapping: Self.mapping).run("") }
    }

    @Test func `names a hundred faults at most, and says how many there are more`() throws {
        let bad = (0..<250).map { Self.changed("Phone", "Fax").replacing("A1", with: "B\($0)") }
        let result = try ImportTrial(mapping: Self.mapping).run(([Self.head] + bad).joined(separator: "\n"))
        #expect(result.report.findings.count == 100 && result.report.unlisted == 150)
        #expect(result.faults.last == "150 more faults" || result.faults.last == " 150 more faults")
        #expect(result.report.text.contains("  250 × complaint.received channel lookup"))
        #expect(
            result.report.text.contains("rows that fail: 250 of 250; nothing was written; --anyway leaves them out"))
    }

    @Test func `may have lists of objects`() throws {
        let mapping = """
            source: s
            events:
              - type: callback.completed
                data:
                  callbackId: {column: id}
                  attempt: {column: n}
                  attemptAt: {column: at}
                  outcome: {constant: reached}
                  by.id: {constant: p}
                  by.tier: {constant: hq}
                  remarks.1.class: {column: c1, lookup: {表扬: suggestion, 投诉: complaint}}
                  remarks.1.text: {column: t1}
                  remarks.2.class: {column: c2, lookup: {投诉: complaint}}
                  remarks.2.text: {column: t2}
            """
        let head = "id,n,at,c1,t1,c2,t2\n"
        let result = try ImportTrial(mapping: mapping).run(head + "a,1,2026-03-05,,,投诉,x\nb,1,2026-03-05,表扬,y,投诉,\n")
        #expect(result.events.first?["data"]?["remarks"] == [["class": "complaint", "text": "x"]])
        #expect(
            result.faults.count == 1
                && result.faults.first?.hasPrefix("3: column 7 (t2): callback.completed remarks.2.text: required")
                    == true
        )
    }
}
