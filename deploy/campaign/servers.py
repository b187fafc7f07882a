"""The servers of a campaign: RabbitMQ (one node or three), PostgreSQL, the folder of SQLite's files.

They are started by the shell functions of deploy/lib, as everywhere; what is killed here by its process id is started
again the same way.
"""

import os
import pathlib
import random
import re
import shlex
import signal
import socket
import subprocess
import time
import urllib.parse

LIBRARY = pathlib.Path(__file__).resolve().parent.parent / "lib"
STEP = 60  # ports between two nodes


class ServerFailed(Exception):
    """A server did not do what it was asked for."""


def shell(script: str, log: pathlib.Path, limit: float = 400) -> None:
    """Runs a line with the functions of deploy/lib; a machine under load gives its servers time."""
    sources = "; ".join(f". {shlex.quote(str(LIBRARY / name))}" for name in ("steps.sh", "rabbitmq.sh", "postgres.sh"))
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(["bash", "-c", f"{sources}; RABBITMQ_START_SECONDS=300; {script}"], stdout=output,
                              stdin=subprocess.DEVNULL, stderr=output, timeout=limit, check=False)
    if done.returncode != 0:
        raise ServerFailed(f"{script}: exit code {done.returncode}; see {log}")


def exports(path: pathlib.Path) -> dict[str, str]:
    """What a file of `export NAME=VALUE` lines sets."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"export (\w+)=(.*)", line):
            found[match[1]] = "".join(shlex.split(match[2]))
    return found


def free_ports(count: int) -> int:
    """The first of so many free ports in a row on loopback, below those for outgoing connections."""
    for _ in range(200):
        first, taken = random.SystemRandom().randrange(20_000, 32_000, STEP), []
        try:
            for port in range(first, first + count):
                taken.append(socket.socket())
                taken[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for one in taken:
                one.close()
    raise ServerFailed(f"no {count} free ports in a row between 20000 and 32000 on 127.0.0.1")


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def is_alive(pid: int) -> bool:
    """Not so of a dead process whose parent has not taken note yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Broker:
    """RabbitMQ: `count` nodes, the first port of each STEP behind that of the one before."""

    def __init__(self, folder: pathlib.Path, port: int, count: int) -> None:
        self.folder, self.port, self.count = folder, port, count
        self.log = folder.parent / "log" / "rabbitmq.log"
        self.folders = [folder / f"node-{index + 1}" for index in range(count)] if count > 1 else [folder]
        self.ports = [port + index * STEP for index in range(count)]

    def start(self) -> None:
        if self.count > 1:
            shell(f"rabbitmq_cluster_start {shlex.quote(str(self.folder))} {self.port} {self.count}", self.log)
        else:
            self.start_node(0)

    def start_node(self, index: int) -> None:
        shell(f"rabbitmq_start {shlex.quote(str(self.folders[index]))} {self.ports[index]}", self.log)

    def stop(self) -> None:
        for folder in reversed(self.folders):
            shell(f"rabbitmq_stop {shlex.quote(str(folder))}", self.log)

    def pid(self, index: int = 0) -> int:
        return int((self.folders[index] / "pid").read_text())

    def signal(self, number: int, index: int = 0) -> None:
        send(self.pid(index), number)

    def environment(self) -> dict[str, str]:
        return exports(self.folders[0] / "env")

    def secret(self) -> str:
        return (self.folders[0] / "password").read_text().strip()

    def node_name(self, index: int) -> str:
        return f"recourse{self.ports[index]}@localhost"

    def control(self, *arguments: str, index: int = 0, limit: float = 120) -> str:
        done = subprocess.run([str(self.folders[index] / "rabbitmqctl"), "--quiet", *arguments], text=True,
                              capture_output=True, timeout=limit, check=False)
        if done.returncode != 0:
            text = " ".join((done.stderr or done.stdout).split())
            raise ServerFailed(f"rabbitmqctl {arguments[0]} on node {index + 1}: {text[:300]}")
        return done.stdout

    def depths(self) -> dict[str, int]:
        """Messages of each queue, ready and unacknowledged."""
        rows = [line.split("\t") for line in self.control("list_queues", "name", "messages").splitlines()]
        return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}

    def leader(self, queue: str) -> int:
        """The index of the node that leads a queue."""
        rows = [line.split("\t") for line in self.control("list_queues", "name", "leader").splitlines()]
        names = {row[0]: row[1] for row in rows if len(row) == 2}
        port = re.search(r"recourse(\d+)@", names.get(queue, ""))
        return self.ports.index(int(port[1])) if port else 0

    def partition(self, index: int) -> None:
        """Cuts a node off: it and the others no longer know each other's secret, and their connections end."""
        for other in self._others(index):
            self.control("eval", f"erlang:set_cookie({other}, cut_off), erlang:disconnect_node({other}).", index=index)

    def join(self, index: int) -> None:
        for other in self._others(index):
            self.control("eval", f"erlang:set_cookie({other}, erlang:get_cookie()), net_kernel:connect_node({other}).",
                         index=index)

    def await_all(self) -> None:
        """Until every node works again: one that was in the minority starts anew, and takes its time."""
        for index in range(self.count):
            self.control("await_startup", "--timeout", "90", index=index, limit=120)

    def _others(self, index: int) -> list[str]:
        return [f"'{self.node_name(other)}'" for other in range(self.count) if other != index]


class Postgres:
    def __init__(self, folder: pathlib.Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.log = folder.parent / "log" / "postgres.log"

    def start(self) -> None:
        shell(f"postgres_start {shlex.quote(str(self.folder))} {self.port}", self.log)

    def stop(self) -> None:
        shell(f"postgres_stop {shlex.quote(str(self.folder))}", self.log)

    def url(self, port: int | None = None) -> str:
        secret = urllib.parse.quote((self.folder / "password").read_text().strip())
        return f"postgres://recourse:{secret}@127.0.0.1:{port or self.port}/postgres"

    def environment(self) -> dict[str, str]:
        """For psql."""
        return {"PATH": os.environ["PATH"], "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "recourse",
                "PGDATABASE": "postgres", "PGPASSWORD": (self.folder / "password").read_text().strip(),
                "PGCONNECT_TIMEOUT": "5"}

    def postmaster(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def processes(self) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(self.postmaster())], text=True, capture_output=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def backends(self) -> list[int]:
        """The processes that serve connections."""
        def serves(pid: int) -> bool:
            try:
                return b"recourse" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                return False
        return [pid for pid in self.processes() if serves(pid)]

    def some_backend(self, detail: int) -> int | None:
        found = sorted(self.backends())
        return random.Random(detail).choice(found) if found else None

    def kill(self) -> None:
        """The postmaster and all its processes, as if the machine had gone."""
        everything = [self.postmaster(), *self.processes()]
        for pid in everything:
            send(pid, signal.SIGKILL)
        # The server does not start over one that still seems to run.
        deadline = time.monotonic() + 10
        while any(is_alive(pid) for pid in everything) and time.monotonic() < deadline:
            time.sleep(0.05)
        for lock in (self.folder / "data" / "postmaster.pid", *(self.folder / "socket").glob(".s.PGSQL.*.lock")):
            lock.unlink(missing_ok=True)


class Folder:
    """Where SQLite's files lie: a file system of its own in memory, if this may be mounted; its size can be changed."""

    SIZE = "6g"

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.is_mounted = os.geteuid() == 0 and self._mount("-t", "tmpfs", "-o", f"size={self.SIZE},mode=700", "tmpfs")

    def _mount(self, *arguments: str) -> bool:
        done = subprocess.run(["mount", *arguments, str(self.path)], capture_output=True, check=False)
        return done.returncode == 0

    def fill(self) -> None:
        """Takes away all free space."""
        found = os.statvfs(self.path)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        if not self._mount("-o", f"remount,size={max(used, 4096)}"):
            raise ServerFailed(f"the size of {self.path} cannot be changed")

    def free(self) -> None:
        if not self._mount("-o", f"remount,size={self.SIZE}"):
            raise ServerFailed(f"the size of {self.path} cannot be changed")

    def close(self) -> None:
        """The files are gone then."""
        if self.is_mounted:
            subprocess.run(["umount", str(self.path)], capture_output=True, check=False)
