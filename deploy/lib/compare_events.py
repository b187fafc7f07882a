#!/usr/bin/env python3
"""Compares two NDJSON files of outgoing events as sets by id and content.

    compare_events.py EXPECTED ACTUAL [--without-sequence]

--without-sequence leaves out `sequence`: a record's version counts the events that changed it, and which of two events of
one instant came first is decided by their arrival where workers compete or are killed.

Prints the figures; exit code 1 if an event is missing, superfluous, twice, or different.
"""

import argparse
import collections
import json
import sys


def read(path, without_sequence):
    """Events by (source, id) as canonical text, and how many of them came more than once."""
    events, repeated = {}, 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            if event["type"] == "dead-letter":
                key = ("dead-letter", json.dumps(event["data"], sort_keys=True))
            else:
                key = (event["source"], event["id"])
            if without_sequence:
                event.pop("sequence", None)
            text = json.dumps(event, sort_keys=True, ensure_ascii=False)
            if key in events:
                repeated += 1
            events[key] = (event["type"], text)
    return events, repeated


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expected")
    parser.add_argument("actual")
    parser.add_argument("--without-sequence", action="store_true")
    options = parser.parse_args()
    expected, expected_repeats = read(options.expected, options.without_sequence)
    actual, actual_repeats = read(options.actual, options.without_sequence)
    missing = [key for key in expected if key not in actual]
    superfluous = [key for key in actual if key not in expected]
    different = [key for key in expected if key in actual and expected[key][1] != actual[key][1]]
    print(f"expected {len(expected)}, found {len(actual)}, missing {len(missing)}, "
          f"superfluous {len(superfluous)}, different {len(different)}, repeated {actual_repeats}")
    for name, keys, events in (("missing", missing, expected), ("superfluous", superfluous, actual),
                               ("different", different, expected)):
        by_type = collections.Counter(events[key][0] for key in keys)
        for event_type, count in by_type.most_common():
            print(f"  {name} {event_type}: {count}")
        for key in keys[:3]:
            print(f"    {events[key][1][:600]}")
            if name == "different":
                print(f"    {actual[key][1][:600]}")
    return 1 if missing or superfluous or different or expected_repeats or actual_repeats else 0


if __name__ == "__main__":
    sys.exit(main())
