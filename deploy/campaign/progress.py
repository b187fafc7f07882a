"""How far the journals are, twice a second: the longest standstill, and when everything is quiet."""

import pathlib
import select
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Protocol

from plan import STAGES
from servers import Broker, Postgres, ServerFailed
from workers import Workers

EVERY_SECONDS = 0.5


class Counter(Protocol):
    def entries(self) -> int | None:
        """Entries of all journals; None: cannot be told now."""

    def unsent(self) -> int | None:
        """Rows of all outboxes."""

    def close(self) -> None: ...


class SQLiteCounter:
    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._open: dict[str, sqlite3.Connection] = {}

    def _sum(self, question: str) -> int | None:
        total = 0
        try:
            for stage in STAGES:
                path = self._folder / f"{stage}.sqlite"
                if stage not in self._open:
                    self._open[stage] = sqlite3.connect(
                        f"file:{path}?mode=ro", uri=True, timeout=1, isolation_level=None, check_same_thread=False)
                total += self._open[stage].execute(question).fetchone()[0] or 0
        except sqlite3.Error:
            return None
        return total

    def entries(self) -> int | None:
        return self._sum("SELECT max(number) FROM journal")

    def unsent(self) -> int | None:
        return self._sum("SELECT count(*) FROM outbox")

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._open = {}


class PostgresCounter:
    """Asks through a psql that stays open; a new one is started when it has ended."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._psql: subprocess.Popen | None = None

    def _ask(self, question: str) -> int | None:
        if self._psql is None or self._psql.poll() is not None:
            self._psql = subprocess.Popen(
                ["psql", "-XAtq"], env=self._server.environment(), text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            self._psql.stdin.write(question + ";\n")
            self._psql.stdin.flush()
            if select.select([self._psql.stdout], [], [], 2)[0]:
                return int(self._psql.stdout.readline())
        except (OSError, ValueError):
            pass
        self.close()
        return None

    def close(self) -> None:
        if self._psql:
            self._psql.kill()
            self._psql.wait()
        self._psql = None

    def _sum(self, expression: str) -> int | None:
        return self._ask("SELECT " + " + ".join(
            f"(SELECT {expression} FROM recourse_{stage}.counters)" for stage in STAGES))

    def entries(self) -> int | None:
        return self._sum("last")

    def unsent(self) -> int | None:
        return self._ask("SELECT " + " + ".join(f"(SELECT count(*) FROM recourse_{stage}.outbox)" for stage in STAGES))


class Progress:
    """Samples in a thread of its own between `begin` and `end`."""

    def __init__(self, counter: Counter, under_way: Callable[[], list[str]]) -> None:
        self._counter, self._under_way = counter, under_way
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.longest = 0.0
        self.during: list[str] = []
        self.at = 0.0
        self.entries = 0

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ends.set()
        self._thread.join(10)

    def _sample(self) -> None:
        began = time.monotonic()
        moved = began
        during: set[str] = set()
        while not self._ends.wait(EVERY_SECONDS):
            now = time.monotonic()
            during.update(self._under_way())
            found = self._counter.entries()
            if self.entries and now - moved > self.longest:
                self.longest, self.at, self.during = now - moved, moved - began, sorted(during)
            if found is not None and found > self.entries:
                self.entries, moved = found, now
                during = set()


def wait_for_quiet(broker: Broker, counter: Counter, workers: Workers, limit: float) -> str | None:
    """Until queues and outboxes are empty, and stay so when the workers have been stopped: while they run, some timer may
    always be due. Leaves the workers stopped; gives what is left if that does not come."""
    deadline = time.monotonic() + limit
    while (left := _left(broker, counter)) is None or time.monotonic() < deadline:
        if left is None:
            workers.stop()
            left = _left(broker, counter)
            if left is None or time.monotonic() > deadline:
                return left
            workers.start()
        time.sleep(1)
    workers.stop()
    return left


def _left(broker: Broker, counter: Counter) -> str | None:
    """What is still under way; None: nothing."""
    try:
        # Nobody reads the desks' queues here.
        waiting = {name: depth for name, depth in broker.depths().items()
                   if depth and not name.startswith("recourse.handler.")}
    except (ServerFailed, subprocess.TimeoutExpired) as error:
        return str(error)
    unsent = counter.unsent()
    return None if not waiting and unsent == 0 else f"queues {waiting}, outboxes {unsent}"
