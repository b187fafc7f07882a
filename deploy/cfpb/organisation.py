"""The organisation that the complaints of a CSV file imply: stores, regions, headquarters and the people in them.

A region is a state; a store is an area of ZIP codes with the same first three digits, for the most frequent ones.
Everyone whom the mapper lets act is listed here, because Recourse accepts no act of a person it does not know.
"""

import collections
import json
import re
import unicodedata

import ids

DESKS_PER_REGION = 2
HQ_DESKS, HQ_CALLERS, HQ_HOTLINE, HQ_QUALITY, BUSINESS = 6, 8, 4, 4, 2


def zip_area(code):
    """The first three digits of a ZIP code, or None.

    The source writes codes in full (90274), cut to the area (300XX), or as numbers that lost their leading zeros
    (7648 is 07648, 911 is 00911). Anything else is a slip of the pen and says nothing.
    """
    if re.fullmatch(r"[0-9]{3}XX", code):
        return code[:3]
    return code.zfill(5)[:3] if re.fullmatch(r"[0-9]{3,5}", code) else None


class Organisation:
    """Built from all rows of the file, not from a selection: so a part of a file is judged like the whole."""

    def __init__(self, rows, stores, since, duties, manufacturers=0):
        """`since` is the date of the organisation, `duties` the one from which its stores owe weekly reports;
        `manufacturers` is how many of the most frequent companies own their brands."""
        self.since, self.duties = since, duties
        self.brands = owned_brands(rows, manufacturers)
        areas, states = collections.Counter(), collections.defaultdict(collections.Counter)
        self.products = sorted({row.product for row in rows})
        for row in rows:
            area = zip_area(row.zip_code)
            if area is not None and row.state:
                areas[area] += 1
                states[area][row.state] += 1
        frequent = sorted(areas.items(), key=lambda item: (-item[1], item[0]))[:stores]
        self.region_of_store = {f"zip-{area}": most_frequent(states[area]) for area, _ in sorted(frequent)}
        self.regions = sorted({row.state for row in rows if row.state})

    def store(self, row):
        """The store of a row: None where its area is not listed."""
        area = zip_area(row.zip_code)
        store = f"zip-{area}"
        return store if area is not None and store in self.region_of_store else None

    def owners(self, store):
        """(service supervisor, supervisors by category, manager) of a store.

        By the number of the area, so that every branch of the order of owners is used: of four stores, two have a
        service supervisor, one has supervisors for its first three categories and a manager, one has a manager alone.
        """
        kind = int(store[-3:]) % 4
        service = f"{store}-service" if kind in (0, 2) else None
        categories = {product: f"{store}-category-{number}" for number, product in enumerate(self.products[:3], 1)}
        return service, categories if kind == 1 else {}, f"{store}-manager"

    def people(self, tier, place=None):
        """Ids of those who handle cases at a place."""
        if tier == "store":
            service, categories, manager = self.owners(place)
            return [person for person in [service, *categories.values(), manager, f"{place}-desk"] if person]
        if tier == "region":
            return [f"{place}-duty"] + [f"{place}-desk-{number}" for number in range(1, DESKS_PER_REGION + 1)]
        return ["hq-duty"] + numbered("hq-desk", HQ_DESKS)

    def person(self, tier, place, index):
        """One of the people of a place, as it stands in `by`."""
        people = self.people(tier, place)
        by = {"id": people[index % len(people)], "tier": tier}
        if tier == "store":
            by["storeId"] = place
        elif tier == "region":
            by["regionId"] = place
        return by

    def yaml(self):
        """organisation.yaml; every text is written as a JSON string, which is YAML as well."""
        hq = self.people("hq") + numbered("hq-caller", HQ_CALLERS) + numbered("hq-hotline", HQ_HOTLINE)
        hq += numbered("hq-quality", HQ_QUALITY)
        lines = [
            "# Made by deploy/cfpb/map.py from public complaint data; the people are invented.",
            f"since: {self.since.isoformat()}",
            "hq:",
            "  duty: hq-duty",
            f"  people: {listed(hq)}",
            "business:",
            f"  people: {listed(numbered('business', BUSINESS))}",
            "regions:" if self.regions else "regions: []",
        ]
        for region in self.regions:
            lines += [
                f"  - id: {quote(region)}",
                f"    duty: {quote(region + '-duty')}",
                f"    people: {listed(self.people('region', region))}",
            ]
        lines.append("stores:" if self.region_of_store else "stores: []")
        for store, region in self.region_of_store.items():
            service, categories, manager = self.owners(store)
            lines += [f"  - id: {quote(store)}", f"    region: {quote(region)}"]
            lines.append(f"    since: {self.duties.isoformat()}")
            if service:
                lines.append(f"    serviceSupervisor: {quote(service)}")
            if categories:
                pairs = ", ".join(f"{quote(key)}: {quote(value)}" for key, value in categories.items())
                lines.append(f"    categorySupervisors: {{{pairs}}}")
            lines += [f"    manager: {quote(manager)}", f"    people: {listed(self.people('store', store))}"]
        lines += ["outlets: []", "manufacturers:" if self.brands else "manufacturers: []"]
        for manufacturer, brands in self.brands.items():
            lines += [f"  - id: {quote(manufacturer)}", f"    brands: {listed(brands)}"]
        lines.append("absences: []")
        return "\n".join(lines) + "\n"


def owned_brands(rows, count):
    """Manufacturer -> its brands, of the `count` most frequent companies; of a brand that is written in two ways one."""
    frequent = collections.Counter(row.company for row in rows)
    companies = sorted(sorted(frequent), key=lambda company: -frequent[company])[:count]
    names, brands = ids.unique_slugs(row.company for row in rows), {}
    for row in rows:
        if row.company in companies:
            brands.setdefault(row.company, {}).setdefault(folded(brand(row)), brand(row))
    return {f"maker-{names[company]}"[:64]: sorted(brands[company].values()) for company in companies}


def brand(row):
    """What a row's product is of."""
    return f"{row.company} / {row.sub_product}" if row.sub_product else row.company


def folded(text):
    """As Recourse compares brands."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def quote(value):
    return json.dumps(value, ensure_ascii=False)


def listed(values):
    return "[" + ", ".join(quote(value) for value in values) + "]"


def most_frequent(counter):
    return min(counter.items(), key=lambda item: (-item[1], item[0]))[0]


def numbered(prefix, count):
    return [f"{prefix}-{number}" for number in range(1, count + 1)]
