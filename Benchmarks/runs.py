"""What is run, one small function each: it does one run of one variant and says what was measured.

A variant belongs to a family. The variants of a family take turns, so what disturbs the machine disturbs all of them.
"""

import dataclasses
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from complaints import Complaints
from quota import Quota
from stand import QUEUES, ROOT, Failed, Process, Programs, Stand, Usage, Watch

INTAKE, ROUTING = "recourse.intake", "recourse.routing"


@dataclasses.dataclass
class Counts:
    """How much is run."""

    messages: int = 40_000
    rounds: int = 5
    path: int = 20_000
    queued: int = 1_000_000
    latency_seconds: int = 30
    rate: int = 500
    history: int = 20_000
    grown: int = 5_000_000
    quota_seconds: int = 15
    delay: float = 2.0  # milliseconds

    @classmethod
    def quick(cls) -> "Counts":
        return cls(messages=4_000, rounds=1, path=1_500, queued=30_000, latency_seconds=4, history=2_000,
                   grown=20_000, quota_seconds=4)


# What was measured: rate is messages a second; processor µs, written bytes and calls are those of one message.
Measured = dict[str, float]


class Bench:
    """All that a run needs."""

    def __init__(self, stand: Stand, counts: Counts, new: Programs, old: Programs | None) -> None:
        self.stand, self.counts, self.new, self.old = stand, counts, new, old
        self.python = ""  # of the peers' virtual environment
        self.revisions: tuple[str, str] = ("", "")
        self.files: dict[str, tuple[pathlib.Path, int]] = {}
        self.rounds_on_grown = 0
        self.grown: dict[str, str] = {}  # the environment of the store that has grown; empty: there is none yet

    def complaints(self, kind: str, count: int) -> pathlib.Path:
        """A file with at least so many complaints; written once."""
        path, there = self.files.get(kind, (self.stand.folder / f"{kind}.ndjson", 0))
        if there < count:
            # Those for a store that is used more than once are new each time.
            one = Complaints(kind, area=int(kind[-3:])) if kind.startswith("new-") else Complaints(
                one_brand=kind == "one-brand", even=kind == "even")
            one.write(path, count)
            self.files[kind] = (path, count)
        return path

    def old_programs(self) -> Programs:
        if self.old is None:
            raise Failed("there is no older release to compare with: --against")
        return self.old


def each(before: Usage, after: Usage, messages: int) -> Measured:
    return {"processor": (after.processor - before.processor) * 1e6 / messages,
            "written": (after.written - before.written) / messages, "calls": (after.calls - before.calls) / messages}


def measure_hop(bench: Bench, environment: dict[str, str], file: pathlib.Path, count: int,
                start: Callable[[], Process]) -> Measured:
    """Complaints wait in intake's queue; how fast does whoever is started move them on to routing's?"""
    bench.stand.fill(environment, file, count)
    watch = Watch(bench.stand, environment, INTAKE, ROUTING, count)
    process = start()
    # What a message costs is counted over the middle half: behind start and caches, and with as much in hand at its
    # begin as at its end.
    early, began = watch.until("quarter", process)
    before = process.usage()
    late, ended = watch.until("late", process)
    after = process.usage()
    done = watch.until("done", process)[1]
    measured = {"rate": count / (done - watch.until("begun")[1]), "steady": (late - early) / (ended - began),
                "peak": process.usage().peak} | each(before, after, late - early)
    process.stop()
    return measured


def loop(bench: Bench) -> Measured:
    """The bare loop, with the same bindings, and watched the same way."""
    stand, count = bench.stand, bench.counts.messages
    environment = stand.program_environment(bench.new, "")
    stand.fill(environment, bench.complaints("spread", count), count)
    watch = Watch(stand, environment, INTAKE, ROUTING, count)
    process = stand.start("bare-loop", [stand.bare, "loop", INTAKE, "recourse.events", "case.opened", str(count)],
                          environment)
    process.may_end = True
    ended = watch.until("done", process)[1]
    process.finish()
    return {"rate": count / (ended - watch.until("begun")[1])}


def hop(bench: Bench, programs: Programs, database: str, kind: str) -> Measured:
    count = bench.counts.messages
    environment = bench.stand.fresh_store(programs, database)
    measured = measure_hop(bench, environment, bench.complaints(kind, count), count, lambda: bench.stand.start(
        f"intake-{programs.name}", [str(programs.bin / "recourse-intake")], environment))
    bench.stand.drop_store(environment)
    return measured


def grown_environment(bench: Bench) -> dict[str, str]:
    """Intake's store after five years; made once, by `hop`, which does all that a worker does but for the broker."""
    if bench.grown:
        return bench.grown
    stand, count, folder = bench.stand, bench.counts.grown, bench.stand.folder / "grown"
    environment = stand.fresh_store(bench.new, "sqlite", folder)
    stand.run(["bash", "-c", 'set -o pipefail; "$1" -B Benchmarks/complaints.py "$2" 5 | "${@:3}" - "$2"', "grow",
               sys.executable, str(count), str(bench.new.bin / "hop"), "intake", str(bench.new.policy), str(folder),
               environment["RECOURSE_PERSONAL_KEY_FILE"]], environment, limit=7_200)
    bench.grown = environment
    return environment


def grown(bench: Bench) -> Measured:
    environment, count = grown_environment(bench), bench.counts.messages
    bench.rounds_on_grown += 1
    file = bench.complaints(f"new-{150 + bench.rounds_on_grown}", count)
    return measure_hop(bench, environment, file, count, lambda: bench.stand.start(
        "intake-grown", [str(bench.new.bin / "recourse-intake")], environment))


def audit(bench: Bench) -> Measured:
    """Over the same store. The other stages have taken nothing, so it does not add up; to say so costs no less."""
    environment = grown_environment(bench)
    stand = bench.stand
    stand.purge(environment)
    began = time.monotonic()
    stand.run([str(bench.new.bin / "recourse"), "audit"], environment, codes=(0, 1))
    return {"seconds": time.monotonic() - began}


def sqlite(bench: Bench) -> Measured:
    return hop(bench, bench.new, "sqlite", "spread")


def sqlite_old(bench: Bench) -> Measured:
    return hop(bench, bench.old_programs(), "sqlite", "spread")


def postgres(bench: Bench) -> Measured:
    return hop(bench, bench.new, "postgres", "spread")


def one_brand(bench: Bench) -> Measured:
    return hop(bench, bench.new, "sqlite", "one-brand")


def peer(bench: Bench, name: str, count: int) -> Measured:
    environment = bench.stand.program_environment(bench.new, "")
    folder = bench.stand.folder / "peer"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return measure_hop(bench, environment, bench.complaints("spread", count), count, lambda: bench.stand.start(
        name, [bench.python, "-B", str(ROOT / "Benchmarks" / "peers" / f"{name}.py"), str(folder / "peer.sqlite")],
        environment))


def aio_pika(bench: Bench) -> Measured:
    return peer(bench, "aio_pika_batches", max(2_000, bench.counts.messages // 2))


def faststream(bench: Bench) -> Measured:
    # A transaction for each message: a tenth of the messages takes as long.
    return peer(bench, "faststream_single", max(1_500, bench.counts.messages // 10))


def path(bench: Bench, programs: Programs) -> Measured:
    """All workers, one of each: until every complaint is assigned and no stage has anything left to take."""
    stand, count = bench.stand, bench.counts.path
    environment = stand.fresh_store(programs, "sqlite")
    stand.fill(environment, bench.complaints("spread", max(count, bench.counts.messages)), count)
    watch = Watch(stand, environment, INTAKE, "benchmark.assigned", count, *QUEUES)
    workers = stand.start(f"workers-{programs.name}", [str(programs.bin / "recourse"), "run"], environment)
    ended = watch.until("done", workers)[1]
    workers.expect()
    workers.stop(60)
    return {"rate": count / (ended - watch.until("begun")[1])}


def path_new(bench: Bench) -> Measured:
    return path(bench, bench.new)


def path_old(bench: Bench) -> Measured:
    return path(bench, bench.old_programs())


# Latency

# Seconds in which the workers start, not counted.
WARM = 5


def measure_latency(bench: Bench, environment: dict[str, str], needs: list[Process]) -> Measured:
    counts = bench.counts
    file = bench.complaints("spread", max(counts.messages, counts.rate * (WARM + counts.latency_seconds)))
    printed = bench.stand.run(
        [bench.stand.bare, "latency", "recourse.inbox", "complaint.received", "recourse.events", "case.assigned",
         str(counts.rate), str(WARM), str(counts.latency_seconds), str(file)], environment,
        needs=needs)
    p50, p99, longest = (float(word) for word in printed.split())
    return {"p50": p50, "p99": p99, "longest": longest}


def latency(bench: Bench) -> Measured:
    """Intake and routing at work, both with an empty queue."""
    stand = bench.stand
    environment = stand.fresh_store(bench.new, "sqlite")
    stand.purge(environment)
    workers = [stand.start(name, [str(bench.new.bin / name)], environment)
               for name in ("recourse-intake", "recourse-routing")]
    measured = measure_latency(bench, environment, workers)
    for worker in workers:
        worker.expect()
        worker.stop()
    return measured


def latency_loop(bench: Bench) -> Measured:
    """Two bare loops, one behind the other, with the bindings of intake and routing."""
    stand, counts = bench.stand, bench.counts
    environment = stand.program_environment(bench.new, "")
    stand.purge(environment)
    total = str(int(counts.rate * (WARM + counts.latency_seconds)))
    loops = [stand.start(f"bare-loop-{key}", [stand.bare, "loop", queue, "recourse.events", key, total], environment)
             for queue, key in ((INTAKE, "case.opened"), (ROUTING, "case.assigned"))]
    for one in loops:
        one.may_end = True
    measured = measure_latency(bench, environment, loops)
    for one in loops:
        one.finish()
    return measured


# Scale

def delayed(bench: Bench, milliseconds: float) -> Measured:
    """The hop with PostgreSQL behind the delay line; the nearer one goes through it as well, with no delay."""
    stand, count = bench.stand, bench.counts.messages
    environment = stand.fresh_store(bench.new, "postgres")
    head, _, tail = environment["RECOURSE_DATABASE_URL"].rpartition("@")
    port, _, name = tail.rpartition(":")[2].partition("/")
    line = stand.start("delay-line", [sys.executable, "-B", str(ROOT / "Benchmarks" / "delay_line.py"), port,
                                      str(milliseconds)], stand.environment, reads=True)
    near = line.child.stdout.readline().strip()
    if not near:
        raise Failed(f"the delay line did not start; see {line.log}")
    behind = environment | {"RECOURSE_DATABASE_URL": f"{head}@127.0.0.1:{near}/{name}"}
    measured = measure_hop(bench, behind, bench.complaints("spread", count), count, lambda: stand.start(
        "intake-delayed", [str(bench.new.bin / "recourse-intake")], behind))
    line.stop()
    stand.drop_store(environment)
    return measured


def near(bench: Bench) -> Measured:
    return delayed(bench, 0)


def far(bench: Bench) -> Measured:
    return delayed(bench, bench.counts.delay)


def several(bench: Bench, workers: int, held: bool, kind: str = "many") -> Measured:
    """So many workers of intake on PostgreSQL; `held`: each to a twentieth of a core, so that locks show."""
    stand, seconds = bench.stand, bench.counts.quota_seconds
    # Enough for the time in which they start and are measured, at more than they have managed so far.
    count = int((900 * workers if held else 10_000) * (seconds + (6 if held else 4)))
    file = bench.complaints(kind, count)
    environment = stand.fresh_store(bench.new, "postgres")
    stand.fill(environment, file, count)
    quota = Quota(workers, 0.05) if held else None
    try:
        running = [stand.start(
            name, [str(bench.new.bin / "recourse-intake")], environment | {"RECOURSE_WORKER": name},
            group=quota.groups[number] if quota else None)
            for number, name in enumerate(f"intake-{number}" for number in range(workers))]
        printed = stand.run([stand.bare, "rate", INTAKE, str(workers), ROUTING, "2", str(seconds)], environment,
                            needs=running)
        rate, left = (float(word) for word in printed.split())
        if left == 0:
            raise Failed(f"{workers} workers took all {count} messages before they had been measured")
        for worker in running:
            worker.expect()
        if quota:
            quota.release()
        for worker in running:
            worker.stop(60)
    finally:
        if quota:
            quota.remove([process.child for process in stand.started])
    stand.drop_store(environment)
    return {"rate": rate}


def held(workers: int, kind: str = "many") -> Callable[[Bench], Measured]:
    return lambda bench: several(bench, workers, True, kind)


def free(workers: int) -> Callable[[Bench], Measured]:
    return lambda bench: several(bench, workers, False)


# Alone

def simulate(bench: Bench) -> Measured:
    stand, days = bench.stand, 20
    file = stand.folder / "history.ndjson"
    if not file.exists():
        Complaints("history").write_history(file, bench.counts.history, days)
    output = stand.folder / "simulated.ndjson"
    began = time.monotonic()
    stand.run([str(bench.new.bin / "recourse"), "simulate", "--policy", str(bench.new.policy), "--until",
               "2026-04-15T00:00:00+08:00", str(file)], stand.environment, output=output)
    took = time.monotonic() - began
    lines = refused = 0
    for one in (file, output):
        with one.open("rb") as content:
            for line in content:
                lines += 1
                refused += line.startswith(b'{"type":"dead-letter"')
    if refused:
        raise Failed(f"{refused} events became dead letters; see {output}")
    output.unlink()
    return {"rate": lines / took}


def resources(bench: Bench) -> Measured:
    """A worker before a long queue: how soon it moves the first message, how large it grows, how soon it ends."""
    stand, count = bench.stand, bench.counts.queued
    environment = stand.fresh_store(bench.new, "sqlite")
    stand.fill(environment, bench.complaints("many", count), count)
    watch = Watch(stand, environment, INTAKE, ROUTING, count)
    began = time.monotonic()
    worker = stand.start("intake-resources", [str(bench.new.bin / "recourse-intake")], environment)
    first = watch.until("first", worker)[1] - began
    time.sleep(1 if count < 100_000 else 20)
    peak = worker.usage().peak
    left = int(stand.run([stand.bare, "depth", INTAKE], environment))
    if left == 0:
        raise Failed("the queue was empty before the worker was stopped: there was no load to drain under")
    drain = worker.stop()
    watch.process.stop()
    stand.purge(environment)
    return {"first": first, "peak": peak, "drain": drain}


def build(bench: Bench, revision: str) -> Measured:
    """A clean build of all programs of a commit, in a folder of its own."""
    if not revision:
        raise Failed("there is no older release to compare with: --against REF")
    stand = bench.stand
    folder = stand.folder / "build"
    stand.run(["git", "worktree", "add", "--detach", str(folder), revision], stand.environment)
    try:
        # What has to be fetched is fetched before the clock runs.
        swift = ["swift", "package", "--package-path", str(folder), "resolve"]
        stand.run(swift, stand.environment, limit=600)
        began = time.monotonic()
        stand.run(["swift", "build", "--package-path", str(folder), "--configuration", "release"], stand.environment,
                  limit=3600)
        return {"seconds": time.monotonic() - began}
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(folder)], cwd=ROOT, check=False, timeout=60)


def build_new(bench: Bench) -> Measured:
    return build(bench, bench.revisions[0])


def build_old(bench: Bench) -> Measured:
    return build(bench, bench.revisions[1])


@dataclasses.dataclass(frozen=True)
class Family:
    """Variants that take turns."""

    name: str
    variants: dict[str, Callable[[Bench], Measured]]
    # How many rounds at most: what takes long and varies little needs fewer.
    rounds: int = 99


FAMILIES = (
    Family("hop", {"loop": loop, "sqlite": sqlite, "one-brand": one_brand, "postgres": postgres,
                   "sqlite-old": sqlite_old, "aio-pika": aio_pika, "faststream": faststream}),
    Family("grown", {"empty": sqlite, "grown": grown}, rounds=3),
    Family("audit", {"audit": audit}, rounds=1),
    Family("path", {"path": path_new, "path-old": path_old}),
    Family("latency", {"latency": latency, "latency-loop": latency_loop}),
    Family("delay", {"near": near, "far": far}),
    Family("quota", {f"held-{n}": held(n) for n in (1, 2, 4, 8)} | {"held-even-8": held(8, "even")}, rounds=3),
    Family("free", {f"free-{n}": free(n) for n in (1, 2, 4)}, rounds=3),
    Family("simulate", {"simulate": simulate}),
    Family("resources", {"resources": resources}, rounds=1),
    Family("build", {"build": build_new, "build-old": build_old}, rounds=1),
)
