#!/usr/bin/env python3
"""Writes the input of deploy/outage: cases that people handle in time, and a few that they neglect.

    outage_load.py FOLDER --policy DIR [--cases N] [--seed N] [--without KIND]

Complaints come in over three days of business time, of which the last two and a half fall into the outage, as does most
of what people do about them. Every deadline is met, with hours to spare, except those of the neglected: what a run must
call missed, so that a pipeline which calls nothing missed does not pass.

FOLDER gets
    events.ndjson      everything, by time
    shuffled.ndjson    everything, in an order that follows from the seed
    others.ndjson      everything but complaints, by time
    complaints.ndjson  complaints, by time
    apart.ndjson       what belongs to no case, by time
    cases.ndjson       everything else, by time
    times              the time of each event in seconds since 1970, by time
    policy/            DIR, with duties that have begun
    plan.json          the times of the run, the figures, and what is neglected: [[type, subject], …]
"""

import argparse
import dataclasses
import datetime
import json
import pathlib
import random
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cfpb"))
import ids  # noqa: E402  (the ids that others may compute)
from workdays import ZONE, Workdays, text  # noqa: E402

SOURCE = "outage"
# A Sunday. Reports for the week before are due on the Monday, the week is evaluated on the Tuesday.
DAY = datetime.date(2026, 11, 1)
WEEK = "2026-W44"
SINCE = "2026-10-26"


def at(day, hour, minute=0):
    return datetime.datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=ZONE) + datetime.timedelta(days=day)


START = at(0, 8)
LEAVES = at(0, 20)
RETURNS = at(4, 20)
UNTIL = at(5, 6)
# Nothing is done later, so that whoever was not away has hours for all of it.
LAST = at(5, 0)

STORES = {"S-WUYI": ("R-CHANGSHA", "p-wuyi-zeng"), "S-DONGTANG": ("R-CHANGSHA", "p-dt-xie"),
          "S-LUSONG": ("R-ZHUZHOU", "p-ls-qin"), "S-TIANYUAN": ("R-ZHUZHOU", "p-ty-mo")}
REGIONS = {"R-CHANGSHA": "p-cs-li", "R-ZHUZHOU": "p-zz-peng"}
CATEGORIES = ("air-conditioner", "washing-machine", "television", "refrigerator")
# Each brand is named by one customer alone, so nothing is a cluster (R04).
OWNED_BRANDS = ("Northwind", "Polar", "Riverstone")


def hq(name="p-hq-liu"):
    return {"id": name, "tier": "hq"}


def business():
    return {"id": "p-biz-wang", "tier": "business"}


@dataclasses.dataclass
class Case:
    """One case and who holds it at first."""
    id: str
    complaint: str
    received: datetime.datetime
    by: dict
    phone: str
    product: dict
    outlet: str | None = None


class Author:
    def __init__(self, seed, calendar):
        self.chance = random.Random(f"outage {seed}")
        self.calendar = calendar
        self.events = []
        # Those that belong to no case, by their ids.
        self.apart = set()
        # What must be called missed: (type, subject).
        self.neglected = []
        self.numbers = {"cases": 0, "linked": 0, "reopened": 0, "requests": 0, "calls": 0, "services": 0}

    # MARK: Time

    def later(self, time, least, most):
        """Between so many minutes later; at night not before the next morning."""
        time += datetime.timedelta(minutes=self.chance.uniform(least, most))
        time = time.replace(second=self.chance.randrange(60), microsecond=0)
        if time.hour < 8 or time.hour >= 21:
            day = time.date() + datetime.timedelta(days=1 if time.hour >= 21 else 0)
            time = datetime.datetime(day.year, day.month, day.day, 8, self.chance.randrange(10, 59), tzinfo=ZONE)
        return time

    def same_day(self, time, hours):
        """Later on the same date, at least two hours before its end."""
        latest = time.replace(hour=22, minute=0, second=0)
        return min(time + datetime.timedelta(minutes=self.chance.uniform(5, hours * 60)), latest).replace(microsecond=0)

    def working_day(self, date, number, hours=(9, 19)):
        """Some time of the Nth working day after a date."""
        day = self.calendar.after(date, number)
        return datetime.datetime(day.year, day.month, day.day, self.chance.randrange(*hours),
                                 self.chance.randrange(60), self.chance.randrange(60), tzinfo=ZONE)

    # MARK: Events

    def tell(self, time, name, **data):
        if time > LAST:
            raise ValueError(f"{name} at {time} lies behind {LAST}")
        number = len(self.events) + 1
        event = ids.envelope(f"{name.replace('.', '-')}-{number:05d}", SOURCE, name, text(time), data)
        self.events.append((time, event))

    def tell_apart(self, story, *arguments, **more):
        """What belongs to no case."""
        before = len(self.events)
        story(*arguments, **more)
        self.apart.update(event["id"] for _, event in self.events[before:])

    def complain(self, received, *, store=None, region=None, same=None, **more):
        """A complaint; `same`: about what another one is about already."""
        number = len(self.events) + 1
        name = f"c-{number:05d}"
        phone = same.phone if same else f"139{number:08d}"
        product = same.product if same else {
            "category": self.chance.choice(CATEGORIES), "brand": more.pop("brand", f"brand-{number}"),
            "purchasedHere": True}
        place = {"storeId": store} if store else {"regionId": region} if region else {}
        data = {"complaintId": name, "channel": self.chance.choice(("hotline", "counter", "web", "app")),
                "receivedAt": text(received), "customer": {"name": "王芳", "phone": phone}, "product": product,
                "description": "空调不制冷,已报修两次。", "remedy": "repair", **place, **more}
        self.tell(received, "complaint.received", **data)
        if store:
            by = {"id": STORES[store][1], "tier": "store", "storeId": store}
        else:
            by = {"id": REGIONS[region], "tier": "region", "regionId": region} if region else hq()
        return Case(ids.case_id(SOURCE, name), name, received, by, phone, product)

    def accept(self, case, by=None):
        self.tell(case.received + datetime.timedelta(minutes=self.chance.randrange(3, 6)), "case.accepted",
                  caseId=case.id, by=by or case.by)

    def speak(self, case, time, by=None, party="customer"):
        self.tell(time, "contact.recorded", caseId=case.id, **{"with": party}, by=by or case.by, at=text(time),
                  note=f"spoke about {case.id}")

    def resolve(self, case, time, by=None, documents=(), liability="none"):
        self.tell(time, "case.resolved", caseId=case.id, by=by or case.by, resolvedAt=text(time), solution="repaired",
                  liability=liability, documents=list(documents))

    def file(self, case, time, by=None):
        self.tell(time, "documents.archived", caseId=case.id, by=by or case.by, documents=["form"])

    def call(self, callback, attempt, time, outcome="reached", **more):
        self.numbers["calls"] += 1
        self.tell(time, "callback.completed", callbackId=callback, attempt=attempt, attemptAt=text(time),
                  outcome=outcome, by=hq("p-hq-zhao"), **more)

    # MARK: What is done in time

    def settle(self, case, resolved, by=None, way=None):
        """Resolves, tells the customer on the same date, and files the papers in one of three ways.

        Returns when the case closes.
        """
        way = self.chance.randrange(3) if way is None else way
        if self.chance.random() < 0.5:
            self.speak(case, self.same_day(resolved, 2), by)
        else:
            earliest = resolved.replace(hour=0, minute=1)
            self.speak(case, max(resolved - datetime.timedelta(minutes=30), earliest), by)
        if way == 0:
            self.resolve(case, resolved, by, documents=["form"])
            return resolved
        self.resolve(case, resolved, by)
        filed = self.later(resolved, 600, 1300)
        if way == 1 or filed > LAST:
            filed = self.same_day(resolved, 1)
        if way == 1 and self.chance.random() < 0.3:
            filed = resolved - datetime.timedelta(minutes=20)
        self.file(case, filed, by)
        return max(resolved, filed)

    def called(self, case, closed, closing=1, **answer):
        """The call about a closing, on one of the three working days; nobody calls after LAST."""
        callback = ids.closing_callback_id(case.id, closing)
        first = self.working_day(closed.date(), 1)
        if first > LAST:
            return None
        if self.chance.random() < 0.15 and not answer:
            self.call(callback, 1, first, "no-answer")
            second = self.working_day(closed.date(), 2)
            if second <= LAST:
                self.call(callback, 2, second, satisfied=True)
            return None
        days = [time for time in (first, *(self.working_day(closed.date(), n) for n in (2, 3))) if time <= LAST]
        time = first if answer else self.chance.choice(days)
        self.call(callback, 1, time, **(answer or {"satisfied": True}))
        return time

    def handled(self, case, within):
        """A case from its acceptance to the call about its closing; `within` so many hours it is resolved."""
        self.accept(case)
        self.speak(case, self.same_day(case.received, 2))
        closed = self.settle(case, self.later(case.received, 130, min(within * 60, 1600)))
        self.called(case, closed)

    def plain(self, received):
        self.handled(self.complain(received, store=self.chance.choice(sorted(STORES))), 40)

    def regional(self, received):
        self.handled(self.complain(received, region=self.chance.choice(sorted(REGIONS))), 60)

    def crisis(self, received):
        """Headquarters accepts within the hour (R34)."""
        case = self.complain(received, store=self.chance.choice(sorted(STORES)), hazards=["fire"])
        case.by = hq()
        self.handled(case, 60)

    def linked(self, received):
        """A second complaint of the same matter; the customer is answered under its own id."""
        case = self.complain(received, store="S-WUYI")
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        second = self.complain(received + datetime.timedelta(minutes=70), store="S-WUYI", same=case)
        self.numbers["linked"] += 1
        self.speak(second, second.received + datetime.timedelta(minutes=15))
        closed = self.settle(case, self.later(received, 200, 1600))
        self.called(case, closed)

    def reopened(self, received):
        """The customer is not satisfied with the closing: the region resolves the case anew (R10)."""
        store = self.chance.choice(sorted(STORES))
        case = self.complain(received, store=store)
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        closed = self.settle(case, self.later(received, 130, 300))
        time = self.called(case, closed, satisfied=False, atFault="none", comments="no")
        self.numbers["reopened"] += 1
        region = STORES[store][0]
        by = {"id": REGIONS[region], "tier": "region", "regionId": region}
        again = self.settle(case, self.later(time, 120, 600), by)
        self.called(case, again, 2)

    def incident(self, received, is_neglected=False):
        """Not satisfied at the fault of the manufacturer: headquarters handles the incident (R17)."""
        case = self.complain(received, store="S-LUSONG", brand=OWNED_BRANDS[self.numbers["incidents"]])
        self.numbers["incidents"] += 1
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        closed = self.settle(case, self.later(received, 130, 300), way=0)
        time = self.called(case, closed, satisfied=False, atFault="manufacturer")
        incident = ids.published_id("incident", ids.closing_callback_id(case.id, 1))
        if is_neglected:
            self.neglected.append(("obligation.overdue", incident))
        else:
            self.tell(self.working_day(time.date(), 1), "manufacturer-incident.handled", incidentId=incident, by=hq())
        region = STORES["S-LUSONG"][0]
        by = {"id": REGIONS[region], "tier": "region", "regionId": region}
        self.called(case, self.settle(case, self.later(time, 120, 600), by), 2)

    def paid(self, received, is_neglected=False):
        """The store, or above its cap the region, pays in advance; report, opinion and approval follow (R08)."""
        store = self.chance.choice(sorted(STORES))
        case = self.complain(received, store=store)
        request = f"r-{len(self.events):05d}"
        self.numbers["requests"] += 1
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        asked = received + datetime.timedelta(minutes=75)
        amount = self.chance.choice((20_000, 60_000))
        self.tell(asked, "compensation.requested", requestId=request, caseId=case.id, amountFen=amount,
                  cause="goodwill", by=case.by)
        paid = asked
        if amount > 50_000:
            paid = asked + datetime.timedelta(minutes=30)
            region = STORES[store][0]
            self.tell(paid, "compensation.decided", requestId=request, approved=True,
                      by={"id": REGIONS[region], "tier": "region", "regionId": region})
        if is_neglected:
            self.neglected.append(("obligation.overdue", request))
        else:
            reported = self.working_day(paid.date(), self.chance.choice((1, 2)))
            self.tell(reported, "incident-report.submitted", requestId=request, by=case.by, facts="as told")
            proposed = self.later(reported, 60, 180)
            approved = self.later(proposed, 60, 180)
            # Each of these has five working days.
            if approved <= LAST:
                self.tell(proposed, "liability.proposed", requestId=request, by=hq(), liable={"kind": "none"})
                self.tell(approved, "liability.approved", requestId=request, by=hq("p-hq-chen"), approved=True)
        closed = self.settle(case, self.later(received, 200, 1600))
        self.called(case, closed)

    def own_post(self, received, is_neglected=False):
        """The store's own fault, settled before the end of the next working day, so nobody pays (R07)."""
        case = self.complain(received, store=self.chance.choice(sorted(STORES)))
        request = f"r-{len(self.events):05d}"
        self.numbers["requests"] += 1
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        self.tell(received + datetime.timedelta(minutes=75), "compensation.requested", requestId=request,
                  caseId=case.id, amountFen=30_000, cause="own-post", by=case.by)
        if is_neglected:
            self.neglected.append(("compensation.referred", request))
            day = self.calendar.after(received.date(), 1)
            self.settle(case, datetime.datetime(day.year, day.month, day.day, 19, 30, tzinfo=ZONE), hq())
        else:
            self.called(case, self.settle(case, self.later(received, 130, 300)))

    def manufacturers(self, received):
        """The manufacturer's two people are spoken with, and settle it in their working day (R06)."""
        case = self.complain(received, store=self.chance.choice(sorted(STORES)))
        request = f"r-{len(self.events):05d}"
        self.numbers["requests"] += 1
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        for minutes, party in ((40, "factory-salesman"), (55, "brand-representative")):
            self.speak(case, received + datetime.timedelta(minutes=minutes), party=party)
        self.tell(received + datetime.timedelta(minutes=75), "compensation.requested", requestId=request,
                  caseId=case.id, amountFen=30_000, cause="manufacturer", by=case.by)
        self.called(case, self.settle(case, self.later(received, 130, 300)))

    # MARK: What belongs to no case

    def weekly_reports(self, neglecting):
        for store, (_, name) in STORES.items():
            if store == neglecting:
                self.neglected.append(("weekly-report.overdue", store))
                continue
            self.tell(at(1, 6, self.chance.randrange(60)), "weekly-report.submitted", storeId=store, week=WEEK,
                      violationIds=[], by={"id": name, "tier": "store", "storeId": store})

    def service(self, number):
        """Done the week before; the window of its first call ends on the Monday or Tuesday (R22)."""
        name, done = f"s-{number:03d}", at(-6 + number % 2, 10, number % 60)
        self.numbers["services"] += 1
        store = self.chance.choice(sorted(STORES))
        self.tell(done, "service.completed", serviceId=name, kind="repair", completedAt=text(done),
                  customer={"name": "李明", "phone": f"137{number:08d}"}, storeId=store,
                  product={"category": "television", "brand": f"served-{number}", "purchasedHere": True},
                  inWarranty=True)
        called = at(1 + number % 2, self.chance.randrange(9, 18), self.chance.randrange(60))
        self.call(ids.published_id("callback", "service-first", name), 1, called, satisfied=True)

    def letters(self, customers, neglected):
        """A customer event: each is called, and has the letter within two days of the call (R26)."""
        self.tell(at(0, 9, 30), "customer-event.announced", eventId="e-1", title="Autumn check",
                  on=str(DAY + datetime.timedelta(days=10)),
                  customers=[{"name": "张伟", "phone": f"136{number:08d}"} for number in range(customers)])
        for number in range(customers):
            callback = ids.published_id("callback", "customer-event", "e-1", number)
            called = at(1, self.chance.randrange(10, 18), self.chance.randrange(60))
            self.call(callback, 1, called)
            if number < neglected:
                self.neglected.append(("obligation.overdue", callback))
            else:
                sent = self.later(called, 60, 1500)
                self.tell(sent, "letter.sent", callbackId=callback, by=hq("p-hq-zhao"), at=text(sent))

    def violations(self, outlet, is_neglected=False):
        """Two in a month: a warning is proposed when the week is evaluated, and decided the next day (R11, R12)."""
        for number in (1, 2):
            name = f"v-{outlet}-{number}"
            self.tell(at(0, 10 + number), "violation.reported", violationId=name, outletId=outlet,
                      category="late-visit", occurredAt=text(at(0, 9)), recordedBy="hotline", by=hq("p-hq-zhao"))
            self.tell(at(1, 10 + number), "violation.verified", violationId=name, upheld=True, by=hq())
        proposal = ids.published_id("proposal", outlet, "monthly", "2026-11", "warning", 2)
        if is_neglected:
            self.neglected.append(("obligation.overdue", proposal))
        else:
            self.tell(at(3, 11), "penalty.decided", proposalId=proposal, approved=True, by=business())

    # MARK: What is neglected

    def unanswered(self, received):
        """Nobody speaks with the customer, and it is resolved without telling him."""
        case = self.complain(received, store="S-WUYI")
        self.accept(case)
        self.resolve(case, self.later(received, 130, 300), documents=["form"])
        self.neglected += [("customer.reply-overdue", case.id), ("customer.inform-overdue", case.id),
                           ("callback.missed", ids.closing_callback_id(case.id, 1))]

    def unresolved(self, received):
        case = self.complain(received, store="S-DONGTANG")
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        self.neglected.append(("case.escalated", case.id))

    def resolved_late(self, received):
        """The region resolves it some hours after it has got it."""
        case = self.complain(received, store="S-WUYI")
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        by = {"id": REGIONS["R-CHANGSHA"], "tier": "region", "regionId": "R-CHANGSHA"}
        resolved = received + datetime.timedelta(days=2, hours=2)
        self.speak(case, resolved - datetime.timedelta(minutes=10), by)
        self.resolve(case, resolved, by, documents=["form"])
        self.neglected.append(("case.escalated", case.id))

    def unaccepted(self, received):
        """A crisis that headquarters resolves, but has not accepted within the hour."""
        case = self.complain(received, store="S-LUSONG", hazards=["injury"])
        case.by = hq()
        self.speak(case, self.same_day(received, 1))
        self.called(case, self.settle(case, self.later(received, 130, 300)))
        self.neglected.append(("case.overdue", case.id))

    def untold(self, received):
        """Spoken with, but not on the date of the resolution."""
        case = self.complain(received, store="S-WUYI")
        self.accept(case)
        self.speak(case, self.same_day(received, 1))
        resolved = datetime.datetime.combine(received.date(), datetime.time(10, 0), ZONE) + datetime.timedelta(days=1)
        self.resolve(case, resolved, documents=["form"])
        self.called(case, resolved)
        self.neglected.append(("customer.inform-overdue", case.id))


# Of a hundred cases; the rest is plain.
MIX = (("crisis", 8), ("regional", 8), ("linked", 5), ("reopened", 6), ("paid", 10), ("own_post", 5),
       ("manufacturers", 4))
# What begins on the first day alone, so that all of it happens before LAST.
EARLY = {"reopened", "manufacturers", "own_post"}
NEGLECTED = ("unanswered", "unresolved", "resolved_late", "unaccepted", "untold")


def write_cases(author, count, without):
    kinds = [name for name, share in MIX if name != without for _ in range(round(share * count / 100))]
    kinds += ["plain"] * max(0, count - len(kinds))
    author.chance.shuffle(kinds)
    for number, kind in enumerate(kinds[:count]):
        day = 0 if kind in EARLY and number % 2 else number % (2 if kind in EARLY else 3)
        received = at(day, 8, 40) + datetime.timedelta(seconds=author.chance.randrange(10 * 3600))
        getattr(author, kind)(received)
        author.numbers["cases"] += 1
    author.numbers["incidents"] = 0
    author.incident(at(0, 9, 5))
    author.numbers["cases"] += 1
    author.tell_apart(author.weekly_reports, "S-TIANYUAN")
    for number in range(max(2, count // 20)):
        author.tell_apart(author.service, number)
    author.tell_apart(author.letters, max(3, count // 30), 1)
    author.tell_apart(author.violations, "O-ANJIE")


def write_neglected(author):
    for hour, kind in enumerate((*NEGLECTED, *NEGLECTED)):
        getattr(author, kind)(at(hour // len(NEGLECTED), 9 + hour % len(NEGLECTED), 7))
    author.paid(at(0, 9, 12), is_neglected=True)
    author.own_post(at(0, 9, 17), is_neglected=True)
    author.incident(at(0, 9, 22), is_neglected=True)
    author.tell_apart(author.violations, "O-KAIDA", is_neglected=True)


def write_policy(source, target):
    shutil.copytree(source, target)
    path = target / "organisation.yaml"
    path.write_text(re.sub(r"since: 20\d\d-\d\d-\d\d", f"since: {SINCE}", path.read_text(encoding="utf-8")),
                    encoding="utf-8")


def write(path, events):
    path.write_text("".join(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n" for event in events),
                    encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--policy", type=pathlib.Path, required=True)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", choices=[name for name, _ in MIX])
    options = parser.parse_args()
    author = Author(options.seed, Workdays(options.policy / "calendar.csv"))
    write_cases(author, options.cases, options.without)
    write_neglected(author)
    author.events.sort(key=lambda pair: pair[0])
    events = [event for _, event in author.events]
    options.folder.mkdir(parents=True)
    write_policy(options.policy, options.folder / "policy")
    write(options.folder / "events.ndjson", events)
    times = "".join(f"{int(time.timestamp())}\n" for time, _ in author.events)
    (options.folder / "times").write_text(times, encoding="utf-8")
    complaints = {event["id"] for event in events if event["type"].startswith("complaint.")}
    for name, is_in in (("complaints", lambda one: one in complaints), ("others", lambda one: one not in complaints),
                        ("apart", lambda one: one in author.apart), ("cases", lambda one: one not in author.apart)):
        write(options.folder / f"{name}.ndjson", [event for event in events if is_in(event["id"])])
    random.Random(f"order {options.seed}").shuffle(events)
    write(options.folder / "shuffled.ndjson", events)
    plan = {"start": text(START), "leaves": text(LEAVES), "returns": text(RETURNS), "until": text(UNTIL),
            "events": len(events), "complaints": len(complaints), "seed": options.seed, **author.numbers,
            "neglected": author.neglected}
    (options.folder / "plan.json").write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
    print(f"{len(events)} events; {author.numbers['cases']} cases in time, {len(author.neglected)} deadlines missed")


if __name__ == "__main__":
    main()
