/// One thing that is wrong in a file of the policy folder.
package struct PolicyFault: Hashable, Sendable {
    package let file: String
    /// Counted from 1; nil if the fault belongs to no line, such as a file that lacks a whole year.
    package let line: Int?
    /// What the fault is about: a key with its path (`handling.storeCapFen`), or a row.
    package let subject: String
    /// What is wrong, as a predicate of the subject: "is -3".
    package let problem: String
    /// What would be right, or what to do.
    package let allowed: String

    package init(file: String, line: Int?, subject: String, problem: String, allowed: String) {
        self.file = file
        self.line = line
        self.subject = subject
        self.problem = problem
        self.allowed = allowed
    }
}

extension PolicyFault: CustomStringConvertible {
    /// One line for a person: `policy.yaml:12: handling.storeCapFen is -3; allowed: a whole number from 0 to 9`.
    package var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return "\(place): \(subject) \(problem); allowed: \(allowed)"
    }
}

/// Why a policy folder was not taken: all its faults, never none.
package struct PolicyFaults: Error, Hashable, Sendable, CustomStringConvertible {
    /// In the order policy, organisation, calendar, letters; within a file by line.
    package let faults: [PolicyFault]

    package init(faults: [PolicyFault]) {
        self.faults = faults
    }

    package var description: String {
        faults.map { $0.description }.joined(separator: "\n")
    }
}

/// Gathers the faults and warnings of one file while it is read.
///
/// Keeps at most ``limit`` of each, so that a file of another kind given by mistake does not fill the terminal.
package final class FaultCollector {
    static let limit = 200

    let file: String
    private var found = Bounded()
    private var noticed = Bounded()

    package init(file: String) {
        self.file = file
    }

    package func add(_ line: Int?, _ subject: String, _ problem: String, allowed: String) {
        found.append(PolicyFault(file: file, line: line, subject: subject, problem: problem, allowed: allowed))
    }

    func warn(_ line: Int?, _ subject: String, _ problem: String, allowed: String) {
        noticed.append(PolicyFault(file: file, line: line, subject: subject, problem: problem, allowed: allowed))
    }

    package var faults: [PolicyFault] { found.sorted(file: file) }
    var warnings: [PolicyFault] { noticed.sorted(file: file) }

    private struct Bounded {
        var kept: [PolicyFault] = []
        var dropped = 0

        mutating func append(_ fault: PolicyFault) {
            if kept.count < FaultCollector.limit { kept.append(fault) } else { dropped += 1 }
        }

        /// By line; those of one line stay in the order in which they were found.
        func sorted(file: String) -> [PolicyFault] {
            var faults = kept.enumerated()
                .sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }
                .map { $0.element }
            if dropped > 0 {
                faults.append(
                    PolicyFault(
                        file: file,
                        line: nil,
                        subject: "the file",
                        problem: "has \(dropped) more like these",
                        allowed: "correct the ones above and check again"
                    )
                )
            }
            return faults
        }
    }
}
