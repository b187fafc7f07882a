#!/usr/bin/env python3
"""Turns complaints of the US Consumer Financial Protection Bureau into input for Recourse.

    map.py CSV OUTPUT --policy DIR [options]     writes events.ndjson, policy/ and answers.json into OUTPUT
    map.py --check [IDS.json]                    checks ids, calendar and slugs against vectors

The same input and options give the same bytes. See README.md in this folder for the mapping.
Exit codes: 0 done, 1 a check failed or the input is not usable, 64 usage.
"""

import argparse
import csv
import dataclasses
import datetime
import hashlib
import json
import pathlib
import shutil
import sys

import check
import events
import ids
import organisation
import weekly
import workdays

COLUMNS = [
    "Date received", "Product", "Sub-product", "Company", "State", "ZIP code", "Consumer consent provided?",
    "Submitted via", "Company response to consumer", "Timely response?", "Consumer disputed?",
]
HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Row:
    """A line of the CSV file; `digest` is the hash of the whole line, `number` counts records from 1."""

    number: int
    digest: bytes
    date: datetime.date
    product: str
    sub_product: str
    company: str
    state: str
    zip_code: str
    consent: str
    via: str
    response: str
    timely: str
    disputed: str


def read_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if header != COLUMNS:
            raise ValueError(f"{path}: the columns are not those of the complaint data; expected {COLUMNS}")
        rows = []
        for number, fields in enumerate(reader, start=1):
            if len(fields) != len(COLUMNS):
                raise ValueError(f"{path}: record {number} has {len(fields)} fields, expected {len(COLUMNS)}")
            received = datetime.date.fromisoformat(fields[0])
            rows.append(Row(number, ids.row_digest(fields), received, *fields[1:]))
    if not rows:
        raise ValueError(f"{path}: no records")
    return rows


def selected(rows, options):
    """The rows between the dates, both included; of these the first `--rows` by date, then by place in the file."""
    chosen = [
        row for row in rows
        if (options.first is None or row.date >= options.first) and (options.last is None or row.date <= options.last)
    ]
    chosen.sort(key=lambda row: (row.date, row.number))
    return chosen if options.rows is None else chosen[: options.rows]


def phones(rows):
    """A mobile number for each distinct row, all different; a number already given is hashed again.

    Asked in the order of the digests over the whole file, so that a number does not depend on the selection.
    """
    taken, result = set(), {}
    for digest in sorted({row.digest for row in rows}):
        seed = digest
        while True:
            number = int.from_bytes(seed[16:24], "big")
            phone = f"1{3 + number % 7}{number // 7 % 10**9:09d}"
            if phone not in taken:
                break
            seed = hashlib.sha256(seed).digest()
        taken.add(phone)
        result[digest] = phone
    return result


def build(rows, chosen, plan, calendar, options):
    """(time, type, line) of every event in order of time, then of the rows; and the totals."""
    outlets, numbers = ids.unique_slugs(row.company for row in rows), phones(rows)
    seen, stories = set(), []
    totals = dict.fromkeys(["repeats", "cases", "store", "region", "hq", "satisfied", "dissatisfied", "unknown"], 0)
    for row in chosen:
        complaint = events.Complaint(row, plan, outlets[row.company], numbers[row.digest])
        if row.digest in seen:
            totals["repeats"] += 1
            stories += [] if options.without_duplicates else [events.received(complaint)]
        else:
            seen.add(row.digest)
            totals["cases"] += 1
            totals[complaint.tier] += 1
            totals[{"0": "satisfied", "1": "dissatisfied"}.get(row.disputed, "unknown")] += 1
            stories += events.timeline(complaint, calendar)
    if options.weekly_reports:
        stories += weekly.reports(plan, stories, calendar, options.weekly_reports)
    stories.sort(key=lambda entry: entry[0])
    lines = [
        (time, event["type"], json.dumps(event, ensure_ascii=False, separators=(",", ":"))) for time, event in stories
    ]
    return lines, totals


def verify(lines, totals):
    """What the rest of the project relies on: one body per event id, as many events and cases as distinct rows."""
    bodies = {}
    for _, _, line in lines:
        event = json.loads(line)
        key = (event["source"], event["id"])
        if not ids.ID_PATTERN.match(event["id"]) or bodies.setdefault(key, line) != line:
            raise ValueError(f"event {key} is not valid or has two bodies")
    complaints = [json.loads(line)["data"] for _, kind, line in lines if kind == "complaint.received.v1"]
    if len({data["complaintId"] for data in complaints}) != totals["cases"]:
        raise ValueError("two rows share a complaint id")
    if len({data["customer"]["phone"] for data in complaints}) != totals["cases"]:
        raise ValueError("two rows share a phone; they might be taken for one matter")


def write_policy(source, target, plan, rules_off):
    """Copies the policy folder, with the organisation of the data and, if asked, some rules switched off."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "calendar.csv", target / "calendar.csv")
    (target / "organisation.yaml").write_text(plan.yaml(), encoding="utf-8")
    policy = (source / "policy.yaml").read_text(encoding="utf-8")
    (target / "policy.yaml").write_text(switched_off(policy, rules_off), encoding="utf-8")


def write_answers(target, with_manufacturers):
    """Copies the answers; those about manufacturers come behind, so that the others keep their numbers."""
    if not with_manufacturers:
        shutil.copyfile(HERE / "answers.json", target)
        return
    both = [HERE / "answers.json", HERE / "answers-manufacturers.json"]
    rules = [rule for path in both for rule in json.loads(path.read_text(encoding="utf-8"))["answers"]]
    target.write_text(json.dumps({"answers": rules}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def switched_off(policy, rules):
    """The text of policy.yaml with `rules` off; understands `rules:` as a block, as `rules: {}`, and its absence."""
    if not rules:
        return policy
    added = [f"  {rule}: off" for rule in rules]
    lines = policy.splitlines()
    found = [number for number, line in enumerate(lines) if line.startswith("rules:")]
    if not found:
        return "\n".join([*lines, "rules:", *added]) + "\n"
    rest = lines[found[0]][len("rules:"):].split("#")[0].strip()
    if rest not in ("", "{}"):
        raise ValueError("policy.yaml: write `rules:` as a block, one rule a line, to switch a rule off")
    return "\n".join([*lines[: found[0]], "rules:", *added, *lines[found[0] + 1:]]) + "\n"


def report(lines, totals, chosen):
    """Totals for people, on standard error."""
    kinds = {}
    for _, kind, _ in lines:
        kinds[kind.removesuffix(".v1")] = kinds.get(kind.removesuffix(".v1"), 0) + 1

    def say(name, value):
        print(f"{name:<28}{value:>9}", file=sys.stderr)

    say("rows", len(chosen))
    say("events", len(lines))
    for kind in sorted(kinds):
        say(f"  {kind}", kinds[kind])
    say("repeated rows", totals["repeats"])
    say("cases", totals["cases"])
    for tier in ("store", "region", "hq"):
        say(f"  first at {tier}", totals[tier])
    for answer in ("satisfied", "dissatisfied", "unknown"):
        say(f"  first call {answer}", totals[answer])
    say("instants", len({time for time, _, _ in lines}))
    if lines:
        print(f"from {workdays.text(lines[0][0])} to {workdays.text(lines[-1][0])}", file=sys.stderr)


def natural(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"not a number: {text}")
    return int(text)


def date(text):
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a date like 2016-09-01: {text}") from None


def parse(arguments):
    class Parser(argparse.ArgumentParser):
        """Exits with 64 (EX_USAGE), like the programs of the project."""

        def error(self, message):
            self.print_usage(sys.stderr)
            self.exit(64, f"{self.prog}: {message}\n")

    parser = Parser(prog="map.py", description="Turns CFPB complaints into input for Recourse.")
    parser.add_argument("csv", nargs="?", type=pathlib.Path)
    parser.add_argument("output", nargs="?", type=pathlib.Path)
    parser.add_argument("--policy", type=pathlib.Path, help="folder with policy.yaml and calendar.csv to copy")
    parser.add_argument("--rows", type=natural, help="only so many rows, the earliest")
    parser.add_argument("--from", dest="first", type=date, help="first date received")
    parser.add_argument("--to", dest="last", type=date, help="last date received")
    parser.add_argument("--stores", type=natural, default=300, help="how many ZIP areas are stores (300)")
    parser.add_argument("--manufacturers", type=natural, default=0, help="how many companies own their brands (0)")
    parser.add_argument("--rule-off", action="append", default=[], metavar="RULE", help="e.g. R04-cluster")
    parser.add_argument("--without-duplicates", action="store_true", help="write each distinct row once")
    parser.add_argument("--weekly-reports", type=date, metavar="DATE", help="stores send weekly reports up to DATE")
    parser.add_argument("--check", nargs="?", const="", metavar="IDS.json", help="check against vectors")
    options = parser.parse_args(arguments)
    if options.check is None and (options.csv is None or options.output is None or options.policy is None):
        parser.error("CSV, OUTPUT and --policy are needed, or --check")
    return options


def main(arguments):
    options = parse(arguments)
    if options.check is not None:
        calendar = options.policy / "calendar.csv" if options.policy else None
        return check.run(options.check or None, calendar)
    rows = read_rows(options.csv)
    chosen = selected(rows, options)
    if not chosen:
        raise ValueError(f"{options.csv}: no record between the dates")
    since = chosen[0].date.replace(day=1)
    # Without reports in the input, duties begin when it is long over.
    duties = since if options.weekly_reports else datetime.date(chosen[-1].date.year + 2, 1, 1)
    plan = organisation.Organisation(rows, options.stores, since, duties, options.manufacturers)
    lines, totals = build(rows, chosen, plan, workdays.Workdays(options.policy / "calendar.csv"), options)
    verify(lines, totals)
    write_policy(options.policy, options.output / "policy", plan, options.rule_off)
    with open(options.output / "events.ndjson", "w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for _, _, line in lines)
    write_answers(options.output / "answers.json", options.manufacturers > 0)
    report(lines, totals, chosen)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ValueError, OSError) as error:
        print(f"map.py: {error}", file=sys.stderr)
        sys.exit(1)
