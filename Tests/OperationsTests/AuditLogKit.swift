import Runtime
import Schema
import Store

extension Operator {
    static let tester = Operator(name: "tess", systemUser: "oncall")
}

extension AuditLog {
    /// At a wall time of its own.
    init(for who: Operator, beside letters: SealedDeadLetters) {
        self.init(beside: letters, of: who) { Instant(seconds: 1_780_000_000) }
    }
}
