"""One run of the campaign: starts everything, lets load and faults loose, heals, and waits until it is quiet."""

import argparse
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import load as loads
import plan
from checks import Finding
from faults import Injector, Targets
from links import Links
from progress import PostgresCounter, Progress, SQLiteCounter, wait_for_quiet
from report import Result
from servers import STEP, Broker, Folder, Postgres, ServerFailed, free_ports
from upstream import Upstream
from workers import Workers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OBSERVER = "campaign.observer"
STAGES = (*plan.STAGES, "parking")
# The share of the complaints about which people do something.
HANDLED = 0.12
QUIET_SECONDS = 420


class Run:
    def __init__(self, options: argparse.Namespace, programs: pathlib.Path, folder: pathlib.Path) -> None:
        self.options, self.programs, self.folder = options, programs, folder
        self.logs = folder / "log"
        self.logs.mkdir()
        self.deadline = time.monotonic() + options.seconds
        # At most 1000 business seconds a second: a day, after which an unknown reference is given up, is then 86 s.
        self.factor = int(min(1000, max(60, 30 * 3600 / options.load_seconds)))
        self.zero = 0  # the wall second at which the business time of the load begins
        self.calm_since: tuple[str, int] | None = None
        self.observer: subprocess.Popen | None = None
        self.workers: Workers | None = None
        self.links: Links | None = None
        self.injector: Injector | None = None
        self.upstreams: dict[str, Upstream] = {}
        self.acts: list[Upstream] = []
        self._acts_lock = threading.Lock()
        self.result = Result({name: str(value) for name, value in vars(options).items()})

        is_postgres = options.database == "postgres"
        port = free_ports(STEP * options.cluster)
        self.broker = Broker(folder / "rabbitmq", port, options.cluster)
        self.postgres = Postgres(folder / "postgres", port + 6) if is_postgres else None
        self.store = None if is_postgres else Folder(folder / "store")
        self.counter = PostgresCounter(self.postgres) if self.postgres else SQLiteCounter(folder / "store")

    # Starting

    def prepare(self) -> None:
        started, options = time.monotonic(), self.options
        names = [f"{stage}-{index + 1}" for stage in STAGES for index in range(options.workers[stage])]
        setting = plan.Setting(
            tuple(names), tuple(f"upstream-{name}" for name in loads.STREAMS), self.postgres is not None,
            options.cluster, self.store is not None and self.store.is_mounted)
        self.faults = plan.make(options.seed, options.faults, options.load_seconds * 0.97, setting)
        (self.folder / "plan.txt").write_text("".join(fault.text() + "\n" for fault in self.faults), encoding="utf-8")
        acts = sum(fault.kind == "reordered" for fault in self.faults)
        hours = options.load_seconds * self.factor / 3600
        self.load = loads.make(options.seed, options.complaints, hours, acts, HANDLED)
        self.result.complaints, self.result.planned = len(self.load.complaints), len(self.faults)
        print(f"seed {options.seed}: {len(self.load.complaints)} complaints, {self.load.total} events in "
              f"{options.load_seconds:.0f} s, {len(self.faults)} faults; one second is {self.factor} s of business "
              "time", flush=True)
        if self.store and not self.store.is_mounted:
            print("no disk-full faults: a file system of its own cannot be mounted here", flush=True)
        self.broker.start()
        if self.postgres:
            self.postgres.start()
        self.links = Links(self.logs / "proxy.log")
        self.workers = Workers(self.programs, self.logs, self.clock)
        for name in names:
            self.workers.add(name, f"recourse-{name.rpartition('-')[0]}", self._linked(name, to_database=True))
        if self.verb("topology", "apply") != 0:
            raise ServerFailed(f"recourse topology apply failed; see {self.logs}/topology-apply.log")
        self._start_observer()
        print(f"servers are up after {time.monotonic() - started:.1f} s", flush=True)

    def environment(self) -> dict[str, str]:
        """Of an operator's program: straight to the servers."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("RECOURSE_")}
        return clean | {
            "RECOURSE_AMQP_URL": self._broker_url(self.broker.ports[0]),
            "RECOURSE_MANAGEMENT_URL": self.broker.environment()["RECOURSE_MANAGEMENT_URL"],
            "RECOURSE_DATABASE_URL": self.postgres.url() if self.postgres else f"sqlite:{self.folder / 'store'}",
            "RECOURSE_POLICY": str(self._policy()), "RECOURSE_LEASE_SECONDS": "3",
            "RECOURSE_DRAIN_SECONDS": "20", "RECOURSE_CLOCK": self.clock(0)}

    def _policy(self) -> pathlib.Path:
        """The example policy with the duties of stores and outlets begun in the year of the load."""
        folder = self.folder / "policy"
        if not folder.exists():
            shutil.copytree(ROOT / "deploy" / "policy", folder)
            file = folder / "organisation.yaml"
            text = file.read_text(encoding="utf-8")
            file.write_text(re.sub(r"since: \d{4}", f"since: {loads.END.year}", text), encoding="utf-8")
        return folder

    def _linked(self, name: str, to_database: bool) -> dict[str, str]:
        """Of a program whose connections lead through links that bear its name."""
        broker = self._broker_url(self.links.open(f"broker/{name}", self.broker.ports))
        environment = self.environment() | {"RECOURSE_AMQP_URL": broker}
        if self.postgres and to_database:
            port = self.links.open(f"database/{name}", [self.postgres.port])
            environment["RECOURSE_DATABASE_URL"] = self.postgres.url(port)
        return environment

    def _broker_url(self, port: int) -> str:
        return f"amqp://recourse:{self.broker.secret()}@127.0.0.1:{port}/%2F?heartbeat=5"

    def clock(self, skew: int) -> str:
        """How a program is told the time. Before the load begins, its beginning lies an hour ahead."""
        if self.calm_since:
            return f"scaled {self.calm_since[0]} 1 {self.calm_since[1]}"
        start = self.load.start + datetime.timedelta(seconds=skew)
        return f"scaled {start.isoformat(timespec='seconds')} {self.factor} {self.zero or int(time.time()) + 3600}"

    def verb(self, *words: str, limit: float = 900) -> int:
        """Runs a verb of `recourse`; its output goes to a log named after it, what it says besides to a `.err` beside it."""
        name = "-".join(words[:2])
        with (self.logs / f"{name}.log").open("wb") as log, (self.logs / f"{name}.err").open("wb") as besides:
            done = subprocess.run([str(self.programs / "recourse"), *words], env=self.environment(), timeout=limit,
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=besides, check=False)
            return done.returncode

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
        raise ServerFailed(f"the observer's queue did not come; see {self.logs}/wire.log")

    # Running

    def play(self) -> None:
        self.zero = int(time.time()) + 4
        self.workers.start()
        for name, events in self.load.streams.items():
            lines = [(one.key, one.line) for one in events]
            self.upstreams[f"upstream-{name}"] = self._upstream(f"upstream-{name}", lines, paced=True)
        self.injector = Injector(
            Targets(self.workers, self.links, self.broker, self.postgres, self.store, self._kill_upstream,
                    self._publish_again, self._publish_reordered), {kind.name: kind.group for kind in plan.KINDS})
        progress = Progress(self.counter, self.injector.under_way)
        time.sleep(max(0.0, self.zero - time.time()))
        began = time.monotonic()
        for upstream in self.upstreams.values():
            upstream.start()
        progress.begin()
        self.injector.begin(self.faults)
        self._await_the_load()
        self.result.load_seconds = time.monotonic() - began
        progress.end()
        self._heal()
        self._calm()
        began = time.monotonic()
        left = self._quiet() or self._replay()
        self.result.quiet_seconds = time.monotonic() - began
        self.result.entries = self.counter.entries() or 0
        self.result.note_standstill(progress)
        self.result.done = sorted(self.injector.done, key=lambda one: one.fault.number)
        rest = Finding("at rest within the limit")
        if left:
            rest.note(left)
        self.result.broken.append(rest)
        self.observer.send_signal(signal.SIGTERM)
        self.observer.wait(20)

    def _quiet(self) -> str | None:
        limit = min(QUIET_SECONDS, self.deadline - time.monotonic())
        return wait_for_quiet(self.broker, self.counter, self.workers, limit)

    def _replay(self) -> str | None:
        """What waited a business day for its case, because a server was away for long, is replayed as operators do."""
        # A replay waits for what its stage says of the first letters.
        self.workers.start()
        # Says 1 for the planted ones, which stay where they are.
        self.verb("dead-letters", "replay", "--class", "transient", "--execute", "--json")
        report = json.loads((self.logs / "dead-letters-replay.log").read_text(encoding="utf-8"))
        self.result.replayed = sum(one["count"] for one in report["counts"] if one["state"] == "applied")
        return self._quiet()

    def _await_the_load(self) -> None:
        while not all(one.is_done for one in self.upstreams.values()):
            if time.monotonic() > self.deadline:
                raise ServerFailed(f"the load is not published after {self.options.seconds:.0f} s")
            time.sleep(0.2)

    def _heal(self) -> None:
        """Every fault heals what it has hurt; what it has published is waited for."""
        if not self.injector.finish(600):
            raise ServerFailed(f"these faults do not end: {', '.join(self.injector.under_way())}")
        for act in self.acts:
            if not act.wait(180):
                raise ServerFailed(f"{act.name} is not published")

    def _calm(self) -> None:
        """From here on the business clock runs with the machine's: timers that are not due yet stay where they are."""
        self.calm_since = (self._business_now().isoformat(timespec="seconds"), int(time.time()))
        for name in self.workers.places:
            self.workers.restart(name)

    def _business_now(self) -> datetime.datetime:
        return self.load.start + datetime.timedelta(seconds=(int(time.time()) - self.zero) * self.factor)

    # What upstream does

    def _upstream(self, name: str, lines: list[tuple[tuple[str, str], str]], paced: bool) -> Upstream:
        folder = self.folder / "upstream"
        folder.mkdir(exist_ok=True)
        return Upstream(name, lines, folder, self.programs / "recourse", self._linked(name, to_database=False), paced)

    def _kill_upstream(self, name: str) -> bool:
        if self.upstreams[name].is_done:
            return False
        self.upstreams[name].kill()
        return True

    def _publish_again(self, detail: int) -> None:
        """Some of what has been published, byte for byte, in any order."""
        planted = {(source, event_id) for _, source, event_id, _ in self.load.planted}
        now = self._business_now()
        past = [(one.key, one.line) for events in self.load.streams.values() for one in events
                if one.time <= now and one.key not in planted]
        self._act("duplicates", random.Random(detail).sample(past, min(len(past), 50 + detail % 200)))

    def _publish_reordered(self) -> None:
        # Its events lie in the first half hour.
        ready = self.load.start + datetime.timedelta(minutes=35)
        time.sleep(max(0.0, (ready - self._business_now()).total_seconds() / self.factor))
        lines = self.load.reordered.pop()
        self._act("reordered", [((event["source"], event["id"]), line)
                                for line in lines for event in (json.loads(line),)])

    def _act(self, kind: str, lines: list[tuple[tuple[str, str], str]]) -> None:
        with self._acts_lock:
            self.acts.append(self._upstream(f"{kind}-{len(self.acts) + 1}", lines, paced=False).start())

    # Ending

    def close(self) -> None:
        """Stops everything that was started, whatever state it is in, and says what could not be stopped."""
        everyone = (*self.upstreams.values(), *self.acts)
        steps = [lambda: self.injector and self.injector.close(60), *(one.end for one in everyone),
                 lambda: self.workers and self.workers.stop(), self._stop_observer,
                 lambda: self.links and self.links.close(), self.counter.close,
                 lambda: self.postgres and self.postgres.stop(), self.broker.stop]
        for step in steps:
            try:
                step()
            except (ServerFailed, OSError, subprocess.SubprocessError) as error:
                print(f"while stopping: {error}", flush=True)

    def _stop_observer(self) -> None:
        if self.observer and self.observer.poll() is None:
            self.observer.kill()
            self.observer.wait()

    def remove_store(self) -> None:
        if self.store:
            self.store.close()
