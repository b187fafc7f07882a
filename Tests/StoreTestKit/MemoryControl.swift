import Schema
import Store
import Synchronization

/// The control store in memory, for simulation and tests; shared by whoever holds it.
package final class MemoryControl: ControlStore, WorkforceStore {
    private struct State {
        var reading: ControlReading?
        var participants: [String: Participant] = [:]
        var handed: [NumberedHandedEvent] = []
        var known: Set<EventKey> = []
        var watermarks: [String: [StageName: Int64]] = [:]
        var marks: [StageName: Instant] = [:]
        var signs: [WorkerSign] = []
        var orders: [String: SteeringOrder] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    package init() {}

    private func use<T: Sendable>(_ body: (inout State) throws -> T) throws -> T {
        try state.withLock { state in
            guard !state.isClosed else {
                throw StoreFailure(
                    .unavailable, operation: "using the control store in memory", cause: "the store is closed")
            }
            return try body(&state)
        }
    }

    package func clock() throws -> ControlReading? { try use { $0.reading } }

    package func setClock(_ reading: ControlReading) throws {
        try use { state in
            if let present = state.reading { try ClockFailure.requireForward(from: present, to: reading) }
            state.reading = reading
        }
    }

    package func upsertParticipant(_ participant: Participant) throws {
        try use { $0.participants[participant.name] = participant }
    }

    package func participants() throws -> [Participant] {
        try use { $0.participants.values.sorted { $0.name < $1.name } }
    }

    package func removeParticipant(_ name: String) throws {
        try use { state in
            state.participants[name] = nil
            state.watermarks[name] = nil
        }
    }

    package func appendHanded(_ events: [HandedEvent]) throws {
        try use { state in
            for event in events where state.known.insert(event.key).inserted {
                state.handed.append(NumberedHandedEvent(number: Int64(state.handed.count + 1), event: event))
            }
        }
    }

    package func handed(after: Int64, limit: Int) throws -> [NumberedHandedEvent] {
        try use { state in
            let start = Int(clamping: max(0, min(after, Int64(state.handed.count))))
            return Array(state.handed[start...].prefix(max(0, limit)))
        }
    }

    package func setWatermark(participant: String, stage: StageName, number: Int64) throws {
        try use { state in
            let present = state.watermarks[participant]?[stage] ?? number
            state.watermarks[participant, default: [:]][stage] = max(present, number)
        }
    }

    package func watermarks() throws -> [Watermark] {
        try use { state in
            state.watermarks.flatMap { name, stages in
                stages.map { Watermark(participant: name, stage: $0.key, number: $0.value) }
            }
        }.sorted { ($0.participant, $0.stage) < ($1.participant, $1.stage) }
    }

    package func say(_ sign: WorkerSign, forgetting: Instant) throws {
        try use { state in
            state.signs.removeAll { ($0.role, $0.name) == (sign.role, sign.name) || $0.aliveUntil < forgetting }
            state.signs.append(sign)
        }
    }

    package func signs() throws -> [WorkerSign] {
        try use { $0.signs.sorted { ($0.role, $0.name) < ($1.role, $1.name) } }
    }

    package func give(_ order: SteeringOrder) throws { try use { $0.orders[order.target.text] = order } }

    package func orders() throws -> [SteeringOrder] {
        try use { $0.orders.sorted { $0.key < $1.key }.map(\.value) }
    }

    package func withdrawOrder(for target: SteeringTarget) throws -> Bool {
        try use { $0.orders.removeValue(forKey: target.text) != nil }
    }

    package func setMark(_ mark: Instant, of stage: StageName) throws {
        try use { $0.marks[stage] = max($0.marks[stage] ?? mark, mark) }
    }

    package func marks() throws -> [StageName: Instant] { try use { $0.marks } }

    package func close() { state.withLock { $0.isClosed = true } }
}
