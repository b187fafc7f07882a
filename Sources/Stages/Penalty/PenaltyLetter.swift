import Policy
import Schema

/// The letter of a penalty notice, in Chinese and English: plain text that follows from the dossier alone, so that it
/// can be written again byte for byte (R14). It names cases and dates, never a customer.
struct PenaltyLetter {
    let number: String
    let outletId: String
    let proposal: Proposal
    let violations: [Violation]
    let effect: Effect
    let penalty: PenaltyPolicy

    /// A letter lists at most so many violations one by one; the number of the rest follows.
    private static let listed = 60

    var text: NoticeIssued.Letter { NoticeIssued.Letter(zh: chinese, en: english) }

    /// The numbers of the policy that the letter states.
    var parameters: JSON {
        var members: [JSON.Member] = []
        if let threshold = proposal.threshold { members.append(JSON.Member("threshold", .int(Int64(threshold)))) }
        switch proposal.rung {
        case .warning: members.append(JSON.Member("warningMinDays", .int(Int64(penalty.warningMinDays))))
        case .rectification: members.append(JSON.Member("rectificationDays", .int(Int64(penalty.rectificationDays))))
        case .stopDispatch, .withdrawal: break
        }
        members.append(JSON.Member("appealWorkingDays", .int(Int64(penalty.appealWorkingDays))))
        return .object(members)
    }

    private static func minute(_ instant: Instant?) -> String? {
        guard let instant else { return nil }
        let second = instant.secondOfDay
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(instant.date) \(two(second / 3600)):\(two(second / 60 % 60))"
    }
}

// MARK: Chinese

extension PenaltyLetter {
    private var chinese: String {
        var lines = ["处罚通知书", "编号:\(number)", "日期:\(effect.issuedAt.date)", "致:外协售后网点 \(outletId)", "", "一、事实"]
        lines.append(chineseFacts)
        for (index, violation) in violations.prefix(Self.listed).enumerated() {
            lines.append(
                "\(index + 1). \(violation.occurredAt.date),\(violation.category),\(chineseSubject(violation))")
        }
        if violations.count > Self.listed { lines.append("另有 \(violations.count - Self.listed) 起,详见案宗。") }
        lines += ["", "二、依据", chineseRule, "", "三、处理与要求", chineseDemand, "", "四、申诉"]
        if let until = Self.minute(effect.appealUntil) {
            lines.append("如有异议,可于 \(until) 前提出申诉;逾期不提出的,视为接受。")
        } else {
            lines.append("如有异议,可于发函之日起 \(penalty.appealWorkingDays) 个工作日内提出申诉;逾期不提出的,视为接受。")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func chineseSubject(_ violation: Violation) -> String {
        if let caseId = violation.caseId { return "案件 \(caseId)" }
        if let serviceId = violation.serviceId { return "服务单 \(serviceId)" }
        return "违规记录 \(violation.id)"
    }

    private var chineseFacts: String {
        switch proposal.ladder {
        case .monthly: "\(proposal.period) 月内,经核实的违规共 \(proposal.count) 起:"
        case .cumulative: "\(proposal.period) 年内,经核实的违规累计 \(proposal.count) 起:"
        case .rectification: "通知 \(proposal.period) 要求的整改第 \(proposal.count) 次未按期通过,所涉违规:"
        case .training: "截至 \(proposal.period) 及其后的补考,员工培训考核连续 \(proposal.count) 次未达标。"
        }
    }

    private var chineseRule: String {
        let rung = chineseRung
        let threshold = proposal.threshold ?? 0
        return switch proposal.ladder {
        case .monthly: "规则 R12:外协网点当月违规达到 \(threshold) 次的,给予\(rung)。"
        case .cumulative: "规则 R13:外协网点当年违规累计达到 \(threshold) 次的,给予\(rung)。"
        case .rectification: "规则 R12:限期整改未通过的,给予\(rung)。"
        case .training: "规则 R16:停工整顿、培训后仍无法达标的,\(rung)。"
        }
    }

    private var chineseRung: String {
        switch proposal.rung {
        case .warning: "发函警告"
        case .rectification: "限期整改"
        case .stopDispatch: "停止派工"
        case .withdrawal: "撤点"
        }
    }

    private var chineseDemand: String {
        let end = Self.minute(effect.endsAt) ?? ""
        return switch proposal.rung {
        case .warning: "发函警告,至 \(end) 止。请立即改正,防止再次发生。"
        case .rectification: "限期整改。请于 \(end) 前完成整改并通过复查;未通过的,将提请停止派工。"
        case .stopDispatch:
            "自本通知发出之日起停止派工。" + (effect.hasHazard ? "在手订单请立即移交。" : "在手订单请完成。")
        case .withdrawal: "撤销服务网点资格。在手订单请立即移交。"
        }
    }
}

// MARK: English

extension PenaltyLetter {
    private var english: String {
        var lines = [
            "Penalty notice", "Number: \(number)", "Date: \(effect.issuedAt.date)", "To: service outlet \(outletId)",
            "",
            "1. Facts",
        ]
        lines.append(englishFacts)
        for (index, violation) in violations.prefix(Self.listed).enumerated() {
            lines.append(
                "\(index + 1). \(violation.occurredAt.date), \(violation.category), \(englishSubject(violation))")
        }
        if violations.count > Self.listed {
            lines.append("and \(violations.count - Self.listed) more, which the dossier lists.")
        }
        lines += ["", "2. Rule", englishRule, "", "3. Decision and demand", englishDemand, "", "4. Appeal"]
        if let until = Self.minute(effect.appealUntil) {
            lines.append("You may appeal until \(until); after that the decision counts as accepted.")
        } else {
            lines.append(
                "You may appeal within \(penalty.appealWorkingDays) working days of this letter; after that the decision "
                    + "counts as accepted.")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func englishSubject(_ violation: Violation) -> String {
        if let caseId = violation.caseId { return "case \(caseId)" }
        if let serviceId = violation.serviceId { return "service \(serviceId)" }
        return "violation \(violation.id)"
    }

    private var englishFacts: String {
        switch proposal.ladder {
        case .monthly: "Verified violations of the month \(proposal.period): \(proposal.count)."
        case .cumulative: "Verified violations of the year \(proposal.period): \(proposal.count)."
        case .rectification:
            "The rectification demanded by notice \(proposal.period) was not passed in time "
                + "(failure \(proposal.count)). It concerned:"
        case .training:
            "Training assessments failed in a row up to \(proposal.period) and its retests: \(proposal.count)."
        }
    }

    private var englishRule: String {
        let threshold = proposal.threshold ?? 0
        return switch proposal.ladder {
        case .monthly: "Rule R12: \(threshold) or more violations in a month lead to: \(englishRung)."
        case .cumulative: "Rule R13: \(threshold) or more violations in a year lead to: \(englishRung)."
        case .rectification: "Rule R12: a rectification that is not passed leads to: \(englishRung)."
        case .training: "Rule R16: failing again after training leads to: \(englishRung)."
        }
    }

    private var englishRung: String {
        switch proposal.rung {
        case .warning: "warning"
        case .rectification: "rectification within a term"
        case .stopDispatch: "stop of dispatch"
        case .withdrawal: "withdrawal"
        }
    }

    private var englishDemand: String {
        let end = Self.minute(effect.endsAt) ?? ""
        return switch proposal.rung {
        case .warning: "Warning, until \(end). Correct this at once and see that it does not happen again."
        case .rectification:
            "Put things right and pass the review by \(end); otherwise a stop of dispatch will be proposed."
        case .stopDispatch:
            "No more orders are given to you from the date of this letter. "
                + (effect.hasHazard ? "Hand over the orders in hand at once." : "Finish the orders in hand.")
        case .withdrawal: "You are no longer a service outlet. Hand over the orders in hand at once."
        }
    }
}
