"""What both peers share: the contract, the decision, and the store.

The contract is schemas/complaint.received.json in full, as types of msgspec, which parses and checks in one pass:
faster than a parser and fastjsonschema on the schema itself. Run as a program, this file holds the types against the schema's
examples, and against what the schema refuses.
"""

import copy
import json
import pathlib
import re
import sqlite3
import sys
import uuid
from typing import Annotated, Literal, Optional, Union

import msgspec
from msgspec import Meta, Struct

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent.parent / "schemas"
SCHEMA = json.loads(SCHEMAS.joinpath("complaint.received.json").read_text(encoding="utf-8"))
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "recourse")
WHOLE = Meta(ge=0, le=9007199254740992)

# The patterns are the schema's own.
Id = Annotated[str, Meta(pattern=SCHEMA["$defs"]["id"]["pattern"])]
Time = Annotated[str, Meta(pattern=SCHEMA["$defs"]["time"]["pattern"])]
Date = Annotated[str, Meta(pattern=SCHEMA["$defs"]["date"]["pattern"])]
Hazard = Literal["injury", "fire", "media", "authority-letter"]
Kind = Literal["quality", "installation", "repair", "attitude", "delivery", "billing", "other"]


def text(least: int, most: int):
    return Annotated[str, Meta(min_length=least, max_length=most, pattern="^[^\\u0000]*$")]


class Customer(Struct):
    name: text(1, 200)
    phone: text(1, 40)
    address: Optional[text(0, 500)] = None


class Product(Struct, omit_defaults=True):
    category: text(1, 100)
    brand: text(1, 200)
    purchasedHere: bool
    model: Optional[text(0, 100)] = None
    serial: Optional[text(0, 100)] = None
    purchasedOn: Optional[Date] = None


class Complaint(Struct, omit_defaults=True):
    complaintId: Id
    channel: Literal["hotline", "counter", "web", "app", "manufacturer", "authority"]
    receivedAt: Time
    customer: Customer
    product: Product
    description: text(1, 4000)
    remedy: Literal["repair", "exchange", "refund", "compensation", "apology", "information"]
    storeId: Optional[Id] = None
    regionId: Optional[Id] = None
    outletId: Optional[Id] = None
    claimFen: Optional[Annotated[int, WHOLE]] = None
    hazards: Optional[Annotated[list[Hazard], Meta(max_length=4)]] = None
    complaintType: Optional[Kind] = None


class Received(Struct):
    specversion: Literal["1.0"]
    id: Id
    source: text(1, 256)
    type: Literal["complaint.received.v1"]
    time: Time
    data: Complaint
    sequence: Union[Annotated[int, WHOLE], Annotated[str, Meta(pattern="^[0-9]{1,15}$")], None] = None
    traceparent: Optional[text(1, 128)] = None


class Opened(Struct, omit_defaults=True):
    """case.opened.v1, as intake publishes it where no cluster is found."""

    id: str
    time: str
    data: dict
    traceparent: Optional[str] = None
    specversion: str = "1.0"
    source: str = "recourse/intake"
    type: str = "case.opened.v1"


DECODER = msgspec.json.Decoder(Received)
ENCODER = msgspec.json.Encoder()
ALWAYS = b'{"specversion":"1.0","source":"recourse/intake","type":"case.opened.v1",'


def read(body: bytes) -> Received:
    """Raises msgspec.ValidationError or msgspec.DecodeError for what the contract refuses."""
    return DECODER.decode(body)


def decide(received: Received) -> tuple[str, bytes]:
    """The case id and the event that opens the case; the same input gives the same bytes."""
    complaint = received.data
    case = str(uuid.uuid5(NAMESPACE, f"case\n{received.source}\n{complaint.complaintId}"))
    data = {
        "caseId": case, "complaintId": complaint.complaintId, "openedAt": complaint.receivedAt, "complaint": complaint,
        "cluster": {"phones": 1, "major": False},
        "because": {"rule": "R02", "parameters": {}, "facts": {"complaintId": complaint.complaintId}, "policy": "2"},
    }
    opened = ENCODER.encode(Opened(
        id=str(uuid.uuid5(NAMESPACE, f"event\nintake\n{received.source}\n{received.id}\n0")), time=complaint.receivedAt,
        data=data, traceparent=received.traceparent))
    return case, ALWAYS + opened[1:]


class Store:
    """One table of what was taken, one of cases; a commit is on disk when it returns."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS inbox (source TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, "
            "PRIMARY KEY (source, id)) WITHOUT ROWID")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, complaint TEXT NOT NULL) WITHOUT ROWID")

    def take(self, messages: list[tuple[Received, bytes]]) -> list[bytes]:
        """What is to be published for these messages, which are one transaction.

        A message that comes again changes nothing, and its event is published again: it is known only if the first
        publishing was confirmed before the acknowledgement, and the event's id lets its receivers drop it.
        """
        decided = [(received, body, *decide(received)) for received, body in messages]
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self.connection.executemany("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?)",
                                        [(received.source, received.id, body) for received, body, _, _ in decided])
            self.connection.executemany("INSERT OR IGNORE INTO cases VALUES (?, ?)",
                                        [(case, received.data.complaintId) for received, _, case, _ in decided])
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        return [opened for _, _, _, opened in decided]


def accepts(document: object) -> bool:
    try:
        read(json.dumps(document).encode())
        return True
    except msgspec.ValidationError:
        return False


def changes(schema: dict, path: tuple[str, ...] = ()):
    """Ways to break a full example: whatever is required is missing, and every member has a wrong type or value."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for name in schema.get("required", ()):
        yield (*path, name), None, True
    for name, member in schema.get("properties", {}).items():
        for wrong in ([{}], 1.5, "\0"):
            yield (*path, name), wrong, False
        if "maxLength" in member:
            yield (*path, name), "x" * (member["maxLength"] + 1), False
        if "maximum" in member:
            yield (*path, name), member["maximum"] + 1, False
        if "minLength" in member and member["minLength"] > 0:
            yield (*path, name), "", False
        if "const" in member or "enum" in member or member.get("$ref", "").endswith(("/id", "/time", "/date")):
            yield (*path, name), "?", False
        for one in member.get("anyOf", ()):
            if "$ref" in one:
                yield (*path, name), "?", False
        yield from changes(member, (*path, name))


def main() -> int:
    """Every example is taken; every breach of the schema that `changes` finds is refused."""
    faults = []
    for name in ("complaint.received.json", "complaint.received.minimal.json"):
        if not accepts(json.loads(SCHEMAS.joinpath("examples", name).read_text(encoding="utf-8"))):
            faults.append(f"{name} is refused")
    full = json.loads(SCHEMAS.joinpath("examples", "complaint.received.json").read_text(encoding="utf-8"))
    count = 0
    for path, value, is_missing in changes(SCHEMA):
        broken = copy.deepcopy(full)
        place = broken
        for name in path[:-1]:
            place = place[name]
        if is_missing:
            place.pop(path[-1], None)
        else:
            place[path[-1]] = value
        count += 1
        if accepts(broken):
            faults.append(f"{'.'.join(path)} " + ("may be missing" if is_missing else f"= {value!r} is taken"))
    for number, received in enumerate((full, {**full, "unknown": 1})):
        opened = json.loads(decide(read(json.dumps(received).encode()))[1])
        if not re.fullmatch(r"[0-9a-f-]{36}", opened["data"]["caseId"]) or opened["type"] != "case.opened.v1":
            faults.append(f"event {number} is not as it should be")
    print("\n".join(faults) or f"the contract holds: {count} breaches refused")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
