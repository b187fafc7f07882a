/// What `/healthz` and `/readyz` say.
///
/// Health asks whether the process still works: its loop has gone round. A broker or a database that is away is no reason to
/// start it again, which would help nobody, so that is asked of readiness alone.
extension Figures {
    /// In microseconds.
    package static let longestLoop: Int64 = 30_000_000

    /// One thing that a worker must have to do its work.
    package struct Check: Sendable, Hashable {
        package let name: String
        /// nil: it has it.
        package let fault: String?

        fileprivate init(_ name: String, _ isMissing: Bool, _ fault: String) {
            self.name = name
            self.fault = isMissing ? fault : nil
        }
    }

    /// Why the process should be started again; nil: it should not, also where it has not begun to work.
    ///
    /// - Parameter uptime: now, on the clock that only goes forward.
    package func stall(at uptime: Int64) -> String? {
        guard let lastLoop else { return nil }
        let silent = uptime - lastLoop.uptime
        guard silent > Figures.longestLoop else { return nil }
        return "the loop has stood still for \(silent / 1_000_000) s"
    }

    package var isReady: Bool { checks.allSatisfy { $0.fault == nil } }

    package var checks: [Check] {
        [
            Check(
                "started", lastLoop == nil, "waits for its database, its broker or its policy; its log says for which"),
            Check("running", isEnding || condition.isDraining, "it was told to stop and finishes what it has begun"),
            Check("broker", !isLinked, "a connection is missing; the log names the cause"),
            Check("unblocked", condition.isBlocked, "the broker takes no messages: its memory or its disk is short"),
            Check("store", condition.isStoreFailing || isLookFailing, "the database fails; the log names the cause"),
            Check("topology", condition.isPromiseBroken, "a message finds no queue: recourse topology verify"),
            Check(
                "policy", isPolicyRefused || policy == nil && lastLoop != nil,
                "the policy folder was not taken; the log has every fault"),
            Check("clock", isClockFailing, "the business clock cannot be read"),
        ]
    }

    private var isLinked: Bool { condition.isConsuming && condition.isPublishing }

    /// For `systemctl status`: what is missing, or that it works.
    package var status: String {
        if isEnding || condition.isDraining { return "stopping" }
        let missing = checks.filter { $0.fault != nil }.map(\.name)
        return missing.isEmpty ? "consuming" : "not ready: " + missing.joined(separator: ", ")
    }

    /// The answer to a request.
    ///
    /// - Parameters:
    ///   - uptime: now, on the clock that only goes forward.
    ///   - metrics: made only where they are asked for.
    package func reply(to request: RequestHead, uptime: Int64, metrics: () -> String) -> Reply {
        switch (request.path, request.isReading) {
        case ("/healthz", true):
            if let stall = stall(at: uptime) { return Reply(503, stall + "\n") }
            return Reply(200, lastLoop == nil ? "starting\n" : "ok\n")
        case ("/readyz", true):
            let lines = checks.map { check in
                check.fault.map { "[-] \(check.name): \($0)\n" } ?? "[+] \(check.name)\n"
            }
            return Reply(isReady ? 200 : 503, lines.joined())
        case ("/metrics", true): return Reply(200, metrics(), type: Exposition.contentType)
        case ("/healthz", false), ("/readyz", false), ("/metrics", false): return .notAllowed
        default: return .notFound
        }
    }
}
