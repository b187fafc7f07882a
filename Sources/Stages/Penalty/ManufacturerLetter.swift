import Schema

/// Letters to manufacturers (R17, R18), in Chinese and English, reproducible byte for byte (R14).
struct ManufacturerLetter {
    let number: String
    let manufacturerId: String
    let date: CivilDate

    /// The penalty upon an incident that headquarters has handled.
    func penalty(_ incident: Incident, _ incidentId: String, amountFen: Int64?) -> NoticeIssued.Letter {
        let occurred = incident.occurredAt.date
        let amount = amountFen.map { Self.yuan($0) }
        return NoticeIssued.Letter(
            zh: head("厂家处罚函", zh: true)
                + "一、事实\n\(occurred),顾客回访不满意,责任在贵方(事件 \(incidentId)\(subject(incident, zh: true)))。\n\n"
                + "二、依据\n规则 R17:回访不满意的,经服务部处理后,发函对厂家进行处罚。\n\n"
                + "三、要求\n" + (amount.map { "罚款人民币 \($0) 元。" } ?? "") + "请查明原因,防止再次发生。\n",
            en: head("Penalty letter to a manufacturer", zh: false)
                + "1. Facts\nOn \(occurred) a customer was called back and not satisfied, through your fault "
                + "(incident \(incidentId)\(subject(incident, zh: false))).\n\n"
                + "2. Rule\nRule R17: after the service department has handled it, the manufacturer is penalised.\n\n"
                + "3. Demand\n" + (amount.map { "A penalty of CNY \($0). " } ?? "")
                + "Find the cause and see that it does not happen again.\n")
    }

    /// The demand of another service provider.
    func replacement(_ quarter: Quarter, incidents: [String]) -> NoticeIssued.Letter {
        let listed = incidents.prefix(60).map { "- \($0)" }.joined(separator: "\n")
        return NoticeIssued.Letter(
            zh: head("更换售后服务商的函", zh: true)
                + "一、事实\n\(quarter) 季度内,顾客回访不满意、责任在贵方的事件共 \(incidents.count) 起:\n\(listed)\n\n"
                + "二、依据\n规则 R18:一季度内连续出现的,发函要求厂家更换新的售后服务商。\n\n"
                + "三、要求\n请更换新的售后服务商,并书面告知。\n",
            en: head("Demand of another service provider", zh: false)
                + "1. Facts\nIncidents through your fault in the quarter \(quarter): \(incidents.count).\n\(listed)\n\n"
                + "2. Rule\nRule R18: upon repeated incidents in a quarter another service provider is demanded.\n\n"
                + "3. Demand\nName another service provider, in writing.\n")
    }

    private func head(_ title: String, zh: Bool) -> String {
        zh
            ? "\(title)\n编号:\(number)\n日期:\(date)\n致:厂家 \(manufacturerId)\n\n"
            : "\(title)\nNumber: \(number)\nDate: \(date)\nTo: manufacturer \(manufacturerId)\n\n"
    }

    private func subject(_ incident: Incident, zh: Bool) -> String {
        if let caseId = incident.caseId { return zh ? ",案件 \(caseId)" : ", case \(caseId)" }
        if let serviceId = incident.serviceId { return zh ? ",服务单 \(serviceId)" : ", service \(serviceId)" }
        return ""
    }

    /// Whole fen as yuan with two digits.
    private static func yuan(_ fen: Int64) -> String {
        let rest = fen % 100
        return "\(fen / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
