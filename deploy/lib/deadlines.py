"""Deadlines that a pipeline has called missed, by its journals: which they are, whether something met them, and what
excuses them by the order in which things were committed (domain rules §9.5).
"""

import collections
import dataclasses
import json
import pathlib

from journals import MICROSECONDS, STAGES, instant, shown

# MARK: What says that a deadline was missed

OVERDUE = {"case.overdue", "customer.reply-overdue", "customer.inform-overdue", "obligation.overdue", "callback.missed",
           "weekly-report.overdue", "training.failed", "settlement.blocked", "recovery.step-due"}
# And for some reasons: case.escalated, compensation.referred, compensation.refused.


@dataclasses.dataclass(frozen=True)
class Missed:
    """A deadline that was called missed; equal wherever and whenever that was said."""
    kind: str
    # The case, request, task, proposal, … that it is about.
    subject: str
    # Of a complaint that was linked to the case, whose.
    complaint: str
    due: int

    def text(self):
        return f"{self.kind} {self.subject} due {shown(self.due)}"


def event_name(event):
    return event["type"].removesuffix(".v1")


def subject(data):
    names = ("subject", "requestId", "callbackId", "noticeId", "proposalId", "caseId", "serviceId", "outletId",
             "storeId")
    return next((str(data[name]) for name in names if data.get(name)), "")


def missed(event):
    """The deadline that an outgoing event says was missed; None: it says no such thing."""
    name, data = event_name(event), event.get("data", {})
    because = data.get("because", {})
    rule = because.get("rule", "")
    if name == "case.escalated":
        if rule != "R03" or (because.get("facts") or {}).get("requested"):
            return None
    elif name == "compensation.referred":
        if rule not in ("R06", "R07"):
            return None
    elif name == "compensation.refused":
        if data.get("reason") != "manufacturer-not-contacted":
            return None
    elif name not in OVERDUE:
        return None
    detail = data.get("obligation") or data.get("rule") or data.get("to") or data.get("reason") or ""
    return Missed(f"{name} {detail}".strip(), subject(data), str(data.get("complaintId", "")), instant(event["time"]))


# MARK: What meets a deadline

MEETS = {
    "obligation.overdue incident-report": {"incident-report.submitted"},
    "obligation.overdue liability-opinion": {"liability.proposed"},
    "obligation.overdue liability-approval": {"liability.approved"},
    "obligation.overdue recovery": {"recovery.booked", "write-off.approved"},
    "obligation.overdue customer-number": {"customer.contact-corrected"},
    "obligation.overdue customer-letter": {"letter.sent"},
    "obligation.overdue penalty-decision": {"penalty.decided"},
    "obligation.overdue replacement-decision": {"replacement.decided"},
    "obligation.overdue verification": {"violation.verified"},
    "obligation.overdue manufacturer-incident": {"manufacturer-incident.handled"},
    "obligation.overdue site-check": {"outlet.site-checked"},
    "weekly-report.overdue": {"weekly-report.submitted"},
    "training.failed": {"training.assessed"},
    "callback.missed": {"callback.completed"},
    "compensation.referred hq": {"case.resolution-accepted"},
    "compensation.refused manufacturer-not-contacted": {"contact.recorded"},
    "case.overdue R34": {"case.accepted"},
    "case.overdue R03": {"case.resolved"},
    "case.escalated region": {"case.resolved"},
    "case.escalated hq": {"case.resolved"},
    "customer.reply-overdue": {"contact.recorded"},
    "customer.inform-overdue": {"contact.recorded"},
    "settlement.blocked feedback-form": {"feedback-form.submitted"},
}
# At 24:00 the next date has begun.
BEFORE_ALONE = {"customer.inform-overdue", "callback.missed"}
DAY = 86_400 * MICROSECONDS
ZONE = 8 * 3600 * MICROSECONDS


def meets(found, entry):
    """Whether the event of a journal entry, about the record whose timer acted, would have met the deadline."""
    if entry.is_refused or entry.type not in MEETS.get(found.kind, ()):
        return False
    if not (entry.now < found.due if found.kind in BEFORE_ALONE else entry.now <= found.due):
        return False
    data = entry.data
    if found.kind == "case.overdue R34":
        return data.get("by", {}).get("tier") == "hq"
    if found.kind in ("customer.reply-overdue", "customer.inform-overdue"):
        # R24 wants the date that ends then.
        is_of_date = found.kind == "customer.reply-overdue" or entry.now + ZONE >= (found.due + ZONE - 1) // DAY * DAY
        return data.get("with") == "customer" and is_of_date
    if found.kind == "callback.missed":
        return data.get("outcome") in ("reached", "refused")
    return True


MATTERS = ("caseId", "openCaseId", "subject", "requestId", "callbackId", "proposalId", "noticeId", "incidentId",
           "violationId")


def matters(data):
    """What something is about: a case, a request, a task, …; a task and a request name their case too."""
    found = [*(data.get(name) for name in MATTERS), (data.get("about") or {}).get("caseId")]
    return [str(one) for one in found if one]


# MARK: Why it was called missed

LATER_FIRST = "an event of the same record with a later time was taken first"
PATIENCE = "a timer may have acted by patience"
CAME_AFTER = "what met it reached the queue after the timer had acted"
UNKNOWN = "when what met it reached the queue is not known"
NOT_MET = "nothing that was taken later met it"
REORDERED = "of two events about it from one sender the later was taken first"
FOLLOWS = "follows from another that was called missed"
BROKEN = "what met it had reached the queue before the timer acted"
# By the domain rules §9.5, and what follows from them.
EXCUSES = {LATER_FIRST, REORDERED, PATIENCE, CAME_AFTER, FOLLOWS}


# Handling leaves resolutions to routing: it takes them without effect, once the case is assigned.
NOT_DECIDED_BY_ORDER = {("handling", "case.resolved")}


def bears_upon(later, earlier, sender):
    """Whether it matters that `later` was taken first: of what a stage says, two words of one kind, or that a case
    closed and that it was reopened.
    """
    types = {later.type, earlier.type}
    return not sender or len(types) == 1 or types == {"case.closed", "case.reopened"}


class Explainer:
    """Tells by the order in which events were committed why a deadline was called missed."""

    def __init__(self, journals, arrivals):
        self.journals = journals
        self.arrivals = arrivals
        self.emitted = {(one.event["source"], one.event["id"]): journal.entry(one.entry).written
                        for journal in journals.values() for one in journal.outputs}
        self._about = {stage: self._by_record(journal) for stage, journal in journals.items()}
        # At intake cases are one by their customer.
        self._customers = set()
        self._reordered = self._find_reordered()

    @staticmethod
    def _by_record(journal):
        """Entries by the records that they have changed, and by the ids that their events name."""
        found = collections.defaultdict(list)
        for entry in journal.entries:
            ids = {journal.records[number][1] for number in entry.records if number in journal.records}
            ids.update(str(entry.data[name]) for name in ("caseId", "requestId", "callbackId") if entry.data.get(name))
            for one in ids:
                found[one].append(entry)
        return found

    def _find_reordered(self):
        """The matters about which some stage has taken two events of one sender in the other order than that of their
        times: competing workers do so with what comes in one moment. At intake whoever sends it: a complaint is about
        whatever its customer's other ones are, and is linked to the case that is open when it is taken.
        """
        found = set()
        for stage, journal in self.journals.items():
            # By matter and sender, of each type the entry with the latest time so far.
            latest = collections.defaultdict(dict)
            for entry in journal.entries:
                if entry.timer is not None or (stage, entry.type) in NOT_DECIDED_BY_ORDER or stage == "reports":
                    continue
                is_of_stage = stage != "intake" and entry.key[0].startswith("recourse/")
                sender = entry.key[0] if is_of_stage else ""
                for matter in self._matters(journal, entry):
                    known = latest[(matter, sender)]
                    if any(one.now > entry.now and bears_upon(one, entry, sender) for one in known.values()):
                        (self._customers if stage == "intake" else found).add(matter)
                    if entry.type not in known or known[entry.type].now < entry.now:
                        known[entry.type] = entry
        # What intake knows of a customer stands for all his cases.
        intake = self.journals["intake"]
        for output in intake.outputs:
            if not self._customers.isdisjoint(self._matters(intake, intake.entry(output.entry))):
                found.update(matters(output.event["data"]))
        return found

    @staticmethod
    def _matters(journal, entry):
        """What an event is about; at intake its customer."""
        if journal.stage == "intake":
            return [name for kind, name in (journal.records[number] for number in entry.records) if kind == "customer"]
        return matters(entry.data)

    @property
    def reordered(self):
        return len(self._reordered)

    def is_reordered(self, about):
        return not self._reordered.isdisjoint(about)

    def about(self, output, decision):
        """The events about the record whose deadline it was, or its case, in the order in which they were committed."""
        known = self.journals[decision.stage].records.get(decision.timer)
        data = output.event["data"]
        names = {known[1] if known else subject(data), data.get("caseId"), (data.get("about") or {}).get("caseId")}
        found = {one.number: one for name in names for one in self._about[decision.stage].get(name, ())}
        return [one for _, one in sorted(found.items()) if one.timer is None]

    def why(self, found, output):
        """The reason, and the event that would have met it."""
        journal = self.journals[output.stage]
        timer = journal.entry(output.entry)
        events = self.about(output, timer)
        after = [entry for entry in events if entry.number > timer.number and meets(found, entry)]
        if not after:
            return REORDERED if self.is_reordered(matters(output.event["data"])) else NOT_MET, None
        first = after[0]
        if any(entry.number < first.number and entry.now > found.due for entry in events):
            return LATER_FIRST, first
        if journal.by_patience:
            return PATIENCE, first
        return self._by_arrival(timer, first), first

    def _by_arrival(self, timer, event):
        reached = self.arrivals.get(event.key)
        if reached is not None:
            return CAME_AFTER if reached > timer.written else BROKEN
        emitted = self.emitted.get(event.key)
        # The queue cannot have had it before it was decided.
        return CAME_AFTER if emitted is not None and emitted > timer.written else UNKNOWN


def read_arrivals(path):
    """When each event was in its queues at the latest: (source, id) → wall time."""
    if path is None or not pathlib.Path(path).exists():
        return {}
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return {(line["source"], line["id"]): line["reached"] for line in lines}


# MARK: Comparing

# How cases, tasks and requests end.
ENDS = {"case.closed", "case.reopened", "callback.done", "callback.exhausted", "compensation.authorised",
        "compensation.refused", "fund.disbursed", "fund.recovered", "fund.written-off", "notice.issued",
        "penalty.proposed", "business.rejected"}


def end(event):
    """What has ended how, and when; None: the event tells of no end."""
    name, data = event_name(event), event.get("data", {})
    if name not in ENDS:
        return None
    about = data["event"]["id"] if name == "business.rejected" else subject(data)
    detail = "".join(f" {data[key]}" for key in ("closing", "outcome", "reason", "amountFen") if key in data)
    return f"{name}{detail}", about, instant(event["time"])


@dataclasses.dataclass
class Told:
    """What a run, or a simulation, has told up to a time."""
    missed: dict
    # What has ended, and what it is about.
    ends: dict
    dead: int
    waiting: int

    @classmethod
    def of_simulation(cls, path, until):
        told = cls({}, {}, 0, 0)
        with open(path, encoding="utf-8") as file:
            for line in file:
                event = json.loads(line)
                if event["type"] == "dead-letter":
                    told.dead += 1
                elif event["type"] == "waiting":
                    told.waiting += 1
                elif event["type"] != "unanswered":
                    told.add(event, None, until, event.get("data", {}))
        return told

    @classmethod
    def of_journals(cls, journals, stores, until):
        told = cls({}, {}, stores.dead_letters(), sum(len(stores.waiting(stage)) for stage in STAGES))
        for journal in journals.values():
            for output in journal.outputs:
                # A rejection names an event.
                cause = journal.entry(output.entry) if output.event["type"].startswith("business.rejected") else None
                told.add(output.event, output, until, cause.data if cause else output.event["data"])
        return told

    def add(self, event, origin, until, about):
        if instant(event["time"]) > until:
            return
        if (found := missed(event)) is not None:
            self.missed.setdefault(found, origin)
        if (ended := end(event)) is not None:
            self.ends[ended] = matters(about)


def explain(beyond, told, explainer):
    """The reason of each: a dictionary from what was called missed to (reason, event)."""
    reasons = {found: explainer.why(found, told.missed[found]) for found in beyond}
    # The next term of a case begins with what was called missed before: met by nobody, and no fault of its own.
    excused = {found.subject for found, (reason, _) in reasons.items() if reason in EXCUSES}
    return {found: (FOLLOWS, None) if reason == NOT_MET and found.subject in excused else (reason, event)
            for found, (reason, event) in reasons.items()}


def kinds(found):
    return collections.Counter(one.kind for one in found)
