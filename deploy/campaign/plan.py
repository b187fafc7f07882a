"""Which faults happen when, and to whom: a function of the seed and the options alone."""

import dataclasses
import random
from collections.abc import Callable, Sequence

STAGES = ("intake", "routing", "handling", "callback", "penalty", "reports")


@dataclasses.dataclass(frozen=True)
class Fault:
    number: int
    moment: float  # seconds after the load has begun
    kind: str
    target: str
    seconds: float  # how long it lasts; 0: it is over at once
    detail: int  # what else is left to chance: bytes, milliseconds, a count

    def text(self) -> str:
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.number:4d}  {self.moment:7.1f} s  {self.kind:<20} {self.target}{lasts} ({self.detail})"


@dataclasses.dataclass(frozen=True)
class Setting:
    """What the installation consists of, as far as faults are concerned."""

    workers: tuple[str, ...]
    upstreams: tuple[str, ...]
    postgres: bool
    nodes: int
    can_fill_disk: bool


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    weight: int
    # Faults of one group never overlap: a server that is down cannot be frozen. None: the target is the group.
    group: str | None
    seconds: tuple[float, float]
    # How long the group is taken beyond `seconds`: servers need time to start.
    recovery: float
    targets: Callable[[Setting], Sequence[str]]


def _one(name: str) -> Callable[[Setting], Sequence[str]]:
    return lambda setting: [name]


def _workers(setting: Setting) -> Sequence[str]:
    return setting.workers


def _stages(setting: Setting) -> Sequence[str]:
    return STAGES


def _upstreams(setting: Setting) -> Sequence[str]:
    return setting.upstreams


def _links(setting: Setting) -> Sequence[str]:
    databases = [f"database/{name}" for name in setting.workers] if setting.postgres else []
    return [f"broker/{name}" for name in (*setting.workers, *setting.upstreams)] + databases


def _only(condition: Callable[[Setting], bool], targets: Callable[[Setting], Sequence[str]]) -> Callable:
    return lambda setting: targets(setting) if condition(setting) else []


def _nodes(setting: Setting) -> Sequence[str]:
    return [f"node-{index + 1}" for index in range(setting.nodes)] if setting.nodes > 1 else []


_single = _only(lambda setting: setting.nodes == 1, _one("broker"))
_postgres = _only(lambda setting: setting.postgres, _one("postgres"))

KINDS = (
    Kind("worker-kill", 26, None, (0, 0), 1, _workers),
    Kind("worker-freeze", 12, None, (1, 9), 1, _workers),
    Kind("worker-drain", 6, None, (0, 0), 2, _workers),
    Kind("worker-clock-skew", 4, None, (4, 10), 2, _workers),
    Kind("stage-kill", 6, "stage", (0, 0), 1, _stages),
    Kind("stage-freeze", 2, "stage", (2, 7), 1, _stages),
    Kind("link-cut", 18, None, (0, 0), 0.5, _links),
    Kind("link-stall", 8, None, (2, 16), 1, _links),
    Kind("link-slow", 5, None, (3, 8), 1, _links),
    Kind("link-delay", 4, None, (3, 8), 1, _links),
    Kind("upstream-kill", 4, None, (0, 0), 2, _upstreams),
    Kind("duplicates", 5, "act", (0, 0), 1, _one("upstream")),
    Kind("reordered", 5, "act", (0, 0), 1, _one("upstream")),
    Kind("broker-kill", 3, "broker", (0, 2), 14, _single),
    Kind("broker-freeze", 4, "broker", (2, 13), 2, _single),
    Kind("broker-alarm", 4, "broker", (2, 6), 3, _one("broker")),
    Kind("disk-full", 5, "database", (1, 5), 2, _only(lambda setting: setting.can_fill_disk, _one("store"))),
    Kind("postgres-kill", 4, "database", (0, 1), 5, _postgres),
    Kind("postgres-backend-kill", 5, "database", (0, 0), 3, _postgres),
    Kind("postgres-backend-freeze", 4, "database", (1, 8), 1, _postgres),
    Kind("postgres-freeze", 3, "database", (1, 8), 1, _postgres),
    Kind("leader-kill", 12, "broker", (0, 2), 16, _only(lambda setting: setting.nodes > 1, _stages)),
    Kind("node-freeze", 8, "broker", (2, 25), 6, _nodes),
    Kind("node-partition", 10, "broker", (3, 15), 8, _nodes),
)


def make(seed: int, count: int, span: float, setting: Setting) -> list[Fault]:
    """`count` faults spread over `span` seconds. A fault whose group is taken moves behind; what no longer fits into
    the span becomes one of those that are over at once, so that there are as many as were asked for."""
    chance = random.Random(f"faults {seed}")
    kinds = [kind for kind in KINDS if kind.targets(setting)]
    # Each kind that can happen here happens at least once, if there are enough faults.
    chosen = list(kinds)[: max(0, count)] if count >= len(kinds) else []
    chosen += chance.choices(kinds, [kind.weight for kind in kinds], k=count - len(chosen))
    chance.shuffle(chosen)
    free: dict[str, float] = {}
    found: list[tuple[float, Kind, str, float, int]] = []
    for index, kind in enumerate(chosen):
        moment = span * (index + chance.random()) / count
        kind, target, moment = _placed(chance, kind, moment, span, free, setting)
        lasts = round(chance.uniform(*kind.seconds), 1)
        free[kind.group or target] = moment + lasts + kind.recovery
        found.append((round(moment, 2), kind, target, lasts, chance.randrange(1, 1 << 16)))
    found.sort(key=lambda one: one[0])
    return [
        Fault(number, moment, kind.name, target, lasts, detail)
        for number, (moment, kind, target, lasts, detail) in enumerate(found, start=1)
    ]


def _placed(
    chance: random.Random, kind: Kind, moment: float, span: float, free: dict[str, float], setting: Setting
) -> tuple[Kind, str, float]:
    """Where the fault goes: at its moment if its group is free by then, else when it is."""
    for _ in range(20):
        target = chance.choice(list(kind.targets(setting)))
        at = max(moment, free.get(kind.group or target, 0))
        if at < span:
            return kind, target, at
        kind = KINDS[0] if chance.random() < 0.5 else next(one for one in KINDS if one.name == "link-cut")
    return KINDS[0], chance.choice(list(setting.workers)), moment
