"""What stands around a measurement: private servers, the programs that are measured, and what the system counts.

Only processes that were started here are ended, by their id; every wait has a limit.
"""

import dataclasses
import os
import pathlib
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "deploy" / "campaign"))
from servers import exports, free_ports, shell  # noqa: E402

from complaints import START  # noqa: E402

QUEUES = tuple(f"recourse.{stage}" for stage in ("intake", "routing", "handling", "callback", "penalty", "reports"))
# The servers' ports: up to 60 follow from the first.
PORTS = 60
TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A measurement could not be taken; the text says what failed and where to look."""


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a process has used since its start."""

    processor: float  # seconds, in user and kernel mode
    written: int  # bytes that it caused to be written to storage
    calls: int  # write calls
    peak: int  # bytes of resident memory

    @classmethod
    def of(cls, pid: int) -> "Usage":
        process = pathlib.Path(f"/proc/{pid}")
        times = process.joinpath("stat").read_text().rpartition(")")[2].split()
        counts = dict(line.split(": ") for line in process.joinpath("io").read_text().splitlines())
        status = dict(line.split(":", 1) for line in process.joinpath("status").read_text().splitlines())
        return cls((int(times[11]) + int(times[12])) / TICK, int(counts["write_bytes"]), int(counts["syscw"]),
                   int(status["VmHWM"].split()[0]) * 1024)


@dataclasses.dataclass
class Programs:
    """Built programs with what belongs to them: a policy that they read, and a virtual host with their topology."""

    name: str
    bin: pathlib.Path
    policy: pathlib.Path
    host: str
    installation: str = ""


class Process:
    def __init__(self, name: str, child: subprocess.Popen, log: pathlib.Path) -> None:
        self.name, self.child, self.log = name, child, log
        self.pid = child.pid
        self.may_end = False

    def usage(self) -> Usage:
        self.expect()
        return Usage.of(self.pid)

    def expect(self) -> None:
        if self.child.poll() is not None and not (self.may_end and self.child.returncode == 0):
            raise Failed(f"{self.name} ended with {self.child.returncode} while it was needed; see {self.log}")

    def finish(self, limit: float = 30) -> None:
        """Waits until it has ended by itself, and well."""
        try:
            self.child.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {limit:.0f} s; see {self.log}") from None
        if self.child.returncode != 0:
            raise Failed(f"{self.name} ended with {self.child.returncode}; see {self.log}")

    def stop(self, limit: float = 30) -> float:
        """Asks it to end, kills it and what it started when the time is over; seconds until it had ended."""
        began = time.monotonic()
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.child.wait(10)
                raise Failed(f"{self.name} did not stop within {limit:.0f} s and was killed; see {self.log}") from None
        return time.monotonic() - began


class Stand:
    def __init__(self, folder: pathlib.Path, note) -> None:
        self.folder, self.note = folder, note
        self.logs = folder / "log"
        self.logs.mkdir(exist_ok=True)
        self.bare = str(folder / "bare_loop")
        self.started: list[Process] = []
        self.counter = 0
        self.broker: dict[str, str] = {}
        self.database = ""
        # Nothing of the caller's own installation.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("RECOURSE_")}

    # Servers

    def start_broker(self) -> None:
        keys = shlex.quote(str(ROOT / "deploy" / "lib" / "keys.sh"))
        shell(f". {keys}; personal_keys {shlex.quote(str(self.folder / 'personal.keys'))}", self.logs / "keys.log")
        memory = min(4 << 30, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 3)
        place = shlex.quote(str(self.folder / "rabbitmq"))
        shell(f"RABBITMQ_MEMORY={memory}; rabbitmq_start {place} {free_ports(PORTS)}", self.logs / "rabbitmq.log")
        self.broker = exports(self.folder / "rabbitmq" / "env")

    def control_broker(self, *arguments: str) -> None:
        self.run([str(self.folder / "rabbitmq" / "rabbitmqctl"), "--quiet", *arguments], self.environment, limit=60)

    def start_postgres(self) -> None:
        if self.database:
            return
        # It runs as a user of its own, which has to reach its folder inside.
        self.folder.chmod(self.folder.stat().st_mode | 0o011)
        place = shlex.quote(str(self.folder / "postgres"))
        shell(f"postgres_start {place} {free_ports(PORTS)}", self.logs / "postgres.log")
        self.database = exports(self.folder / "postgres" / "env")["RECOURSE_TEST_POSTGRES_URL"]

    def stop(self) -> None:
        for process in reversed(self.started):
            try:
                process.stop()
            except Failed as failure:
                self.note(str(failure))
        self.started = []
        for server in ("rabbitmq", "postgres"):
            if (self.folder / server).is_dir():
                shell(f"{server}_stop {shlex.quote(str(self.folder / server))}", self.logs / f"{server}.log")

    # Programs

    def amqp_url(self, host: str) -> str:
        return self.broker["RECOURSE_AMQP_URL"].rpartition("/")[0] + "/" + urllib.parse.quote(host, safe="")

    def prepare(self, programs: Programs) -> None:
        """A virtual host with the topology of these programs: two releases need not agree about a queue."""
        if programs.host != "/":
            self.control_broker("add_vhost", programs.host)
            self.control_broker("set_permissions", "--vhost", programs.host, "recourse", ".*", ".*", ".*")
        environment = self.program_environment(programs, "")
        self.run([str(programs.bin / "recourse"), "topology", "apply"], environment)
        self.run([self.bare, "queue", "benchmark.assigned", "recourse.events", "case.assigned"], environment)

    def program_environment(self, programs: Programs, database: str) -> dict[str, str]:
        # Business time begins anew with each store, so no deadline passes while a measurement goes on.
        return self.environment | {
            "RECOURSE_AMQP_URL": self.amqp_url(programs.host),
            "RECOURSE_MANAGEMENT_URL": self.broker["RECOURSE_MANAGEMENT_URL"],
            "RECOURSE_POLICY": str(programs.policy), "RECOURSE_PERSONAL_KEY_FILE": str(self.folder / "personal.keys"),
            "RECOURSE_CLOCK": f"scaled {START.isoformat()} 1 {int(time.time())}",
            "RECOURSE_LOG": "warning"} | ({"RECOURSE_DATABASE_URL": database} if database else {})

    def fresh_store(self, programs: Programs, kind: str, folder: pathlib.Path | None = None) -> dict[str, str]:
        """The environment of programs with an empty store of the same installation; SQLite's in `folder`."""
        self.counter += 1
        if kind == "postgres":
            self.start_postgres()
            name = f"benchmark{self.counter}"
            self.sql(f"CREATE DATABASE {name}")
            database = self.database.rpartition("/")[0] + "/" + name
        else:
            folder = folder or self.folder / "store"
            database = f"sqlite:{folder}"
            shutil.rmtree(folder, ignore_errors=True)
        environment = self.program_environment(programs, database)
        program = str(programs.bin / "recourse")
        help_text = subprocess.run([program, "store", "init", "--help"], capture_output=True, check=False, timeout=30)
        # Releases before 0.2.0 make a store when they first need it.
        if help_text.returncode == 0 and b"--installation" in help_text.stdout:
            known = ["--installation", programs.installation] if programs.installation else []
            programs.installation = self.run([program, "store", "init", *known], environment).split()[1]
        return environment

    def drop_store(self, environment: dict[str, str]) -> None:
        database = environment["RECOURSE_DATABASE_URL"]
        if database.startswith("postgres:"):
            self.sql(f"DROP DATABASE {database.rpartition('/')[2]} WITH (FORCE)")

    def sql(self, statement: str) -> None:
        psql = shutil.which("psql")
        if psql is None:
            found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql"))
            if not found:
                raise Failed("there is no psql; install the package postgresql-client")
            psql = str(found[-1])
        parts = urllib.parse.urlsplit(self.database)
        self.run([psql, "--no-psqlrc", "--quiet", "--host", parts.hostname or "", "--port", str(parts.port),
                  "--username", parts.username or "", "--dbname", "postgres", "--command", statement],
                 self.environment | {"PGPASSWORD": parts.password or ""})

    # Processes

    def log_of(self, name: str) -> pathlib.Path:
        return self.logs / f"{name}.log"

    def run(self, command: list[str], environment: dict[str, str], limit: float = 660,
            output: pathlib.Path | None = None, needs: Sequence[Process] = (), codes: Sequence[int] = (0,)) -> str:
        """Runs it to its end, as long as the processes live that it needs; what it printed."""
        name = "-".join([pathlib.Path(command[0]).name, *(word for word in command[1:3] if word.isalpha())])
        into = output or pathlib.Path(os.devnull)
        with self.log_of(name).open("a", encoding="utf-8") as log, into.open("wb") as file:
            child = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                     stdout=file if output else subprocess.PIPE, stderr=log, start_new_session=True)
            ends = time.monotonic() + limit
            try:
                printed = None
                while child.returncode is None:
                    try:
                        printed, _ = child.communicate(timeout=1)
                    except subprocess.TimeoutExpired:
                        for process in needs:
                            process.expect()
                        if time.monotonic() > ends:
                            raise Failed(f"{name} did not end within {limit:.0f} s; see {log.name}") from None
            except BaseException:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait(10)
                raise
        if child.returncode not in codes:
            raise Failed(f"{name} ended with {child.returncode}; see {self.log_of(name)}")
        return "" if output else printed.decode()

    def start(self, name: str, command: list[str], environment: dict[str, str], group: pathlib.Path | None = None,
              reads: bool = False) -> Process:
        """Starts it in a session of its own: a Ctrl-C is for this program, which ends it in order."""
        log = self.log_of(name)
        if group is not None:
            # It has to be in its control group before it does anything.
            command = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs"), *command]
        with log.open("a", encoding="utf-8") as output:
            child = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stderr=output,
                                     stdout=subprocess.PIPE if reads else output, start_new_session=True, text=reads)
        process = Process(name, child, log)
        self.started = [one for one in self.started if one.child.poll() is None] + [process]
        return process

    def purge(self, environment: dict[str, str]) -> None:
        self.run([self.bare, "purge", *QUEUES, "benchmark.assigned"], environment)

    def fill(self, environment: dict[str, str], file: pathlib.Path, count: int) -> None:
        self.purge(environment)
        self.run([self.bare, "fill", str(file), "recourse.inbox", "complaint.received", str(count)], environment,
                 limit=1860)


class Watch:
    """Looks at queues while somebody works: `ready`, `begun`, `first`, `quarter`, `late`, `done`, each with messages
    and moment."""

    def __init__(self, stand: Stand, environment: dict[str, str], source: str, target: str, count: int,
                 *empty: str) -> None:
        command = [stand.bare, "watch", source, target, str(count), *empty]
        self.process = stand.start("watch", command, environment, reads=True)
        self.seen: dict[str, tuple[int, float]] = {}
        # A thread, so that it is noticed meanwhile if somebody ends who works on the queues.
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self.read, daemon=True).start()
        self.until("ready")

    def read(self) -> None:
        for line in self.process.child.stdout:
            self.lines.put(line)
        self.lines.put("")

    def until(self, name: str, *needs: Process) -> tuple[int, float]:
        while name not in self.seen:
            # It gives up by itself after ten minutes.
            try:
                line = self.lines.get(timeout=1)
            except queue.Empty:
                for process in needs:
                    process.expect()
                continue
            if not line:
                raise Failed(f"the queues did not come to `{name}`; see {self.process.log}")
            what, count, moment = line.split()
            self.seen[what] = (int(count), float(moment))
        return self.seen[name]
