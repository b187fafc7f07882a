"""Notes every event that appears on the exchange `recourse.events`; a process of its own, so that it keeps up.

    wire.py OUTPUT QUEUE USER PORT…      password in RECOURSE_WIRE_PASSWORD; until SIGTERM

Declares a quorum queue, binds it to everything and consumes it over AMQP 0-9-1. Each message becomes a line
`SOURCE ID TYPE DIGEST` of OUTPUT, written before it is acknowledged: after a lost connection a line may come twice, and
none is missing. Only what this needs of the protocol is here.
"""

import hashlib
import json
import os
import signal
import socket
import struct
import sys
import time

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
PREFETCH, ACKNOWLEDGE_EVERY = 1000, 200


class Ended(Exception):
    """SIGTERM has come."""


def short(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


def long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class Connection:
    """One connection with channel 1 open on it."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.settimeout(1)
        self.buffer = bytearray()
        self.socket.sendall(b"AMQP\x00\x00\x09\x01")
        self.expect(10, 10)
        credentials = long(b"\0" + user.encode() + b"\0" + password.encode())
        self.method(0, 10, 11, long(b"") + short("PLAIN") + credentials + short("en_US"))
        self.expect(10, 30)
        self.method(0, 10, 31, struct.pack(">HIH", 2, 131072, 10))
        self.method(0, 10, 40, short("/") + short("") + b"\0")
        self.expect(10, 41)
        self.method(1, 20, 10, short(""))
        self.expect(20, 11)

    def method(self, channel: int, kind: int, method: int, arguments: bytes) -> None:
        payload = struct.pack(">HH", kind, method) + arguments
        self.socket.sendall(struct.pack(">BHI", METHOD, channel, len(payload)) + payload + b"\xce")

    def frame(self) -> tuple[int, bytes] | None:
        """The next frame; None after a second without one."""
        while True:
            if len(self.buffer) >= 7:
                kind, _, size = struct.unpack_from(">BHI", self.buffer)
                if len(self.buffer) >= size + 8:
                    payload = bytes(self.buffer[7 : size + 7])
                    del self.buffer[: size + 8]
                    return kind, payload
            try:
                data = self.socket.recv(1 << 18)
            except TimeoutError:
                return None
            if not data:
                raise ConnectionError("the broker has closed the connection")
            self.buffer += data

    def expect(self, kind: int, method: int) -> bytes:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.frame()
            if found and found[0] == METHOD:
                if struct.unpack_from(">HH", found[1]) != (kind, method):
                    raise ConnectionError(f"expected method {kind}.{method}, found {found[1][:4].hex()}")
                return found[1][4:]
        raise ConnectionError(f"method {kind}.{method} did not come")

    def consume(self, queue: str) -> None:
        arguments = b"".join([short("x-queue-type"), b"S", long(b"quorum")])
        self.method(1, 50, 10, b"\0\0" + short(queue) + b"\x02" + long(arguments))
        self.expect(50, 11)
        self.method(1, 50, 20, b"\0\0" + short(queue) + short("recourse.events") + short("#") + b"\0" + long(b""))
        self.expect(50, 21)
        self.method(1, 60, 10, struct.pack(">IHB", 0, PREFETCH, 0))
        self.expect(60, 11)
        self.method(1, 60, 20, b"\0\0" + short(queue) + short("") + b"\0" + long(b""))
        self.expect(60, 21)


def line(body: bytes) -> str:
    event = json.loads(body)
    return f"{event['source']} {event['id']} {event['type']} {hashlib.blake2b(body, digest_size=8).hexdigest()}\n"


def watch(connection: Connection, output) -> None:
    """Until the connection breaks."""
    tag, size, body, unacknowledged, heard = 0, 0, bytearray(), 0, time.monotonic()
    beaten = heard

    def acknowledge() -> None:
        nonlocal unacknowledged
        if unacknowledged:
            output.flush()
            connection.method(1, 60, 80, struct.pack(">QB", tag, 1))
            unacknowledged = 0

    while True:
        found = connection.frame()
        now = time.monotonic()
        if now > beaten + 4:
            connection.socket.sendall(struct.pack(">BHI", HEARTBEAT, 0, 0) + b"\xce")
            beaten = now
        if found is None:
            acknowledge()
            if now > heard + 20:
                raise ConnectionError("the broker is silent")
            continue
        heard = now
        kind, payload = found
        if kind == METHOD:
            if struct.unpack_from(">HH", payload) != (60, 60):
                raise ConnectionError(f"unexpected method {payload[:4].hex()}")
            next_tag = struct.unpack_from(">Q", payload, 5 + payload[4])[0]
        elif kind == HEADER:
            size, body = struct.unpack_from(">Q", payload, 4)[0], bytearray()
        elif kind == BODY:
            body += payload
            if len(body) == size:
                output.write(line(bytes(body)))
                tag, unacknowledged = next_tag, unacknowledged + 1
                if unacknowledged >= ACKNOWLEDGE_EVERY:
                    acknowledge()


def main() -> int:
    path, queue, user, *ports = sys.argv[1:]
    password = os.environ["RECOURSE_WIRE_PASSWORD"]

    def end(*_: object) -> None:
        raise Ended

    signal.signal(signal.SIGTERM, end)
    tries = 0
    with open(path, "a", encoding="utf-8") as output:
        try:
            while True:
                try:
                    connection = Connection(int(ports[tries % len(ports)]), user, password)
                    connection.consume(queue)
                    print("consuming", flush=True)
                    watch(connection, output)
                except OSError as error:
                    print(f"lost: {error}", flush=True)
                tries += 1
                time.sleep(0.5)
        except Ended:
            return 0


if __name__ == "__main__":
    sys.exit(main())
