#!/usr/bin/env python3
"""Adds up a run of hostile messages: account.py AUDIT.json LETTERS.json SUMMARY.json…

AUDIT     `recourse audit --published LEDGER --json`
LETTERS   rows [queue, count]: the dead letters
SUMMARY   what Fuzzing/hostile printed, one per run

Exit code 1 if a message has no fate, or has one that it must not have.
"""

import json
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(audit_path, letters_path, *summary_paths):
    audit, summaries = load(audit_path), [load(path) for path in summary_paths]
    letters = dict(load(letters_path))
    wrong = [f"audit: {check['name']}: {'; '.join(check['examples'][:3])}" for check in audit["checks"] if not check["ok"]]
    queues = {}
    for summary in summaries:
        if summary["published"] != summary["confirmed"]:
            wrong.append("not every message was confirmed")
        for name, counts in summary["queues"].items():
            total = queues.setdefault(name, dict.fromkeys(counts, 0))
            for key, value in counts.items():
                total[key] += value
    print(f"{'queue':<20}{'hostile':>10}{'stages':>10}{'applied':>10}{'refused':>10}{'again':>8}{'dead':>10}{'waiting':>10}{'open':>6}")
    sums = [0] * 7
    for stage in audit["stages"]:
        name = "recourse." + stage["stage"]
        sent = queues.pop(name)
        # What the other stages sent here: the audit expects it and the ledger does not.
        others = stage["expected"] - sent["listed"]
        dead = letters.pop(name, 0)
        again = sent["twice"] + sent["equal"]
        # They came before what they refer to.
        waiting = stage["held"]
        row = [sent["delivered"], others, stage["applied"], stage["refused"], again, dead, waiting]
        sums = [a + b for a, b in zip(sums, row)]
        rest = row[0] + row[1] - sum(row[2:])
        print(f"{name:<20}{row[0]:>10}{row[1]:>10}{row[2]:>10}{row[3]:>10}{row[4]:>8}{row[5]:>10}{waiting:>10}{rest:>6}")
        if rest:
            wrong.append(f"{name}: {rest} messages without a fate of their own")
        if dead < sent["dead"] - sent["equal"]:
            wrong.append(f"{name}: {sent['dead']} messages had to be dead letters, {dead} are")
        if stage["applied"] + stage["refused"] + waiting < sent["valid"]:
            wrong.append(f"{name}: {sent['valid']} valid events were sent, fewer were taken")
    for name, sent in sorted(queues.items()):
        dead = letters.pop(name, 0)
        # Orders are carried out, and are no letters.
        row = [sent["delivered"], 0, sent["orders"], 0, sent["equal"], dead, 0]
        sums = [a + b for a, b in zip(sums, row)]
        rest = row[0] - sum(row[2:])
        print(f"{name:<20}{row[0]:>10}{0:>10}{row[2]:>10}{0:>10}{row[4]:>8}{dead:>10}{0:>10}{rest:>6}")
        if rest:
            wrong.append(f"{name}: {row[0]} messages, {row[2]} orders, {row[4]} equal to others, {dead} dead letters")
    print(f"{'in all':<20}" + "".join(f"{value:>{10 if at != 4 else 8}}" for at, value in enumerate(sums)))
    wrong += [f"{count} dead letters of a queue that was sent nothing: {name}" for name, count in letters.items()]
    published = sum(summary["published"] for summary in summaries)
    seconds = sum(summary["seconds"] for summary in summaries)
    print(f"{published} hostile messages, all confirmed, {published / max(seconds, 0.1):.0f}/s")
    for fault in wrong:
        print("WRONG:", fault)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
