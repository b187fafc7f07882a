#!/usr/bin/env python3
"""Chooses the rows of sample.csv from the full file of complaints: sample.py FULL.csv > sample.csv

All rows of September and October 2016 of the companies with at least two late answers in these months, every other late
answer of these months, then further rows of these months by their digest up to 398, in the order of the file; and the
first two rows once more at the end, because the full file has exact repeats too. The same input gives the same bytes.
"""

import collections
import csv
import sys

import ids

FIRST, LAST, SIZE, REPEATS = "2016-09-01", "2016-10-31", 398, 2


def choose(rows):
    window = [row for row in rows if FIRST <= row["Date received"] <= LAST]
    late = collections.Counter(row["Company"] for row in window if row["Timely response?"] == "0")
    wanted = [row for row in window if late[row["Company"]] >= 2 or row["Timely response?"] == "0"]
    rest = [row for row in window if row not in wanted]
    rest.sort(key=lambda row: ids.row_digest(list(row.values())))
    chosen = wanted + rest[: max(0, SIZE - len(wanted))]
    kept = [row for row in window if row in chosen]
    return kept + kept[:REPEATS]


def main(path):
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = reader.fieldnames, list(reader)
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(choose(rows))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: sample.py FULL.csv > sample.csv")
    main(sys.argv[1])
