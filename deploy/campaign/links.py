"""The proxy process, driven from here: a link for every worker and upstream to the broker, and to PostgreSQL."""

import json
import pathlib
import subprocess
import sys
import threading


class Links:
    def __init__(self, log: pathlib.Path) -> None:
        self._lock = threading.Lock()
        self._error = log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-B", str(pathlib.Path(__file__).with_name("proxy.py"))], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._error, start_new_session=True)

    def _ask(self, **command: object) -> dict:
        with self._lock:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the proxy has ended; see {self._error.name}")
        return json.loads(answer)

    def open(self, link: str, backends: list[int]) -> int:
        return self._ask(do="open", link=link, backends=backends)["port"]

    def cut(self, link: str, direction: str, after: int) -> None:
        self._ask(do="cut", link=link, direction=direction, after=after)

    def stall(self, link: str, direction: str) -> None:
        self._ask(do="stall", link=link, direction=direction)

    def slow(self, link: str, rate: int) -> None:
        self._ask(do="slow", link=link, rate=rate)

    def delay(self, link: str, milliseconds: int) -> None:
        self._ask(do="delay", link=link, milliseconds=milliseconds)

    def heal(self, link: str) -> None:
        self._ask(do="heal", link=link)

    def close(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._error.close()
