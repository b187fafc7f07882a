#!/usr/bin/env python3
"""Tests of compare_events: what it must take for equal, and what it must not."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).with_name("compare_events.py")


def event(name, sequence, outlet="o", time="2026-01-05T10:00:00+08:00", **data):
    return {"source": "recourse/penalty", "id": name, "type": "violation.recorded.v1", "time": time,
            "sequence": sequence, "data": {"outletId": outlet} | data}


class Comparison(unittest.TestCase):
    def compare(self, expected, actual, *options):
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for name, events in (("expected", expected), ("actual", actual)):
                files.append(pathlib.Path(folder, name))
                files[-1].write_text("".join(json.dumps(one) + "\n" for one in events), encoding="utf-8")
            done = subprocess.run([sys.executable, "-B", str(PROGRAM), *options, *map(str, files)],
                                  capture_output=True, text=True, timeout=60, check=False)
            return done.returncode, done.stdout

    def reordered(self, expected, actual):
        status, text = self.compare(expected, actual)
        self.assertEqual(status, 1, "another sequence is another event")
        return re.search(r"^(\d+) of the different events carry each other's sequence, at (\d+) instants$", text, re.M)

    def test_two_of_one_instant_that_changed_places_are_named(self):
        later = {"time": "2026-01-06T10:00:00+08:00"}
        found = self.reordered([event("a", 1), event("b", 1), event("c", 2), event("d", 3, **later), event("e", 4, **later)],
                               [event("c", 1), event("a", 2), event("b", 2), event("e", 3, **later), event("d", 4, **later)])
        self.assertEqual(found.groups(), ("5", "2"))

    def test_a_version_that_is_nobody_elses_is_no_change_of_places(self):
        self.assertIsNone(self.reordered([event("a", 1), event("b", 2)], [event("a", 2), event("b", 3)]))
        self.assertIsNone(self.reordered([event("a", 1)], [event("a", 2)]))
        self.assertIsNone(self.reordered([event("a", 1), event("b", 2)], [event("a", 2), event("b", 2)]))

    def test_places_change_within_one_record_and_instant_only(self):
        other = {"time": "2026-01-06T10:00:00+08:00"}
        self.assertIsNone(self.reordered([event("a", 1), event("b", 2, **other)],
                                        [event("a", 2), event("b", 1, **other)]))
        self.assertIsNone(self.reordered([event("a", 1), event("b", 2, outlet="p")],
                                        [event("a", 2), event("b", 1, outlet="p")]))

    def test_all_else_must_be_equal(self):
        one = event("a", 1)
        self.assertEqual(self.compare([one], [one])[0], 0)
        for actual in ([], [one, one], [one, event("b", 1)], [event("a", 1, count=2)]):
            self.assertEqual(self.compare([one], actual)[0], 1, actual)
        self.assertEqual(self.compare([one], [event("a", 7)], "--without-sequence")[0], 0)

    def test_with_workers_of_two_releases_each_event_is_as_one_of_them_decides_it(self):
        old = [event("both", 1), event("old", 2), event("changed", 3, count=1)]
        new = [event("both", 1), event("new", 2), event("changed", 3, count=2)]
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder, "old")
            other.write_text("".join(json.dumps(one) + "\n" for one in old), encoding="utf-8")
            for actual, status in (
                ([old[0], old[1], old[2]], 0), ([new[0], new[1], new[2]], 0), ([new[0], old[1], new[2]], 0), ([new[0]], 0),
                ([new[1]], 1), ([new[0], event("nobody", 1)], 1), ([new[0], event("changed", 3, count=3)], 1),
                ([new[0], new[0]], 1),
            ):
                self.assertEqual(self.compare(new, actual, "--or", str(other))[0], status, actual)

    def test_what_follows_from_both_releases_is_named_and_nothing_else_is_borne(self):
        old, new = [event("changed", 3, count=1)], [event("both", 1), event("changed", 3, count=2)]
        name = new[0]["type"].removesuffix(".v1")
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder, "old")
            other.write_text("".join(json.dumps(one) + "\n" for one in old + new[:1]), encoding="utf-8")
            third, extra = event("changed", 3, count=3), event("nobody", 1)
            for actual, mixed, status in (
                ([new[0], third], name, 0), ([new[0], third], name + ":count", 0), ([new[0], third], name + ":else", 1),
                ([new[0], third], "else", 1), ([new[0], extra], name, 0), ([new[0], extra], name + ":count", 1),
                ([third], name, 1),
            ):
                found = self.compare(new, actual, "--or", str(other), "--mixed", mixed)
                self.assertEqual(found[0], status, (actual, mixed))

    def test_how_many_resolutions_routing_has_passed_on_is_neither_releases_matter_beside_the_other(self):
        accepted = [event("r", 1, number=number) | {"type": "case.resolution-accepted.v1"} for number in (1, 2)]
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder, "old")
            other.write_text("", encoding="utf-8")
            self.assertEqual(self.compare(accepted[:1], accepted[1:], "--or", str(other))[0], 0)
        self.assertEqual(self.compare(accepted[:1], accepted[1:])[0], 1)


if __name__ == "__main__":
    unittest.main()
