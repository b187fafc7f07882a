import Schema
import Testing

private let complaint =
    #"{"specversion":"1.0","id":"e-1","source":"urn:example:hotline","type":"complaint.received.v1","#
    + #""time":"2026-11-21T10:00:05+08:00","data":{"complaintId":"C-1","channel":"hotline","#
    + #""receivedAt":"2026-11-21T10:00:00+08:00","customer":{"name":"王小明","phone":"138 0013 8000"},"#
    + #""product":{"category":"air-conditioner","brand":"Gree","purchasedHere":false},"#
    + #""description":"漏水","remedy":"repair","claimFen":0,"hazards":["injury"]}}"#

private func faults(_ text: String, limits: DocumentLimits = DocumentLimits()) -> [String] {
    do {
        _ = try Event.read(Array(text.utf8), limits: limits)
        return []
    } catch {
        return error.faults.map { "\($0.pointer) \($0.rule)" }
    }
}

private func replacing(_ old: String, _ new: String) throws -> String {
    try #require(complaint.contains(old), "the sample does not hold \(old)")
    return complaint.replacing(old, with: new)
}

@Suite struct `Reading an event` {
    @Test func `gives what the document says`() throws {
        let event = try Event.read(Array(complaint.utf8))
        #expect(event.id == "e-1")
        #expect(event.source == "urn:example:hotline")
        #expect(event.type == ComplaintReceived.type)
        #expect(event.time == Instant(rfc3339: "2026-11-21T02:00:05Z"))
        #expect(event.ruleTime == Instant(rfc3339: "2026-11-21T02:00:00Z"))
        #expect(event.sequence == nil)
        let data = try #require(event.data as? ComplaintReceived)
        #expect(data.hazards == ["injury"])
        #expect(data.customer.comparisonKey == "13800138000")
    }

    @Test func `ignores members that the contract does not know`() throws {
        let more = try replacing(#""complaintId":"C-1","#, #""complaintId":"C-1","later":{"x":[1]},"#)
            .replacing(#""specversion""#, with: #""partitionkey":7,"datacontenttype":"text/json","specversion""#)
        #expect(faults(more) == [])
    }

    @Test func `takes an attribute or an optional member that is null for one that is absent`() throws {
        let nulls = #""claimFen":null,"hazards":null,"storeId":null"#
        let more = try replacing(#""claimFen":0,"hazards":["injury"]"#, nulls)
            .replacing(#""phone":"138 0013 8000""#, with: #""phone":"138 0013 8000","address":null"#)
            .replacing(#""specversion":"1.0","#, with: #""specversion":"1.0","traceparent":null,"sequence":null,"#)
        let event = try Event.read(Array(more.utf8))
        #expect(event.sequence == nil && event.traceparent == nil)
        let data = try #require(event.data as? ComplaintReceived)
        #expect(data.claimFen == nil && data.hazards == nil && data.customer.address == nil)
        let none = try replacing(#","claimFen":0,"hazards":["injury"]"#, "")
        #expect(try event.body() == Event.read(Array(none.utf8)).body())
    }

    @Test func `finds nothing in data that are null`() throws {
        let data = try #require(complaint.firstRange(of: #""data":"#))
        #expect(faults(complaint[..<data.upperBound] + "null}") == ["/data required"])
    }

    @Test func `passes over a byte-order mark`() throws {
        let event = try Event.read(Array(("\u{FEFF}" + complaint).utf8))
        #expect(event.id == "e-1")
        #expect(faults("\u{FEFF}\u{FEFF}" + complaint) == [" syntax"])
    }

    @Test func `carries sequence and traceparent through`() throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let more = try replacing(
            #""specversion":"1.0","#, #""specversion":"1.0","sequence":7,"traceparent":"\#(trace)","#)
        let event = try Event.read(Array(more.utf8))
        #expect(event.sequence == 7)
        #expect(event.traceparent == trace)
        let again = try Event.read(event.body())
        #expect(again.sequence == 7)
        #expect(again.traceparent == trace)
    }

    @Test func `reads a sequence as CloudEvents has it, and writes the number that older releases read`() throws {
        let more = try replacing(#""specversion":"1.0","#, #""specversion":"1.0","sequence":"0000000007","#)
        let event = try Event.read(Array(more.utf8))
        #expect(event.sequence == 7)
        #expect(String(decoding: event.body(), as: UTF8.self).contains(#""sequence":7,"#))
        for wrong in [#""""#, #""7a""#, #""-7""#, #""1234567890123456""#, "-1", "1.5", "true"] {
            let text = try replacing(#""specversion":"1.0","#, #""specversion":"1.0","sequence":\#(wrong),"#)
            #expect(faults(text).count == 1, "\(wrong)")
        }
    }

    @Test(arguments: [
        (#""specversion":"1.0""#, #""specversion":"0.3""#, "/specversion enum"),
        (#""id":"e-1","#, "", "/id required"),
        (#""id":"e-1""#, #""id":7"#, "/id type"),
        (#""id":"e-1""#, #""id":"-e""#, "/id pattern"),
        (#""source":"urn:example:hotline""#, #""source":"""#, "/source minLength"),
        (#""time":"2026-11-21T10:00:05+08:00""#, #""time":"2026-11-21T10:00:05""#, "/time date-time"),
        ("complaint.received.v1", "complaint.received.v2", "/type unknown-type"),
        ("complaint.received.v1", "complaint.received", "/type unknown-type"),
        (#""channel":"hotline""#, #""channel":"callback""#, "/data/channel enum"),
        (#""complaintId":"C-1","#, "", "/data/complaintId required"),
        (#""phone":"138 0013 8000""#, #""phone":138"#, "/data/customer/phone type"),
        (#""purchasedHere":false"#, #""purchasedHere":0"#, "/data/product/purchasedHere type"),
        (
            #""purchasedHere":false"#, #""purchasedHere":false,"purchasedOn":"2026-02-30""#,
            "/data/product/purchasedOn date"
        ),
        (#""claimFen":0"#, #""claimFen":-1"#, "/data/claimFen minimum"),
        (#""claimFen":0"#, #""claimFen":9007199254740993"#, "/data/claimFen maximum"),
        (#""claimFen":0"#, #""claimFen":0.5"#, "/data/claimFen type"),
        (#""claimFen":0"#, #""claimFen":[null]"#, "/data/claimFen type"),
        (#""complaintId":"C-1""#, #""complaintId":null"#, "/data/complaintId required"),
        (#""id":"e-1""#, #""id":null"#, "/id required"),
        (#"["injury"]"#, #"[null]"#, "/data/hazards/0 type"),
        (#"["injury"]"#, #"["injury","flood"]"#, "/data/hazards/1 enum"),
        (#"["injury"]"#, #"["fire","fire","fire","fire","fire"]"#, "/data/hazards maxItems"),
        (#"["injury"]"#, #""injury""#, "/data/hazards type"),
        (#""description":"漏水""#, #""description":"""#, "/data/description minLength"),
    ])
    func `names each fault with its place`(old: String, new: String, fault: String) throws {
        #expect(faults(try replacing(old, new)) == [fault])
    }

    @Test func `counts the length of a text in code points`() throws {
        func described(_ count: Int) throws -> String {
            try replacing("漏水", String(repeating: "😀", count: count))
        }
        #expect(faults(try described(4000)) == [])
        #expect(faults(try described(4001)) == ["/data/description maxLength"])
    }

    @Test func `lists all faults at once, those of envelope and data alike`() throws {
        let bad = try replacing(#""id":"e-1","#, "")
            .replacing(#""time":"2026-11-21T10:00:05+08:00""#, with: #""time":"yesterday""#)
            .replacing(#""channel":"hotline","#, with: "")
            .replacing(#""remedy":"repair""#, with: #""remedy":"a miracle""#)
            .replacing(#"["injury"]"#, with: #"[1,"fire",{}]"#)
        #expect(
            faults(bad) == [
                "/id required", "/time date-time", "/data/channel required", "/data/remedy enum",
                "/data/hazards/0 type", "/data/hazards/2 type",
            ])
    }

    @Test func `finds a missing or wrong data object`() throws {
        let head =
            #"{"specversion":"1.0","id":"e","source":"s","type":"case.accepted.v1","time":"2026-11-21T10:00:00Z""#
        #expect(faults(head + "}") == ["/data required"])
        #expect(faults(head + #","data":[]}"#) == ["/data type"])
        #expect(faults(head + #","data":{}}"#) == ["/data/caseId required", "/data/by required"])
        #expect(faults(head + #","data":{"caseId":"c","by":{"id":"p"}}}"#) == ["/data/by/tier required"])
        #expect(faults("[]") == [" type"])
        #expect(faults("{") == [" syntax"])
    }

    @Test func `tells no value of the document in its messages`() throws {
        let secret = "13800138000"
        let bad = try replacing("138 0013 8000", String(repeating: secret, count: 9))
            .replacing(#""remedy":"repair""#, with: #""remedy":"\#(secret)""#)
            .replacing(#""channel":"hotline""#, with: #""channel":["\#(secret)"]"#)
        let error = #expect(throws: RefusedDocument.self) { try Event.read(Array(bad.utf8)) }
        #expect(error?.faults.count == 3)
        #expect(error.map { String(describing: $0).contains(secret) } == false)
    }

    @Test func `refuses a body beyond the limit without reading it`() {
        var limits = DocumentLimits()
        limits.bodyBytes = complaint.utf8.count
        #expect(faults(complaint, limits: limits) == [])
        limits.bodyBytes -= 1
        #expect(faults(complaint, limits: limits) == [" size"])
    }

    @Test func `refuses more values than there is any use for`() throws {
        var limits = DocumentLimits()
        limits.values = 40
        #expect(faults(complaint, limits: limits).isEmpty)
        let members = #"{"x":["# + String(repeating: "{},", count: 40) + #"0],"specversion""#
        let many = try replacing(#"{"specversion""#, members)
        #expect(faults(many).isEmpty)
        #expect(faults(many, limits: limits) == [" count"])
        let half = String(repeating: "[],", count: 1 << 17)
        #expect(faults(#"{"x":["# + half + "0]}") == [" count"], "within the bytes that a body may have")
    }

    @Test func `lists a hundred faults at most`() {
        let wrong = Array(repeating: #"{"name":1}"#, count: 1_000).joined(separator: ",")
        let text =
            #"{"specversion":"1.0","id":"e","source":"s","type":"customer-event.announced.v1","#
            + #""time":"2026-11-21T10:00:05+08:00","data":{"customers":["# + wrong + "]}}"
        let found = faults(text)
        #expect(found.count >= Fault.limit && found.count <= Fault.limit + 3)
    }

    @Test func `refuses an outgoing event without the reason of the decision`() throws {
        let event = Event(
            id: "e", source: "recourse/routing", time: Instant(seconds: 0), data: CalendarMissing(year: 2027))
        let body = String(decoding: event.body(), as: UTF8.self)
        #expect(faults(body) == ["/data/because required"])
    }

    @Test func `tells who sent a document that is refused`() throws {
        let bad = try replacing(#""remedy":"repair""#, #""remedy":"none""#)
        let error = #expect(throws: RefusedDocument.self) { try Event.read(Array(bad.utf8)) }
        #expect(
            error?.identity == EventIdentity(source: "urn:example:hotline", id: "e-1", type: "complaint.received.v1"))
    }
}
