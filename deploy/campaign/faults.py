"""What is done to the running pipeline: one function for each kind of fault, which also heals what it has hurt."""

import dataclasses
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from links import Links
from plan import Fault
from servers import Broker, Folder, Postgres, ServerFailed
from workers import Workers

# Business seconds; an event may lie 300 ahead of a worker's clock before it is refused.
SKEW_SECONDS = 240


@dataclasses.dataclass
class Targets:
    """Everything that a fault may hurt."""

    workers: Workers
    links: Links
    broker: Broker
    postgres: Postgres | None
    store: Folder | None
    kill_upstream: Callable[[str], bool]  # False: it is done already
    publish_again: Callable[[int], None]
    publish_reordered: Callable[[], None]


@dataclasses.dataclass
class Done:
    fault: Fault
    began: float  # seconds after the load has begun
    ended: float
    problem: str | None  # why it could not be done


class Injector:
    """Runs the plan: every fault in a thread of its own, at its moment, those of one group one after the other."""

    def __init__(self, targets: Targets, groups: dict[str, str | None]) -> None:
        self._targets, self._groups = targets, groups
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._under_way: dict[int, Fault] = {}
        self._threads: list[threading.Thread] = []
        self._ends = threading.Event()
        self._began = 0.0
        self.done: list[Done] = []

    def begin(self, faults: list[Fault]) -> None:
        self._began = time.monotonic()
        thread = threading.Thread(target=self._schedule, args=(faults,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _schedule(self, faults: list[Fault]) -> None:
        for fault in faults:
            if self._ends.wait(max(0.0, self._began + fault.moment - time.monotonic())):
                return
            thread = threading.Thread(target=self._run, args=(fault,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, fault: Fault) -> None:
        group = self._groups[fault.kind] or fault.target
        with self._lock:
            lock = self._locks.setdefault(group, threading.Lock())
        with lock:
            began, problem = time.monotonic() - self._began, None
            with self._lock:
                self._under_way[fault.number] = fault
            try:
                ACTS[fault.kind](self._targets, fault)
            except (ServerFailed, subprocess.SubprocessError, OSError, RuntimeError, ValueError) as error:
                problem = f"{type(error).__name__}: {error}"
            with self._lock:
                del self._under_way[fault.number]
                self.done.append(Done(fault, began, time.monotonic() - self._began, problem))

    def under_way(self) -> list[str]:
        with self._lock:
            return [f"{fault.kind} {fault.target} (#{fault.number})" for fault in self._under_way.values()]

    def finish(self, limit: float) -> bool:
        """Waits for all faults and their healing."""
        deadline = time.monotonic() + limit
        # The first thread starts the others.
        index = 0
        while index < len(self._threads):
            self._threads[index].join(max(0.1, deadline - time.monotonic()))
            if self._threads[index].is_alive():
                return False
            index += 1
        return True

    def close(self, limit: float) -> None:
        """Begins no further fault, and waits for what is under way to heal."""
        self._ends.set()
        self.finish(limit)


@contextmanager
def frozen(pause: Callable[[int], None]) -> Iterator[None]:
    """`pause` sends a signal; whatever happens, what was stopped goes on."""
    pause(signal.SIGSTOP)
    try:
        yield
    finally:
        pause(signal.SIGCONT)


def worker_kill(targets: Targets, fault: Fault) -> None:
    targets.workers.signal(fault.target, signal.SIGKILL)


def worker_freeze(targets: Targets, fault: Fault) -> None:
    with frozen(lambda number: targets.workers.signal(fault.target, number)):
        time.sleep(fault.seconds)


def worker_drain(targets: Targets, fault: Fault) -> None:
    targets.workers.restart(fault.target)


def worker_clock_skew(targets: Targets, fault: Fault) -> None:
    targets.workers.restart(fault.target, skew=fault.detail % (2 * SKEW_SECONDS + 1) - SKEW_SECONDS)
    time.sleep(fault.seconds)
    targets.workers.restart(fault.target)


def stage_kill(targets: Targets, fault: Fault) -> None:
    for name in targets.workers.of_stage(fault.target):
        targets.workers.signal(name, signal.SIGKILL)


def stage_freeze(targets: Targets, fault: Fault) -> None:
    def pause(number: int) -> None:
        for name in targets.workers.of_stage(fault.target):
            targets.workers.signal(name, number)

    with frozen(pause):
        time.sleep(fault.seconds)


def link_cut(targets: Targets, fault: Fault) -> None:
    # Any number of bytes: frames and rows end where they like.
    targets.links.cut(fault.target, ("up", "down")[fault.detail % 2], 1 + fault.detail % 20_011)


@contextmanager
def healed(targets: Targets, fault: Fault) -> Iterator[None]:
    try:
        yield
        time.sleep(fault.seconds)
    finally:
        targets.links.heal(fault.target)


def link_stall(targets: Targets, fault: Fault) -> None:
    with healed(targets, fault):
        targets.links.stall(fault.target, ("up", "down", "both")[fault.detail % 3])


def link_slow(targets: Targets, fault: Fault) -> None:
    with healed(targets, fault):
        targets.links.slow(fault.target, 4_000 + fault.detail)


def link_delay(targets: Targets, fault: Fault) -> None:
    with healed(targets, fault):
        targets.links.delay(fault.target, 20 + fault.detail % 300)


def upstream_kill(targets: Targets, fault: Fault) -> None:
    if not targets.kill_upstream(fault.target):
        raise ServerFailed(f"{fault.target} had published everything")


def duplicates(targets: Targets, fault: Fault) -> None:
    targets.publish_again(fault.detail)


def reordered(targets: Targets, fault: Fault) -> None:
    targets.publish_reordered()


def broker_kill(targets: Targets, fault: Fault) -> None:
    _replace(targets.broker, 0, fault.seconds)


def _replace(broker: Broker, index: int, seconds: float) -> None:
    broker.signal(signal.SIGKILL, index)
    time.sleep(seconds)
    broker.start_node(index)


def broker_freeze(targets: Targets, fault: Fault) -> None:
    with frozen(targets.broker.signal):
        time.sleep(fault.seconds)


def broker_alarm(targets: Targets, fault: Fault) -> None:
    broker = targets.broker
    broker.control("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        time.sleep(fault.seconds)
    finally:
        broker.control("set_vm_memory_high_watermark", "absolute", "1GB")


def disk_full(targets: Targets, fault: Fault) -> None:
    targets.store.fill()
    try:
        time.sleep(fault.seconds)
    finally:
        targets.store.free()


def postgres_kill(targets: Targets, fault: Fault) -> None:
    targets.postgres.kill()
    time.sleep(0.5 + fault.seconds)
    targets.postgres.start()


def postgres_backend_kill(targets: Targets, fault: Fault) -> None:
    if pid := targets.postgres.some_backend(fault.detail):
        subprocess.run(["kill", "-KILL", str(pid)], check=False)


def postgres_backend_freeze(targets: Targets, fault: Fault) -> None:
    if pid := targets.postgres.some_backend(fault.detail):
        with frozen(lambda number: _each([pid], number)):
            time.sleep(fault.seconds)


def postgres_freeze(targets: Targets, fault: Fault) -> None:
    processes = [targets.postgres.postmaster(), *targets.postgres.processes()]
    with frozen(lambda number: _each(processes, number)):
        time.sleep(fault.seconds)


def _each(pids: list[int], number: int) -> None:
    for pid in pids:
        subprocess.run(["kill", f"-{number}", str(pid)], capture_output=True, check=False)


def leader_kill(targets: Targets, fault: Fault) -> None:
    """The node that leads the queue of a stage."""
    _replace(targets.broker, targets.broker.leader(f"recourse.{fault.target}"), fault.seconds)
    targets.broker.await_all()


def node_freeze(targets: Targets, fault: Fault) -> None:
    with frozen(lambda number: targets.broker.signal(number, _index(fault))):
        time.sleep(fault.seconds)
    # Those that took it for dead may have to make peace first.
    time.sleep(2)
    targets.broker.await_all()


def node_partition(targets: Targets, fault: Fault) -> None:
    targets.broker.partition(_index(fault))
    try:
        time.sleep(fault.seconds)
    finally:
        targets.broker.join(_index(fault))
        targets.broker.await_all()


def _index(fault: Fault) -> int:
    return int(fault.target.rpartition("-")[2]) - 1


ACTS: dict[str, Callable[[Targets, Fault], None]] = {
    "worker-kill": worker_kill, "worker-freeze": worker_freeze, "worker-drain": worker_drain,
    "worker-clock-skew": worker_clock_skew, "stage-kill": stage_kill, "stage-freeze": stage_freeze,
    "link-cut": link_cut, "link-stall": link_stall, "link-slow": link_slow, "link-delay": link_delay,
    "upstream-kill": upstream_kill, "duplicates": duplicates, "reordered": reordered, "broker-kill": broker_kill,
    "broker-freeze": broker_freeze, "broker-alarm": broker_alarm, "disk-full": disk_full,
    "postgres-kill": postgres_kill, "postgres-backend-kill": postgres_backend_kill,
    "postgres-backend-freeze": postgres_backend_freeze, "postgres-freeze": postgres_freeze,
    "leader-kill": leader_kill, "node-freeze": node_freeze, "node-partition": node_partition,
}
