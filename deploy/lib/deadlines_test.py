#!/usr/bin/env python3
"""Tests of deadlines: what it must take for missed, and what excuses it; and of the input of an outage."""

import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import deadlines
from deadlines import Explainer, end, matters, meets, missed
from journals import Entry, Journal, Output, STAGES, Stores, instant

DUE = "2026-11-05T18:00:00+08:00"
FOLDER = pathlib.Path(__file__).resolve().parent


def event(name, time=DUE, because="", facts=None, **data):
    return {"source": "recourse/routing", "id": "o", "type": f"{name}.v1", "time": time,
            "data": data | {"because": {"rule": because, "facts": facts or {}}}}


def overdue(time=DUE):
    return event("customer.reply-overdue", time, caseId="C", complaintId="K")


def entry(number, time, written=0, *, stage="routing", source="upstream", timer=None, name="contact.recorded",
          refused=False, **data):
    data = {"caseId": "C", "with": "customer"} | data
    return Entry(stage, number, refused, instant(time), timer, instant(time) if timer else None,
                 None if timer else (source, f"e{number}"), None if timer else name, frozenset([1]), written,
                 {} if timer else data)


def journals(*entries, outputs=(), by_patience=0):
    found = {stage: Journal(stage, [], [], {}, 0) for stage in STAGES}
    stage = entries[0].stage
    found[stage] = Journal(stage, list(entries), list(outputs), {1: ("case", "C")}, by_patience)
    return found


class Missed(unittest.TestCase):
    def test_only_what_time_has_done_is_a_missed_deadline(self):
        self.assertEqual(missed(overdue()).text(), "customer.reply-overdue C due 2026-11-05T18:00:00+08:00")
        self.assertIsNotNone(missed(event("case.escalated", because="R03", caseId="C", to="region")))
        requested = event("case.escalated", because="R03", facts={"requested": True}, caseId="C", to="region")
        self.assertIsNone(missed(requested))
        self.assertIsNone(missed(event("case.escalated", because="R04", caseId="C", to="hq")))
        self.assertIsNotNone(missed(event("compensation.referred", because="R07", requestId="Q", to="hq")))
        self.assertIsNone(missed(event("compensation.referred", because="R05", requestId="Q", to="hq")))
        self.assertIsNone(missed(event("compensation.refused", requestId="Q", reason="resolved-first")))
        self.assertIsNone(missed(event("case.closed", caseId="C")))

    def test_it_is_the_same_whatever_its_id_and_sequence(self):
        other = overdue() | {"id": "another", "sequence": 9}
        self.assertEqual(missed(overdue()), missed(other))
        self.assertNotEqual(missed(overdue()), missed(overdue("2026-11-05T18:00:01+08:00")))

    def test_a_deadline_is_met_at_its_last_moment_and_not_behind_it(self):
        found = missed(overdue())
        self.assertTrue(meets(found, entry(1, DUE)))
        self.assertFalse(meets(found, entry(1, "2026-11-05T18:00:01+08:00")))
        self.assertFalse(meets(found, entry(1, DUE, refused=True)))
        self.assertFalse(meets(found, entry(1, DUE, **{"with": "supervisor"})))
        self.assertFalse(meets(found, entry(1, DUE, name="case.accepted")))

    def test_24_00_is_the_next_date(self):
        found = missed(event("customer.inform-overdue", "2026-11-06T00:00:00+08:00", caseId="C"))
        self.assertTrue(meets(found, entry(1, "2026-11-05T23:59:59+08:00")))
        self.assertTrue(meets(found, entry(1, "2026-11-05T00:00:00+08:00")))
        self.assertFalse(meets(found, entry(1, "2026-11-06T00:00:00+08:00")))
        self.assertFalse(meets(found, entry(1, "2026-11-04T23:59:59+08:00")))

    def test_a_crisis_is_accepted_by_headquarters(self):
        found = missed(event("case.overdue", caseId="C", rule="R34"))
        for tier, counts in (("hq", True), ("store", False)):
            self.assertEqual(meets(found, entry(1, DUE, name="case.accepted", by={"tier": tier})), counts)

    def test_an_end_is_told_by_what_how_and_when(self):
        closed = event("case.closed", caseId="C", closing=2, storeId="S")
        self.assertEqual(end(closed), ("case.closed 2", "C", instant(DUE)))
        self.assertIsNone(end(overdue()))
        self.assertEqual(matters({"requestId": "R", "about": {"caseId": "C"}}), ["R", "C"])


class Reasons(unittest.TestCase):
    EARLIER, LATER = "2026-11-03T10:00:00+08:00", "2026-11-06T10:00:00+08:00"

    def why(self, *entries, arrivals=None, by_patience=0):
        output = Output("routing", next(one.number for one in entries if one.timer), overdue())
        explainer = Explainer(journals(*entries, outputs=[output], by_patience=by_patience), arrivals or {})
        return explainer.why(missed(output.event), output)[0]

    def test_what_had_reached_the_queue_before_the_timer_is_a_fault(self):
        entries = [entry(1, DUE, 100, timer=1), entry(2, self.EARLIER, 120)]
        reached = {("upstream", "e2"): 90}
        self.assertEqual(self.why(*entries, arrivals=reached), deadlines.BROKEN)
        self.assertEqual(self.why(*entries, arrivals={("upstream", "e2"): 101}), deadlines.CAME_AFTER)
        self.assertEqual(self.why(*entries), deadlines.UNKNOWN)
        self.assertEqual(self.why(*entries, arrivals=reached, by_patience=1), deadlines.PATIENCE)

    def test_nothing_met_it_or_only_before_the_timer(self):
        self.assertEqual(self.why(entry(1, DUE, 100, timer=1)), deadlines.NOT_MET)
        self.assertEqual(self.why(entry(1, DUE, 100, timer=1), entry(2, self.LATER, 120)), deadlines.NOT_MET)

    def test_an_event_with_a_later_time_that_was_taken_first_excuses(self):
        entries = [entry(1, DUE, 100, timer=1), entry(2, self.LATER, 100), entry(3, self.EARLIER, 120)]
        self.assertEqual(self.why(*entries, arrivals={("upstream", "e3"): 90}), deadlines.LATER_FIRST)
        # Taken behind it, it does not.
        swapped = [entries[0], entry(2, self.EARLIER, 100), entry(3, self.LATER, 120)]
        self.assertEqual(self.why(*swapped, arrivals={("upstream", "e2"): 90}), deadlines.BROKEN)

    def test_words_of_one_stage_in_another_order_excuse(self):
        stage = {"source": "recourse/handling", "name": "case.closed"}
        in_order = [entry(1, self.EARLIER, 90, **stage), entry(2, self.LATER, 95, **stage)]
        self.assertEqual(self.why(*in_order, entry(3, DUE, 100, timer=1)), deadlines.NOT_MET)
        reverse = [entry(1, self.LATER, 90, **stage), entry(2, self.EARLIER, 95, **stage)]
        self.assertEqual(self.why(*reverse, entry(3, DUE, 100, timer=1)), deadlines.REORDERED)
        # What one stage says and what another says come as they come.
        other = {"source": "recourse/intake", "name": "case.closed"}
        mixed = [entry(1, self.LATER, 90, **stage), entry(2, self.EARLIER, 95, **other)]
        self.assertEqual(self.why(*mixed, entry(3, DUE, 100, timer=1)), deadlines.NOT_MET)

    def test_at_intake_whoever_sends_it_a_customers_complaint_and_closing_have_an_order(self):
        closed = entry(1, self.LATER, 90, stage="intake", source="recourse/handling", name="case.closed")
        complaint = entry(2, self.EARLIER, 95, stage="intake", name="complaint.received")
        opened = Output("intake", 2, event("case.opened", caseId="C2"))
        for order, excused in (((closed, complaint), True), ((complaint, closed), False)):
            found = journals(*order, outputs=[opened])
            for number, one in enumerate(order, start=1):
                one.number = number
            found["intake"].records[1] = ("customer", "p")
            opened.entry = complaint.number
            self.assertEqual(Explainer(found, {}).is_reordered(["C2"]), excused)

    def test_what_a_stage_had_not_yet_said_cannot_have_been_there(self):
        word = {"source": "recourse/handling", "name": "contact.recorded"}
        found = journals(entry(1, DUE, 100, timer=1), entry(2, self.EARLIER, 120, **word),
                         outputs=[Output("routing", 1, overdue())])
        said = Entry("handling", 1, False, instant(self.EARLIER), None, None, ("upstream", "x"), "case.resolved",
                     frozenset(), 110, {})
        found["handling"] = Journal("handling", [said], [Output("handling", 1, {
            "source": "recourse/handling", "id": "e2", "type": "contact.recorded.v1", "time": DUE, "data": {}})], {}, 0)
        output = found["routing"].outputs[0]
        self.assertEqual(Explainer(found, {}).why(missed(overdue()), output)[0], deadlines.CAME_AFTER)
        said.written = 90
        self.assertEqual(Explainer(found, {}).why(missed(overdue()), output)[0], deadlines.UNKNOWN)

    def test_the_next_term_of_an_excused_case_follows(self):
        first, second = missed(overdue()), missed(event("case.escalated", because="R03", caseId="C", to="hq"))
        other = missed(event("case.escalated", because="R03", caseId="D", to="hq"))

        class Known:
            def why(self, found, _):
                return (deadlines.LATER_FIRST if found == first else deadlines.NOT_MET), None

        told = deadlines.Told({first: None, second: None, other: None}, {}, 0, 0)
        reasons = {found: reason for found, (reason, _) in deadlines.explain(told.missed, told, Known()).items()}
        self.assertEqual(reasons, {first: deadlines.LATER_FIRST, second: deadlines.FOLLOWS, other: deadlines.NOT_MET})


class Files(unittest.TestCase):
    def test_a_store_is_read_as_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            connection = sqlite3.connect(pathlib.Path(folder, "routing.sqlite"))
            connection.executescript("""
                CREATE TABLE journal (number INTEGER, fate INTEGER, now INTEGER, timer INTEGER, timer_at INTEGER,
                    source TEXT, event TEXT, type TEXT, records TEXT, written INTEGER, body BLOB);
                CREATE TABLE outputs (place INTEGER, exchange TEXT, body BLOB);
                CREATE TABLE records (number INTEGER, kind TEXT, id TEXT, wake_at INTEGER);
                CREATE TABLE stage_time (body BLOB);
                INSERT INTO journal VALUES (1, 0, 5, NULL, NULL, 's', 'i', 'case.accepted', '[1]', 7,
                    CAST('{"data": {"caseId": "C"}}' AS BLOB)), (2, 0, 6, 1, 6, NULL, NULL, NULL, '[1]', 8, NULL);
                INSERT INTO outputs VALUES (131072, 'recourse.events', CAST('{"id": "o"}' AS BLOB)),
                    (131073, 'recourse.handlers', CAST('{"id": "o"}' AS BLOB));
                INSERT INTO records VALUES (1, 'case', 'C', 9);
                INSERT INTO stage_time VALUES (CAST('{"actedByPatience": 3}' AS BLOB));
            """)
            connection.close()
            stores = Stores(f"sqlite:{folder}")
            journal = stores.journal("routing")
            self.assertEqual([(one.number, one.key, one.timer, one.written) for one in journal.entries],
                             [(1, ("s", "i"), None, 7), (2, None, 1, 8)])
            self.assertEqual(journal.entries[0].data, {"caseId": "C"})
            self.assertEqual([(one.entry, one.event) for one in journal.outputs], [(2, {"id": "o"})])
            self.assertEqual((journal.records, journal.by_patience), ({1: ("case", "C")}, 3))
            self.assertEqual((stores.due("routing", 8), stores.due("routing", 9)), (0, 1))

    def test_the_input_follows_from_its_seed_and_ends_before_the_end(self):
        def write(seed):
            with tempfile.TemporaryDirectory() as folder:
                target = pathlib.Path(folder, "input")
                subprocess.run([sys.executable, "-B", FOLDER / "outage_load.py", target, "--policy",
                                FOLDER.parent / "policy", "--cases", "30", "--seed", str(seed)],
                               check=True, capture_output=True, timeout=60)
                return {path.name: path.read_text(encoding="utf-8") for path in target.iterdir() if path.is_file()}

        one, again, other = write(1), write(1), write(2)
        self.assertEqual(one, again)
        self.assertNotEqual(one["events.ndjson"], other["events.ndjson"])
        events = [json.loads(line) for line in one["events.ndjson"].splitlines()]
        plan = json.loads(one["plan.json"])
        times = [instant(found["time"]) for found in events]
        self.assertEqual(times, sorted(times))
        self.assertLess(times[-1], instant(plan["until"]))
        self.assertEqual(len({found["id"] for found in events}), plan["events"])
        for parts in (("others", "complaints"), ("apart", "cases"), ("shuffled",)):
            lines = sorted(line for part in parts for line in one[f"{part}.ndjson"].splitlines())
            self.assertEqual(lines, sorted(one["events.ndjson"].splitlines()))


if __name__ == "__main__":
    unittest.main()
