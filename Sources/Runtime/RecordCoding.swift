import Schema
import Stages
import Store

/// A newer release has written the record, with a member that this one would lose.
package struct NewerRecord: Error, Sendable, CustomStringConvertible {
    package let key: RecordKey
    package let member: String

    package var description: String {
        "record \(key), which a newer release has written: the member \(member) is not known here"
    }
}

/// Records between the stage's types and the store's bytes.
package enum RecordCoding {
    /// The store keeps one number of outputs: those of the latest due time in the lower 32 bits, late ones above.
    private static let onTime = 0xFFFF_FFFF

    /// - Throws: `StageFault` naming the record if its body is not what the stage's type can read; `NewerRecord`.
    package static func live(_ stored: StoredRecord, of stage: any Stage) throws -> LiveRecord {
        live(stored, try value(of: stored, in: stage))
    }

    static func live(_ stored: StoredRecord, of stage: any Stage, knowing decoded: DecodedRecords) throws -> LiveRecord
    {
        if let known = decoded.value(of: stored.key, body: stored.body) { return live(stored, known) }
        let value = try value(of: stored, in: stage)
        decoded.note(value, of: stored.key, body: stored.body)
        return live(stored, value)
    }

    private static func live(_ stored: StoredRecord, _ value: any Record) -> LiveRecord {
        LiveRecord(
            value: value, version: stored.version, firedAt: stored.firedAt,
            firedOutputs: stored.firedOutputs & onTime, lateOutputs: stored.firedOutputs >> 32)
    }

    private static func value(of stored: StoredRecord, in stage: any Stage) throws -> any Record {
        let types = type(of: stage).recordTypes
        guard let type = types.first(where: { $0.kind == stored.key.kind }) else {
            throw StageFault(description: "read record \(stored.key): no such kind in this stage")
        }
        do {
            return try JSONDecoding.decodeWhole(type, from: stored.body, retired: type.retiredMembers)
        } catch let member as UnreadMember {
            throw NewerRecord(key: stored.key, member: member.name)
        } catch {
            throw StageFault(description: "read record \(stored.key) version \(stored.version): \(error)")
        }
    }

    package static func stored(_ key: RecordKey, _ record: LiveRecord) throws -> StoredRecord {
        let wake = record.value.wake
        return StoredRecord(
            key: key, version: record.version, wakeAt: wake?.at, wakeOrder: wake?.order ?? 0,
            firedAt: record.firedAt, firedOutputs: record.lateOutputs << 32 | record.firedOutputs & onTime,
            body: try JSONEncoding.bytes(of: record.value), isMetByOthers: wake?.isMetByOthers ?? false)
    }
}
