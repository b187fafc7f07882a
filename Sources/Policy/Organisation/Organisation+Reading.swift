import Schema

extension Organisation {
    /// Reads `organisation.yaml`; what is faulty is left out, and every fault is recorded.
    static func read(_ text: String, _ faults: FaultCollector) -> Organisation {
        guard let file = YAMLDocument.read(text, faults) else {
            return Organisation(hq: Headquarters(duty: "", people: nil))
        }
        return read(file, faults)
    }

    static func read(_ file: MappingReader, _ faults: FaultCollector) -> Organisation {
        let since = file.date("since", "The date on which duties begin where a store or outlet has none of its own")
        let hq = file.mapping("hq", required: true, "Headquarters")
        let headquarters = Headquarters(
            duty: hq?.identifier("duty", required: true) ?? "",
            people: hq?.people()
        )
        hq?.finish()
        if hq == nil { file.fault("lacks `hq`", allowed: "hq: {duty: the person on duty, people: […]}") }
        let business = file.mapping("business", "The business division, which decides penalties")
        let division = Business(people: business?.people())
        business?.finish()

        let regions = file.unique("regions") { row -> Region? in
            let duty = row.identifier("duty", required: true)
            let people = row.people()
            return row.id.map { Region(id: $0, duty: duty ?? "", people: people) }
        }
        let regionIds = Set(regions.map { $0.id })
        let stores = file.unique("stores") { readStore($0, since, regionIds) }
        let outlets = file.unique("outlets") { row -> Outlet? in
            let region = row.listedRegion(regionIds)
            let since = row.since(or: since)
            let name = row.printableLine("name", limit: nameLimit)
            guard let id = row.id, let region, let since else { return nil }
            return Outlet(id: id, region: region, since: since, name: name)
        }
        var owners: [MatterKey: String] = [:]
        let manufacturers = file.unique("manufacturers") { readManufacturer($0, &owners) }
        let absences = readAbsences(file)
        file.finish()

        let organisation = Organisation(
            since: since,
            hq: headquarters,
            business: division,
            regions: regions,
            stores: stores,
            outlets: outlets,
            manufacturers: manufacturers,
            absences: absences.map { $0.absence }
        )
        organisation.warnOfUnknownPeople(absences, faults)
        return organisation
    }

    private static func readStore(_ row: MappingReader, _ since: CivilDate?, _ regionIds: Set<String>) -> Store? {
        let region = row.listedRegion(regionIds)
        let since = row.since(or: since)
        let supervisor = row.identifier("serviceSupervisor", "R01: owns the cases of the store")
        let manager = row.identifier("manager", "R01: owns what no supervisor does")
        var supervisors: [String: String] = [:]
        if let section = row.mapping("categorySupervisors", "R01: the supervisor of each product category") {
            for (category, person, _) in section.texts(of: .identifier) {
                if Identifier.isValid(person) {
                    supervisors[category] = person
                } else {
                    section.fault("is `\(shown(person))`", key: category, allowed: Identifier.rule)
                }
            }
        }
        let people = row.people()
        guard let id = row.id, let region, let since else { return nil }
        return Store(
            id: id,
            region: region,
            since: since,
            serviceSupervisor: supervisor,
            categorySupervisors: supervisors,
            manager: manager,
            people: people
        )
    }

    private static func readManufacturer(_ row: MappingReader, _ owners: inout [MatterKey: String]) -> Manufacturer? {
        let brands = row.texts("brands", allowed: "a brand") { !$0.isEmpty } ?? []
        let name = row.printableLine("name", limit: nameLimit)
        guard let id = row.id else { return nil }
        for (brand, line) in brands {
            let key = MatterKey(brand)
            if let owner = owners[key] {
                row.faults.add(
                    line, row.subject("brands"), "has `\(shown(brand))`, which belongs to \(owner)",
                    allowed: "each brand at one manufacturer")
            }
            owners[key] = owners[key] ?? id
        }
        return Manufacturer(id: id, brands: brands.map { $0.text }, name: name)
    }

    private static func readAbsences(_ file: MappingReader) -> [(absence: Absence, row: MappingReader)] {
        (file.mappings("absences") ?? []).compactMap { row in
            let person = row.identifier("person", required: true)
            let from = row.instant("from", "Included")
            let to = row.instant("to", "Excluded")
            let delegate = row.identifier("delegate", "R28: acts in the person's stead")
            row.finish()
            guard let person, let from, let to else { return nil }
            if from >= to {
                row.fault("is not after `from`", key: "to", allowed: "the instant at which the person is back")
            }
            if delegate == person {
                row.fault("is the absent person himself", key: "delegate", allowed: "another person, or no delegate")
            }
            return (Absence(person: person, from: from, to: to, delegate: delegate), row)
        }
    }
}

// MARK: What several places share

extension MappingReader {
    /// The id of a row, without a fault: `unique` has recorded it.
    fileprivate var id: String? {
        guard let text = plainText("id"), Identifier.isValid(text) else { return nil }
        return text
    }

    /// The rows of a list whose ids are all different. `make` reads the other keys of a row.
    fileprivate func unique<Row>(_ key: String, _ make: (MappingReader) -> Row?) -> [Row] {
        var lines: [String: Int] = [:]
        return (mappings(key) ?? []).compactMap { row in
            let id = row.identifier("id", required: true)
            let made = make(row)
            row.finish()
            guard let id else { return nil }
            if let first = lines[id] {
                row.fault("is `\(id)`, as on line \(first)", key: "id", allowed: "each id once in \(key)")
                return nil
            }
            lines[id] = row.line(of: "id")
            return made
        }
    }

    private static let people = "Who may act here, besides those named otherwise; left out, everyone"

    fileprivate func people() -> Set<String>? {
        texts("people", allowed: Identifier.rule, of: .identifier, Self.people, where: Identifier.isValid).map {
            Set($0.map { $0.text })
        }
    }

    fileprivate func listedRegion(_ regionIds: Set<String>) -> String? {
        guard let region = identifier("region", required: true, "The id of a listed region") else { return nil }
        guard regionIds.contains(region) else {
            fault("is `\(region)`, which `regions` does not list", key: "region", allowed: "the id of a listed region")
            return nil
        }
        return region
    }

    fileprivate func since(or common: CivilDate?) -> CivilDate? {
        if let own = date("since", "The date on which its duties begin") { return own }
        if common == nil, !has("since") {
            fault("lacks `since`", allowed: "since: the date its duties begin, here or at the top of the file")
        }
        return common
    }
}

// MARK: Warnings

extension Organisation {
    /// An absence has an effect only on a person who owns cases, and a case should not fall to a name nobody knows.
    private func warnOfUnknownPeople(
        _ absences: [(absence: Absence, row: MappingReader)],
        _ faults: FaultCollector
    ) {
        guard !absences.isEmpty else { return }
        let people = namedPeople
        var seen: [String: [(absence: Absence, line: Int)]] = [:]
        for (absence, row) in absences {
            if !people.contains(absence.person) {
                faults.warn(
                    row.line(of: "person"), row.subject("person"), "is `\(absence.person)`, whom no place names",
                    allowed: "a person of the file; check the spelling")
            }
            if let delegate = absence.delegate, !people.contains(delegate) {
                faults.warn(
                    row.line(of: "delegate"), row.subject("delegate"), "is `\(delegate)`, whom no place names",
                    allowed: "a person of the file; check the spelling")
            }
            let others = seen[absence.person] ?? []
            if let other = others.first(where: { $0.absence.from < absence.to && absence.from < $0.absence.to }) {
                faults.warn(
                    row.line, row.subject(nil), "overlaps the absence of `\(absence.person)` on line \(other.line)",
                    allowed: "absences apart; where they overlap the first one counts")
            }
            seen[absence.person] = others + [(absence, row.line)]
        }
    }

    /// Everyone whom the file names at a place.
    private var namedPeople: Set<String> {
        var people: Set<String> = [hq.duty]
        people.formUnion(hq.people ?? [])
        people.formUnion(business.people ?? [])
        for region in regions {
            people.insert(region.duty)
            people.formUnion(region.people ?? [])
        }
        for store in stores {
            people.formUnion(store.people ?? [])
            people.formUnion([store.serviceSupervisor, store.manager].compactMap { $0 })
            people.formUnion(store.categorySupervisors.values)
        }
        return people
    }
}
