import Policy
import Schema

/// Which records an input needs: the place first, then the thing.
extension ReportsStage {
    package func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        switch input {
        case .timer(let key, let wake): keys(forTimerOf: key, wake, given: records)
        case .event(let event): keys(for: event, given: records)
        }
    }

    /// Whose brand it is the organisation file says.
    package func keys(for input: Input, given records: RecordReader, policy: PolicyBook) -> [RecordKey] {
        let keys = keys(for: input, given: records)
        guard case .event(let event) = input, let maker = Self.manufacturer(of: event.data, policy) else { return keys }
        return keys + [ManufacturerDesk.key(maker)]
    }

    private static func manufacturer(of data: any EventData, _ policy: PolicyBook) -> String? {
        switch data {
        case let data as ServiceCompleted:
            data.kind == .repair ? policy.organisation.manufacturer(ofBrand: data.product.brand)?.id : nil
        case let data as CaseClosed: data.manufacturer(policy)
        case let data as ManufacturerIncidentRecorded: data.manufacturerId
        default: nil
        }
    }

    /// The reports that may be published now; a period's are named from its end on.
    private func keys(forTimerOf key: RecordKey, _ wake: Wake, given records: RecordReader) -> [RecordKey] {
        var reports: [String] = []
        func name(_ kind: ReportKind, _ periods: SortedMap<OpenPeriod>) {
            for (period, figures) in periods.entries where figures.end <= wake.at {
                reports.append(PublishedReport.id(kind, period, key.id))
            }
        }
        switch records[key] {
        case let desk as StoreDesk:
            name(.weeklyForm, desk.book.weeks)
            name(.storeMonth, desk.book.months)
            let listed = desk.book.weeks.values.filter { $0.end <= wake.at }.flatMap { $0.listedIds ?? [] }
            return [key, ChainDesk.key(ChainDesk.id)] + listed.map { ViolationFacts.key($0) }
                + reports.map { PublishedReport.key($0) }
        case let desk as OutletDesk: name(.outletMonth, desk.book.months)
        case is OutletMonths: return [key, OutletDesk.key(key.id)]
        case let desk as ManufacturerDesk:
            name(.makerMonth, desk.book.months)
            return [key] + reports.map { PublishedReport.key($0) }
        case let chain as ChainDesk:
            reports += chain.weeks.entries.map { PublishedReport.id(.weeklySummary, $0.key, nil) }
            reports += chain.months.entries.map { PublishedReport.id(.callbackAnalysis, $0.key, nil) }
            reports += chain.months.entries.map { PublishedReport.id(.complaintAnalysis, $0.key, nil) }
            reports += chain.years.entries.map { PublishedReport.id(.yearlySummary, $0.key, nil) }
            return [key, FundBook.key(FundBook.id)] + reports.map { PublishedReport.key($0) }
        default: break
        }
        return [key, ChainDesk.key(ChainDesk.id)] + reports.map { PublishedReport.key($0) }
    }

    private func keys(for event: Event, given records: RecordReader) -> [RecordKey] {
        switch event.data {
        case let data as ServiceCompleted: return keys(for: data, given: records)
        case let data as WeeklyReportSubmitted: return [StoreDesk.key(data.storeId)]
        case let data as WeeklyReportOverdue: return [StoreDesk.key(data.storeId)]
        case let data as CaseOpened:
            return places(data.complaint.storeId, data.complaint.outletId) + [CaseFacts.key(data.caseId)]
        case let data as CaseDuplicateLinked:
            return places(data.complaint.storeId, nil) + keys(ofCase: data.openCaseId, given: records)
        case let data as CustomerReplyOverdue: return keys(ofCase: data.caseId, given: records)
        case let data as CaseResponded: return keys(ofCase: data.caseId, given: records)
        case let data as CaseClosed:
            return places(data.storeId, data.outletId) + keys(ofCase: data.caseId, given: records)
        case let data as CallbackScheduled: return places(data.storeId, data.outletId)
        case let data as CallbackDone: return places(data.storeId, data.outletId)
        case let data as CallbackSatisfied: return places(data.storeId, data.outletId)
        case let data as CallbackDissatisfied: return places(data.storeId, data.outletId)
        case let data as CustomerRemark: return places(data.storeId, nil)
        case let data as ViolationRecorded:
            let place = records.get(ViolationFacts.self, data.violationId)?.place ?? data.storeId
            return places(place, data.outletId) + [ViolationFacts.key(data.violationId)]
        case let data as PenaltyProposed: return [OutletDesk.key(data.outletId), ChainDesk.key(ChainDesk.id)]
        case let data as NoticeIssued: return data.kind == .penalty ? [OutletDesk.key(data.addressee)] : []
        case let data as OutletStatusChanged: return [OutletDesk.key(data.outletId)]
        case let data as OutletStanding: return [OutletDesk.key(data.outletId)]
        case let data as TrainingAssessed:
            let id = AssessmentFacts.id(source: event.source, eventId: event.id)
            return [OutletDesk.key(data.outletId), AssessmentFacts.key(id)]
        case let data as BusinessRejected:
            guard let id = Self.assessment(refused: data, by: event.source) else { return [] }
            let outletId = records.get(AssessmentFacts.self, id)?.counted?.outletId
            return (outletId.map { [OutletDesk.key($0)] } ?? []) + [AssessmentFacts.key(id)]
        case let data as OutletSiteChecked: return [OutletDesk.key(data.outletId)]
        case let data as OutletEvaluated: return [OutletDesk.key(data.outletId)]
        case let data as SettlementBlocked: return data.outletId.map { [OutletDesk.key($0)] } ?? []
        case let data as SettlementReleased: return data.outletId.map { [OutletDesk.key($0)] } ?? []
        case let data as FundDisbursed: return keys(ofAdvance: data.requestId)
        case let data as FundRecovered: return keys(ofAdvance: data.requestId)
        case let data as FundWrittenOff: return keys(ofAdvance: data.requestId)
        case let data as LiabilityDecided: return keys(ofAdvance: data.requestId)
        default: return []
        }
    }

    private func places(_ storeId: String?, _ outletId: String?) -> [RecordKey] {
        [StoreDesk.key(storeId ?? StoreDesk.unknown)] + (outletId.map { [OutletDesk.key($0)] } ?? [])
    }

    private func keys(ofCase id: String, given records: RecordReader) -> [RecordKey] {
        guard let facts = records.get(CaseFacts.self, id), facts.receivedAt != nil else { return [CaseFacts.key(id)] }
        return places(facts.storeId, facts.outletId) + [CaseFacts.key(id)]
    }

    private func keys(ofAdvance id: String) -> [RecordKey] { [AdvanceFacts.key(id), FundBook.key(FundBook.id)] }

    /// A repair may make the one after it a repeat, which counts at the place of that one.
    private func keys(for service: ServiceCompleted, given records: RecordReader) -> [RecordKey] {
        var keys = places(service.storeId, service.outletId) + [CountedService.key(service.serviceId)]
        guard service.kind == .repair, let id = SerialHistory.id(of: service.product) else { return keys }
        keys.append(SerialHistory.key(id))
        if let next = records.get(SerialHistory.self, id)?.next(after: service.repair) {
            keys += places(next.storeId, next.outletId)
        }
        return keys
    }
}

extension ServiceCompleted {
    var repair: SerialHistory.Repair {
        SerialHistory.Repair(serviceId: serviceId, at: completedAt, storeId: storeId, outletId: outletId)
    }
}
