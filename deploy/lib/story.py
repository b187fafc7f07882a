#!/usr/bin/env python3
"""The story of deploy/story: what people tell, and what must have come of it.

  story.py tell FILE                 writes the events, one JSON object a line, each at its business time
  story.py last OUTPUTS              prints the id of the last event of the story among `recourse journal outputs`
  story.py check OUTPUTS EXPLANATION checks what the pipeline has said, in order, and where the last event is led back to
  story.py letters OUTPUTS           prints the letters of the story: notice id and kind, in their order

An outlet's installer has caused a fire. Headquarters pays the customer in advance, finds the outlet liable, asks it for the
money and stops it; the outlet appeals in vain, its settlements are held back, and it pays.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cfpb"))
import ids  # noqa: E402

SOURCE, COMPLAINT, REQUEST, OUTLET = "urn:example:hotline", "H-20261102-7", "Q-20261102-1", "O-ANJIE"
CASE = ids.case_id(SOURCE, COMPLAINT)
# R46: the period of a grave proposal is the violation, and a violation that follows from a case bears its id (R45).
PROPOSAL = ids.published_id("proposal", OUTLET, "grave", CASE, "stop-dispatch", 1)
NOTICE = ids.published_id("notice", PROPOSAL)

CLERK = {"id": "p-wuyi-zeng", "tier": "store", "storeId": "S-WUYI"}
DUTY, LIU, ZHAO = ({"id": person, "tier": "hq"} for person in ("p-hq-duty", "p-hq-liu", "p-hq-zhao"))
WANG, SUN = ({"id": person, "tier": "business"} for person in ("p-biz-wang", "p-biz-sun"))
REGION = {"id": "p-cs-li", "tier": "region", "regionId": "R-CHANGSHA"}

TOLD = [
    ("2026-10-20T10:00", "outlet.site-checked",
     {"outletId": OUTLET, "passed": True, "by": REGION, "at": "2026-10-20T10:00:00+08:00"}),
    ("2026-11-02T10:00", "complaint.received",
     {"complaintId": COMPLAINT, "channel": "hotline", "receivedAt": "2026-11-02T10:00:00+08:00",
      "customer": {"name": "陈女士", "phone": "13800010007", "address": "芙蓉区五一大道1号"}, "storeId": "S-WUYI",
      "product": {"category": "air-conditioner", "brand": "Polar", "model": "KF-35", "purchasedHere": True},
      "outletId": OUTLET, "description": "安装师傅接错线,空调起火,窗帘烧毁。", "remedy": "compensation", "hazards": ["fire"]}),
    ("2026-11-02T10:20", "case.accepted", {"caseId": CASE, "by": DUTY}),
    ("2026-11-02T10:40", "contact.recorded",
     {"caseId": CASE, "with": "customer", "by": DUTY, "at": "2026-11-02T10:40:00+08:00"}),
    ("2026-11-02T11:00", "compensation.requested",
     {"requestId": REQUEST, "caseId": CASE, "amountFen": 300_000, "cause": "outlet", "by": DUTY}),
    ("2026-11-02T12:00", "compensation.decided", {"requestId": REQUEST, "approved": True, "by": LIU}),
    ("2026-11-03T09:00", "incident-report.submitted", {"requestId": REQUEST, "by": CLERK, "facts": "接线松动,短路起火。"}),
    ("2026-11-03T10:00", "liability.proposed",
     {"requestId": REQUEST, "by": LIU, "liable": {"kind": "outlet", "id": OUTLET}}),
    ("2026-11-03T11:00", "liability.approved", {"requestId": REQUEST, "by": WANG, "approved": True}),
    ("2026-11-04T09:00", "case.resolved",
     {"caseId": CASE, "by": DUTY, "resolvedAt": "2026-11-04T09:00:00+08:00", "solution": "赔付 3000 元,更换空调。",
      "liability": "outlet", "documents": ["D-1"]}),
    ("2026-11-04T10:00", "contact.recorded",
     {"caseId": CASE, "with": "customer", "by": DUTY, "at": "2026-11-04T10:00:00+08:00"}),
    ("2026-11-05T09:00", "violation.verified", {"violationId": CASE, "upheld": True, "by": ZHAO}),
    ("2026-11-05T10:00", "penalty.decided", {"proposalId": PROPOSAL, "approved": True, "by": WANG}),
    ("2026-11-06T09:00", "appeal.lodged", {"noticeId": NOTICE, "by": REGION, "grounds": "插座老化所致。"}),
    ("2026-11-09T09:00", "appeal.decided", {"noticeId": NOTICE, "penaltyStands": True, "by": SUN}),
    ("2026-12-20T09:00", "recovery.booked", {"requestId": REQUEST, "amountFen": 300_000, "by": LIU}),
]

WANTED = [
    "case.opened", "crisis.alerted", "case.responded", "compensation.referred", "compensation.authorised",
    "fund.disbursed", "liability.decided", "notice.issued", "case.closed", "violation.recorded", "penalty.proposed",
    "notice.issued", "outlet.status-changed", "settlement.blocked", "recovery.step-due", "fund.recovered",
    "settlement.released",
]


def tell(path):
    with open(path, "w", encoding="utf-8") as file:
        for number, (time, name, data) in enumerate(TOLD):
            event = ids.envelope(f"story-{number}", SOURCE, name, f"{time}:00+08:00", data)
            file.write(json.dumps(event, ensure_ascii=False) + "\n")


def read(path):
    """In the order of their times; of one time in the order of the stages and their journals."""
    with open(path, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    return sorted(events, key=lambda event: event["time"])


def of_story(event):
    return REQUEST in json.dumps(event["data"]) or CASE in json.dumps(event["data"])


def last(events):
    released = [event["id"] for event in events if event["type"] == "settlement.released.v1" and of_story(event)]
    if not released:
        sys.exit("the outlet's settlements were not released: the money has not come back, or nobody has heard of it")
    return released[-1]


def check(events, explanation):
    refused = [event["data"] for event in events if event["type"] == "business.rejected.v1"]
    if refused:
        sys.exit(f"refused: {json.dumps(refused, ensure_ascii=False)}")
    left = list(WANTED)
    for event in events:
        if left and event["type"] == left[0] + ".v1":
            left.pop(0)
    if left:
        sys.exit(f"not said, in this order: {left}")
    chain = explanation["chain"]
    if explanation["eventId"] != last(events) or chain[-1]["inputId"] != "story-1":
        sys.exit(f"the last event is led back to {chain[-1]['input']} {chain[-1]['inputId']}, not to the complaint")
    print(f"{len(events)} events; the last one is led back to the complaint by {len(chain)} decisions")


def letters(events):
    issued = [(event["data"]["noticeId"], event["data"]["kind"]) for event in events if event["type"] == "notice.issued.v1"]
    if sorted(kind for _, kind in issued) != ["penalty", "recovery-demand"]:
        sys.exit(f"expected a demand and a penalty, found {[kind for _, kind in issued]}")
    for notice, kind in issued:
        print(notice, kind)


def main(command, *paths):
    if command == "tell":
        tell(*paths)
    elif command == "last":
        print(last(read(*paths)))
    elif command == "letters":
        letters(read(*paths))
    elif command == "check":
        outputs, explanation = paths
        with open(explanation, encoding="utf-8") as file:
            check(read(outputs), json.load(file))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
