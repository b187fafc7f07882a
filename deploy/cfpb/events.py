"""What happened to one complaint: the events of a row of the CSV file, in the order in which people report them."""

import datetime

import ids
import organisation
import workdays

COMPLAINTS, DESKS = "cfpb/complaints", "cfpb/desks"
CALL_CENTRE, SUPERVISION = "cfpb/callcentre", "cfpb/supervision"

CHANNELS = {"Web": "web", "Phone": "hotline", "Referral": "manufacturer"}
REMEDIES = {
    "Closed with monetary relief": "compensation",
    "Closed with non-monetary relief": "repair",
    "Closed with relief": "refund",
    "Closed without relief": "apology",
    "Untimely response": "apology",
}
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文辉力"
TIERS = ["store", "region", "hq"]


class Complaint:
    """One distinct row, with all that is derived from its digest."""

    def __init__(self, row, organisation, outlet_id, phone):
        self.row, self.organisation, self.outlet_id, self.phone = row, organisation, outlet_id, phone
        digest = row.digest
        self.id = digest.hex()[:32]
        self.case = ids.case_id(COMPLAINTS, self.id)
        self.received = workdays.at(row.date, 9 + digest[0] % 9)
        self.store = organisation.store(row)
        self.region = row.state or None
        self.tier = "store" if self.store else "region" if self.region else "hq"

    def place(self, tier):
        if tier == "store":
            return self.store
        # A store's cases go up to the region of the store, whatever state the row names.
        above = self.organisation.region_of_store.get(self.store, self.region)
        return above if tier == "region" else None

    def envelope(self, name, suffix, source, time, data):
        return ids.envelope(f"{self.id}:{suffix}", source, name, workdays.text(time), data)


def timeline(complaint, calendar):
    """All events about one complaint as (time, event), in order of time for each record."""
    digest, row = complaint.row.digest, complaint.row
    events = [received(complaint)]
    resolved = complaint.received + datetime.timedelta(days=1 + digest[2] % 6)
    events += handled(complaint, 1, complaint.received, resolved, complaint.tier)
    call = workdays.at(calendar.after(resolved.date(), 1), 10)
    satisfied = {"0": True, "1": False}.get(row.disputed)
    events.append(called(complaint, 1, call, satisfied))
    if satisfied is False:
        tier = tier_above(tier_at_resolution(complaint, resolved))
        resolved = call + datetime.timedelta(days=1 + digest[3] % 3)
        events += handled(complaint, 2, call, resolved, tier)
        call = workdays.at(calendar.after(resolved.date(), 1), 10)
        events.append(called(complaint, 2, call, True))
    if row.timely == "0":
        events += violation(complaint)
    return events


def tier_at_resolution(complaint, resolved):
    """Who holds the case when it is resolved: 2 days at a store, then 3 in a region, then headquarters (R03).

    A resolution at the very instant of a deadline comes before it. Whatever makes a case major is not foreseen here.
    """
    tier, left = TIERS.index(complaint.tier), resolved - complaint.received
    for index, limit in ((0, 2), (1, 3)):
        if tier == index and left > datetime.timedelta(days=limit):
            tier, left = tier + 1, left - datetime.timedelta(days=limit)
    return TIERS[tier]


def tier_above(tier):
    return TIERS[min(TIERS.index(tier) + 1, 2)]


def received(complaint):
    row, digest = complaint.row, complaint.row.digest
    data = {
        "complaintId": complaint.id,
        "channel": CHANNELS.get(row.via, "app"),
        "receivedAt": workdays.text(complaint.received),
        "customer": {"name": name(digest), "phone": complaint.phone},
    }
    if complaint.store:
        data["storeId"] = complaint.store
    if complaint.region:
        data["regionId"] = complaint.region
    data["product"] = {
        "category": row.product,
        "brand": organisation.brand(row),
        "purchasedHere": digest[1] % 2 == 0,
    }
    data["outletId"] = complaint.outlet_id
    data["description"] = description(row)
    data["remedy"] = REMEDIES.get(row.response, "information")
    time = complaint.received
    return time, complaint.envelope("complaint.received", "received", COMPLAINTS, time, data)


def handled(complaint, closing, since, resolved, tier):
    """Accepted two hours after the case came, resolved with a document; this closes the case.

    Headquarters resolves: it may whoever holds the case (R48), and what makes a case major is not foreseen here.
    """
    digest, row = complaint.row.digest, complaint.row
    by = complaint.organisation.person(tier, complaint.place(tier), digest[4])
    resolver = complaint.organisation.person("hq", complaint.place("hq"), digest[4])
    accepted = since + datetime.timedelta(hours=2)
    relief = row.response in ("Closed with monetary relief", "Closed with non-monetary relief", "Closed with relief")
    resolution = {
        "caseId": complaint.case,
        "by": resolver,
        "resolvedAt": workdays.text(resolved),
        "solution": row.response,
        "liability": "outlet" if relief else "none",
    }
    if relief:
        resolution["liableParty"] = complaint.outlet_id
    resolution["documents"] = [f"answer-{complaint.id}-{closing}"]
    return [
        (
            accepted,
            complaint.envelope(
                "case.accepted", f"accepted-{closing}", DESKS, accepted, {"caseId": complaint.case, "by": by}
            ),
        ),
        (resolved, complaint.envelope("case.resolved", f"resolved-{closing}", DESKS, resolved, resolution)),
    ]


def called(complaint, closing, time, satisfied):
    """The call after a closing reaches the customer at the first attempt; `satisfied` None: not known."""
    caller = complaint.row.digest[5] % 8 + 1
    data = {
        "callbackId": ids.closing_callback_id(complaint.case, closing),
        "attempt": 1,
        "attemptAt": workdays.text(time),
        "outcome": "reached",
        "by": {"id": f"hq-caller-{caller}", "tier": "hq"},
    }
    if satisfied is not None:
        data["satisfied"] = satisfied
    if satisfied is False:
        data["atFault"] = "outlet"
        data["outletId"] = complaint.outlet_id
    return time, complaint.envelope("callback.completed", f"called-{closing}", CALL_CENTRE, time, data)


def violation(complaint):
    """A late answer: reported a day after the complaint, verified by somebody else a day after that."""
    digest, violation_id = complaint.row.digest, f"late-{complaint.id}"
    reported = complaint.received + datetime.timedelta(days=1)
    verified = reported + datetime.timedelta(days=1)
    report = {
        "violationId": violation_id,
        "outletId": complaint.outlet_id,
        "occurredAt": workdays.text(complaint.received),
        "category": "late-response",
        "recordedBy": "hotline",
        "by": {"id": f"hq-hotline-{digest[6] % 4 + 1}", "tier": "hq"},
        "caseId": complaint.case,
        "complaintId": complaint.id,
    }
    if complaint.store:
        report["storeId"] = complaint.store
    verdict = {
        "violationId": violation_id,
        "upheld": True,
        "by": {"id": f"hq-quality-{digest[7] % 4 + 1}", "tier": "hq"},
    }
    return [
        (reported, complaint.envelope("violation.reported", "late-reported", SUPERVISION, reported, report)),
        (verified, complaint.envelope("violation.verified", "late-verified", SUPERVISION, verified, verdict)),
    ]


def description(row):
    """What the row says, in words; the source has no narratives and nothing personal."""
    about = f"{row.product} ({row.sub_product})" if row.sub_product else row.product
    timely = {"1": "in time", "0": "late"}.get(row.timely, "time unknown")
    return (
        f"Complaint about {about}, company {row.company}. Submitted via: {row.via}. "
        f"Answer: {row.response}, {timely}. Consent to publish: {row.consent or 'not recorded'}."
    )


def name(digest):
    """An invented Chinese name."""
    given = GIVEN[digest[9] % len(GIVEN)] + (GIVEN[digest[10] % len(GIVEN)] if digest[11] % 3 else "")
    return SURNAMES[digest[8] % len(SURNAMES)] + given
