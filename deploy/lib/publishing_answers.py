"""Publishes what docs/PUBLISHING.md says about answers, row by row, and checks that each comes: publishing_answers.py EXAMPLES

Reads AMQP_URL, as the examples do, and needs pika.
"""

import json
import sys
import time

sys.path.insert(0, sys.argv[1])

import pika

import complaint
import with_pika

PERSISTENT = pika.DeliveryMode.Persistent.value


class Upstream:
    """A connection of one upstream system."""

    def __init__(self, connection):
        self.channel = connection.channel()
        self.channel.confirm_delivery()
        with_pika.listen(self.channel)

    def send(self, event, key=None, content=None, **properties):
        self.channel.basic_publish(
            complaint.INBOX, key or complaint.routing_key(event), complaint.body(event) if content is None else content,
            pika.BasicProperties(content_type=complaint.STRUCTURED, delivery_mode=PERSISTENT, **properties),
            mandatory=True)

    def answers(self, seconds=10, wanted=1):
        """As many answers as are wanted, or those that came until the time is over."""
        found, end = [], time.monotonic() + seconds
        for method, _, content in self.channel.consume(complaint.answers_queue(), inactivity_timeout=0.1):
            if method is not None:
                self.channel.basic_ack(method.delivery_tag)
                found.append(json.loads(content))
            if len(found) >= wanted or time.monotonic() > end:
                self.channel.cancel()
                return found


def rules(answer):
    """`event.rejected contract-rule …` or `business.rejected reason`."""
    data, name = answer["data"], answer["type"].removesuffix(".v1")
    if name == "business.rejected":
        return f"{name} {data['reason']}"
    return " ".join([name] + sorted({one["rule"] for one in data["errors"]}))


def changed(event, data=None, **members):
    return {**event, **members, "data": {**event["data"], **(data or {})}}


def act(event_id, kind, data):
    return {"specversion": "1.0", "id": event_id, "source": complaint.SOURCE, "type": kind + ".v1",
            "time": "2026-11-30T09:30:00+08:00", "data": data}


def table(upstream):
    """What is sent, and what is to be answered."""
    first = complaint.complaint("answers")
    nobody = {"id": "p-nobody", "tier": "hq"}
    yield "a complaint", lambda: upstream.send(first), []
    # Only so the next ones find it there.
    time.sleep(1)
    yield "the same again", lambda: upstream.send(first), []
    yield ("the same id, another body", lambda: upstream.send(changed(first, {"description": "It burns."})),
           ["event.rejected id-reused"])
    yield ("another id, a known complaint with other content",
           lambda: upstream.send(changed(first, {"description": "It burns."}, id="answers-2")),
           ["business.rejected id-taken"])
    yield ("a member missing", lambda: upstream.send(changed(first, {"remedy": None}, id="answers-3")),
           ["event.rejected required"])
    yield "no JSON", lambda: upstream.send(first, content=b"{", message_id="answers-4"), []
    yield ("another event's key", lambda: upstream.send(changed(first, id="answers-5"), key="case.accepted"),
           ["event.rejected misrouted"])
    yield ("a key that nobody takes", lambda: upstream.send(changed(first, id="answers-6"), key="complaint.recieved"),
           ["event.rejected unroutable"])
    yield ("an unknown type", lambda: upstream.send(changed(first, id="answers-7", type="complaint.received.v9")),
           ["event.rejected unknown-type"])
    yield ("an encoded body", lambda: upstream.send(
        changed(first, id="answers-8"), content_encoding="gzip", message_id="answers-8"), [])
    yield ("a time ahead of the clock", lambda: upstream.send(changed(
        first, {"complaintId": "ahead", "receivedAt": "2026-12-30T09:00:00+08:00"}, id="answers-9")), None)
    yield ("a person who is in no list", lambda: upstream.send(act(
        "answers-10", "case.accepted", {"caseId": complaint.case_id("answers"), "by": nobody})),
        ["business.rejected unknown-person"])
    yield ("a case that nobody knows yet", lambda: upstream.send(act(
        "answers-11", "case.resolved", {
            "caseId": complaint.case_id("not-there-yet"), "by": {"id": "p-hq-liu", "tier": "hq"},
            "resolvedAt": "2026-11-30T09:30:00+08:00", "solution": "x", "liability": "none", "documents": []})), [])


def main():
    faults = 0
    with with_pika.connect() as connection:
        upstream = Upstream(connection)
        for what, send, wanted in table(upstream):
            send()
            found = upstream.answers(seconds=10 if wanted else 2, wanted=len(wanted) if wanted else 99)
            said = sorted(set(map(rules, found)))
            fits = wanted is None or said == wanted
            faults += not fits
            print(f"{'ok' if fits else 'WRONG'}  {what}: {', '.join(said) or 'nothing'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
