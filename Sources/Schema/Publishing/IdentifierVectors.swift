/// Ids and the parts that they are computed from, for those who compute them too.
enum IdentifierVectors {
    private static let source = "urn:example:hotline"
    private static let caseId = Identifiers.caseId(source: source, complaintId: "C-2026-000001")
    private static let callbackId = Identifiers.callbackId(kind: "service-first", serviceId: "S-2026-000001")
    private static let proposalId = Identifiers.proposalId(
        outletId: "O-12", ladder: "monthly", period: "2026-11", rung: "stop-dispatch", count: 5)
    private static let noticeId = Identifiers.noticeId(proposalId: proposalId)

    private static let vectors: [(id: String, of: String, parts: [String])] = [
        ("caseId", "a complaint", ["case", source, "C-2026-000001"]),
        (
            "caseId", "a complaint that intake makes of a dissatisfied callback",
            ["case", "recourse/callback", "7f1d0c6e-52b5-5d0e-9a55-0d7a3a0c2b11"]
        ),
        ("caseId", "a source beyond ASCII; parts are UTF-8", ["case", "urn:example:通程电器", "C-1"]),
        ("callbackId", "a service, first call", ["callback", "service-first", "S-2026-000001"]),
        ("callbackId", "a service, second call", ["callback", "service-second", "S-2026-000001"]),
        ("callbackId", "the first closing of a case", ["callback", "case-closed", caseId, "1"]),
        ("callbackId", "the second closing of the same case", ["callback", "case-closed", caseId, "2"]),
        (
            "callbackId", "the first customer of a customer event",
            ["callback", "customer-event", "E-2026-01", "0"]
        ),
        (
            "proposalId", "an outlet on the monthly ladder",
            ["proposal", "O-12", "monthly", "2026-11", "stop-dispatch", "5"]
        ),
        ("noticeId", "a penalty notice", ["notice", proposalId]),
        (
            "proposalId", "an outlet that failed a rectification; the period is the noticeId",
            ["proposal", "O-12", "rectification", noticeId, "stop-dispatch", "1"]
        ),
        (
            "proposalId", "a grave violation of an outlet (R46); the period is the violationId, the count from 1",
            ["proposal", "O-12", "grave", "V-2026-000001", "stop-dispatch", "1"]
        ),
        (
            "proposalId", "an outlet that failed its training (R16); the period is the quarter of the third failure",
            ["proposal", "O-12", "training", "2026-Q4", "withdrawal", "3"]
        ),
        (
            "proposalId", "an outlet whose withdrawal is recommended (R55); the count is the number in that quarter",
            ["proposal", "O-12", "recommendation", "2026-Q4", "withdrawal", "1"]
        ),
        (
            "noticeId", "a replacement demanded from a manufacturer",
            ["notice", "manufacturer-replacement", "M-gree", "2026-Q4"]
        ),
        (
            "noticeId", "a recovery demanded from an outlet; the period is the requestId",
            ["notice", "recovery-demand", "O-12", "R-7"]
        ),
        (
            "proposalId", "a replacement that is proposed to the business division",
            ["replacement", "M-gree", "2026-Q4"]
        ),
        ("incidentId", "a callback that lays the fault on a manufacturer", ["incident", callbackId]),
        ("incidentId", "a problem that a store reports", ["incident", "P-2026-000001"]),
        ("incidentId", "an advance for a manufacturer's cause; the part is the requestId", ["incident", "R-7"]),
        (
            "noticeId", "a penalty of a manufacturer for an incident; the period is the incidentId",
            ["notice", "manufacturer-penalty", "M-gree", Identifiers.incidentId(callbackId: callbackId)]
        ),
        (
            "event id", "the first event that intake emits upon a complaint",
            ["event", "intake", source, "01J0000000000000000000000A", "0"]
        ),
        (
            "event id", "the second event that routing emits upon a timer: its record and due time",
            ["event", "routing", "case/" + caseId, "2026-11-23T18:00:00+08:00", "1"]
        ),
        (
            "event id", "the alert of a batch (R52): brand and category folded, the number of the span of dates",
            ["batch", "polar", "air-conditioner", "2967"]
        ),
        (
            "event id", "the rejection of a document; every stage computes the same",
            ["event", "rejected", source, "01J0000000000000000000000A", "0"]
        ),
        (
            "event id", "the word that an event waits (event.waiting); every stage computes the same",
            ["event", "waiting", source, "01J0000000000000000000000A", "0"]
        ),
        (
            "source", "a source; its first eight digits end the routing keys of event.rejected and event.waiting",
            [source]
        ),
    ]

    static var document: JSON {
        [
            "namespace": .string(Identifiers.namespaceText),
            "vectors": .array(
                vectors.map { vector in
                    [
                        "id": .string(vector.id), "of": .string(vector.of),
                        "parts": .array(vector.parts.map(JSON.string)),
                        "uuid": .string(Identifiers.uuid(vector.parts)),
                    ]
                }),
            "phoneKeys": ComparisonVectors.phoneKeys,
            "matterKeys": ComparisonVectors.matterKeys,
        ]
    }
}
