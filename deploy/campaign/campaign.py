#!/usr/bin/env python3
"""The fault campaign; started by deploy/faults, which says what it does and what the options mean."""

import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

from judging import judge
from run import STAGES, Run
from servers import ServerFailed


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/faults", add_help=False)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--cluster", type=int, choices=(1, 3), default=1)
    parser.add_argument("--complaints", type=int)
    parser.add_argument("--faults", type=int)
    parser.add_argument("--load-seconds", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--workers", type=lineup, default=lineup(""))
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--keep", action="store_true")
    found = parser.parse_args()
    if found.complaints is None:
        found.complaints = 2_000 if found.short else 100_000
    if found.faults is None:
        found.faults = 25 if found.short else 300
    if found.complaints < 100 or found.faults < 0:
        parser.error("at least 100 complaints, and no less than 0 faults")
    found.load_seconds = found.load_seconds or max(60.0, found.complaints / 150)
    if found.seed is None:
        found.seed = random.SystemRandom().randrange(1 << 31)
    return found


def lineup(text: str) -> dict[str, int]:
    counts = {stage: 2 for stage in STAGES}
    for part in filter(None, text.split(",")):
        stage, _, count = part.partition("=")
        if stage not in counts or not count.isdigit() or not 1 <= int(count) <= 9:
            raise argparse.ArgumentTypeError(f"expected intake=2,routing=2,… with 1 to 9 of each, found {part}")
        counts[stage] = int(count)
    return counts


def main() -> int:
    options = arguments()
    programs = pathlib.Path(os.environ["RECOURSE_BIN"]).resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="recourse-faults."))
    folder.chmod(0o711)  # PostgreSQL runs as a user of its own, which has to reach its folder inside
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run = Run(options, programs, folder)
    good = False
    try:
        run.prepare()
        if options.plan:
            print((folder / "plan.txt").read_text(encoding="utf-8"), end="", flush=True)
        run.play()
        result = judge(run)
        result.write(folder / "report.json")
        if options.report:
            shutil.copyfile(folder / "report.json", options.report)
        print(result.text(), flush=True)
        good = result.is_good
    except (ServerFailed, OSError, subprocess.SubprocessError) as error:
        print(f"deploy/faults: {error}", flush=True)
    finally:
        run.close()
        if good and not options.keep:
            run.remove_store()
            shutil.rmtree(folder)
        else:
            print(f"kept: {folder}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
