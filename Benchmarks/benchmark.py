"""What deploy/benchmark runs: the rows that were asked for, in rounds, then the table and the report.

Exit codes: 0 measured, whatever the figures are; 1 something could not be measured; 2 usage.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from quota import QuotaRefused
from rows import NAMES, ROWS, Result, Round, Row, evaluate, table
from runs import FAMILIES, Bench, Counts, Family
from servers import ServerFailed
from stand import ROOT, Failed, Programs, Stand

PEERS = {"aio-pika", "faststream"}


# Followed by a version or a commit.
RELEASE_COMMIT = ("bash", "-c", '. deploy/lib/build.sh && release_commit "$1"', "release_commit")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/benchmark", allow_abbrev=False)
    parser.add_argument("--rows", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--messages", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--against", default="")
    parser.add_argument("--against-bin", type=pathlib.Path)
    parser.add_argument("--peers-python", type=pathlib.Path)
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true")
    # Says what is wrong with the others before anything is installed or built for them.
    parser.add_argument("--only-check", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.rows.split(",") if name and name not in NAMES]
    if unknown:
        parser.error(f"unknown rows {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if min(value for value in (options.messages, options.rounds, 1) if value is not None) < 1:
        parser.error("--messages and --rounds count from 1")
    if options.against and not capture(*RELEASE_COMMIT, options.against):
        parser.error(f"--against {options.against}: no release of deploy/releases and no commit")
    if options.report and not options.report.absolute().parent.is_dir():
        parser.error(f"--report {options.report}: its folder does not exist")
    programs = os.environ.get("RECOURSE_BIN")
    if programs and not (pathlib.Path(programs) / "recourse-intake").is_file():
        parser.error(f"RECOURSE_BIN={programs}: no folder of built programs")
    return options


def chosen(options: argparse.Namespace) -> list[Row]:
    named = [name for name in options.rows.split(",") if name]
    if named:
        return [row for row in ROWS if row.name in named]
    # `--scale` asks for its rows besides the usual ones.
    modes = {"always"} | ({"scale"} if options.scale or options.full else set()) | ({"full"} if options.full else set())
    return [row for row in ROWS if row.when in modes]


def capture(*command: str, folder: pathlib.Path = ROOT) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else ""


def machine(folder: pathlib.Path) -> dict:
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return {"processors": os.cpu_count(), "model": model, "kernel": platform.release(),
            "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "loadBefore": os.getloadavg()[0],
            # Of the stores: where it keeps files in memory, a commit costs nothing and means nothing.
            "fileSystem": capture("stat", "--file-system", "--format", "%T", str(folder))}


class Run:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path) -> None:
        self.options, self.folder = options, folder
        self.stand = Stand(folder, self.note)
        self.rows = chosen(options)
        counts = Counts.quick() if options.quick else Counts()
        counts.messages = options.messages or counts.messages
        counts.rounds = options.rounds or counts.rounds
        programs = pathlib.Path(os.environ["RECOURSE_BIN"]).resolve()
        # As it was when the run began: somebody may go on working in this checkout.
        policy = pathlib.Path(shutil.copytree(ROOT / "deploy" / "policy", folder / "policy"))
        self.bench = Bench(self.stand, counts, Programs("new", programs, policy, "/"), None)
        self.rounds: dict[str, list[Round]] = {}
        self.faults: dict[str, str] = {}

    def note(self, text: str) -> None:
        print(text, flush=True)

    def step(self, name: str, action, *values) -> None:
        began = time.monotonic()
        print(f"{name:<40}", end="", flush=True)
        try:
            action(*values)
        except BaseException:
            print("  FAILED", flush=True)
            raise
        print(f"{time.monotonic() - began:8.1f} s", flush=True)

    def needed(self) -> set[str]:
        return {name for row in self.rows for name in row.needs}

    # What stands before the first measurement

    def prepare(self) -> None:
        stand = self.stand
        self.step("compile the bare loop", stand.run, ["cc", "-O2", "-Wall", "-Wextra", "-o", stand.bare,
                                                       "Benchmarks/bare_loop.c", "-lrabbitmq"], stand.environment)
        if self.needed() & {"path-old", "sqlite-old", "build-old"}:
            self.older()
        if self.needed() & PEERS:
            try:
                self.peers()
            except Failed as failure:
                # The other rows can do without.
                self.faults |= dict.fromkeys(PEERS, str(failure))
        if not self.needed() - {"simulate", "build", "build-old"}:
            return
        self.step("start RabbitMQ", stand.start_broker)
        self.step("apply the topology", stand.prepare, self.bench.new)
        if self.bench.old:
            self.step("apply the older topology", stand.prepare, self.bench.old)
        if any(name.startswith(("postgres", "near", "far", "held", "free")) for name in self.needed()):
            self.step("start PostgreSQL", stand.start_postgres)

    def older(self) -> None:
        """The older release, built in a folder of its own as deploy/upgrade does, or given."""
        reference, given = self.options.against, self.options.against_bin
        if not reference and not given and not self.needed() & {"build-old"}:
            return
        commit = capture(*RELEASE_COMMIT, reference)
        if not commit:
            raise Failed(f"{reference} is no release of deploy/releases and no commit")
        self.bench.revisions = (capture("git", "rev-parse", "HEAD"), commit)
        if not self.needed() & {"path-old", "sqlite-old"}:
            return
        # Each release reads its own policy: an older one refuses what only the new one knows.
        policy = self.folder / "older-policy"
        policy.mkdir()
        self.stand.run(["sh", "-c", 'git archive "$1" deploy/policy | tar -x -C "$2"', "archive", commit, str(policy)],
                       self.stand.environment)
        folder = given.resolve() if given else self.folder / "older"
        if not given:
            self.step(f"build {commit[:12]}", self.build_older, folder, commit)
            shown = capture("swift", "build", "--configuration", "release", "--show-bin-path", folder=folder)
            folder = pathlib.Path(shown)
        self.bench.old = Programs("old", folder, policy / "deploy" / "policy", "older")

    def build_older(self, folder: pathlib.Path, commit: str) -> None:
        self.stand.run(["git", "worktree", "add", "--detach", str(folder), commit], self.stand.environment)
        self.stand.run(["swift", "build", "--package-path", str(folder), "--configuration", "release"],
                       self.stand.environment, limit=3600)

    def peers(self) -> None:
        python = self.options.peers_python
        if python is None:
            folder = self.folder / "peers"
            self.step("install the peers", self.install, folder)
            python = folder / "bin" / "python"
        self.stand.run([str(python), "-B", "Benchmarks/peers/contract.py"], self.stand.environment, limit=60)
        self.bench.python = str(python)

    def install(self, folder: pathlib.Path) -> None:
        self.stand.run([sys.executable, "-m", "venv", str(folder)], self.stand.environment, limit=120)
        self.stand.run([str(folder / "bin" / "pip"), "install", "--disable-pip-version-check", "--quiet",
                        "--requirement", "Benchmarks/peers/requirements.txt"], self.stand.environment, limit=300)

    # Measurements

    def measure(self) -> None:
        for family in FAMILIES:
            names = [name for name in family.variants if name in self.needed() and not self.lacks_older(name)]
            if "sqlite" in names and self.bench.old:
                names.append("sqlite-old")
            if names:
                self.measure_family(family, names)

    def lacks_older(self, name: str) -> bool:
        """Without --against there is nothing to compare with, and that is no fault."""
        return name == "path-old" and self.bench.old is None or name == "build-old" and not self.bench.revisions[1]

    def measure_family(self, family: Family, names: list[str]) -> None:
        rounds = self.rounds.setdefault(family.name, [])
        for number in range(min(self.bench.counts.rounds, family.rounds)):
            rounds.append({})
            # Each round begins with another one: none is always the first after a pause.
            for name in names[number % len(names):] + names[: number % len(names)]:
                if name not in self.faults:
                    self.measure_one(family, number, name, rounds[-1])

    def measure_one(self, family: Family, number: int, name: str, measured: Round) -> None:
        began = time.monotonic()
        print(f"{family.name} {number + 1}: {name:<14}", end="", flush=True)
        try:
            measured[name] = family.variants[name](self.bench)
        except (Failed, ServerFailed, QuotaRefused, OSError, subprocess.SubprocessError, ValueError) as failure:
            # The other rows are worth having; this one is not tried again.
            self.faults[name] = str(failure)
            print(f"  FAILED: {failure}", flush=True)
            self.clear()
            return
        figures = ", ".join(f"{key} {value:,.{0 if value >= 100 else 2}f}" for key, value in measured[name].items())
        print(f"{time.monotonic() - began:7.1f} s  {figures}", flush=True)

    def clear(self) -> None:
        """Ends what a failed run has left."""
        for process in self.stand.started:
            try:
                process.stop(10)
            except Failed:
                pass
        self.stand.started = []

    # What is told

    def results(self) -> list[Result]:
        all_rounds = [measured for rounds in self.rounds.values() for measured in rounds]
        return [evaluate(row, all_rounds, self.faults) for row in self.rows]

    def medians(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, list[float]]] = {}
        for rounds in self.rounds.values():
            for measured in rounds:
                for name, figures in measured.items():
                    for key, value in figures.items():
                        found.setdefault(name, {}).setdefault(key, []).append(value)
        return {name: {key: statistics.median(values) for key, values in figures.items()}
                for name, figures in found.items()}

    def tell(self) -> None:
        results, medians = self.results(), self.medians()
        print()
        print(table([("measure", "value", "spread", "must", "aim", "holds"), *(result.cells() for result in results)]))
        hops = [(name, *(f"{figures[key] / divisor:,.{digits}f}" if key in figures else "" for key, divisor, digits in
                         (("rate", 1, 0), ("steady", 1, 0), ("processor", 1, 0), ("written", 1000, 1), ("calls", 1, 2),
                          ("peak", 1e6, 0))))
                for name, figures in medians.items() if "rate" in figures]
        if hops:
            print()
            head = ("median of", "a second", "steady", "µs each", "kB written", "write calls", "peak MB")
            print(table([head, *hops]))
        if self.options.quick:
            print("\nquick: these figures mean nothing")
        for name, fault in self.faults.items():
            print(f"not measured: {name}: {fault}")
        if self.options.report:
            text = json.dumps(self.document(results, medians), ensure_ascii=False, indent=2)
            self.options.report.write_text(text + "\n", encoding="utf-8")

    def document(self, results: list[Result], medians: dict) -> dict:
        changed = bool(capture("git", "status", "--porcelain"))
        return {
            "quick": self.options.quick, "commit": capture("git", "rev-parse", "HEAD"), "changed": changed,
            "version": capture(str(self.bench.new.bin / "recourse"), "--version"),
            "against": self.bench.revisions[1] or None, "machine": self.machine,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "counts": vars(self.bench.counts),
            "rows": [result.document() for result in results], "medians": medians, "rounds": self.rounds,
            "faults": self.faults}

    def perform(self) -> int:
        self.machine = machine(self.folder)
        try:
            self.prepare()
            self.measure()
        finally:
            self.end()
        self.tell()
        return 1 if self.faults else 0

    def end(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.stand.stop()
        if (self.folder / "older").is_dir():
            subprocess.run(["git", "worktree", "remove", "--force", str(self.folder / "older")], cwd=ROOT, check=False,
                           timeout=60)


def terminate(*_: object) -> None:
    raise SystemExit(143)


def main() -> int:
    options = arguments()
    if options.only_check:
        return 0
    if options.report:
        options.report = options.report.absolute()
    signal.signal(signal.SIGTERM, terminate)
    folder = pathlib.Path(tempfile.mkdtemp(suffix=".recourse-benchmark"))
    status = 1
    try:
        status = Run(options, folder).perform()
    except (Failed, ServerFailed, OSError, subprocess.SubprocessError) as failure:
        print(f"deploy/benchmark: {failure}", file=sys.stderr)
    except KeyboardInterrupt:
        status = 130
    finally:
        if status == 0 and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}")
    return status


if __name__ == "__main__":
    sys.exit(main())
