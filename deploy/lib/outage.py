#!/usr/bin/env python3
"""Judges a run of deploy/outage, or any store.

    outage.py compare INPUT --store URL --until TIME [--simulated FILE] [--arrivals FILE] [--order ORDER]
              [--report FILE] [--about KEY=VALUE]…
        Compares what the journals call missed up to TIME with what `recourse simulate` of the same events does (INPUT
        is a folder of outage_load.py, FILE by default INPUT/simulated.ndjson), and explains what is beyond it.
    outage.py check --store URL [--arrivals FILE]
        The domain rules' §9.5 by commit times, of any store: each deadline that a timer has called missed, though an
        event that met it was taken later.
    outage.py await --store URL --until TIME --seconds N --queues COMMAND…
        Waits until every stage has come to TIME and nothing is on its way; COMMAND prints a line for each queue: its
        name and how many messages it holds.
    outage.py side-by-side REPORT… [--report FILE]
        The reports of several comparisons as one table, and as one file.
    outage.py waiting --store URL
        How many events wait in the stores for what they refer to.
    outage.py arrivals LEDGER FILE
        Notes, while `recourse publish` writes its ledger, when each line was there: by then the event was in its
        queues.

Exit codes: 0 as it must be; 1 not; 64 usage; 69 a store cannot be read.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import time

from deadlines import (BROKEN, EXCUSES, REORDERED, Explainer, Told, explain, kinds, missed, read_arrivals)
from journals import STAGES, StoreFailed, Stores, instant, shown

# MARK: Comparing

class Comparison:
    """What the journals tell up to a time, against what the simulation tells."""

    def __init__(self, options):
        until, stores = instant(options.until), Stores(options.store)
        self.plan = json.loads((options.input / "plan.json").read_text(encoding="utf-8"))
        self.journals = {stage: stores.journal(stage) for stage in STAGES}
        self.simulated = Told.of_simulation(options.simulated or options.input / "simulated.ndjson", until)
        self.told = Told.of_journals(self.journals, stores, until)
        self.beyond = [one for one in self.told.missed if one not in self.simulated.missed]
        self.lacking = [one for one in self.simulated.missed if one not in self.told.missed]
        self.explainer = Explainer(self.journals, read_arrivals(options.arrivals))
        self.reasons = explain(self.beyond, self.told, self.explainer)
        self.broken = [one for one in self.beyond if self.reasons[one][0] not in EXCUSES]
        self.ends_lacking = {one: of for one, of in self.simulated.ends.items() if one not in self.told.ends}
        self.ends_beyond = {one: of for one, of in self.told.ends.items() if one not in self.simulated.ends}

    def faults(self, is_in_order):
        yield from self._faults_of_the_input()
        for one in self.broken:
            yield f"beyond the simulation: {one.text()}: {self.reasons[one][0]}"
        # In another order other things happen.
        if not is_in_order:
            return
        for one in self.lacking:
            yield f"called missed by the simulation alone: {one.text()}"
        for what, ends in (("ended otherwise than in", self.ends_beyond), ("not ended as in", self.ends_lacking)):
            for (name, about, when), of in sorted(ends.items()):
                if not self.explainer.is_reordered(of):
                    yield f"{what} the simulation: {name} {about} at {shown(when)}"
        if self.told.dead != self.simulated.dead:
            yield f"{self.told.dead} dead letters, {self.simulated.dead} in the simulation"
        if self.told.waiting != self.simulated.waiting:
            yield f"{self.told.waiting} events wait, {self.simulated.waiting} in the simulation"

    def _faults_of_the_input(self):
        """It must miss what it neglects and nothing else, and be refused nothing."""
        neglected = {subject for _, subject in self.plan["neglected"]}
        for one in self.simulated.missed:
            if one.subject not in neglected:
                yield f"the input itself misses {one.text()}"
        for one in sorted(neglected - {one.subject for one in self.simulated.missed}):
            yield f"the input does not miss what it neglects: {one}"
        for name, about, _ in self.simulated.ends:
            if name.startswith("business.rejected"):
                yield f"the input is refused: {about}: {name}"

    def report(self, is_in_order):
        simulated, found = kinds(self.simulated.missed), kinds(self.told.missed)
        beyond, lacking = kinds(self.beyond), kinds(self.lacking)
        reordered = sum(self.explainer.is_reordered(of)
                        for of in (*self.ends_lacking.values(), *self.ends_beyond.values()))
        outputs = [one for journal in self.journals.values() for one in journal.outputs]
        faults = list(self.faults(is_in_order))
        return {
            "good": not faults,
            "deadlines": {kind: {"simulated": simulated[kind], "found": found[kind], "beyond": beyond[kind],
                                 "lacking": lacking[kind]} for kind in sorted({*simulated, *found})},
            "simulated": len(self.simulated.missed), "found": len(self.told.missed), "beyond": len(self.beyond),
            "excused": len(self.beyond) - len(self.broken), "lacking": len(self.lacking),
            "reasons": collections.Counter(reason for reason, _ in self.reasons.values()),
            "explained": [self._explained(one) for one in self.beyond],
            "timersByPatience": sum(journal.by_patience for journal in self.journals.values()),
            "reordered": self.explainer.reordered,
            "late": sum(1 for one in outputs if one.event["data"].get("late")),
            "deadLetters": {"simulated": self.simulated.dead, "found": self.told.dead},
            "waiting": {"simulated": self.simulated.waiting, "found": self.told.waiting},
            "ends": {"simulated": len(self.simulated.ends), "found": len(self.told.ends),
                     "beyond": len(self.ends_beyond), "lacking": len(self.ends_lacking), "reordered": reordered},
            "entries": sum(len(journal.entries) for journal in self.journals.values()), "faults": faults,
        }

    def _explained(self, one):
        reason, event = self.reasons[one]
        return f"{one.text()}: {reason}" + (f" ({event.type} of {shown(event.now)})" if event else "")


def compare(options):
    about = dict(pair.split("=", 1) for pair in options.about)
    about = {key: json.loads(value) if value.replace(".", "", 1).isdigit() else value for key, value in about.items()}
    report = about | Comparison(options).report(is_in_order=options.order != "random")
    print(table(report))
    for text in report["explained"]:
        print(f"  beyond: {text}")
    for fault in report["faults"][:40]:
        print(f"  FAULT: {fault}")
    if len(report["faults"]) > 40:
        print(f"  and {len(report['faults']) - 40} more; see the report")
    if options.report:
        options.report.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if report["good"] else 1


def table(report):
    def row(name, simulated, found, beyond="", lacking=""):
        return f"{name:<52}{simulated:>10}{found:>8}{beyond:>8}{lacking:>9}"

    def figures(name, of):
        return row(name, of["simulated"], of["found"], of.get("beyond", ""), of.get("lacking", ""))

    lines = [row("DEADLINES CALLED MISSED", "SIMULATED", "FOUND", "BEYOND", "LACKING")]
    lines += [figures(kind, of) for kind, of in report["deadlines"].items()]
    lines.append(figures("all", report))
    lines += [f"  {reason:<76}{count:>2}" for reason, count in sorted(report["reasons"].items())]
    lines.append(figures("cases, tasks and requests that have ended", report["ends"]))
    if report["ends"]["reordered"]:
        lines.append(f"  {REORDERED:<76}{report['ends']['reordered']:>2}")
    return "\n".join([
        *lines, figures("dead letters", report["deadLetters"]), figures("events that still wait", report["waiting"]),
        row("timers that acted by patience", "", report["timersByPatience"]),
        row("matters with events taken in another order", "", report["reordered"])])


def side_by_side(options):
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in options.reports]
    titles = ("DATABASE", "AWAY", "ORDER", "EVENTS", "WAITED", "MISSED", "BEYOND", "EXCUSED", "LACKING", "FAULTS",
              "SECONDS")
    row = "{:<10}{:<10}{:<16}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}{:>8}{:>9}"
    print(row.format(*titles))
    for one in reports:
        print(row.format(one["database"], one["away"], one["order"], one["published"], one["waited"], one["found"],
                         one["beyond"], one["excused"], one["lacking"], len(one["faults"]),
                         one["runSeconds"]))
    good = all(one["good"] for one in reports)
    if options.report:
        text = json.dumps({"good": good, "runs": reports}, indent=1, ensure_ascii=False)
        options.report.write_text(text + "\n", encoding="utf-8")
    return 0 if good else 1


# MARK: By commit times

def check(options):
    stores = Stores(options.store)
    journals = {stage: stores.journal(stage) for stage in STAGES}
    explainer = Explainer(journals, read_arrivals(options.arrivals))
    count, reasons, faults = 0, collections.Counter(), []
    for journal in journals.values():
        for output in journal.outputs:
            found = missed(output.event)
            if found is None:
                continue
            count += 1
            reason, event = explainer.why(found, output)
            reasons[reason] += 1
            if reason == BROKEN:
                faults.append(f"{found.text()}: {event.type} of {shown(event.now)} was taken after the timer")
    print(f"{count} deadlines were called missed")
    for reason, number in sorted(reasons.items()):
        print(f"  {reason:<76}{number:>2}")
    for fault in faults:
        print(f"  FAULT: {fault}")
    return 1 if faults else 0


# MARK: Waiting

def standing(stores, until):
    """What is still to come before TIME; None: nothing."""
    marks = stores.marks()
    behind = [stage for stage in STAGES if marks.get(stage, 0) < until]
    if behind:
        return "not yet there: " + ", ".join(
            f"{stage} {shown(marks[stage])[5:16] if marks.get(stage, 0) > 0 else 'without a mark'}" for stage in behind)
    for stage in STAGES:
        due, unsent = stores.due(stage, until), stores.unsent(stage)
        if due or unsent:
            return f"{stage}: {due} timers due, {unsent} events unsent"
    return None


def waiting_in_queues(command):
    try:
        done = subprocess.run(command, text=True, capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return "the queues could not be listed within 60 s"
    if done.returncode != 0:
        return f"the queues cannot be listed: {done.stderr.strip()[-200:]}"
    full = [line.split() for line in done.stdout.splitlines() if line.strip()]
    watched = {f"recourse.{stage}" for stage in STAGES} | {"recourse.dead"}
    left = {name: int(count) for name, count in full if name in watched and count != "0"}
    return ", ".join(f"{name} holds {count}" for name, count in left.items()) or None


def wait(options):
    """Twice in a row, so that what passed between two looks is seen by the next."""
    stores, until, calm, said = Stores(options.store), instant(options.until), 0, 0.0
    deadline = time.monotonic() + options.seconds
    left = "nothing seen yet"
    while time.monotonic() < deadline:
        try:
            left = standing(stores, until) or waiting_in_queues(options.queues)
        except StoreFailed as error:
            left = str(error)
        calm = 0 if left else calm + 1
        if calm == 2:
            return 0
        if left and time.monotonic() - said > 2:
            print(left, flush=True)
            said = time.monotonic()
        time.sleep(0.5 if left else 0.1)
    print(f"after {options.seconds} s the pipeline has not come to {options.until}: {left}", file=sys.stderr)
    return 1


def count_waiting(options):
    stores = Stores(options.store)
    print(sum(len(stores.waiting(stage)) for stage in STAGES))
    return 0


def arrivals(options):
    """Until its own end is asked for; a line of the ledger is there only when the broker has confirmed the event."""
    begun = ""
    while not options.ledger.exists():
        time.sleep(0.01)
    with options.ledger.open(encoding="utf-8") as ledger, options.file.open("w", encoding="utf-8") as output:
        while True:
            text = ledger.read()
            reached = time.time_ns() // 1000
            if not text:
                time.sleep(0.005)
                continue
            *lines, begun = (begun + text).split("\n")
            for line in lines:
                event = json.loads(line)
                output.write(json.dumps({"source": event["source"], "id": event["id"], "reached": reached}) + "\n")
            output.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("compare")
    one.add_argument("input", type=pathlib.Path)
    one.add_argument("--simulated", type=pathlib.Path)
    one.add_argument("--order", choices=("time", "random", "complaint-last"), default="time")
    one.add_argument("--report", type=pathlib.Path)
    one.add_argument("--about", action="append", default=[], help="what else the report tells")
    two = verbs.add_parser("check")
    three = verbs.add_parser("await")
    three.add_argument("--seconds", type=float, default=300)
    three.add_argument("--queues", nargs=argparse.REMAINDER, required=True)
    six = verbs.add_parser("side-by-side")
    six.add_argument("reports", type=pathlib.Path, nargs="+")
    six.add_argument("--report", type=pathlib.Path)
    four = verbs.add_parser("waiting")
    five = verbs.add_parser("arrivals")
    five.add_argument("ledger", type=pathlib.Path)
    five.add_argument("file", type=pathlib.Path)
    for verb in (one, two, three, four):
        verb.add_argument("--store", required=True)
    for verb in (one, two):
        verb.add_argument("--arrivals", type=pathlib.Path)
    for verb in (one, three):
        verb.add_argument("--until", required=True)
    options = parser.parse_args()
    try:
        verb = {"compare": compare, "check": check, "await": wait, "waiting": count_waiting,
                "side-by-side": side_by_side, "arrivals": arrivals}
        return verb[options.verb](options)
    except StoreFailed as error:
        print(f"{options.verb}: {error}; name the stores as RECOURSE_DATABASE_URL does", file=sys.stderr)
        return 69


if __name__ == "__main__":
    sys.exit(main())
