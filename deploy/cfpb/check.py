"""Checks of the mapper's own arithmetic against vectors that were not computed by it."""

import datetime
import json
import pathlib
import sys
import uuid

import ids
import organisation
import workdays

# The first from the documentation of Python's uuid module; the others also come out of `openssl sha1` over the bytes of
# the namespace and the name, with the bits of version and variant set.
UUIDS = [
    (str(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org")), "886313e1-3b8a-5372-9b90-0c9aee199e5d"),
    (str(ids.NAMESPACE), "bc0611e1-cd7d-5458-8528-241fb9df154d"),
    (ids.case_id("cfpb/complaints", "A1"), "d9a4ae8d-a41e-5375-b56b-41cf2bad01b7"),
]
# (date, number of working days, expected): the vectors of the domain rules.
WORKDAYS = [
    ("2026-09-30", 5, "2026-10-13"), ("2026-04-30", 5, "2026-05-11"), ("2024-01-31", 5, "2024-02-06"),
    ("2026-02-13", 3, "2026-02-25"), ("2025-01-24", 3, "2025-02-05"),
]
AREAS = [("90274", "902"), ("300XX", "300"), ("7648", "076"), ("911", "009"), ("", None), ("99+XX", None)]


def run(published, calendar):
    """Prints what differs; 0 if nothing does. `published` may name schemas/ids.json, `calendar` a calendar.csv."""
    faults = [f"uuid {found}, expected {expected}" for found, expected in UUIDS if found != expected]
    for code, expected in AREAS:
        if organisation.zip_area(code) != expected:
            faults.append(f"ZIP area of {code!r}: {organisation.zip_area(code)}, expected {expected}")
    slugs = ids.unique_slugs(["A & B, Inc.", "A B Inc", "M&T Bank"])
    if slugs["M&T Bank"] != "m-t-bank" or len(set(slugs.values())) != 3:
        faults.append(f"slugs {slugs}")
    checked = len(UUIDS) + len(AREAS) + 1
    calendar = calendar or pathlib.Path(__file__).resolve().parent.parent / "policy" / "calendar.csv"
    if calendar.exists():
        days = workdays.Workdays(calendar)
        for start, count, expected in WORKDAYS:
            found = days.after(datetime.date.fromisoformat(start), count).isoformat()
            if found != expected:
                faults.append(f"{start} + {count} working days: {found}, expected {expected}")
        checked += len(WORKDAYS)
    else:
        print(f"no calendar at {calendar}: working days not checked; name one with --policy", file=sys.stderr)
    if published:
        vectors = list(vectors_of(json.loads(pathlib.Path(published).read_text(encoding="utf-8"))))
        if not vectors:
            faults.append(f"{published}: no vectors found (objects with \"parts\" and \"uuid\")")
        for parts, expected in vectors:
            if ids.published_id(*parts) != expected:
                faults.append(f"{published}: {parts}: {ids.published_id(*parts)}, expected {expected}")
        checked += len(vectors)
    for fault in faults:
        print(f"map.py --check: {fault}", file=sys.stderr)
    print(f"{checked} vectors checked, {len(faults)} differ", file=sys.stderr)
    return 1 if faults else 0


def vectors_of(value):
    """Every object with `parts` and `uuid`, wherever it stands in the document."""
    if isinstance(value, dict):
        if isinstance(value.get("parts"), list) and isinstance(value.get("uuid"), str):
            yield value["parts"], value["uuid"]
        for child in value.values():
            yield from vectors_of(child)
    elif isinstance(value, list):
        for child in value:
            yield from vectors_of(child)
