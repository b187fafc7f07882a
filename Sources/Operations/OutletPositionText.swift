import Policy
import Schema
import Stages

/// An outlet's position in words and tables.
extension OutletPosition {
    package var lines: [String] {
        var lines = [heading, statusLine]
        if isClosed { return lines + ["Its withdrawal is final: nothing is counted, proposed or owed any more."] }
        lines.append(unverified == 0 ? "No reported violation waits to be verified." : waiting)
        lines += [""] + ladderLines
        lines += prospect(pending, "As it stands, the next evaluation will propose").map { [$0] } ?? []
        if !places.isEmpty {
            let isSame = oneMore?.rung == pending?.rung
            lines.append(
                (isSame ? nil : prospect(oneMore, "One more violation now, if upheld, brings"))
                    ?? "One more violation now, if upheld, brings nothing \(pending == nil ? "new" : "worse than that")."
            )
        }
        lines += [""] + termLines
        if !letters.isEmpty { lines += [""] + letterLines }
        lines += ["", "As of \(at), by policy \(policy)."]
        return lines
    }

    private var heading: String {
        let names = [name, region.map { "region \($0)" }].compactMap { $0 }
        let listed =
            listedSince.map { "duties since \($0)" } ?? "not listed in the organisation file, so it has no duties"
        return "Outlet \(outletId): " + (names + [listed]).joined(separator: ", ")
    }

    private var statusLine: String {
        let why = holds.map { hold in
            switch hold {
            case .ladder: "a penalty of the ladder"
            case .rectification: "a rectification that was not passed"
            case .siteCheck: "no passed site check"
            case .training: "failed trainings"
            }
        }
        if why.isEmpty { return "Status: \(status.rawValue). It may be given orders." }
        let orders = running == .finish ? "Orders in hand are finished." : "Orders in hand are handed over."
        return "Status: \(status.rawValue). It gets no orders because of \(why.joined(separator: "; ")). \(orders)"
    }

    private var waiting: String {
        unverified == 1
            ? "1 reported violation waits to be verified; until then it counts for nothing."
            : "\(unverified) reported violations wait to be verified; until then they count for nothing."
    }

    private var ladderLines: [String] {
        if places.isEmpty { return ["Both ladders are switched off (R12, R13)."] }
        var table = TextTable("LADDER", "PERIOD", ">VIOLATIONS", "RUNG", "NEXT RUNG")
        for place in places {
            let next = place.nextRung.flatMap { rung in place.nextFrom.map { "\(rung.words) from \($0)" } }
            table.add(
                place.ladder, place.period, String(place.count), place.rung?.words ?? "-", next ?? "none is worse")
        }
        return table.lines
    }

    private func prospect(_ prospect: Prospect?, _ words: String) -> String? {
        prospect.map { "\(words): \($0.rung.words) (\($0.count) in \($0.period), \($0.ladder) ladder)." }
    }

    private var termLines: [String] {
        if terms.isEmpty { return ["No terms are open."] }
        var table = TextTable("UNTIL", "OPEN TERMS")
        for term in terms {
            table.add(term.until?.description ?? "-", term.words + (term.isOverdue ? ": overdue" : ""))
        }
        return table.lines
    }

    private var letterLines: [String] {
        var table = TextTable("LETTERS IN FORCE", "RUNG", "ISSUED", "STATE", "NOTICE")
        for letter in letters {
            let state =
                switch letter.state {
                case .inForce: "in force"
                case .underAppeal: "in force, under appeal"
                case .suspendedByAppeal: "suspended by an appeal"
                }
            table.add(letter.number, letter.rung.words, letter.issuedAt.description, state, letter.noticeId)
        }
        return table.lines
    }
}

extension OutletPosition.Term {
    fileprivate var words: String {
        let about = about ?? ""
        return switch what {
        case .decision: "the business division decides proposal \(about) (\(rung?.words ?? "-"))"
        case .warning: "the warning of letter \(about) holds"
        case .rectification: "the rectification that letter \(about) demands must be accepted"
        case .appeal: "an appeal against letter \(about) (\(rung?.words ?? "-")) is possible"
        case .appealDecision: "the appeal against letter \(about) waits for its decision"
        case .siteCheck: about.isEmpty ? "a site check must be passed before it gets orders" : "site check of \(about)"
        case .training: "the training of \(about) is judged"
        case .retest: "a retest must be passed (work was stopped after \(about))"
        case .evaluation: "next evaluation of its violations"
        }
    }
}

extension Rung {
    fileprivate var words: String { self == .stopDispatch ? "stop of dispatch" : rawValue }
}
