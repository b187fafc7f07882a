"""The worker processes: each in a place of its own, started again when it ends, as a supervisor does."""

import dataclasses
import pathlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from servers import send

RESTART_SECONDS = 0.3
DRAIN_SECONDS = 30


@dataclasses.dataclass
class Place:
    """One place in the line-up; its name stays the same over restarts."""

    name: str
    program: str
    environment: dict[str, str]
    process: subprocess.Popen | None = None
    ended_at: float | None = None
    skew: int = 0  # seconds of business time by which its clock is off
    # Signals sent on purpose since it was started: an end that none of them explains is a fault of the program.
    asked: set[int] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(frozen=True)
class Ending:
    worker: str
    status: int


class Workers:
    def __init__(self, programs: pathlib.Path, logs: pathlib.Path, clock: Callable[[int], str]) -> None:
        self._programs, self._logs, self._clock = programs, logs, clock
        self._lock = threading.RLock()
        self._ends = threading.Event()
        self._watch: threading.Thread | None = None
        self.places: dict[str, Place] = {}
        self.unexpected: list[Ending] = []

    def add(self, name: str, program: str, environment: dict[str, str]) -> None:
        self.places[name] = Place(name, program, environment)

    def of_stage(self, stage: str) -> list[str]:
        return [name for name, place in self.places.items() if place.program == f"recourse-{stage}"]

    def start(self) -> None:
        """All of them; also after `stop`."""
        self._ends.clear()
        for place in self.places.values():
            self._start(place)
        self._watch = threading.Thread(target=self._supervise, daemon=True)
        self._watch.start()

    def _start(self, place: Place) -> None:
        environment = place.environment | {"RECOURSE_WORKER": place.name, "RECOURSE_CLOCK": self._clock(place.skew)}
        place.asked, place.ended_at = set(), None
        with (self._logs / f"{place.name}.log").open("ab") as log:
            place.process = subprocess.Popen(
                [str(self._programs / place.program)], env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)

    def _supervise(self) -> None:
        while not self._ends.wait(0.1):
            with self._lock:
                for place in self.places.values():
                    self._look_after(place)

    def _look_after(self, place: Place) -> None:
        status = place.process.poll() if place.process else None
        if status is None or self._ends.is_set():
            return
        if place.ended_at is None:
            self._note(place, status)
            place.ended_at = time.monotonic()
        elif time.monotonic() > place.ended_at + RESTART_SECONDS:
            self._start(place)

    def _note(self, place: Place, status: int) -> None:
        killed = status == -signal.SIGKILL and signal.SIGKILL in place.asked
        # One that has only just begun does not drain.
        drained = status in (0, -signal.SIGTERM) and signal.SIGTERM in place.asked
        if not killed and not drained:
            self.unexpected.append(Ending(place.name, status))

    def signal(self, name: str, number: int) -> None:
        with self._lock:
            place = self.places[name]
            if place.process and place.process.poll() is None:
                place.asked.add(number)
                send(place.process.pid, number)

    def restart(self, name: str, skew: int = 0) -> None:
        """In good order, with a clock that is off by `skew` seconds of business time."""
        with self._lock:
            self.places[name].skew = skew
        self.signal(name, signal.SIGCONT)
        self.signal(name, signal.SIGTERM)

    def stop(self) -> None:
        """All of them; what does not drain in time is killed and counts as an unexpected end."""
        self._ends.set()
        if self._watch:
            self._watch.join(10)
        for name in self.places:
            self.signal(name, signal.SIGCONT)
            self.signal(name, signal.SIGTERM)
        limit = time.monotonic() + DRAIN_SECONDS + 10
        for place in self.places.values():
            if place.process is None or place.ended_at is not None:
                continue
            try:
                self._note(place, place.process.wait(max(0.1, limit - time.monotonic())))
            except subprocess.TimeoutExpired:
                place.process.kill()
                place.process.wait()
                self.unexpected.append(Ending(place.name, -signal.SIGKILL))
            place.process = None
