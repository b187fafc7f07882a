import Policy
import Schema
import Stages
import Testing

struct IntakeClusterTests {
    private func clusters(
        _ complaints: [ComplaintReceived], policy: PolicyBook? = nil
    ) throws -> [CaseOpened.Cluster?] {
        var intake = try StageHarness(IntakeStage(), policy: policy ?? CaseFixture.policy())
        return try complaints.map { try intake.send($0, at: $0.receivedAt).all(CaseOpened.self).first?.cluster }
    }

    private func complaint(_ number: Int, _ time: String, phone: Int? = nil) throws -> ComplaintReceived {
        try CaseFixture.complaint("C\(number)", at: time, phone: "1380000000\(phone ?? number)")
    }

    @Test func `the third distinct phone within seven days is major, and those after it, the earlier are not`()
        throws
    {
        let found = try clusters([
            complaint(1, "2026-11-02T10:00:00+08:00"), complaint(2, "2026-11-03T10:00:00+08:00"),
            complaint(3, "2026-11-04T10:00:00+08:00"), complaint(4, "2026-11-05T10:00:00+08:00"),
        ])
        #expect(found.map { $0?.phones } == [1, 2, 3, 4])
        #expect(found.map { $0?.major } == [false, false, true, true])
    }

    @Test(arguments: [("2026-11-09T10:00:00+08:00", 3), ("2026-11-09T10:00:01+08:00", 2)])
    func `the window of seven days includes its bound`(time: String, phones: Int) throws {
        let found = try clusters([
            complaint(1, "2026-11-02T10:00:00+08:00"), complaint(2, "2026-11-03T10:00:00+08:00"), complaint(3, time),
        ])
        #expect(found.last == CaseOpened.Cluster(phones: phones, major: phones == 3))
    }

    @Test func `one phone counts once, and its linked complaints count`() throws {
        var intake = try StageHarness(IntakeStage(), policy: CaseFixture.policy())
        _ = try intake.send(complaint(1, "2026-11-02T10:00:00+08:00"), at: "2026-11-02T10:00:00+08:00")
        let linked = try complaint(2, "2026-11-08T10:00:00+08:00", phone: 1)
        #expect(try intake.send(linked, at: linked.receivedAt).types == ["case.duplicate-linked"])
        let second = try complaint(3, "2026-11-09T12:00:00+08:00")
        // The first complaint of phone 1 has left the window; its linked one is in it.
        #expect(try intake.send(second, at: second.receivedAt).all(CaseOpened.self).first?.cluster.phones == 2)
        let third = try complaint(4, "2026-11-09T13:00:00+08:00")
        #expect(try intake.send(third, at: third.receivedAt).all(CaseOpened.self).first?.cluster.major == true)
    }

    // MARK: R52

    /// Of each complaint, the alert that it brings.
    private func alerts(_ complaints: [ComplaintReceived], policy: PolicyBook? = nil) throws -> [BatchAlerted?] {
        var intake = try StageHarness(IntakeStage(), policy: policy ?? CaseFixture.policy())
        return try complaints.map { try intake.send($0, at: $0.receivedAt).all(BatchAlerted.self).first }
    }

    @Test func `the complaint that completes a cluster alerts of the batch, once for each span of seven dates`() throws
    {
        // Spans of seven dates from 1970-01-01 begin on Thursdays: 2026-10-29, 2026-11-05.
        let found = try alerts([
            complaint(1, "2026-11-02T10:00:00+08:00"), complaint(2, "2026-11-03T10:00:00+08:00"),
            complaint(3, "2026-11-04T23:59:59+08:00"), complaint(4, "2026-11-04T23:59:59+08:00"),
            complaint(5, "2026-11-05T00:00:00+08:00"), complaint(6, "2026-11-05T10:00:00+08:00"),
        ])
        let (first, second) = (20_756 / 7, 20_762 / 7)
        #expect(second == first + 1)
        #expect(
            found == [
                nil, nil, BatchAlerted(brand: "Acme", category: "washer", span: first, phones: 3), nil,
                BatchAlerted(brand: "Acme", category: "washer", span: second, phones: 5), nil,
            ])
    }

    @Test func `a linked complaint may complete it, and stands before its alert`() throws {
        // A customer whose case is older than the window comes back within it.
        let old = try complaint(3, "2026-10-29T09:00:00+08:00")
        var late = try StageHarness(IntakeStage(), policy: CaseFixture.policy())
        _ = try late.send(old, at: old.receivedAt)
        for number in 1...2 {
            let one = try complaint(number, "2026-11-0\(number + 2)T10:00:00+08:00")
            _ = try late.send(one, at: one.receivedAt)
        }
        let again = try complaint(4, "2026-11-05T08:00:00+08:00", phone: 3)
        let outcome = try late.send(again, at: again.receivedAt)
        #expect(outcome.types == ["case.duplicate-linked", "batch.alerted"])
    }

    @Test func `its id is that of the batch, whoever completes it and however he spells the brand`() throws {
        let spellings = ["ACME", "acme", " Acme  "]
        let ids = try spellings.map { brand in
            var intake = try StageHarness(IntakeStage(), policy: CaseFixture.policy())
            var ids: [String] = []
            for number in 1...3 {
                let one = try CaseFixture.complaint(
                    "C\(number)", at: "2026-11-02T1\(number):00:00+08:00", phone: "1380000000\(number)",
                    brand: number == 3 ? brand : "Acme")
                ids += try intake.send(one, at: one.receivedAt).outputs
                    .filter { $0.event.data is BatchAlerted }.map(\.event.id)
            }
            return ids
        }
        let id = Identifiers.uuid(["batch", "acme", "washer", String(20_759 / 7)])
        #expect(ids == [[id], [id], [id]])
    }

    @Test(arguments: [[Rule.r52], [.r04]])
    func `with R52 or the cluster switched off nobody is alerted`(off: [Rule]) throws {
        let found = try alerts(
            (1...4).map { try complaint($0, "2026-11-0\($0)T10:00:00+08:00") },
            policy: CaseFixture.policy(off: Set(off)))
        #expect(found == [nil, nil, nil, nil])
    }

    @Test func `a recall names 100 phones, whatever their number`() throws {
        var policy = IntakePolicy()
        policy.clusterPhones = 100
        let complaints = try (0..<103).map { number in
            try CaseFixture.complaint(
                "C\(number)", at: "2026-11-02T10:00:00+08:00", phone: "13800000\(100 + number)")
        }
        let found = try alerts(complaints, policy: CaseFixture.policy(intake: policy))
        #expect(found.compactMap(\.self).map(\.phones) == [100] && found[99] != nil)
    }

    @Test func `another brand or category is another cluster`() throws {
        let found = try clusters([
            complaint(1, "2026-11-02T10:00:00+08:00"), complaint(2, "2026-11-02T11:00:00+08:00"),
            CaseFixture.complaint("C3", at: "2026-11-02T12:00:00+08:00", phone: "13800000003", brand: "Bolt"),
            CaseFixture.complaint("C4", at: "2026-11-02T12:00:00+08:00", phone: "13800000004", category: "fridge"),
        ])
        #expect(found.map { $0?.phones } == [1, 2, 1, 1])
    }

    @Test func `a brand is one however its letters are composed, and its case`() throws {
        let found = try clusters(
            ["Caf\u{E9}", "Cafe\u{301}", "CAF\u{E9}"].enumerated().map { number, brand in
                try CaseFixture.complaint(
                    "C\(number)", at: "2026-11-02T10:0\(number):00+08:00", phone: "1391111000\(number)", brand: brand)
            })
        #expect(found.map { $0?.phones } == [1, 2, 3])
        #expect(found.map { $0?.major } == [false, false, true])
    }

    @Test func `a complaint that comes late is judged by the window of its own time`() throws {
        let found = try clusters([
            complaint(1, "2026-10-01T10:00:00+08:00"), complaint(2, "2026-10-05T10:00:00+08:00"),
            complaint(3, "2026-11-20T10:00:00+08:00"), complaint(4, "2026-10-06T10:00:00+08:00"),
        ])
        #expect(found.map { $0?.phones } == [1, 2, 1, 3])
    }

    @Test func `a window longer than one record's span is counted wholly`() throws {
        var long = IntakePolicy()
        long.clusterWindowDays = 30
        let found = try clusters(
            [
                complaint(1, "2026-10-03T10:00:00+08:00"), complaint(2, "2026-10-15T10:00:00+08:00"),
                complaint(3, "2026-11-02T10:00:00+08:00"), complaint(4, "2026-11-02T10:00:01+08:00"),
            ],
            policy: CaseFixture.policy(intake: long))
        #expect(found.map { $0?.phones } == [1, 2, 3, 3])
    }

    @Test func `with the cluster part switched off nothing is counted and nothing is major`() throws {
        let complaints = try [
            complaint(1, "2026-11-02T10:00:00+08:00"), complaint(2, "2026-11-03T10:00:00+08:00"),
            complaint(3, "2026-11-04T10:00:00+08:00"),
        ]
        let part = try clusters(complaints, policy: CaseFixture.policy(offParts: [.majorByCluster]))
        #expect(part.last == CaseOpened.Cluster(phones: 0, major: false))
        let whole = try clusters(complaints, policy: CaseFixture.policy(off: [.r04]))
        #expect(whole.last == CaseOpened.Cluster(phones: 0, major: false))
    }

    @Test func `of a span the latest hundred phones are kept, in whatever order they come`() throws {
        let start = try instant("2026-11-02T09:00:00+08:00")
        let times = (0..<150).map { (phone: "p\($0)", at: start.adding(minutes: Int64($0))) }
        var ascending = ClusterSpan()
        for one in times { ascending.note(phone: one.phone, at: one.at) }
        var mixed = ClusterSpan()
        for one in times.reversed() { mixed.note(phone: one.phone, at: one.at) }
        for one in times.prefix(120) { mixed.note(phone: one.phone, at: one.at) }
        #expect(ascending == mixed)
        #expect(ascending.phones.entries.map { $0.key } == times.suffix(100).map(\.phone).sorted())
        // A phone that complains again is among the latest again.
        ascending.note(phone: "p0", at: start.adding(hours: 3))
        #expect(ascending.phones["p0"] != nil)
        #expect(ascending.phones["p50"] == nil)
    }

    @Test func `a cluster names at most a hundred phones, and stays one`() throws {
        let start = try instant("2026-11-02T09:00:00+08:00")
        let found = try clusters(
            (0..<250).map {
                try CaseFixture.complaint(
                    "C\($0)", at: start.adding(minutes: Int64($0)).description, phone: "13900\(100_000 + $0)")
            })
        #expect(found.map { $0?.phones } == (1...250).map { min($0, 100) })
        #expect(found.allSatisfy { $0?.major == (($0?.phones ?? 0) >= 3) })
    }

    @Test func `a complaint too late to be kept counts itself`() throws {
        let start = try instant("2026-11-03T09:00:00+08:00")
        let many = try (0..<150).map {
            try CaseFixture.complaint(
                "C\($0)", at: start.adding(minutes: Int64($0)).description, phone: "13900\(100_000 + $0)")
        }
        let found = try clusters(many + [complaint(200, "2026-11-03T08:00:00+08:00")])
        #expect(found.last == CaseOpened.Cluster(phones: 1, major: false))
    }
}
