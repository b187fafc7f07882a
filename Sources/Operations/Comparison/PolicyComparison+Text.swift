import Schema

extension PolicyComparison {
    package var text: String {
        var lines = [
            "A: policy \(a.policy) (\(a.folder))", "B: policy \(b.policy) (\(b.folder))", "until \(until)", "",
        ]
        lines += totals.lines
        for side in [a, b] where side.unanswered > 0 {
            lines += ["", "\(side.name): \(side.unanswered) answers could not be given, the first:"]
            lines += side.unansweredExamples.map { "  " + $0 }
        }
        guard differs else { return (lines + ["", "Both policies decide the same."]).joined(separator: "\n") }
        if !events.isEmpty {
            var table = TextTable("EVENT", ">A", ">B", ">B-A")
            for one in events { table.add(one.type, String(one.a), String(one.b), Self.signed(one.b - one.a)) }
            lines += [""] + table.lines
        }
        lines += ["", "Outlets judged otherwise: \(outlets.count) of \(outletsSeen)"]
        for outlet in outlets { lines += [""] + outlet.lines }
        if caseCount > 0 {
            lines += ["", "Cases that move up otherwise: \(caseCount)"]
            var table = TextTable("COMPLAINT", "CASE", "A", "B")
            for one in cases { table.add(one.complaintId, one.caseId, Self.told(one.a), Self.told(one.b)) }
            lines += table.lines
            if caseCount > cases.count { lines.append("and \(caseCount - cases.count) more") }
        }
        return lines.map(TextTable.printable).joined(separator: "\n")
    }

    /// The totals of both sides, in rows that text and HTML share.
    var totalRows: [(name: String, a: Int64, b: Int64)] {
        func row(_ name: String, _ value: (Side) -> Int) -> (String, Int64, Int64) {
            (name, Int64(value(a)), Int64(value(b)))
        }
        var rows: [(name: String, a: Int64, b: Int64)] = [
            row("outlets with a proposal") { $0.outletsProposed }, row("proposals") { $0.proposals },
            row("notices") { $0.notices }, row("payments") { $0.fund.disbursed.count },
            ("paid, fen", a.fund.disbursed.fen, b.fund.disbursed.fen),
            ("recovered, fen", a.fund.recovered.fen, b.fund.recovered.fen),
            ("written off, fen", a.fund.writtenOff.fen, b.fund.writtenOff.fen),
            ("balance, fen", a.fund.balanceFen, b.fund.balanceFen),
        ]
        for place in Set(a.moves.map(\.name)).union(b.moves.map(\.name)).sorted() {
            let name = place.hasPrefix("overdue") ? "cases \(place)" : "escalations to \(place)"
            rows.append(row(name) { $0.moves(to: place) })
        }
        for (left, right) in zip(a.callbacks, b.callbacks) {
            func figure(_ name: String, _ value: (CallbackFigures) -> Int) {
                rows.append(
                    ("callbacks \(left.kind) \(name)", Int64(value(left.figures)), Int64(value(right.figures))))
            }
            figure("scheduled") { $0.scheduled }
            figure("due") { $0.due }
            figure("missed") { $0.missed }
            figure("exhausted") { $0.exhausted }
        }
        rows.append(row("dead letters") { $0.deadLetters })
        return rows.filter { $0.a != 0 || $0.b != 0 }
    }

    private var totals: TextTable {
        var table = TextTable("", ">A", ">B", ">B-A")
        for row in totalRows { table.add(row.name, String(row.a), String(row.b), Self.signed(Int(row.b - row.a))) }
        return table
    }

    static func signed(_ number: Int) -> String { number > 0 ? "+\(number)" : number == 0 ? "" : String(number) }

    static func told(_ moves: [CaseMove]) -> String {
        moves.isEmpty ? "-" : moves.map { "\($0.to) \($0.at)" }.joined(separator: ", ")
    }
}

extension OutletDifference {
    var lines: [String] {
        var lines = ["outlet \(outletId)"]
        if !counts.isEmpty {
            let told = counts.map { $0.a == $0.b ? "\($0.period): \($0.a)" : "\($0.period): A \($0.a), B \($0.b)" }
            lines.append(
                "  upheld violations by occurrence, each matter once by its weight: " + told.joined(separator: "; "))
        }
        var table = TextTable(
            "  RUNG", "LADDER", "PERIOD", "", ">COUNT", ">FROM", "VIOLATIONS", "PROPOSED", "NOTICE", "SUPERSEDED")
        for rung in rungs {
            for (side, proposal) in [("A", rung.a), ("B", rung.b)] {
                let first = side == "A" ? ["  " + rung.rung, rung.ladder, rung.period, side] : ["", "", "", side]
                table.add(first + OutletDifference.cells(proposal))
            }
        }
        if !rungs.isEmpty { lines += table.lines }
        lines.append("  status A: " + OutletDifference.told(statusesA))
        lines.append("  status B: " + OutletDifference.told(statusesB))
        var list = TextTable("  NO", "VIOLATION", "CATEGORY", "ABOUT", "OCCURRED", "VERIFIED", "VERDICT")
        for one in violations {
            for (side, violation) in [(one.b == nil ? "" : "A", one.a), ("B", one.b)] {
                guard let violation else { continue }
                list.add([side.isEmpty ? "  \(one.number)" : "  \(one.number) \(side)"] + violation.cells)
            }
        }
        return violations.isEmpty ? lines : lines + list.lines
    }

    static func cells(_ proposal: Proposal?) -> [String] {
        guard let proposal else { return ["-", "", "not proposed", "", "", ""] }
        return [
            String(proposal.count), proposal.threshold.map(String.init) ?? "",
            proposal.violations.map { "#\($0)" }.joined(separator: " "), proposal.proposedAt.description,
            proposal.noticeAt?.description ?? "-", proposal.supersededAt?.description ?? "",
        ]
    }

    static func told(_ statuses: [StatusChange]) -> String {
        guard !statuses.isEmpty else { return "unchanged" }
        return statuses.map { status in
            let holds = status.holds.isEmpty ? "" : " (\(status.holds.joined(separator: ", ")))"
            return "\(status.to)\(holds) \(status.at)"
        }.joined(separator: ", ")
    }
}

extension ViolationCourse {
    var cells: [String] {
        let about = [caseId.map { "case \($0)" }, serviceId.map { "service \($0)" }].compactMap { $0 }
        let verdict = upheld.map { $0 ? "upheld" : "not upheld" } ?? "not verified"
        return [
            violationId, weight == 1 ? category : "\(category) x\(weight)", about.joined(separator: ", "),
            occurredAt.description,
            verifiedAt?.description ?? "-", verdict,
        ]
    }
}
