import Testing

@testable import Schema

@Suite struct `Members that look like slips` {
    private func slips(_ data: String, envelope: String = "", type: String = "complaint.received.v1") -> [String] {
        let body =
            #"{"specversion":"1.0","id":"a","source":"s","type":"\#(type)","time":"x",\#(envelope)"data":\#(data)}"#
        return ResemblingMembers.slips(in: Array(body.utf8)).map { fault in
            #expect(fault.rule == "unknown-member")
            return fault.pointer + " " + (fault.message.split(separator: " ").last ?? "")
        }
    }

    @Test(arguments: [
        ("storeID", "storeId?"), ("store_id", "storeId?"), ("StoreId", "storeId?"), ("store-id", "storeId?"),
        ("recievedAt", "receivedAt?"), ("complainId", "complaintId?"), ("claimFeen", "claimFen?"),
        ("hazard", "hazards?"), ("descripton", "description?"), ("outlet Id", "outletId?"),
    ])
    func `Are told with the member that is meant`(name: String, meant: String) {
        #expect(slips(#"{"\#(name)":"x"}"#) == ["/data/\(name) \(meant)"])
    }

    @Test(arguments: [
        "warehouse", "note", "storeManager", "claimUSD2", "x", "", "ticketNumber", "storеId", "store\\u001bId",
    ])
    func `Are not what is the sender's own, or cannot be shown`(name: String) {
        #expect(slips(#"{"\#(name)":"x"}"#) == [])
    }

    @Test func `Are none where the member that it resembles is there`() {
        #expect(slips(#"{"storeId":"a","storeID":"b"}"#) == [])
        #expect(slips(#"{"storeId":"a","hazards":[]}"#) == [])
    }

    @Test func `Are found at every depth, and in the envelope`() {
        #expect(
            slips(#"{"customer":{"Phone":"1"},"product":{"brandd":"x"}}"#) == [
                "/data/customer/Phone phone?", "/data/product/brandd brand?",
            ])
        let survey = #"{"survey":[{"criterion":"x"},{"criterion":"x","Expected":5}]}"#
        #expect(slips(survey, type: "callback.completed.v1") == ["/data/survey/1/Expected expected?"])
        #expect(slips("{}", envelope: #""traceParent":"x","subject":"x","#) == ["/traceParent traceparent?"])
    }

    @Test func `Short names are slips only by case and marks`() {
        #expect(slips(#"{"By":{}}"#, type: "case.accepted.v1") == ["/data/By by?"])
        #expect(slips(#"{"my":{}}"#, type: "case.accepted.v1") == [])
    }

    @Test func `Are bounded, and none of what is no event`() {
        let many = (0..<300).map { _ in #"{"Expected":1}"# }.joined(separator: ",")
        #expect(slips(#"{"survey":[\#(many)]}"#, type: "callback.completed.v1").count == Fault.limit)
        for body in ["", "[]", "{", "null", #"{"type":"no.such.v1","data":{"storeID":1}}"#, #"{"data":3}"#] {
            #expect(ResemblingMembers.slips(in: Array(body.utf8)) == [])
        }
    }
}
