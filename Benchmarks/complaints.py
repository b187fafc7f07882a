"""The complaints that a benchmark sends, one JSON document a line; the same seed gives the same lines.

Spread as in life: a few brands have most of the complaints (Zipf), most customers complain once, and a few numbers, of
property managers and hotels, again and again. No two complaints have phone, category and brand in common, so each opens
a case of its own and every message has the same outputs, whoever works on it.
"""

import bisect
import datetime
import itertools
import json
import pathlib
import random
import sys
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "deploy" / "cfpb"))
import ids  # noqa: E402  (of the mapper: the ids that others may compute)

ZONE = datetime.timezone(datetime.timedelta(hours=8))
# A Monday of a year that the example calendar has and in which no duty of the example organisation has begun.
START = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
SOURCE = "benchmark/counter"
PLACES = (("S-WUYI", "R-CHANGSHA", "p-wuyi-zeng"), ("S-DONGTANG", "R-CHANGSHA", "p-dt-xie"),
          ("S-LUSONG", "R-ZHUZHOU", "p-ls-qin"), ("S-TIANYUAN", "R-ZHUZHOU", "p-ty-mo"))
CATEGORIES = ("air-conditioner", "washing-machine", "television", "refrigerator", "water-heater", "range-hood")
BRANDS, REPEATING, REPEATED_SHARE = 500, 2_000, 0.1
EVEN_BRANDS = 100_000
DESCRIPTION = "空调不制冷,已报修两次,师傅未按时上门。" * 4


class Zipf:
    """Draws ranks from 0: rank r with a weight of 1 / (r + 1)."""

    def __init__(self, count: int, chance: random.Random) -> None:
        self.sums = list(itertools.accumulate(1 / rank for rank in range(1, count + 1)))
        self.chance = chance

    def draw(self) -> int:
        return bisect.bisect_left(self.sums, self.chance.random() * self.sums[-1])


class Complaints:
    """`one_brand`: all about one brand and category; `even`: every brand as often as any other, so that none is hot.
    `area`: what all numbers begin with; with another one they are other customers."""

    def __init__(self, seed: str = "benchmark", one_brand: bool = False, even: bool = False, area: int = 138) -> None:
        self.seed, self.area = seed, area
        self.chance = random.Random(seed)
        self.brands = Zipf(BRANDS, self.chance)
        self.phones = Zipf(REPEATING, self.chance)
        self.one_brand, self.even = one_brand, even
        self.known: set[tuple[int, int, str]] = set()

    def matter(self, number: int) -> tuple[str, str, str]:
        """Phone, category and brand of a complaint."""
        while True:
            if self.even:
                return f"{self.area}{number:08d}", CATEGORIES[0], f"brand-{self.chance.randrange(EVEN_BRANDS)}"
            brand = 0 if self.one_brand else self.brands.draw()
            category = self.chance.choice(CATEGORIES[:1] if self.one_brand else CATEGORIES)
            # With one brand alone nobody can complain twice without being linked: all are different customers.
            if self.one_brand or self.chance.random() >= REPEATED_SHARE:
                return f"{self.area}{number:08d}", category, f"brand-{brand}"
            phone = self.phones.draw()
            if (phone, brand, category) not in self.known:
                self.known.add((phone, brand, category))
                return f"{self.area}9{phone:07d}", category, f"brand-{brand}"

    def write(self, path: pathlib.Path, count: int) -> pathlib.Path:
        """Complaints of the hour before START."""
        with path.open("w", encoding="utf-8") as output:
            for number in range(count):
                at = START - datetime.timedelta(seconds=self.chance.randrange(3600))
                output.write(self.line(number, at) + "\n")
        return path

    def line(self, number: int, at: datetime.datetime) -> str:
        # Written by hand: a million of them are needed.
        phone, category, brand = self.matter(number)
        store, region, _ = PLACES[number % len(PLACES)]
        return (
            f'{{"specversion":"1.0","id":"{self.seed}-{number}","source":"{SOURCE}","type":"complaint.received.v1",'
            f'"time":"{at.isoformat()}","traceparent":"00-{number:032x}-00f067aa0ba902b7-01","data":{{'
            f'"complaintId":"{self.seed}-c-{number}","channel":"hotline","receivedAt":"{at.isoformat()}",'
            f'"customer":{{"name":"王小明","phone":"{phone}","address":"长沙市芙蓉区五一大道 {number % 900 + 1} 号"}},'
            f'"storeId":"{store}","regionId":"{region}","product":{{"category":"{category}","brand":"{brand}",'
            f'"purchasedHere":true}},"description":"{DESCRIPTION}","remedy":"repair"}}}}')

    def write_history(self, path: pathlib.Path, complaints: int, days: int) -> pathlib.Path:
        """Complaints spread over so many days, in order of time; of ten, nine are accepted, and resolved in a day."""
        events = []
        for number in range(complaints):
            at = START + datetime.timedelta(seconds=number * days * 86_400 // complaints)
            events.append((at, self.line(number, at)))
            if number % 10 == 9:
                continue
            store, region, person = PLACES[number % len(PLACES)]
            by = {"id": person, "tier": "store", "storeId": store, "regionId": region}
            case = ids.case_id(SOURCE, f"{self.seed}-c-{number}")
            for name, hours, more in (
                ("case.accepted", 1, {}),
                ("case.resolved", 20, {"solution": "已修好", "liability": "manufacturer", "documents": []}),
            ):
                time = at + datetime.timedelta(hours=hours)
                if name == "case.resolved":
                    more = {"resolvedAt": time.isoformat(), **more}
                event = f"{self.seed}-{name.replace('.', '-')}-{number}"
                events.append((time, json.dumps({
                    "specversion": "1.0", "id": event, "source": "benchmark/desk",
                    "type": f"{name}.v1", "time": time.isoformat(), "data": {"caseId": case, "by": by, **more},
                }, ensure_ascii=False, separators=(",", ":"))))
        events.sort(key=lambda event: event[0])
        path.write_text("".join(line + "\n" for _, line in events), encoding="utf-8")
        return path

    def years(self, count: int, years: int) -> Iterator[str]:
        """Complaints spread evenly over so many years before START, in order of time."""
        seconds = years * 365 * 86_400
        for number in range(count):
            yield self.line(number, START - datetime.timedelta(seconds=seconds - number * seconds // count))


if __name__ == "__main__":
    # complaints.py COUNT YEARS: what a store has grown by.
    for complaint in Complaints("grown", area=137).years(int(sys.argv[1]), int(sys.argv[2])):
        sys.stdout.write(complaint + "\n")
