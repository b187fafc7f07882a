"""What the stores of the organisation report every week about the service quality of outlets (R09, R35)."""

import datetime
import hashlib

import ids
import workdays

STORES = "cfpb/stores"
WEEK = datetime.timedelta(days=7)


def reports(plan, stories, calendar, last):
    """One report per store and full week, at 09:00 of the day it is due, from the beginning of its duties to `last`.

    It lists the late answers in the store's area that occurred in the week and were reported before. One report in
    forty, by a hash, is not sent.
    """
    listed = late_answers(stories)
    monday = plan.duties + datetime.timedelta(days=-plan.duties.weekday() % 7)
    while monday + WEEK <= last:
        due = workdays.at(calendar.after(monday + WEEK - datetime.timedelta(days=1), 1), 9)
        year, number, _ = monday.isocalendar()
        week = f"{year}-W{number:02d}"
        for store in plan.region_of_store:
            event_id = f"{store}:{week}"
            if hashlib.sha256(event_id.encode()).digest()[0] % 40 == 0:
                continue
            found = [name for reported, name in listed.get((store, monday), []) if reported < due]
            by = {"id": f"{store}-manager", "tier": "store", "storeId": store}
            data = {"storeId": store, "week": week, "violationIds": found, "by": by}
            yield due, ids.envelope(event_id, STORES, "weekly-report.submitted", workdays.text(due), data)
        monday += WEEK


def late_answers(stories):
    """(store, Monday of the week) -> (when reported, violation id) of what occurred there."""
    listed = {}
    for time, event in stories:
        if event["type"] == "violation.reported.v1" and "storeId" in event["data"]:
            occurred = datetime.datetime.fromisoformat(event["data"]["occurredAt"]).date()
            monday = occurred - datetime.timedelta(days=occurred.weekday())
            listed.setdefault((event["data"]["storeId"], monday), []).append((time, event["data"]["violationId"]))
    return listed
