"""Judges a run that has come to rest."""

import json
import pathlib
import subprocess

from checks import Finding, Outputs, complaints, dead_letters, wire
from report import Result
from run import Run
from servers import ServerFailed
from upstream import confirmed


def judge(run: Run) -> Result:
    result, everyone = run.result, [*run.upstreams.values(), *run.acts]
    ledger = run.folder / "published.ledger"
    with ledger.open("wb") as output:
        for path in (path for one in everyone for path in one.ledgers()):
            content = path.read_bytes()
            output.write(content[: content.rfind(b"\n") + 1])
    published = confirmed(ledger)
    result.published = ledger.read_bytes().count(b"\n")
    result.audit = run.verb("audit", "--published", str(ledger), "--json")
    result.replay = run.verb("journal", "replay", "--json")
    without_fate = _audited(run, result)
    outputs = _outputs(run)
    with (run.folder / "wire.txt").open(encoding="utf-8") as lines:
        seen = wire(lines, outputs.digests)
    result.outgoing, result.repeated = outputs.count, seen.repeated
    orphans, doubled = complaints(
        {name for key, name in run.load.complaints.items() if key in published}, outputs.opened)
    unburied, unplanned = dead_letters(_letters(run), run.load.planted, _waiting(run))
    result.lost += [without_fate, orphans, seen.lost, unburied]
    result.doubled += [outputs.doubled, doubled, seen.differing]
    result.broken += [outputs.money, seen.strange, unplanned, _upstream_failures(run, published), _endings(run)]
    return result


def _audited(run: Run, result: Result) -> Finding:
    lost = Finding("events without a fate (audit)")
    path = run.logs / "audit---published.log"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        lost.note(f"there is no report; see {path}")
        return lost
    lost.count = sum(stage["missing"] for stage in report["stages"])
    lost.examples = [text for check in report["checks"] for text in check["examples"]][:10]
    result.fates = {name: sum(stage[name] for stage in report["stages"]) for name in ("applied", "refused", "timers")}
    result.fates["dead"] = len(run.load.planted)
    return lost


def _waiting(run: Run) -> dict[str, int]:
    """How many events wait at each stage, by its queue, as the audit has found."""
    report = json.loads((run.logs / "audit---published.log").read_text(encoding="utf-8"))
    return {"recourse." + stage["stage"]: stage["held"] for stage in report["stages"]}


def _outputs(run: Run) -> Outputs:
    outputs, log = Outputs(), run.logs / "journal-outputs.log"
    with log.open("wb") as errors:
        process = subprocess.Popen([str(run.programs / "recourse"), "journal", "outputs"], env=run.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        for line in process.stdout:
            outputs.read(line)
    if process.wait() != 0:
        raise ServerFailed(f"recourse journal outputs: exit code {process.returncode}; see {log}")
    return outputs


def _letters(run: Run) -> list[dict]:
    """Those that nobody has sent again."""
    if run.verb("dead-letters", "list", "--state", "open", "--limit", "100000", "--json") != 0:
        raise ServerFailed(f"recourse dead-letters list failed; see {run.logs}/dead-letters-list.log")
    return json.loads(pathlib.Path(run.logs / "dead-letters-list.log").read_text(encoding="utf-8"))["letters"]


def _upstream_failures(run: Run, published: set[tuple[str, str]]) -> Finding:
    found = Finding("upstream failed, or not all was published")
    for text in (text for one in (*run.upstreams.values(), *run.acts) for text in one.failures):
        found.note(text)
    for events in run.load.streams.values():
        for one in events:
            if one.key not in published:
                found.note(f"not published: {' '.join(one.key)}")
    return found


def _endings(run: Run) -> Finding:
    found = Finding("workers that ended by themselves")
    for one in run.workers.unexpected:
        found.note(f"{one.worker}: status {one.status}")
    return found
