import Policy
import Schema
import Testing

@testable import Stages

/// SplitMix64: the same seed, the same choices.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// The order of events within an instant must not show in any report.
@Suite struct ReportsOrderTests {
    typealias Fixture = ReportsFixture

    private struct Given: Sendable {
        let id: String
        let time: Instant
        let data: any EventData
    }

    /// A crowd of events in few instants, many about the same things.
    private func crowd(_ random: inout SeededGenerator) throws -> [Given] {
        var events: [Given] = []
        func add(_ data: any EventData, _ time: Instant) {
            events.append(Given(id: "e\(events.count)", time: time, data: data))
        }
        for _ in 0..<60 {
            let day = Int.random(in: 1...28, using: &random)
            let number = Int.random(in: 1...6, using: &random)
            let month = Bool.random(using: &random) ? "2026-10" : "2026-11"
            let text = "\(month)-\(day < 10 ? "0" : "")\(day)T12:00:00+08:00"
            // What happened is often told later, also after the month has been reported.
            let told = try instant(Bool.random(using: &random) ? text : "2026-12-20T12:00:00+08:00")
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1: try add(Fixture.service("V\(events.count)", at: text, serial: "SN\(number % 2)"), told)
            case 2: try add(Fixture.opened("K\(number)", at: "2026-11-05T12:00:00+08:00"), told)
            case 3: try add(Fixture.linked("L\(events.count)", to: "K\(number)", at: text), told)
            // Handling says it once for each case.
            case 4: try add(Fixture.responded("K\(number)", at: "2026-11-05T1\(number):00:00+08:00"), told)
            case 5: try add(Fixture.recorded("X\(number)", at: "2026-11-06T12:00:00+08:00"), told)
            case 6: try add(Fixture.recorded("X\(number)", at: "2026-11-06T12:00:00+08:00", upheld: true), told)
            case 7: add(FundDisbursed(requestId: "Q\(number)", amountFen: 100, balanceFen: 0), told)
            case 8: add(FundRecovered(requestId: "Q\(number)", amountFen: 30, balanceFen: 0), told)
            default: add(Fixture.satisfied("T\(events.count)"), told)
            }
        }
        return events
    }

    /// What was published, and how many records the events asked for.
    private func outputs(_ events: [Given]) throws -> (bodies: Set<String>, keys: Int) {
        var harness = try Fixture.harness()
        var bodies: Set<String> = []
        var keys = 0
        func take(_ outputs: [OutgoingEvent]) throws {
            for output in outputs { bodies.insert(String(decoding: output.body(), as: UTF8.self)) }
        }
        for event in events {
            // A timer that lies in the past waits for the rest of the instant.
            if event.time > harness.clock {
                let text = Instant(microseconds: event.time.microseconds - 1).description
                try take(harness.advance(to: text))
            }
            let out = try harness.send(event.data, at: event.time, id: event.id)
            try take(out.outputs)
            let input = Input.event(Event(id: event.id, source: "upstream", time: event.time, data: event.data))
            keys += harness.runner.keys(for: input, in: harness.set).all.count
        }
        try take(harness.advance(to: "2027-02-01T00:00:00+08:00"))
        return (bodies, keys)
    }

    @Test(arguments: 1...20)
    func `shuffled within their instants, events lead to the same reports, byte for byte`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let events = try crowd(&random).enumerated().sorted {
            ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
        }.map(\.element)
        let expected = try outputs(events)
        #expect(expected.bodies.count > 8, "seed \(seed)")
        #expect(expected.keys <= events.count * 4, "records for an event, seed \(seed)")
        for _ in 0..<3 {
            var shuffled: [Given] = []
            for time in Set(events.map(\.time)).sorted() {
                shuffled += events.filter { $0.time == time }.shuffled(using: &random)
            }
            let found = try outputs(shuffled).bodies
            let different = found.symmetricDifference(expected.bodies).sorted()
            #expect(different == [], "seed \(seed)")
        }
    }
}
