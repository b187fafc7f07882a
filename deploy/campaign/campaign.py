#!/usr/bin/env python3
"""The fault campaign; started by deploy/faults, which says what it does and what the options mean."""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import load as loads
import plan
from checks import Finding, Outputs, complaints, dead_letters, wire
from faults import Injector, Targets
from links import Links
from progress import PostgresCounter, Progress, SQLiteCounter, wait_for_quiet
from report import Result, keep
from servers import STEP, Broker, Folder, Postgres, ServerFailed, free_ports
from upstream import Upstream, confirmed
from workers import Workers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OBSERVER = "campaign.observer"
STAGES = (*plan.STAGES, "parking")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--cluster", type=int, choices=(1, 3), default=1)
    parser.add_argument("--complaints", type=int)
    parser.add_argument("--faults", type=int)
    parser.add_argument("--load-seconds", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--workers", default="")
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--keep", action="store_true")
    found = parser.parse_args()
    short = found.short
    found.complaints = found.complaints or (2_000 if short else 100_000)
    found.faults = found.faults if found.faults is not None else 25 if short else 300
    found.load_seconds = found.load_seconds or max(60.0, found.complaints / 150)
    found.seed = found.seed if found.seed is not None else random.SystemRandom().randrange(1 << 31)
    return found


def lineup(text: str) -> dict[str, int]:
    counts = {stage: 2 for stage in STAGES}
    for part in filter(None, text.split(",")):
        stage, _, count = part.partition("=")
        if stage not in counts or not count.isdigit():
            sys.exit(f"deploy/faults: --workers: expected intake=2,routing=2,…, found {part}")
        counts[stage] = int(count)
    return counts


class Campaign:
    def __init__(self, options: argparse.Namespace, programs: pathlib.Path, folder: pathlib.Path) -> None:
        self.options, self.programs, self.folder = options, programs, folder
        self.logs = folder / "log"
        self.logs.mkdir()
        self.deadline = time.monotonic() + options.seconds
        # At most 1000 business seconds a second: a day, after which an unknown reference is given up, is then 86 s.
        self.factor = int(min(1000, max(60, 30 * 3600 / options.load_seconds)))
        self.hours = options.load_seconds * self.factor / 3600
        self.zero = 0  # the wall second at which the load's business time begins
        self.calm_since: tuple[str, int] | None = None
        self.chance = random.Random(f"acts {options.seed}")
        self.postgres: Postgres | None = None
        self.store: Folder | None = None
        self.observer: subprocess.Popen | None = None
        self.upstreams: dict[str, Upstream] = {}
        self.acts: list[Upstream] = []
        self.result = Result({name: str(value) for name, value in vars(options).items()},
                             complaints=options.complaints, planned=options.faults)

    # Starting

    def prepare(self) -> None:
        started = time.monotonic()
        counts = lineup(self.options.workers)
        self.store = Folder(self.folder / "store") if self.options.database == "sqlite" else None
        names = [f"{stage}-{index + 1}" for stage in STAGES for index in range(counts[stage])]
        setting = plan.Setting(
            tuple(names), tuple(f"upstream-{name}" for name in loads.STREAMS), self.options.database == "postgres",
            self.options.cluster, bool(self.store and self.store.is_mounted))
        self.faults = plan.make(self.options.seed, self.options.faults, self.options.load_seconds * 0.97, setting)
        acts = sum(fault.kind == "reordered" for fault in self.faults)
        self.load = loads.make(self.options.seed, self.options.complaints, self.hours, acts, 0.12)
        self.result.complaints = len(self.load.complaints)
        say(f"seed {self.options.seed}: {len(self.load.complaints)} complaints, {self.load.total} events in "
            f"{self.options.load_seconds:.0f} s, one second is {self.factor} s of business time")
        (self.folder / "plan.txt").write_text("".join(fault.text() + "\n" for fault in self.faults), encoding="utf-8")
        if self.store and not self.store.is_mounted:
            say("no disk-full faults: a file system of its own cannot be mounted here")
        self._start_servers()
        self.workers = Workers(self.programs, self.logs, self.clock)
        for name in names:
            stage = name.rpartition("-")[0]
            self.workers.add(name, f"recourse-{stage}", self._environment(name))
        self.run("topology", "apply")
        self._start_observer()
        say(f"servers are up after {time.monotonic() - started:.1f} s")

    def _start_servers(self) -> None:
        port = free_ports(STEP * self.options.cluster)
        self.broker = Broker(self.folder / "rabbitmq", port, self.options.cluster)
        self.broker.start()
        if self.options.database == "postgres":
            self.postgres = Postgres(self.folder / "postgres", port + 6)
            self.postgres.start()
        self.links = Links(self.logs / "proxy.log")

    def _environment(self, name: str | None) -> dict[str, str]:
        """Of a program; with a name its connections lead through links of that name."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("RECOURSE_")}
        management = self.broker.environment()["RECOURSE_MANAGEMENT_URL"]
        if name:
            index = len(name) % len(self.broker.ports)
            backends = self.broker.ports[index:] + self.broker.ports[:index]
            port = self.links.open(f"broker/{name}", backends)
        else:
            port = self.broker.ports[0]
        if self.postgres:
            database = self.postgres.url(
                self.links.open(f"database/{name}", [self.postgres.port]) if name in self._names() else None)
        else:
            database = f"sqlite:{self.folder / 'store'}"
        return clean | {
            "RECOURSE_AMQP_URL": f"amqp://recourse:{self.broker.secret()}@127.0.0.1:{port}/%2F?heartbeat=5",
            "RECOURSE_MANAGEMENT_URL": management, "RECOURSE_DATABASE_URL": database,
            "RECOURSE_POLICY": str(ROOT / "deploy" / "policy"), "RECOURSE_LEASE_SECONDS": "3",
            "RECOURSE_DRAIN_SECONDS": "20", "RECOURSE_CLOCK": self.clock(0)}

    def _names(self) -> set[str]:
        return {f"{stage}-{index}" for stage in STAGES for index in range(1, 65)}

    def clock(self, skew: int) -> str:
        """How a program is told the time; before the load begins it stands nearly still at its beginning."""
        if self.calm_since:
            return f"scaled {self.calm_since[0]} 1 {self.calm_since[1]}"
        start = self.load.start + loads.datetime.timedelta(seconds=skew)
        return f"scaled {start.isoformat(timespec='seconds')} {self.factor} {self.zero or int(time.time()) + 3600}"

    def run(self, *words: str, limit: float = 900) -> int:
        """A verb of `recourse`; its output goes to a log named after it."""
        with (self.logs / f"{'-'.join(words[:2])}.log").open("wb") as log:
            return subprocess.run([str(self.programs / "recourse"), *words], env=self._environment(None), timeout=limit,
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False).returncode

    def _start_observer(self) -> None:
        environment = {"PATH": os.environ["PATH"], "RECOURSE_WIRE_PASSWORD": self.broker.secret()}
        with (self.logs / "wire.log").open("wb") as log:
            self.observer = subprocess.Popen(
                [sys.executable, "-B", str(pathlib.Path(__file__).with_name("wire.py")), str(self.folder / "wire.txt"),
                 OBSERVER, "recourse", *map(str, self.broker.ports)], env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        for _ in range(100):
            if OBSERVER in self.broker.depths():
                return
            time.sleep(0.2)
        raise ServerFailed("the observer's queue did not come")

    # Running

    def play(self) -> None:
        self.zero = int(time.time()) + 3
        counter = (PostgresCounter(self.postgres.environment()) if self.postgres
                   else SQLiteCounter(self.folder / "store"))
        self.workers.start()
        for name, events in self.load.streams.items():
            lines = [(one.key, one.line) for one in events]
            self.upstreams[f"upstream-{name}"] = self._upstream(f"upstream-{name}", lines, paced=True)
        injector = Injector(
            Targets(self.workers, self.links, self.broker, self.postgres, self.store, self._kill_upstream,
                    self._publish_again, self._publish_reordered), {kind.name: kind.group for kind in plan.KINDS})
        self.injector = injector
        progress = Progress(counter, injector.under_way)
        time.sleep(max(0.0, self.zero - time.time()))
        began = time.monotonic()
        for upstream in self.upstreams.values():
            upstream.start()
        progress.begin()
        injector.begin(self.faults)
        while not all(one.is_done for one in self.upstreams.values()):
            self._mind_the_limit()
            time.sleep(0.2)
        self.result.load_seconds = time.monotonic() - began
        injector.finish(120)
        for act in self.acts:
            act.wait(max(1.0, self.deadline - time.monotonic()))
        progress.end()
        self._calm()
        began = time.monotonic()
        left = wait_for_quiet(self.broker, counter, min(420, self.deadline - time.monotonic()))
        self.result.quiet_seconds = time.monotonic() - began
        self.result.entries = counter.entries() or 0
        self.result.longest, self.result.longest_at = progress.longest, progress.at
        self.result.longest_during = progress.during
        self.result.done = sorted(injector.done, key=lambda one: one.fault.number)
        rest = Finding("at rest within the limit")
        if left:
            rest.note(left)
        self.result.broken.append(rest)
        self.workers.stop()
        self.observer.send_signal(signal.SIGTERM)
        self.observer.wait(20)

    def _mind_the_limit(self) -> None:
        if time.monotonic() > self.deadline:
            raise ServerFailed(f"the campaign is not over after {self.options.seconds:.0f} s")

    def _calm(self) -> None:
        """From here on the business clock runs with the machine's: timers that are not due yet stay where they are."""
        now = self.load.start + loads.datetime.timedelta(seconds=(int(time.time()) - self.zero) * self.factor)
        self.calm_since = (now.isoformat(timespec="seconds"), int(time.time()))
        for name in self.workers.places:
            self.workers.restart(name)

    def _upstream(self, name: str, lines: list, paced: bool) -> Upstream:
        folder = self.folder / "upstream"
        folder.mkdir(exist_ok=True)
        return Upstream(name, lines, folder, self.programs / "recourse", self._environment(name), paced)

    def _kill_upstream(self, name: str) -> bool:
        if self.upstreams[name].is_done:
            return False
        self.upstreams[name].kill()
        return True

    def _business_now(self) -> loads.datetime.datetime:
        return self.load.start + loads.datetime.timedelta(seconds=(time.time() - self.zero) * self.factor)

    def _publish_again(self, detail: int) -> None:
        """Some of what has been published, byte for byte, in any order."""
        planted = {(source, event_id) for _, source, event_id, _ in self.load.planted}
        now = self._business_now()
        past = [(one.key, one.line) for events in self.load.streams.values() for one in events
                if one.time <= now and one.key not in planted]
        chosen = random.Random(detail).sample(past, min(len(past), 50 + detail % 200))
        self._act("duplicates", chosen)

    def _publish_reordered(self) -> None:
        lines = self.load.reordered.pop()
        # Its events lie in the first half hour.
        ready = self.load.start + loads.datetime.timedelta(minutes=35)
        time.sleep(max(0.0, (ready - self._business_now()).total_seconds() / self.factor))
        self._act("reordered", [((event["source"], event["id"]), line)
                                for line in lines for event in (json.loads(line),)])

    def _act(self, kind: str, lines: list) -> None:
        self.acts.append(self._upstream(f"{kind}-{len(self.acts) + 1}", lines, paced=False).start())

    # Judging

    def judge(self) -> None:
        result, everyone = self.result, [*self.upstreams.values(), *self.acts]
        ledger = self.folder / "published.ledger"
        with ledger.open("wb") as output:
            for path in (path for one in everyone for path in one.ledgers()):
                content = path.read_bytes()
                output.write(content[: content.rfind(b"\n") + 1])
        result.published = sum(1 for _ in ledger.open("rb"))
        published = confirmed(ledger)
        publishing = Finding("upstream failed")
        for text in (text for one in everyone for text in one.failures):
            publishing.note(text)
        endings = Finding("workers that ended by themselves")
        for one in self.workers.unexpected:
            endings.note(f"{one.worker}: status {one.status}")
        result.audit = self.run("audit", "--published", str(ledger), "--json")
        result.replay = self.run("journal", "replay", "--json")
        missing = self._audit_figures()
        outputs = self._outputs()
        with (self.folder / "wire.txt").open(encoding="utf-8") as lines:
            seen = wire(lines, outputs.digests)
        result.outgoing, result.repeated = outputs.count, seen.repeated
        orphans, doubled = complaints(
            {name for key, name in self.load.complaints.items() if key in published}, outputs.opened)
        letters = json.loads(self._capture("dead-letters", "list", "--limit", "100000", "--json"))["letters"]
        unburied, unplanned = dead_letters(letters, self.load.planted)
        result.lost += [missing, orphans, seen.lost, unburied]
        result.doubled += [outputs.doubled, doubled, seen.differing]
        result.broken += [outputs.money, seen.strange, unplanned, publishing, endings]

    def _audit_figures(self) -> Finding:
        lost = Finding("events without a fate (audit)")
        try:
            report = json.loads((self.logs / "audit---published.log").read_text(encoding="utf-8"))
        except ValueError:
            lost.note("the audit has no report; see its log")
            return lost
        for stage in report["stages"]:
            lost.count += stage["missing"]
        lost.examples = [text for check in report["checks"] for text in check["examples"]][:10]
        self.result.fates = {name: sum(stage[name] for stage in report["stages"])
                             for name in ("applied", "refused", "timers")} | {"dead": len(self.load.planted)}
        return lost

    def _capture(self, *words: str) -> str:
        done = subprocess.run([str(self.programs / "recourse"), *words], env=self._environment(None), text=True,
                              capture_output=True, timeout=600, check=False)
        if done.returncode != 0:
            raise ServerFailed(f"recourse {' '.join(words)}: exit code {done.returncode}: {done.stderr.strip()[-400:]}")
        return done.stdout

    def _outputs(self) -> Outputs:
        outputs = Outputs()
        with (self.logs / "outputs.log").open("wb") as log:
            process = subprocess.Popen([str(self.programs / "recourse"), "journal", "outputs"], stderr=log,
                                       env=self._environment(None), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            for line in process.stdout:
                outputs.read(line)
        if process.wait() != 0:
            raise ServerFailed(f"recourse journal outputs: exit code {process.returncode}; see {self.logs}/outputs.log")
        return outputs

    # Ending

    def close(self) -> None:
        """Stops everything that was started, whatever state it is in."""
        if hasattr(self, "injector"):
            self.injector.abort()
            self.injector.finish(60)
        for upstream in (*self.upstreams.values(), *self.acts):
            upstream.end()
        if hasattr(self, "workers"):
            self.workers.stop()
        if self.observer and self.observer.poll() is None:
            self.observer.kill()
        if hasattr(self, "links"):
            self.links.close()
        if self.postgres:
            self.postgres.stop()
        if hasattr(self, "broker"):
            self.broker.stop()
        if self.store and not self.options.keep:
            self.store.close()


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    options = arguments()
    programs = pathlib.Path(os.environ["RECOURSE_BIN"]).resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="recourse-faults."))
    folder.chmod(0o711)  # PostgreSQL runs as a user of its own, which has to reach its folder inside
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    campaign = Campaign(options, programs, folder)
    good = False
    try:
        campaign.prepare()
        if options.plan:
            say((folder / "plan.txt").read_text(encoding="utf-8").rstrip())
        campaign.play()
        campaign.judge()
        keep(campaign.result, folder, options.report)
        say(campaign.result.text())
        good = campaign.result.is_good
    except (ServerFailed, subprocess.SubprocessError) as error:
        say(f"deploy/faults: {error}")
    finally:
        campaign.close()
        if good and not options.keep:
            shutil.rmtree(folder)
        else:
            say(f"kept: {folder}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
