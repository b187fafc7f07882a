"""The result of a campaign as a table for people and as JSON."""

import collections
import dataclasses
import json
import pathlib

from checks import Finding
from faults import Done
from progress import Progress


@dataclasses.dataclass
class Result:
    options: dict[str, object]
    published: int = 0
    complaints: int = 0
    outgoing: int = 0
    entries: int = 0
    load_seconds: float = 0
    quiet_seconds: float = 0
    repeated: int = 0  # outgoing events that were on the wire more than once
    replayed: int = 0  # dead letters that were sent again, as operators do
    longest: float = 0
    longest_at: float = 0
    longest_during: list[str] = dataclasses.field(default_factory=list)
    done: list[Done] = dataclasses.field(default_factory=list)
    planned: int = 0
    # Each must be zero.
    lost: list[Finding] = dataclasses.field(default_factory=list)
    doubled: list[Finding] = dataclasses.field(default_factory=list)
    broken: list[Finding] = dataclasses.field(default_factory=list)
    audit: int | None = None
    replay: int | None = None
    fates: dict[str, int] = dataclasses.field(default_factory=dict)

    def note_standstill(self, progress: Progress) -> None:
        self.longest, self.longest_at, self.longest_during = progress.longest, progress.at, progress.during

    @property
    def failures(self) -> int:
        return self.planned - sum(one.problem is None for one in self.done)

    @property
    def is_good(self) -> bool:
        findings = self.lost + self.doubled + self.broken
        return self.audit == 0 and self.replay == 0 and not any(one.count for one in findings)

    def text(self) -> str:
        lines = ["", f"{'FAULT':<26}{'DONE':>6}{'NOT':>6}{'SECONDS':>10}"]
        kinds = collections.Counter(one.fault.kind for one in self.done if one.problem is None)
        failed = collections.Counter(one.fault.kind for one in self.done if one.problem is not None)
        lasted: collections.Counter[str] = collections.Counter()
        for one in self.done:
            lasted[one.fault.kind] += one.ended - one.began
        for kind in sorted(lasted):
            lines.append(f"{kind:<26}{kinds[kind]:>6}{failed[kind]:>6}{lasted[kind]:>10.1f}")
        lines.append(f"{'all':<26}{kinds.total():>6}{self.failures:>6}{lasted.total():>10.1f}")
        for one in self.done:
            if one.problem:
                lines.append(f"  not done: #{one.fault.number} {one.fault.kind} {one.fault.target}: {one.problem}")
        lines += ["", *self._figures(), ""]
        for title, findings in (("lost", self.lost), ("doubled effects", self.doubled), ("invariants", self.broken)):
            lines.append(f"{title:<26}{sum(one.count for one in findings):>12}")
            for one in findings:
                lines.append(f"  {one.name:<44}{one.count:>6}")
                lines += [f"    {example}" for example in one.examples]
        lines += ["", f"{'recourse audit':<26}{'exit ' + str(self.audit):>12}",
                  f"{'recourse journal replay':<26}{'exit ' + str(self.replay):>12}", "",
                  "All zeros: nothing lost, nothing done twice." if self.is_good else "NOT ZERO."]
        return "\n".join(lines)

    def _figures(self) -> list[str]:
        def row(name: str, value: object) -> str:
            return f"{name:<26}{value!s:>12}"

        during = ", ".join(self.longest_during) or "no fault"
        return [
            row("seed", self.options["seed"]), row("complaints", self.complaints),
            row("events published", self.published),
            row("journal entries", self.entries), row("outgoing events", self.outgoing),
            row("of these repeated", self.repeated), row("load, seconds", round(self.load_seconds, 1)),
            row("then quiet after", round(self.quiet_seconds, 1)),
            row("dead letters replayed", self.replayed),
            row("longest standstill, s", round(self.longest, 1)) + f"   at {self.longest_at:.1f} s; during: {during}",
            *(row(f"fate: {name}", count) for name, count in self.fates.items()),
        ]

    def write(self, path: pathlib.Path) -> None:
        content = dataclasses.asdict(self) | {"good": self.is_good}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
