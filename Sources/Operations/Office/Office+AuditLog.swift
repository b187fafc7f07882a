import Runtime
import Schema
import Store

/// Who did what, and who looked at what.
extension Office {
    private func auditLog<Answer: Sendable>(
        _ question: (AuditLog, SealedDeadLetters) async throws -> Answer
    ) async throws -> Answer {
        let letters = try premises.deadLetters()
        do {
            let answer = try await question(premises.auditLog(beside: letters), letters)
            await letters.close()
            return answer
        } catch {
            await letters.close()
            throw error
        }
    }

    /// Writes an act down.
    package func log(_ act: OperatorAct, outcome: OperatorAct.Outcome = .done) async throws {
        var act = act
        act.outcome = outcome
        // An act on more than an entry has room for is written as several.
        var rest = act.objects[...]
        repeat {
            act.objects = Array(rest.prefix(AuditLog.objectsPerEntry))
            rest = rest.dropFirst(AuditLog.objectsPerEntry)
            let written = act
            try await auditLog { log, _ in try await log.write(written) }
        } while !rest.isEmpty
    }

    /// Writes down that somebody looks at a person's data, before anything is shown.
    func look(_ verb: String, unmask: Bool, at person: PersonSought) async throws {
        try await auditLog { log, letters in
            var act = OperatorAct(unmask ? verb + " --unmask" : verb)
            switch person {
            case .phone:
                guard let key = person.phoneKey else { break }
                let trace = try await letters.trace(of: key)
                act.objects = [.init(AuditLogObject.person(trace))]
                act.persons = [trace]
            case .cases(let ids): act.objects = ids.map { .init(AuditLogObject.case($0)) }
            }
            try await log.write(act)
        }
    }

    /// What the audit log tells, the newest first.
    ///
    /// - Parameters:
    ///   - phone: only what was done to whoever has this number.
    ///   - after: the `next` of the page before.
    package func listAuditLog(
        _ filter: AuditLogFilter, phone: PhoneKey?, after: Int64?, limit: Int
    ) async throws -> AuditLogList {
        try await auditLog { log, letters in
            var filter = filter
            if let phone { filter.object = AuditLogObject.person(try await letters.trace(of: phone)) }
            return try await log.list(filter, after: after, limit: limit)
        }
    }

    /// Whether the audit log is what was written.
    ///
    /// - Parameter expected: heads that were told before, such as a backup's.
    package func verifyAuditLog(expecting expected: [AuditLogHead]) async throws -> AuditLogVerification {
        try await auditLog { log, _ in try await log.verify(expecting: expected) }
    }

    /// How far the audit log has come.
    package func auditLogHead() async throws -> AuditLogHead {
        try await auditLog { log, _ in try await log.head() }
    }
}
