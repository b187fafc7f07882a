extension LetterDefaults {
    static func chinese(_ kind: LetterKind) -> String {
        switch kind {
        case .warning:
            ladder(
                "警告通知书", sanction: "发函警告",
                demand: warned)
        case .rectification: ladder("限期整改通知书", sanction: "限期整改", demand: rectify)
        case .stopDispatch: ladder("停止派工通知书", sanction: "停止派工", demand: stop)
        case .stopAfterRectification:
            outlet(
                "停止派工通知书", facts: "{earlier} 号通知书要求的整改第 {count} 次未按期通过，所涉违规：", row: violation,
                rule: "限期整改未通过的，停止派工。", demand: stop)
        case .withdrawal:
            ladder("撤点通知书", sanction: "撤点", demand: withdrawn, unappealed: final)
        case .warningGrave: grave("警告通知书", sanction: "发函警告", demand: warned)
        case .rectificationGrave: grave("限期整改通知书", sanction: "限期整改", demand: rectify)
        case .stopGrave: grave("停止派工通知书", sanction: "停止派工", demand: stop)
        case .withdrawalGrave: grave("撤点通知书", sanction: "撤点", demand: withdrawn, unappealed: final)
        case .withdrawalRecommended:
            outlet(
                "撤点通知书", facts: "{period} 季度第 {count} 次提出淘汰建议，已经事业部批准：",
                row: "{n}. {date}，经考察、评价，建议撤销售后服务网点资格",
                rule: "定期对售后网点进行考察、评价，可提出淘汰的建议；经批准的，撤点。", demand: withdrawn, unappealed: final)
        case .withdrawalAfterTraining:
            outlet(
                "撤点通知书", facts: "员工培训考核连续 {count} 次未达标（{period} 季度考核后停工整顿，含补考）：",
                row: "{n}. {quarter}：参加考核 {assessed} 人，合格 {passed} 人",
                rule: "连续 {threshold} 次达不到培训合格标准的，停工整顿；培训后仍无法达标的，解除合同，取消售后服务资格。",
                demand: "自本函发出之日起解除合同，取消售后服务网点资格。请立即移交在手订单。", unappealed: final)
        case .manufacturerPenalty:
            manufacturer(
                "厂家处罚函", facts: "下列售后问题，责任在贵方：\n{each}\n\(incident)\n{end}",
                rule: "门店遇到的售后问题，或回访顾客不满意的，经服务管理部处理后，发函对厂家进行处罚。",
                demand: "罚款人民币 {amount} 元。\n请查明原因，防止再次发生。")
        case .manufacturerReplacement:
            manufacturer(
                "更换售后服务商函",
                facts: "{period} 季度内，责任在贵方、经核实的售后问题共 {count} 起：\n{each}\n\(incident)\n{end}\n\(more)",
                rule: "一季度内{counted}出现 {threshold} 次或以上的，发函要求厂家更换新的售后服务商。",
                demand: "请更换新的售后服务商，并书面告知服务管理部。")
        case .recoveryDemand:
            letter(
                "追偿通知书", to: "责任方",
                facts: "售后服务基金已为下列事项先行垫付，经批准的责任认定，由贵方承担：\n{each}\n\(advance)\n{end}\n\(returned)",
                rule: "先行垫付的款项，由相关责任人承担。",
                demand: "请于 {deadline} 前将尚欠的人民币 {amount} 元归还售后服务基金。逾期未还的，逐级催收；责任方为售后网点的，暂停结算。",
                end: "四、申诉\n本函为追偿通知，不适用申诉程序。")
        }
    }

    private static let violation = "{n}. {date}，{category}，{subject}"
    private static let incident = "{n}. {date}，{category}，{subject}，事件 {incident}"
    private static let advance = "{n}. {date}，{subject}，垫付申请 {request}，垫付人民币 {paid} 元"
    private static let returned = "其中人民币 {returned} 元已归还或核销。"
    private static let more = "另有 {more} 起，详见案宗。"
    private static let stop = "自本函发出之日起停止派工，直至另行通知恢复。在手订单：{orders}。"
    private static let warned = "自本函发出之日起予以警告，至 {deadline} 止。请立即改正，防止再次发生。"
    private static let rectify = "请于 {deadline} 前完成整改并通过复查；未通过的，将提请停止派工。"
    private static let withdrawn = "自本函发出之日起撤销售后服务网点资格。请立即移交在手订单。"
    private static let accepted = "视为接受"
    private static let final = "撤点为最终决定"

    private static func ladder(
        _ title: String, sanction: String, demand: String, unappealed: String = accepted
    ) -> String {
        outlet(
            title, facts: "{period} 考核期内，经核实的违规共 {count} 起：", row: violation,
            rule: "考核期内经核实的违规达到 {threshold} 起的，\(sanction)。", demand: demand, unappealed: unappealed)
    }

    private static func grave(
        _ title: String, sanction: String, demand: String, unappealed: String = accepted
    ) -> String {
        outlet(
            title, facts: "经核实，发生下列造成人身伤害或火灾的严重违规：", row: violation,
            rule: "严重违规经核实的，不论次数，\(sanction)。", demand: demand, unappealed: unappealed)
    }

    private static func outlet(
        _ title: String, facts: String, row: String, rule: String, demand: String, unappealed: String = accepted
    ) -> String {
        letter(
            title, to: "外协售后网点", facts: "\(facts)\n{each}\n\(row)\n{end}\n\(more)", rule: rule, demand: demand,
            end: "四、申诉\n如有异议，可于 {appealUntil} 前提出申诉；逾期不提出的，\(unappealed)。")
    }

    private static func manufacturer(_ title: String, facts: String, rule: String, demand: String) -> String {
        letter(
            title, to: "厂家", facts: facts, rule: rule, demand: demand,
            end: "四、异议\n对上述事实有异议的，请书面告知服务管理部。")
    }

    private static func letter(
        _ title: String, to: String, facts: String, rule: String, demand: String, end: String
    ) -> String {
        """
        \(title)
        编号：{number}
        日期：{date}
        致：\(to) {addressee}
        发函：服务管理部

        一、事实
        \(facts)

        二、依据
        规则 {rule}：\(rule)

        三、处理与要求
        \(demand)

        \(end)

        """
    }
}
