#!/usr/bin/env python3
"""The campaign's own test: its checks find what they are there for, and the same seed makes the same plan and load.

    selftest.py        some seconds, no server; exit code 1 if something is not found
"""

import json
import pathlib
import socket
import socketserver
import tempfile
import threading
import unittest

import load as loads
import plan
from checks import Outputs, complaints, dead_letters, digest, wire
from links import Links
from upstream import confirmed


def event(name: str, event_id: str, **data: object) -> bytes:
    return json.dumps({"id": event_id, "source": "recourse/handling", "type": f"{name}.v1", "data": data}).encode()


JOURNAL = [
    event("case.opened", "1", caseId="k1", complaintId="c1"),
    event("case.opened", "2", caseId="k2", complaintId="c2"),
    event("case.duplicate-linked", "3", caseId="k3", complaintId="c3"),
    event("fund.disbursed", "4", requestId="r1", amountFen=100, balanceFen=-100),
    event("fund.disbursed", "5", requestId="r2", amountFen=50, balanceFen=-150),
    event("fund.recovered", "6", requestId="r1", amountFen=30, balanceFen=-120),
    event("fund.written-off", "7", requestId="r1", amountFen=70, balanceFen=-120),
    event("callback.due", "8", callbackId="b1", attempt=1),
    event("callback.due", "9", callbackId="b1", attempt=2),
    event("notice.issued", "10", noticeId="n1", proposalId="p1"),
]


def read(lines: list[bytes]) -> Outputs:
    outputs = Outputs()
    for line in lines:
        outputs.read(line + b"\n")
    return outputs


class Effects(unittest.TestCase):
    def test_a_journal_in_order_has_no_fault(self) -> None:
        outputs = read(JOURNAL)
        self.assertEqual((outputs.doubled.count, outputs.money.count, outputs.count), (0, 0, 10))

    def test_an_effect_under_another_id_is_doubled(self) -> None:
        for again in (
            event("fund.disbursed", "11", requestId="r2", amountFen=50, balanceFen=-170),
            event("case.opened", "11", caseId="k1", complaintId="c1"),
            event("callback.due", "11", callbackId="b1", attempt=2),
            event("notice.issued", "11", noticeId="n2", proposalId="p1"),
        ):
            self.assertEqual(read([*JOURNAL, again]).doubled.count, 1, again)

    def test_an_event_that_two_entries_emit_is_doubled(self) -> None:
        self.assertGreaterEqual(read([*JOURNAL, JOURNAL[4]]).doubled.count, 1)

    def test_money_that_does_not_add_up_is_found(self) -> None:
        self.assertEqual(read(JOURNAL[:4] + JOURNAL[5:6]).money.count, 1)
        self.assertEqual(read(JOURNAL[:3] + JOURNAL[4:5]).money.count, 1)
        too_much = event("fund.recovered", "11", requestId="r2", amountFen=51, balanceFen=-69)
        self.assertEqual(read([*JOURNAL, too_much]).money.count, 1)

    def test_a_complaint_has_one_case_or_one_link(self) -> None:
        opened = read([*JOURNAL, event("case.opened", "12", caseId="k4", complaintId="c3")]).opened
        lost, doubled = complaints({"c1", "c2", "c3", "c4"}, opened)
        self.assertEqual((lost.examples, doubled.examples), (["c4"], ["c3"]))


class OnTheWire(unittest.TestCase):
    def setUp(self) -> None:
        self.journal = read(JOURNAL).digests
        events = [(json.loads(one), one) for one in JOURNAL]
        self.lines = [f"{one['source']} {one['id']} {one['type']} {digest(body)}\n" for one, body in events]

    def test_repeated_events_are_counted_and_allowed(self) -> None:
        seen = wire([*self.lines, self.lines[3], self.lines[3]], self.journal)
        self.assertEqual((seen.seen, seen.repeated, seen.lost.count, seen.differing.count, seen.strange.count),
                         (12, 2, 0, 0, 0))

    def test_a_missing_event_is_lost(self) -> None:
        self.assertEqual(wire(self.lines[1:], self.journal).lost.examples, ["recourse/handling 1"])

    def test_another_body_under_one_id_is_found(self) -> None:
        other = self.lines[3].rsplit(" ", 1)[0] + " 0123456789abcdef\n"
        self.assertEqual(wire([*self.lines, other], self.journal).differing.count, 1)

    def test_an_event_that_no_journal_holds_is_found(self) -> None:
        strange = ["recourse/handling 99 case.closed.v1 0123\n", "recourse/intake 98 event.rejected.v1 0123\n",
                   "recourse/intake 97 event.waiting.v1 0123\n"]
        self.assertEqual(wire([*self.lines, *strange], self.journal).strange.count, 1)


class Letters(unittest.TestCase):
    def test_the_dead_letters_are_the_planted_ones(self) -> None:
        planted = [("recourse.intake", "s", "1", "schema"), ("recourse.routing", "s", "2", "transient")]
        letter = {"queue": "recourse.intake", "source": "s", "eventId": "1", "failureClass": "schema"}
        other = letter | {"eventId": "3"}
        missing, superfluous = dead_letters([letter, letter, other], planted)
        self.assertEqual((missing.count, superfluous.count), (1, 2))

    def test_a_torn_line_at_the_end_of_a_ledger_does_not_count(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ledger = pathlib.Path(folder, "ledger")
            ledger.write_text('{"source":"s","id":"1","confirmed":true}\n{"source":"s","id":"2","conf')
            self.assertEqual(confirmed(ledger), {("s", "1")})


class Seeds(unittest.TestCase):
    setting = plan.Setting(("intake-1", "routing-1"), ("upstream-desks",), True, 3, True)

    def test_the_same_seed_makes_the_same_plan_and_load(self) -> None:
        self.assertEqual(plan.make(7, 60, 100, self.setting), plan.make(7, 60, 100, self.setting))
        self.assertNotEqual(plan.make(7, 60, 100, self.setting), plan.make(8, 60, 100, self.setting))
        self.assertEqual(loads.make(7, 200, 20, 2, 0.2), loads.make(7, 200, 20, 2, 0.2))

    def test_a_plan_has_every_kind_that_is_possible_and_no_overlap_within_a_group(self) -> None:
        faults = plan.make(1, 300, 700, self.setting)
        kinds = {kind.name: kind for kind in plan.KINDS if kind.targets(self.setting)}
        self.assertEqual(len(faults), 300)
        self.assertEqual({fault.kind for fault in faults}, set(kinds))
        taken: dict[str, float] = {}
        for fault in faults:
            if group := kinds[fault.kind].group:
                self.assertGreaterEqual(fault.moment, taken.get(group, 0), fault.text())
                taken[group] = fault.moment + fault.seconds

    def test_what_waits_is_not_missing_yet(self) -> None:
        planted = [("recourse.routing", "s", "1", "transient"), ("recourse.routing", "s", "2", "transient")]
        self.assertEqual(dead_letters([], planted, {"recourse.routing": 2})[0].count, 0)
        self.assertEqual(dead_letters([], planted, {"recourse.routing": 1})[0].count, 1)
        self.assertEqual(dead_letters([], [("recourse.routing", "s", "1", "schema")], {"recourse.routing": 1})[0].count, 1)

    def test_planted_events_and_acts_leave_the_load_whole(self) -> None:
        load = loads.make(3, 400, 20, 2, 0.2)
        keys = [one.key for events in load.streams.values() for one in events]
        # What is planted under the id of another is there once more.
        reused = sum(kind == "schema" and event_id.startswith("complaint") for _, _, event_id, kind in load.planted)
        self.assertEqual(len(keys) - len(set(keys)), reused)
        self.assertEqual(len(load.complaints), 400 + 2 * 10)


class ThroughTheProxy(unittest.TestCase):
    """An echo server behind a link."""

    def setUp(self) -> None:
        class Echo(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    while data := self.request.recv(1024):
                        self.request.sendall(data)
                except ConnectionResetError:
                    pass  # what the link is there for

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.folder = tempfile.TemporaryDirectory()
        self.links = Links(pathlib.Path(self.folder.name, "log"))
        unused = socket.create_server(("127.0.0.1", 0))
        dead = unused.getsockname()[1]
        unused.close()
        self.port = self.links.open("link", [dead, self.server.server_address[1]])

    def tearDown(self) -> None:
        self.links.close()
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), 5)
        connection.settimeout(5)
        return connection

    def test_a_dead_backend_is_passed_over_and_a_cut_breaks_in_the_middle(self) -> None:
        with self.connect() as connection:
            connection.sendall(b"hello")
            self.assertEqual(connection.recv(5), b"hello")
            self.links.cut("link", "down", 3)
            connection.sendall(b"again")
            with self.assertRaises(ConnectionResetError):
                if connection.recv(5) != b"":
                    connection.recv(5)
        with self.connect() as connection:
            connection.sendall(b"fresh")
            self.assertEqual(connection.recv(5), b"fresh")

    def test_a_stalled_link_says_nothing_until_it_is_healed(self) -> None:
        with self.connect() as connection:
            connection.sendall(b"first")
            self.assertEqual(connection.recv(5), b"first")
            self.links.stall("link", "up")
            connection.sendall(b"later")
            connection.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                connection.recv(5)
            self.links.heal("link")
            connection.settimeout(5)
            self.assertEqual(connection.recv(5), b"later")


if __name__ == "__main__":
    unittest.main()
