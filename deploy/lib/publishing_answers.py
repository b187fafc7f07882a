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

    def answers(self, event_id, seconds):
        """What is said of one event first; nothing, if nothing is said for so long. What is of other events is passed over:
        several stages may answer one, and each more than once."""
        found, end = set(), time.monotonic() + seconds
        for method, _, content in self.channel.consume(complaint.answers_queue(), inactivity_timeout=0.1):
            if method is not None:
                self.channel.basic_ack(method.delivery_tag)
                said = json.loads(content)
                if subject(said) == event_id:
                    found.add(rules(said))
            if found or time.monotonic() > end:
                self.channel.cancel()
                return sorted(found)


def subject(answer):
    """The id of the event that an answer is about."""
    data = answer["data"]
    return data["event"]["id"] if answer["type"] == "business.rejected.v1" else data.get("eventId")


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


def table():
    """What is sent, of which id, and what is to be answered."""
    first = complaint.complaint("answers")
    other = {"description": "It burns."}
    nobody = {"id": "p-nobody", "tier": "hq"}
    case = complaint.case_id("answers")
    resolved = {"caseId": complaint.case_id("not-there-yet"), "by": {"id": "p-hq-liu", "tier": "hq"},
                "resolvedAt": "2026-11-30T09:30:00+08:00", "solution": "x", "liability": "none", "documents": []}
    ahead = {"complaintId": "ahead", "receivedAt": "2026-12-30T09:00:00+08:00"}
    yield "a complaint", first, {}, None
    yield "the same again", first, {}, None
    yield "the same id, another body", changed(first, other), {}, "event.rejected id-reused"
    yield ("a known complaint with other content", changed(first, other, id="answers-2"), {},
           "business.rejected id-taken")
    yield "a member missing", changed(first, {"remedy": None}, id="answers-3"), {}, "event.rejected required"
    # Of these two nobody can tell whose they are, so nobody is told.
    yield "no JSON", changed(first, id="answers-4"), {"content": b"{", "message_id": "answers-4"}, None
    yield ("an encoded body", changed(first, id="answers-5"),
           {"content_encoding": "gzip", "message_id": "answers-5"}, None)
    yield ("another event's key", changed(first, id="answers-6"), {"key": "case.accepted"}, "event.rejected misrouted")
    yield ("a key that nobody takes", changed(first, id="answers-7"), {"key": "complaint.recieved"},
           "event.rejected unroutable")
    yield ("an unknown type", changed(first, id="answers-8", type="complaint.received.v9"),
           {"key": "complaint.received"}, "event.rejected unknown-type")
    yield "a time ahead of the clock", changed(first, ahead, id="answers-9"), {}, "business.rejected time-ahead"
    yield ("a person who is in no list", act("answers-10", "case.accepted", {"caseId": case, "by": nobody}), {},
           "business.rejected unknown-person")
    yield "a case that nobody knows yet", act("answers-11", "case.resolved", resolved), {}, None


def main():
    faults = 0
    with with_pika.connect() as connection:
        upstream = Upstream(connection)
        for what, event, how, wanted in table():
            upstream.send(event, **how)
            said = upstream.answers(event["id"], seconds=30 if wanted else 3)
            fits = said == ([wanted] if wanted else [])
            faults += not fits
            print(f"{'ok' if fits else 'WRONG'}  {what}: {', '.join(said) or 'nothing'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
