"""What both Python clients publish: a complaint as a CloudEvent, and where its answers are heard."""

import argparse
import json
import os
import uuid

URL = os.environ["AMQP_URL"]
# Your system, the same for all it says. (source, id) is the name of an event.
SOURCE = os.environ.get("EVENT_SOURCE", "urn:example:shop")
INBOX, EVENTS = "recourse.inbox", "recourse.events"
STRUCTURED = "application/cloudevents+json"
# In seconds; a refusal comes within some milliseconds of the confirm, unless the stage is down.
PATIENCE = 10
RECOURSE = uuid.uuid5(uuid.NAMESPACE_DNS, "recourse")


def complaint(complaint_id, broken=False):
    """The event of a complaint.

    Its id follows from the fact that it tells, and its times are those of the fact: so what is sent twice, after a crash
    or a lost confirm, is byte for byte the same, and counts once.
    """
    received = "2026-11-30T09:00:00+08:00"
    return {
        "specversion": "1.0",
        "id": f"complaint-{complaint_id}",
        "source": SOURCE,
        "type": "complaint.received.v1",
        "time": received,
        "datacontenttype": "application/json",
        "data": {
            "complaintId": complaint_id,
            "channel": "pigeon" if broken else "counter",
            "receivedAt": received,
            "customer": {"name": "王芳", "phone": "13800000000"},
            "product": {"category": "washing machine", "brand": "Example", "purchasedHere": True},
            "description": "It leaks.",
            "remedy": "repair",
        },
    }


def body(event):
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def routing_key(event):
    """The event's name, without the version."""
    return event["type"].removesuffix(".v1")


def case_id(complaint_id):
    """The case's id, known before any answer (docs/IDS.md)."""
    return str(uuid.uuid5(RECOURSE, "\n".join(["case", SOURCE, complaint_id])))


def answers_queue():
    """A durable queue of our own, so that no answer is lost while we are down."""
    return SOURCE.replace(":", ".") + ".answers"


def answer_keys():
    """Refusals of our source, what waits of it, and what rules reject, which is of all sources: see `answer`."""
    key = str(uuid.uuid5(RECOURSE, SOURCE))[:8]
    return [f"event.rejected.{key}", f"event.waiting.{key}", "business.rejected"]


def answer(content, event):
    """What an answer says of our event; None: it is about another."""
    told = json.loads(content)
    data = told["data"]
    if told["type"] == "event.rejected.v1" and (data.get("source"), data.get("eventId")) == (SOURCE, event["id"]):
        return "refused: " + "; ".join(f"{one['pointer']} {one['rule']}: {one['message']}" for one in data["errors"])
    if told["type"] == "event.waiting.v1" and (data["source"], data["eventId"]) == (SOURCE, event["id"]):
        return f"waits until {data['until']} for {data['reference']}"
    if told["type"] == "business.rejected.v1" and (data["event"]["source"], data["event"]["id"]) == (SOURCE, event["id"]):
        return f"rejected: {data['reason']} {json.dumps(data['figures'])}"
    return None


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("complaint_id")
    parser.add_argument("--broken", action="store_true", help="with a channel that the contract does not know")
    parser.add_argument("--binary", action="store_true", help="in CloudEvents' binary mode (with_cloudevents.py alone)")
    return parser.parse_args()
