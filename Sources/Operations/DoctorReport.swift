import Schema

/// `recourse doctor`: what was looked at, what is wrong with it, and what to do.
package struct DoctorReport: OperationReport, Codable, Hashable {
    package enum Verdict: String, Sendable, Hashable, Codable {
        case ok
        /// Works, and should be changed.
        case warning
        /// Unsafe, or does not work.
        case wrong
        /// Could not be looked at.
        case unseen
    }

    package struct Finding: Sendable, Hashable, Codable {
        package let part: String
        package let verdict: Verdict
        /// What was seen.
        package let cause: String
        /// What to do; empty where nothing is.
        package let cure: String

        package init(_ part: String, _ verdict: Verdict, _ cause: String, cure: String = "") {
            self.part = part
            self.verdict = verdict
            self.cause = cause
            self.cure = cure
        }
    }

    package private(set) var findings: [Finding] = []

    package init() {}

    package mutating func add(_ part: String, _ verdict: Verdict, _ cause: String, cure: String = "") {
        findings.append(Finding(part, verdict, cause, cure: cure))
    }

    package var exitCode: Int32 {
        if findings.contains(where: { $0.verdict == .wrong }) { return 1 }
        return findings.contains { $0.verdict == .unseen } ? 69 : 0
    }

    package var text: String {
        let lines = findings.map { one in
            let mark = one.verdict == .ok ? "ok     " : one.verdict.rawValue.padded(to: 7)
            return "\(mark) \(one.part): \(one.cause)" + (one.cure.isEmpty ? "" : "\n          → \(one.cure)")
        }
        let wrong = findings.count { $0.verdict == .wrong }
        let warnings = findings.count { $0.verdict == .warning }
        let unseen = findings.count { $0.verdict == .unseen }
        let sum =
            wrong + warnings + unseen == 0
            ? "All \(findings.count) are in order."
            : "\(wrong) wrong, \(warnings) warnings, \(unseen) not seen, of \(findings.count)."
        return (lines + [sum]).joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// What a version of RabbitMQ means for what Recourse relies on. Read in the broker's own sources at these tags; run here
/// is 3.10 alone.
package enum BrokerVersion {
    /// - Parameter version: `3.10.8`, as the broker tells it.
    package static func finding(_ version: String) -> DoctorReport.Finding {
        let numbers = version.split(whereSeparator: { $0 == "." || $0 == "-" || $0 == "+" }).prefix(2).map {
            Int($0) ?? 0
        }
        let (major, minor) = (numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
        let part = "broker version"
        switch (major, minor) {
        case (3, ..<10), (..<3, _):
            return .init(
                part, .wrong, "RabbitMQ \(version): before 3.10 quorum queues have no delays and lose dead letters",
                cure: "upgrade the broker to 3.10 or newer")
        case (3, _):
            return .init(
                part, .ok,
                "RabbitMQ \(version): every return to a queue counts as a delivery; the queues' own limit of 100 holds")
        case (4, ..<3):
            return .init(
                part, .ok,
                "RabbitMQ \(version): every return counts, and a queue without a limit of its own would have 20; ours have 100"
            )
        default:
            return .init(
                part, .ok,
                "RabbitMQ \(version): read, not run; a return by basic.nack counts no longer, a lost connection does")
        }
    }
}

/// Policies that operators of the broker have set over those of the pipeline.
package enum OperatorPolicies {
    /// Of `GET /api/operator-policies/VHOST`, those whose pattern may match a queue of the pipeline and that take something
    /// from it.
    package static func findings(_ document: JSON, queues: [String]) -> [DoctorReport.Finding] {
        let dangerous = [
            "message-ttl", "expires", "max-length", "max-length-bytes", "delivery-limit", "overflow",
            "dead-letter-exchange",
        ]
        return (document.elements ?? []).compactMap { policy in
            guard let name = policy["name"]?.string, let pattern = policy["pattern"]?.string,
                // A pattern that cannot be read here is not judged: the broker's are of another language.
                let regex = try? Regex(pattern), let queue = queues.first(where: { $0.contains(regex) })
            else { return nil }
            let keys = (policy["definition"]?.members ?? []).map(\.name).filter(dangerous.contains)
            guard !keys.isEmpty else { return nil }
            return .init(
                "operator policy", .warning,
                "\(name) sets \(keys.joined(separator: ", ")) for \(queue), above what the pipeline declares",
                cure: "have its pattern leave out recourse.*, or its values keep every message")
        }
    }
}
