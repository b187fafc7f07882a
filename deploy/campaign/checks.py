"""What must hold when everything has come to rest: nothing lost, nothing done twice, no decision that differs.

`recourse audit` and `recourse journal replay` judge from inside. What is here judges from outside: by the outgoing
events in the journals, by what was seen on the wire, and by what was published.
"""

import collections
import dataclasses
import hashlib
import json
from collections.abc import Iterable

EXAMPLES = 10


@dataclasses.dataclass
class Finding:
    name: str
    count: int = 0
    examples: list[str] = dataclasses.field(default_factory=list)

    def note(self, text: str) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(text)


# An effect that may happen once only, told by these members of the event that announces it.
ONCE: dict[str, tuple[str, ...]] = {
    "case.opened": ("caseId",),
    "case.duplicate-linked": ("complaintId",),
    "case.closed": ("caseId", "closing"),
    "callback.scheduled": ("callbackId",),
    "callback.due": ("callbackId", "attempt"),
    "callback.done": ("callbackId",),
    "callback.missed": ("callbackId",),
    "callback.exhausted": ("callbackId",),
    "callback.satisfied": ("callbackId",),
    "callback.dissatisfied": ("callbackId",),
    "compensation.authorised": ("requestId",),
    "compensation.refused": ("requestId",),
    "fund.disbursed": ("requestId",),
    "customer.reply-overdue": ("caseId", "complaintId"),
    "violation.recorded": ("violationId", "verified"),
    "penalty.proposed": ("proposalId",),
    "penalty.superseded": ("proposalId",),
    "notice.issued": ("noticeId",),
    "weekly-report.overdue": ("storeId", "week"),
    "training.failed": ("outletId", "quarter"),
    "settlement.blocked": ("serviceId",),
    "settlement.released": ("serviceId",),
    "manufacturer.incident-recorded": ("incidentId", "handled"),
    "manufacturer.replacement-proposed": ("proposalId",),
    "manufacturer.replacement-demanded": ("manufacturerId", "quarter"),
}
# A notice carries out one proposal.
ONE_NOTICE = ("notice.issued", "proposalId")


class Outputs:
    """Reads every outgoing event of the journals, in the order in which each stage has committed them."""

    def __init__(self) -> None:
        self.doubled = Finding("effects that happened twice")
        self.money = Finding("balances of the fund that do not add up")
        self.count = 0
        self.types: collections.Counter[str] = collections.Counter()
        self.digests: dict[str, str] = {}  # source and id → digest of the body
        self.opened: collections.Counter[str] = collections.Counter()  # complaintId → cases and links
        self._effects: set[tuple] = set()
        self._disbursed: dict[str, int] = {}
        self._returned: collections.Counter[str] = collections.Counter()
        self._balance = 0

    def read(self, line: bytes) -> None:
        body = line.rstrip(b"\n")
        event = json.loads(body)
        name, data = event["type"].removesuffix(".v1"), event["data"]
        self.count += 1
        self.types[name] += 1
        key = f"{event['source']} {event['id']}"
        if key in self.digests:
            self.doubled.note(f"event {key} ({name}) is in the journals twice")
        self.digests[key] = digest(body)
        if name in ONCE:
            self._once(name, tuple(data.get(member) for member in ONCE[name]))
        if name == ONE_NOTICE[0] and ONE_NOTICE[1] in data:
            self._once("notice of a proposal", (data[ONE_NOTICE[1]],))
        if name in ("case.opened", "case.duplicate-linked"):
            self.opened[data["complaintId"]] += 1
        if name.startswith("fund."):
            self._fund(name, data)

    def _once(self, name: str, which: tuple) -> None:
        effect = (name, *which)
        if effect in self._effects:
            self.doubled.note(f"{name} {' '.join(map(str, which))}")
        self._effects.add(effect)

    def _fund(self, name: str, data: dict) -> None:
        request, amount = data["requestId"], data["amountFen"]
        if name == "fund.disbursed":
            self._disbursed[request] = self._disbursed.get(request, 0) + amount
            self._balance -= amount
        else:
            self._returned[request] += amount
            self._balance += amount if name == "fund.recovered" else 0
            if self._returned[request] > self._disbursed.get(request, 0):
                self.money.note(f"request {request}: more came back or was given up than was paid")
        if data["balanceFen"] != self._balance:
            self.money.note(f"request {request}: {name} tells {data['balanceFen']}, the sum is {self._balance}")


def digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=8).hexdigest()


def complaints(published: set[str], opened: collections.Counter[str]) -> tuple[Finding, Finding]:
    """One complaint: one case or one link."""
    lost = Finding("complaints without a case or a link")
    doubled = Finding("complaints with more than one case or link")
    for complaint in sorted(published):
        if opened[complaint] == 0:
            lost.note(complaint)
        elif opened[complaint] > 1:
            doubled.note(complaint)
    return lost, doubled


@dataclasses.dataclass
class Wire:
    seen: int
    repeated: int  # the same event once more: allowed
    lost: Finding
    differing: Finding
    strange: Finding


def wire(lines: Iterable[str], journal: dict[str, str]) -> Wire:
    """What was seen on `recourse.events` against what the journals hold: at least once each, always the same bytes.

    `event.rejected` and `event.waiting` answer what no stage has taken, so no journal holds them.
    """
    result = Wire(0, 0, Finding("outgoing events that never came"), Finding("one id with two bodies on the wire"),
                  Finding("events on the wire that no journal holds"))
    seen: set[str] = set()
    for line in lines:
        source, event_id, name, body = line.split()
        key = f"{source} {event_id}"
        result.seen += 1
        if key in seen:
            result.repeated += 1
        seen.add(key)
        if name.startswith(("event.rejected", "event.waiting")):
            continue
        if key not in journal:
            result.strange.note(f"{key} ({name})")
        elif journal[key] != body:
            result.differing.note(f"{key} ({name})")
    for key in journal.keys() - seen:
        result.lost.note(key)
    return result


def dead_letters(found: list[dict], planted: list[tuple[str, str, str, str]],
                 waiting: dict[str, int] | None = None) -> tuple[Finding, Finding]:
    """The letters must be the planted ones, each once. What refers to something unknown may still wait for it: `waiting`
    says how many events do at each queue's stage; that each of them has a fate is the audit's to say."""
    left = dict(waiting or {})
    missing, superfluous = Finding("planted dead letters that are missing"), Finding("dead letters nobody planted")
    expected = collections.Counter(planted)
    actual = collections.Counter(
        (one["queue"], one.get("source") or "", one.get("eventId") or "", one["failureClass"]) for one in found)
    for key in expected - actual:
        if key[3] == "transient" and left.get(key[0], 0) > 0:
            left[key[0]] -= 1
        else:
            missing.note(" ".join(key))
    for key in actual - expected:
        superfluous.note(" ".join(key))
    return missing, superfluous
