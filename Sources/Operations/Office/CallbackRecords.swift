import Runtime
import Schema
import Stages
import Store

/// Reads the callback stage's tasks: who was to be called, who called, and what was sent.
enum CallbackRecords {
    private static let pageSize = 500

    /// Hands over all tasks, ascending by id, of those that `isWanted` says yes to.
    ///
    /// - Parameters:
    ///   - keyring: opens what was said and sent; nil: tokens stay.
    ///   - isWanted: asked of the record as it is stored, before it is read.
    /// - Throws: `StoreFailure`, also if a key is missing; `StageFault` for a record that cannot be read.
    static func each(
        in store: any Store, unmask keyring: Keyring?, where isWanted: @escaping @Sendable ([UInt8]) -> Bool,
        _ body: (_ id: String, _ task: CallbackTask) -> Void
    ) async throws {
        var after = ""
        while true {
            let last = after
            let page = try await store.read { snapshot in
                let stored = try snapshot.records(kind: CallbackTask.kind, after: last, limit: pageSize)
                return Page(
                    last: stored.count < pageSize ? nil : stored.last?.key.id,
                    tasks: try read(stored.filter { isWanted($0.body) }, keyring, in: snapshot))
            }
            for (id, task) in page.tasks { body(id, task) }
            guard let end = page.last else { return }
            after = end
        }
    }

    private struct Page: Sendable {
        let last: String?
        let tasks: [(id: String, task: CallbackTask)]
    }

    private static func read(
        _ stored: [StoredRecord], _ keyring: Keyring?, in snapshot: any StoreSnapshot
    ) throws -> [(id: String, task: CallbackTask)] {
        var bodies = stored.map(\.body)
        if let keyring {
            var resolver = PersonalResolver(vault: PersonalVault(stage: .callback, keyring: keyring))
            bodies = try resolver.resolve(bodies, in: snapshot)
        }
        return try zip(stored, bodies).map { record, body in
            do {
                return (record.key.id, try JSONDecoding.decode(CallbackTask.self, from: body))
            } catch {
                throw StageFault(
                    description:
                        "read record \(record.key) version \(record.version): \(error); recourse journal replay "
                        + "tells what it must be")
            }
        }
    }
}

extension CallbackTask {
    /// What the call is about: a service, a case with its closing, or an event.
    var subjectText: String {
        if let service = about.serviceId { return "service \(service)" }
        if let event = about.eventId { return "event \(event)" }
        return "case \(about.caseId ?? "?"), closing \(about.closing ?? 1)"
    }
}
