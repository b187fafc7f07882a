"""What upstream and people send in deploy/on-call and deploy/letters: healthy traffic, and what goes wrong.

    incident.py write KIND COUNT [FIRST]   the events of a kind as lines of JSON on standard output
    incident.py send KEY < LINES           publishes lines under a routing key of one's own, as an upstream's own client can, by
                                           RabbitMQ's HTTP API (RECOURSE_MANAGEMENT_URL)
    incident.py unbind QUEUE KEY           takes a binding of the inbox away
    incident.py queues                     of every queue its messages, and what the broker has counted of it
    incident.py stray QUEUE                a consumer that somebody has left on a queue: it comes first, and refuses all
    incident.py traffic FOLDER FIRST       publishes healthy complaints until SIGTERM; ledgers in FOLDER
    incident.py shares COUNT               how many of each kind so many dead letters are
    incident.py once < OUTPUTS             1 if of `recourse journal outputs` something was done twice

Kinds: healthy, channel, edited, resent, services, services-again, calls, violations, misrouted, reused, misspelt. All times
follow from RECOURSE_CLOCK; those of what is sent twice only from its start.
"""

import base64
import collections
import datetime
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request

for folder in ("cfpb", "campaign"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / folder))
import ids  # noqa: E402  (the ids that others may compute)
import wire  # noqa: E402  (what little of AMQP this needs)

COUNTER, APP, SHOPS, CALLS, OUTLETS, DEPOT = (
    f"urn:example:{name}" for name in ("counter", "app", "shops", "call-centre", "outlets", "depot"))
STORES = ("S-DONGTANG", "S-LUSONG", "S-TIANYUAN")
# Of a hundred dead letters. Those of the app include the thirty that are edited.
SHARES = {"channel": 50, "calls": 25, "violations": 15, "misrouted": 5, "reused": 3, "misspelt": 2}
EDITED = 30


def begin():
    """When business time began."""
    return datetime.datetime.fromisoformat(os.environ["RECOURSE_CLOCK"].split()[1])


def now():
    """Business time, by the clock that the programs go by."""
    _, _, factor, wall = os.environ["RECOURSE_CLOCK"].split()
    return begin() + datetime.timedelta(seconds=(time.time() - float(wall)) * float(factor))


def text(moment):
    return moment.replace(microsecond=0).isoformat()


def customer(number):
    return {"name": "王芳", "phone": f"1{3000000000 + number}"}


def product(prefix, number):
    """Everybody's own, so that no two complaints are about one matter."""
    return {"category": "washing machine", "brand": f"{prefix} {number}", "purchasedHere": True}


def complaint(number, source, prefix, channel, store=None, words="It leaks."):
    at = text(begin() if source == APP else now() - datetime.timedelta(hours=1))
    data = {"complaintId": f"{prefix}-{number}", "channel": channel, "receivedAt": at, "description": words,
            "customer": customer(number), "remedy": "repair", "product": product(prefix, number)}
    if store:
        data["storeId"] = store
    return ids.envelope(f"{prefix}-{number}", source, "complaint.received", at, data)


def service(number, source, prefix, telling=""):
    """Done four days ago, so that the customer is to be called now. `telling` makes the same one be told under another id."""
    at = text(begin() - datetime.timedelta(days=4))
    data = {"serviceId": f"{prefix}-{number}", "kind": "repair", "completedAt": at, "customer": customer(number),
            "storeId": STORES[number % len(STORES)], "product": product(prefix, number), "inWarranty": True}
    return ids.envelope(f"{prefix}-{number}{telling}", source, "service.completed", at, data)


def call(number):
    """The call centre calls by its own list, whatever it was asked for."""
    at = text(now() - datetime.timedelta(minutes=30))
    data = {"callbackId": ids.published_id("callback", "service-first", f"shop-{number}"), "attempt": 1, "attemptAt": at,
            "outcome": "no-answer", "by": {"id": "p-hq-liu", "tier": "hq"}}
    return ids.envelope(f"call-{number}", CALLS, "callback.completed", at, data)


def violation(number):
    at = text(now() - datetime.timedelta(hours=2))
    data = {"violationId": f"violation-{number}", "outletId": f"O-{number}", "recordedBy": "hotline", "occurredAt": at,
            "category": "late", "by": {"id": "p-hq-liu", "tier": "hq"}}
    return ids.envelope(f"violation-{number}", OUTLETS, "violation.reported", at, data)


KINDS = {
    "healthy": lambda number: complaint(number, COUNTER, "counter", "counter"),
    # The app's new release says "phone" where the contract knows hotline, counter, web, app …
    "channel": lambda number: complaint(number, APP, "app", "phone", STORES[number % len(STORES)]),
    # … and these came from a counter that cannot send again.
    "edited": lambda number: complaint(number, APP, "app", "phone", "S-WUYI"),
    "resent": lambda number: complaint(number, APP, "app", "hotline", STORES[number % len(STORES)]),
    "services": lambda number: service(number, SHOPS, "shop"),
    "services-again": lambda number: service(number, SHOPS, "shop", "-again"),
    "calls": call,
    "violations": violation,
    "misrouted": lambda number: service(number, DEPOT, "depot"),
    # Ids that the healthy ones have used.
    "reused": lambda number: complaint(number, COUNTER, "counter", "counter", words="It burns."),
    "misspelt": lambda number: service(number, DEPOT, "depot-2"),
}


def write(kind, count, first=0):
    for number in range(int(first), int(first) + int(count)):
        print(json.dumps(KINDS[kind](number), ensure_ascii=False, separators=(",", ":")))


def traffic(folder, first):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    number = int(first)
    while not ended:
        lines = "".join(json.dumps(KINDS["healthy"](one)) + "\n" for one in range(number, number + 50))
        path = pathlib.Path(folder) / f"healthy-{number}"
        path.with_suffix(".ndjson").write_text(lines, encoding="utf-8")
        # A group of its own: what ends this one lets it come to its end.
        subprocess.run(["recourse", "publish", "--rate", "10", "--ledger", path.with_suffix(".ledger"),
                        path.with_suffix(".ndjson")], check=True, start_new_session=True, timeout=120)
        number += 50


# By what each of these is known: none may be announced twice.
MATTERS = {"case.opened": "complaintId", "callback.scheduled": "callbackId", "violation.recorded": "violationId"}


def once():
    seen = collections.Counter()
    for line in sys.stdin:
        event = json.loads(line)
        name = event["type"].removesuffix(".v1")
        if name in MATTERS:
            seen[name, event["data"][MATTERS[name]]] += 1
    for name in MATTERS:
        print(f"{name}: {sum(1 for kind, _ in seen if kind == name)}, each once")
    doubled = [key for key, count in seen.items() if count > 1]
    if doubled:
        sys.exit(f"{len(doubled)} were done twice, the first: {doubled[0]}")


def management(method, path, body=None):
    """What RabbitMQ's HTTP API answers."""
    url = urllib.parse.urlsplit(os.environ["RECOURSE_MANAGEMENT_URL"])
    login = f"{urllib.parse.unquote(url.username)}:{urllib.parse.unquote(url.password)}"
    request = urllib.request.Request(
        f"http://{url.hostname}:{url.port}/api/{path}", None if body is None else json.dumps(body).encode(), method=method,
        headers={"Authorization": "Basic " + base64.b64encode(login.encode()).decode(), "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer) if method != "DELETE" else None


def send(key):
    for line in sys.stdin:
        body = {"routing_key": key, "payload": line.rstrip("\n"), "payload_encoding": "string",
                "properties": {"delivery_mode": 2, "content_type": "application/cloudevents+json"}}
        if not management("POST", "exchanges/%2F/recourse.inbox/publish", body)["routed"]:
            sys.exit("a message was taken by no queue, not even by the one for what no queue takes")


def unbind(queue, key):
    management("DELETE", f"bindings/%2F/e/recourse.inbox/q/{queue}/{key}")


def queues():
    for one in sorted(management("GET", "queues/%2F"), key=lambda one: one["name"]):
        counted = {name: count for name, count in one.get("message_stats", {}).items() if isinstance(count, int)}
        print(one["name"], one.get("messages"), json.dumps(counted, sort_keys=True))


def stray(queue):
    """Consumes with a higher priority than the workers, and refuses each message; until SIGTERM."""
    url = urllib.parse.urlsplit(os.environ["RECOURSE_AMQP_URL"])
    connection = wire.Connection(url.port, urllib.parse.unquote(url.username), urllib.parse.unquote(url.password))
    priority = wire.short("x-priority") + b"I" + struct.pack(">i", 10)
    # While it may take more, the broker gives the workers, which come after it, nothing.
    connection.method(1, 60, 10, struct.pack(">IHB", 0, 65535, 0))
    connection.expect(60, 11)
    connection.method(1, 60, 20, b"\0\0" + wire.short(queue) + wire.short("test-of-zhang") + b"\0" + wire.long(priority))
    connection.expect(60, 21)
    print("consuming", flush=True)
    beaten = time.monotonic()
    while True:
        found = connection.frame()
        if time.monotonic() > beaten + 4:
            connection.socket.sendall(struct.pack(">BHI", wire.HEARTBEAT, 0, 0) + b"\xce")
            beaten = time.monotonic()
        if found and found[0] == wire.METHOD and struct.unpack_from(">HH", found[1]) == (60, 60):
            tag = struct.unpack_from(">Q", found[1], 5 + found[1][4])[0]
            connection.method(1, 60, 90, struct.pack(">QB", tag, 0))


def shares(count):
    counts = {kind: int(count) * share // 100 for kind, share in SHARES.items()}
    counts["channel"] += int(count) - sum(counts.values()) - EDITED
    counts["edited"] = EDITED
    print("\n".join(f"{kind}={number}" for kind, number in counts.items()))


COMMANDS = {one.__name__: one for one in (write, traffic, send, unbind, queues, stray, shares, once)}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
