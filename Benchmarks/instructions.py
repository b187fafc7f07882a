"""Counts what a message costs each stage, in instructions: `scripts/check-performance` has the usage.

    instructions.py PROGRAMS WORK KNOWN [--write]

The history of a few months – complaints, what people did, and what `recourse simulate` made of it – is fed to each stage's
worker in one process (`hop`, over a real SQLite file, sealed), under callgrind. A run without messages is taken off, so what
is left belongs to the messages. The same programs on the same kind of processor give the same counts, whatever else the
machine does; another kind may have other instructions for SHA-256 and the like, so the file says on which one it was made.
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAGES = ("intake", "routing", "handling", "callback", "penalty", "reports")
UNTIL = "2017-06-01T00:00:00+08:00"
TOLERANCE = 0.05
# In seconds; the longest takes half a minute on a quiet machine.
LIMIT = 900


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT, **more)


def history(programs, work):
    """A file of all events, upstream's and the stages' own, in order of time."""
    mapped = work / "input"
    run(sys.executable, "-B", ROOT / "deploy/cfpb/map.py", ROOT / "deploy/cfpb/sample.csv", mapped, "--policy",
        ROOT / "deploy/policy")
    events = mapped / "events.ndjson"
    simulated = run(programs / "recourse", "simulate", "--policy", mapped / "policy", "--until", UNTIL, "--answers",
                    mapped / "answers.json", events).stdout
    lines = events.read_text(encoding="utf-8").splitlines() + simulated.splitlines()
    timed = [(datetime.datetime.fromisoformat(json.loads(line)["time"]), line) for line in lines]
    file = work / "history.ndjson"
    file.write_text("".join(line + "\n" for _, line in sorted(timed, key=lambda one: one[0])), encoding="utf-8")
    return mapped / "policy", file


def count(hop, work, stage, policy, keys, file, messages):
    """Instructions of a run, and how many messages it took."""
    store = work / f"{stage}-{messages}"
    store.mkdir()
    profile = work / f"callgrind.{stage}.{messages}"
    ran = run("valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", hop, stage, policy, store, keys, file,
              str(messages), env={**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"})
    total = int(re.search(r"Collected : (\d+)", ran.stderr)[1])
    return total, int(re.search(rf"{stage}: (\d+) messages", ran.stdout)[1])


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def main():
    programs, work, known = (pathlib.Path(name) for name in sys.argv[1:4])
    policy, file = history(programs, work)
    keys = work / "keys"
    keys.write_text("benchmark AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", encoding="utf-8")
    # Valgrind cannot read the debugging information of Swift; the names of functions stay.
    hop = work / "hop"
    run("strip", "--strip-debug", "-o", hop, programs / "hop")
    for resources in programs.glob("*.resources"):
        (work / resources.name).symlink_to(resources)
    found = {}
    for stage in STAGES:
        (idle, _), (total, messages) = (
            count(hop, work, stage, policy, keys, file, number) for number in (0, 1_000_000))
        found[stage] = {"messages": messages, "instructions": round((total - idle) / messages, -2)}
    before = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {"stages": {}}
    print(f"{'stage':<10}{'messages':>10}{'instructions each':>20}{'before':>12}{'change':>9}")
    changed = False
    for stage, figures in found.items():
        old = before["stages"].get(stage, {}).get("instructions")
        change = figures["instructions"] / old - 1 if old else None
        changed = changed or change is None or abs(change) > TOLERANCE
        print(f"{stage:<10}{figures['messages']:>10}{figures['instructions']:>20,.0f}"
              f"{old or 0:>12,.0f}{'' if change is None else f'{change:+.1%}':>9}")
    if before.get("processor") not in (None, processor()):
        print(f"counted before on another processor: {before['processor']}; here: {processor()}")
    if "--write" in sys.argv:
        known.write_text(json.dumps({"processor": processor(), "stages": found}, indent=2) + "\n", encoding="utf-8")
        return 0
    if changed:
        print("more than 5 % off: if it is meant, scripts/check-performance --write, and say why in the commit")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
