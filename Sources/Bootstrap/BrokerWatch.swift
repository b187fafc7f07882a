import Logging
import Operations
import Runtime
import Schema
import Stages

/// What a supervisor sees of the broker that its workers cannot: policies, bindings, and messages that do not come back.
/// Says what has begun to differ, and when it differs no longer.
struct BrokerWatch: Sendable {
    private static let secondsBetweenLooks = 60
    let installation: Installation
    let logger: Logger

    /// Looks now, and every minute while `body` runs.
    func during(_ body: () async -> Void) async {
        let looks = Task {
            var said: Set<String> = []
            while !Task.isCancelled {
                let found = await look()
                for line in found where !said.contains(line) {
                    logger.warning("the broker", metadata: ["what": "\(line)"])
                }
                if found.isEmpty, !said.isEmpty { logger.info("the broker is as the pipeline needs it") }
                said = Set(found)
                guard (try? await Task.sleep(for: .seconds(Self.secondsBetweenLooks))) != nil else { return }
            }
        }
        await body()
        looks.cancel()
    }

    private func look() async -> [String] {
        do {
            let api = try installation.management("watch the broker")
            let report = try await TopologyOperations(.pipeline(Pipeline.stages), declarer: nil, api: api).verify()
            let differences = report.open.map { "\($0.state.rawValue) \($0.kind.rawValue) \($0.name) \($0.detail)" }
            return (differences + report.overdue).map { $0 + "; recourse topology verify" }
        } catch {
            return ["policies, bindings and delays are not seen: \(error)"]
        }
    }
}
