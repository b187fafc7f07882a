import Schema
import Store
import StorePostgres
import StoreSQLite
import StoreTestKit
import Testing

@Suite("Control store", .timeLimit(.minutes(10)))
struct ControlStoreTests {
    /// Two programs' control stores over the same content.
    private func withControls(
        _ adapter: Adapter, _ body: (any ControlStore, any ControlStore) throws -> Void
    ) throws {
        switch adapter {
        case .memory:
            let control = MemoryControl()
            try body(control, control)
        case .sqlite:
            let folder = try TestFolder()
            let first = try SQLiteControl(directory: folder.path)
            let second = try SQLiteControl(directory: folder.path)
            defer {
                first.close()
                second.close()
            }
            try body(first, second)
        case .postgres:
            let database = try TestPostgres()
            let first = try PostgresControl(database.configuration)
            let second = try PostgresControl(database.configuration)
            defer {
                first.close()
                second.close()
            }
            try body(first, second)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the clock reads what was set, in every phase, and never goes back`(_ adapter: Adapter) throws {
        try withControls(adapter) { (control, other) throws in
            #expect(try control.clock() == nil)
            let phases = [ClockPhase.events] + StageName.allCases.map { .timers($0) } + [.lastCall, .answers, .events]
            for phase in phases {
                let reading = ControlReading(now: start, phase: phase)
                try control.setClock(reading)
                #expect(try other.clock() == reading)
            }
            #expect(throws: StoreFailure.self) {
                try other.setClock(ControlReading(now: start.adding(seconds: -1), phase: .events))
            }
            #expect(try control.clock()?.now == start)
        }
    }

    @Test func `a phase keeps its code, whatever stage comes where`() {
        let known: [ClockPhase: Int] = [
            .events: 0, .timers(.intake): 1, .timers(.routing): 2, .timers(.handling): 3, .timers(.callback): 4,
            .timers(.penalty): 5, .timers(.reports): 6, .lastCall: 7, .answers: 8,
        ]
        for (phase, code) in known { #expect(phase.code == code) }
        // A new stage may not take a code that means another phase to older programs.
        let codes = StageName.allCases.map { ClockPhase.timers($0).code }
        #expect(Set(codes).count == codes.count && Set(codes).isDisjoint(with: [0, 7, 8]))
    }

    @Test func `every phase is stored under a code of its own`() {
        let phases = (0...8).map { ClockPhase(code: $0) }
        #expect(phases.compactMap { $0?.code } == Array(0...8))
        #expect(phases.first == .events && phases[7] == .lastCall && phases[8] == .answers)
        #expect(ClockPhase(code: 9) == nil)
        #expect(ClockPhase(code: -1) == nil)
    }

    @Test(arguments: Adapter.allCases)
    func `participants are listed by name as they last said`(_ adapter: Adapter) throws {
        try withControls(adapter) { (control, other) throws in
            let alive = start.adding(seconds: 5)
            try control.upsertParticipant(Participant(name: "b", next: start, isDone: false, aliveUntil: start))
            try control.upsertParticipant(Participant(name: "a", next: nil, isDone: false, aliveUntil: alive))
            let done = Participant(name: "b", next: nil, isDone: true, aliveUntil: alive)
            try other.upsertParticipant(done)
            let waiting = Participant(name: "a", next: nil, isDone: false, aliveUntil: alive)
            #expect(try control.participants() == [waiting, done])
            try control.setWatermark(participant: "a", stage: .intake, number: 3)
            try control.removeParticipant("a")
            #expect(try other.participants() == [done])
            #expect(try other.watermarks().isEmpty)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `handed events are numbered in order, and once`(_ adapter: Adapter) throws {
        try withControls(adapter) { (control, other) throws in
            func handed(_ source: String, _ id: String) -> HandedEvent {
                HandedEvent(key: EventKey(source: source, id: id), type: "complaint.received")
            }
            try control.appendHanded([handed("crm", "1"), handed("crm", "2")])
            try other.appendHanded([handed("crm", "2"), handed("shop", "2"), handed("crm", "3")])
            try control.appendHanded([])
            let all = try control.handed(after: 0, limit: 99)
            let expected = [handed("crm", "1"), handed("crm", "2"), handed("shop", "2"), handed("crm", "3")]
            #expect(all.map(\.event) == expected)
            #expect(all.map(\.number) == all.map(\.number).sorted() && Set(all.map(\.number)).count == 4)
            #expect(try other.handed(after: all[1].number, limit: 1) == [all[2]])
            #expect(try other.handed(after: all[3].number, limit: 9).isEmpty)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `watermarks only rise`(_ adapter: Adapter) throws {
        try withControls(adapter) { (control, other) throws in
            try control.setWatermark(participant: "b", stage: .routing, number: 5)
            try control.setWatermark(participant: "b", stage: .intake, number: 1)
            try control.setWatermark(participant: "a", stage: .reports, number: 2)
            try other.setWatermark(participant: "b", stage: .routing, number: 4)
            try other.setWatermark(participant: "b", stage: .intake, number: 7)
            #expect(
                try control.watermarks() == [
                    Watermark(participant: "a", stage: .reports, number: 2),
                    Watermark(participant: "b", stage: .intake, number: 7),
                    Watermark(participant: "b", stage: .routing, number: 5),
                ])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the marks of stages only rise`(_ adapter: Adapter) throws {
        try withControls(adapter) { (control, other) throws in
            #expect(try control.marks().isEmpty)
            try control.setMark(start, of: .routing)
            try other.setMark(start.adding(seconds: 5), of: .intake)
            try other.setMark(start.adding(seconds: -1), of: .routing)
            #expect(try control.marks() == [.routing: start, .intake: start.adding(seconds: 5)])
            try control.setMark(start.adding(seconds: 9), of: .routing)
            #expect(try other.marks()[.routing] == start.adding(seconds: 9))
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a closed control store says so`(_ adapter: Adapter) throws {
        try withControls(adapter) { (control, _) throws in
            control.close()
            #expect(throws: StoreFailure.self) { try control.clock() }
            #expect(throws: StoreFailure.self) { try control.setClock(ControlReading(now: start, phase: .events)) }
        }
    }
}
