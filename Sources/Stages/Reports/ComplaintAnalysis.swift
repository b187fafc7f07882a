import Schema

/// The complaints of a month by what they are about: type, category, brand and model (§8).
///
/// Names are compared as everywhere (`MatterKey`) and shown as they are compared, so that no spelling goes before another.
struct ComplaintAnalysis: Codable, Sendable, Equatable {
    enum Dimension: String, CaseIterable {
        case type, category, brand, model
    }

    /// So many names of one dimension are counted apart; complaints about further ones count as `others`.
    static let nameLimit = 500

    /// By dimension, then by name.
    private var counts = SortedMap<SortedMap<Int64>>()
    /// By dimension; only where there are any.
    private var others = SortedMap<Int64>()

    /// A complaint whose type is not stated.
    static let unstated = "unstated"

    mutating func add(_ complaint: ComplaintReceived) {
        let product = complaint.product
        add(1, complaint.complaintType?.rawValue ?? Self.unstated, .type)
        add(1, product.categoryKey.text, .category)
        add(1, product.brandKey.text, .brand)
        guard let model = product.model, !model.isEmpty else { return }
        // Two brands may call different things the same.
        add(1, product.brandKey.text + " " + MatterKey(model).text, .model)
    }

    mutating func add(_ other: ComplaintAnalysis) {
        for dimension in Dimension.allCases {
            for (name, count) in other.counts[dimension.rawValue]?.entries ?? [] { add(count, name, dimension) }
            if let count = other.others[dimension.rawValue] { others[dimension.rawValue, 0] += count }
        }
    }

    private mutating func add(_ count: Int64, _ name: String, _ dimension: Dimension) {
        var names = counts[dimension.rawValue] ?? SortedMap()
        if names[name] == nil, names.count >= Self.nameLimit {
            others[dimension.rawValue, 0] += count
            return
        }
        names[name, 0] += count
        counts[dimension.rawValue] = names
    }

    /// The names with the most complaints in this month or the one before; of equals the first by name.
    ///
    /// - Parameter before: of the month before; nil: not known.
    func add(to body: inout ReportBody, before: ComplaintAnalysis?) {
        for dimension in Dimension.allCases {
            let now = counts[dimension.rawValue] ?? SortedMap()
            let then = before?.counts[dimension.rawValue] ?? SortedMap()
            var lines = SortedMap<Line>()
            for (name, count) in now.entries { lines[name] = Line(complaints: count, before: then[name] ?? 0) }
            for (name, count) in then.entries where lines[name] == nil {
                lines[name] = Line(complaints: 0, before: count)
            }
            body.add("by-" + dimension.rawValue, lines, by: Line.weight) { name, line in
                .object([
                    .init(dimension == .type ? "type" : "name", .string(name)),
                    .init("complaints", .int(line.complaints)),
                    .init("before", before == nil ? .null : .int(line.before)),
                    .init("change", before == nil ? .null : .int(line.complaints - line.before)),
                ])
            }
            if let count = others[dimension.rawValue] { body.add("by-" + dimension.rawValue + "Others", .int(count)) }
        }
    }

    private struct Line {
        let complaints: Int64
        let before: Int64

        static func weight(_ line: Line) -> [Int64] { [line.complaints, line.before] }
    }
}
