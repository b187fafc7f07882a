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
        "monthly-manufacturer": .init("厂家月报", "Manufacturer, monthly"),
        "complaint-analysis": .init("月度投诉分析", "Monthly complaint analysis"),
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
        "supervision": .init("网点考核", "Supervision"), "settlements": .init("结算", "Settlements"),
        "incidents": .init("厂家问题", "Incidents"), "handled": .init("处理结果", "Handled"),
        "work": .init("案件与维修", "Cases and repairs"), "postFaults": .init("本公司岗位责任", "The chain's own failings"),
        "by-type": .init("按投诉类型", "By type"), "by-category": .init("按品类", "By category"),
        "by-brand": .init("按品牌", "By brand"), "by-model": .init("按型号", "By model"),
        "byLiable": .init("按责任方", "Fund by liable party"), "bySeverity": .init("按严重性", "Fund by severity"),
        "unreconciled": .init("周报与记录不符", "Listed but not on record"),
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
        "remark-consultation": .init("咨询", "Remarks: consultation"),
        "remark-complaint": .init("投诉意见", "Remarks: complaint"), "remark-report": .init("举报", "Remarks: report"),
        "remark-suggestion": .init("建议", "Remarks: suggestion"),
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
        "reliability": .init("可靠性和忠诚感", "Reliability"), "responsiveness": .init("响应性", "Responsiveness"),
        "assurance": .init("保证性", "Assurance"), "empathy": .init("移情性", "Empathy"),
        "recovery": .init("自我修复", "Recovery"), "reputation": .init("名誉和可信性", "Reputation"),
        "skill": .init("规范化和技能化", "Skill"), "attitude": .init("态度和行为", "Attitude"),
        "accessibility": .init("可亲近性和灵活性", "Accessibility"),
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
        "rung": .init("处罚", "Rung"), "nextFrom": .init("下一级起点", "From"),
        "count": .init("次数", "Count"), "period": .init("期间", "Period"),
        "omitted": .init("未列出", "Not listed"), "storesOmitted": .init("未列门店", "Stores"),
        "outletsOmitted": .init("未列网点", "Outlets"), "proposalsOmitted": .init("未列处罚建议", "Proposals"),
        "unreconciledOmitted": .init("未列违规编号", "Violations listed but not on record"),
        "by-categoryOmitted": .init("未列品类", "Categories"), "by-brandOmitted": .init("未列品牌", "Brands"),
        "by-modelOmitted": .init("未列型号", "Models"), "by-categoryOthers": .init("其他品类投诉", "Of other categories"),
        "by-brandOthers": .init("其他品牌投诉", "Of other brands"),
        "by-modelOthers": .init("其他型号投诉", "Of other models"),
        // Supervision
        "assessments": .init("培训考核", "Assessments"), "assessed": .init("应考人数", "Assessed"),
        "passed": .init("合格人数", "Passed"), "retests": .init("补考", "Retests"),
        "siteChecksPassed": .init("现场检查合格", "Site checks passed"),
        "siteChecksFailed": .init("现场检查不合格", "Site checks failed"),
        "evaluations": .init("评价次数", "Evaluations"), "scoreSum": .init("评价得分合计", "Sum of scores"),
        "servicesWhileBlocked": .init("停派期间服务", "Services while blocked"),
        "released": .init("放行", "Released"), "reason": .init("原因", "Reason"),
        "feedback-form": .init("反馈调查表", "Feedback form"), "dismissed": .init("不成立", "Dismissed"),
        "non-cooperation": .init("不配合", "Non-cooperation"), "quality": .init("质量", "Quality"),
        // Columns
        "name": .init("名称", "Name"), "type": .init("类型", "Type"), "before": .init("上月", "Month before"),
        "change": .init("增减", "Change"), "ids": .init("编号", "Ids"), "more": .init("另有", "More"),
        "violationIds": .init("违规编号", "Violations"),
        "billing": .init("费用", "Billing"), "other": .init("其他", "Other"), "unstated": .init("未注明", "Not stated"),
        "liable": .init("责任方", "Liable"), "severity": .init("严重性", "Severity"),
        "manufacturer": .init("厂家", "Manufacturer"), "outlet": .init("网点", "Outlet"),
        "person": .init("个人", "Person"), "customer": .init("顾客", "Customer"), "none": .init("无", "None"),
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
