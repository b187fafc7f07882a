import Schema

/// By what a person owns a case. The raw value is what a decision writes into its facts.
package enum OwnerRole: String, Codable, Hashable, Sendable, CaseIterable {
    case serviceSupervisor = "service-supervisor"
    case categorySupervisor = "category-supervisor"
    case manager
    case duty
}

/// Who owns a case at a place, and why (R01, R28).
package struct OwnerChoice: Hashable, Sendable {
    package let person: String
    /// The role of the person, or of the one in whose stead he acts.
    package let role: OwnerRole
    /// The absent person in whose stead `person` acts; nil if he acts for himself.
    package let standsInFor: String?
    /// Those asked before who are absent and have nobody in their stead.
    package let passedOver: [String]

    package init(person: String, role: OwnerRole, standsInFor: String? = nil, passedOver: [String] = []) {
        self.person = person
        self.role = role
        self.standsInFor = standsInFor
        self.passedOver = passedOver
    }
}

extension Organisation {
    /// Who acts for a person at an instant: himself if he is there, else his delegate, else that one's, and so on;
    /// nil if the chain ends with an absent person or comes back to one (R28).
    package func standIn(for person: String, at instant: Instant) -> String? {
        var current = person
        var asked: Set<String> = []
        while let absence = absence(of: current, at: instant) {
            guard asked.insert(current).inserted, let delegate = absence.delegate else { return nil }
            current = delegate
        }
        return current
    }

    /// The owner of a case at a store: the service supervisor, else the supervisor of the product's category, else
    /// the manager (R01). One who is absent is replaced by his stand-in, and without one by the next (R28).
    ///
    /// - Parameter observingAbsences: false where R28 is switched off.
    /// - Returns: nil if nobody is left or the store is not listed: the region takes the case.
    package func owner(
        ofStore storeId: String,
        category: String,
        at instant: Instant,
        observingAbsences: Bool = true
    ) -> OwnerChoice? {
        guard let store = store(storeId) else { return nil }
        let candidates: [(OwnerRole, String?)] = [
            (.serviceSupervisor, store.serviceSupervisor),
            (.categorySupervisor, store.categorySupervisors[category]),
            (.manager, store.manager),
        ]
        var passedOver: [String] = []
        for case (let role, let person?) in candidates {
            if !observingAbsences { return OwnerChoice(person: person, role: role) }
            guard let acting = standIn(for: person, at: instant) else {
                passedOver.append(person)
                continue
            }
            return OwnerChoice(
                person: acting,
                role: role,
                standsInFor: acting == person ? nil : person,
                passedOver: passedOver
            )
        }
        return nil
    }

    /// The duty owner of a region, or who stands in for him; without a stand-in he stays (R28).
    ///
    /// - Returns: nil if the region is not listed.
    package func dutyOwner(region id: String, at instant: Instant, observingAbsences: Bool = true) -> OwnerChoice? {
        region(id).map { dutyOwner($0.duty, at: instant, observingAbsences: observingAbsences) }
    }

    /// The duty owner of headquarters, or who stands in for him; without a stand-in he stays (R28).
    package func dutyOwnerHQ(at instant: Instant, observingAbsences: Bool = true) -> OwnerChoice {
        dutyOwner(hq.duty, at: instant, observingAbsences: observingAbsences)
    }

    /// Who may give a case to another person of a place (R51): its supervisors, its manager, its duty owner; and who stands
    /// in for one of them who is absent.
    ///
    /// - Parameters:
    ///   - id: of a store or a region.
    ///   - observingAbsences: false where R28 is switched off.
    /// - Returns: each once, who belongs there first; nobody of a place that is not listed.
    package func heads(
        of tier: Tier, _ id: String, at instant: Instant, observingAbsences: Bool = true
    ) -> [String] {
        var heads: [String] =
            switch tier {
            case .store:
                store(id).map { store in
                    [store.serviceSupervisor, store.manager].compactMap(\.self)
                        + store.categorySupervisors.values.sorted()
                } ?? []
            case .region: region(id).map { [$0.duty] } ?? []
            case .hq: [hq.duty]
            case .business: []
            }
        if observingAbsences { heads += heads.compactMap { standIn(for: $0, at: instant) } }
        return heads.enumerated().filter { !heads[..<$0].contains($1) }.map(\.element)
    }

    private func dutyOwner(_ duty: String, at instant: Instant, observingAbsences: Bool) -> OwnerChoice {
        let acting = observingAbsences ? standIn(for: duty, at: instant) ?? duty : duty
        return OwnerChoice(person: acting, role: .duty, standsInFor: acting == duty ? nil : duty)
    }

    /// Whether the person of an event belongs to the place for which he acts; false for an unknown tier.
    package func knows(_ by: Person) -> Bool {
        guard let tier = Tier(rawValue: by.tier) else { return false }
        return knows(by.id, tier: tier, storeId: by.storeId, regionId: by.regionId)
    }

    /// Whether a person belongs to the place for which he acts.
    ///
    /// The people of a place are those of its `people` list, its supervisors, its manager and its duty owner. A
    /// place without a list accepts everyone, and so does a place that is not in the file. An empty list is a list.
    /// A person who names no place belongs to any listed place of his tier that knows him.
    package func knows(_ person: String, tier: Tier, storeId: String?, regionId: String?) -> Bool {
        switch tier {
        case .store:
            if let storeId { return store(storeId).map { $0.knows(person) } ?? true }
            return stores.isEmpty || stores.contains { $0.knows(person) }
        case .region:
            if let regionId { return region(regionId).map { $0.knows(person) } ?? true }
            return regions.isEmpty || regions.contains { $0.knows(person) }
        case .hq:
            return hq.people?.contains(person) ?? true || hq.duty == person
        case .business:
            return business.people?.contains(person) ?? true
        }
    }
}

extension Organisation.Store {
    func knows(_ person: String) -> Bool {
        guard let people else { return true }
        return people.contains(person) || serviceSupervisor == person || manager == person
            || categorySupervisors.values.contains(person)
    }
}

extension Organisation.Region {
    func knows(_ person: String) -> Bool {
        guard let people else { return true }
        return people.contains(person) || duty == person
    }
}
