/// One full and one minimal example of each event, made from its shape and from what its members are usually called.
enum EventExample {
    /// The bytes on the wire: for an outgoing event those that a stage writes.
    ///
    /// - Parameter isFull: with every optional member, else with the required ones alone.
    static func text(of entry: EventCatalogue.Entry, isFull: Bool) throws -> String {
        let stage = emitter(of: entry)
        var envelope: JSON = [
            "specversion": "1.0",
            "id": entry.isOutgoing
                ? .string(Identifiers.eventId(stage: stage.rawValue, causeSource: source, causeId: eventId, index: 0))
                : .string(eventId),
            "source": .string(entry.isOutgoing ? stage.source : source),
            "type": .string(entry.data.type.wireName),
            "time": .string(time),
        ]
        if isFull {
            envelope = envelope.setting("traceparent", to: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            if entry.isOutgoing { envelope = envelope.setting("sequence", to: 3) }
        }
        var data = value(of: EventCatalogue.dataShape(of: entry.data), named: "data", isFull: isFull)
        if entry.origin == .upstream { data = sensible(data, entry.data.type) }
        let event = try Event.read(envelope.setting("data", to: data))
        let reason = [EventRejected.type, EventWaiting.type].contains(event.type) ? contractReason : because
        let body = event.body(because: entry.isOutgoing ? reason : nil, isLate: entry.isOutgoing && isFull)
        return String(decoding: body, as: UTF8.self)
    }

    /// A stage that emits such events.
    private static func emitter(of entry: EventCatalogue.Entry) -> StageName {
        switch entry.origin {
        case .stages(let stages): stages.first ?? .intake
        case .anyStage, .upstream: .intake
        }
    }

    private static let source = "urn:example:hotline"
    private static let eventId = "01J0000000000000000000000A"
    private static let time = "2026-11-21T10:00:00+08:00"
    private static let because = Because(
        rule: "R04", parameters: ["claimFen": 500_000], facts: ["claimFen": 12_000, "hazards": 0], policy: "2026-11")

    private static let contractReason = Because(rule: "contract", parameters: [:], facts: [:], policy: "contract")

    /// What upstream may say: by somebody who may (R48), and so that no rule refuses it for what it says itself.
    private static func sensible(_ data: JSON, _ type: EventType) -> JSON {
        var data = data
        if data["by"] != nil || type == TrainingAssessed.type {
            data = data.setting("by", to: people[type.rawValue] ?? storePerson)
        }
        if data["reason"] != nil { data = data.setting("reason", to: "顾客三次来电催促,门店无法解决") }
        switch type {
        // It names exactly one.
        case CustomerErasureRequested.type:
            data = .object((data.members ?? []).filter { !["caseId", "complaintId"].contains($0.name) })
            return data["phone"] == nil ? data.setting("caseId", to: .string(caseId)) : data
        case ReplacementDecided.type:
            let id = Identifiers.uuid(["replacement", "M-gree", "2026-Q4"])
            return data.setting("proposalId", to: .string(id))
        case LiabilityProposed.type: return data.setting("liable", to: ["kind": "manufacturer", "id": "M-gree"])
        // Nobody else says whose it is.
        case ManufacturerProblemReported.type: return data.setting("brand", to: "Gree")
        default: return data
        }
    }

    private static let storePerson: JSON = ["id": "p-7", "tier": "store", "storeId": "store-17"]
    private static let regionPerson: JSON = ["id": "p-13", "tier": "region", "regionId": "region-3"]
    private static let hqPerson: JSON = ["id": "p-20", "tier": "hq"]
    private static let businessPerson: JSON = ["id": "p-30", "tier": "business"]

    /// Who says what people of stores may not.
    private static let people: [String: JSON] = [
        "compensation.decided": hqPerson, "liability.proposed": hqPerson, "liability.approved": businessPerson,
        "recovery.booked": hqPerson, "write-off.proposed": hqPerson, "write-off.approved": businessPerson,
        "customer.erasure-requested": hqPerson, "violation.verified": hqPerson, "penalty.decided": businessPerson,
        "rectification.reviewed": regionPerson, "appeal.decided": businessPerson, "outlet.reinstated": businessPerson,
        "training.assessed": hqPerson, "outlet.site-checked": regionPerson, "manufacturer-incident.handled": hqPerson,
        "replacement.decided": businessPerson, "outlet.evaluated": regionPerson, "withdrawal.recommended": regionPerson,
    ]

    private static func value(of shape: Shape, named name: String, isFull: Bool) -> JSON {
        switch shape {
        case Person.shape: storePerson
        case .object(let fields):
            .object(
                fields.filter { $0.isRequired || isFull }.map { field in
                    JSON.Member(field.name, value(of: field.shape, named: field.name, isFull: isFull))
                })
        case .array(let element, let min, _):
            .array(isFull || min > 0 ? [value(of: element, named: name, isFull: isFull)] : [])
        case .integer(let min, let max): .int(Swift.min(Swift.max(integers[name] ?? 1, min), max))
        case .boolean: .bool(!["late", "retest", "satisfied"].contains(name))
        case .oneOf(let allowed): .string(allowed[0])
        case .time: .string(times[name] ?? time)
        case .date: name == "on" ? "2026-12-05" : "2026-05-01"
        case .week: "2026-W47"
        case .quarter: "2026-Q4"
        case .sequence: 3
        case .id: .string(ids[name] ?? "X-1")
        case .text: .string(texts[name] ?? "a text")
        case .anyObject: ["count": 3]
        }
    }

    private static let integers: [String: Int64] = [
        "amountFen": 30_000, "balanceFen": -30_000, "claimFen": 12_000, "assessed": 20, "passed": 17, "count": 2,
        "threshold": 2, "score": 2, "expected": 6, "perceived": 3, "year": 2027, "documents": 2, "severity": 2,
    ]

    private static let times = [
        "windowStart": "2026-11-24T00:00:00+08:00", "windowEnd": "2026-11-29T00:00:00+08:00",
        "dueAt": "2026-11-23T10:00:00+08:00", "until": "2026-11-24T18:00:00+08:00",
    ]

    private static let caseId = Identifiers.caseId(source: source, complaintId: "C-2026-000001")
    private static let callbackId = Identifiers.callbackId(kind: "service-first", serviceId: "S-2026-000001")
    private static let proposalId = Identifiers.proposalId(
        outletId: "O-12", ladder: "monthly", period: "2026-11", rung: "warning", count: 2)

    private static let ids = [
        "caseId": caseId, "openCaseId": Identifiers.caseId(source: source, complaintId: "C-2026-000000"),
        "callbackId": callbackId, "proposalId": proposalId,
        "noticeId": Identifiers.noticeId(proposalId: proposalId),
        "incidentId": Identifiers.incidentId(callbackId: callbackId),
        "complaintId": "C-2026-000001", "serviceId": "S-2026-000001", "requestId": "Q-1", "violationId": "V-1",
        "violationIds": "V-1", "eventId": "E-2026-01", "storeId": "store-17", "regionId": "region-3",
        "outletId": "O-12", "manufacturerId": "M-gree", "handlerId": "store-17", "owner": "p-7", "id": "p-7",
        "to": "p-8", "period": "2026-11", "subject": "O-12", "addressee": "O-12", "by": proposalId,
    ]

    private static let texts = [
        "name": "王小明", "phone": "+86 138 0013 8000", "address": "长沙市芙蓉区五一大道1号",
        "category": "air-conditioner", "brand": "Gree", "model": "KFR-35GW", "serial": "SN-123456",
        "description": "空调漏水,维修三次仍未解决。", "title": "新品品鉴会", "queue": "recourse.intake",
        "source": source, "type": "complaint.received.v1", "eventType": "complaint.received.v1",
        "pointer": "/data/channel", "rule": "enum", "message": "one of hotline, counter, web", "kind": "weekly-summary",
        "number": "O-12-2026-1", "zh": "关于贵网点服务质量问题的函", "en": "Letter about the quality of your service",
        "reason": "id-taken",
        "solution": "换新机", "liableParty": "M-gree", "documents": "D-1", "policy": "2026-11",
        "facts": "安装当日发现漏水,网点三次上门未果。", "note": "已告知客户处理方案", "grounds": "并非我方责任",
        "comments": "师傅没有按时上门",
    ]
}
