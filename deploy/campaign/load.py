"""What upstream publishes: complaints, what people do about them, and a few events that must become dead letters.

Everything follows from the seed. Each stream is a file of its own and is published by a program of its own, so what one
says about a case may arrive before the other has said that there is one.
"""

import dataclasses
import datetime
import json
import pathlib
import random
import sys
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cfpb"))
import ids  # noqa: E402  (of the mapper: the ids that others may compute)

ZONE = datetime.timezone(datetime.timedelta(hours=8))
# A Tuesday in the year with which the duties of the example organisation begin: few of them are due yet.
END = datetime.datetime(2026, 1, 6, 15, 0, tzinfo=ZONE)
COMPLAINTS, DESKS, CALLS, SUPERVISION = (f"campaign/{name}" for name in ("complaints", "desks", "calls", "supervision"))
STREAMS = ("complaints", "desks", "calls", "supervision")

STORES = {"S-WUYI": ("R-CHANGSHA", "p-wuyi-zeng"), "S-DONGTANG": ("R-CHANGSHA", "p-dt-xie"),
          "S-LUSONG": ("R-ZHUZHOU", "p-ls-qin"), "S-TIANYUAN": ("R-ZHUZHOU", "p-ty-mo")}
REGIONS = {"R-CHANGSHA": ("p-cs-li", "p-cs-he"), "R-ZHUZHOU": ("p-zz-peng", "p-zz-duty")}
OUTLETS = ("O-ANJIE", "O-KAIDA", "O-XIANGXIN", "O-JIAHE", "O-HENGTONG")
CATEGORIES = ("air-conditioner", "washing-machine", "television", "refrigerator")
# Few complaints name one of these brands: of the others no three people ever complain, and R04 sees no cluster.
BRANDS = ("Northwind", "Polar", "Riverstone")


@dataclasses.dataclass(frozen=True)
class Sent:
    time: datetime.datetime
    stream: str
    line: str  # one JSON document
    key: tuple[str, str]


@dataclasses.dataclass
class Load:
    start: datetime.datetime
    streams: dict[str, list[Sent]]
    # For each act of reordering: complaints and what is done about them, in the wrong order.
    reordered: list[list[str]]
    # Each must become a case or a link: (source, id) of the event → complaintId.
    complaints: dict[tuple[str, str], str]
    # The dead letters that must be there in the end: (queue, source, id, class).
    planted: list[tuple[str, str, str, str]]
    total: int


def person(tier: str, name: str, **place: str) -> dict:
    return {"id": name, "tier": tier, **place}


class Author:
    """Writes the events of one complaint after the other."""

    def __init__(self, seed: int, start: datetime.datetime) -> None:
        self.chance = random.Random(f"load {seed}")
        self.start = start
        self.written = 0

    def event(self, stream: str, source: str, name: str, time: datetime.datetime, data: dict) -> Sent:
        self.written += 1
        time = time.replace(microsecond=0)
        event_id = f"{name.replace('.', '-')}-{self.written:07d}"
        event = ids.envelope(event_id, source, name, time.isoformat(), data)
        return Sent(time, stream, json.dumps(event, ensure_ascii=False, separators=(",", ":")), (source, event_id))

    def complaint(self, number: int, received: datetime.datetime) -> tuple[Sent, dict]:
        chance = self.chance
        # One in a hundred speaks of the same matter as the one before: it is linked if that case is still open.
        same = number - 1 if number > 1 and chance.random() < 0.01 else number
        common = random.Random(f"matter {same}")
        brand = common.choice(BRANDS) if common.random() < 0.02 else f"brand-{same}"
        store = common.choice(sorted(STORES)) if common.random() < 0.9 else None
        data = {
            "complaintId": f"c-{number:07d}", "channel": chance.choice(("hotline", "counter", "web", "app")),
            "receivedAt": received.replace(microsecond=0).isoformat(),
            "customer": {"name": "王小明", "phone": f"139{same:08d}", "address": "长沙市芙蓉区五一大道 1 号"},
            "product": {
                "category": common.choice(CATEGORIES), "brand": brand, "purchasedHere": chance.random() < 0.5},
            "outletId": chance.choice(OUTLETS), "description": "空调不制冷,已报修两次,师傅未按时上门。",
            "remedy": chance.choice(("repair", "refund", "compensation", "apology")),
        }
        if store:
            data["storeId"] = store
        if chance.random() < 0.01:
            data["hazards"] = ["fire"]
        return self.event("complaints", COMPLAINTS, "complaint.received", received, data), data

    def handled(self, data: dict, received: datetime.datetime) -> Iterator[Sent]:
        """What the desks do about a complaint, and the call that follows."""
        chance, case = self.chance, ids.case_id(COMPLAINTS, data["complaintId"])
        by = self.handler(data)

        def after(minutes: float) -> datetime.datetime:
            return received + datetime.timedelta(minutes=minutes)

        def desk(name: str, minutes: float, **more: object) -> Sent:
            return self.event("desks", DESKS, name, after(minutes), more)

        yield desk("case.accepted", chance.uniform(5, 40), caseId=case, by=by)
        spoken = chance.uniform(20, 60)
        with_customer = {"caseId": case, "with": "customer", "by": by, "at": after(spoken).replace(microsecond=0)}
        yield desk("contact.recorded", spoken, **{**with_customer, "at": with_customer["at"].isoformat()})
        # A request that comes late may find its term over and keep the case open: nobody is then called about a closing
        # that has not taken place.
        has_request = chance.random() < 0.15
        if has_request:
            yield from self.money(case, by, after)
        if chance.random() < 0.8:
            resolved = chance.uniform(60, 200)
            documents = [f"answer-{data['complaintId']}"] if chance.random() < 0.8 else []
            # Headquarters may resolve whoever holds the case: a cluster has taken some of them there.
            resolver = person("hq", "p-hq-liu")
            yield desk("case.resolved", resolved, caseId=case, by=resolver, solution="repaired", liability="none",
                       resolvedAt=after(resolved).replace(microsecond=0).isoformat(), documents=documents)
            filed = resolved
            if not documents:
                filed = resolved + chance.uniform(5, 60)
                yield desk("documents.archived", filed, caseId=case, by=by, documents=["paper-1"])
            if not has_request:
                yield from self.called(case, after(filed), data)

    def handler(self, data: dict) -> dict:
        store = data.get("storeId")
        if store is None or "hazards" in data or self.chance.random() < 0.1:
            return person("hq", self.chance.choice(("p-hq-liu", "p-hq-zhao")))
        return person("store", STORES[store][1], storeId=store)

    def money(self, case: str, by: dict, after) -> Iterator[Sent]:
        """A request and what a payment owes: the report, the opinion, its approval, the money back."""
        chance, request = self.chance, f"r-{self.written:07d}"
        cause = chance.choice(("outlet", "outlet", "goodwill", "product", "own-post", "manufacturer"))
        amount = chance.randrange(1_000, 90_000)

        def desk(name: str, minutes: float, **more: object) -> Sent:
            return self.event("desks", DESKS, name, after(minutes), {"requestId": request, **more})

        yield desk("compensation.requested", 45, caseId=case, amountFen=amount, cause=cause, by=by)
        boss = person("hq", "p-hq-chen")
        yield desk("compensation.decided", 55, approved=chance.random() < 0.8, by=boss, severity=2)
        yield desk("incident-report.submitted", 70, by=by, facts="as told")
        party = {"outlet": {"kind": "outlet", "id": OUTLETS[0]}, "goodwill": {"kind": "none"}}
        liable = party.get(cause, {"kind": "manufacturer", "id": "M-NORTH"})
        yield desk("liability.proposed", 80, by=person("hq", "p-hq-liu"), liable=liable)
        yield desk("liability.approved", 90, by=boss, approved=True)
        back = chance.randrange(500, amount)
        yield desk("recovery.booked", 100, amountFen=back, by=boss)
        yield desk("write-off.proposed", 110, amountFen=amount - back, by=person("hq", "p-hq-liu"), reason="rest")
        yield desk("write-off.approved", 120, by=boss, approved=True)

    def called(self, case: str, closed: datetime.datetime, data: dict) -> Iterator[Sent]:
        if closed.date() >= END.date():
            return
        at = (END.replace(hour=9) + datetime.timedelta(minutes=self.chance.uniform(1, 350))).replace(microsecond=0)
        outcome = self.chance.choices(("reached", "no-answer", "refused", "wrong-number"), (80, 10, 5, 5))[0]
        call = {"callbackId": ids.closing_callback_id(case, 1), "attempt": 1, "attemptAt": at.isoformat(),
                "outcome": outcome, "by": person("hq", "p-hq-liu")}
        if outcome == "reached":
            call["satisfied"] = self.chance.random() < 0.8
            if not call["satisfied"]:
                call |= {"atFault": "outlet", "outletId": data["outletId"]}
        yield self.event("calls", CALLS, "callback.completed", at, call)

    def supervised(self, data: dict, received: datetime.datetime) -> Iterator[Sent]:
        """A service with its feedback form, or a violation with its verification."""
        chance, place = self.chance, data.get("storeId", "S-WUYI")

        def after(minutes: float) -> datetime.datetime:
            return (received + datetime.timedelta(minutes=minutes)).replace(microsecond=0)

        def told(name: str, minutes: float, **more: object) -> Sent:
            return self.event("supervision", SUPERVISION, name, after(minutes), more)

        by = person("store", STORES[place][1], storeId=place)
        if chance.random() < 0.6:
            service = f"s-{self.written:07d}"
            yield told("service.completed", 1, serviceId=service, kind="repair", completedAt=after(1).isoformat(),
                       customer=data["customer"], storeId=place, outletId=data["outletId"], product=data["product"],
                       inWarranty=True, onTime=True, firstVisit=chance.random() < 0.8)
            yield told("feedback-form.submitted", 90, serviceId=service, by=by, at=after(90).isoformat())
        else:
            violation = f"v-{self.written:07d}"
            yield told("violation.reported", 2, violationId=violation, outletId=data["outletId"], recordedBy="hotline",
                       occurredAt=received.replace(microsecond=0).isoformat(), category="late", by=by)
            yield told("violation.verified", 60, violationId=violation, upheld=chance.random() < 0.9,
                       by=person("hq", "p-hq-zhao"))


def make(seed: int, complaints: int, hours: float, acts: int, share: float) -> Load:
    """`complaints` over `hours` of business time up to END; `share` of them is handled, a third of that supervised."""
    start = END - datetime.timedelta(hours=hours)
    author = Author(seed, start)
    chance = author.chance
    load = Load(start, {name: [] for name in STREAMS}, [], {}, [], 0)
    span = datetime.timedelta(hours=hours * 0.97)
    held_back = 10 if acts and complaints >= acts * 40 else 3
    for number in range(1, complaints + 1):
        received = start + span * (number / complaints)
        sent, data = author.complaint(number, received)
        load.complaints[sent.key] = data["complaintId"]
        is_first = data["customer"]["phone"] == f"139{number:08d}"
        story = list(author.handled(data, received)) if is_first and chance.random() < share else []
        if chance.random() < share / 3:
            story += author.supervised(data, received)
        for one in [sent, *(one for one in story if one.time < END)]:
            load.streams[one.stream].append(one)
    _plant(author, load, complaints)
    load.reordered = [_reorder(author, complaints, act, held_back, load) for act in range(acts)]
    for stream in load.streams.values():
        stream.sort(key=lambda one: one.time)
    load.total = sum(map(len, load.streams.values())) + sum(map(len, load.reordered))
    return load


def _reorder(author: Author, complaints: int, act: int, count: int, load: Load) -> list[str]:
    """Stories of the first hour that are told late, every event at a random place."""
    lines: list[str] = []
    for index in range(count):
        number = 9_000_000 + act * 1_000 + index
        received = author.start + datetime.timedelta(minutes=index)
        sent, data = author.complaint(number, received)
        load.complaints[sent.key] = data["complaintId"]
        story = author.handled(data, received) if data["customer"]["phone"] == f"139{number:08d}" else []
        lines += [sent.line, *(one.line for one in story if one.stream == "desks" and _soon(one, author.start))]
    author.chance.shuffle(lines)
    return lines


def _soon(one: Sent, start: datetime.datetime) -> bool:
    """Within the tolerance for events that lie ahead when the act happens early in the campaign."""
    return one.time <= start + datetime.timedelta(minutes=30)


def _plant(author: Author, load: Load, complaints: int) -> None:
    """Events that nobody can take: each must become a dead letter at each of its stages, once."""
    some = load.streams["complaints"]
    for index in range(3):
        victim = some[(index + 1) * len(some) // 5]
        wrong = json.loads(victim.line)
        wrong["id"] = f"planted-schema-{index}"
        del wrong["data"]["channel"]
        _keep(load, victim, wrong, [("recourse.intake", "schema")])
        other = json.loads(victim.line)
        other["id"], other["type"] = f"planted-type-{index}", "complaint.vanished.v1"
        _keep(load, victim, other, [("recourse.dead", "schema")])
        reused = json.loads(victim.line)
        reused["data"]["description"] = "something else under the same id"
        later = dataclasses.replace(victim, time=victim.time + datetime.timedelta(minutes=30))
        if later.time < END:
            _keep(load, later, reused, [("recourse.intake", "schema")])
        unknown = {"caseId": ids.case_id(COMPLAINTS, f"never-{index}"), "by": person("hq", "p-hq-liu")}
        old = author.start - datetime.timedelta(hours=30)
        lost = author.event("desks", DESKS, "case.accepted", old, unknown)
        moved = dataclasses.replace(lost, time=victim.time)
        stages = ("recourse.routing", "recourse.handling")
        _keep(load, moved, json.loads(lost.line), [(queue, "transient") for queue in stages])


def _keep(load: Load, place: Sent, event: dict, fates: list[tuple[str, str]]) -> None:
    key = (event["source"], event["id"])
    line = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    load.streams[place.stream].append(dataclasses.replace(place, line=line, key=key))
    load.planted += [(queue, *key, kind) for queue, kind in fates]
