"""Those who publish: each runs `recourse publish` with a ledger, and goes on where the ledger ends if it is killed."""

import json
import pathlib
import signal
import subprocess
import threading
import time

from servers import send


def confirmed(ledger: pathlib.Path) -> set[tuple[str, str]]:
    """The events that a ledger lists; a last line that was cut off does not count."""
    found = set()
    for line in ledger.read_bytes().split(b"\n")[:-1]:
        entry = json.loads(line)
        found.add((entry["source"], entry["id"]))
    return found


class Upstream:
    """One file of events. `lines` are JSON documents, each with its (source, id)."""

    def __init__(self, name: str, lines: list[tuple[tuple[str, str], str]], folder: pathlib.Path, program: pathlib.Path,
                 environment: dict[str, str], paced: bool) -> None:
        self.name, self._folder, self._program, self._environment = name, folder, program, environment
        self._left, self._paced = lines, paced
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._killed = False
        self.runs = 0
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Upstream":
        self._thread.start()
        return self

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return self.is_done

    def ledgers(self) -> list[pathlib.Path]:
        return [self._folder / f"{self.name}-{run}.ledger" for run in range(1, self.runs + 1)]

    def kill(self) -> None:
        with self._lock:
            if self._process and self._process.poll() is None:
                self._killed = True
                send(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """For good."""
        self._left = []
        self.kill()

    def _run(self) -> None:
        while self._left:
            self.runs += 1
            source = self._folder / f"{self.name}-{self.runs}.ndjson"
            ledger = self._folder / f"{self.name}-{self.runs}.ledger"
            source.write_text("".join(line + "\n" for _, line in self._left), encoding="utf-8")
            ledger.touch()
            # Some events are to become dead letters.
            arguments = [
                str(self._program), "publish", "--anyway", *(["--paced"] if self._paced else []), "--ledger", str(ledger)]
            with (self._folder / f"{self.name}.log").open("ab") as log, self._lock:
                self._killed = False
                self._process = subprocess.Popen(
                    [*arguments, str(source)], env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True)
            status = self._process.wait()
            done = confirmed(ledger)
            self._left = [one for one in self._left if one[0] not in done]
            if status != 0 and not self._killed:
                self.failures.append(f"{self.name}: publish ended with {status}, {len(self._left)} events left")
                time.sleep(1)
            elif status == 0 and self._left:
                left = len(self._left)
                self.failures.append(f"{self.name}: publish ended with 0, {left} events are not in its ledger")
                return
