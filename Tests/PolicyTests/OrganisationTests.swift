import Policy
import Schema
import Testing

struct OrganisationTests {
    /// A store with all three roles, one with a manager alone, one with nobody, one without a list.
    private static let places = """
        since: 2026-01-01
        hq: {duty: hq1, people: [hq2]}
        business: {people: [biz1]}
        regions:
          - {id: R1, duty: reg1, people: [reg2]}
          - {id: R2, duty: reg3}
        stores:
          - {id: S1, region: R1, serviceSupervisor: sup, categorySupervisors: {tv: cat}, manager: man, people: [clerk]}
          - {id: S2, region: R1, manager: man2, people: []}
          - {id: S3, region: R2, people: [clerk3]}
          - {id: S4, region: R2, manager: man4}
        manufacturers:
          - {id: M1, brands: [Polar, 海尔]}

        """

    private func organisation(_ absences: [String] = []) throws -> Organisation {
        let rows = absences.isEmpty ? "" : "absences:\n" + absences.map { "  - {\($0)}\n" }.joined()
        return try PolicyFolder.load(organisation: Self.places + rows).get().organisation
    }

    private func noon(_ date: String) throws -> Instant { try #require(CivilDate(date)).at(hour: 12) }

    private func away(_ person: String, delegate: String? = nil) -> String {
        "person: \(person), from: 2026-05-04T00:00:00+08:00, to: 2026-05-09T00:00:00+08:00"
            + (delegate.map { ", delegate: \($0)" } ?? "")
    }

    @Test func `the service supervisor owns, else the category's, else the manager, else the region`() throws {
        let organisation = try organisation()
        let at = try noon("2026-05-05")
        #expect(
            organisation.owner(ofStore: "S1", category: "tv", at: at)
                == OwnerChoice(person: "sup", role: .serviceSupervisor))
        #expect(
            organisation.owner(ofStore: "S2", category: "tv", at: at) == OwnerChoice(person: "man2", role: .manager))
        #expect(organisation.owner(ofStore: "S3", category: "tv", at: at) == nil)
        #expect(organisation.owner(ofStore: "S9", category: "tv", at: at) == nil)
    }

    @Test func `an absent owner without a delegate is passed over`() throws {
        let one = try organisation([away("sup")])
        let at = try noon("2026-05-05")
        #expect(
            one.owner(ofStore: "S1", category: "tv", at: at)
                == OwnerChoice(person: "cat", role: .categorySupervisor, passedOver: ["sup"]))
        #expect(
            one.owner(ofStore: "S1", category: "oven", at: at)
                == OwnerChoice(person: "man", role: .manager, passedOver: ["sup"]))
        let all = try organisation([away("sup"), away("cat"), away("man")])
        #expect(all.owner(ofStore: "S1", category: "tv", at: at) == nil)
        #expect(
            all.owner(ofStore: "S1", category: "tv", at: at, observingAbsences: false)
                == OwnerChoice(person: "sup", role: .serviceSupervisor))
    }

    @Test func `a delegate stands in, and his own delegate for him`() throws {
        let at = try noon("2026-05-05")
        let one = try organisation([away("sup", delegate: "clerk")])
        let expected = OwnerChoice(person: "clerk", role: .serviceSupervisor, standsInFor: "sup")
        #expect(one.owner(ofStore: "S1", category: "tv", at: at) == expected)
        let two = try organisation([away("sup", delegate: "man2"), away("man2", delegate: "clerk")])
        #expect(two.owner(ofStore: "S1", category: "tv", at: at) == expected)
        #expect(two.standIn(for: "sup", at: at) == "clerk")
        #expect(two.standIn(for: "clerk", at: at) == "clerk")
    }

    @Test func `delegates in a circle, or absent themselves, stand in for nobody`() throws {
        let at = try noon("2026-05-05")
        let circle = try organisation([away("sup", delegate: "cat"), away("cat", delegate: "sup")])
        #expect(circle.standIn(for: "sup", at: at) == nil)
        #expect(
            circle.owner(ofStore: "S1", category: "tv", at: at)
                == OwnerChoice(person: "man", role: .manager, passedOver: ["sup", "cat"]))
        let dead = try organisation([away("sup", delegate: "cat"), away("cat")])
        #expect(dead.standIn(for: "sup", at: at) == nil)
    }

    @Test func `an absence begins with its first instant and ends before its last`() throws {
        let organisation = try organisation([away("sup")])
        let from = try #require(CivilDate("2026-05-04")).at(hour: 0)
        let to = try #require(CivilDate("2026-05-09")).at(hour: 0)
        #expect(!organisation.isAbsent("sup", at: from.adding(seconds: -1)))
        #expect(organisation.isAbsent("sup", at: from))
        #expect(organisation.isAbsent("sup", at: to.adding(seconds: -1)))
        #expect(!organisation.isAbsent("sup", at: to))
        #expect(!organisation.isAbsent("man", at: from))
    }

    @Test func `a duty owner is replaced by his delegate, and stays without one`() throws {
        let at = try noon("2026-05-05")
        let absences = [away("reg1", delegate: "reg2"), away("reg3"), away("hq1", delegate: "hq2")]
        let organisation = try organisation(absences)
        let stead = OwnerChoice(person: "reg2", role: .duty, standsInFor: "reg1")
        #expect(organisation.dutyOwner(region: "R1", at: at) == stead)
        #expect(organisation.dutyOwner(region: "R2", at: at) == OwnerChoice(person: "reg3", role: .duty))
        #expect(organisation.dutyOwner(region: "R9", at: at) == nil)
        #expect(organisation.dutyOwnerHQ(at: at) == OwnerChoice(person: "hq2", role: .duty, standsInFor: "hq1"))
        #expect(organisation.dutyOwnerHQ(at: at, observingAbsences: false) == OwnerChoice(person: "hq1", role: .duty))
    }

    @Test(arguments: [
        ("clerk", Tier.store, "S1", true), ("sup", .store, "S1", true), ("cat", .store, "S1", true),
        ("man", .store, "S1", true), ("clerk3", .store, "S1", false), ("reg2", .store, "S1", false),
        ("man2", .store, "S2", true), ("clerk", .store, "S2", false), ("anyone", .store, "S4", true),
        ("anyone", .store, "S9", true), ("reg1", .region, "R1", true), ("reg2", .region, "R1", true),
        ("clerk", .region, "R1", false), ("anyone", .region, "R2", true), ("anyone", .region, "R9", true),
        ("hq1", .hq, "", true), ("hq2", .hq, "", true), ("biz1", .hq, "", false), ("biz1", .business, "", true),
        ("hq1", .business, "", false),
    ])
    func `who belongs to a place`(person: String, tier: Tier, place: String, expected: Bool) throws {
        let known = try organisation().knows(
            person, tier: tier, storeId: tier == .store ? place : nil, regionId: tier == .region ? place : nil)
        #expect(known == expected)
        let by = Person(
            id: person, tier: tier.rawValue, storeId: tier == .store ? place : nil,
            regionId: tier == .region ? place : nil)
        #expect(try organisation().knows(by) == expected)
    }

    @Test func `a person who names no place belongs to any that knows him`() throws {
        let closed = Self.places.replacing("  - {id: S4, region: R2, manager: man4}\n", with: "")
            .replacing("duty: reg3}", with: "duty: reg3, people: []}")
        let organisation = try PolicyFolder.load(organisation: closed).get().organisation
        #expect(organisation.knows("clerk3", tier: .store, storeId: nil, regionId: nil))
        #expect(!organisation.knows("stranger", tier: .store, storeId: nil, regionId: nil))
        #expect(organisation.knows("reg3", tier: .region, storeId: nil, regionId: nil))
        #expect(!organisation.knows("stranger", tier: .region, storeId: nil, regionId: nil))
    }

    @Test func `a person of an unknown tier belongs nowhere`() throws {
        #expect(try !organisation().knows(Person(id: "clerk", tier: "factory")))
    }

    @Test func `places without any list accept everyone`() throws {
        let organisation = try PolicyFolder.load().get().organisation
        for tier in Tier.allCases {
            #expect(organisation.knows("anyone", tier: tier, storeId: nil, regionId: nil))
            #expect(organisation.knows("anyone", tier: tier, storeId: "S1", regionId: "R1"))
        }
    }

    @Test func `a brand leads to its manufacturer`() throws {
        let organisation = try organisation()
        #expect(organisation.manufacturer(ofBrand: "海尔")?.id == "M1")
        #expect(organisation.manufacturer(ofBrand: " ＰＯＬＡＲ")?.id == "M1", "whatever its case, width and blanks")
        #expect(organisation.manufacturer(ofBrand: "Unknown") == nil)
        #expect(organisation.manufacturer("M1")?.brands == ["Polar", "海尔"])
        #expect(organisation.store("S1")?.region == "R1")
        #expect(organisation.region("R2")?.duty == "reg3")
        #expect(organisation.outlet("O1") == nil)
    }
}
