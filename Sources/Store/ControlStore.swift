import Schema
package struct ControlReading: Sendable { package let now: Instant; package let phase: ClockPhase }
package protocol ControlStore: Sendable { func clock() throws -> ControlReading? }
