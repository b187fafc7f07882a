#!/usr/bin/env python3
"""Compares two NDJSON files of outgoing events as sets by id and content.

    compare_events.py EXPECTED ACTUAL [--without-sequence] [--or OTHER [--mixed TYPE[:MEMBER]]…]

--without-sequence leaves out `sequence`: a record's version counts the events that changed it, and which of two events of
one instant came first is decided by their arrival where workers compete or are killed.

--or OTHER names what another release decides on the same input, where workers of both have run: what both decide alike must
be there, and whatever is there must be as one of them decides. An event that only one of them has may be missing. The `number` of
case.resolution-accepted is left out: it counts what routing has passed on, and so none that an older release had handling judge.

--mixed TYPE[:MEMBER] names what follows from what both releases have written, so that neither alone decides it: events of a type, or
events that differ from what one of them decides in this member of `data` alone. They are counted. Nothing may be missing all the same.

Prints the figures, and how many of the different events only carry each other's `sequence` within one record and instant,
which tells of another order of arrival. Exit code 1 if an event is missing, superfluous, twice, or different.
"""

import argparse
import collections
import dataclasses
import json
import sys


@dataclasses.dataclass(frozen=True)
class Outgoing:
    type: str
    # The record and the business time.
    instant: tuple[str, str, str]
    sequence: int | None
    # All the rest, canonically.
    text: str


def record(event):
    """What `sequence` counts the versions of."""
    data = event["data"]
    names = ["outletId", "addressee"] if event.get("source") == "recourse/penalty" else ["requestId", "callbackId"]
    return next((str(data[name]) for name in (*names, "caseId", "outletId", "storeId") if name in data), "")


def read(path, without_sequence, of_two_releases=False):
    """Events by (source, id), and how many of them came more than once."""
    events, repeated = {}, 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            if event["type"] == "dead-letter":
                key = ("dead-letter", json.dumps(event["data"], sort_keys=True))
            else:
                key = (event["source"], event["id"])
            sequence = event.pop("sequence", None)
            if of_two_releases and event["type"] == "case.resolution-accepted.v1":
                event["data"].pop("number", None)
            text = json.dumps(event, sort_keys=True, ensure_ascii=False)
            if key in events:
                repeated += 1
            events[key] = Outgoing(event["type"], (record(event), event.get("source", ""), event.get("time", "")),
                                   None if without_sequence else sequence, text)
    return events, repeated


def exchanged(expected, actual):
    """The keys of events that differ in `sequence` alone, where the versions of one instant have only changed places."""
    instants = collections.defaultdict(list)
    for key, event in expected.items():
        if key in actual and event.text == actual[key].text and event.sequence != actual[key].sequence:
            instants[event.instant].append(key)
    found = set()
    for keys in instants.values():
        places = {(expected[key].sequence, actual[key].sequence) for key in keys}
        before, after = {one for one, _ in places}, {other for _, other in places}
        if before == after and len(places) == len(before):
            found.update(keys)
    return found


def follows_from_both(event, decided, allowed):
    """Is it of a type that may be as neither release decides it, or as one of them decides but for a member that may differ?"""
    for name in allowed:
        event_type, _, member = name.partition(":")
        if event.type != event_type + ".v1":
            continue
        if not member or any(without(event, member) == without(other, member) for other in decided if other):
            return True
    return False


def without(event, member):
    content = json.loads(event.text)
    content["data"].pop(member, None)
    return content


def mixed(first, second, actual, repeated, allowed):
    """Holds the events of a run with workers of two releases against what either decides. Returns the exit code."""
    of_both = {key for key, event in actual.items() if event not in (first.get(key), second.get(key))
               and follows_from_both(event, (first.get(key), second.get(key)), allowed)}
    alike = [key for key in first if second.get(key) == first[key]]
    groups = (
        ("missing", [key for key in alike if key not in actual], first),
        ("superfluous", [key for key in actual if key not in first and key not in second
                         and key not in of_both], actual),
        ("different", [key for key in actual if (key in first or key in second) and key not in of_both
                       and actual[key] not in (first.get(key), second.get(key))], actual))
    of_one = [key for key in actual if (key in first) != (key in second)]
    print(f"expected {len(first)} or {len(second)}, {len(alike)} of them alike; found {len(actual)}, "
          f"{len(of_one)} of them of one release alone, {len(of_both)} follow from what both have written, "
          + ", ".join(f"{name} {len(keys)}" for name, keys, _ in groups) + f", repeated {repeated}")
    for name, keys, events in groups:
        for event_type, count in collections.Counter(events[key].type for key in keys).most_common():
            print(f"  {name} {event_type}: {count}")
        for key in keys[:3]:
            print(f"    {events[key].sequence} {events[key].text[:600]}")
    return 1 if repeated or any(keys for _, keys, _ in groups) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expected")
    parser.add_argument("actual")
    parser.add_argument("--without-sequence", action="store_true")
    parser.add_argument("--or", dest="other")
    parser.add_argument("--mixed", action="append", default=[], metavar="TYPE[:MEMBER]")
    options = parser.parse_args()
    of_two = options.other is not None
    expected, expected_repeats = read(options.expected, options.without_sequence, of_two)
    actual, actual_repeats = read(options.actual, options.without_sequence, of_two)
    if of_two:
        other, other_repeats = read(options.other, options.without_sequence, of_two)
        return mixed(
            expected, other, actual, expected_repeats + actual_repeats + other_repeats, options.mixed)
    missing = [key for key in expected if key not in actual]
    superfluous = [key for key in actual if key not in expected]
    different = [key for key in expected if key in actual and expected[key] != actual[key]]
    reordered = exchanged(expected, actual)
    print(f"expected {len(expected)}, found {len(actual)}, missing {len(missing)}, "
          f"superfluous {len(superfluous)}, different {len(different)}, repeated {actual_repeats}")
    if reordered:
        instants = len({expected[key].instant for key in reordered})
        print(f"{len(reordered)} of the different events carry each other's sequence, at {instants} instants")
    for name, keys, events in (("missing", missing, expected), ("superfluous", superfluous, actual),
                               ("different", different, expected)):
        by_type = collections.Counter(events[key].type for key in keys)
        for event_type, count in by_type.most_common():
            print(f"  {name} {event_type}: {count}")
        for key in keys[:3]:
            print(f"    {events[key].sequence} {events[key].text[:600]}")
            if name == "different":
                print(f"    {actual[key].sequence} {actual[key].text[:600]}")
    return 1 if missing or superfluous or different or expected_repeats or actual_repeats else 0


if __name__ == "__main__":
    sys.exit(main())
