import Schema

/// Who works where: the places of the chain, its outlets and manufacturers, and who is away when.
///
/// Read from `organisation.yaml`. A place that is not listed is not an error anywhere: it has no people, no owner
/// and no duties.
package struct Organisation: Hashable, Sendable {
    /// Headquarters. `people` nil: no list, anyone may act there.
    package struct Headquarters: Hashable, Sendable {
        package let duty: String
        package let people: Set<String>?
    }

    /// The business division, which decides penalties. `people` nil: no list, anyone may act there.
    package struct Business: Hashable, Sendable {
        package let people: Set<String>?
    }

    package struct Region: Hashable, Sendable {
        package let id: String
        package let duty: String
        package let people: Set<String>?
    }

    package struct Store: Hashable, Sendable {
        package let id: String
        package let region: String
        /// Its duties (weekly reports) begin here: its own `since`, else that of the file.
        package let since: CivilDate
        package let serviceSupervisor: String?
        /// Product category to person.
        package let categorySupervisors: [String: String]
        package let manager: String?
        package let people: Set<String>?
    }

    package struct Outlet: Hashable, Sendable {
        package let id: String
        package let region: String
        /// Its duties (training, site checks) begin here: its own `since`, else that of the file.
        package let since: CivilDate
        /// As letters call it; nil: by its id.
        package let name: String?

        package init(id: String, region: String, since: CivilDate, name: String? = nil) {
            self.id = id
            self.region = region
            self.since = since
            self.name = name
        }
    }

    package struct Manufacturer: Hashable, Sendable {
        package let id: String
        package let brands: [String]
        /// As letters call it; nil: by its id.
        package let name: String?

        package init(id: String, brands: [String], name: String? = nil) {
            self.id = id
            self.brands = brands
            self.name = name
        }
    }

    /// Of names that letters print, in characters.
    package static let nameLimit = 120

    /// `from` included, `to` excluded.
    package struct Absence: Hashable, Sendable {
        package let person: String
        package let from: Instant
        package let to: Instant
        package let delegate: String?
    }

    /// The lists of the file, in its order.
    package let since: CivilDate?
    package let hq: Headquarters
    package let business: Business
    package let regions: [Region]
    package let stores: [Store]
    package let outlets: [Outlet]
    package let manufacturers: [Manufacturer]
    package let absences: [Absence]

    private let regionById: [String: Region]
    private let storeById: [String: Store]
    private let outletById: [String: Outlet]
    private let manufacturerByBrand: [MatterKey: Manufacturer]
    private let manufacturerById: [String: Manufacturer]
    private let absencesByPerson: [String: [Absence]]

    /// From parts that are already checked; of two with the same id the first counts.
    package init(
        since: CivilDate? = nil,
        hq: Headquarters,
        business: Business = Business(people: nil),
        regions: [Region] = [],
        stores: [Store] = [],
        outlets: [Outlet] = [],
        manufacturers: [Manufacturer] = [],
        absences: [Absence] = []
    ) {
        self.since = since
        self.hq = hq
        self.business = business
        self.regions = regions
        self.stores = stores
        self.outlets = outlets
        self.manufacturers = manufacturers
        self.absences = absences
        regionById = Dictionary(regions.map { ($0.id, $0) }) { first, _ in first }
        storeById = Dictionary(stores.map { ($0.id, $0) }) { first, _ in first }
        outletById = Dictionary(outlets.map { ($0.id, $0) }) { first, _ in first }
        manufacturerById = Dictionary(manufacturers.map { ($0.id, $0) }) { first, _ in first }
        manufacturerByBrand = Dictionary(
            manufacturers.flatMap { owner in owner.brands.map { (MatterKey($0), owner) } }
        ) { first, _ in first }
        absencesByPerson = Dictionary(grouping: absences) { $0.person }
    }

    package func store(_ id: String) -> Store? { storeById[id] }
    package func region(_ id: String) -> Region? { regionById[id] }
    package func outlet(_ id: String) -> Outlet? { outletById[id] }
    package func manufacturer(_ id: String) -> Manufacturer? { manufacturerById[id] }
    package func manufacturer(ofBrand brand: String) -> Manufacturer? { manufacturerByBrand[MatterKey(brand)] }

    /// The absence of a person at an instant; of two that overlap, the first in the file.
    package func absence(of person: String, at instant: Instant) -> Absence? {
        absencesByPerson[person]?.first { $0.from <= instant && instant < $0.to }
    }

    package func isAbsent(_ person: String, at instant: Instant) -> Bool {
        absence(of: person, at: instant) != nil
    }
}
