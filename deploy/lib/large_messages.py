"""Publishes messages of one size to recourse.inbox, with confirms: large_messages.py PORT USER NAME BYTES COUNT.

Every other one is no document, and so becomes a dead letter with its whole body; the rest are complaints, filled up with
blanks. BYTES 0: complaints as they are. The password is in RECOURSE_WIRE_PASSWORD.
"""

import json
import os
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "campaign"))
from wire import BODY, HEADER, METHOD, Connection, short  # noqa: E402

FRAME = 131_072 - 8
WINDOW = 20


def complaint(name: str, number: int) -> bytes:
    return json.dumps({
        "specversion": "1.0", "id": f"{name}-{number}", "source": "memory", "type": "complaint.received.v1",
        "time": "2026-03-02T09:00:00+08:00", "data": {
            "complaintId": f"{name}-{number}", "channel": "hotline", "receivedAt": "2026-03-02T09:00:00+08:00",
            "customer": {"name": "Li", "phone": f"139{number:08d}"}, "storeId": "S-WUYI",
            "product": {"category": "air-conditioner", "brand": f"brand-{name}-{number}", "purchasedHere": True},
            "description": "It leaks.", "remedy": "repair"}}).encode()


def publish(connection: Connection, body: bytes) -> None:
    arguments = b"\0\0" + short("recourse.inbox") + short("complaint.received") + b"\0"
    connection.method(1, 60, 40, arguments)
    # Delivery mode 2: persistent.
    header = struct.pack(">HHQHB", 60, 0, len(body), 1 << 12, 2)
    frames = [struct.pack(">BHI", HEADER, 1, len(header)) + header + b"\xce"]
    for start in range(0, len(body), FRAME):
        part = body[start : start + FRAME]
        frames.append(struct.pack(">BHI", BODY, 1, len(part)) + part + b"\xce")
    connection.socket.settimeout(120)
    for frame in frames:
        connection.socket.sendall(frame)
    connection.socket.settimeout(1)


def confirmed(connection: Connection, until: int, known: int) -> int:
    """Waits until so many are confirmed; how many are."""
    deadline = time.monotonic() + 300
    while known < until and time.monotonic() < deadline:
        found = connection.frame()
        if found and found[0] == METHOD and struct.unpack_from(">HH", found[1]) == (60, 80):
            tag, multiple = struct.unpack_from(">QB", found[1], 4)
            known = max(known, tag) if multiple else known + 1
    if known < until:
        raise ConnectionError(f"{until - known} messages are unconfirmed")
    return known


def main() -> int:
    port, user, name, size, count = sys.argv[1:]
    connection = Connection(int(port), user, os.environ["RECOURSE_WIRE_PASSWORD"])
    connection.method(1, 85, 10, b"\0")
    connection.expect(85, 11)
    known = 0
    for number in range(int(count)):
        body = complaint(name, number)
        if int(size):
            body = (body if number % 2 else b"{ %d" % number).ljust(int(size))
        publish(connection, body)
        known = confirmed(connection, number + 1 - WINDOW, known)
    confirmed(connection, int(count), known)
    return 0


if __name__ == "__main__":
    sys.exit(main())
