import Broker

/// The header `x-death`, in which a broker writes down how a message died, the latest death first.
enum MemoryDeath {
    static let header = "x-death"

    static func adding(queue: String, reason: String, to message: MemoryMessage) -> [HeaderValue] {
        var deaths: [HeaderValue] = []
        if case .array(let known)? = message.properties[header: header] { deaths = known }
        var count: Int64 = 1
        let same = deaths.firstIndex { text("queue", $0) == queue && text("reason", $0) == reason }
        if let same, case .table(let fields) = deaths.remove(at: same),
            case .int(let before)? = fields.first(where: { $0.name == "count" })?.value
        {
            count += before
        }
        let death: [HeaderField] = [
            HeaderField("count", .int(count)), HeaderField("reason", .string(reason)),
            HeaderField("queue", .string(queue)), HeaderField("exchange", .string(message.exchange)),
            HeaderField("routing-keys", .array([.string(message.routingKey)])),
        ]
        return [.table(death)] + deaths
    }

    /// A broker drops a message that comes round to the same queue without ever having been rejected on the way.
    ///
    /// So does a message lose itself that is published with the `x-death` of an earlier life.
    static func isCycle(_ deaths: [HeaderValue], _ queue: String) -> Bool {
        guard let index = deaths.firstIndex(where: { text("queue", $0) == queue }) else { return false }
        return deaths[...index].allSatisfy { text("reason", $0) != "rejected" }
    }

    private static func text(_ name: String, _ death: HeaderValue) -> String? {
        guard case .table(let fields) = death,
            case .string(let text)? = fields.first(where: { $0.name == name })?.value
        else { return nil }
        return text
    }
}
