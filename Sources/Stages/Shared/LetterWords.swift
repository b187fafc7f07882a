import Policy
import Schema

/// How the facts of a letter are written in one language; all other wording is the templates'.
struct LetterWords {
    let language: LetterLanguage
    let policy: PolicyBook

    private func pick(_ zh: String, _ en: String) -> String {
        switch language {
        case .zh: zh
        case .en: en
        }
    }

    /// With the name that the organisation file has.
    func addressee(_ id: String, name: String?) -> String {
        name.map { pick("\($0)（\(id)）", "\($0) (\(id))") } ?? id
    }

    func subject(caseId: String?, complaintId: String?, serviceId: String?) -> String? {
        if let complaintId { return pick("投诉 \(complaintId)", "complaint \(complaintId)") }
        if let caseId { return pick("案件 \(caseId)", "case \(caseId)") }
        return serviceId.map { pick("服务单 \($0)", "service \($0)") }
    }

    /// - Parameter isWeighed: it counts on a ladder; what its category weighs is said where it is not 1.
    func violation(_ violation: Violation, isWeighed: Bool) -> [LetterField: String] {
        let id = violation.id
        let weight = policy.penalty.weights[violation.category]
        // The outlet knows the service of a call, not the case that came of it.
        let caseId = violation.isDerived && violation.serviceId != nil ? nil : violation.caseId
        return [
            .date: violation.occurredAt.date.description,
            .category: (policy.letters.category(violation.category, language) ?? pick("违规", "violation"))
                + (isWeighed && weight != 1 ? pick("（计 \(weight) 起）", " (counts \(weight))") : ""),
            .subject: subject(caseId: caseId, complaintId: violation.complaintId, serviceId: violation.serviceId)
                ?? pick("违规记录 \(id)", "violation \(id)"),
        ]
    }

    func incident(_ id: String, _ incident: Incident) -> [LetterField: String] {
        // The case that intake makes of an answer about a service has a number that nobody outside has seen.
        let caseId = incident.serviceId == nil ? incident.caseId : nil
        return [
            .date: incident.occurredAt.date.description, .incident: id, .category: failing(incident),
            .subject: subject(caseId: caseId, complaintId: incident.complaintId, serviceId: incident.serviceId)
                ?? source(incident.origin),
        ]
    }

    /// What the manufacturer has failed in (R17).
    private func failing(_ incident: Incident) -> String {
        switch incident.kind ?? .dissatisfied {
        case .dissatisfied: pick("回访不满意", "customer not satisfied when called back")
        case .quality: pick("售后服务质量问题", "problem with the quality of service")
        case .nonCooperation:
            incident.origin?.source == .advance
                ? pick("未及时配合解决，已由售后基金垫付", "not settled in time, paid from the after-sales fund")
                : pick("售后不配合", "no cooperation in after-sales service")
        }
    }

    /// What an incident without case and service is called by.
    private func source(_ origin: Incident.Origin?) -> String {
        guard let origin else { return pick("回访", "callback") }
        return switch origin.source {
        case .call: pick("回访", "callback")
        case .problem: pick("问题报告 \(origin.id)", "report \(origin.id)")
        case .advance: pick("垫付申请 \(origin.id)", "advance \(origin.id)")
        }
    }

    /// How incidents were counted (R18).
    func counted(inARow: Bool) -> String { inARow ? pick("连续", "in a row") : pick("累计", "in all") }

    func failure(_ failure: Training.Failure) -> [LetterField: String] {
        [
            .quarter: failure.quarter.description + (failure.isRetest ? pick(" 补考", ", retest") : ""),
            .assessed: String(failure.assessed), .passed: String(failure.passed),
        ]
    }

    func orders(_ running: OutletStatusChanged.Running) -> String {
        switch running {
        case .finish: pick("请继续完成", "finish them")
        case .handOver: pick("请立即移交", "hand them over at once")
        }
    }

    /// To the minute; midnight is 24:00 of the date that it ends.
    func time(_ instant: Instant) -> String {
        let second = instant.secondOfDay
        if second == 0 { return "\(instant.date.adding(days: -1)) 24:00" }
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(instant.date) \(two(second / 3600)):\(two(second / 60 % 60))"
    }

    /// Until when the addressee may appeal; nil: it falls into a year of which the calendar has no data yet.
    func appeal(until: Instant?) -> String {
        if let until { return time(until) }
        let (days, hour) = (policy.penalty.appealWorkingDays, policy.time.workingDayEndHour)
        return pick("发函之日后第 \(days) 个工作日 \(hour):00", "\(hour):00 of working day \(days) after this letter")
    }

    /// Whole fen as yuan with two digits.
    func yuan(_ fen: Int64) -> String {
        let rest = fen % 100
        return "\(fen / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension PolicyBook {
    /// The letter of a notice in both languages: it follows from facts and templates alone (R14). It names cases and
    /// dates, never a customer.
    func letter(_ kind: LetterKind, _ facts: (LetterWords) -> LetterFacts) -> NoticeIssued.Letter {
        func write(_ language: LetterLanguage) -> String {
            letters.write(kind, language, facts(LetterWords(language: language, policy: self)))
        }
        return NoticeIssued.Letter(zh: write(.zh), en: write(.en))
    }

    /// Which templates a letter was written from, beside the numbers that it states.
    func parameters(of kind: LetterKind, _ others: [JSON.Member] = []) -> JSON {
        .object(others + [JSON.Member("templates", .string(letters.digest(of: kind)))])
    }
}
