"""The rows of the table: which variants each needs, and what it makes of one round of them.

A new row is an entry in ROWS; if it measures something new, also a variant in `runs.py`.
"""

import dataclasses
import statistics
from collections.abc import Callable

from runs import Measured

# The measured variants of one round.
Round = dict[str, Measured]


@dataclasses.dataclass(frozen=True)
class Row:
    name: str  # of --rows
    title: str
    needs: tuple[str, ...]
    value: Callable[[Round], float]
    must: float | None
    aim: float | None
    unit: str = ""
    more_is_better: bool = True
    # Which runs have it unless it is named: each, those with --scale or --full, those with --full.
    when: str = "always"
    digits: int = 2

    def judge(self, value: float) -> str:
        def holds(bound: float | None) -> bool:
            return bound is not None and (value >= bound if self.more_is_better else value <= bound)

        if holds(self.aim):
            return "aim"
        if holds(self.must):
            return "must"
        return "" if self.must is None else "MISSED"


def ratio(of: str, to: str, key: str = "rate") -> Callable[[Round], float]:
    return lambda measured: measured[of][key] / measured[to][key]


def single(of: str, key: str, divisor: float = 1) -> Callable[[Round], float]:
    return lambda measured: measured[of][key] / divisor


ROWS = (
    Row("hop", "intake hop, SQLite, sealed / bare loop", ("loop", "sqlite"), ratio("sqlite", "loop"), 0.6, 0.75),
    Row("hop", "  processor time a complaint", ("sqlite",), single("sqlite", "processor"), 130, 90, "µs",
        more_is_better=False, digits=0),
    Row("hop", "  bytes written a complaint", ("sqlite",), single("sqlite", "written", 1000), 9, 6, "kB",
        more_is_better=False, digits=1),
    Row("hop", "  write calls a complaint", ("sqlite",), single("sqlite", "calls"), None, None),
    Row("peers", "hop / aio-pika in batches by hand", ("sqlite", "aio-pika"), ratio("sqlite", "aio-pika"), 2.8, 3.5,
        "×"),
    Row("peers", "hop / FastStream", ("sqlite", "faststream"), ratio("sqlite", "faststream"), 11, 14, "×"),
    Row("path", "whole path / older release", ("path", "path-old"), ratio("path", "path-old"), 3, 4, "×"),
    Row("path", "  complaints a second", ("path",), single("path", "rate"), None, None, "/s", digits=0),
    Row("postgres", "hop with PostgreSQL / with SQLite", ("postgres", "sqlite"), ratio("postgres", "sqlite"), 0.7, 0.9),
    Row("brand", "hop with one brand alone / spread", ("one-brand", "sqlite"), ratio("one-brand", "sqlite"), 0.95, 1.0),
    Row("scale", "PostgreSQL 2 ms away / near", ("near", "far"), ratio("far", "near"), 0.85, 0.95, when="scale"),
    *(Row("scale", f"{n} workers at 5 % of a core / one", ("held-1", f"held-{n}"), ratio(f"held-{n}", "held-1"),
          must, aim, "×", when="scale") for n, must, aim in ((2, None, None), (4, None, None), (8, 6, 7.5))),
    Row("scale", "  8 of them, no brand hot / one", ("held-1", "held-even-8"), ratio("held-even-8", "held-1"), None, None,
        "×", when="scale"),
    *(Row("scale", f"{n} workers / one, to the processors' end", ("free-1", f"free-{n}"), ratio(f"free-{n}", "free-1"),
          None, None, "×", when="scale") for n in (2, 4)),
    Row("latency", "p99 published to assigned / bare loops", ("latency", "latency-loop"),
        ratio("latency", "latency-loop", "p99"), 5, 3, "×", more_is_better=False),
    Row("latency", "  p99", ("latency",), single("latency", "p99"), None, None, "ms", digits=1),
    Row("simulate", "simulate: events in and out", ("simulate",), single("simulate", "rate"), 40_000, 60_000, "/s",
        digits=0),
    Row("resources", "peak memory, long queue", ("resources",), single("resources", "peak", 1e6), 100, None, "MB",
        more_is_better=False, digits=0),
    Row("resources", "start to first message", ("resources",), single("resources", "first"), 0.5, None, "s",
        more_is_better=False),
    Row("resources", "stop under load", ("resources",), single("resources", "drain"), 1, None, "s",
        more_is_better=False),
    Row("build", "clean build / older release", ("build", "build-old"), ratio("build", "build-old", "seconds"),
        0.8, 0.6, more_is_better=False, when="full"),
    Row("grown", "hop, five million events / empty", ("empty", "grown"), ratio("grown", "empty"), 0.7, 0.85, when="full"),
    Row("grown", "  bytes written a complaint", ("grown",), single("grown", "written", 1000), None, None, "kB",
        more_is_better=False, digits=1, when="full"),
    Row("grown", "audit over five million events", ("audit",), single("audit", "seconds"), 30, None, "s",
        more_is_better=False, digits=1, when="full"),
)
NAMES = tuple(dict.fromkeys(row.name for row in ROWS))


@dataclasses.dataclass(frozen=True)
class Result:
    row: Row
    values: tuple[float, ...]
    fault: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def shown(self, value: float) -> str:
        return f"{value:,.{self.row.digits}f}"

    def cells(self) -> tuple[str, ...]:
        row = self.row
        bounds = tuple("" if bound is None else f"{'≥' if row.more_is_better else '≤'} {bound:,g}"
                       for bound in (row.must, row.aim))
        if not self.values:
            return (row.title, "–", "", *bounds, "not measured")
        spread = f"{self.shown(min(self.values))}–{self.shown(max(self.values))}" if len(self.values) > 1 else ""
        return (row.title, f"{self.shown(self.median)} {row.unit}".rstrip(), spread, *bounds, row.judge(self.median))

    def document(self) -> dict:
        row = self.row
        return {"row": row.name, "measure": row.title.strip(), "unit": row.unit, "must": row.must, "aim": row.aim,
                "moreIsBetter": row.more_is_better, "median": self.median if self.values else None,
                "values": list(self.values), "verdict": row.judge(self.median) if self.values else "not measured",
                **({"fault": self.fault} if self.fault else {})}


def evaluate(row: Row, rounds: list[Round], faults: dict[str, str]) -> Result:
    """A row has a value of each round in which all that it needs was measured."""
    values = tuple(row.value(measured) for measured in rounds if all(name in measured for name in row.needs))
    missing = [faults[name] for name in row.needs if name in faults]
    return Result(row, values, missing[0] if missing else "")


def table(cells: list[tuple[str, ...]]) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in cells)
