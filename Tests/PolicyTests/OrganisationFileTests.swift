import Policy
import Schema
import Testing

struct OrganisationFileTests {
    @Test func `the example organisation`() throws {
        let organisation = try PolicyFolder.book().organisation
        #expect(organisation.regions.count == 2)
        #expect(organisation.stores.count == 4)
        #expect(organisation.outlets.count == 5)
        #expect(organisation.manufacturers.count == 2)
        #expect(organisation.store("S-WUYI")?.since.description == "2027-01-01")
        #expect(organisation.store("S-TIANYUAN")?.since.description == "2027-07-01")
        #expect(organisation.outlet("O-HENGTONG")?.since.description == "2027-07-01")
        let away = try #require(Instant(rfc3339: "2026-10-12T09:00:00+08:00"))
        #expect(organisation.owner(ofStore: "S-WUYI", category: "television", at: away)?.person == "p-wuyi-zeng")
    }

    @Test func `duties that began before an installation does are warned of, by date`() throws {
        let organisation = try PolicyFolder.book().organisation
        func warnings(_ today: String) throws -> [String] {
            organisation.pastDuties(today: try #require(CivilDate(today)), file: "o.yaml").map(\.description)
        }
        #expect(try warnings("2027-01-01").isEmpty, "today is not before today")
        let found = try warnings("2027-05-01")
        #expect(found.count == 2)
        #expect(
            found[0].hasPrefix(
                "o.yaml: `since` 2027-01-01 of S-WUYI, S-DONGTANG, S-LUSONG, O-ANJIE, O-KAIDA and 1 more is before 2027-05-01"
            ))
        #expect(found[1].hasPrefix("o.yaml: `since` 2027-04-01 of O-XIANGXIN is before"))
    }

    @Test func `every fault of the organisation comes with its line`() {
        let organisation = """
            since: 2026-02-30
            hq: {people: [a, a, "b c"], chief: x}
            regions:
              - {id: R1, duty: d1}
              - {id: R1, duty: d2}
              - {duty: d3}
              - R4
            stores:
              - {id: S1, region: R9, since: 2026-01-01, manager: "no one"}
              - {id: "-S", region: R1, since: yesterday}
              - {id: S3}
            outlets:
              - {id: O1, region: R1}
            manufacturers:
              - {id: M1, brands: [Polar]}
              - id: M2
                brands:
                  - Orion
                  - POLAR
            absences:
              - {person: d1, from: 2026-05-04T00:00:00+08:00, to: 2026-05-04T00:00:00+08:00}
              - {person: d1, from: 2026-06-01, to: 2026-06-02T00:00:00Z, delegate: d1}
              - {person: d1, from: 2026-07-01T00:00:00Z, to: 2026-07-02T00:00:00Z, delegate: d1}
            """
        expectFaults(
            PolicyFolder.faults(organisation: organisation),
            [
                "organisation.yaml:1: since is `2026-02-30`; allowed: a date such as",
                "organisation.yaml:2: hq lacks `duty`",
                "organisation.yaml:2: hq.people[2] repeats `a`",
                "organisation.yaml:2: hq.people[3] is the quoted text \"b c\"; allowed: an id",
                "organisation.yaml:2: hq.chief is not a known key; allowed: duty, people",
                "organisation.yaml:5: regions[2].id is `R1`, as on line 4",
                "organisation.yaml:6: regions[3] lacks `id`",
                "organisation.yaml:7: regions[4] is `R4`; allowed: a mapping",
                "organisation.yaml:9: stores[1].region is `R9`, which `regions` does not list",
                "organisation.yaml:9: stores[1].manager is `no one`; allowed: an id",
                "organisation.yaml:10: stores[2].id is `-S`; allowed: an id",
                "organisation.yaml:10: stores[2].since is `yesterday`",
                "organisation.yaml:11: stores[3] lacks `region`",
                "organisation.yaml:11: stores[3] lacks `since`",
                "organisation.yaml:13: outlets[1] lacks `since`",
                "organisation.yaml:19: manufacturers[2].brands has `POLAR`, which belongs to M1",
                "organisation.yaml:21: absences[1].to is not after `from`",
                "organisation.yaml:22: absences[2].from is `2026-06-01`; allowed: a time with its offset",
                "organisation.yaml:23: absences[3].delegate is the absent person himself",
            ]
        )
    }

    @Test func `headquarters must have someone on duty`() {
        expectFaults(PolicyFolder.faults(organisation: ""), ["organisation.yaml:1: the file lacks `hq`"])
        expectFaults(
            PolicyFolder.faults(organisation: "hq: {duty: d}\nregions: [{id: R1}]"),
            ["organisation.yaml:2: regions[1] lacks `duty`"])
    }

    @Test func `the supervisors of categories are persons`() {
        let organisation = """
            since: 2026-01-01
            hq: {duty: d}
            regions: [{id: R1, duty: d}]
            stores:
              - id: S1
                region: R1
                categorySupervisors:
                  tv: [a]
                  air conditioner: a b
                  空调: p1
            """
        expectFaults(
            PolicyFolder.faults(organisation: organisation),
            [
                "organisation.yaml:8: stores[1].categorySupervisors.tv is a list",
                "organisation.yaml:9: stores[1].categorySupervisors.air conditioner is `a b`; allowed: an id",
            ])
    }

    @Test func `ids that look like numbers stay texts`() throws {
        let text = """
            since: 2026-01-01
            hq: {duty: 007}
            regions: [{id: 010, duty: 0x1F}, {id: 8, duty: on}]
            """
        let organisation = try PolicyFolder.load(organisation: text).get().organisation
        #expect(organisation.hq.duty == "007")
        #expect(organisation.region("010")?.duty == "0x1F")
        #expect(organisation.region("8")?.duty == "on")
    }

    @Test func `absences that look wrong are warned of and taken`() throws {
        let text = """
            hq: {duty: d}
            absences:
              - {person: x, from: 2026-05-01T00:00:00Z, to: 2026-05-03T00:00:00Z}
              - {person: d, from: 2026-05-01T00:00:00Z, to: 2026-05-03T00:00:00Z, delegate: y}
              - {person: d, from: 2026-05-02T00:00:00Z, to: 2026-05-04T00:00:00Z}
              - {person: d, from: 2026-05-04T00:00:00Z, to: 2026-05-05T00:00:00Z}
            """
        let book = try PolicyFolder.load(organisation: text).get()
        expectFaults(
            book.warnings.map { $0.description },
            [
                "organisation.yaml:3: absences[1].person is `x`, whom no place names",
                "organisation.yaml:4: absences[2].delegate is `y`, whom no place names",
                "organisation.yaml:5: absences[3] overlaps the absence of `d` on line 4",
            ])
        let at = try #require(Instant(rfc3339: "2026-05-02T12:00:00Z"))
        #expect(book.organisation.standIn(for: "d", at: at) == "y")
    }

    @Test(.timeLimit(.minutes(10)))
    func `a chain of hundreds of places is read wholly`() throws {
        var text = "since: 2026-01-01\nhq: {duty: d}\nregions:\n"
        for region in 1...60 {
            text += "  - id: R\(region)\n    duty: d\(region)\n    people: [a\(region), b\(region)]\n"
        }
        text += "stores:\n"
        for store in 1...300 {
            text += "  - id: S\(store)\n    region: R\(store % 60 + 1)\n    serviceSupervisor: s\(store)\n"
            text += "    categorySupervisors: {tv: t\(store), oven: o\(store)}\n    manager: m\(store)\n"
            text += "    people: [p\(store), q\(store), r\(store)]\n"
        }
        text += "outlets:\n"
        for outlet in 1...1200 { text += "  - {id: O\(outlet), region: R\(outlet % 60 + 1), since: 2026-01-01}\n" }
        let files = PolicyFiles(
            policy: PolicyFolder.smallPolicy, organisation: text, calendar: try PolicyFolder.text("calendar.csv"))
        let clock = ContinuousClock()
        let start = clock.now
        let organisation = try PolicyBook.load(files, currentYear: 2026).get().organisation
        let elapsed = start.duration(to: clock.now)
        #expect(organisation.stores.count == 300)
        #expect(organisation.outlets.count == 1200)
        #expect(organisation.outlet("O1200")?.region == "R1")
        // Half a second is the goal of an optimised build; this bound only catches a reading that has become quadratic.
        #expect(elapsed < .seconds(10))
    }
}
