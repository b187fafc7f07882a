/// What the names in a report's body are called in Chinese and English.
package struct ReportTerm: Sendable, Hashable {
    package let zh: String
    package let en: String

    package init(_ zh: String, _ en: String) {
        self.zh = zh
        self.en = en
    }

    /// A name without a term is shown as it is.
    package static func of(_ name: String) -> ReportTerm { terms[name] ?? ReportTerm(name, name) }

    private static let terms: [String: ReportTerm] = [
        // Kinds
        "weekly-form": .init("服务质量周报", "Weekly service quality form"),
        "weekly-summary": .init("周回访总结", "Weekly summary"),
        "monthly-store": .init("门店月报", "Store, monthly"),
        "monthly-outlet": .init("网点月报", "Outlet, monthly"),
        "callback-analysis": .init("月度回访分析", "Monthly callback analysis"),
        "yearly-summary": .init("年度总结", "Yearly summary"),
        // Sections
        "counts": .init("数量", "Counts"), "rates": .init("指标", "Rates"),
        "gap": .init("服务质量差距", "Service-quality gap"), "report": .init("周报提交", "The store's own report"),
        "reports": .init("周报提交情况", "Weekly reports"), "standing": .init("网点状态", "Standing"),
        "ladder": .init("处罚阶梯", "Penalty ladders"), "penalties": .init("处罚", "Penalties"),
        "callbacks": .init("回访类别", "Callbacks by kind"), "stores": .init("门店", "Stores"),
        "outlets": .init("网点", "Outlets"), "months": .init("各月", "Months"),
        "proposals": .init("处罚建议", "Proposed penalties"), "fund": .init("售后基金", "After-sales fund"),
        "age": .init("未收回款项账龄", "Open advances by age"),
        // Counts
        "cases": .init("立案", "Cases opened"), "linkedComplaints": .init("并案投诉", "Linked complaints"),
        "closings": .init("结案", "Closings"), "installation": .init("安装", "Installations"),
        "repair": .init("维修", "Repairs"), "maintenance": .init("保养", "Maintenance"),
        "delivery": .init("送货", "Deliveries"), "callbackTasks": .init("应回访", "Callbacks due"),
        "reached": .init("接通", "Reached"), "refused": .init("拒访", "Refused"),
        "exhausted": .init("多次未接通", "Not reached"), "wrong-number": .init("错号", "Wrong number"),
        "satisfied": .init("满意", "Satisfied"), "dissatisfied": .init("不满意", "Dissatisfied"),
        "violations": .init("违规记录", "Violations recorded"), "upheld": .init("属实", "Upheld"),
        "turnedDown": .init("不属实", "Turned down"), "notices": .init("发函", "Notices"),
        "lateFacts": .init("逾期补记", "Counted after their month's report"),
        "complaints": .init("投诉", "Complaints"), "services": .init("服务", "Services"),
        "tasks": .init("应回访", "Due"), "done": .init("已回访", "Done"),
        // Rates
        "callback": .init("回访率", "Callback rate"), "contact": .init("接通率", "Contact rate"),
        "contact-in-warranty": .init("保修期内接通率", "Contact rate, in warranty"),
        "contact-case-closed": .init("结案回访接通率", "Contact rate, closed cases"),
        "satisfaction": .init("满意率", "Satisfaction"), "first-visit": .init("一次上门修复率", "First-visit repair rate"),
        "repeat-repair": .init("返修率", "Repeat-repair rate"), "on-time": .init("准时率", "On-time rate"),
        "response": .init("及时响应率", "Response in time"), "reply": .init("按时答复率", "Reply in time"),
        "completeness": .init("档案完整率", "Complete records"), "recoveryRate": .init("回收率", "Recovery rate"),
        "met": .init("达标", "met"), "missed": .init("未达标", "missed"), "too-few": .init("样本不足", "too few cases"),
        // Gap
        "criterion": .init("维度", "Criterion"), "weight": .init("权重", "Weight"), "answers": .init("份数", "Answers"),
        "gapThousandths": .init("差距", "Gap"), "thousandths": .init("差距", "Gap"),
        "expected": .init("期望均值", "Expected"), "perceived": .init("感知均值", "Perceived"),
        "reliability": .init("可靠性", "Reliability"), "responsiveness": .init("响应性", "Responsiveness"),
        "assurance": .init("保证性", "Assurance"), "empathy": .init("移情性", "Empathy"),
        "recovery": .init("补救性", "Recovery"), "reputation": .init("信誉", "Reputation"),
        // Weekly reports, standing, ladders
        "status": .init("状态", "Status"), "submittedAt": .init("提交时间", "Submitted"),
        "dueAt": .init("截止时间", "Due"), "listedViolations": .init("上报违规", "Violations listed"),
        "owed": .init("应交", "Owed"), "inTime": .init("按时", "In time"), "in-time": .init("按时", "In time"),
        "late": .init("迟交", "Late"), "missing": .init("未交", "Missing"), "not-owed": .init("无需提交", "Not owed"),
        "holds": .init("停工原因", "Holds"), "dispatch": .init("派工", "Dispatch"),
        "allowed": .init("允许", "Allowed"), "blocked": .init("停止", "Blocked"),
        "active": .init("正常", "Active"), "warned": .init("警告", "Warned"), "rectifying": .init("整改", "Rectifying"),
        "suspended": .init("停工", "Suspended"), "withdrawn": .init("撤点", "Withdrawn"),
        "site-check": .init("现场检查", "Site check"), "training": .init("培训", "Training"),
        "monthly": .init("当月", "Monthly"), "cumulative": .init("逐月累计", "Cumulative"),
        "rectification": .init("限期整改", "Rectification"), "warning": .init("发函警告", "Warning"),
        "stop-dispatch": .init("停止派工", "Stop dispatch"), "withdrawal": .init("撤点", "Withdrawal"),
        "rung": .init("处罚", "Rung"), "nextRung": .init("下一级", "Next rung"), "nextFrom": .init("下一级起点", "From"),
        "count": .init("次数", "Count"), "period": .init("期间", "Period"),
        "omitted": .init("未列出", "Not listed"), "storesOmitted": .init("未列门店", "Stores"),
        "outletsOmitted": .init("未列网点", "Outlets"), "proposalsOmitted": .init("未列处罚建议", "Proposals"),
        // Columns
        "storeId": .init("门店", "Store"), "outletId": .init("网点", "Outlet"), "kind": .init("类别", "Kind"),
        "month": .init("月份", "Month"), "proposalId": .init("建议编号", "Proposal"),
        "service-first": .init("首次回访", "First service call"),
        "service-second": .init("二次回访", "Second service call"),
        "case-closed": .init("结案回访", "Closed case"), "customer-event": .init("客户活动", "Customer event"),
        "-": .init("未指明", "not named"),
        // Money
        "balanceFen": .init("余额", "Balance"), "openFen": .init("未收回", "Open"),
        "disbursedFen": .init("垫付", "Disbursed"), "payments": .init("垫付笔数", "Payments"),
        "recoveredFen": .init("收回", "Recovered"), "writtenOffFen": .init("核销", "Written off"),
        "paidIn": .init("垫付月份", "Paid in"), "advances": .init("笔数", "Advances"),
    ]
}
